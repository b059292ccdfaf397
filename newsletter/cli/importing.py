"""``newsletter issue import`` and ``issue next``: manuscripts come in, or a new issue begins like the last one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.kit.errors import BadInput

if TYPE_CHECKING:
    from newsletter.manuscripts.docx_changes import Decisions
    from newsletter.manuscripts.files import FileReading
    from newsletter.manuscripts.replacing import Replacement
    from newsletter.publications import Profile

Label = Annotated[str, typer.Option("--publication", help="Label of the newsletter it belongs to.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into ``newsletter issue``."""
    app.command("import")(import_manuscripts)
    app.command("next")(begin_next)


def import_manuscripts(
    files: Annotated[list[Path], typer.Argument(help="Manuscripts: Markdown or Word files; several become one issue.")],
    publication: Label,
    into: Annotated[
        int | None, typer.Option("--into", help="The issue whose articles these files revise, instead of a new one.")
    ] = None,
    whole: Annotated[
        bool | None,
        typer.Option("--whole/--article", help="Whether it replaces the whole issue; default: as the issue was made."),
    ] = None,
    place: Annotated[
        str | None, typer.Option("--as", help="The article it replaces (as the question names it), or `new`.")
    ] = None,
    changes: Annotated[
        str | None, typer.Option("--changes", help="Tracked changes of Word files: `accept` or `reject` them all.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take manuscripts in as a new issue, or let them replace what they said before in one."""
    from newsletter import publications

    if into is None and (whole is not None or place is not None):
        raise BadInput("--whole, --article and --as go with --into; a new issue replaces nothing.")
    if into is not None and len(files) > 1:
        raise BadInput("Give one file with --into; each revised file is looked at by itself.")
    decisions = _decisions(changes)
    with opened() as here, here.database.read() as session:
        profile = publications.by_label(session, publication).profile
    if into is None:
        result, said = _new(publication, _read_all(files, profile, decisions), by=by)
    else:
        result, said = _revised(files[0], profile, decisions, into, whole=whole, place=place, by=by)
    if as_json:
        output.say_json(result)
        return
    for line in said:
        output.say(line)
    output.say(f"Proof it with `newsletter issue proof {result['issue']}`.")


def begin_next(publication: Label, by: By = None, as_json: Json = False) -> None:
    """Begin an issue like the last one: its sections, labels and people, and none of its words."""
    from newsletter import publications
    from newsletter.issues import drafts, intake

    with opened() as here, here.database.write() as session:
        owner = publications.by_label(session, publication)
        issue = intake.begin_next(session, owner, by=output.somebody(by), now=here.clock())
        date = drafts.current_revision(session, issue).document.date
        result = {"issue": issue.id, "title": issue.title, "date": date.isoformat() if date else None}
    if as_json:
        output.say_json(result)
    else:
        when = f" for {result['date']}" if date else ""
        title = result["title"] or "(no title)"
        output.say(f"Issue {result['issue']}{when}: {title}, like the last one, without its words.")


def _decisions(given: str | None) -> Decisions:
    from newsletter.manuscripts.docx_changes import UNDECIDED, Decision, Decisions

    if given is None:
        return UNDECIDED
    if given not in set(Decision):
        raise BadInput(f"--changes is accept or reject, not {given!r}; leave it out to decide on each by itself.")
    return Decisions(rest=Decision(given))


def _read_all(files: Sequence[Path], profile: Profile, decisions: Decisions) -> list[FileReading]:
    from newsletter.issues.manuscript_files import receive
    from newsletter.kit.errors import ManuscriptError, NotFound

    readings: list[FileReading] = []
    refused: list[str] = []
    for path in files:
        try:
            readings.append(receive(path, house_style=profile.house_style, alone=len(files) == 1, decisions=decisions))
        except (ManuscriptError, NotFound) as error:
            refused.append(str(error))
    if refused:
        raise ManuscriptError(" ".join(refused))
    return readings


def _new(label: str, readings: Sequence[FileReading], *, by: str | None) -> tuple[dict[str, Any], list[str]]:
    from newsletter import publications
    from newsletter.issues import drafts, intake

    with opened() as here, here.database.write() as session:
        owner = publications.by_label(session, label)
        taken = intake.take_in(session, owner, readings, by=output.somebody(by), now=here.clock())
        revision = drafts.current_revision(session, taken.issue)
        result: dict[str, Any] = {
            "issue": taken.issue.id, "revision": revision.number, "title": taken.issue.title,
            "state": taken.issue.state.value,
            "files": [
                {"name": f.name, "sha256": f.sha256, "articles": list(f.titles), "changes": f.changes,
                 "comments": f.comments}
                for f in taken.files
            ],
        }  # fmt: skip
    said = [f"Issue {result['issue']}, revision {result['revision']}: {result['title'] or '(no title)'}"]
    for file in taken.files:
        what = "; ".join(file.titles) or "title, people and sections"
        said += [f"  {file.name}: {what}"] if len(taken.files) > 1 else []
        said += [f"  {file.name}: {_to_decide(file.changes, file.comments)}"] if file.changes or file.comments else []
    return result, said


def _to_decide(changes: int, comments: int) -> str:
    parts = [output.count(changes, "tracked change")] if changes else []
    parts += [output.count(comments, "comment")] if comments else []
    return f"{' and '.join(parts)} to decide on"


def _revised(
    path: Path,
    profile: Profile,
    decisions: Decisions,
    into: int,
    *,
    whole: bool | None,
    place: str | None,
    by: str | None,
) -> tuple[dict[str, Any], list[str]]:
    from newsletter.issues import drafts, received, replacements
    from newsletter.issues.manuscript_files import receive

    with opened() as here, here.database.read() as session:
        alone = received.is_all_of(session, drafts.get(session, into), path.name) if whole is None else whole
    reading = receive(path, house_style=profile.house_style, alone=alone, decisions=decisions)
    with opened() as here, here.database.write() as session:
        issue = drafts.get(session, into)
        drafts.check_publication(session, issue, profile.label)
        choices = None
        if place is not None:
            found, _ = replacements.proposal(session, issue, reading, whole=whole)
            choices = _chosen(found, place)
        found = replacements.replace_with(
            session, issue, reading, by=output.somebody(by), now=here.clock(), choices=choices, whole=whole
        )
        revision = drafts.current_revision(session, issue)
        result = {
            "issue": issue.id, "revision": revision.number, "title": issue.title, "state": issue.state.value,
            "changed": [{"path": unit.path, "change": unit.change.value} for unit in found.difference.changed],
            "words_added": found.difference.words_added, "words_removed": found.difference.words_removed,
            "untouched": list(found.untouched),
        }  # fmt: skip
    return result, _difference(result, found, path.name)


def _difference(result: dict[str, Any], found: Replacement, name: str) -> list[str]:
    from newsletter.manuscripts.difference_text import lines_of_difference

    if found.difference.same:
        return [f"{name} says what issue {result['issue']} says already; nothing is changed."]
    counts = f"+{found.difference.words_added} −{found.difference.words_removed} words"
    said = [f"Issue {result['issue']}, revision {result['revision']}: {result['title'] or '(no title)'} ({counts})"]
    said += [f"  {line}" for line in lines_of_difference(found.difference)]
    said += [f"  = {path} is not in {name}; it stays as it is." for path in found.untouched]
    return said


def _chosen(found: Replacement, place: str) -> dict[int, str]:
    """Return what ``--as`` says of each entry in question: its path's end, or ``new``."""
    from newsletter.manuscripts.replacing import NEW

    choices: dict[int, str] = {}
    for at, match in enumerate(found.matches):
        if not match.is_question and place != NEW and len(found.matches) > 1:
            continue
        keys = [NEW] if place == NEW else [c.key for c in match.candidates if c.path == place or c.path.endswith(place)]
        if len(keys) != 1:
            paths = "; ".join(candidate.path for candidate in match.candidates)
            raise BadInput(f"--as {place!r} names {len(keys)} articles of the issue; there are: {paths}.")
        choices[at] = keys[0]
    return choices
