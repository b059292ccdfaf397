"""Names written in two ways by their capitals: MERIDIAN and MERIDIANs are one house."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from newsletter.manuscripts.pieces import is_caps
from newsletter.manuscripts.places import Passage
from newsletter.manuscripts.proofing.rule import Copy, Found
from newsletter.manuscripts.remarks import Fix

_ADDRESS = re.compile(r"\S*@\S+|\S*[^\W_]\.[^\W\d_]\S*|https?:\S+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FIELDS = frozenset(("masthead", "title", "label", "text", "source", "body", "person", "publisher", "caption", "alt"))
Occurrence = tuple[str, Passage]


def _kind(word: str) -> str:
    """Say how a word is capitalised: lower, initial, upper or mixed."""
    if word.islower():
        return "lower"
    if word.isupper():
        return "upper"
    return "initial" if word[1:].islower() else "mixed"


def two_spellings(copy: Copy) -> Iterator[Found]:
    """Find names with two capitalisations; lower case and initials beside capitals are ordinary words (MOST, most)."""
    seen: dict[str, list[Occurrence]] = {}
    for passage in copy.passages:
        if passage.field not in _FIELDS:
            continue
        heading = passage.field in {"title", "masthead"} and is_caps(passage.words)
        for match in _WORD.finditer(_ADDRESS.sub(" ", passage.words)):
            word = match.group()
            if heading and word.isupper():
                continue  # a heading in capitals says nothing about a name's spelling
            seen.setdefault(word.casefold(), []).append((word, passage))
    preferred = {name.casefold(): name for name in copy.house_style.preferred}
    for key, occurrences in seen.items():
        found = _judge(occurrences, preferred.get(key))
        if found:
            yield found
    yield from _phrases(copy, [name for name in copy.house_style.preferred if not _WORD.fullmatch(name)])


def _judge(occurrences: Sequence[Occurrence], preferred: str | None) -> Found | None:
    counts: dict[str, int] = {}
    for word, _ in occurrences:
        counts[word] = counts.get(word, 0) + 1
    kinds = {word: _kind(word) for word in counts}
    if preferred is not None and _kind(preferred) in {"upper", "lower", "initial"}:
        wrong = {word for word in counts if word != preferred and kinds[word] == "mixed"}
    elif preferred is not None:
        wrong = {word for word in counts if word != preferred}
    else:
        names = [word for word in counts if kinds[word] in {"mixed", "upper"}]
        mixed = [word for word in names if kinds[word] == "mixed"]
        if not mixed:
            return None
        # A name with capitals within it has one spelling; a first capital or none at all is another one, too.
        variants = names if any(kinds[word] == "upper" for word in names) else list(counts)
        if len(variants) < 2:
            return None
        preferred = max(variants, key=lambda word: (counts[word], kinds[word] == "upper", word))
        wrong = set(variants) - {preferred}
    return _found(preferred, [(word, passage) for word, passage in occurrences if word in wrong])


def _found(right: str, wrong: Sequence[Occurrence]) -> Found | None:
    if not wrong:
        return None
    spelled = ", ".join(f"“{word}”" for word in dict.fromkeys(word for word, _ in wrong))
    places = tuple(
        dict.fromkeys(replace(passage.place(_around(word, passage)), fix=Fix(word, right)) for word, passage in wrong)
    )
    return Found(
        f"“{right}” is also written {spelled}.",
        f"Write “{right}” everywhere, or add the right spelling to the house style.",
        places,
    )


def _around(word: str, passage: Passage) -> str:
    """Return the word with a little of what stands around it."""
    words = passage.words
    at = words.find(word)
    start = words.rfind(" ", 0, max(0, at - 20)) + 1
    end = words.find(" ", min(len(words), at + len(word) + 20))
    return words[start : end if end >= 0 else len(words)]


def _phrases(copy: Copy, names: Sequence[str]) -> Iterator[Found]:
    """Find other capitalisations of preferred names that are no single word of letters."""
    for name in names:
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        wrong = [
            (match.group(), passage)
            for passage in copy.passages
            if passage.field in _FIELDS
            for match in pattern.finditer(passage.words)
            if match.group() != name and not (passage.field == "title" and match.group().isupper())
        ]
        found = _found(name, wrong)
        if found:
            yield found
