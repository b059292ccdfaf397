"""Merging: two rows turn out to be one person; what both agreed to stays provable, and a no of either wins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, literal, select, update
from sqlalchemy.orm import Session, aliased

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput, Conflict
from newsletter.notices import Notice
from subscribers import evidence, suppression, wishes
from subscribers.attributes import FieldValue, TagMark
from subscribers.models import (
    MailedLink,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.search_keys import name_keys

MERGED_KEY = "merged:"
"""Begins the key of whoever was merged, with the row's number: no address, and unlike every other."""
OF_THE_MAILBOX = frozenset({SuppressionReason.DEAD_MAILBOX, SuppressionReason.BOUNCING, SuppressionReason.MERGED})
"""Say something about an address and nothing about what its owner wants."""


def merge(session: Session, kept_id: int, other_id: int, *, by: str, now: datetime) -> None:
    """Make the *other* row part of the *kept* person.

    A subscription that only the other has goes over as it is; where both have one, the kept one stands. If either asked
    not to be written to, neither address is. The other's consent chain ends with a word of where it went, and the kept
    one seals its head. Raises ``NotFound``, ``Conflict`` for a row that was erased or merged, ``BadInput`` for itself.
    """
    if kept_id == other_id:
        raise BadInput(N_("That is the same reader."))
    for reader in sorted((kept_id, other_id)):
        evidence.hold_chain(session, reader)
    kept, other = (session.get_one(Subscriber, each, populate_existing=True) for each in (kept_id, other_id))
    if any("@" not in each.address_key for each in (kept, other)):
        raise Conflict(N_("One of the two was erased or merged already."))
    source, address, key = f"desk: {by}", other.address, other.address_key
    evidence.record(
        session, other_id, kind="merged", at=now, publication_id=None, payload={"into": kept_id, "source": source}
    )
    head = session.scalars(select(Subscriber.chain_head).where(Subscriber.id == other_id)).one()
    _join_subscriptions(session, kept_id, other_id)
    _join_notes(session, kept_id, other_id)
    session.execute(delete(MailedLink).where(MailedLink.subscriber_id == other_id))
    wishes.forget(session, key)  # pressed once more, an old button would make the other row anew
    session.execute(update(Notice).where(Notice.subscriber_id == other_id).values(subscriber_id=kept_id))
    _heed(session, kept.address_key, kept.address, key, address, now=now)
    name = kept.name or other.name
    filled = {"name": name, "language": kept.language or other.language, **name_keys(name)}
    session.execute(update(Subscriber).where(Subscriber.merged_into == other_id).values(merged_into=kept_id))
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == other_id)
        .values(
            address_key=f"{MERGED_KEY}{other_id}", merged_into=kept_id, name="", domain="", name_key="", surname_key=""
        )
    )
    session.execute(update(Subscriber).where(Subscriber.id == kept_id).values(**filled))
    evidence.record(
        session, kept_id, kind="merged", at=now, publication_id=None,
        payload={"reader": other_id, "address": address, "head": head, "source": source},
    )  # fmt: skip
    record(session, at=now, actor=by, deed="reader.merge", subject=f"subscriber:{kept_id}", other=other_id)
    session.expire_all()


def alike(session: Session, person: Subscriber, publication_id: int | None, *, most: int = 5) -> list[Subscriber]:
    """Return readers of the same name, who may be the same person."""
    if not person.name_key:
        return []
    query = select(Subscriber).where(Subscriber.name_key == person.name_key, Subscriber.id != person.id)
    if publication_id is not None:
        tie = exists().where(Subscription.subscriber_id == Subscriber.id, Subscription.publication_id == publication_id)
        query = query.where(tie)
    return list(session.scalars(query.order_by(Subscriber.id).limit(most)))


def followed(session: Session, subscriber_id: int) -> Subscriber | None:
    """Return who a row stands for now: the person it was merged into, else itself; None if there is none."""
    found = session.get(Subscriber, subscriber_id)
    if found is not None and found.merged_into is not None:
        found = session.get(Subscriber, found.merged_into)
    return found


def _join_subscriptions(session: Session, kept_id: int, other_id: int) -> None:
    """Hand over what only the other has; a sign-up that was never confirmed gives way."""
    theirs = aliased(Subscription)
    both = exists().where(theirs.subscriber_id == other_id, theirs.publication_id == Subscription.publication_id)
    session.execute(
        delete(Subscription)
        .where(Subscription.subscriber_id == kept_id, Subscription.state == SubscriptionState.PENDING, both)
        .execution_options(synchronize_session=False)
    )
    of_other = Subscription.subscriber_id == other_id
    known = list(session.scalars(select(Subscription.publication_id).where(Subscription.subscriber_id == kept_id)))
    session.execute(delete(Subscription).where(of_other, Subscription.publication_id.in_(known)))
    session.execute(update(Subscription).where(of_other).values(subscriber_id=kept_id))


def _join_notes(session: Session, kept_id: int, other_id: int) -> None:
    """Put the other's tags and field values beside the kept one's, which stand where both have one."""
    insert = insert_for(session)
    marks = select(TagMark.tag_id, literal(kept_id)).where(TagMark.subscriber_id == other_id)
    session.execute(
        insert(TagMark).from_select(["tag_id", "subscriber_id"], marks, include_defaults=False)
        .on_conflict_do_nothing()
    )  # fmt: skip
    columns = [FieldValue.field_id, FieldValue.shown, FieldValue.key, FieldValue.number, FieldValue.day]
    values = select(*columns, literal(kept_id)).where(FieldValue.subscriber_id == other_id)
    names = [*(column.key for column in columns), "subscriber_id"]
    session.execute(insert(FieldValue).from_select(names, values, include_defaults=False).on_conflict_do_nothing())
    for table in (TagMark, FieldValue):
        session.execute(delete(table).where(table.subscriber_id == other_id))


def _heed(session: Session, kept_key: str, kept_address: str, key: str, address: str, *, now: datetime) -> None:
    """Let what the person asked for under either address hold for both, and write to the other one no more."""
    said = {
        row.address_key: row
        for row in session.scalars(select(Suppression).where(Suppression.address_key.in_([kept_key, key])))
    }
    wish = next((row for row in said.values() if row.reason not in OF_THE_MAILBOX), None)
    if wish is not None and kept_key in said and said[kept_key].reason in OF_THE_MAILBOX:
        session.execute(
            update(Suppression).where(Suppression.address_key == kept_key)
            .values(reason=wish.reason, details=wish.details)
        )  # fmt: skip
    elif wish is not None:
        suppression.suppress(session, kept_address, reason=wish.reason, now=now, details=wish.details)
    suppression.suppress(session, address, reason=wish.reason if wish else SuppressionReason.MERGED, now=now)
