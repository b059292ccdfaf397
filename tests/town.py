"""A town for tests of readers: a whole installation, a mail server that is not ours, and a clock that tests turn."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from newsletter import publications
from newsletter.app import create_app
from newsletter.issues import drafts, signoff
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings, load_settings
from newsletter.publications import Access, Profile
from newsletter.rendering.editions import Editions
from newsletter.rendering.theme import Imprint
from newsletter.worker import Installation
from subscribers import evidence, persons
from subscribers.mail_domains import MailDomains
from subscribers.models import ConsentEvent, Subscriber, Subscription
from tests.conftest import NINE_OCLOCK
from tests.factories import sample_document, sample_pictures
from tests.smtp_server import Receiver, receiver

PUBLIC_URL = "https://news.example.org"
RENDERED: dict[tuple[str, str, str], Editions] = {}
SECRET = "a secret of the town that is long enough"


@dataclass
class Town:
    """The installation, its public pages, and the mailboxes of its people."""

    here: Installation
    client: TestClient
    server: Receiver
    clock: list[datetime]
    publications: dict[str, int] = field(default_factory=dict)
    seen: int = 0

    @property
    def database(self) -> Database:
        return self.here.database

    @property
    def now(self) -> datetime:
        return self.clock[0]

    def turn(self, **span: float) -> None:
        """Let time pass."""
        self.clock[0] += timedelta(**span)

    def publish(self, label: str, *, access: Access = Access.OPEN, language: str = "en", **more: Any) -> int:
        """Add a newsletter and return its id."""
        given = {
            "name": label.title(),
            "imprint": Imprint("Halvorsen Institute", ("Speicherstraße 14", "Hamburg")),
            **more,
        }
        profile = Profile(label=label, from_address="desk@example.org", access=access, language=language, **given)
        with self.database.write() as session:
            self.publications[label] = publications.add(session, profile, now=self.now, by="tests").id
        return self.publications[label]

    def issue(self, label: str) -> int:
        """Sign an issue off and send it to whoever reads *label*; return its id."""
        from newsletter.delivery import orders

        keyring = self.here.settings.keyring
        with self.database.write() as session:
            publication = publications.by_label(session, label)
            issue = drafts.begin(
                session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="ann", now=self.now
            )
            proofs = signoff.proofs_of(session, issue)
            issue_id = issue.id
        # The same input gives the same bytes; one rendering serves every town.
        alike = (proofs.revision_sha256, repr(proofs.profile), repr(proofs.mailing))
        editions = RENDERED.get(alike) or RENDERED.setdefault(alike, proofs.render())
        with self.database.write() as session:
            issue = drafts.get(session, issue_id)
            signoff.approve(session, issue, proofs=proofs, editions=editions, by="bob", now=self.now, keyring=keyring)
            orders.send_issue(session, issue, keyring=keyring, route="smtp", by="bob", now=self.now)
        return issue_id

    def deliver(self) -> list[EmailMessage]:
        """Let the worker do all that is due; return the mails that came, parsed by a parser that is not ours."""
        with self.here.mail_server() as server:
            runner = self.here.runner(server)
            runner.run_until_idle()
        before, self.seen = self.seen, len(self.server.received)
        return self.mails(since=before)

    def mails(self, *, since: int = 0) -> list[EmailMessage]:
        """The mails that have come after so many others."""
        parsed = [
            email.message_from_bytes(one.data, policy=email.policy.default) for one in self.server.received[since:]
        ]
        assert all(isinstance(one, EmailMessage) for one in parsed)
        return parsed  # type: ignore[return-value]

    def join(self, address: str, label: str = "weekly", **more: str) -> Any:
        """Fill the sign-up page in as people do: look, read, type, press."""
        page = self.client.get(f"/join/{label}").text
        self.turn(seconds=5)
        return self.client.post(f"/join/{label}", data={"address": address, "stamp": hidden(page, "stamp"), **more})

    def reader(self, address: str, label: str = "weekly") -> EmailMessage:
        """Let somebody join and confirm; return the confirmation mail."""
        assert self.join(address, label).status_code == 200
        (mail,) = self.deliver()
        assert self.client.post(link_in(mail), data={"act": "confirm"}).status_code == 200
        return mail

    def state(self, address: str, label: str = "weekly") -> str:
        """Where the reader stands; empty if there is no tie."""
        with self.database.read() as session:
            row = session.execute(
                select(Subscription.state)
                .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
                .where(Subscriber.address == address, Subscription.publication_id == self.publications[label])
            ).first()
        return row[0].value if row else ""

    def kinds(self, address: str) -> list[str]:
        """The events of a person's chain, which must be sound."""
        with self.database.read() as session:
            person = session.scalars(select(Subscriber).where(Subscriber.address == address)).one()
            assert evidence.verify_chain(session, person.id)
            events = select(ConsentEvent.kind).where(ConsentEvent.subscriber_id == person.id)
            return list(session.scalars(events.order_by(ConsentEvent.position)))

    def person(self, address: str) -> persons.PersonView:
        """What is held about somebody."""
        with self.database.read() as session:
            return persons.look_up(session, address)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', page)
    assert found, f"no hidden field {name}"
    return found[1]


def body_of(mail: EmailMessage, kind: str = "plain") -> str:
    """One part of a mail as text."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage, kind: str = "[ucpm]") -> str:
    """The path of the mail's own link."""
    found = re.search(rf"{re.escape(PUBLIC_URL)}(/{kind}/[\w-]+)", body_of(mail))
    assert found, body_of(mail)
    return found[1]


def settings_of(database_url: str, folder: Path, **more: Any) -> Settings:
    """The town's settings."""
    given = {"secret_key": SECRET, "public_url": PUBLIC_URL, "data_dir": folder / "var", **more}
    return load_settings(_env_file=None, database_url=database_url, **given)


@contextmanager
def town(database_url: str, folder: Path, **more: Any) -> Iterator[Town]:
    """Build a town with one open newsletter, the weekly."""
    clock = [NINE_OCLOCK]
    with receiver() as server:
        settings = settings_of(database_url, folder, smtp_url=f"smtp://127.0.0.1:{server.port}?pace=none", **more)
        here = Installation.open(settings, clock=lambda: clock[0])
        try:
            client = TestClient(
                create_app(here, domains=MailDomains(None)), base_url=PUBLIC_URL, follow_redirects=False
            )
            made = Town(here, client, server, clock)
            made.publish("weekly")
            yield made
        finally:
            here.close()
