"""The page of choices: what a reader may tick, what stays, and what a forwarded link does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

import newsletter.delivery.models  # noqa: F401  # every table is dumped
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.publications import Access
from newsletter.web import problems, readers
from subscribers import evidence, subscriptions
from subscribers.links import ReaderLinks
from subscribers.models import (
    ConsentEvent,
    Format,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from subscribers.suppression import suppress
from tests.subscribers.readers import add_publication, add_reader, dump


@dataclass
class Site:
    """A site with an open weekly and daily, a members' letter and an invited circle."""

    database: Database
    client: TestClient
    links: ReaderLinks
    publications: dict[str, int]
    reader: int = 0
    told: list[int] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.links.preferences_path(LinkClaims(self.publications["weekly"], self.reader, 5))

    def save(self, *take: str, shown: tuple[str, ...] | None = None, act: str = "save", **more: str):
        shown = tuple(self.publications) if shown is None else shown
        data = {
            "act": act, "take": [str(self.publications[name]) for name in take],
            "shown": [str(self.publications[name]) for name in shown], **more,
        }  # fmt: skip
        return self.client.post(self.path, data=data)

    def states(self) -> dict[str, str]:
        names = {number: name for name, number in self.publications.items()}
        with self.database.read() as session:
            rows = session.execute(
                select(Subscription.publication_id, Subscription.state).where(Subscription.subscriber_id == self.reader)
            )
            return {names[row[0]]: row[1].value for row in rows}

    def kinds(self) -> list[str]:
        with self.database.read() as session:
            assert evidence.verify_chain(session, self.reader)
            query = select(ConsentEvent.kind).where(ConsentEvent.subscriber_id == self.reader)
            return list(session.scalars(query.order_by(ConsentEvent.position)))


@pytest.fixture
def site(database: Database, keyring: Keyring, now: datetime) -> Iterator[Site]:
    """Ada reads the weekly and the members' letter."""
    access = {"weekly": Access.OPEN, "daily": Access.OPEN, "members": Access.MEMBERS, "circle": Access.INVITED}
    numbers = {label: add_publication(database, label, now=now, access=access[label]) for label in access}
    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    with TestClient(app) as client:
        made = Site(database, client, ReaderLinks("https://news.example.org", keyring), numbers)
        made.reader = add_reader(
            database, "ada@example.org", numbers["weekly"], numbers["members"], now=now, name="Ada Lovelace"
        )
        app.include_router(
            readers.router(
                database=database, links=made.links, clock=lambda: now,
                on_unsubscribed=lambda _session, delivery, _at: made.told.append(delivery),
            )
        )  # fmt: skip
        yield made


def ticks(page: str) -> list[tuple[str, bool]]:
    """Which newsletters the page shows, and whether each is ticked."""
    boxes = re.findall(
        r'<input type="checkbox"[^>]*?(checked)?(?: disabled)?>.*?class="name"[^>]*>(.*?)<', page, re.DOTALL
    )
    return [(name, bool(checked)) for checked, name in boxes]


def test_the_page_shows_what_one_gets_and_might_get(site: Site):
    """Own and open newsletters, no invitation of others, the address masked, the name not at all."""
    page = site.client.get(site.path).text
    assert ticks(page) == [("Daily", False), ("Members", True), ("Weekly", True)]
    assert "a…a@e…e.org" in page
    assert "ada@example.org" not in page
    assert "Lovelace" not in page


def test_saving_joins_leaves_and_tells(site: Site):
    """One form, what changed above it, the delivery told of its own publication only."""
    page = site.save("daily", "members").text
    assert "You now receive: Daily." in page
    assert "You no longer receive: Weekly." in page
    assert site.states() == {"weekly": "ended", "members": "active", "daily": "active"}
    assert site.kinds() == ["subscribed", "subscribed", "subscribed", "unsubscribed"]
    assert site.told == [5]


def test_saving_twice_changes_nothing_more(site: Site):
    """A reload of the answer posts again."""
    site.save("daily", "members")
    before = dump(site.database)
    assert "Nothing has changed." in site.save("daily", "members").text
    assert dump(site.database) == before


def test_only_an_explicit_tick_brings_a_newsletter_back(site: Site):
    """And the chain says that it was the reader."""
    site.save("members")
    assert site.states()["weekly"] == "ended"
    site.save("members", format="text")
    assert site.states()["weekly"] == "ended"
    site.save("members", "weekly")
    assert site.states()["weekly"] == "active"
    assert site.kinds()[-1] == "resubscribed"


def test_what_was_not_shown_stays(site: Site):
    """A page left open before a newsletter was added must not end it."""
    site.save("weekly", shown=("weekly", "daily"))
    assert site.states() == {"weekly": "active", "members": "active"}


def test_text_is_remembered_and_loses_nothing(site: Site):
    """The choice holds for every newsletter and can be taken back."""
    page = site.save("weekly", "members", format="text").text
    assert "Your wishes hold from the next issue on." in page
    with site.database.read() as session:
        assert session.scalars(select(Subscriber.format)).one() is Format.TEXT
    assert site.states() == {"weekly": "active", "members": "active"}
    assert site.kinds()[-1] == "changed"
    site.save("weekly", "members", format="html")
    with site.database.read() as session:
        assert session.scalars(select(Subscriber.format)).one() is Format.HTML


@pytest.mark.parametrize("unusual", [Format.PDF, Format.NOTICE])
def test_an_unusual_format_survives_saving(site: Site, unusual: Format):
    """It is offered to whoever has it, else the first save would take it away."""
    with site.database.write() as session:
        session.execute(update(Subscriber).values(format=unusual))
    assert f'value="{unusual.value}" checked' in site.client.get(site.path).text
    site.save("weekly", "members", format=unusual.value)
    site.save("weekly", "members")
    with site.database.read() as session:
        assert session.scalars(select(Subscriber.format)).one() is unusual


def test_leaving_everything_is_one_button(site: Site):
    """It ends all, says so, and is gone when there is nothing left."""
    page = site.save(act="leave-all").text
    assert "You no longer receive: Members and Weekly." in page
    assert 'value="leave-all"' not in page
    assert set(site.states().values()) == {"ended"}
    assert site.told == [5]


def test_a_pause_outlives_saving(site: Site, now: datetime):
    """A paused newsletter is ticked and stays paused."""
    until = now + timedelta(days=10)
    with site.database.write() as session:
        session.execute(update(Subscription).values(state=SubscriptionState.PAUSED, paused_until=until))
    page = site.client.get(site.path).text
    assert "Paused until 14 March 2026" in page
    site.save("weekly", "members")
    assert site.states() == {"weekly": "paused", "members": "paused"}


def test_what_the_team_ended_is_not_taken_up_again(site: Site, now: datetime):
    """A membership that ran out, or that the team ended, is not the reader's to resume; nor is the circle to join."""
    with site.database.write() as session:
        subscriptions.unsubscribe(session, site.reader, site.publications["members"], now=now, reason="lapsed")
    assert ticks(site.client.get(site.path).text) == [("Daily", False), ("Weekly", True)]
    site.save("weekly", "members", "circle")
    assert site.states() == {"weekly": "active", "members": "ended"}


def test_a_suppressed_address_can_leave_but_not_join(site: Site, now: datetime):
    """The page does not promise what will not come, and a tick lifts no suppression."""
    with site.database.write() as session:
        suppress(session, "ada@example.org", reason=SuppressionReason.COMPLAINT, now=now)
    assert "We do not write to this address" in site.client.get(site.path).text
    site.save("daily", "members")
    assert site.states() == {"weekly": "ended", "members": "active"}


@pytest.mark.parametrize(("reader", "publication", "title"), [
    ("de", "en", "Was Sie erhalten"), ("", "de", "Was Sie erhalten"), ("en", "de", "What you receive"),
    ("de-AT", "en", "Was Sie erhalten"), ("fr", "de", "What you receive"),
])  # fmt: skip
def test_the_page_speaks_the_readers_language(site: Site, now: datetime, reader: str, publication: str, title: str):
    """Else the publication's."""
    weekly = add_publication(site.database, "wochenblatt", now=now, language=publication)
    person = add_reader(site.database, "eva@example.org", weekly, now=now, language=reader)
    for path in (
        site.links.preferences_path(LinkClaims(weekly, person)), site.links.unsubscribe_path(LinkClaims(weekly, person))
    ):  # fmt: skip
        page = site.client.get(path).text
        assert f'<html lang="{"de" if title.startswith("Was") else "en"}"' in page
    assert title in site.client.get(site.links.preferences_path(LinkClaims(weekly, person))).text


@pytest.mark.parametrize("data", [
    {"act": "save", "format": "braille"}, {"act": "save", "take": "1; drop"}, {"act": "save", "shown": "-1"},
    {"act": "save", "shown": "9" * 40}, {"act": "save", "take": "٣"},
])  # fmt: skip
def test_a_tampered_form_changes_nothing(site: Site, data: dict[str, str]):
    """400 and a page that says what to do."""
    before = dump(site.database)
    answer = site.client.post(site.path, data=data)
    assert answer.status_code == 400
    assert "<h1>" in answer.text
    assert dump(site.database) == before


def test_names_are_shown_as_text(site: Site, now: datetime):
    """A publication called <script> is a name."""
    wild = add_publication(site.database, "wild", now=now, name="<script>alert(1)</script> & more")
    person = add_reader(site.database, "eva@example.org", wild, now=now)
    for path in (
        site.links.preferences_path(LinkClaims(wild, person)), site.links.unsubscribe_path(LinkClaims(wild, person))
    ):  # fmt: skip
        page = site.client.get(path).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_a_program_gets_its_errors_as_json(site: Site):
    """By Accept, with the same words."""
    answer = site.client.get("/p/forged", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "This link is not valid.")


def test_the_stylesheet_may_be_cached(site: Site):
    """It is the same for everybody."""
    answer = site.client.get("/readers.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age" in answer.headers["cache-control"]
