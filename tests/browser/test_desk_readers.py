"""The reader list in a browser: a list comes in, a segment counts as it is clicked together, a reader is looked at."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from newsletter import publications
from newsletter.app import create_app
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.settings import Settings
from newsletter.publications import Profile
from newsletter.team import people, sessions
from newsletter.team.roles import Role
from newsletter.worker import Installation
from subscribers import import_work, own_fields
from subscribers.attributes import FieldKind

pytestmark = pytest.mark.browser
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")
LIST = "E-Mail;Vorname;Nachname;Plan;Gruppe\n" + "".join(
    f"reader{number}@club.example;Änne;Müller{number};{'Gold' if number % 3 else 'Silver'};Press\n"
    for number in range(9)
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The desk on a port of its own, with a newsletter that nobody reads yet."""
    folder = tmp_path_factory.mktemp("readers")
    database = Database(f"sqlite:///{folder / 'desk.db'}")
    migrate(database)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(_env_file=None, secret_key="a secret that only the tests know", data_dir=folder,
                        public_url=f"http://127.0.0.1:{port}")  # type: ignore[call-arg]  # fmt: skip
    with database.write() as session:
        publications.add(
            session, Profile(name="Pacific Grids", label="grids", from_address="g@institute.example"), now=NOW, by="x"
        )
        own_fields.add(session, "Plan", FieldKind.CHOICE, choices=["Gold", "Silver"], by="x", now=NOW)
    installation = Installation(settings, database, lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(create_app(installation), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield installation
    server.should_exit = True
    thread.join()
    database.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


def page_of(here: Installation, browser: Browser, language: str, **looks: object) -> Page:
    """The page of an editor who is signed in and speaks *language*."""
    with here.database.write() as session:
        person = people.add(session, f"{language}@x.example", name="Eva", language=language, now=NOW, by="x")
        people.give(session, person, Role.EDITOR, None, now=NOW, by="x")
        token = sessions.begin(session, person, browser="tests", now=NOW)
    context = browser.new_context(**looks)  # type: ignore[arg-type]
    context.add_cookies([{"name": "desk", "value": token, "url": here.settings.public_url}])
    context.set_default_timeout(10_000)
    return context.new_page()


def looked_at(page: Page, name: str) -> None:
    """No violation of WCAG that axe knows, and nothing wider than the screen."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def test_a_list_comes_in_is_narrowed_and_looked_at(here: Installation, browser: Browser):
    """In the light on a desk and, in German, in the dark on a phone; the number follows each click without a reload."""
    page = page_of(here, browser, "en", viewport={"width": 1280, "height": 900})
    base = f"{here.settings.public_url}/desk/p/grids/readers"
    page.goto(f"{base}/import")
    page.set_input_files("#file", {"name": "Club.csv", "mimeType": "text/csv", "buffer": LIST.encode("cp1252")})
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("cell", name="Änne").first).to_be_visible()
    page.get_by_label("Column 5").select_option(label="Tags, with commas between")
    page.get_by_label("Where the proof of their consent is kept").fill("Forms, folder 7")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("The file has 9 rows.")).to_be_visible()
    looked_at(page, "import")
    page.get_by_role("button", name="Bring them in").click()
    expect(page.get_by_text("Waits for its turn")).to_be_visible()
    assert import_work.work(here.database, owner="w", clock=here.clock, keyring=here.settings.keyring)
    expect(page.get_by_text("9 of 9 rows")).to_be_visible()  # by itself
    looked_at(page, "import-finished")
    page.goto(f"{base}/segments/new")
    page.get_by_label("Condition to add to group 1").select_option(label="Plan")
    page.get_by_role("button", name="Add", exact=True).click()
    count = page.locator("output")
    expect(count).to_have_text("6")
    page.get_by_label("Plan: value").select_option("Silver")
    expect(count).to_have_text("3")
    page.get_by_label("Name").fill("Silver")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The segment is saved.")).to_be_visible()
    looked_at(page, "segment")
    page.get_by_role("link", name="Show its readers").click()
    expect(page.get_by_role("row")).to_have_count(4)
    phone = page_of(here, browser, "de", viewport={"width": 375, "height": 800}, color_scheme="dark")
    phone.goto(f"{base}?q=müller3")
    looked_at(phone, "list-phone")
    phone.get_by_role("link", name="reader3@club.example").click()
    expect(phone.get_by_text("Von der Redaktion aufgenommen")).to_be_visible()
    for place in ("", "/segments/1", "/notes", "/do-not-mail", "/export", "/import"):
        if place:
            phone.goto(base + place)
        looked_at(phone, f"phone{place.replace('/', '-')}")
