"""Fail-over: a sending whose mail server is away, or refuses us, goes on by the next of its publication's routes."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.delivery import maillog
from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import changed
from newsletter.delivery.states import DispatchState
from newsletter.kit.audit import record

REASON_LIMIT = 500


def go_on(session: Session, dispatch_id: int, *, leaving: str, reason: str, now: datetime) -> bool:
    """Let the dispatch leave the route *leaving* for its next one; tell whether it goes on by another.

    Several lanes and machines may say the same at once: the one that still finds the dispatch on that route moves it.
    """
    dispatch = session.scalars(
        select(Dispatch).where(Dispatch.id == dispatch_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    names: list[str] = dispatch.options.get("routes", [])
    if dispatch.route != leaving:
        return dispatch.route in names
    onward = next((name for before, name in pairwise(names) if before == leaving), None)
    if onward is None:
        return False
    failure = {"route": leaving, "at": now.isoformat(), "reason": reason[:REASON_LIMIT]}
    options = {**dispatch.options, "route_failures": [*dispatch.options.get("route_failures", []), failure]}
    moved = session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch_id, Dispatch.route == leaving, Dispatch.state == DispatchState.RUNNING)
        .values(route=onward, options=options)
        .execution_options(synchronize_session="fetch")
    )
    if not changed(moved):
        return False
    maillog.failed_over(dispatch_id, leaving, onward, reason)
    subject = f"dispatch:{dispatch_id}"
    record(session, at=now, actor="", deed="dispatch.fail_over", subject=subject, leaving=leaving, onward=onward)
    return True
