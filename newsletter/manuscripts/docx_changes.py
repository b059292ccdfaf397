"""Tracked changes of a Word file: found one by one, and each applied as somebody decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from newsletter.manuscripts.docx_xml import Element, drop, text_of, unwrap, w


class ChangeKind(StrEnum):
    """What a tracked change does to the text."""

    INSERTION = "insertion"
    """Words came."""
    DELETION = "deletion"
    """Words went."""
    REPLACEMENT = "replacement"
    """Words took the place of others."""
    MOVE = "move"
    """Words went from one place to another."""


class Decision(StrEnum):
    """What a person decided on a tracked change or a comment."""

    ACCEPT = "accept"
    """The change is made; a comment is settled."""
    REJECT = "reject"
    """The text stays as it was before the change."""


@dataclass(frozen=True, slots=True)
class TrackedChange:
    """One change as a person sees it; ``number`` counts from 1 through the file."""

    number: int
    kind: ChangeKind
    author: str
    date: str
    """As Word wrote it, ``2026-05-03T09:12:00Z``; Word writes local time and calls it UTC."""
    removed: str
    added: str
    before: str = ""
    """A few words that stand before it."""
    after: str = ""
    """A few words that stand after it."""
    paragraph: int = 0
    """The paragraph it stands in, counted from 0 through the file."""

    @property
    def key(self) -> str:
        """The name it is decided under."""
        return f"change-{self.number}"


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided: on each by its key, and on all tracked changes that are not named; None leaves them open.

    Comments are never decided on all at once: they are not accepted but answered.
    """

    each: Mapping[str, Decision] = field(default_factory=dict, hash=False)
    rest: Decision | None = None

    def on(self, key: str) -> Decision | None:
        """Return the decision on the change or comment called *key*; None if there is none yet."""
        return self.each.get(key, self.rest if key.startswith("change-") else None)


UNDECIDED = Decisions()
AROUND = 40
"""Characters shown before and after a change, and the rest of the word."""
FORMATTING = tuple(
    w(name)
    for name in (
        "rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "tblGridChange", "trPrChange", "tcPrChange",
        "tblPrExChange", "numberingChange",
    )
)  # fmt: skip
"""What was formatted otherwise before; it says nothing of the words."""
_IN, _OUT = frozenset((w("ins"), w("moveTo"))), frozenset((w("del"), w("moveFrom")))
_CELLS = {w("cellIns"): w("ins"), w("cellDel"): w("del")}


@dataclass(slots=True)
class _Atom:
    """One element that marks a change; several make up what a person calls one."""

    element: Element
    comes: bool
    text: str
    author: str
    date: str
    move: str
    paragraph: int


@dataclass(slots=True)
class _Group:
    atoms: list[_Atom]
    before: str = ""
    after: str = ""


def drop_formatting_changes(root: Element) -> int:
    """Take the record of former formatting out and return how many there were; the words are as they are."""
    found = [element for element in root.iter() if element.tag in FORMATTING]
    for element in found:
        drop(element)
    return len(found)


def settle_changes(
    root: Element, decisions: Decisions, paragraphs: Mapping[Element, int], *, first: int = 1
) -> tuple[TrackedChange, ...]:
    """Make or undo every tracked change below *root*, and return them all, numbered from *first*.

    One that nobody has decided on is made: the text reads as Word shows it without markup. *paragraphs* says which
    paragraph is which.
    """
    changes: list[TrackedChange] = []
    for number, group in enumerate(_groups(root, paragraphs), first):
        change = _change(number, group)
        changes.append(change)
        accept = decisions.on(change.key) is not Decision.REJECT
        for atom in group.atoms:
            _settle(atom, keep=atom.comes == accept)
    _join_paragraphs(root)
    return tuple(changes)


# --- finding them ---------------------------------------------------------------------------------------------


def _groups(root: Element, paragraphs: Mapping[Element, int]) -> Sequence[_Group]:
    """Return neighbouring atoms of one author as one group, the two ends of a move, too."""
    groups: list[_Group] = []
    moves: dict[str, _Group] = {}
    current: _Group | None = None
    recent = ""
    for item in _items(root, paragraphs):
        if isinstance(item, str):
            _go_on(groups, item)
            recent = (recent + item)[-2 * AROUND :]
            current = None if item else current
            continue
        group_of_move = moves.get(item.move) if item.move else current
        if group_of_move is None or (not item.move and group_of_move.atoms[-1].author != item.author):
            group_of_move = _Group([], recent)
            groups.append(group_of_move)
            if item.move:
                moves[item.move] = group_of_move
        group_of_move.atoms.append(item)
        if item.comes:  # what stands around other changes is shown as if this one were made
            _go_on([group for group in groups if group is not group_of_move], item.text)
            recent = (recent + item.text)[-2 * AROUND :]
        current = None if item.move else group_of_move
    return groups


def _go_on(groups: Sequence[_Group], text: str) -> None:
    """Add *text* to what stands after the last of *groups*."""
    for group in groups[-3:]:
        group.after += text if len(group.after) < 2 * AROUND else ""


def _items(root: Element, paragraphs: Mapping[Element, int]) -> Iterator[_Atom | str]:
    """Yield what stands in the text, in order: changes as atoms, what stays as its words, a paragraph's end as ¶."""
    paragraph = 0
    move = ""
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            if element.tag == w("p"):
                yield _mark_of(element, paragraph, move) or "¶"
        elif element.tag == w("p"):
            paragraph = paragraphs.get(element, paragraph)
        elif element.tag in {w("moveFromRangeStart"), w("moveToRangeStart")}:
            move = element.get(w("name")) or element.get(w("id")) or ""
        elif element.tag in _IN | _OUT or element.tag in _CELLS:
            parent = element.getparent()
            if parent is not None and parent.tag != w("rPr"):  # a paragraph's mark comes at its end
                yield _atom(element, paragraph, move)
        elif element.tag == w("r") and not any(above.tag in _IN | _OUT for above in element.iterancestors()):
            yield text_of(element)


def _mark_of(paragraph: Element, number: int, move: str) -> _Atom | None:
    """Return the change of the paragraph's own mark: a paragraph split in two, or two joined."""
    for kind in ("ins", "del", "moveFrom", "moveTo"):
        mark = paragraph.find(f"{w('pPr')}/{w('rPr')}/{w(kind)}")
        if mark is not None:
            atom = _atom(mark, number, move)
            atom.text = "¶"
            return atom
    return None


def _atom(element: Element, paragraph: int, move: str) -> _Atom:
    tag = _CELLS.get(str(element.tag), str(element.tag))
    parent = element.getparent()
    text = text_of(element, deleted=tag in _OUT)
    if parent is not None and parent.tag in {w("trPr"), w("tcPr")}:
        whole = parent.getparent()
        marked = whole is None or any(run.tag in _IN | _OUT for run in whole.iter() if run is not element)
        text = "" if marked or whole is None else text_of(whole)
    is_move = tag in {w("moveFrom"), w("moveTo")}
    return _Atom(
        element, tag in _IN, text, element.get(w("author")) or "", element.get(w("date")) or "",
        move if is_move else "", paragraph,
    )  # fmt: skip


def _change(number: int, group: _Group) -> TrackedChange:
    first = group.atoms[0]
    removed = "".join(atom.text for atom in group.atoms if not atom.comes)
    added = "".join(atom.text for atom in group.atoms if atom.comes)
    if any(atom.move for atom in group.atoms):
        kind = ChangeKind.MOVE
    elif removed and added:
        kind = ChangeKind.REPLACEMENT
    else:
        kind = ChangeKind.INSERTION if first.comes else ChangeKind.DELETION
    return TrackedChange(
        number, kind, first.author, first.date, removed, added, _end_of(group.before.rpartition("¶")[2]),
        _start_of(group.after.partition("¶")[0]), first.paragraph,
    )  # fmt: skip


def _start_of(text: str) -> str:
    """Return some ``AROUND`` characters, to the end of a word."""
    return text if len(text) <= AROUND else text[:AROUND] + re.split(r"\s", text[AROUND:], maxsplit=1)[0][:AROUND]


def _end_of(text: str) -> str:
    """Return the last ``AROUND`` characters or some more, from the beginning of a word."""
    return text if len(text) <= AROUND else re.split(r"\s", text[:-AROUND])[-1][-AROUND:] + text[-AROUND:]


# --- making or undoing them -----------------------------------------------------------------------------------


def _settle(atom: _Atom, *, keep: bool) -> None:
    """Keep what *atom* marks as ordinary text, or take it out."""
    element = atom.element
    parent = element.getparent()
    if parent is None:
        return
    if parent.tag == w("rPr"):  # a paragraph's mark: without it the paragraph goes on in the next
        drop(element)
        if not keep:
            paragraph = next(parent.iterancestors(w("p")), None)
            if paragraph is not None:
                paragraph.set("joined", "1")
    elif parent.tag in {w("trPr"), w("tcPr")}:
        whole = parent.getparent()
        drop(element)
        if not keep and whole is not None:
            drop(whole)
    elif keep:
        for deleted in element.iter(w("delText"), w("delInstrText")):
            deleted.tag = w("t") if deleted.tag == w("delText") else w("instrText")
        unwrap(element)
    else:
        drop(element)


def _join_paragraphs(root: Element) -> None:
    """Let a paragraph whose mark is gone go on in the next, which keeps its own style (ECMA-376-1 §17.13.5.15)."""
    for paragraph in list(root.iter(w("p"))):
        if paragraph.get("joined") is None:
            continue
        del paragraph.attrib["joined"]
        following = paragraph.getnext()
        if following is None or following.tag != w("p"):
            if not text_of(paragraph).strip() and paragraph.find(f".//{w('drawing')}") is None:
                _drop_empty(paragraph)
            continue
        at = 1 if following.find(w("pPr")) is not None else 0
        for child in reversed([child for child in paragraph if child.tag != w("pPr")]):
            following.insert(at, child)
        drop(paragraph)


def _drop_empty(paragraph: Element) -> None:
    parent = paragraph.getparent()
    if parent is not None and not (parent.tag == w("tc") and len(parent.findall(w("p"))) == 1):
        drop(paragraph)
