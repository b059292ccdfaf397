"""``newsletter publication``: adding, changing and looking at newsletters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened

if TYPE_CHECKING:
    from newsletter.publications import Publication

app = typer.Typer(help="Newsletters: the titles one subscribes to.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; default: your user name on this machine.")]
File = Annotated[Path, typer.Argument(help="Publication file (TOML).")]


@app.command("add")
def add(file: File, by: By = None) -> None:
    """Add the newsletter that a publication file describes."""
    from newsletter import publications

    profile = publications.read_profile(file)
    with opened() as here, here.database.write() as session:
        publication = publications.add(session, profile, now=here.clock(), by=output.somebody(by))
    output.say(f"Added {publication.name} as {publication.label}.")


@app.command("change")
def change(file: File, by: By = None) -> None:
    """Make a newsletter as its publication file describes it now; what is signed off keeps its look."""
    from newsletter import publications

    profile = publications.read_profile(file)
    with opened() as here, here.database.write() as session:
        publication = publications.by_label(session, profile.label)
        changed = publications.change(session, publication, profile, now=here.clock(), by=output.somebody(by))
    if changed:
        output.say(f"Changed {profile.name}: {', '.join(changed)}. Issues signed off before keep the look they have.")
    else:
        output.say(f"{profile.name} is as {file} describes it already.")


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List all newsletters."""
    from newsletter import publications

    with opened() as here, here.database.read() as session:
        found = publications.every(session)
    if as_json:
        output.say_json({"publications": [_as_data(publication) for publication in found]})
    elif not found:
        output.say("There are no newsletters yet; `newsletter publication add FILE.toml` adds one.")
    else:
        output.table(("label", "name", "from", "access"), [_as_row(publication) for publication in found])


@app.command("show")
def show(label: Annotated[str, typer.Argument(help="The newsletter's label.")], as_json: Json = False) -> None:
    """Show everything that is set for one newsletter."""
    from newsletter import publications

    with opened() as here, here.database.read() as session:
        publication = publications.by_label(session, label)
    if as_json:
        output.say_json(_as_data(publication))
    else:
        output.table(("setting", "value"), sorted(_settings(publication.profile_json)))


def _settings(values: dict[str, Any], section: str = "") -> Iterator[tuple[str, object]]:
    """Yield every setting under its dotted name, as a publication file has it."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{section}{name}.")
        else:
            yield section + name, ", ".join(map(str, value)) if isinstance(value, list) else value


def _as_data(publication: Publication) -> dict[str, Any]:
    return {"id": publication.id, "created_at": publication.created_at.isoformat(), **publication.profile_json}


def _as_row(publication: Publication) -> tuple[object, ...]:
    return publication.label, publication.name, publication.profile.from_address, publication.access.value
