"""Differences of words: two runs of rich text as words, and which of them stayed, came and went."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from newsletter.manuscripts.richtext import Break, Footnote, Inlines, Link, Text

MAX_WORDS = 4_000
"""Beyond this many words on either side, what differs is shown as replaced whole: matching is quadratic in it."""
POPULAR = 400
"""Words from which on ``difflib`` leaves out the most frequent ones when it looks for matches."""

_WORD = re.compile(
    r"\s+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+(?:['’-]\w+)*"
    r"|\d+(?:[.,:-]\d+)*|_+|.",
    re.DOTALL,
)


class Change(StrEnum):
    """What became of something between two states of an issue."""

    SAME = "same"
    """It stands as it stood."""
    ADDED = "added"
    """It is new."""
    REMOVED = "removed"
    """It is gone."""
    CHANGED = "changed"
    """It stands in both, with other words."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a number, a sign or a stretch of space, with its marks (``strong``, ``link`` …) from outside in."""

    text: str
    marks: tuple[str, ...] = ()


Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words with the same marks that share one fate."""

    text: str
    change: Change = Change.SAME
    marks: tuple[str, ...] = ()


def words_in(text: str, marks: tuple[str, ...] = ()) -> Words:
    """Return *text* cut into words; joined they are *text* again. A Chinese character is a word."""
    return tuple(Word(match.group(), marks) for match in _WORD.finditer(text))


def words_of_inlines(inlines: Inlines, marks: tuple[str, ...] = ()) -> Words:
    """Return rich text as words; a link's address follows it as a word of its own, so that a changed one shows."""
    return tuple(_words(inlines, marks))


def _words(inlines: Inlines, marks: tuple[str, ...]) -> Iterator[Word]:
    for inline in inlines:
        match inline:
            case Text():
                yield from words_in(inline.text, marks)
            case Break():
                yield Word("\n", marks)
            case Link():
                yield from _words(inline.children, (*marks, "link"))
                yield Word(f" ({inline.url})", (*marks, "address"))
            case Footnote():
                yield Word(" [", (*marks, "footnote"))
                yield from _words(inline.children, (*marks, "footnote"))
                yield Word("]", (*marks, "footnote"))
            case _:
                yield from _words(inline.children, (*marks, inline.kind))


def text_of(words: Sequence[Word]) -> str:
    """Return the characters of *words*."""
    return "".join(word.text for word in words)


def runs_between(before: Words, after: Words) -> tuple[Run, ...]:
    """Return the runs that lead from *before* to *after*: without the added ones they are *before*, without the
    removed ones *after*."""
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    middle = _replaced(before[first : len(before) - last], after[first : len(after) - last])
    steps = [(Change.SAME, before[:first]), *middle, (Change.SAME, before[len(before) - last :])]
    return tuple(_joined(_smoothed(steps)))


Steps = list[tuple[Change, Words]]


def _replaced(before: Words, after: Words) -> Steps:
    if max(len(before), len(after)) > MAX_WORDS:
        return [(Change.REMOVED, before), (Change.ADDED, after)]
    matcher = SequenceMatcher(None, before, after, autojunk=max(len(before), len(after)) > POPULAR)
    steps: Steps = []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            steps.append((Change.SAME, before[start:end]))
        else:
            steps.append((Change.REMOVED, before[start:end]))
            steps.append((Change.ADDED, after[other_start:other_end]))
    return steps


def _smoothed(steps: Steps) -> Steps:
    """Let a change run on over a lone space or sign between two others: one reads phrases, not crumbs."""
    smooth: Steps = []
    steps = [step for step in steps if step[1]]
    for at, (change, words) in enumerate(steps):
        between = bool(smooth) and smooth[-1][0] is not Change.SAME and at + 1 < len(steps)
        if change is Change.SAME and between and not any(map(_says_something, words)):
            gone, come = _sides(smooth)
            smooth += [(Change.REMOVED, (*gone, *words)), (Change.ADDED, (*come, *words))]
        elif change is not Change.SAME and smooth and smooth[-1][0] is not Change.SAME:
            gone, come = _sides(smooth)
            if change is Change.REMOVED:
                gone = (*gone, *words)
            else:
                come = (*come, *words)
            smooth += [(Change.REMOVED, gone), (Change.ADDED, come)]
        else:
            smooth.append((change, words))
    return [step for step in smooth if step[1]]


def _sides(steps: Steps) -> tuple[Words, Words]:
    """Take the change that *steps* end with off them: what went and what came."""
    gone: Words = ()
    come: Words = ()
    while steps and steps[-1][0] is not Change.SAME:
        change, words = steps.pop()
        if change is Change.REMOVED:
            gone = (*words, *gone)
        else:
            come = (*words, *come)
    return gone, come


def _says_something(word: Word) -> bool:
    return any(character.isalnum() for character in word.text)


def _joined(steps: Steps) -> Iterator[Run]:
    """Yield runs of neighbouring words with the same change and marks."""
    text, fate = "", Change.SAME
    marks: tuple[str, ...] = ()
    for change, words in steps:
        for word in words:
            if text and (change, word.marks) != (fate, marks):
                yield Run(text, fate, marks)
                text = ""
            text, fate, marks = text + word.text, change, word.marks
    if text:
        yield Run(text, fate, marks)
