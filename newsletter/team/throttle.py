"""The throttle: how often somebody may try to come in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import TooMany
from newsletter.kit.tokens import Keyring
from newsletter.team.models import AttemptKind, SignInAttempt

REMEMBERED = timedelta(days=1)
"""The longest window below; older attempts are forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries within a time, of one account, from one network, or of one account from one network."""

    tries: int
    within: timedelta
    account: bool = False
    network: bool = False


LIMITS: dict[AttemptKind, tuple[Limit, ...]] = {
    AttemptKind.PASSWORD: (
        Limit(8, timedelta(minutes=15), account=True, network=True),
        # Guessing from many networks: 1,440 a day, and nobody's password is among the first million.
        Limit(60, timedelta(hours=1), account=True),
        # One address book tried from one place; a whole institute may sit behind one address, too.
        Limit(100, timedelta(minutes=15), network=True),
    ),
    # Three codes are good at a time: thirty guesses a day find one in thirty years.
    AttemptKind.SECOND_FACTOR: (
        Limit(5, timedelta(minutes=15), account=True),
        Limit(30, timedelta(days=1), account=True),
    ),
    AttemptKind.FORGOTTEN: (
        Limit(3, timedelta(hours=1), account=True),
        Limit(20, timedelta(hours=1), network=True),
    ),
}
SENTENCE = N_("That was tried too often. Please wait a quarter of an hour, then try again.")
LATER = N_("That was tried too often. Please try again tomorrow, or ask an administrator of the desk.")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that has been written down and may now be judged."""

    id: int
    kind: AttemptKind
    account: str
    network: str
    at: datetime


def note(
    session: Session, kind: AttemptKind, *, account: str, network: str, keyring: Keyring, now: datetime
) -> Attempt:
    """Write a try down, before it is judged: commit this, then ask ``check`` in another transaction.

    Of tries at the same moment each counts those that were written before it, so that no burst gets past a limit.
    """
    session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - REMEMBERED))
    row = SignInAttempt(
        at=now, kind=kind,
        account=keyring.signature("sign-in account", account.encode()),
        network=keyring.signature("sign-in network", neighbourhood(network).encode()),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return Attempt(row.id, kind, row.account, row.network, now)


def check(session: Session, attempt: Attempt) -> None:
    """Raise ``TooMany`` if the attempt is one too many; it is then not to be judged, and ``forget`` it."""
    for limit in LIMITS[attempt.kind]:
        tries = session.scalar(
            select(func.count()).where(
                SignInAttempt.kind == attempt.kind, SignInAttempt.at > attempt.at - limit.within,
                *_of(limit, attempt),
            )
        )  # fmt: skip
        if (tries or 0) > limit.tries:
            raise TooMany(LATER if limit.within > timedelta(hours=1) else SENTENCE, wait=limit.within)


def forget(session: Session, attempt: Attempt) -> None:
    """Take an attempt back: one that succeeded, or that was not judged."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt.id))


def neighbourhood(host: str) -> str:
    """Return the network that *host* counts for: itself, or the /64 that one subscriber of IPv6 has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _of(limit: Limit, attempt: Attempt) -> list[ColumnElement[bool]]:
    conditions = []
    if limit.account:
        conditions.append(SignInAttempt.account == attempt.account)
    if limit.network:
        conditions.append(SignInAttempt.network == attempt.network)
    return conditions
