"""Wishes: what strangers ask for on public pages, answered by mail alone, so that no page tells who is known.

The page only counts and writes a row, the same for every address; the worker looks people up and writes the mails.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput
from newsletter.kit.tokens import Keyring
from newsletter.mail.address import address_key
from newsletter.publications import Access, Publication
from subscribers import limits, wording
from subscribers.columns import clean_name
from subscribers.models import Wish, WishForm, WishKind

UNCONFIRMED = timedelta(days=7)
"""How long a sign-up waits for its confirmation; then it is forgotten with everything about it (STANDARDS §7)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a form said, already checked for being whole."""

    kind: WishKind
    address: str
    publications: tuple[Publication, ...]
    language: str
    form: WishForm
    wording: str
    """The sentence that was shown."""
    own_wording: str = ""
    """If it was the publication's own: that, its places unfilled."""
    name: str = ""
    latest_issue: bool = False
    network: str = ""
    """Where it came from; counted under a keyed hash, kept as it is only if *keep_network*."""
    keep_network: bool = False
    cost: int = 1
    """Counts so often against a network's limits: a form that cannot show how long it was looked at counts twice."""


def ask(session: Session, asking: Asking, *, keyring: Keyring, now: datetime) -> bool:
    """Write a wish down; tell whether the place it comes from has not asked too often. Raises ``BadInput``.

    Too many mails to one address are not said, since somebody else may have asked for them: the wish is dropped.
    """
    key = address_key(asking.address)
    _refuse_reserved(key)
    network = limits.hidden(keyring, "network", asking.network) if asking.network else ""
    # Its own limit first: one network that goes on and on must not use up what is there for everybody.
    if network and not limits.take(session, limits.NETWORK, network, now=now, cost=asking.cost):
        return False
    if not limits.take(session, limits.EVERYBODY, "", now=now):
        return False
    if not limits.take(session, limits.ADDRESS, limits.hidden(keyring, "address", key), now=now):
        return True
    session.add(_written(asking, key, now=now))
    session.flush()
    return True


def invite(
    session: Session,
    publication: Publication,
    address: str,
    *,
    by: str,
    now: datetime,
    name: str = "",
    language: str = "",
) -> None:
    """Ask *address* whether it would like *publication*; raise ``BadInput`` for what is no address.

    One mail, and nothing more unless the person agrees; whoever must not be written to gets none.
    """
    spoken = language or publication.profile.language
    own = wording.own_of([publication], spoken)
    shown = wording.consent(spoken, publication.profile.masthead.publisher, publication.name, own=own)
    asking = Asking(
        WishKind.INVITATION, address, (publication,), spoken, WishForm.TEAM, shown, name=name, own_wording=own
    )
    key = address_key(address)
    _refuse_reserved(key)
    wish = _written(asking, key, now=now)
    wish.asked_by = by
    session.add(wish)
    record(session, at=now, actor=by, deed="reader.invite", subject=f"publication:{publication.id}")
    session.flush()


def publications_of(session: Session, ids: Collection[int]) -> tuple[Publication, ...]:
    """Return the publications with *ids*, in their order, without those that are gone."""
    found = {one.id: one for one in session.scalars(select(Publication).where(Publication.id.in_(ids)))}
    return tuple(found[id_] for id_ in ids if id_ in found)


def forget(session: Session, key: str) -> None:
    """Delete whatever the address *key* (normalised) has asked for."""
    session.execute(delete(Wish).where(Wish.address_key == key))


def may_join(publication: Publication) -> bool:
    """Tell whether anybody may sign up."""
    return publication.access is Access.OPEN


def _refuse_reserved(key: str) -> None:
    """Refuse a domain that can never exist (RFC 6761 §6.4); our own placeholders stand under it."""
    if key.endswith(".invalid"):
        raise BadInput("There is no mail at this domain; please look at the address once more.")


def _written(asking: Asking, key: str, *, now: datetime) -> Wish:
    return Wish(
        kind=asking.kind, address=asking.address, address_key=key, name=clean_name(asking.name),
        publication_ids=[publication.id for publication in asking.publications], language=asking.language,
        latest_issue=asking.latest_issue, form=asking.form, asked_at=now,
        wording=asking.wording, wording_version=wording.version(asking.language, own=asking.own_wording),
        network=asking.network if asking.keep_network else "",
    )  # fmt: skip
