"""The scope of a page about readers: those of one newsletter, or everybody, by the path it stands under."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter import publications
from newsletter.kit.errors import NotFound, NotPermitted
from newsletter.publications import Publication
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import LOOKS, NOTHING_HERE, publication_called
from newsletter.web.workplace import WorkplaceDep
from subscribers import erasure
from subscribers.models import Subscriber, Subscription


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose readers a page is about."""

    publication: Publication | None
    """None: everybody, of all newsletters."""

    @property
    def publication_id(self) -> int | None:
        """The newsletter's id, if it is about one."""
        return self.publication.id if self.publication else None

    @property
    def path(self) -> str:
        """Where its pages begin, below the public URL."""
        return f"/desk/p/{self.publication.label}/readers" if self.publication else "/desk/readers"

    @property
    def zone(self) -> ZoneInfo | None:
        """The clocks its times are shown on; None: UTC."""
        return self.publication.profile.zone if self.publication else None

    def seen(self, session: Session, visitor: Visitor) -> list[Publication]:
        """Return the newsletters whose readers *visitor* may see."""
        return [each for each in publications.every(session) if visitor.may(Permission.READERS, each.id)]


def _scope(request: Request, place: WorkplaceDep) -> Scope:
    label = request.path_params.get("label")
    if label is None:
        return Scope(None)
    with place.database.read() as session:  # not the request's: some pages open their own
        return Scope(publication_called(session, label))


ScopeDep = Annotated[Scope, Depends(_scope, max_concurrency=LOOKS)]
"""The scope of the path; its route's mark has judged who may see it."""


def ties(session: Session, person: Subscriber) -> list[tuple[Subscription, Publication]]:
    """Return a person's subscriptions with their newsletters."""
    rows = session.execute(
        select(Subscription, Publication)
        .join(Publication, Publication.id == Subscription.publication_id)
        .where(Subscription.subscriber_id == person.id)
        .order_by(Publication.name)
    )
    return [(row[0], row[1]) for row in rows]


def reader(session: Session, scope: Scope, reader_id: int) -> Subscriber:
    """Return a reader within the scope; raise ``NotFound`` for everybody else, and for who was erased or merged."""
    found = session.get(Subscriber, reader_id) if reader_id < 2**63 else None
    if found is None or erasure.is_erased(found) or found.merged_into is not None:
        raise NotFound(NOTHING_HERE)
    if scope.publication_id is not None:
        tie = select(Subscription.id).where(
            Subscription.subscriber_id == found.id, Subscription.publication_id == scope.publication_id
        )
        if session.scalar(tie) is None:
            raise NotFound(NOTHING_HERE)
    return found


def governs(visitor: Visitor, tied: Collection[tuple[Subscription, Publication]]) -> bool:
    """Tell whether *visitor* looks after all that a person subscribes to, and so may do what concerns all of it."""
    if not tied:
        return visitor.may(Permission.READERS, None)
    return all(visitor.may(Permission.READERS, publication.id) for _, publication in tied)


def governed(session: Session, visitor: Visitor, scope: Scope, reader_id: int) -> Subscriber:
    """Return a reader for what concerns the whole person; raise ``NotPermitted`` if others look after a part."""
    person = reader(session, scope, reader_id)
    if not governs(visitor, ties(session, person)):
        raise NotPermitted
    return person
