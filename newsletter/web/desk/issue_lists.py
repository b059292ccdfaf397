"""Lists of issues on the desk: which part of them a page shows, and how their states are said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues import listing
from newsletter.issues.models import IssueState
from newsletter.kit.catalogue import N_
from newsletter.publications import Publication
from newsletter.team.models import DeskPerson

STATES: dict[IssueState, tuple[str, str]] = {
    IssueState.DRAFT: (N_("Draft"), ""),
    IssueState.IN_REVIEW: (N_("In review"), "waits"),
    IssueState.CHANGES_REQUESTED: (N_("Changes asked for"), "warn"),
    IssueState.APPROVED: (N_("Approved"), "good"),
    IssueState.PUBLISHED: (N_("Published"), ""),
    IssueState.WITHDRAWN: (N_("Withdrawn"), "gone"),
}
"""Each state as screens say it, and the tag's look."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which issues a list is asked for; whatever is no state or newsletter asks for nothing in particular."""

    words: str = ""
    state: IssueState | None = None
    label: str = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """Whether it is not simply everything."""
        return bool(self.words or self.state or self.label)


def wanted(
    q: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=40)] = "",
    newsletter: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Wanted:
    """Read a list's query."""
    known = IssueState(state) if state in set(IssueState) else None
    return Wanted(q.strip().replace("\0", ""), known, newsletter, page)


def shown(session: Session, publications: Sequence[Publication], asked: Wanted) -> Mapping[str, object]:
    """Return what ``_issues.html`` needs: the issues of *publications* that are *asked* for."""
    ids = [each.id for each in publications if asked.label in {"", each.label}]
    page = listing.listed(session, ids, states=[asked.state] if asked.state else [], words=asked.words, page=asked.page)
    return {
        "asked": asked,
        "states": STATES,
        "counts": listing.states_of(session, ids),
        "listing": page,
        "names": names(session, {each.edited_by for each in page.issues}),
    }


def names(session: Session, actors: Collection[str]) -> Mapping[str, str]:
    """Return what people call each of *actors*: a person of the desk by name, whoever else as it was written down."""
    known = session.execute(select(DeskPerson.address, DeskPerson.name).where(DeskPerson.address.in_(actors)))
    return {actor: actor for actor in actors} | {row.address: row.name for row in known}
