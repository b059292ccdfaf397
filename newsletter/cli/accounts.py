"""Accounts of sendings, found by their issue and shown in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.cli import output
from newsletter.kit.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from newsletter.delivery.report import DispatchReport


def sending_of(session: Session, issue_id: int) -> int:
    """Return the newest sending of the issue to its readers, else its newest test; raise ``NotFound``."""
    from sqlalchemy import select

    from newsletter.delivery.models import Dispatch
    from newsletter.delivery.states import DispatchKind
    from newsletter.issues import drafts

    drafts.get(session, issue_id)
    newest = session.scalar(
        select(Dispatch.id)
        .where(Dispatch.issue_id == issue_id)
        .order_by((Dispatch.kind == DispatchKind.TEST).asc(), Dispatch.id.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound(f"Issue {issue_id} has not been sent to anybody; `newsletter issue send {issue_id}` does that.")
    return newest


def of_issue(session: Session, issue_id: int, dispatch_id: int) -> DispatchReport:
    """Return the account of a sending of the issue; raise ``NotFound`` if it belongs to another."""
    from sqlalchemy import select

    from newsletter.delivery.models import Dispatch
    from newsletter.delivery.report import report

    own = session.scalars(select(Dispatch.id).where(Dispatch.issue_id == issue_id)).all()
    if dispatch_id not in own:
        raise NotFound(f"Issue {issue_id} has no sending {dispatch_id}.")
    return report(session, dispatch_id)


def show(account: DispatchReport, *, as_json: bool) -> None:
    """Print the account, as JSON or in the words of the screens."""
    from newsletter.delivery.states import DispatchState

    if as_json:
        output.say_json(account.to_json())
        return
    output.table(("", "mails", ""), list(_rows(account)))
    if account.pause_reason:
        output.say(f"{account.state.value.capitalize()}: {account.pause_reason}")
    if account.next_attempt_at is not None and account.state is DispatchState.RUNNING:
        output.say(
            f"The next attempt is due at {account.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC. A running `newsletter serve` "
            "or `newsletter worker` makes it by itself; so does `newsletter issue send`, run again then."
        )


def _rows(account: DispatchReport) -> list[tuple[str, str, str]]:
    lines = [
        ("planned", account.planned, f"sending {account.dispatch_id}, {account.kind.value}, {account.state.value}"),
        ("accepted", account.accepted, "handed to the mail server"),
        ("deferred", account.deferred, "trying again later"),
        ("waiting", account.waiting + account.in_hand, "not tried yet"),
        ("refused", account.refused, "; ".join(f"{n}× {what}" for what, n in account.refusals.items()) or "returned"),
        ("expired", account.expired, "given up after four days"),
        *(
            (f"skipped: {reason.value}", number, "not sent, for the reader's sake")
            for reason, number in account.skipped.items()
        ),
        ("cancelled", account.cancelled, "ended before their turn"),
        ("held", account.held, "in doubt, waiting for a person"),
    ]
    always = {"planned", "accepted", "refused"}
    shown = [(name, f"{number:,}", gloss) for name, number, gloss in lines if number or name in always]
    shown.append(("uncertain", f"{account.uncertain:,}", "of these may have arrived twice"))
    shown.append(("unsubscribed", f"{account.unsubscribed:,}", "left through this mail"))
    return shown
