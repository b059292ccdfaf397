"""Word files: a .docx to the Markdown that the reader takes, its pictures, tracked changes and comments."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mammoth
from lxml import etree

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.docx_body import MARK, Body, ParagraphFacts
from newsletter.manuscripts.docx_changes import (
    UNDECIDED,
    Decisions,
    TrackedChange,
    drop_formatting_changes,
    settle_changes,
)
from newsletter.manuscripts.docx_comments import FileComment, comments_in
from newsletter.manuscripts.docx_inlines import visible
from newsletter.manuscripts.docx_oddities import (
    Oddity,
    around_the_text,
    choose_alternatives,
    flatten,
    move_text_boxes_out,
    settle_oddities,
)
from newsletter.manuscripts.docx_package import Package, is_package, open_package
from newsletter.manuscripts.docx_styles import ParagraphKind, styles_of
from newsletter.manuscripts.docx_xml import Element, drop, text_of, w
from newsletter.manuscripts.losses import words_of
from newsletter.manuscripts.pictures import Pictures

_RSID = re.compile(r"\}rsid|\}paraId$|\}textId$")


@dataclass(frozen=True)
class WordText:
    """What a Word file says: Markdown in the loose form, and beside it what a person has to look at."""

    text: str
    pictures: Pictures
    changes: tuple[TrackedChange, ...]
    comments: tuple[FileComment, ...]
    oddities: tuple[Oddity, ...]
    headed: bool
    """Its headings are styled as such, so that no other short line is one."""
    line_of: Mapping[int, int]
    """Paragraph of the file → line of ``text``."""

    def line(self, paragraph: int) -> int:
        """Return the line that *paragraph* stands on, or what is left of it."""
        before = [line for number, line in self.line_of.items() if number <= paragraph]
        return max(before, default=1)


def is_word(data: bytes) -> bool:
    """Say whether *data* is to be read here: a Word file or what passes for one."""
    return is_package(data)


def read_docx(data: bytes, name: str, *, decisions: Decisions = UNDECIDED) -> WordText:
    """Read a Word file.

    Tracked changes are made or undone as *decisions* say; one that nobody has decided on is made, as Word shows the
    text without markup, and it is for the caller to say so. Raises ``ManuscriptError`` in one sentence if *name* is no
    Word file, locked, damaged or built to do harm. Nothing is fetched and no macro is run.
    """
    package = open_package(data, name)
    try:
        return _read(package, decisions)
    except (RecursionError, KeyError, IndexError, AttributeError, TypeError, ValueError, OverflowError) as error:
        raise ManuscriptError(
            f"{name!r} is not built as Word builds its files; open it in Word and save it again under a new name."
        ) from error


def _read(package: Package, decisions: Decisions) -> WordText:
    root = package.root(package.main)
    assert root is not None
    prepared = _prepared(root)
    boxes = list(move_text_boxes_out(root))
    paragraphs = {paragraph: number for number, paragraph in enumerate(root.iter(w("p")))}
    oddities = [Oddity("word-text-box", words, paragraphs.get(first, 0)) for first, words in boxes]
    comments = comments_in(package, root, paragraphs)
    changes = settle_changes(root, decisions, paragraphs)
    notes, more = _notes(package, decisions, first=len(changes) + 1)
    oddities += settle_oddities(root, package, package.main, paragraphs) + more.oddities + around_the_text(package)
    formatting = prepared + more.formatting
    if formatting:
        oddities.append(Oddity("word-formatting", f"{formatting} changes of formatting"))
    styles = styles_of(package)
    facts: dict[int, ParagraphFacts] = {}
    for paragraph in list(root.iter(w("p"))):
        number = paragraphs.get(paragraph, 0)
        kind, level = styles.kind_of(paragraph)
        if kind is ParagraphKind.CONTENTS:
            oddities.append(Oddity("contents-dropped", " ".join(text_of(paragraph).split()), number))
            drop(paragraph)
            continue
        facts[number] = ParagraphFacts(kind, level, styles.numbering_of(paragraph))
        _mark(paragraph, number)
    expected = [text_of(paragraph) for paragraph in root.iter(w("p"))]
    document, messages = _by_mammoth(package, root, notes)
    body = Body(facts, _by_key(document.notes), package.name)
    body.read(document.children)
    oddities += body.oddities + [Oddity("word-sign", message) for message in messages]
    oddities += _lost([*expected, *_referred(root, notes)], body.said, oddities)
    return WordText(
        "\n".join(body.lines) + "\n", body.pictures, (*changes, *more.changes), comments,
        tuple(oddity for oddity in oddities if oddity.quote),
        any(fact.kind is ParagraphKind.HEADING for fact in facts.values()), body.line_of,
    )  # fmt: skip


def _prepared(root: Element) -> int:
    choose_alternatives(root)
    flatten(root)
    return drop_formatting_changes(root)


@dataclass
class _Notes:
    """What was found in footnotes and endnotes."""

    changes: tuple[TrackedChange, ...] = ()
    formatting: int = 0
    oddities: list[Oddity] = field(default_factory=list)


def _notes(package: Package, decisions: Decisions, *, first: int) -> tuple[dict[str, Element], _Notes]:
    """Return the parts with notes, their tracked changes settled; their changes are numbered from *first*."""
    roots: dict[str, Element] = {}
    found = _Notes()
    for kind in ("footnotes", "endnotes"):
        part = package.related(kind)
        root = package.root(part) if part else None
        if part is None or root is None:
            continue
        found.formatting += _prepared(root)
        changes = settle_changes(root, decisions, {}, first=first + len(found.changes))
        found.changes = (*found.changes, *changes)
        found.oddities += settle_oddities(root, package, part, {})
        roots[part] = root
    return roots, found


def _mark(paragraph: Element, number: int) -> None:
    """Put the paragraph's number where mammoth carries it along."""
    mark = paragraph.makeelement(w("bookmarkStart"), {w("id"): str(number), w("name"): f"{MARK}{number}"})
    paragraph.insert(1 if paragraph.find(w("pPr")) is not None else 0, mark)


def _by_mammoth(package: Package, root: Element, notes: Mapping[str, Element]) -> tuple[Any, list[str]]:
    """Return mammoth's document of the cleaned file and what it could not read; it sees no other part of it."""
    out = io.BytesIO()
    wanted = {package.related("styles"), package.related("numbering")}
    cleaned = {package.main: root, **notes}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for part, data in package.parts.items():
            if part in cleaned:
                archive.writestr(part, _serialised(cleaned[part]))
            elif part.endswith((".rels", "[Content_Types].xml")) or part in wanted:
                other = package.root(part)
                archive.writestr(part, _serialised(other) if other is not None else b"")
            elif not part.endswith((".xml", ".bin")):
                archive.writestr(part, data)
    found: list[Any] = []

    def keep(document: Any) -> Any:
        found.append(document)
        return document.copy(children=[])

    result = mammoth.convert_to_html(
        out, transform_document=keep, include_embedded_style_map=False, external_file_access=False
    )
    said = [message.message for message in result.messages if "unsupported character" in message.message]
    return found[0], said


def _serialised(root: Element) -> bytes:
    for element in root.iter():
        for attribute in [name for name in element.attrib if _RSID.search(str(name))]:
            del element.attrib[attribute]
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _by_key(notes: Any) -> dict[tuple[str, str], Any]:
    return dict(notes._notes)  # noqa: SLF001  # mammoth looks notes up one by one and raises for a missing one


def _referred(root: Element, notes: Mapping[str, Element]) -> list[str]:
    """Return the words of the notes that the text refers to."""
    wanted = {
        (kind, reference.get(w("id")))
        for kind in ("footnote", "endnote")
        for reference in root.iter(w(f"{kind}Reference"))
    }
    return [
        text_of(note)
        for part in notes.values()
        for kind in ("footnote", "endnote")
        for note in part.iter(w(kind))
        if (kind, note.get(w("id"))) in wanted
    ]


def _lost(expected: Iterable[str], said: Iterable[str], oddities: Iterable[Oddity]) -> list[Oddity]:
    """Return the words of the file that are neither in the text nor named: they have found no place."""
    missing = Counter(word for text in expected for word in words_of(visible(text)))
    missing.subtract(word for text in said for word in words_of(text))
    missing.subtract(word for oddity in oddities for word in words_of(oddity.quote))
    lost = [word for word, count in missing.items() for _ in range(count)]
    return [Oddity("unplaced-words", " ".join(lost))] if lost else []
