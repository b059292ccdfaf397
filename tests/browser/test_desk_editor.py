"""The editor in a browser: two at once, a server that goes away in the middle, keyboard and axe."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
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

pytestmark = pytest.mark.browser
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")
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


def test_what_is_written_is_saved_at_the_pause(site: Site, browser: Browser):
    """No button; nothing in the console; nothing left in the browser."""
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        title(page).fill("Batteries first")
        page.locator("#version", has_text="2").wait_for()
        saved(page)
        assert site.article().title == "Batteries first"
        assert page.evaluate("localStorage.length") == 0
        assert [one for one in troubles if "sandbox" not in one.lower()] == []


def test_two_browsers_in_one_issue_lose_nothing(site: Site, browser: Browser):
    """The same field: the second sees both versions and keeps hers; another field is merged without a word."""
    with site.signed_in(browser, "ada") as one, site.signed_in(browser, "eva") as other:
        ada, eva = opened(site, one), opened(site, other)
        title(ada).fill("Ada's title")
        ada.locator("#version", has_text="2").wait_for()
        eva.locator("fieldset:not(.own) input[name$='|label']").first.fill("In short")
        eva.locator("#version", has_text="3").wait_for()
        assert title(eva).input_value() == "Ada's title"
        assert (site.article().title, site.article().parts[0].label) == ("Ada's title", "In short")
        title(ada).fill("Ada again")
        title(eva).fill("Eva's title")
        eva.locator("#version", has_text="4").wait_for()
        ada.locator("#version", has_text="4").wait_for()
        clashing = eva if eva.locator("section.clash").count() else ada
        clashing.locator("section.clash").wait_for()
        assert clashing.locator("section.clash textarea").count() == 2
        mine = clashing.locator("section.clash textarea:not([readonly])").input_value()
        clashing.get_by_role("button", name="Keep mine").click()
        clashing.locator("#version", has_text="5").wait_for()
        assert site.article().title == mine
        assert mine in {"Ada again", "Eva's title"}


def test_a_server_that_goes_away_in_the_middle_loses_nothing(site: Site, browser: Browser):
    """Kept in the browser, said so, and saved when the server is back; even if the page is loaded again first."""
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        site.stop()
        title(page).fill("Written while nobody listened")
        page.get_by_text("kept in this browser").wait_for()
        site.start()
        saved(page)
        assert site.article().title == "Written while nobody listened"
        site.stop()
        title(page).fill("And once more")
        page.get_by_text("kept in this browser").wait_for()
        site.start()
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        saved(page)
        page.locator("#version", has_text="3").wait_for()
        assert site.article().title == "And once more"


def test_the_order_is_changed_by_keys_and_by_buttons_without_script(site: Site, browser: Browser):
    """Alt and an arrow; the same as a plain form."""
    key = site.article().key
    before = [e.key for e in next(s for s in site.document().sections if s.title == "Top 5").entries]
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        page.keyboard.press("Alt+ArrowDown")
        page.locator("#version", has_text="2").wait_for()
    with site.signed_in(browser, "eva", java_script_enabled=False) as context:
        page = opened(site, context)
        title(page).fill("Typed without script")
        page.locator(".sheet").get_by_role("button", name="Save").click()
        page.get_by_text("Saved as version 3").wait_for()
    after = [e.key for e in next(s for s in site.document().sections if s.title == "Top 5").entries]
    assert after.index(key) == before.index(key) + 1
    assert "Typed without script" in {one.title for one in walk(site.document()) if isinstance(one, Article)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_every_page_of_the_editor_is_accessible(site: Site, browser: Browser, width: int, scheme: Any):
    """No finding of axe, no sideways scrolling, at desk and phone, by day and by night."""
    with site.signed_in(
        browser, "ada", viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        key = site.article().key
        places = {"issue": PATH + "editor", "article": f"{PATH}editor?at={key}", "history": f"{PATH}history?a=1&b=1", "reviewers": f"{PATH}reviewers?at={key}", "preview": f"{PATH}preview", "reviewer": f"/v/{TOKEN}"}  # fmt: skip
        for name, path in places.items():
            page.goto(site.url + path)
            found: Any = Axe().run(page, options={"iframes": False})
            assert found.violations_count == 0, (name, found.generate_report())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            if PICTURES:
                page.screenshot(path=str(Path(PICTURES) / f"editor-{name}-{width}-{scheme}.png"))
