"""Acronyms: two expansions for one, two acronyms for one expansion, initials that do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.manuscripts.places import Passage
from newsletter.manuscripts.proofing.rule import Copy, Found

_BRACKET = re.compile(r"[ \xa0]\(([^()\s]{2,12})\)")
_ACRONYM = re.compile(r"(?=(?:[^A-Z]*[A-Z]){2})[A-Za-z][A-Za-z&/-]*\Z")
_USED = re.compile(r"\b[A-Z]{2}[A-Za-z]*\b")
_CLAUSE = re.compile(r"[.;:!?,()\[\]“”\"–—]")
_SMALL = frozenset(
    "of and for the on in to a an at by with & de la des du et für und der die das zur zum von im".split()  # noqa: SIM905
)
MAX_WORDS = 14
"""How far before the bracket an expansion is looked for."""
COMPOUND = 14
"""Letters of a word that is likely made of several, as Bundesministerium."""


@dataclass(frozen=True, slots=True)
class Definition:
    """``Expansion (ACR)`` in a passage; ``fits`` says whether the initials match."""

    acronym: str
    expansion: str
    fits: bool
    passage: Passage

    @property
    def quote(self) -> str:
        return f"{self.expansion} ({self.acronym})"


def letters_of(acronym: str) -> str:
    """Return the letters that the initials must give; a plural s does not count."""
    bare = acronym[:-1] if acronym.endswith("s") and acronym[:-1].isupper() else acronym
    return "".join(character for character in bare if character.isalpha()).lower()


def fits(acronym: str, words: Sequence[str]) -> bool:
    """Say whether the acronym's letters come in order from the beginnings of *words*, the first from the first.

    A word may give several of its first letters (BMWi) or none; small words may give theirs (MOST). The initials in
    another order are accepted, since names are translated and their acronyms are not (ISO).
    """
    letters = letters_of(acronym)
    pieces = [piece.lower() for word in words for piece in re.split(r"[-/’']", word) if piece]
    if not letters or not pieces or pieces[0][0] != letters[0]:
        return False
    reached = {0}
    for position, piece in enumerate(pieces):
        following = set(reached) if position else set()
        for start in reached:
            following.update(range(start + 1, start + 1 + _given(piece, letters[start:])))
        reached = following
    initials = sorted(piece[0] for piece in pieces if piece not in _SMALL)
    return len(letters) in reached or initials == sorted(letters)


def _given(word: str, letters: str) -> int:
    """Return how many of *letters* the beginning of *word* gives; a long German compound gives those of its parts."""
    length = 0
    if len(word) >= COMPOUND and word[0] == letters[:1]:
        for character in word:
            length += character == letters[length : length + 1]
        return length
    while length < min(len(word), len(letters)) and word[length] == letters[length]:
        length += 1
    return length


def definitions(copy: Copy) -> list[Definition]:
    """Return every ``Expansion (ACR)`` of the issue in reading order."""
    return [
        found
        for passage in copy.passages
        if passage.field in {"text", "caption", "source", "body", "title"}
        for match in _BRACKET.finditer(passage.words)
        if _ACRONYM.match(match.group(1)) and (found := _definition(match.group(1), match.start(), passage))
    ]


def _definition(acronym: str, at: int, passage: Passage) -> Definition | None:
    clause = _CLAUSE.split(passage.words[:at])[-1]
    words = clause.split()[-MAX_WORDS:]
    for start in range(len(words) - 1, -1, -1):
        several = len(words) - start >= 2 or "-" in words[start] or len(letters_of(acronym)) <= 2
        if several and words[start].lower() not in _SMALL and fits(acronym, words[start:]):
            return Definition(acronym, " ".join(words[start:]), True, passage)
    name = _name(words)
    # Initials can only be judged where a capitalised name of several words stands there and begins with the letter.
    if len(name) < 3 or len(letters_of(acronym)) < 3 or name[0][0].lower() != letters_of(acronym)[0]:
        return None
    return Definition(acronym, " ".join(name), False, passage)


def _name(words: Sequence[str]) -> list[str]:
    """Return the capitalised name that *words* end with, small words within it included."""
    name: list[str] = []
    for word in reversed(words):
        if not (word[0].isupper() or (word.lower() in _SMALL and name)):
            break
        name.insert(0, word)
    while name and name[0].lower() in _SMALL:
        name.pop(0)
    return name


def _same(expansion: str) -> str:
    """Return the form in which expansions are compared: no case, no plural, no hyphens."""
    words = [word for word in re.split(r"[\s\xa0-]+", expansion.casefold()) if word not in {"the", ""}]
    return " ".join(word.rstrip("s").removesuffix("ie") + ("y" if word.endswith("ies") else "") for word in words)


def wrong_initials(copy: Copy) -> Iterator[Found]:
    """Find acronyms whose letters are not the initials of the name before them."""
    glossary = copy.house_style.acronyms
    known = {word for passage in copy.passages for word in _USED.findall(passage.words)} | set(glossary)
    by_quote: dict[str, list[Definition]] = {}
    for definition in definitions(copy):
        if not definition.fits and _same(glossary.get(definition.acronym, "")) != _same(definition.expansion):
            by_quote.setdefault(definition.quote, []).append(definition)
    for quote, found in by_quote.items():
        first = found[0]
        better = sorted(
            name for name in known if len(name) > 2 and name != first.acronym and _spells(name, first.expansion)
        )
        hint = f"; “{better[0]}” would fit" if len(better) == 1 else ""
        yield Found(
            f"“{first.acronym}” is not made of the initials of “{first.expansion}”.",
            f"Check which of the two is meant{hint}; a right pair can be added to the house style's acronyms.",
            tuple(definition.passage.place(quote) for definition in found),
        )


def _spells(acronym: str, expansion: str) -> bool:
    """Say whether *acronym* has the initial of every word of *expansion* but the small ones."""
    initials = [word[0].lower() for word in re.split(r"[\s-]+", expansion) if word and word.lower() not in _SMALL]
    letters = iter(letters_of(acronym))
    return fits(acronym, expansion.split()) and all(initial in letters for initial in initials)


def two_meanings(copy: Copy) -> Iterator[Found]:
    """Find acronyms with two expansions, and expansions with two acronyms; the glossary counts as one more place."""
    pairs = [definition for definition in definitions(copy) if definition.fits]
    by_acronym: dict[str, dict[str, list[Definition]]] = {}
    by_expansion: dict[str, dict[str, list[Definition]]] = {}
    for pair in pairs:
        acronym = pair.acronym.removesuffix("s")
        by_acronym.setdefault(acronym, {}).setdefault(_same(pair.expansion), []).append(pair)
        by_expansion.setdefault(_same(pair.expansion), {}).setdefault(acronym, []).append(pair)
    glossary = {acronym: _same(expansion) for acronym, expansion in copy.house_style.acronyms.items()}
    for acronym, meanings in by_acronym.items():
        meant = glossary.get(acronym)
        wrong = [pair for same, found in meanings.items() if same != meant for pair in found]
        if len(meanings) > 1 or (meant is not None and wrong):
            names = dict.fromkeys(pair.expansion for found in meanings.values() for pair in found)
            if meant is not None:
                names = dict.fromkeys([copy.house_style.acronyms[acronym], *names])
            shown = wrong if meant is not None else [found[0] for found in meanings.values()]
            yield Found(
                f"“{acronym}” stands for {_listed(names)}.",
                "Let it stand for one of them, and spell the other out.",
                tuple(pair.passage.place(pair.quote) for pair in shown),
            )
    for short in by_expansion.values():
        if len(short) > 1:
            pair = next(iter(short.values()))[0]
            yield Found(
                f"“{pair.expansion}” is shortened to {_listed(short)}.",
                "Use one acronym for it.",
                tuple(found[0].passage.place(found[0].quote) for found in short.values()),
            )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"“{name}”" for name in names)
