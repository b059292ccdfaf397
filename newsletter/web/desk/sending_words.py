"""How screens say where a sending stands, and why somebody was not reached: DESIGN's words, each with its look."""

from __future__ import annotations

from newsletter.delivery.bounces import Reason
from newsletter.delivery.deeds import WaitsFor
from newsletter.delivery.states import DispatchKind, DispatchState
from newsletter.kit.catalogue import N_

STATES: dict[DispatchState, tuple[str, str]] = {
    DispatchState.SCHEDULED: (N_("Scheduled"), "waits"),
    DispatchState.COOLING: (N_("About to begin"), "waits"),
    DispatchState.PLANNING: (N_("Preparing"), "waits"),
    DispatchState.RUNNING: (N_("Being sent"), "waits"),
    DispatchState.PAUSED: (N_("Paused"), "warn"),
    DispatchState.FINISHED: (N_("Finished"), "good"),
    DispatchState.CANCELLED: (N_("Cancelled"), "bad"),
    DispatchState.MISSED: (N_("Missed"), "bad"),
}
KINDS: dict[DispatchKind, str] = {
    DispatchKind.ISSUE: N_("Issue"),
    DispatchKind.TEST: N_("Test"),
    DispatchKind.CORRECTION: N_("Correction"),
}
"""The kinds that an issue's pages show."""
REASONS: dict[Reason, str] = {
    Reason.NO_MAILBOX: N_("There is no such mailbox"),
    Reason.FULL: N_("The mailbox is full"),
    Reason.NOT_WANTED: N_("The receiver does not want our mail"),
    Reason.RETURNED: N_("Returned for this reader"),
    Reason.GIVEN_UP: N_("Given up after four days"),
    Reason.UNSUBSCRIBED: N_("Left before the mail went out"),
    Reason.PAUSED: N_("Has paused"),
    Reason.SUPPRESSED: N_("On the do-not-mail list"),
    Reason.LAPSED: N_("The membership has ended"),
    Reason.CANCELLED: N_("The sending was ended first"),
    Reason.HELD: N_("In doubt; please decide"),
}
WAITS: dict[WaitsFor, str] = {
    WaitsFor.TIME: N_("It begins %(when)s. Until then it can be stopped and reaches nobody."),
    WaitsFor.HOLD: N_("Nothing has gone out yet. It begins %(when)s; until then Stop reaches nobody."),
    WaitsFor.STAGE_HOLD: N_("The first have got it. The rest goes %(when)s; until then it can be ended."),
    WaitsFor.WINDOW: N_("The newsletter's hours for sending begin %(when)s."),
    WaitsFor.REST: N_("The mail server asks us to send more slowly. It goes on %(when)s."),
    WaitsFor.DAILY_LIMIT: N_("The mail server has had all it may be given in 24 hours; the rest goes as they pass."),
}
STEPS: dict[str, str] = {
    "asked": N_("%(who)s asked for a review"),
    "changes_requested": N_("%(who)s asked for changes"),
    "approved": N_("%(who)s approved"),
    "deputy": N_("%(who)s approved as a deputy"),
    "release": N_("%(who)s released it in an emergency"),
}
"""What was said and done on the way to the sign-off."""
