"""Subscriptions and their evidence: who may do what, and that nobody can change it afterwards unnoticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import delete, func, select, update

from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, BadToken, Conflict, NotFound
from newsletter.kit.settings import HEADER_URI_LIMIT
from newsletter.kit.tokens import Keyring, LinkClaims
from subscribers import choices, subscriptions
from subscribers.evidence import verify_chain
from subscribers.links import ReaderLinks
from subscribers.models import ConsentBasis, ConsentEvent, Format, Subscription, SubscriptionState, SuppressionReason
from subscribers.suppression import is_suppressed, keys_suppressed, suppress
from tests.subscribers.readers import add_publication, add_reader


@pytest.fixture
def weekly(database: Database, now: datetime) -> int:
    """A publication."""
    return add_publication(database, "weekly", now=now)


@pytest.fixture
def ada(database: Database, weekly: int, now: datetime) -> int:
    """A reader of it."""
    return add_reader(database, "Ada@Example.org", weekly, now=now)


def test_two_spellings_are_one_person(database: Database, ada: int, now: datetime):
    """The first spelling stands."""
    assert add_reader(database, "ada@example.ORG", now=now) == ada


def test_subscribing_again_changes_nothing(database: Database, ada: int, weekly: int, now: datetime):
    """And only the reader's own hand undoes an end."""
    grounds = {"now": now, "basis": ConsentBasis.CONTRACT, "source": "team"}
    with database.write() as session:
        assert not subscriptions.subscribe(session, ada, weekly, **grounds)
        assert not subscriptions.resubscribe(session, ada, weekly, now=now, source="preferences")
        assert subscriptions.unsubscribe(session, ada, weekly, now=now, reason="page")
        with pytest.raises(Conflict, match="only the reader"):
            subscriptions.subscribe(session, ada, weekly, **grounds)
        assert subscriptions.resubscribe(session, ada, weekly, now=now, source="preferences")
        assert verify_chain(session, ada)
        tie = session.scalars(select(Subscription)).one()
        assert (tie.state, tie.ended_at, tie.end_reason) == (SubscriptionState.ACTIVE, None, "")


def test_a_pending_subscription_is_confirmed(database: Database, ada: int, weekly: int, now: datetime):
    """The event says so."""
    with database.write() as session:
        session.execute(update(Subscription).values(state=SubscriptionState.PENDING))
        assert subscriptions.subscribe(
            session, ada, weekly, now=now, basis=ConsentBasis.DOUBLE_OPT_IN, source="confirmation"
        )
        newest = select(ConsentEvent.kind).order_by(ConsentEvent.position.desc()).limit(1)
        assert session.scalar(newest) == "confirmed"


def test_nobody_unknown_is_unsubscribed(database: Database, weekly: int, now: datetime):
    """NotFound, and a person without the subscription is no news."""
    stranger = add_reader(database, "bob@example.org", now=now)
    with database.write() as session:
        assert not subscriptions.unsubscribe(session, stranger, weekly, now=now, reason="page")
        with pytest.raises(NotFound):
            subscriptions.unsubscribe(session, 999, weekly, now=now, reason="page")


@pytest.mark.parametrize(
    "tampering",
    [
        update(ConsentEvent).where(ConsentEvent.position == 2).values(payload='{"basis":"contract"}'),
        update(ConsentEvent).where(ConsentEvent.position == 2).values(kind="resubscribed"),
        update(ConsentEvent).where(ConsentEvent.position == 2).values(publication_id=None),
        update(ConsentEvent).where(ConsentEvent.position == 2).values(salt=None),
        update(ConsentEvent).where(ConsentEvent.position == 1).values(commitment="0" * 64),
        delete(ConsentEvent).where(ConsentEvent.position == 1),
        delete(ConsentEvent).where(ConsentEvent.position == 3),
    ],
)
def test_tampering_shows(database: Database, ada: int, weekly: int, now: datetime, tampering):
    """Whatever is changed or taken away, the chain no longer verifies."""
    with database.write() as session:
        subscriptions.unsubscribe(session, ada, weekly, now=now, reason="page")
        choices.set_format(session, ada, Format.TEXT, now=now, source="tests")
        assert verify_chain(session, ada)
        session.execute(tampering)
        session.expire_all()
        assert not verify_chain(session, ada)


def test_an_erased_payload_leaves_the_chain_whole(database: Database, ada: int):
    """Salt and payload gone, the hashes still follow one another."""
    with database.write() as session:
        session.execute(update(ConsentEvent).values(salt=None, payload=None))
        session.expire_all()
        assert verify_chain(session, ada)


def test_many_hands_do_not_fork_a_chain(database: Database, now: datetime):
    """Eight publications left at once, while the format changes: nine events more, one after the other."""
    publications = [add_publication(database, f"p{number}", now=now) for number in range(8)]
    ada = add_reader(database, "ada@example.org", *publications, now=now)

    def leave(publication_id: int) -> bool:
        with database.write() as session:
            return subscriptions.unsubscribe(session, ada, publication_id, now=now, reason="page")

    def change(_: int) -> bool:
        with database.write() as session:
            return choices.set_format(session, ada, Format.TEXT, now=now, source="tests")

    with ThreadPoolExecutor(8) as threads:
        left = list(threads.map(leave, publications * 2))
        changed = list(threads.map(change, range(4)))
    assert (sum(left), sum(changed)) == (8, 1)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 17
        assert verify_chain(session, ada)


def test_the_first_reason_for_a_suppression_stands(database: Database, now: datetime):
    """Under any spelling; what is no address is refused."""
    with database.write() as session:
        assert suppress(session, "Ada@example.org", reason=SuppressionReason.COMPLAINT, now=now, details="x" * 900)
        assert not suppress(session, "ada@EXAMPLE.org", reason=SuppressionReason.REQUEST, now=now)
        assert is_suppressed(session, "ADA@example.org")
        assert not is_suppressed(session, "bob@example.org")
        many = [f"r{number}@example.org" for number in range(12_000)]
        assert keys_suppressed(session, ["ada@example.org", *many]) == {"ada@example.org"}
        with pytest.raises(BadInput):
            suppress(session, "nobody", reason=SuppressionReason.REQUEST, now=now)


def test_links_say_whose_they_are_and_fit_the_header(keyring: Keyring):
    """Read back by their own purpose alone; 70 octets with a host of ordinary length."""
    links, claims = ReaderLinks("https://news.example.org/", keyring), LinkClaims(3, 70_000, 9_000_000)
    assert len(links.one_click(claims)) <= HEADER_URI_LIMIT
    assert links.one_click(claims) == links.unsubscribe(claims)
    token = links.unsubscribe(claims).removeprefix("https://news.example.org/u/")
    assert links.read_unsubscribe(token) == claims
    with pytest.raises(BadToken):
        links.read_preferences(token)
    chosen = links.preferences(claims).removeprefix("https://news.example.org/p/")
    assert links.read_preferences(chosen) == claims
