"""``newsletter demo``: the whole way of an issue, on this machine alone, with invented readers."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import accounts, output, signals
from newsletter.cli.invented_readers import invented_readers, write_csv

if TYPE_CHECKING:
    import socket

    from newsletter.delivery.report import DispatchReport
    from newsletter.kit.settings import Settings
    from newsletter.worker import Installation

SAMPLE = Path(__file__).parent / "sample"
READERS = 500
SEED = 2026
MARK = "made-by-newsletter-demo"
"""A file of this name says that the demo made the folder and may make it anew."""
WHO = "Newsletter Desk demo"
APPROVER = "the demo's second pair of eyes"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Do not serve the pages at the end.")] = False,
    port: Annotated[
        int, typer.Option("--port", help="Port to serve on at the end; taken ones are passed over.", min=1, max=65535)
    ] = 8000,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where the demo keeps its data.")] = None,
) -> None:
    """Read, proof, render, sign off and send a sample issue to 500 invented readers; nothing leaves this machine."""
    from newsletter.kit.migrations import migrate
    from newsletter.worker import Installation

    with _first_free(port) as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        here = Installation.open(_settings(folder, address))
        try:
            migrate(here.database)
            _proof_the_draft()
            issue_id = _bring_in(here)
            _sign_off(here, issue_id)
            _send(here, issue_id)
            if not once:
                _serve(here, door, address)
        finally:
            here.close()


def _settings(folder: Path | None, address: str) -> Settings:
    """Settings of the demo's own: whatever the environment says, no mail server and no other database is touched."""
    from newsletter.kit.settings import load_settings

    home = folder or load_settings().data_dir / "demo"
    _make_anew(home)
    return load_settings(
        _env_file=None, data_dir=home, database_url="", secret_key="", smtp_url="", bounce_domain="", dkim_domain="",
        public_url=address,
    )  # fmt: skip


def _make_anew(home: Path) -> None:
    from newsletter.kit.errors import Conflict

    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise Conflict(f"{home} holds data that the demo did not make; choose another place with --folder.")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).touch()


def _proof_the_draft() -> None:
    """Show what proofing finds in a manuscript as authors hand it in."""
    from newsletter.cli.manuscript import subject_named

    draft = subject_named(str(SAMPLE / "draft.md"), SAMPLE / "publication.toml")
    output.say(f"1  The draft, as it came from its authors: {len(draft.findings.blockers)} findings stop it.")
    for remark in draft.findings.blockers:
        output.say(f"     line {remark.line}: {remark.message}")


def _bring_in(here: Installation) -> int:
    from newsletter import publications
    from newsletter.issues import drafts
    from newsletter.issues.manuscript_files import receive
    from newsletter.kit.clock import utc_now
    from subscribers.roster import import_readers
    from subscribers.states import ConsentBasis

    profile = publications.read_profile(SAMPLE / "publication.toml")
    received = receive(SAMPLE / "issue.md", house_style=profile.house_style)
    with here.database.write() as session:
        publication = publications.add(session, profile, now=utc_now(), by=WHO)
        issue = drafts.begin(
            session, publication, received.document,
            remarks=received.remarks, pictures=received.pictures, by=WHO, now=utc_now(),
        )  # fmt: skip
        publication_id, issue_id, title = publication.id, issue.id, issue.title
    output.say(f"2  The mended manuscript is issue {issue_id} of {profile.name}: {title}")
    roster = here.settings.data_dir / "invented-readers.csv"
    write_csv(roster, invented_readers(READERS, seed=SEED))
    with output.progress("Importing") as bar:
        counts = import_readers(
            here.database, roster, publication_id=publication_id, basis=ConsentBasis.DOUBLE_OPT_IN, by=WHO, now=utc_now,
            keyring=here.settings.keyring, evidence="invented people, invented consent", progress=bar,
            report=roster.with_suffix(".report.csv"),
        )  # fmt: skip
    output.say(f"3  {counts.taken:,} invented readers subscribe to it.")
    return issue_id


def _sign_off(here: Installation, issue_id: int) -> None:
    from newsletter.issues import drafts, signoff

    with here.database.read() as session:
        issue = drafts.get(session, issue_id)
        signoff.check(session, issue)
        proofs = signoff.proofs_of(session, issue)
    editions = proofs.render()
    with here.database.write() as session:
        issue = drafts.get(session, issue_id)
        signoff.approve(session, issue, proofs, editions, keyring=here.settings.keyring, by=APPROVER, now=here.clock())
    sizes = ", ".join(f"{medium.value} {len(edition.data) / 1024:,.0f} KB" for medium, edition in editions.items())
    output.say(f"4  It is signed off, four editions frozen: {sizes}")


def _send(here: Installation, issue_id: int) -> None:
    from newsletter.cli import sending
    from newsletter.delivery import orders
    from newsletter.issues import drafts

    intent = sending.intent_of(here, issue_id)
    output.say("5  Sending:")
    for line in intent.lines():
        output.say(f"   {line}")
    with here.database.write() as session:
        dispatch_id = orders.send_issue(
            session, drafts.get(session, issue_id),
            keyring=here.settings.keyring, route=here.route_name, by=WHO, now=here.clock(),
        ).id  # fmt: skip
    with signals.noted() as asked_to_stop:
        account = sending.run(here, dispatch_id, asked_to_stop=asked_to_stop)
    output.say(f"6  What became of all {account.planned:,}:")
    accounts.show(account, as_json=False)
    _check(here, account)


def _check(here: Installation, account: DispatchReport) -> None:
    """Count what the mail server really got, so that the demo does not merely believe itself."""
    from newsletter.kit.errors import Conflict

    assert here.outbox is not None
    caught = Counter(recipient for mail in here.outbox.newest(10 * READERS) for recipient in mail.recipients)
    if len(caught) != account.planned or set(caught.values()) != {1}:
        raise Conflict(f"The catcher has {sum(caught.values())} mails for {len(caught)} readers, not one for each.")
    output.say(f"   The mail server has one mail for each of {len(caught):,} readers.")


def _serve(here: Installation, door: socket.socket, address: str) -> None:
    from newsletter.cli import serving

    output.say()
    output.say(f"   The issue on the web:  {address}/")
    output.say(f"   The desk:              {address}/desk/")
    serving.say_first_link(here, address)
    output.say(f"   Every mail, as sent:   {address}/outbox")
    output.say("   Open a mail and follow its links: preferences, unsubscribe. Ctrl-C ends it.")
    serving.answer(here, door)


def _first_free(wanted: int) -> socket.socket:
    """Return a socket on the first port from *wanted* on that nobody listens on; on any if fifty are taken."""
    from newsletter.cli.serving import listening
    from newsletter.kit.errors import SettingsError

    for port in range(wanted, min(wanted + 50, 65536)):
        with suppress(SettingsError):
            return listening("127.0.0.1", port)
    return listening("127.0.0.1", 0)
