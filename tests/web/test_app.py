"""The whole application: headers on every answer, nothing but looking by GET and HEAD, and a life below a path."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from newsletter.app import create_app
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.kit.tokens import LinkClaims
from newsletter.web.workplace import SAFE_METHODS
from newsletter.worker import Installation
from subscribers import subscriptions
from subscribers.models import ConsentBasis
from tests.web.test_archive import SECRET, published

HERE = {"base_url": "http://127.0.0.1:8000", "client": ("127.0.0.1", 50000)}


def installation(database: Database, now: datetime, folder: Path, public_url: str = "http://127.0.0.1:8000"):
    """An installation with one published issue and one reader."""
    settings = Settings(_env_file=None, secret_key=SECRET, public_url=public_url, data_dir=folder)
    here = Installation(settings, database, lambda: now)
    published(here)
    with database.write() as session:
        ada = subscriptions.ensure_subscriber(session, "ada@example.org", now=now)
        subscriptions.subscribe(session, ada, 1, now=now, basis=ConsentBasis.DOUBLE_OPT_IN, source="test")
    return here


PATHS = [
    "/", "/archive.css", "/favicon.ico", "/readers.css", "/outbox.css", "/outbox", "/outbox/", "/n/notes/", "/n/notes", "/n/notes/1/",
    "/n/notes/1", "/n/notes/1/issue.pdf", "/u/{u}", "/p/{p}", "/u/forged", "/n/none/", "/nowhere", "/outbox/x/",
]  # fmt: skip


def test_every_answer_has_safe_headers_and_head_is_get_without_a_body(
    database: Database, now: datetime, tmp_path: Path
):
    """Pages, editions, stylesheets and problems alike; what GET answers HEAD answers too, and OPTIONS never fails."""
    here = installation(database, now, tmp_path)
    browser = TestClient(create_app(here), follow_redirects=False, **HERE)
    claims = LinkClaims(1, 1)
    tokens = {"u": here.links.unsubscribe(claims)[-36:], "p": here.links.preferences(claims)[-36:]}
    for path in (one.format(**tokens) for one in PATHS):
        answer, head = browser.get(path), browser.head(path)
        assert (head.status_code, head.content) == (answer.status_code, b""), path
        assert browser.options(path).status_code in {204, 404, 405}, path
        for one in (answer, head, browser.options(path), browser.delete(path)):
            assert one.headers["x-content-type-options"] == "nosniff", path
            assert one.headers["referrer-policy"] == "no-referrer", path
            assert "default-src 'none'" in one.headers["content-security-policy"], path


@pytest.mark.parametrize("stripped", [True, False])
def test_everything_works_below_a_path(database: Database, now: datetime, tmp_path: Path, stripped: bool):
    """https://example.org/news: every link, form and stylesheet leads back below /news, however the proxy hands on."""
    here = installation(database, now, tmp_path, "https://example.org/news")
    browser = TestClient(create_app(here), base_url="https://example.org", follow_redirects=False)

    def at(path: str) -> str:
        assert path.startswith("/news/"), path
        return path.removeprefix("/news") if stripped else path

    claims = LinkClaims(1, 1)
    for link in (here.links.unsubscribe(claims), here.links.preferences(claims)):
        assert link.startswith("https://example.org/news/")
    start = ["/news/", "/news/n/notes/", "/news/u/forged", here.links.unsubscribe_path(claims),
             here.links.preferences_path(claims)]  # fmt: skip
    for page in start:
        text = browser.get(at(page)).text
        places = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
        assert places
        for place in places:
            assert browser.get(at(place)).status_code == 200, place
    moved = browser.get(at("/news/n/notes"))
    assert (moved.status_code, moved.headers["location"]) == (308, "/news/n/notes/")
    left = browser.post(at(here.links.unsubscribe_path(claims)), data={"List-Unsubscribe": "One-Click"})
    assert left.status_code == 200


def test_no_host_header_gets_into_an_answer(database: Database, now: datetime, tmp_path: Path):
    """Whoever can make a victim's request carry another Host must not lead the victim there."""
    browser = TestClient(create_app(installation(database, now, tmp_path)), follow_redirects=False)
    for path in ("/", "/n/notes", "/n/notes/1", "/n/notes/1/x/", "/n/none/", "/u/x/", "/p/x/"):
        answer = browser.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in f"{answer.headers}{answer.text}", path


LEADS_AWAY = {"/desk/account/provider", "/desk/welcome/{token}/provider"}
"""These POSTs write nothing: they send the browser to the identity provider."""
LONG_FILES = {
    "/desk/p/{label}/readers/do-not-mail/import", "/desk/readers/do-not-mail/import", "/desk/p/{label}/readers/import",
}  # fmt: skip
"""Lists of readers are read where they come in; a turn held as long as that takes would keep others waiting."""


def test_whoever_waits_for_the_writer_waits_where_no_thread_is_needed(database: Database, now: datetime):
    """Else forty who wait in threads take them all, and the one who may write never gets another to go on in.

    A changing route has the request's session, or a turn; a body is read before, so that no slow sender holds one.
    """
    app = create_app(Installation(Settings(_env_file=None, secret_key=SECRET), database, lambda: now))

    def calls(dependant: Dependant) -> list[object]:
        return [dependant.call, *(call for inner in dependant.dependencies for call in calls(inner))]

    changing = [route for route in iter_route_contexts(app.routes) if (route.methods or set()) - SAFE_METHODS]
    assert len(changing) > 40
    turns = {"_turn", "_working"}
    waiting = {
        route.path for route in changing
        if not turns & {getattr(call, "__name__", "") for call in calls(route._effective_route.dependant)}
    }  # fmt: skip
    assert waiting == LEADS_AWAY | LONG_FILES
