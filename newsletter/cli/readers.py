"""``newsletter subscribers``: bringing readers in and out, looking one up, keeping an address out."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from subscribers.states import ConsentBasis, SuppressionReason

app = typer.Typer(help="Readers: import, export, show, suppress.", no_args_is_help=True)


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


@app.command("show")
def show(
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    as_json: Json = False,
) -> None:
    """Show what is held about one reader."""
    from subscribers import persons

    with opened() as here, here.database.read() as session:
        person = persons.look_up(session, address)
    if as_json:
        output.say_json(person.to_json())
        return
    output.table(("", ""), [("address", person.address), ("name", person.name), ("language", person.language),
                            ("format", person.format), ("evidence", "sound" if person.chain_is_sound else "BROKEN"),
                            ("do not mail", person.suppressed or "no")])  # fmt: skip
    output.say()
    output.table(
        ("newsletter", "state", "basis", "since", "ended", "how"),
        [(s.publication, s.state, s.basis, s.started_at, s.ended_at, s.end_reason) for s in person.subscriptions],
    )


@app.command("suppress")
def suppress(
    address: Annotated[str, typer.Argument(help="The address never to write to.")],
    details: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    by: By = None,
) -> None:
    """Put an address on the do-not-mail list; in force for every mail not yet handed over."""
    from newsletter.kit.audit import record
    from subscribers import suppression

    with opened() as here, here.database.write() as session:
        added = suppression.suppress(
            session, address, reason=SuppressionReason.REQUEST, now=here.clock(), details=details
        )
        record(session, at=here.clock(), actor=output.somebody(by), deed="reader.suppress", subject="suppression",
               reason=details)  # fmt: skip
    output.say("It is on the do-not-mail list." if added else "It was on the do-not-mail list already.")
