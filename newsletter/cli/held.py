"""``newsletter issue held``: mails in doubt that wait for a person, who sends them again or lets them be."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from newsletter.cli import accounts, output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.kit.errors import BadInput


def add_to(app: typer.Typer) -> None:
    """Add this command to ``newsletter issue``."""
    app.command("held")(held)


def held(
    issue_id: Annotated[int, typer.Argument(help="The issue's number as `issue list` shows it.")],
    again: Annotated[bool, typer.Option("--again", help="Send them again, under the same Message-ID.")] = False,
    leave: Annotated[bool, typer.Option("--leave", help="Let them be: nothing more is sent.")] = False,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="Decide about this address only; may be given several times.")
    ] = None,
    dispatch: Annotated[int | None, typer.Option("--sending", help="This sending instead of the newest.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """List mails that the readers may have got or not (with NEWSLETTER_IN_DOUBT=hold), and decide about them."""
    from newsletter.delivery import held as doubts

    if again and leave:
        raise BadInput("--again sends them, --leave does not; say one of them.")
    if to and not (again or leave):
        raise BadInput("--to goes with --again or --leave.")
    decide = doubts.send_again if again else doubts.let_be if leave else None
    with opened() as here:
        with here.database.read() as session:
            dispatch_id = dispatch if dispatch is not None else accounts.sending_of(session, issue_id)
            accounts.of_issue(session, issue_id, dispatch_id)
            waiting = doubts.held(session, dispatch_id)
        decided = 0
        if decide is not None:
            with here.database.write() as session:
                decided = decide(session, dispatch_id, by=output.somebody(by), now=here.clock(), addresses=to or None)
    if as_json:
        done = {"again": decided} if again else {"left": decided} if leave else {}
        output.say_json({"dispatch": dispatch_id, "held": [asdict(one) for one in waiting], **done})
    elif again:
        output.say(
            f"{output.count(decided, 'mail')} will be sent again wherever `newsletter serve` or `worker` runs, or with "
            f"`newsletter issue send {issue_id}`."
        )
    elif leave:
        output.say(f"{output.count(decided, 'mail')} will not be sent again.")
    elif waiting:
        rows = [
            (one.address, one.first_attempt_at, one.reply or "the worker died while it was sent") for one in waiting
        ]
        output.table(("address", "first tried", "what is known"), rows)
        output.say(f"`newsletter issue held {issue_id} --again` sends them again, `--leave` lets them be.")
    else:
        output.say(f"Nothing of sending {dispatch_id} is held.")
