"""``newsletter issue send`` and what follows: pause, resume, cancel, report."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli import accounts, output, scheduling, signals
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.kit.errors import BadInput, Conflict

if TYPE_CHECKING:
    from newsletter.delivery.report import DispatchReport
    from newsletter.delivery.wishes import Wishes
    from newsletter.mail.route import SmtpRoute
    from newsletter.worker import Installation

IssueId = Annotated[int, typer.Argument(help="The issue's number as `issue list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``newsletter issue``."""
    app.command("send")(send)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)
    app.command("report")(report)


def send(
    issue_id: IssueId,
    test: Annotated[
        list[str] | None, typer.Option("--test", help="Send a trial copy to this address; may be given several times.")
    ] = None,
    test_group: Annotated[
        list[str] | None,
        typer.Option("--test-group", help="Send a trial copy to this group of the newsletter's settings."),
    ] = None,
    text_only: Annotated[bool, typer.Option("--text", help="With --test: the plain-text form.")] = False,
    at: scheduling.At = None,
    hold: scheduling.Hold = "0",
    team: scheduling.Team = None,
    share: scheduling.Share = "",
    stage_hold: scheduling.StageHold = "",
    missed: scheduling.Missed = None,
    segment: scheduling.Segment = "",
    without: scheduling.Without = None,
    yes: Yes = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Send a signed-off issue to its readers, or a test to named addresses; run it again to go on after a crash."""
    from newsletter.delivery.states import DispatchState

    if text_only and not (test or test_group):
        raise BadInput("--text goes with --test; each reader gets the form that he or she chose.")
    wished = scheduling.wishes(
        at=at, hold=hold, team=team, share=share, stage_hold=stage_hold, missed=missed, segment=segment, without=without
    )
    with opened() as here:
        if test or test_group:
            wished.refuse_for_a_test()
            dispatch_id = _begin_test(
                here, issue_id, test or [], test_group or [], text_only=text_only, by=output.somebody(by)
            )
        else:
            dispatch_id = _begin(here, issue_id, wished, yes=yes, by=output.somebody(by), quiet=as_json)
        with signals.noted() as asked_to_stop:
            account = run(here, dispatch_id, asked_to_stop=asked_to_stop)
        with here.database.read() as session:
            waits = scheduling.waiting_for(here, session, dispatch_id)
    accounts.show(account, as_json=as_json)
    if waits:
        output.say(waits, error=True)
        return
    if missed == "cancel" and account.state is DispatchState.CANCELLED:
        return
    if asked_to_stop() and account.state is DispatchState.RUNNING:
        output.say("Stopped as asked, with nothing left on the wire. Run it again to go on.", error=True)
    elif account.state is not DispatchState.FINISHED:
        raise typer.Exit(1)


def pause(
    issue_id: IssueId,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to whoever looks.")] = "paused by hand",
    by: By = None,
) -> None:
    """Stop handing over; what is on the wire ends."""
    from newsletter.delivery import progress

    with opened() as here, here.database.write() as session:
        dispatch_id = accounts.sending_of(session, issue_id)
        progress.pause(session, dispatch_id, reason=reason, by=output.somebody(by), now=here.clock())
    output.say(f"Sending {dispatch_id} is paused; `newsletter issue resume {issue_id}` lets it go on.")


def resume(issue_id: IssueId, by: By = None) -> None:
    """Let a paused sending go on where it stopped."""
    from newsletter.delivery import progress

    with opened() as here, here.database.write() as session:
        dispatch_id = accounts.sending_of(session, issue_id)
        progress.resume(session, dispatch_id, by=output.somebody(by), now=here.clock())
    output.say(f"Sending {dispatch_id} goes on wherever `newsletter serve` or `worker` runs, or with `issue send`.")


def cancel(issue_id: IssueId, yes: Yes = False, by: By = None) -> None:
    """End a sending for good: whatever has not gone out never will."""
    from newsletter.delivery import progress, steps

    output.confirmed(f"End the sending of issue {issue_id} for good?", yes=yes)
    with opened() as here:
        with here.database.write() as session:
            dispatch_id = accounts.sending_of(session, issue_id)
            ended = progress.cancel(session, dispatch_id, by=output.somebody(by), now=here.clock())
        steps.end_cancelled(here.database, clock=here.clock)
    output.say(f"Sending {dispatch_id} is cancelled; {output.count(ended, 'mail')} will not go out.")


def report(
    issue_id: IssueId,
    dispatch: Annotated[int | None, typer.Option("--sending", help="This sending instead of the newest.")] = None,
    readers: Annotated[bool, typer.Option("--readers", help="Print what became of each reader, as CSV.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write what became of each reader to this file.")] = None,
    routes: Annotated[bool, typer.Option("--routes", help="Show its mail servers, by destination.")] = False,
    as_json: Json = False,
) -> None:
    """Account for every mail of an issue's sending."""
    from newsletter.delivery import report as reports

    with opened() as here, here.database.read() as session:
        dispatch_id = dispatch if dispatch is not None else accounts.sending_of(session, issue_id)
        account = accounts.of_issue(session, issue_id, dispatch_id)
        if routes:
            scheduling.show_routes(here, session, dispatch_id, as_json=as_json)
            return
        if csv is not None:
            output.write_csv(csv, reports.csv_lines(reports.readers(session, dispatch_id)))
        if readers:
            output.print_csv(reports.csv_lines(reports.readers(session, dispatch_id)))
            return
    accounts.show(account, as_json=as_json)


def run(
    here: Installation, dispatch_id: int, *, title: str = "Sending", asked_to_stop: signals.Asked = lambda: False
) -> DispatchReport:
    """Hand over whatever is due of a sending, with a progress bar; return its account.

    Once *asked_to_stop* it claims nothing more and lets open transactions end, so that nothing is in doubt.
    """
    from newsletter.delivery import report as reports

    with here.mail_server() as server, output.progress(title) as bar, ThreadPoolExecutor(1) as aside:
        runner = here.runner(server)
        work = aside.submit(runner.run_until_idle, dispatch_id, progress=bar)
        while not work.done():
            wait([work], timeout=signals.LOOK_UP)
            if asked_to_stop():
                runner.stop()
        work.result()
    with here.database.read() as session:
        return reports.report(session, dispatch_id)


@dataclass(frozen=True, slots=True)
class Intent:
    """A sending in words, before anybody says yes."""

    readers: int
    newsletter: str
    subject: str
    sender: str
    approved: str
    route: str
    finished: str
    more: tuple[str, ...] = ()
    """When and to whom first, in lines of their own."""

    def lines(self) -> Iterator[str]:
        """Yield what will happen, a line each."""
        yield f"  Issue     {self.subject}"
        yield f"  To        {output.count(self.readers, 'reader')} of {self.newsletter}"
        yield f"  From      {self.sender}"
        yield f"  Approved  {self.approved}"
        yield f"  Through   {self.route}"
        yield from self.more
        yield f"  Finished  {self.finished}"


def intent_of(here: Installation, issue_id: int, wished: Wishes | None = None) -> Intent:
    """Say what sending the issue as *wished* will mean; raise as ``delivery.wishes.intent``."""
    from newsletter.delivery import wishes

    asked = wished or wishes.Wishes()
    with here.database.read() as session:
        meant = wishes.intent(
            session, issue_id, asked, routes=here.routes, keyring=here.settings.keyring, now=here.clock()
        )
    profile, zone = meant.profile, ZoneInfo(meant.profile.time_zone)
    return Intent(
        readers=meant.readers,
        newsletter=profile.name,
        subject=meant.subject,
        sender=f"{profile.from_name or profile.name} <{profile.from_address}>",
        approved=f"by {meant.approved_by}, {meant.approved_at.astimezone(zone):%A %d %B %Y, %H:%M}",
        route=_route_in_words(None if here.route is None else meant.choice.route.server, meant.choice.fallbacks),
        finished="in a moment" if here.route is None and asked.plain else scheduling.finish_of(meant),
        more=tuple(scheduling.lines_of(asked, meant, now=here.clock())),
    )


def _begin(here: Installation, issue_id: int, wished: Wishes, *, yes: bool, by: str, quiet: bool) -> int:
    """Ask, then start the issue's sending; one that was begun before goes on without asking again."""
    from newsletter.delivery import orders, progress, wishes
    from newsletter.delivery.states import DispatchState
    from newsletter.issues import drafts

    with here.database.read() as session:
        standing = orders.begun(session, drafts.get(session, issue_id), route=here.route_name)
    if standing is not None:
        with here.database.write() as session:
            wishes.settle(session, standing.id, wished, by=by, now=here.clock())
    else:
        wished.refuse_to_mend(issue_id)
        intent = intent_of(here, issue_id, wished)
        if not quiet:
            for line in intent.lines():
                output.say(line)
        output.confirmed(
            f"Send it to {output.count(intent.readers, 'reader')} {'now' if wished.at is None else 'then'}?", yes=yes
        )
    with here.database.write() as session:
        dispatch = standing or wishes.order(
            session, issue_id, wished, routes=here.routes, keyring=here.settings.keyring, by=by, now=here.clock()
        )
        dispatch_id = dispatch.id
        state = progress.get(session, dispatch_id).state
        if state is DispatchState.PAUSED:
            raise Conflict(
                f"The sending of issue {issue_id} is paused: {dispatch.pause_reason}\n"
                f"When that is mended, `newsletter issue resume {issue_id}` lets it go on."
            )
    return dispatch_id


def _begin_test(
    here: Installation, issue_id: int, addresses: list[str], groups: list[str], *, text_only: bool, by: str
) -> int:
    from newsletter.delivery import orders
    from newsletter.delivery.states import Variant
    from newsletter.issues import drafts

    variant = Variant.TEXT if text_only else Variant.HTML
    with here.database.write() as session:
        issue = drafts.get(session, issue_id)
        named = orders.test_addresses(drafts.publication_of(session, issue).profile, groups)
        dispatch = orders.send_test(
            session, issue, [*addresses, *named], by=by, now=here.clock(), variant=variant,
            route=here.routes.usable(drafts.publication_of(session, issue).profile.routes)[0].name,
        )  # fmt: skip
        return dispatch.id


def _route_in_words(route: SmtpRoute | None, fallbacks: tuple[str, ...] = ()) -> str:
    if route is None:
        return "the built-in catcher: nothing leaves this machine"
    pace = "as fast as it takes them" if route.pace is None else f"at most {route.pace:g} a second"
    onward = f", else {', '.join(fallbacks)}" if fallbacks else ""
    return f"{route.host}:{route.port}, {pace}{onward}"
