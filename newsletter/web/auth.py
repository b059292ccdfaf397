"""Who is at the door: every route of the desk says whom it lets in, with one of three marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, params
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.models import Issue
from newsletter.kit.errors import NotFound, NotPermitted
from newsletter.publications import Publication
from newsletter.team import sessions
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.problems import NotSignedIn, SecondFactorDue
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep

LOOKS = 8
"""Requests that look up their visitor at a time; now and then one writes. See ``workplace.TURNS``."""
NOTHING_HERE = "There is no page at this address."
"""Said of what is not there and of what a visitor may not know to be there, in the same words."""
SECOND_FACTOR = "/desk/account/second-factor"
_WITHIN = re.compile(r"/desk(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


def cookie_name(place: Workplace) -> str:
    """Return the cookie's name; with the prefix, no neighbouring host can set it (RFC 6265bis §4.1.3.2)."""
    return "__Host-desk" if place.is_secure else "desk"


def _visitor(request: Request, place: WorkplaceDep) -> Visitor | None:
    token = request.cookies.get(cookie_name(place))
    if not token:
        return None
    with place.database.read() as session:
        found = sessions.visitor(session, token, now=place.clock())
    if found is not None and found.stale:
        with place.database.write() as session:
            sessions.seen(session, found.session_id, now=place.clock())
    return found


MaybeVisitorDep = Annotated[Visitor | None, Depends(_visitor, max_concurrency=LOOKS)]
"""Who is signed in, or None; for pages that anybody may see."""


class Mark:
    """Says of a route whom it lets in. Every route under /desk bears exactly one, and a test walks them all."""


class Public(Mark):
    """Lets anybody in: signing in itself, and what its pages need."""

    def __call__(self) -> None:
        """Let everybody pass."""


@dataclass(frozen=True)
class SignedIn(Mark):
    """Lets everybody in who works here; what they see depends on their roles."""

    before_second_factor: bool = False
    """Whether they get in even while a second factor is demanded of them that they have not set up."""

    def __call__(self, request: Request, visitor: MaybeVisitorDep, place: WorkplaceDep) -> None:
        """Raise ``NotSignedIn`` for a stranger, ``SecondFactorDue`` for who has to set one up first."""
        if visitor is None:
            raise NotSignedIn(sign_in_place(request))
        if not self.before_second_factor:
            _check_second_factor(visitor, place)


@dataclass(frozen=True)
class Needs(Mark):
    """Lets those in who have a permission for the publication in the path; without one there, for the whole house."""

    permission: Permission

    def __call__(self, request: Request, visitor: MaybeVisitorDep, place: WorkplaceDep) -> None:
        """Raise ``NotSignedIn`` for a stranger, ``NotFound`` or ``NotPermitted`` for who lacks the permission."""
        if visitor is None:
            raise NotSignedIn(sign_in_place(request))
        _check_second_factor(visitor, place)
        publication_id: int | None = None
        label = request.path_params.get("label")
        if label is not None:
            with place.database.read() as session:
                publication_id = session.scalar(select(Publication.id).where(Publication.label == label))
            # Who may not read a publication does not learn whether there is one.
            if publication_id is None or not visitor.may(Permission.READ, publication_id):
                raise NotFound(NOTHING_HERE)
        if not visitor.may(self.permission, publication_id):
            raise NotPermitted


def _check_second_factor(visitor: Visitor, place: Workplace) -> None:
    if visitor.lacks_second_factor(place.demanded):
        raise SecondFactorDue(f"{place.root}{SECOND_FACTOR}")


def needs(permission: Permission) -> params.Depends:
    """Return the mark of a route that needs *permission*: ``dependencies=[needs(Permission.EDIT)]``."""
    return params.Depends(Needs(permission))


signed_in = params.Depends(SignedIn())
"""The mark of a route for everybody who works here."""
setting_up = params.Depends(SignedIn(before_second_factor=True))
"""The mark of a route by which somebody sets up the second factor that everything else waits for."""
public = params.Depends(Public())
"""The mark of a route for anybody."""


def _signed_in_visitor(request: Request, visitor: MaybeVisitorDep) -> Visitor:
    if visitor is None:
        raise NotSignedIn(sign_in_place(request))
    return visitor


VisitorDep = Annotated[Visitor, Depends(_signed_in_visitor)]
"""Who is signed in."""


def publication_called(session: Session, label: str) -> Publication:
    """Return the publication that a path names; raise ``NotFound``. The route's mark has judged who may see it."""
    found = session.scalar(select(Publication).where(Publication.label == label))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def issue_numbered(session: Session, label: str, number: int) -> Issue:
    """Return the issue that a path names, within its publication; raise ``NotFound``."""
    found = session.scalar(
        select(Issue)
        .join(Publication, Publication.id == Issue.publication_id)
        .where(Publication.label == label, Issue.number == number)
    )
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def _publication(label: str, session: SessionDep) -> Publication:
    return publication_called(session, label)


def _issue(label: str, number: int, session: SessionDep) -> Issue:
    return issue_numbered(session, label, number)


PublicationDep = Annotated[Publication, Depends(_publication)]
"""The publication of the path, in the request's session."""
IssueDep = Annotated[Issue, Depends(_issue)]
"""The issue of the path, in the request's session."""


def sign_in_place(request: Request) -> str:
    """Return where to sign in so as to come back to the page asked for, or to the page that a form stands on."""
    root = request.scope.get("root_path", "")
    path = request.url.path.removeprefix(root)
    if request.method not in {"GET", "HEAD"}:
        path = "/desk/"  # what was to be changed cannot be done again by looking
    elif request.url.query:
        path += f"?{request.url.query}"
    wanted = within_the_desk(path)
    return f"{root}/desk/sign-in" + ("" if wanted == "/desk/" else "?" + urlencode({"next": wanted}))


def within_the_desk(path: str) -> str:
    """Return *path* if it is one of the desk's and nothing else, else the desk's first page: no way out leads by it."""
    if _WITHIN.fullmatch(path) and "//" not in path and ".." not in path:
        return path
    return "/desk/"
