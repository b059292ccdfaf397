"""Leaving by link: what mail programs, scanners and forgers send, and what may come of it (RFC 8058)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import newsletter.delivery.models  # noqa: F401  # every table is dumped
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring, LinkClaims, Purpose
from newsletter.web import problems, readers
from subscribers import evidence
from subscribers.links import ReaderLinks
from subscribers.models import ConsentEvent, Subscription, SubscriptionState
from tests.subscribers.readers import add_publication, add_reader, dump

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Desk:
    """A running site with one reader of two publications."""

    database: Database
    client: TestClient
    links: ReaderLinks
    weekly: int
    daily: int
    ada: int
    told: list[tuple[int, datetime]] = field(default_factory=list)

    def path(self, **changes: int) -> str:
        claims = LinkClaims(**{"publication_id": self.weekly, "subscriber_id": self.ada, "delivery_id": 7, **changes})
        return self.links.unsubscribe_path(claims)

    def states(self) -> dict[int, str]:
        with self.database.read() as session:
            rows = session.execute(
                select(Subscription.publication_id, Subscription.state).where(Subscription.subscriber_id == self.ada)
            )
            return {row[0]: row[1].value for row in rows}


@pytest.fixture
def desk(database: Database, keyring: Keyring, now: datetime) -> Iterator[Desk]:
    """A site on each database, and Ada, who reads the weekly and the daily."""
    weekly = add_publication(database, "weekly", now=now)
    daily = add_publication(database, "daily", now=now)
    ada = add_reader(database, "ada@example.org", weekly, daily, now=now, name="Ada Lovelace")
    links = ReaderLinks("https://news.example.org", keyring)
    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    with TestClient(app, base_url="https://news.example.org", follow_redirects=False) as client:
        made = Desk(database, client, links, weekly, daily, ada)
        app.include_router(
            readers.router(
                database=database, links=links, clock=lambda: now,
                on_unsubscribed=lambda _session, delivery, at: made.told.append((delivery, at)),
            )
        )  # fmt: skip
        client.headers.clear()
        yield made


def test_a_mail_program_unsubscribes_with_one_post(desk: Desk, now: datetime):
    """No cookie, no token, no Accept: 200 directly, that publication alone, and the delivery is told."""
    answer = desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 200
    assert answer.text == "You are unsubscribed from Weekly.\n"
    assert answer.headers["content-type"].startswith("text/plain")
    assert desk.states() == {desk.weekly: "ended", desk.daily: "active"}
    assert desk.told == [(7, now)]


def test_a_multipart_one_click_body_counts_as_well(desk: Desk):
    """RFC 8058 §3.1 names both encodings."""
    answer = desk.client.post(desk.path(), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert desk.states()[desk.weekly] == "ended"


def test_a_one_click_body_without_content_type_counts_as_well(desk: Desk):
    """A reader who wants to leave does not pay for a careless mail program."""
    assert desk.client.post(desk.path(), content=ONE_CLICK).status_code == 200
    assert desk.states()[desk.weekly] == "ended"


def test_unsubscribing_again_answers_the_same_and_writes_nothing(desk: Desk):
    """Idempotent: one end, one event, one word to the delivery."""
    first = desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM)
    before = dump(desk.database)
    again = desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert dump(desk.database) == before
    assert len(desk.told) == 1


SCANNERS: list[dict[str, str]] = [
    {}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"User-Agent": "LinkScanner"}, FORM,
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(desk: Desk, method: str):
    """Every byte of the database is the same before and after, on both pages, whoever looks."""
    claims = LinkClaims(desk.weekly, desk.ada, 7)
    before = dump(desk.database)
    for path in (desk.links.unsubscribe_path(claims), desk.links.preferences_path(claims)):
        for headers in SCANNERS:
            url = path + "?List-Unsubscribe=One-Click&act=leave-all"
            assert desk.client.request(method, url, headers=headers).status_code in {200, 204}
    assert dump(desk.database) == before
    assert desk.told == []


@pytest.mark.parametrize(
    "body", ["", "act=look", "List-Unsubscribe=Two-Clicks", "One-Click", "list=1", "List-Unsubscribe="]
)
def test_a_post_that_says_nothing_shows_the_page(desk: Desk, body: str):
    """Without the one-click body or the page's own button nothing happens."""
    before = dump(desk.database)
    answer = desk.client.post(desk.path(), content=body, headers=FORM)
    assert answer.status_code == 200
    assert 'value="leave"' in answer.text
    assert dump(desk.database) == before


def test_the_pages_own_button_unsubscribes_and_says_so(desk: Desk):
    """The visible way does the same as the one-click."""
    page = desk.client.get(desk.path())
    assert "a…a@e…e.org" in page.text
    assert "ada@example.org" not in page.text
    assert "Lovelace" not in page.text
    answer = desk.client.post(desk.path(), data={"act": "leave"})
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert desk.states()[desk.weekly] == "ended"
    assert "You do not receive this newsletter" in desk.client.get(desk.path()).text


def test_the_end_is_in_the_consent_chain(desk: Desk, now: datetime):
    """What happened, why and from which delivery is sealed."""
    desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM)
    with desk.database.read() as session:
        event = session.scalars(select(ConsentEvent).order_by(ConsentEvent.position.desc())).first()
        assert event is not None
        assert (event.kind, event.publication_id, event.at) == ("unsubscribed", desk.weekly, now)
        assert '"delivery":7' in (event.payload or "")
        assert evidence.verify_chain(session, desk.ada)


def test_other_links_are_one_and_the_same_page(desk: Desk, keyring: Keyring):
    """Forged, cut, swapped, other purpose, unknown reader, unknown publication: no difference shows."""
    good = desk.path().removeprefix("/u/")
    claims = LinkClaims(desk.weekly, desk.ada, 7)
    wrong = [
        "x", good[:-1], good + "A", good[:-1] + ("A" if good[-1] != "A" else "B"), good[::-1], "é" * 36,
        keyring.link(Purpose.PREFERENCES, claims), keyring.link(Purpose.READ, claims),
        Keyring(["a secret of somebody else's"]).link(Purpose.UNSUBSCRIBE, claims),
        keyring.link(Purpose.UNSUBSCRIBE, LinkClaims(desk.weekly, desk.ada + 99, 7)),
        keyring.link(Purpose.UNSUBSCRIBE, LinkClaims(desk.weekly + 99, desk.ada, 7)),
    ]  # fmt: skip
    before = dump(desk.database)
    answers = {
        (answer.status_code, answer.content, tuple(sorted(answer.headers.items())))
        for token in wrong
        for answer in (
            desk.client.get(f"/u/{token}"),
            desk.client.post(f"/u/{token}", content=ONE_CLICK, headers=FORM),
        )
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert desk.client.get(f"/p/{good}").status_code == 404
    assert dump(desk.database) == before


@given(
    token=st.one_of(
        st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text.strip(".")),
        st.binary(min_size=27, max_size=27).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    ),
    place=st.sampled_from(["u", "p"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_invented_token_changes_anything(desk: Desk, token: str, place: str):
    """A million tries at forging end on the one page."""
    answer = desk.client.post(f"/{place}/{quote(token)}", content=ONE_CLICK + "&act=leave-all", headers=FORM)
    assert answer.status_code in {404, 405}
    assert desk.states() == {desk.weekly: "active", desk.daily: "active"}


def test_every_answer_keeps_the_link_to_itself(desk: Desk):
    """No referrer, no cache, no index, no foreign resource, no frame, no script: on good and bad answers alike."""
    answers = [
        desk.client.get(desk.path()),
        desk.client.get("/u/forged"),
        desk.client.post(desk.path(), content=b"\xff=\xff", headers=FORM),
        desk.client.options(desk.path()),
        desk.client.put(desk.path()),
        desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM),
        desk.client.post(desk.path(), data={"act": "leave"}),
    ]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"\xff\xfe=1", FORM["Content-Type"], 400),
        (b"a=%ff", FORM["Content-Type"], 400),
        (b"a=%00", FORM["Content-Type"], 400),
        (b"\x00=\x00", FORM["Content-Type"], 400),
        (b"&".join([b"a=1"] * 1_100), FORM["Content-Type"], 400),
        (b"a" * 33_000, FORM["Content-Type"], 413),
        (b"nothing like it", "multipart/form-data", 400),
        (b"nothing like it", "multipart/form-data; boundary=x", 400),
        (b'--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n', "multipart/form-data; boundary=x", 400),
        (b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n--x--\r\n',
         "multipart/form-data; boundary=x", 400),
    ],
)  # fmt: skip
def test_a_broken_form_gets_a_clear_page(desk: Desk, content: bytes, kind: str, status: int):
    """Never a 500, and nothing changes."""
    before = dump(desk.database)
    answer = desk.client.post(desk.path(), content=content, headers={"Content-Type": kind, "Accept": "text/html"})
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert dump(desk.database) == before


@given(content=st.binary(max_size=300), kind=st.sampled_from([FORM["Content-Type"], "multipart/form-data; boundary=x"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_ever_an_error_of_ours(desk: Desk, content: bytes, kind: str):
    """Whatever is posted gets an answer below 500."""
    assert desk.client.post(desk.path(), content=content, headers={"Content-Type": kind}).status_code in {200, 400}


def test_ten_clicks_at_once_are_one_unsubscribe(desk: Desk):
    """The database is the referee: one event, an unbroken chain."""
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: desk.client.post(desk.path(), content=ONE_CLICK, headers=FORM), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(desk.told) == 1
    with desk.database.read() as session:
        kinds = session.scalars(select(ConsentEvent.kind).where(ConsentEvent.subscriber_id == desk.ada)).all()
        assert sorted(kinds) == ["subscribed", "subscribed", "unsubscribed"]
        assert evidence.verify_chain(session, desk.ada)


def test_a_failing_bookkeeper_leaves_the_reader_subscribed_and_says_so(desk: Desk, now: datetime):
    """One request, one transaction: an answer of 200 means that everything is on record."""

    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    app.include_router(
        readers.router(database=desk.database, links=desk.links, clock=lambda: now, on_unsubscribed=fail)
    )
    answer = TestClient(app, raise_server_exceptions=False).post(desk.path(), content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 500
    assert "disk" not in answer.text
    assert desk.states()[desk.weekly] == SubscriptionState.ACTIVE
