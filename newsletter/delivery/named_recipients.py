"""Named recipients: deliveries to addresses that somebody named, one by one, instead of to all who subscribe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, select
from sqlalchemy.orm import Session

from newsletter.delivery import corrected, progress
from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.states import DeliveryState, Variant
from newsletter.kit.database import insert_for
from newsletter.mail.address import address_key, domain_of

COLUMNS = ["subscriber_id", "recipient_key", "address", "name", "domain", "variant", "language"]
"""What a Delivery takes from whoever it is for."""


def plan_team(
    session: Session, dispatch: Dispatch, addresses: Sequence[str], everybody: Subquery, *, now: datetime
) -> int:
    """Write the team down first; a member who reads the newsletter gets the one mail every reader gets."""
    rows = []
    for address in addresses:
        row = recipient(address, variant=Variant.HTML, language="")
        reader = (
            session.execute(
                select(*[everybody.c[name] for name in COLUMNS]).where(
                    everybody.c.recipient_key == row["recipient_key"]
                )
            )
            .mappings()
            .one_or_none()
        )
        rows.append(row if reader is None else dict(reader))
    return write(session, dispatch.id, rows, now=now)


def plan_colleagues(session: Session, dispatch: Dispatch, first: list[int], *, now: datetime) -> int:
    """Write down those of the team who got the first version without being readers."""
    rows = [
        recipient(address, variant=Variant.HTML, language="")
        for address in session.scalars(corrected.colleagues(first))
    ]
    return write(session, dispatch.id, rows, now=now)


def plan_addresses(session: Session, dispatch: Dispatch, *, now: datetime) -> int:
    """Write down the named addresses of a test."""
    variant = Variant(dispatch.options["variant"])
    rows = [recipient(address, variant=variant, language="") for address in dispatch.options["addresses"]]
    return write(session, dispatch.id, rows, now=now)


def recipient(address: str, *, variant: Variant, language: str) -> dict[str, Any]:
    return {
        "recipient_key": address_key(address), "address": address, "domain": domain_of(address),
        "variant": variant, "language": language,
    }  # fmt: skip


def write(session: Session, dispatch_id: int, rows: list[dict[str, Any]], *, now: datetime) -> int:
    """Insert deliveries one by one; return how many were new."""
    written = 0
    for row in rows:
        result = session.execute(
            insert_for(session)(DELIVERIES)
            .values(**row, dispatch_id=dispatch_id, state=DeliveryState.PLANNED, not_before=now)
            .on_conflict_do_nothing()
            .execution_options(preserve_rowcount=True)
        )
        written += progress.changed(result)
    return written
