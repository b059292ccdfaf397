"""The readers' pages in a browser: accessible, usable by keyboard, at desk and phone, by day and by night."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.web import problems, readers
from subscribers import subscriptions
from subscribers.links import ReaderLinks
from tests.subscribers.readers import add_publication, add_reader

pytestmark = pytest.mark.browser
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")
"""A folder for pictures of every page, for whoever wants to look."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running site; the value names each page's address."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('browser') / 'site.db'}")
    migrate(database)
    links = ReaderLinks("", Keyring(["a secret that only the tests know"]))
    weekly = add_publication(database, "weekly", now=NOW, name="Northern Storage Weekly")
    add_publication(database, "grid", now=NOW, name="Grid Notes")
    brief = add_publication(database, "brief", now=NOW, language="de", name="Speicherbrief für Donaudampfschifffahrt")
    ada = add_reader(database, "ada.lovelace@example.org", weekly, brief, now=NOW)
    eva = add_reader(database, "eva@example.org", weekly, brief, now=NOW, language="de")
    gone = add_reader(database, "gone@example.org", weekly, now=NOW)
    with database.write() as session:
        subscriptions.unsubscribe(session, gone, weekly, now=NOW, reason="page")
    app = FastAPI()
    problems.install(app)
    app.include_router(readers.router(database=database, links=links, clock=lambda: NOW))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    host = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield {
        "unsubscribe": host + links.unsubscribe_path(LinkClaims(weekly, ada)),
        "abbestellen": host + links.unsubscribe_path(LinkClaims(brief, eva)),
        "not-reading": host + links.unsubscribe_path(LinkClaims(weekly, gone)),
        "preferences": host + links.preferences_path(LinkClaims(weekly, ada)),
        "auswahl": host + links.preferences_path(LinkClaims(brief, eva)),
        "invalid": f"{host}/u/forged",
    }
    server.should_exit = True
    thread.join()
    database.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def looked_at(page: Page, name: str) -> None:
    """Assert that axe finds nothing and that nothing is cut off at the side."""
    found: Any = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 375])
@pytest.mark.parametrize("name", ["unsubscribe", "abbestellen", "not-reading", "preferences", "auswahl", "invalid"])
def test_each_page_is_accessible(browser: Browser, site: dict[str, str], name: str, width: int, scheme: Any):
    """No finding of axe, no sideways scrolling."""
    # The page's own policy forbids every script; the browser lets the examiner's in.
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(site[name])
        looked_at(page, f"{name}-{width}-{scheme}")


def test_leaving_and_coming_back_needs_a_keyboard_and_no_script(browser: Browser, site: dict[str, str]):
    """Tab and Enter to leave; one link, one tick and Enter to come back; nothing blocked by the page's own policy."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.goto(site["unsubscribe"])
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="You are unsubscribed").wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="What you receive").wait_for()
        page.get_by_label("Northern Storage Weekly").check()
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_text("You now receive: Northern Storage Weekly.").wait_for()
        assert troubles == []


@pytest.mark.parametrize("width", [1100, 375])
def test_the_answers_are_accessible_too(browser: Browser, site: dict[str, str], width: int):
    """After saving and after leaving."""
    with browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(site["preferences"])
        wanted = (
            page.get_by_label("Plain text") if width > 400 else page.get_by_role("radio", name="Designed with pictures")
        )
        wanted.check()
        page.get_by_role("button", name="Save choices").click()
        looked_at(page, f"saved-{width}")
        page.goto(site["unsubscribe"])
        page.get_by_role("button", name="Unsubscribe").click()
        looked_at(page, f"left-{width}")
        page.get_by_role("link", name="Changed your mind?").click()
        page.get_by_label("Northern Storage Weekly").check()
        page.get_by_role("button", name="Save choices").click()
