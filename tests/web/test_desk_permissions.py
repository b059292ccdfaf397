"""Every route of the desk, every role: who may not is told so, and no route forgets to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from newsletter import publications
from newsletter.app import create_app
from newsletter.issues import drafts
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import GRANTS, Permission, Role
from newsletter.web.auth import Mark, Needs, Public, SignedIn
from newsletter.worker import Installation
from tests.issues.test_signoff import GOOD
from tests.web.desk import client_as, desk_installation, stranger

ASKS_ITSELF = {"/desk/p/{label}/i/{number}/approve": Permission.APPROVE}
"""Routes that a mark alone cannot judge: deputies approve whatever their role is (``test_desk_review``)."""


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """An installation with two newsletters, each with one issue."""
    made = desk_installation(database, now)
    with database.write() as session:
        for label in ("notes", "other"):
            profile = Profile(name=label.title(), label=label, from_address=f"{label}@institute.example")
            publication = publications.add(session, profile, now=now, by="ada")
            drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=now)
    return made


def routes_of(app: ASGIApp) -> Iterator[RouteContext]:
    """Every route under /desk, as it stands in the application with all that its routers add."""
    assert isinstance(app, FastAPI)
    for route in iter_route_contexts(app.routes):
        if (route.path or "").startswith("/desk"):
            yield route


def dependant_of(route: RouteContext) -> Dependant:
    """What a route depends on, its routers' dependencies included."""
    found = route._effective_route.dependant
    assert isinstance(found, Dependant)
    return found


def marks_of(dependant: Dependant) -> list[Mark]:
    """The marks of a route, wherever they were put."""
    return [
        mark
        for inner in dependant.dependencies
        for mark in ([inner.call] if isinstance(inner.call, Mark) else marks_of(inner))
    ]


def asked(client: TestClient, route: RouteContext, *, label: str) -> int:
    """The status that *client* gets for *route*, with the first of everything in its path."""
    path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: label if name.group(1) == "label" else "1", route.path)
    return client.request(next(iter(route.methods - {"HEAD"})), path).status_code


def test_every_route_bears_exactly_one_mark(here: Installation):
    """A page that nobody thought about would let everybody in."""
    marked = [(route.path, route.methods, marks_of(dependant_of(route))) for route in routes_of(create_app(here))]
    assert len(marked) > 20
    assert [one for one in marked if len(one[2]) != 1] == []


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_gets_what_it_may_and_nothing_else(here: Installation, role: Role | None):
    """In its own newsletter what the table says; of another it does not learn that there is one."""
    client = client_as(here, role, "notes")
    granted = GRANTS[role] if role else frozenset()
    wrong = []
    for route in routes_of(client.app):
        mark = marks_of(dependant_of(route))[0]
        if not isinstance(mark, Needs):
            continue
        permission = ASKS_ITSELF.get(route.path, mark.permission)
        status = asked(client, route, label="notes")
        if "{label}" not in route.path:  # a role for one newsletter opens nothing of the whole house
            right = status == 403
        elif Permission.READ not in granted:
            right = status == 404
        elif permission in granted:
            right = status not in {303, 401, 403} or (status == 303 and route.methods != {"GET"})
        else:
            right = status == 403
        if not right:
            wrong.append((route.path, sorted(route.methods), permission, status))
        if "{label}" in route.path and asked(client, route, label="other") != 404:
            wrong.append((route.path, sorted(route.methods), "another newsletter", status))
    assert wrong == []


def test_a_stranger_gets_to_the_door_and_no_further(here: Installation):
    """Without a session every page but the public ones leads to the sign-in, and nothing is done."""
    client = stranger(here)
    wrong = []
    for route in routes_of(client.app):
        mark = marks_of(dependant_of(route))[0]
        if not isinstance(mark, Public):
            assert isinstance(mark, Needs | SignedIn)
            path = re.sub(r"\{\w+(?::\w+)?\}", "1", route.path)
            answer = client.request(next(iter(route.methods - {"HEAD"})), path)
            if answer.status_code not in {303, 401} or "/desk/sign-in" not in (
                answer.headers.get("location", "") + answer.headers.get("hx-redirect", "")
            ):
                wrong.append((route.path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_no_other_site_can_press_a_button_of_the_desk(here: Installation, origin: str):
    """Every changing request that another site could have sent is refused, whatever it asks for."""
    client = client_as(here, Role.ADMINISTRATOR)
    client.headers["Origin"] = origin
    changing = [route for route in routes_of(client.app) if route.methods - {"GET", "HEAD"}]
    assert len(changing) > 10
    assert [route.path for route in changing if asked(client, route, label="notes") != 403] == []
    client.headers["Sec-Fetch-Site"] = "cross-site"
    assert client.post("/desk/sign-out").status_code == 403
