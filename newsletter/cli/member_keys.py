"""``newsletter subscribers key``: keys with which a membership system keeps the members of a newsletter."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json

app = typer.Typer(help="Keys for membership systems.", no_args_is_help=True)

Label = Annotated[str, typer.Option("--publication", help="Label of the newsletter.")]


@app.command("add")
def add(
    publication: Label,
    name: Annotated[str, typer.Option("--name", help="What it is for, as “member database”.")],
    by: By = None,
) -> None:
    """Make a key and print it, this once; keep it like a password."""
    from newsletter import publications
    from subscribers import membership

    with opened() as here, here.database.write() as session:
        found = publications.by_label(session, publication)
        output.say(membership.add_key(session, found, name, by=output.somebody(by), now=here.clock()))


@app.command("list")
def list_all(publication: Label, as_json: Json = False) -> None:
    """List a newsletter's keys; the keys themselves are not known any more."""
    from newsletter import publications
    from subscribers import membership

    with opened() as here, here.database.read() as session:
        found = membership.keys(session, publications.by_label(session, publication))
    rows = [(key.id, key.name, key.made_by, key.made_at, key.revoked_at) for key in found]
    columns = ("number", "name", "made by", "made", "revoked")
    if as_json:
        output.say_json({"keys": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        output.table(columns, rows)


@app.command("revoke")
def revoke(number: Annotated[int, typer.Argument(help="Its number.")], by: By = None) -> None:
    """End a key; what it was used for stays."""
    from subscribers import membership

    with opened() as here, here.database.write() as session:
        membership.revoke_key(session, number, by=output.somebody(by), now=here.clock())
    output.say("The key opens nothing any more.")
