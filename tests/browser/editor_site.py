"""A running desk with the sample issue, and browsers in which somebody is signed in, for tests of the editor."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from newsletter import publications
from newsletter.app import create_app
from newsletter.issues import drafts, review_links
from newsletter.issues.link_hosts import Reach
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.settings import Settings
from newsletter.manuscripts.document import Article, Document
from newsletter.manuscripts.keys import walk
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.publications import Profile
from newsletter.team import people, sessions
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.factories import sample_document, sample_pictures

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PATH = "/desk/p/grids/i/1/"
TOKEN = "a-token-that-nobody-guesses-0123456789"
WARNING = Remark(
    "split-sentence", Severity.WARNING, "A sentence was split.", "Look at it.", (Place(12, "", "wish list"),)
)


class Site:
    """The desk on a port of its own, with the sample issue; it can go away and come back."""

    reach: Reach | None = None
    """How far the link check goes; None: the public web."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'desk.db'}")
        migrate(self.database)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = Settings(
            _env_file=None, secret_key="a secret that only the tests know", public_url=self.url, data_dir=folder
        )  # type: ignore[call-arg]
        self.here = Installation(settings, self.database, lambda: NOW)
        with self.database.write() as session:
            profile = Profile(name="Pacific Grids", label="grids", from_address="grids@institute.example")
            publication = publications.add(session, profile, now=NOW, by="tests")
            issue = drafts.begin(
                session,
                publication,
                sample_document(),
                remarks=(WARNING,),
                pictures=sample_pictures(),
                by="ada@x.example",
                now=NOW,
            )
            review_links.invite(
                session, issue, entry_key=self.article(issue.id, session).key, address="rita@example.org", message="Please!",
                by="eva@x.example", by_name="Eva", url="-", token=TOKEN, now=NOW,
            )  # fmt: skip

    def article(self, issue_id: int = 1, session: Any = None) -> Article:
        """The first article as it is stored."""
        if session is None:
            return next(one for one in walk(self.document()) if isinstance(one, Article))
        document = drafts.current_revision(session, drafts.get(session, issue_id)).document
        return next(one for one in walk(document) if isinstance(one, Article))

    def document(self) -> Document:
        """The issue as it is stored."""
        with self.database.read() as session:
            return drafts.current_revision(session, drafts.get(session, 1)).document

    def start(self) -> None:
        """Serve."""
        self.server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.here, reach=self.reach), host="127.0.0.1", port=self.port, log_level="warning"
            )
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        """Go away."""
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join()

    def signed_in(self, browser: Browser, name: str, **options: Any) -> BrowserContext:
        """A browser of its own in which *name* is signed in."""
        with self.database.write() as session:
            person = people.add(session, f"{name}@x.example", name=name, language="en", now=NOW, by="tests")
            people.give(session, person, Role.EDITOR, None, now=NOW, by="tests")
            token = sessions.begin(session, person, browser="tests", now=NOW)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        context.add_cookies([{"name": "desk", "value": token, "url": self.url}])
        return context


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running desk."""
    made = Site(tmp_path)
    made.start()
    yield made
    made.stop()
    made.database.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(site: Site, context: BrowserContext) -> Page:
    """The editor on the first article."""
    page = context.new_page()
    page.goto(f"{site.url}{PATH}editor?at={site.article().key}")
    return page


def title(page: Page) -> Any:
    """The field of the article's title."""
    return page.locator("fieldset.own input[name$='|title']")


def saved(page: Page) -> None:
    """Wait until the page says that all is saved."""
    page.get_by_text("All is saved.").wait_for()
