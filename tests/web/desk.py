"""Somebody at the desk, for tests: a browser that is signed in, in any role."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from newsletter.app import create_app
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.publications import Publication
from newsletter.team import people, sessions
from newsletter.team.models import DeskPerson
from newsletter.team.roles import Role
from newsletter.worker import Installation

SECRET = "a secret that only the tests know"
ORIGIN = "http://127.0.0.1:8000"


def desk_installation(database: Database, now: datetime, **settings: object) -> Installation:
    """Return an installation over the test's database, whose clock stands still."""
    return Installation(Settings(_env_file=None, secret_key=SECRET, **settings), database, lambda: now)  # type: ignore[arg-type]


_RECENT: deque[tuple[Installation, FastAPI]] = deque(maxlen=2)


def application(here: Installation) -> FastAPI:
    """Return the application over *here*, one for all its browsers: building one takes longer than most requests."""
    for known, app in _RECENT:
        if known is here:
            return app
    _RECENT.append((here, create_app(here)))
    return _RECENT[-1][1]


def stranger(here: Installation) -> TestClient:
    """Return the browser of somebody who is not signed in; it sends Origin as browsers do and follows no redirect."""
    return TestClient(application(here), base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def client_as(
    here: Installation,
    role: Role | None,
    publication: Publication | str | None = None,
    *,
    address: str = "",
    language: str = "en",
) -> TestClient:
    """Return the browser of somebody who is signed in and has *role* (None: none) in *publication* (None: in all).

    One person per role and publication; *address* names another. The session is a real one, as a sign-in makes it.
    """
    label = publication.label if isinstance(publication, Publication) else publication
    address = address or f"{role or 'nobody'}.{label or 'everywhere'}@desk.example"
    now = here.clock()
    with here.database.write() as session:
        person = session.scalar(select(DeskPerson).where(DeskPerson.address == address))
        if person is None:
            person = people.add(
                session, address, name=address.partition("@")[0], language=language, now=now, by="tests"
            )
        if role is not None:
            where = (
                None if label is None else session.scalars(select(Publication).where(Publication.label == label)).one()
            )
            people.give(session, person, role, where, now=now, by="tests")
        token = sessions.begin(session, person, browser="tests", now=now)
    client = stranger(here)
    client.cookies.set("desk", token, domain="127.0.0.1")
    return client
