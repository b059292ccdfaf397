"""A desk that sends: on a port of its own, with readers and a mail server of which some mailboxes are gone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import select

from newsletter import publications
from newsletter.app import create_app
from newsletter.cli.demo import SAMPLE
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.settings import Settings
from newsletter.publications import Publication
from newsletter.team import people, sessions
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.delivery.outbox import readers
from tests.smtp_server import ScriptedLine, ScriptedSmtpServer

LABEL = "china-ports-power"
START = f"/desk/p/{LABEL}/i/1/"
GONE, FULL = "nobody@ministry.example", "full@university.example"
READERS = [
    *(f"reader{n}@bank.example" for n in range(24)), *(f"reader{n}@ministry.example" for n in range(15)),
    *(f"reader{n}@gmail.com" for n in range(9)), GONE, FULL,
]  # fmt: skip


class MailServer(ScriptedSmtpServer):
    """Takes mail for all but two mailboxes, of which one is full until there is ``room``, and while it ``takes`` any."""

    def __init__(self) -> None:
        super().__init__(extensions=("ENHANCEDSTATUSCODES",))
        self.takes = threading.Event()
        self.takes.set()
        self.room = threading.Event()

    def conversation(self, line: socket.socket, over: threading.Event) -> ScriptedLine:
        """Lead one client's conversation."""
        return _Line(self, line, over)


class _Line(ScriptedLine):
    def say(self, verb: str, usual: str = "") -> str:
        command = self.server.commands[-1] if self.server.commands else ""
        if verb == "RCPT" and GONE in command:
            return self.act(["550 5.1.1 There is no such user here"])
        assert isinstance(self.server, MailServer)
        if verb == "RCPT" and FULL in command and not self.server.room.is_set():
            return self.act(["452 4.2.2 The mailbox is full"])
        if verb == "END":
            self.server.takes.wait(20)
        return super().say(verb, usual)


class MovedClock:
    """The time of day, and whatever a test lets pass at once."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class Site:
    """The desk, its readers and its people."""

    def __init__(self, folder: Path, mail: MailServer, **profile: Any) -> None:
        self.database = Database(f"sqlite:///{folder / 'desk.db'}")
        migrate(self.database)
        self.clock = MovedClock()
        self.mail = mail
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = Settings(
            _env_file=None, secret_key="a secret that only the tests know", public_url=self.url, data_dir=folder,
            smtp_url=f"smtp://127.0.0.1:{mail.port}?starttls=no&pace=none&connections=1",
        )  # type: ignore[call-arg]  # fmt: skip
        self.here = Installation(settings, self.database, self.clock)
        given = publications.read_profile(SAMPLE / "publication.toml")
        given = replace(given, team_address="team@skerry.example.org", **profile)
        with self.database.write() as session:
            made = publications.add(session, given, now=self.clock(), by="tests")
            publication_id = made.id
        readers(self.database, publication_id, READERS)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve and send while the block runs."""
        self.start()
        try:
            yield
        finally:
            self.mail.takes.set()
            self.stop()
            self.here.close()

    def start(self) -> None:
        """Serve, and send what is due."""
        app = create_app(self.here, alongside=self.here.working)
        config = uvicorn.Config(app, port=self.port, log_level="error", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        """Go away."""
        self.server.should_exit = True
        self.thread.join()

    def signed_in(
        self, browser: Browser, name: str, role: Role, *, language: str = "en", **options: Any
    ) -> BrowserContext:
        """A browser of its own in which *name* is signed in."""
        now = self.clock()
        with self.database.write() as session:
            where = session.scalars(select(Publication)).one()
            address = f"{name.lower()}@skerry.example.org"
            person = people.add(session, address, name=name, language=language, now=now, by="tests")
            people.give(session, person, role, where, now=now, by="tests")
            token = sessions.begin(session, person, browser="tests", now=now)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        context.add_cookies([{"name": "desk", "value": token, "url": self.url}])
        return context
