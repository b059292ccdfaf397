"""``newsletter subscribers``: bringing lists of readers in and out, invitations, upkeep."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import member_keys, output, person
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from subscribers.states import ConsentBasis

app = typer.Typer(help="Readers: lists, one person, members, what is let go of.", no_args_is_help=True)
person.add_to(app)
app.add_typer(member_keys.app, name="key")


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV file: address, name, language, format; a header row helps.")],
    publication: Annotated[str, typer.Option("--publication", help="Label of the newsletter they subscribe to.")],
    basis: Annotated[ConsentBasis, typer.Option("--basis", help="Why we may write to them.")],
    evidence: Annotated[str, typer.Option("--evidence", help="Where the proof of their consent is kept.")],
    report: Annotated[
        Path | None, typer.Option("--report", help="Write what became of each row to this CSV file.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Language of rows that name none.")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Subscribe the people in a CSV file; whoever left or must not be written to stays out."""
    from dataclasses import asdict

    from newsletter import publications
    from subscribers.roster import import_readers

    with opened() as here:
        with here.database.read() as session:
            publication_id = publications.by_label(session, publication).id
        with output.progress("Importing") as bar:
            counts = import_readers(
                here.database, file, publication_id=publication_id, basis=basis, evidence=evidence,
                by=output.somebody(by), now=here.clock, keyring=here.settings.keyring, progress=bar,
                report=report, language=language,
            )  # fmt: skip
    if as_json:
        output.say_json(asdict(counts))
    else:
        output.say(
            f"{output.count(counts.total, 'row')}: {counts.taken:,} taken, {counts.merged:,} known already, "
            f"{counts.refused:,} refused."
        )
        if counts.refused and report is None:
            output.say("Run it again with --report FILE to read why; nobody is taken twice.")


@app.command("export")
def export(
    publication: Annotated[str, typer.Option("--publication", help="Label of the newsletter they read.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of printing.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Also those who get nothing now, and why.")] = False,
) -> None:
    """Write a newsletter's readers as CSV: address, name, language, format, state, basis, since, ended, do not mail."""
    from newsletter import publications
    from newsletter.kit import spreadsheet
    from subscribers import reader_list

    with opened() as here, here.database.read() as session:
        publication_id = publications.by_label(session, publication).id
        rows = reader_list.rows(session, publication_id, everybody=everybody)
        lines = map(spreadsheet.line, chain([reader_list.HEADER], rows))
        if out is None:
            output.print_csv(lines)
        else:
            output.write_csv(out, lines)


@app.command("invite")
def invite(
    address: Annotated[str, typer.Argument(help="Whom to ask.")],
    publication: Annotated[str, typer.Option("--publication", help="Label of the newsletter.")],
    name: Annotated[str, typer.Option("--name", help="The person's name, if they accept.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language of the invitation; default: its own.")] = "",
    by: By = None,
) -> None:
    """Ask somebody by mail whether they would like a newsletter; nothing more comes unless they agree."""
    from newsletter import publications
    from subscribers import wishes

    with opened() as here, here.database.write() as session:
        found = publications.by_label(session, publication)
        wishes.invite(session, found, address, by=output.somebody(by), now=here.clock(), name=name, language=language)
    output.say("The invitation goes out, unless the person reads it already, has left, or must not be written to.")


@app.command("retain")
def retain(as_json: Json = False) -> None:
    """Let go of everything whose time is over; the service does the same once an hour."""
    from dataclasses import asdict

    with opened() as here:
        here.upkeep.look_after_members()
        done = here.upkeep.retain()
    if as_json:
        output.say_json(asdict(done))
        return
    output.say(
        f"{output.count(done.sign_ups, 'sign-up')} that nobody confirmed forgotten, "
        f"{output.count(done.deliveries, 'delivery', 'deliveries')} no longer say whose they were, "
        f"{output.count(done.notices, 'message')} emptied, {output.count(done.pauses, 'pause')} ended."
    )
