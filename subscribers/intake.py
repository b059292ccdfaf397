"""Intake: many readers of one publication at once, the set-based half of ``subscriptions``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from newsletter.kit.bulk import insert_rows
from newsletter.kit.database import insert_for
from subscribers.columns import Entry
from subscribers.evidence import Sealed
from subscribers.grounds import Grounds
from subscribers.import_report import Fate
from subscribers.models import ConsentEvent, Format, Rhythm, Subscriber, Subscription, SubscriptionState
from subscribers.search_keys import domain_key, name_keys
from subscribers.suppression import keys_suppressed

# As tables, not classes: the ORM would walk every value of a hundred thousand rows once more.
SUBSCRIBERS, SUBSCRIPTIONS, EVENTS = (
    cast("Table", kind.__table__) for kind in (Subscriber, Subscription, ConsentEvent)
)


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody whom a row names."""

    id: int
    address_key: str
    name: str
    language: str
    chain_head: str
    state: SubscriptionState | None
    """Of the subscription to the publication that is imported to; None if there never was one."""
    ended_at: datetime | None
    end_reason: str
    valid_until: datetime | None

    @property
    def how_it_ended(self) -> str:
        """Why an ended subscription is not taken up by an import, in a sentence for the report."""
        day = f" on {self.ended_at:%Y-%m-%d}" if self.ended_at else ""
        match self.end_reason:
            case "lapsed":
                return f"The membership ended{day}; an import does not renew it."
            case "team":
                return f"Taken off the list by the team{day}; an import does not undo that."
            case "complaint":
                return f"Marked as spam{day}; only the reader can come back."
            case _:
                return f"Unsubscribed{day}; only the reader can come back."


def take_in(session: Session, entries: Sequence[Entry], *, grounds: Grounds, language: str = "") -> list[Fate]:
    """Subscribe everybody in *entries* (no address twice) who may be; return each row's fate in their order.

    Nobody comes back this way who has left, and no suppressed address is taken. What a reader has chosen stays.
    """
    suppressed = keys_suppressed(session, [entry.key for entry in entries], keyring=grounds.keyring)
    willing = [entry for entry in entries if entry.key not in suppressed]
    added = _add_strangers(session, willing, grounds=grounds, language=language)
    known = [entry for entry in willing if entry.key not in added]
    fates = {entry.line: Fate(entry.line, entry.address, "taken", "; ".join(entry.remarks)) for entry in entries}
    for entry in entries:
        if entry.key in suppressed:
            fates[entry.line] = Fate(entry.line, entry.address, "refused", "This address is on the do-not-mail list.")
    for fate in _join_known(session, known, grounds=grounds):
        fates[fate.line] = fate
    return [fates[entry.line] for entry in entries]


def _add_strangers(session: Session, entries: Sequence[Entry], *, grounds: Grounds, language: str) -> frozenset[str]:
    """Add whoever is not known yet, with subscription and evidence; return their keys."""
    known = _known_keys(session, [entry.key for entry in entries])
    # In the order of keys, so that two imports at once cannot wait for each other.
    strangers = sorted((entry for entry in entries if entry.key not in known), key=lambda entry: entry.key)
    if not strangers:
        return frozenset()
    sealed = {entry.key: grounds.seal(entry, previous_hash="") for entry in strangers}
    rows = [
        {
            "address": entry.address, "address_key": entry.key, "name": entry.name,
            "language": entry.language or language, "format": entry.format or Format.HTML,
            "created_at": grounds.now, "chain_head": sealed[entry.key].hash,
            # Said here, since a column's default costs as much as the rest of the row.
            "domain": domain_key(entry.key), **name_keys(entry.name),
        }
        for entry in strangers
    ]  # fmt: skip
    ids = _add_people(session, rows)
    by_key = {entry.key: entry for entry in strangers}
    _add_subscriptions(session, {id_: by_key[key] for key, id_ in ids.items()}, grounds=grounds)
    _add_events(session, ((id_, 1, sealed[key]) for key, id_ in ids.items()), grounds=grounds)
    return frozenset(ids)


def _add_people(session: Session, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Insert people and return their ids by key; whom somebody else added in the meantime is not among them."""
    if session.get_bind().dialect.name == "sqlite":  # whose one writer nobody can come before
        first = (session.scalar(select(func.max(Subscriber.id))) or 0) + 1
        numbered = [{"id": number, **row} for number, row in enumerate(rows, start=first)]
        insert_rows(session, SUBSCRIBERS, numbered)
        return {row["address_key"]: row["id"] for row in numbered}
    added = session.execute(
        insert_for(session)(SUBSCRIBERS).on_conflict_do_nothing().returning(Subscriber.id, Subscriber.address_key),
        list(rows),
    )
    return {row.address_key: row.id for row in added}


def _join_known(session: Session, entries: Sequence[Entry], *, grounds: Grounds) -> list[Fate]:
    """Subscribe people we know already, unless they have left or read it anyway."""
    if not entries:
        return []
    people = _people(session, [entry.key for entry in entries], grounds.publication_id)
    positions = _positions(session, [person.id for person in people.values()])
    fates, joining, confirmed, completed = [], [], [], []
    for entry in entries:
        person = people[entry.key]
        until = grounds.end_of(entry)
        if person.end_reason == "lapsed" and until is not None and until > grounds.now:
            confirmed.append((entry, person))
            fates.append(Fate(entry.line, entry.address, "merged", f"membership renewed until {entry.last_day}"))
            continue
        if person.state is SubscriptionState.ENDED:
            fates.append(Fate(entry.line, entry.address, "refused", person.how_it_ended))
            continue
        filled = _filled_in(entry, person)
        said = [*entry.remarks, *(["name or language added"] if filled else [])]
        completed += [filled] if filled else []
        match person.state:
            case None:
                joining.append((entry, person))
                reason = "; ".join(["a reader of another newsletter, now also of this one", *said])
                fates.append(Fate(entry.line, entry.address, "taken", reason))
            case SubscriptionState.PENDING:
                confirmed.append((entry, person))
                reason = "; ".join(["had asked to join and is now a reader", *said])
                fates.append(Fate(entry.line, entry.address, "merged", reason))
            case _:
                prolonged = until is not None and until != person.valid_until
                if prolonged:
                    confirmed.append((entry, person))
                    said.append(f"member until {entry.last_day}")
                as_is = "" if filled or prolonged else ", kept as is"
                reason = "; ".join([f"already a reader{as_is}", *said])
                fates.append(Fate(entry.line, entry.address, "merged", reason))
    _complete(session, completed)
    _add_subscriptions(session, {person.id: entry for entry, person in joining}, grounds=grounds)
    _confirm(session, confirmed, grounds=grounds)
    chained = [
        (person.id, positions.get(person.id, 0) + 1, grounds.seal(entry, previous_hash=person.chain_head))
        for entry, person in [*joining, *confirmed]
    ]
    _add_events(session, chained, grounds=grounds)
    _complete(session, [{"id": id_, "chain_head": sealed.hash} for id_, _, sealed in chained])
    return fates


def _known_keys(session: Session, keys: Collection[str]) -> frozenset[str]:
    return frozenset(session.scalars(select(Subscriber.address_key).where(Subscriber.address_key.in_(keys))))


def _people(session: Session, keys: Collection[str], publication_id: int) -> dict[str, Person]:
    """Lock the people with these *keys* and return what is known of them and of their subscription."""
    ids = session.scalars(
        select(Subscriber.id).where(Subscriber.address_key.in_(keys)).order_by(Subscriber.id).with_for_update()
    ).all()
    rows = session.execute(
        select(
            Subscriber.id,
            Subscriber.address_key,
            Subscriber.name, Subscriber.language, Subscriber.chain_head,
            Subscription.state, Subscription.ended_at, func.coalesce(Subscription.end_reason, ""),
            Subscription.valid_until,
        )
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.publication_id == publication_id),
        )
        .where(Subscriber.id.in_(ids))
    )  # fmt: skip
    return {row.address_key: Person(*row) for row in rows}


def _positions(session: Session, ids: Collection[int]) -> dict[int, int]:
    rows = session.execute(
        select(ConsentEvent.subscriber_id, func.max(ConsentEvent.position))
        .where(ConsentEvent.subscriber_id.in_(ids))
        .group_by(ConsentEvent.subscriber_id)
    )
    return {row[0]: row[1] for row in rows}


def _filled_in(entry: Entry, person: Person) -> dict[str, object]:
    """What the file knows and we do not; what is there stays, since the reader may have set it."""
    filled: dict[str, object] = {}
    if entry.name and not person.name:
        filled["name"] = entry.name
    if entry.language and not person.language:
        filled["language"] = entry.language
    if not filled:
        return {}
    name = entry.name if "name" in filled else person.name
    return {"id": person.id, "name": name, "language": person.language, **filled, **name_keys(name)}


def _complete(session: Session, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        session.execute(update(Subscriber), list(rows))  # by primary key, in bulk


def _confirm(session: Session, confirmed: Sequence[tuple[Entry, Person]], *, grounds: Grounds) -> None:
    """Let the waiting and the lapsed begin, and give members their new last day; who reads or pauses goes on."""
    starting = [
        person.id for _, person in confirmed if person.state in {SubscriptionState.PENDING, SubscriptionState.ENDED}
    ]
    here = Subscription.publication_id == grounds.publication_id
    session.execute(
        update(Subscription)
        .where(here, Subscription.subscriber_id.in_(starting))
        .values(
            state=SubscriptionState.ACTIVE, basis=grounds.basis, started_at=grounds.now, ended_at=None, end_reason=""
        )
    )
    for entry, person in confirmed:
        if (until := grounds.end_of(entry)) is not None:
            session.execute(
                update(Subscription).where(here, Subscription.subscriber_id == person.id).values(valid_until=until)
            )


def _add_subscriptions(session: Session, entries: Mapping[int, Entry], *, grounds: Grounds) -> None:
    rows = [
        {
            "subscriber_id": id_, "publication_id": grounds.publication_id, "state": SubscriptionState.ACTIVE,
            "basis": grounds.basis, "started_at": grounds.now, "end_reason": "", "rhythm": Rhythm.EVERY,
            "leaving_words": "", "valid_until": grounds.end_of(entry),
        }
        for id_, entry in entries.items()
    ]  # fmt: skip
    insert_rows(session, SUBSCRIPTIONS, rows)


def _add_events(session: Session, chained: Iterable[tuple[int, int, Sealed]], *, grounds: Grounds) -> None:
    rows = [
        {
            "subscriber_id": id_, "position": position, "publication_id": grounds.publication_id, "kind": "imported",
            "at": grounds.now, "salt": sealed.salt, "payload": sealed.payload, "commitment": sealed.commitment,
            "previous_hash": sealed.previous_hash, "hash": sealed.hash,
        }
        for id_, position, sealed in chained
    ]  # fmt: skip
    insert_rows(session, EVENTS, rows)
