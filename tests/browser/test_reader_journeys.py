"""A reader's whole way in a real browser: in both languages, by keyboard alone, on a phone, under axe's eyes."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from newsletter.app import create_app
from newsletter.kit.catalogue import words
from subscribers.mail_domains import MailDomains
from subscribers.models import Subscriber
from tests.browser.test_reader_pages import browser, looked_at
from tests.subscribers.readers import dump
from tests.town import Town, link_in, town

__all__ = ["browser"]
pytestmark = pytest.mark.browser
PHONE = {"width": 375, "height": 740}
OLD, NEW = "ada.lovelace@example.org", "ada@new.example"
FOCUSED = """() => { const e = document.activeElement, label = e.labels?.[0];
    return (label ? label.textContent : e.textContent).replace(/\\s+/g, ' ').trim(); }"""


@contextmanager
def served(place: Town) -> Iterator[str]:
    """The town on a port of this machine; yields its address."""
    app = create_app(place.here, domains=MailDomains(None))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Hand:
    """Somebody with a keyboard and no mouse."""

    def __init__(self, page: Page, place: Town, host: str, language: str) -> None:
        self.page, self.place, self.host, self.language = page, place, host, language
        self.say = words(language)
        self.seen = 0

    def visit(self, path: str, heading: str) -> None:
        """Open a link, as a script-running gateway would as well: nothing changes by that, and axe finds nothing."""
        before = dump(self.place.database)
        self.page.goto(self.host + path)
        self.sees(heading)
        assert dump(self.place.database) == before

    def sees(self, heading: str) -> None:
        """The page says so in its first heading; it is accessible and nothing is cut off."""
        self.page.get_by_role("heading", name=self.say(heading), level=1, exact=True).wait_for()
        assert self.page.locator("html").get_attribute("lang") == self.language
        self.seen += 1
        looked_at(self.page, f"journey-{self.language}-{self.seen:02}")

    def to(self, label: str) -> None:
        """Press Tab until that is in focus."""
        wanted = self.say(label)
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED).startswith(wanted):
                return
        raise AssertionError(f"no way to {wanted!r} by keyboard")

    def press(self, label: str) -> None:
        """Press a button or follow a link."""
        self.to(label)
        self.page.keyboard.press("Enter")

    def mail(self) -> EmailMessage:
        """The one mail that has come since."""
        (mail,) = self.place.deliver()
        return mail

    def own_data(self, preferences: str) -> None:
        """From the choices to one's own data, by a link that is mailed and opens once."""
        self.visit(preferences, "What you receive")
        self.press("Mail me the link")
        self.page.get_by_role("status").wait_for()
        self.visit(link_in(self.mail(), "m"), "Your data")
        self.press("Open")
        self.page.locator("dl").wait_for()
        self.sees("Your data")


@pytest.mark.parametrize(("language", "label"), [("en", "weekly"), ("de", "wochenblatt")])
def test_sign_up_confirm_choose_pause_move_leave_and_be_forgotten(
    browser: Browser, sqlite_template: Path, tmp_path: Path, language: str, label: str
):
    """Tab, Enter, Space and letters; every page by axe and at 375 px; a GET by a browser with scripts changes nothing."""
    shutil.copy(sqlite_template, tmp_path / "town.db")
    with town(f"sqlite:///{tmp_path / 'town.db'}", tmp_path) as place:
        place.publish("wochenblatt", language="de")
        with (
            served(place) as host,
            browser.new_context(viewport=PHONE, bypass_csp=True, locale=language) as context,
        ):
            hand = Hand(context.new_page(), place, host, language)
            page = hand.page
            page.goto(f"{host}/join/{label}")
            looked_at(page, f"journey-{language}-00")
            place.turn(seconds=5)
            hand.to("Your email address")
            page.keyboard.type(OLD)
            page.keyboard.press("Enter")
            hand.sees("Please look into your mailbox")
            hand.visit(link_in(hand.mail(), "c"), "One more press")
            hand.press("Confirm")
            hand.sees("Welcome")
            assert place.state(OLD, label) == "active"
            hand.press("Choose how and how often it comes")
            hand.sees("What you receive")
            preferences = page.url.removeprefix(host)

            hand.to("Pause until")
            page.keyboard.type("03202026")  # as the browser's own field for days asks: month, day, year
            hand.press("Save choices")
            page.get_by_role("status").wait_for()
            hand.sees("What you receive")
            assert place.state(OLD, label) == "paused"

            hand.own_data(preferences)
            hand.to("New email address")
            page.keyboard.type(NEW)
            page.keyboard.press("Enter")
            page.get_by_role("status").wait_for()
            hand.visit(link_in(hand.mail(), "m"), "Is this your new address?")
            hand.press("Yes, this is mine")
            hand.sees("Your address is changed")
            assert (hand.mail()["To"], place.state(NEW, label)) == (OLD, "paused")

            place.turn(days=17)
            place.issue(label)
            issue = hand.mail()
            assert issue["To"] == NEW
            hand.visit(link_in(issue, "u"), "Unsubscribe?")
            hand.press("Unsubscribe")
            hand.sees("You are unsubscribed")
            assert place.state(NEW, label) == "ended"
            hand.visit(link_in(hand.mail(), "m"), "Take it back?")

            hand.own_data(link_in(issue, "p"))
            hand.to("I am sure")
            page.keyboard.press("Space")
            hand.press("Erase everything")
            hand.sees("You are forgotten")
            with place.database.read() as session:
                assert session.scalars(select(Subscriber.address)).all() == [""]
            assert "lovelace" not in repr(dump(place.database)).lower()
