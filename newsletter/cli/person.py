"""``newsletter subscribers show|record|erase|object|suppress``: one person, looked up and obeyed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened
from newsletter.cli.publication import By, Json
from newsletter.kit.errors import Conflict
from subscribers.states import SuppressionReason

Address = Annotated[str, typer.Argument(help="The reader's address.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Give *app* the commands about one person."""
    for command in (show, record, erase, object_to_mail, suppress):
        app.command("object" if command is object_to_mail else command.__name__)(command)


def show(address: Address, as_json: Json = False) -> None:
    """Show where a reader stands; with --json everything that is held, as the reader gets it."""
    from newsletter.delivery.dossier import dossier
    from subscribers import persons
    from subscribers.record import subscriber_id_of

    with opened() as here, here.database.read() as session:
        person = persons.look_up(session, address)
        if as_json:
            everything = dossier(session, subscriber_id_of(session, address), now=here.clock())
            output.say_json({**person.to_json(), **everything})
            return
    output.table(("", ""), [("address", person.address), ("name", person.name), ("language", person.language),
                            ("format", person.format), ("evidence", "sound" if person.chain_is_sound else "BROKEN"),
                            ("do not mail", person.suppressed or "no")])  # fmt: skip
    output.say()
    output.table(
        ("newsletter", "state", "basis", "since", "ended", "how"),
        [(s.publication, s.state, s.basis, s.started_at, s.ended_at, s.end_reason) for s in person.subscriptions],
    )


def record(
    address: Address,
    out: Annotated[Path, typer.Option("--out", help="Where to write the PDF.")],
    publication: Annotated[str, typer.Option("--publication", help="In whose name; default: one they read.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language of the record; default: the reader's.")] = "",
) -> None:
    """Write a reader's consent record as a PDF that can be read and checked without us."""
    from newsletter import publications
    from newsletter.delivery.consent_pages import consent_page
    from newsletter.rendering.consent_pdf import consent_pdf
    from subscribers import persons
    from subscribers.record import subscriber_id_of

    with opened() as here, here.database.read() as session:
        person = persons.look_up(session, address)
        labels = [publication] if publication else [tie.publication for tie in person.subscriptions]
        if not labels:
            raise Conflict("This reader never had a newsletter; name one with --publication.")
        profile = publications.by_label(session, labels[0]).profile
        spoken = language or person.language or profile.language
        page = consent_page(session, subscriber_id_of(session, address), profile, language=spoken, now=here.clock())
    out.write_bytes(consent_pdf(page))
    output.say(f"{output.count(len(page.entries), 'entry', 'entries')} in {out}.")


def erase(address: Address, yes: Yes = False, by: By = None) -> None:
    """Forget a reader who asked for it; a keyed hash remains, so that no import brings the address back."""
    from newsletter.delivery import forgetting
    from subscribers.record import subscriber_id_of

    with opened() as here:
        with here.database.read() as session:
            subscriber_id_of(session, address)
        output.confirmed(f"Erase {address} and everything about it? This cannot be taken back.", yes=yes)
        with here.database.write() as session:
            forgetting.erase(
                session, subscriber_id_of(session, address), keyring=here.settings.keyring, now=here.clock(),
                by=output.somebody(by),
            )  # fmt: skip
    output.say("Erased. What stands in exported files and in mailboxes is not ours to erase.")


def object_to_mail(address: Address, by: By = None) -> None:
    """End everything a reader gets and never write again, as the reader asked (GDPR 21)."""
    from newsletter.kit import audit
    from subscribers import erasure
    from subscribers.record import subscriber_id_of

    with opened() as here, here.database.write() as session:
        subscriber_id, who = subscriber_id_of(session, address), output.somebody(by)
        ended = erasure.object_to_mail(session, subscriber_id, now=here.clock(), source=f"team: {who}")
        subject = f"subscriber:{subscriber_id}"
        audit.record(session, at=here.clock(), actor=who, deed="reader.object", subject=subject, ended=list(ended))
    output.say(f"{output.count(len(ended), 'newsletter')} ended; the address is on the do-not-mail list.")


def suppress(
    address: Annotated[str, typer.Argument(help="The address never to write to.")],
    details: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    by: By = None,
) -> None:
    """Put an address on the do-not-mail list; in force for every mail not yet handed over."""
    from newsletter.kit.audit import record as note
    from subscribers import suppression

    with opened() as here, here.database.write() as session:
        added = suppression.suppress(
            session, address, reason=SuppressionReason.REQUEST, now=here.clock(), details=details
        )
        note(session, at=here.clock(), actor=output.somebody(by), deed="reader.suppress", subject="suppression",
             reason=details)  # fmt: skip
    output.say("It is on the do-not-mail list." if added else "It was on the do-not-mail list already.")
