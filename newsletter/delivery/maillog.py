"""Every sentence the sending of mail writes into the log; no address and no token in any of them."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable

_log = logging.getLogger("newsletter.delivery")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def _masked(words: str) -> str:
    """Servers quote addresses in their replies; the log shows none."""
    return _ADDRESS.sub("<address>", words)


def started(dispatch_id: int, kind: str) -> None:
    """Say that a sending was written down."""
    _log.info("dispatch %d (%s): written down", dispatch_id, kind)


def failed_over(dispatch_id: int, leaving: str, onward: str, reason: str) -> None:
    """Say that a sending goes on by another mail server."""
    _log.error("dispatch %d: leaves route %s for %s (%s)", dispatch_id, leaving, onward, _masked(reason))


def stage_opened(dispatch_id: int, stage: int) -> None:
    """Say that the next stage of a sending may go."""
    _log.info("dispatch %d: stage %d is open", dispatch_id, stage)


def planned(dispatch_id: int, count: int) -> None:
    """Say how many deliveries a sending has."""
    _log.info("dispatch %d: %d deliveries planned", dispatch_id, count)


def moved(dispatch_id: int, state: str, reason: str) -> None:
    """Say that a sending changed its state."""
    _log.info("dispatch %d: now %s%s", dispatch_id, state, f" ({_masked(reason)})" if reason else "")


def stopped_by_itself(dispatch_id: int, reason: str) -> None:
    """Say that a sending stopped without anybody asking, for a fault of ours or a bad list."""
    _log.error("dispatch %d: paused, and the team is told: %r", dispatch_id, _masked(reason))


def slowed_down(destination: str, code: int, reply: str) -> None:
    """Say that a receiver asked us to slow down."""
    _log.warning("destination %s: resting, then slower; it said %d %r", destination, code, _masked(reply))


def skipped(dispatch_id: int, count: int) -> None:
    """Say that deliveries were skipped for reasons of their readers'."""
    _log.info("dispatch %d: %d deliveries skipped", dispatch_id, count)


def in_doubt(delivery_id: int, reply: str) -> None:
    """Say that a message may or may not have been taken."""
    _log.warning("delivery %d: in doubt, the line broke after the final dot (%s)", delivery_id, _masked(reply))


def reaped(released: int, doubtful: int) -> None:
    """Say what a dead worker left behind."""
    _log.warning("a worker is gone: %d claims released, %d deliveries in doubt", released, doubtful)


def fenced(count: int) -> None:
    """Say that another worker has taken over what we still held."""
    _log.warning("%d outcomes were not recorded: their deliveries are no longer ours", count)


def unreachable(message: str, wait: float) -> None:
    """Say that no line to the mail server could be had."""
    _log.warning("mail server not reachable (%s); trying again in %.0f s", _masked(message), wait)


def database_away(error: Exception) -> None:
    """Say that the database did not answer while outcomes wait to be recorded."""
    _log.error("the database does not answer (%s); outcomes are kept until it does", type(error).__name__)


def worker_lost_database(error: Exception) -> None:
    """Say that the ticks stopped because the database does not answer."""
    _log.warning("no ticks: the database does not answer (%s); beginning afresh", type(error).__name__)


def wake_lost(error: Exception) -> None:
    """Say that nobody could be told of new work; the next tick finds it."""
    _log.warning("a wake-up was lost (%s); the next tick finds the work", type(error).__name__)


def unreadable(delivery_id: int, error: Exception) -> None:
    """Say that one reader's message could not be made."""
    _log.error("delivery %d: its message could not be made (%s)", delivery_id, type(error).__name__)


def agent_lost(count: int) -> None:
    """Say that a process that hands over has died."""
    _log.error("a delivery agent is gone: %d deliveries in doubt", count)


def by_agent(lines: Iterable[tuple[int, str]]) -> None:
    """Write what a delivery agent would have logged."""
    for level, words in lines:
        _log.log(level, "%s", words)


def step_failed(step: str) -> None:
    """Say that a step of the runner failed; called in an except block."""
    _log.error("step %s failed; it runs again\n%s", step, _masked(traceback.format_exc()))
