"""Sign-off on the command line: review, approve, embargo, correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.kit.errors import BadInput

if TYPE_CHECKING:
    from newsletter.issues.models import ApprovalKind

IssueId = Annotated[int, typer.Argument(help="The issue's number as `issue list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``newsletter issue``."""
    app.command("review")(review)
    app.command("approve")(approve)
    app.command("embargo")(embargo)
    app.command("correct")(correct)
    app.command("publish")(publish)


def review(
    issue_id: IssueId,
    ask: Annotated[
        list[str] | None, typer.Option("--ask", help="Ask the person with this address; may be given several times.")
    ] = None,
    changes: Annotated[str, typer.Option("--changes", help="Ask for changes instead, with this note.")] = "",
    note: Annotated[str, typer.Option("--note", help="A word to those who are asked.")] = "",
    by: By = None,
) -> None:
    """Ask for a review, or say as a reviewer what has to change."""
    from newsletter.issues import drafts, reviews

    if changes and (ask or note):
        raise BadInput("--changes is said to whoever asked; --ask and --note are for asking.")
    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, issue_id)
        who, now = output.somebody(by), here.clock()
        if changes:
            reviews.request_changes(session, issue, note=changes, by=who, now=now)
        else:
            reviews.ask(session, issue, of=ask or [], note=note, by=who, now=now)
    output.say(
        f"Issue {issue_id} is to be changed; nothing that was approved stands any more."
        if changes
        else f"Issue {issue_id} is in review; `newsletter issue approve {issue_id} --by …` approves it."
    )


def approve(
    issue_id: IssueId,
    by: By = None,
    deputy: Annotated[bool, typer.Option("--deputy", help="Approve as a deputy that the newsletter names.")] = False,
    release: Annotated[
        str, typer.Option("--release", help="Emergency release: sign off alone, for this reason; the team is told.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Approve the issue; when enough people have, its editions are frozen and signed, and it can be sent.

    Whoever edited it last cannot approve it, but for an emergency release.
    """
    from newsletter.issues import approvals, drafts, signoff

    kind = _kind(deputy=deputy, release=release)
    with opened() as here:
        with here.database.read() as session:
            issue = drafts.get(session, issue_id)
            signoff.check(session, issue)
            profile = drafts.publication_of(session, issue).profile
            standing = approvals.standing_of(session, issue, profile)
            if not standing.complete:
                approvals.check_person(standing, profile, output.somebody(by), kind=kind, reason=release)
            proofs = signoff.proofs_of(session, issue)
        editions = proofs.render()
        with here.database.write() as session:
            issue = drafts.get(session, issue_id)
            approval = signoff.approve(
                session, issue, proofs, editions, keyring=here.settings.keyring, by=output.somebody(by),
                now=here.clock(), kind=kind, reason=release,
            )  # fmt: skip
            standing = approvals.standing_of(session, issue, profile)
            result = {
                "issue": issue.id,
                "approved_by": approval.approved_by,
                "approved_at": approval.approved_at.isoformat(),
                "signed_off": standing.complete,
                "missing": standing.missing,
                "signature": approval.signature,
                "editions": {medium.value: edition.sha256 for medium, edition in editions.items()},
            }
    if as_json:
        output.say_json(result)
    elif standing.complete:
        names = approvals.names(standing.given)
        output.say(f"Issue {issue_id} is signed off by {names}; what is sent is what was signed.")
    else:
        output.say(f"{result['approved_by']} has approved issue {issue_id}; somebody else must, too.")


def embargo(
    issue_id: IssueId,
    until: Annotated[
        str | None, typer.Option("--until", help='The end, on the newsletter\'s clocks: "2026-03-29 09:00".')
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Take the embargo away.")] = False,
    by: By = None,
) -> None:
    """Keep the issue from every reader until a time, whoever orders what."""
    from newsletter.issues import drafts
    from newsletter.issues import embargo as embargoes
    from newsletter.kit.local_time import moment

    if (until is None) == (not lift):
        raise BadInput("Say --until and a time, or --lift.")
    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, issue_id)
        zone = ZoneInfo(drafts.publication_of(session, issue).profile.time_zone)
        if until is None:
            embargoes.lift(session, issue, by=output.somebody(by), now=here.clock())
            output.say(f"Issue {issue_id} is under no embargo.")
            return
        end = moment(until, zone)
        embargoes.lay(session, issue, until=end, by=output.somebody(by), now=here.clock())
    output.say(f"Issue {issue_id} reaches nobody before {end.astimezone(zone):%A %d %B %Y, %H:%M} ({zone.key}).")


def correct(
    issue_id: IssueId,
    note: Annotated[
        str, typer.Option("--note", help="What was wrong and what is right.", prompt="What was wrong, what is right?")
    ],
    by: By = None,
) -> None:
    """Begin the next version of an issue that is out, with a note that its editions show."""
    from newsletter.issues import corrections, drafts

    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, issue_id)
        corrections.begin(session, issue, note=note, by=output.somebody(by), now=here.clock())
        version = issue.version
    output.say(f"Version {version} of issue {issue_id} has begun; what readers see has not changed yet.")
    output.say(f"Mend it with `issue import --into {issue_id}`, let it be approved, then `issue send {issue_id}` mails")
    output.say(f"it to those who got the first, or `issue publish {issue_id}` puts it on the web alone.")


def publish(issue_id: IssueId, by: By = None) -> None:
    """Put a signed-off correction on the web and write to nobody."""
    from newsletter.delivery import corrected
    from newsletter.issues import drafts

    with opened() as here, here.database.write() as session:
        corrected.publish_without_mail(
            session, drafts.get(session, issue_id), keyring=here.settings.keyring, by=output.somebody(by),
            now=here.clock(),
        )  # fmt: skip
    output.say(f"Issue {issue_id} is corrected on the web and in its PDF; nobody was written to.")


def _kind(*, deputy: bool, release: str) -> ApprovalKind:
    from newsletter.issues.models import ApprovalKind

    if deputy and release:
        raise BadInput("--deputy and --release: a deputy approves as others do; a release is for when nobody can.")
    if release:
        return ApprovalKind.RELEASE
    return ApprovalKind.DEPUTY if deputy else ApprovalKind.APPROVED
