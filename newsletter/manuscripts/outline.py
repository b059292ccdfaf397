"""Outline: what the titles of a loose manuscript open: a section, an article, a list of briefs, a note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from newsletter.manuscripts.briefs import EVENT_TITLES, are_briefs
from newsletter.manuscripts.labels import Labels
from newsletter.manuscripts.markdown import read_blocks
from newsletter.manuscripts.mending import mend
from newsletter.manuscripts.pieces import FieldLine, Piece, Prose, Roll, Title

FREE_TITLES = re.compile(
    r"^(?:editorial|foreword|preface|interview|from the editors?|dear readers?|vorwort|leitartikel|liebe leser)\b",
    re.IGNORECASE,
)
"""Titles over text that is no article with parts and sources."""


class Role(StrEnum):
    """What a title is."""

    SECTION = "section"
    """Opens a section of the issue."""
    ARTICLE = "article"
    """Opens an article."""
    BRIEFS = "briefs"
    """Stands over a list of dated news lines."""
    NOTE = "note"
    """Stands over free text."""
    LABEL = "label"
    """Names a part of the article it stands in."""
    INSIDE = "inside"
    """A heading within an article or note."""


class Outline:
    """The roles of the titles among *pieces*, by position."""

    def __init__(self, pieces: Sequence[Piece], labels: Labels, *, part: bool = False) -> None:
        self.pieces = pieces
        self.labels = labels
        titles = [piece for piece in pieces if isinstance(piece, Title) and not labels.is_part(piece.text)]
        levels = sorted({title.level for title in titles if title.level is not None and title.number is None})
        numbered = [title.level for title in titles if title.level is not None and title.number is not None]
        self._numbered = any(title.number is not None for title in titles)
        if numbered:
            self._entry = min(numbered)
        elif len(levels) > 1:
            self._entry = levels[0] + 1
        else:
            self._entry = levels[0] if levels else 2
        self._single = not numbered and len(levels) == 1
        self._lowest = levels[0] if levels else 1
        self._alone = part and self._one_title()

    def roles(self) -> dict[int, Role]:
        """Return the role of each title by its position."""
        if self._alone:
            return self._below_one_title()
        roles: dict[int, Role] = {}
        inside_article = False
        for at, piece in enumerate(self.pieces):
            if isinstance(piece, Title):
                role = self._role(at, piece, inside_article=inside_article)
                roles[at] = role
                if role in {Role.SECTION, Role.ARTICLE, Role.BRIEFS, Role.NOTE}:
                    inside_article = role is Role.ARTICLE
        return roles

    def _one_title(self) -> bool:
        """Say whether the first piece is a title that all others stand below: one author's article."""
        first = self.pieces[0] if self.pieces else None
        if not isinstance(first, Title) or self.labels.is_part(first.text):
            return False
        others = [
            piece for piece in self.pieces[1:] if isinstance(piece, Title) and not self.labels.is_part(piece.text)
        ]
        if first.number is not None:
            return all(title.number is None and (title.level or 9) > (first.level or 0) for title in others)
        if first.level is None:
            lists = any(dated_list(self._below(self.pieces.index(title))) for title in others)
            return not lists and all(
                title.level is None and title.number is None and not title.caps for title in others
            )
        return all((title.level or 9) > first.level and title.number is None for title in others)

    def _below_one_title(self) -> dict[int, Role]:
        title = self.pieces[0]
        assert isinstance(title, Title)
        below = self.pieces[1:]
        if dated_list(below):
            first = Role.NOTE if EVENT_TITLES.search(title.text) else Role.BRIEFS
        else:
            first = Role.NOTE if EVENT_TITLES.search(title.text) or FREE_TITLES.search(title.text) else Role.ARTICLE
        roles = {0: first}
        for at, piece in enumerate(below, 1):
            if isinstance(piece, Title):
                roles[at] = Role.LABEL if self.labels.is_part(piece.text) and piece.number is None else Role.INSIDE
        return roles

    def _role(self, at: int, title: Title, *, inside_article: bool) -> Role:
        if self.labels.is_part(title.text) and title.number is None:
            return Role.LABEL
        if title.number is not None:
            return Role.ARTICLE if title.level is None or title.level <= self._entry else Role.INSIDE
        if title.level is not None:
            return self._heading(at, title, title.level)
        if title.caps or self._empty(at):
            return Role.SECTION
        if inside_article and self._numbered and self._fields_only(at):
            return Role.INSIDE
        return self._entry_role(at)

    def _heading(self, at: int, title: Title, level: int) -> Role:
        if level > self._entry:
            return Role.INSIDE
        if self._empty(at) and not self._single:
            return Role.SECTION if level <= self._lowest or self._followed_deeper(at, level) else Role.NOTE
        if self._single:
            return Role.SECTION if self._empty(at) else self._entry_role(at)
        return Role.SECTION if level < self._entry or level == self._lowest else self._entry_role(at)

    def _followed_deeper(self, at: int, level: int) -> bool:
        following = self.pieces[at + 1] if at + 1 < len(self.pieces) else None
        return isinstance(following, Title) and (following.number is not None or (following.level or 9) > level)

    def _empty(self, at: int) -> bool:
        """Say whether another title follows directly."""
        following = self.pieces[at + 1] if at + 1 < len(self.pieces) else None
        return isinstance(following, Title) and not self.labels.is_part(following.text)

    def _below(self, at: int) -> list[Piece]:
        """The pieces under the title at *at*, to the next title that is no label."""
        below: list[Piece] = []
        for piece in self.pieces[at + 1 :]:
            if isinstance(piece, Roll):
                break
            if isinstance(piece, Title) and not self.labels.is_part(piece.text) and (piece.level or 0) <= self._entry:
                break
            below.append(piece)
        return below

    def _fields_only(self, at: int) -> bool:
        """Say whether what follows has a source but no labelled part: the article before goes on."""
        below = self._below(at)
        return any(isinstance(piece, FieldLine) for piece in below) and not self._labelled(below)

    def _labelled(self, below: Sequence[Piece]) -> bool:
        return any(
            (isinstance(piece, Prose) and self.labels.starts_part(piece.text.split("\n", 1)[0]))
            or (isinstance(piece, Title) and self.labels.is_part(piece.text))
            for piece in below
        )

    def _entry_role(self, at: int) -> Role:
        below = self._below(at)
        title = self.pieces[at]
        if self._labelled(below) or any(isinstance(piece, FieldLine) for piece in below):
            return Role.ARTICLE
        if isinstance(title, Title) and EVENT_TITLES.search(title.text):
            return Role.NOTE
        return Role.BRIEFS if dated_list(below) else Role.NOTE


def dated_list(below: Sequence[Piece]) -> bool:
    """Say whether *below* is prose that reads as a list of briefs."""
    texts = [piece for piece in below if isinstance(piece, Prose)]
    if not texts or len(texts) != len(below):
        return False
    blocks = [block for piece in texts for block in read_blocks(piece.text, first_line=piece.line)[0]]
    return are_briefs(mend(blocks, []))  # judging is not reading: what is joined here is noted later
