"""Problems: what an error says is text and nothing else, in the language of whoever reads it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from newsletter.app import create_app
from newsletter.kit.catalogue import Sentence, words
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, DeskError, NotPermitted
from newsletter.web import problems
from tests.web.desk import desk_installation

EVIL = "<img src=x onerror=alert(1)> 100 % {{ 7*7 }}"
PAST = "%(when)s is past; name a time to come, or none to send at once."


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The application, over a database that no error asks."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('problems') / 'none.db'}")
    return create_app(desk_installation(database, datetime(2026, 3, 4, tzinfo=UTC)))


def answered(app: FastAPI, error: DeskError, path: str, **headers: str) -> str:
    """What the page at *path* shows after *error*."""

    def fail() -> None:
        raise error

    path = f"{path}/{secrets.token_hex(4)}"
    app.add_api_route(path, fail)
    answer = TestClient(app).get(path, headers={"accept": "text/html", **headers})
    assert answer.status_code == problems.status_of(error)
    return answer.text


@pytest.mark.parametrize("path", ["/desk/somewhere", "/somewhere"])
@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
def test_what_somebody_typed_stays_text(app: FastAPI, path: str, headers: dict[str, str]):
    """An error that quotes a value brings no markup to a page, and a percent sign is one."""
    for error in (BadInput(f"{EVIL} is no time."), Conflict(Sentence(PAST, when=EVIL))):
        html = answered(app, error, path, **headers)
        assert "<img" not in html
        assert "&lt;img src=x onerror=alert(1)&gt; 100 % {{ 7*7 }}" in html


@pytest.mark.parametrize("path", ["/desk/somewhere", "/somewhere"])
def test_an_error_is_told_in_the_browsers_language(app: FastAPI, path: str):
    """With its title; what is for the command line alone is not among it."""
    html = answered(app, NotPermitted(), path, **{"accept-language": "de"})
    assert "Ihre Rolle erlaubt das nicht" in html
    hinted = Conflict("It is out already.", hint="`newsletter issue list` shows it.")
    assert str(hinted) == "It is out already. `newsletter issue list` shows it."
    assert "newsletter issue" not in answered(app, hinted, path)


def test_a_sentence_takes_its_moments_and_counts_to_every_language():
    """In English it reads as the command line has always said it; at the desk on the newsletter's clocks."""
    at = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    said = Sentence(PAST, when=at)
    assert str(said) == "2026-03-04 09:00 UTC is past; name a time to come, or none to send at once."
    assert words("de").said(said, ZoneInfo("Europe/Berlin")).startswith("4. März 2026, 10:00 ist vorbei")
    assert words("de")(said).startswith("4. März 2026, 09:00 UTC ist vorbei")
    within = Sentence("The sending is %(state)s, not paused.", state=Sentence("finished"))
    assert words("de")(within) == "Der Versand ist fertig, nicht angehalten."
    rows = Sentence("%(count)s: %(rows)s", count=12000, rows=(Sentence("finished"), Sentence("missed")))
    assert (str(rows), words("de")(rows)) == ("12,000: finished; missed", "12.000: fertig; versäumt")
