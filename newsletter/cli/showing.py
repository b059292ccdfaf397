"""``newsletter issue show-to``: who may open an issue in the archive."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By
from newsletter.kit.errors import BadInput

AS_USUAL = "usual"


def add_to(app: typer.Typer) -> None:
    """Add this command to ``newsletter issue``."""
    app.command("show-to")(show_to)


def show_to(
    issue_id: Annotated[int, typer.Argument(help="The issue's number as `issue list` shows it.")],
    whom: Annotated[str, typer.Argument(help="public, readers, hidden, or usual: whoever its newsletter is for.")],
    by: By = None,
) -> None:
    """Say who may open an issue in the archive: anybody, readers by their link, or only who got it by mail."""
    from newsletter.issues import drafts, visibility
    from newsletter.issues.models import Visibility

    if whom != AS_USUAL and whom not in set(Visibility):
        raise BadInput(f"{whom!r} is nobody; say one of {', '.join([*Visibility, AS_USUAL])}.")
    wanted = None if whom == AS_USUAL else Visibility(whom)
    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, issue_id)
        changed = visibility.show_to(session, issue, wanted, by=output.somebody(by), now=here.clock())
    output.say(f"Issue {issue_id}: {whom}." if changed else f"Issue {issue_id} was {whom} already.")
