"""Sources: the fields at an article's end, ``Article: Title (标题) ([Link](…))``, to a Source."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsletter.manuscripts.addresses import BARE
from newsletter.manuscripts.dates import iso_date
from newsletter.manuscripts.document import Source
from newsletter.manuscripts.markdown import read_inlines
from newsletter.manuscripts.pieces import FieldLine
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Inline, Inlines, Link, Text, plain

_GENERIC = re.compile(
    r"\s*(?:link|links|here|source|original|website|web|url|quelle|hier|zum dokument|read more|链接|原文)\s*\Z",
    re.IGNORECASE,
)
_EMPTY_BRACKETS = re.compile(r"\s*(?:\(\s*[,;|/]?\s*\)|\[\s*\]|（\s*）)")
_SEPARATORS = re.compile(r"\s*[,;，、；]\s*(?:(?:and|und)\s+)?|\s+(?:and|und)\s+(?=[^,;]+\Z)")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_TRADITIONAL = frozenset("國會發與關於實業產經濟區對應為這個說時間東車馬門開長電機網際號義務當學習書華創際議題")
"""Common characters that only traditional Chinese has."""


def language_of(title: str) -> str:
    """Return the BCP 47 language of a title in a script other than the Latin; empty for Latin."""
    for language, script in _SCRIPTS:
        if script.search(title):
            if language == "zh":
                return "zh-Hant" if sum(character in _TRADITIONAL for character in title) >= 2 else "zh-Hans"
            return language
    return ""


def source_of(field: FieldLine, findings: list[Finding]) -> Source:
    """Return the Source that a field such as ``Article: …`` begins."""
    inlines, found = read_inlines(field.text, line=field.line)
    findings += found
    url, words = _take_link(inlines, field, findings)
    title, original = split_original(" ".join(words.split()))
    return Source(
        title=title,
        original_title=original,
        original_language=language_of(original),
        url=url,
        label=field.label,
        line=field.line,
    )


def _take_link(inlines: Inlines, field: FieldLine, findings: list[Finding]) -> tuple[str, str]:
    """Return the source's address and its title's words; a link called "Link" gives only its address."""
    links = [inline for inline in _deep(inlines) if isinstance(inline, Link)]
    if not links:
        text = plain(inlines)
        bare = BARE.search(text)
        if bare:
            text = _EMPTY_BRACKETS.sub("", text[: bare.start()] + text[bare.end() :]).strip(" ,;:")
            return bare.group(), text
        return "", text
    generic = [link for link in links if _GENERIC.match(plain(link.children))]
    chosen = generic[0] if generic else links[0]
    kept: list[Inline] = []
    for inline in inlines:
        if inline is chosen and generic:
            findings.append(Finding("link-word", field.line, plain(chosen.children)))
        else:
            kept.append(inline)
    findings.extend(
        Finding("unplaced-words", field.line, f"{plain(link.children)} ({link.url})")
        for link in links
        if link is not chosen and link.url not in {"", "#"}
    )
    text = plain(kept)
    return chosen.url or "#", _EMPTY_BRACKETS.sub("", text) if generic else text


def _deep(inlines: Inlines) -> list[Inline]:
    found: list[Inline] = []
    for inline in inlines:
        found.append(inline)
        if not isinstance(inline, Text) and hasattr(inline, "children"):
            found += _deep(inline.children)
    return found


def split_original(text: str) -> tuple[str, str]:
    """Split ``Title (原标题)`` into the title and the original title; the latter empty if there is none."""
    text = text.strip()
    if not text or text[-1] not in ")）":
        return text, ""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] in ")）":
            depth += 1
        elif text[at] in "(（":
            depth -= 1
            if depth == 0:
                inner = text[at + 1 : -1].strip()
                letters = [character for character in inner if character.isalpha()]
                foreign = [character for character in letters if language_of(character)]
                if letters and len(foreign) * 2 > len(letters) and text[:at].strip():
                    return text[:at].strip(), inner
                return text, ""
    return text, ""


@dataclass(slots=True)
class SourceFields:
    """The fields of one article as they come; a body or date named before its source waits for it."""

    findings: list[Finding]
    taken: list[str]

    def apply(self, source: Source, field: FieldLine) -> Source | None:
        """Return *source* with a body or date field; None if it has that field already."""
        inlines, found = read_inlines(field.text, line=field.line)
        text = " ".join(plain(inlines).split())
        if field.kind == "bodies":
            if source.bodies:
                return None
            self.findings += found
            return replace(source, bodies=split_bodies(text), bodies_label=field.label)
        if source.date is not None or source.date_text:
            return None
        self.findings += found
        date = iso_date(text)
        if date:
            self.taken.append(text)
        return replace(source, date=date, date_text="" if date else text, date_label=field.label)


def split_bodies(text: str) -> tuple[str, ...]:
    """Return the issuing bodies that a list with commas names; commas within brackets do not separate."""
    depth = 0
    masked = ""
    for character in text:
        depth += (character in "(（") - (character in ")）")
        masked += "\x01" if depth > 0 and character in ",;，、；" else character
    if ";" not in masked and "," not in masked and "、" not in masked and "，" not in masked:
        # "Ministry of Science and Technology" is one body; without commas no "and" separates.
        return (text.strip(),) if text.strip() else ()
    bodies = []
    at = 0
    for match in _SEPARATORS.finditer(masked):
        if not re.search("[,;，、；]", match.group()) and masked[match.end() :].count(" ") > 1:
            continue
        bodies.append(text[at : match.start()])
        at = match.end()
    bodies.append(text[at:])
    return tuple(body.strip() for body in bodies if body.strip())
