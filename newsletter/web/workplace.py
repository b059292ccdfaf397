"""The workplace: what the desk's pages are given to work with, and the sessions they work in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from newsletter.delivery.receivers import Receivers
from newsletter.delivery.routes import Routes
from newsletter.issues.link_hosts import Reach
from newsletter.kit.check import Check
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.team import roles
from newsletter.team.entrance import Entrance
from newsletter.team.identity_provider import IdentityProvider
from newsletter.team.roles import Role
from newsletter.web.lookout import Lookout

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""These change nothing (RFC 9110 §9.2.1)."""
WORKING, READING, TURNS = 12, 6, 12
"""Requests that may hold a session, hold one for looking, or open one by themselves to write, at a time.

A request that holds a session goes on in another thread, for which it may have to wait. If those who wait for its
session waited in threads, forty of them would take every thread there is, and none would ever move. FastAPI makes them
wait where no thread is needed. WORKING and READING are together fewer than the connections of ``Database``, and all
together fewer than the threads.
"""


@dataclass(frozen=True)
class Workplace:
    """What the desk's routes stand on; ``app.state.workplace`` holds the one of the application."""

    settings: Settings
    database: Database
    clock: Clock
    provider: IdentityProvider | None = None
    """The house's identity provider, if the settings name one."""
    reach: Reach = field(default_factory=Reach, kw_only=True)
    """How far the link check goes."""
    routes: Routes = field(kw_only=True)
    """The mail servers that there are."""
    receivers: Receivers = field(default_factory=Receivers, kw_only=True)
    """Which domains stand behind the same mail servers."""
    lookout: Lookout = field(default_factory=Lookout, kw_only=True)
    """What the pages that follow a sending look through, all together once a second."""

    examine: Callable[[], list[Check]] = field(default=list, kw_only=True)
    """Says what of the installation is in order."""
    ask_mail_servers: Callable[[], list[Check]] = field(default=list, kw_only=True)
    """Says which mail servers answer; it may take a while."""

    @property
    def entrance(self) -> Entrance:
        """The way in."""
        return Entrance(self.database, self.settings.keyring, self.clock)

    @cached_property
    def demanded(self) -> frozenset[Role]:
        """The roles whose bearers must have a second factor if they have a password."""
        return roles.named(self.settings.second_factor)

    @property
    def root(self) -> str:
        """The path of the public URL, below which everything lies; mostly empty."""
        return self.settings.public_path

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the desk over TLS."""
        return self.settings.public_url.startswith("https://")


def workplace(request: Request) -> Workplace:
    """Return the workplace of the application that answers *request*."""
    found = request.app.state.workplace
    assert isinstance(found, Workplace)
    return found


WorkplaceDep = Annotated[Workplace, Depends(workplace)]
"""For pages that render, hash or talk to others between looking and writing: they open short sessions themselves."""


def _working(request: Request, place: WorkplaceDep) -> Iterator[Session]:
    """Open the request's one session: for looking if it may change nothing, else its one transaction."""
    with place.database.read() if request.method in SAFE_METHODS else place.database.write() as session:
        yield session


def _reading(place: WorkplaceDep) -> Iterator[Session]:
    with place.database.read() as session:
        yield session


async def _turn() -> AsyncIterator[None]:
    yield


SessionDep = Annotated[Session, Depends(_working, scope="function", max_concurrency=WORKING)]
"""The request's transaction, committed before the answer leaves; in a GET it is for looking, so that none can change a
thing."""
ReadSessionDep = Annotated[Session, Depends(_reading, scope="function", max_concurrency=READING)]
"""A session for looking."""
TurnDep = Annotated[None, Depends(_turn, scope="function", max_concurrency=TURNS)]
"""The turn of an endpoint that opens ``database.write()`` itself; the last parameter, so that nobody waits for a slow
sender's body."""
