"""Membership: who gets a publication for as long as a membership runs, kept by whatever system keeps the members."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput, NotFound
from newsletter.kit.tokens import Keyring
from newsletter.publications import Access, Publication
from subscribers import choices, evidence, letters, subscriptions, suppression
from subscribers.models import ConsentBasis, MemberKey, Subscriber, Subscription, SubscriptionState

NOTICE = timedelta(days=14)
"""How long before a membership ends its member is told."""
BATCH = 200
KEY_PREFIX = "ndm_"
"""Tells people and secret scanners what such a key is."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the membership system has it."""

    address: str
    key: str
    """Normalised."""
    name: str = ""
    language: str = ""
    last_day: date | None = None
    """The last day on the publication's calendar on which mail may come; None: no end."""


def keep(
    session: Session,
    publication: Publication,
    members: Sequence[Member],
    *,
    keyring: Keyring,
    source: str,
    now: datetime,
) -> Counter[str]:
    """Make *members* readers until their day, on the ground of the contract; return how many had which fate.

    ``taken``, ``kept`` (the day may be another), ``renewed`` (had lapsed), ``left`` (by the member's own hand, which
    stands), ``suppressed``. Raises ``BadInput`` if the publication is not for members.
    """
    if publication.access is not Access.MEMBERS:
        raise BadInput(f"{publication.name} is not for members; set its access to members first.")
    barred = suppression.keys_suppressed(session, [member.key for member in members], keyring=keyring)
    fates: Counter[str] = Counter()
    for member in sorted(members, key=lambda one: one.key):
        fate = "suppressed" if member.key in barred else _keep_one(session, publication, member, source=source, now=now)
        fates[fate] += 1
    return fates


def end_of(last_day: date | None, time_zone: str) -> datetime | None:
    """Return the midnight with which *last_day* ends on the clocks of *time_zone*."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(time_zone)).astimezone(UTC)


def tell_of_lapse(session: Session, *, now: datetime, batch: int = BATCH) -> int:
    """Write to members whose membership ends within a fortnight, once for each end; return how many."""
    rows = session.execute(
        select(Subscription, Subscriber, Publication)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(Publication, Publication.id == Subscription.publication_id)
        .where(
            Subscription.valid_until > now,
            Subscription.valid_until <= now + NOTICE,
            Subscription.state.in_([SubscriptionState.ACTIVE, SubscriptionState.PAUSED]),
            Subscription.lapse_told_for.is_(None) | (Subscription.lapse_told_for != Subscription.valid_until),
        )
        .order_by(Subscription.id)
        .limit(batch)
        .with_for_update(of=Subscription, skip_locked=True)
    ).all()
    for tie, person, publication in rows:
        profile = publication.profile
        tie.lapse_told_for = tie.valid_until
        assert tie.valid_until is not None
        last_day = (tie.valid_until - timedelta(microseconds=1)).astimezone(ZoneInfo(profile.time_zone)).date()
        if not suppression.is_suppressed(session, person.address):
            letter = letters.lapse_soon(
                person.language or profile.language, name=publication.name, day=last_day,
                contact=profile.reply_to or profile.from_address,
            )  # fmt: skip
            letter.send(session, publication, person.address, now=now, subscriber_id=person.id)
    session.flush()
    return len(rows)


def end_lapsed(session: Session, *, now: datetime, batch: int = BATCH) -> int:
    """Write down which memberships have ended; return how many. Mail stopped by itself at that moment."""
    rows = session.execute(
        select(Subscription.subscriber_id, Subscription.publication_id)
        .where(Subscription.valid_until <= now, Subscription.state != SubscriptionState.ENDED)
        .order_by(Subscription.subscriber_id)
        .limit(batch)
    ).all()
    for subscriber_id, publication_id in rows:
        subscriptions.unsubscribe(session, subscriber_id, publication_id, now=now, reason="lapsed", source="membership")
    return len(rows)


def add_key(session: Session, publication: Publication, name: str, *, by: str, now: datetime) -> str:
    """Return a new key for a membership system; it is shown this once. Raises ``BadInput`` without a name."""
    called = " ".join(name.split())[:80]
    if not called:
        raise BadInput("Say what the key is for, so that whoever revokes it one day knows.")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(MemberKey(publication_id=publication.id, name=called, key_hash=_hashed(key), made_by=by, made_at=now))
    record(session, at=now, actor=by, deed="member_key.add", subject=f"publication:{publication.id}", name=called)
    session.flush()
    return key


def keys(session: Session, publication: Publication) -> list[MemberKey]:
    """Return the keys of a publication, revoked ones too."""
    return list(
        session.scalars(select(MemberKey).where(MemberKey.publication_id == publication.id).order_by(MemberKey.id))
    )


def revoke_key(session: Session, key_id: int, *, by: str, now: datetime) -> None:
    """End a key at once; raise ``NotFound``."""
    key = session.get(MemberKey, key_id)
    if key is None:
        raise NotFound(f"There is no key {key_id}; `newsletter subscribers key list` shows them.")
    key.revoked_at = key.revoked_at or now
    record(
        session, at=now, actor=by, deed="member_key.revoke", subject=f"publication:{key.publication_id}", name=key.name
    )


def publication_of(session: Session, key: str) -> tuple[Publication, MemberKey] | None:
    """Return what *key* opens, None if it opens nothing."""
    found = session.scalar(select(MemberKey).where(MemberKey.key_hash == _hashed(key), MemberKey.revoked_at.is_(None)))
    return None if found is None else (session.get_one(Publication, found.publication_id), found)


def _hashed(key: str) -> str:
    # A random key of 256 bits needs no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _keep_one(session: Session, publication: Publication, member: Member, *, source: str, now: datetime) -> str:
    subscriber_id = subscriptions.ensure_subscriber(
        session, member.address, now=now, name=member.name, language=member.language
    )
    evidence.hold_chain(session, subscriber_id)
    tie = session.scalar(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication.id)
        .execution_options(populate_existing=True)
    )
    until = end_of(member.last_day, publication.profile.time_zone)
    details: dict[str, object] = {"valid_until": until.isoformat() if until else None}
    over = until is not None and until <= now
    if tie is not None and tie.state is SubscriptionState.ENDED:
        if tie.end_reason != "lapsed":
            return "left"
        if over:
            return "kept"
        subscriptions.resubscribe(
            session, subscriber_id, publication.id, now=now, source=source, basis=ConsentBasis.CONTRACT, details=details
        )
        fate = "renewed"
    elif tie is None or tie.state is SubscriptionState.PENDING:
        subscriptions.subscribe(
            session, subscriber_id, publication.id, now=now, basis=ConsentBasis.CONTRACT, source=source, details=details
        )
        fate = "taken"
    else:
        fate = "kept"
        if tie.valid_until != until:
            evidence.record(
                session, subscriber_id, kind="changed", at=now, publication_id=publication.id,
                payload={**details, "source": source},
            )  # fmt: skip
    session.execute(
        update(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication.id)
        .values(valid_until=until)
    )
    if over:
        subscriptions.unsubscribe(session, subscriber_id, publication.id, now=now, reason="lapsed", source=source)
    if member.language and not session.scalar(
        select(func.length(Subscriber.language)).where(Subscriber.id == subscriber_id)
    ):
        choices.set_language(session, subscriber_id, member.language, now=now, source=source)
    return fate
