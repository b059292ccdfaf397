"""Corrections on their way to readers: by mail to exactly those who got the first version, or on the web alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.states import DeliveryState, DispatchKind
from newsletter.issues import embargo, signoff, versions
from newsletter.issues.models import Issue
from newsletter.kit.errors import Conflict, DispatchRefused
from newsletter.kit.sentences import N_
from newsletter.kit.tokens import Keyring
from subscribers.models import Suppression

REHEARSAL = ":rehearsal"
"""How the key of a sending ends that went into the catcher and reached nobody."""


def first_sendings(session: Session, issue_id: int, *, rehearsal: bool) -> list[int]:
    """Return the sendings that took the issue's first version to its readers, real ones or rehearsals."""
    sent = select(Dispatch.id, Dispatch.key).where(Dispatch.issue_id == issue_id, Dispatch.kind == DispatchKind.ISSUE)
    return [row.id for row in session.execute(sent) if row.key.endswith(REHEARSAL) == rehearsal]


def may_have_got(first: list[int]) -> ColumnElement[bool]:
    """Return the condition on a Delivery that it took the first version to its reader, surely or perhaps."""
    return Delivery.dispatch_id.in_(first) & or_(Delivery.state == DeliveryState.ACCEPTED, Delivery.uncertain > 0)


def got_first(first: list[int], subscriber_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a reader got the first version."""
    return exists().where(Delivery.subscriber_id == subscriber_id, may_have_got(first)).correlate_except(Delivery)


def colleagues(first: list[int]) -> Select[str]:
    """Return a query for the addresses of those who got the first version without being readers: the team."""
    suppressed = exists().where(Suppression.address_key == Delivery.recipient_key)
    return select(Delivery.address).where(may_have_got(first), Delivery.subscriber_id.is_(None), ~suppressed).distinct()


def publish_without_mail(session: Session, issue: Issue, *, keyring: Keyring, by: str, now: datetime) -> None:
    """Put the signed-off correction on the web and write to nobody.

    Raises ``Conflict`` if it is no correction or not signed off, ``DispatchRefused`` under an embargo.
    """
    if issue.version == 1:
        raise Conflict(N_("This issue is no correction; it comes out when it is sent."))
    approved = signoff.approved_editions(session, issue, keyring=keyring)
    if embargo.stands(issue, now=now):
        raise DispatchRefused(N_("The issue is under embargo; it cannot come out before that ends."))
    versions.publish(session, issue, approval_id=approved.approval_id, by=by, now=now)
