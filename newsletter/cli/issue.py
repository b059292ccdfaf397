"""``newsletter issue``: a manuscript on its way to the readers, up to its sign-off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli import held, importing, output, sending, showing, signing
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.manuscripts.remarks import Remark, Severity

app = typer.Typer(help="Issues: import, proof, render, sign off, send, report.", no_args_is_help=True)

Target = Annotated[str, typer.Argument(help="An issue's number as `issue list` shows it, or a manuscript file.")]
IssueId = Annotated[int, typer.Argument(help="The issue's number as `issue list` shows it.")]
PublicationFile = Annotated[
    Path | None, typer.Option("--publication", help="Publication file (TOML) to read a manuscript file with.")
]

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List all issues, newest first."""
    from sqlalchemy import select

    from newsletter.issues.models import Issue
    from newsletter.publications import Publication

    columns = ("issue", "newsletter", "number", "state", "title")
    query = (
        select(Issue.id, Publication.label, Issue.number, Issue.state, Issue.title)
        .join(Publication, Publication.id == Issue.publication_id)
        .order_by(Issue.id.desc())
    )
    with opened() as here, here.database.read() as session:
        rows = [(*row[:3], row.state.value, row.title) for row in session.execute(query)]
    if as_json:
        output.say_json({"issues": [dict(zip(columns, row, strict=True)) for row in rows]})
    elif rows:
        output.table(columns, rows)
    else:
        output.say("There are no issues yet; `newsletter issue import FILE --publication LABEL` begins one.")


@app.command("proof")
def proof(target: Target, publication: PublicationFile = None, as_json: Json = False) -> None:
    """Say what stands against signing off; exit code 1 if anything does."""
    from newsletter.cli.manuscript import subject_named

    subject = subject_named(target, publication)
    blockers = subject.findings.blockers
    if as_json:
        waived = subject.findings.waived
        remarks = [_as_data(remark) | {"waived": waived.get(remark.key)} for remark in subject.findings.remarks]
        output.say_json({"manuscript": subject.name, "remarks": remarks, "blockers": len(blockers)})
    else:
        for remark in subject.findings.remarks:
            _print(remark, waived=subject.findings.waived.get(remark.key))
        output.say(
            f"{subject.name}: nothing stands against signing off."
            if not blockers
            else f"{subject.name}: {output.count(len(blockers), 'finding')} to mend or leave as is before signing off."
        )
    if blockers:
        raise typer.Exit(1)


@app.command("waive")
def waive(
    issue_id: IssueId,
    key: Annotated[str, typer.Argument(help="The finding's key as `issue proof` shows it.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why it is left as it is.", prompt="Why is it left as it is?")
    ],
    by: By = None,
) -> None:
    """Leave a warning as it is, for a reason."""
    from newsletter.issues import drafts, findings

    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, issue_id)
        profile = drafts.publication_of(session, issue).profile
        found = findings.of_revision(session, drafts.current_revision(session, issue), profile)
        findings.waive(
            session, issue, remark_key=key, reason=reason, findings=found, by=output.somebody(by), now=here.clock()
        )
    output.say("Left as it is.")


@app.command("render")
def render(
    target: Target,
    out: Annotated[Path, typer.Option("--out", help="Folder to write the editions to.")],
    publication: PublicationFile = None,
) -> None:
    """Write email.html, email.txt, issue.pdf, web.html and document.json into a folder."""
    from newsletter.cli.manuscript import subject_named
    from newsletter.manuscripts.document import to_json
    from newsletter.rendering.edition import FILE_NAMES, Medium
    from newsletter.rendering.preview import for_screen, without_slots

    subject = subject_named(target, publication)
    editions = subject.render()
    out.mkdir(parents=True, exist_ok=True)
    for medium, edition in editions.items():
        data = edition.data
        if medium is Medium.HTML:
            data = for_screen(data.decode(), subject.pictures).encode()
        elif medium is Medium.TEXT:
            data = without_slots(data.decode()).encode()
        (out / FILE_NAMES[medium]).write_bytes(data)
        output.say(f"{out / FILE_NAMES[medium]}  {len(edition.data) / 1024:,.0f} KB")
    (out / "document.json").write_text(to_json(subject.document), encoding="utf-8")
    output.say(str(out / "document.json"))


signing.add_to(app)
importing.add_to(app)
sending.add_to(app)
held.add_to(app)
showing.add_to(app)


def _as_data(remark: Remark) -> dict[str, Any]:
    first = remark.places[0] if remark.places else None
    return {
        "key": remark.key,
        "rule": remark.rule,
        "severity": remark.severity.value,
        "line": remark.line,
        "place": first.path if first else "",
        "quote": first.quote if first else "",
        "message": remark.message,
        "advice": remark.advice,
        "places": [{"line": place.line, "place": place.path, "quote": place.quote} for place in remark.places],
    }


def _print(remark: Remark, *, waived: str | None) -> None:
    lines = [place.line for place in remark.places if place.line is not None]
    paths = dict.fromkeys(place.path for place in remark.places if place.path)
    where = f"line {', '.join(map(str, dict.fromkeys(lines)))}" if lines else "; ".join(paths) or "the whole issue"
    output.say(f"{MARKS[remark.severity]} {remark.severity.value}: {remark.message}  [{remark.rule} {remark.key}]")
    output.say(f"    {where if len(where) < 100 else where[:97] + '…'}")
    quotes = [place.quote for place in remark.places if place.quote][:3]
    for quote in quotes:
        output.say(f"    “{quote if len(quote) < 90 else quote[:87] + '…'}”")
    output.say(f"    {f'left as is: {waived}' if waived else remark.advice}")
