"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter import __version__
from newsletter.cli import demo, doctor, installation, issue, publication, readers, serving, user

app = typer.Typer(
    name="newsletter",
    help="Newsletter Desk: from a manuscript to every reader's inbox.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Newsletter Desk: from a manuscript to every reader's inbox."""


app.add_typer(publication.app, name="publication")
app.add_typer(issue.app, name="issue")
app.add_typer(readers.app, name="subscribers")
app.add_typer(user.app, name="user")
app.command("demo")(demo.demo)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.command("migrate")(installation.migrate_command)
app.command("doctor")(doctor.doctor)
