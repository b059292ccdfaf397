"""Merging: two rows become one person, with everything that was agreed to still provable."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, update

from newsletter.delivery import dossier, merging, timeline
from newsletter.delivery.models import Delivery
from newsletter.delivery.planning import Order, start
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.states import DeliveryState, DispatchKind, Variant
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.publications import Publication
from newsletter.web.readers.leaving import whose
from subscribers import erasure, evidence, own_fields, record, searching, subscriptions, suppression, tagging, wishes
from subscribers.attributes import FieldKind
from subscribers.models import ConsentEvent, Subscriber, Subscription, SubscriptionState, SuppressionReason, Wish
from subscribers.searching import Question
from tests.subscribers.readers import add_publication, add_reader

OLD, NEW = "ada@old.example", "ada@new.example"


class Two:
    """Ada at an old and at a new address: three newsletters, a tag and a field value each."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.both, self.only_old, self.left = (
            add_publication(database, each, now=now) for each in ("both", "old", "left")
        )
        self.old = add_reader(database, OLD, self.both, self.only_old, self.left, now=now, name="Ada L.", language="de")
        self.new = add_reader(database, NEW, self.both, self.left, now=now)
        with database.write() as session:
            subscriptions.unsubscribe(session, self.new, self.left, now=now, reason="page")
            self.field = own_fields.add(session, "Town", FieldKind.TEXT, by="tests", now=now).id
            for reader, word in ((self.old, "Bonn"), (self.new, "Köln")):
                tagging.put(session, tagging.ensure(session, word, now=now).id, [reader])
                own_fields.put(
                    session, self.field, [(reader, own_fields.read_value(own_fields.get(session, self.field), word))]
                )

    def merge(self) -> None:
        """Make the old row part of the new one."""
        with self.database.write() as session:
            merging.merge(session, self.new, self.old, by="ada", now=self.now)

    def states(self) -> dict[int, SubscriptionState]:
        """How the one person's subscriptions stand."""
        with self.database.read() as session:
            rows = session.execute(
                select(Subscription.publication_id, Subscription.state, Subscription.subscriber_id)
            ).all()
        assert {row.subscriber_id for row in rows} == {self.new}
        return {row.publication_id: row.state for row in rows}


@pytest.fixture
def two(database: Database, now: datetime) -> Two:
    """The two rows."""
    return Two(database, now)


def test_an_old_button_does_not_make_the_other_row_anew(two: Two):
    """The mail that asked the other address leads nowhere any more."""
    with two.database.write() as session:
        wishes.invite(session, session.get_one(Publication, two.both), OLD, by="tests", now=two.now)
    two.merge()
    with two.database.read() as session:
        assert session.scalars(select(Wish)).all() == []


def test_two_become_one_and_a_no_stays_a_no(two: Two):
    """What only the other has goes over, what was left stays left, and what the team noted is together."""
    two.merge()
    assert two.states() == {
        two.both: SubscriptionState.ACTIVE, two.only_old: SubscriptionState.ACTIVE, two.left: SubscriptionState.ENDED,
    }  # fmt: skip
    with two.database.read() as session:
        person = session.get_one(Subscriber, two.new)
        assert (person.name, person.language, person.address) == ("Ada L.", "de", NEW)
        assert [tag.name for tag in tagging.of_reader(session, two.new)] == ["Bonn", "Köln"]
        assert own_fields.shown_of(session, two.new) == {"Town": "Köln"}
        for words in ("", OLD, "ada"):
            found, _ = searching.search(session, Question(None, words))
            assert [each.address for each in found] == ([] if words == OLD else [NEW])
        assert suppression.reason_for(session, OLD) is SuppressionReason.MERGED
        assert suppression.reason_for(session, NEW) is None
        who, _ = whose(session, LinkClaims(two.both, two.old, 0))
        assert who.id == two.new


def test_the_evidence_of_both_is_kept_and_verifies(two: Two):
    """The record shows both chains; a change in either breaks it."""
    with two.database.read() as session:
        before = len(record.consent_record(session, two.old)) + len(record.consent_record(session, two.new))
    two.merge()
    with two.database.read() as session:
        proofs = record.consent_record(session, two.new)
        assert len(proofs) == before + 2
        assert {proof.of for proof in proofs} == {0, two.old}
        assert evidence.verify_chain(session, two.new)
        whole = dossier.dossier(session, two.new, now=two.now)
        assert whole["consent_record"]["verifies"]
        assert OLD in str(whole)
        moments, _ = timeline.timeline(session, two.new, seen=None)
        assert len(moments) == len(proofs)
    for damage in ({"hash": "0" * 64}, {"payload": "{}"}):
        with two.database.engine.connect() as connection:
            first = select(ConsentEvent.id).where(ConsentEvent.subscriber_id == two.old).limit(1).scalar_subquery()
            connection.execute(update(ConsentEvent).where(ConsentEvent.id == first).values(**damage))
            with two.database._reads(bind=connection) as session:
                assert not evidence.verify_chain(session, two.new)
            connection.rollback()
    with two.database.write() as session:  # another chain in its place, sound in itself
        session.execute(update(Subscriber).where(Subscriber.id == two.old).values(chain_head=""))
        assert not evidence.verify_chain(session, two.new)


@pytest.mark.parametrize("at", [OLD, NEW])
@pytest.mark.parametrize(
    "reason", [SuppressionReason.REQUEST, SuppressionReason.COMPLAINT, SuppressionReason.DEAD_MAILBOX]
)
def test_whoever_asked_for_no_mail_gets_none(two: Two, at: str, reason: SuppressionReason):
    """Under either address; a dead mailbox says nothing about the other."""
    with two.database.write() as session:
        suppression.suppress(session, at, reason=reason, now=two.now)
    two.merge()
    with two.database.read() as session:
        about_the_box = reason is SuppressionReason.DEAD_MAILBOX
        assert suppression.reason_for(session, NEW) == (None if about_the_box and at == OLD else reason)
        assert suppression.reason_for(session, OLD) is not None


def test_an_erasure_forgets_both(two: Two, keyring: Keyring):
    """No address of either is left, and no import brings one back."""
    two.merge()
    with two.database.write() as session:
        erasure.erase(session, two.new, keyring=keyring, now=two.now, source="tests")
        assert suppression.keys_suppressed(session, [OLD, NEW], keyring=keyring) == {OLD, NEW}
        assert set(session.scalars(select(Subscriber.address))) == {""}
        assert not session.scalars(select(ConsentEvent.id).where(ConsentEvent.payload.contains("ada@"))).all()
        assert evidence.verify_chain(session, two.new)


def test_what_waits_goes_out_once(two: Two):
    """A sending that both were planned for reaches the one address that is left, and only once."""
    with two.database.write() as session:
        for key, readers in (("a", (two.old, two.new)), ("b", (two.old,))):
            order = Order(key, DispatchKind.ISSUE, two.both, "catcher", "tests", two.now)
            dispatch = start(session, order, now=two.now)
            for reader in readers:
                address = OLD if reader == two.old else NEW
                session.execute(DELIVERIES.insert().values(
                    dispatch_id=dispatch.id, subscriber_id=reader, recipient_key=address, address=address, domain="x",
                    variant=Variant.HTML, state=DeliveryState.PLANNED, not_before=two.now, name="", language="", stage=0,
                    attempts=0, uncertain=0, owner="", enhanced="", reply="", route="",
                ))  # fmt: skip
    two.merge()
    with two.database.read() as session:
        rows = session.execute(
            select(Delivery.dispatch_id, Delivery.address, Delivery.state, Delivery.subscriber_id)
        ).all()
    waiting = [(row.dispatch_id, row.address) for row in rows if row.state is DeliveryState.PLANNED]
    assert waiting == [(1, NEW), (2, NEW)]
    assert {row.subscriber_id for row in rows} == {two.new}


def test_nobody_is_merged_twice_or_with_themselves(two: Two):
    """The second time there is only one left."""
    two.merge()
    with two.database.write() as session:
        for kept, other, error in (
            (two.new, two.new, BadInput),
            (two.new, two.old, Conflict),
            (two.old, two.new, Conflict),
        ):
            with pytest.raises(error):
                merging.merge(session, kept, other, by="ada", now=two.now)
