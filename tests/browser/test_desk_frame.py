"""Coming in and settling down, in a browser before a real server: the first day of a desk, and a server that is killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")
PASSWORD = "four quiet lamps at noon"
WELCOME = re.compile(rb"http://[^\s]+/desk/welcome/[\w-]+")


class Server:
    """``newsletter serve`` as an operator runs it, in a folder and on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.settings = {
            "NEWSLETTER_DATA_DIR": str(folder), "NEWSLETTER_PUBLIC_URL": self.url,
            "NEWSLETTER_SECOND_FACTOR": "administrator",
        }  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("newsletter"), "serve", "--port", str(self.port)],
                stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **self.settings}, cwd=self.log.parent,
            )  # fmt: skip
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.05).close()
                return
            except OSError:
                continue
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        """Kill it as a machine that loses its power does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def first_link(self) -> str:
        """What it printed for the first administrator."""
        while not (found := WELCOME.search(self.log.read_bytes())):
            assert self.process.poll() is None
        return found.group().decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running desk that nobody works at yet; administrators need a second factor."""
    made = Server(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def flawless(page: Page, picture: str = "", *, ways: int = 2) -> None:
    """Nothing for axe to say, on a phone in the dark and (two ways) at a desk by day; nothing wider than the screen."""
    for width, colours in ((375, "dark"), (1280, "light"))[:ways]:
        page.set_viewport_size({"width": width, "height": 860})
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], (page.url, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
        if picture and PICTURES and width == 1280:
            page.screenshot(path=f"{PICTURES}/{picture}.png")
    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")


def typed(page: Page, **fields: str) -> None:
    """Type into the fields of a form, by their names, and press Enter in the last."""
    for name, text in fields.items():
        page.locator(f"[name='{name.replace('__', '-')}']").first.fill(text)
    page.keyboard.press("Enter")


def set_up_second_factor(page: Page) -> str:
    """Read the letters instead of the picture and prove that the telephone has them; return the secret."""
    secret = page.locator(".secret").inner_text().replace(" ", "")
    flawless(page, ways=1)
    typed(page, code=pyotp.TOTP(secret).now(), password=PASSWORD)
    expect(page.locator(".codes code")).to_have_count(10)
    flawless(page, ways=1)
    return secret


def test_the_first_day_of_a_desk(server: Server, browser: Browser):
    """From the printed link to a newsletter, its look, its people; keys alone; killed in between, nobody signs in anew."""
    troubles: list[str] = []
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("request", lambda one: None if one.url.startswith((server.url, "data:")) else troubles.append(one.url))
        link = server.first_link()
        page.goto(link)
        flawless(page)
        typed(page, name="Ada Lovelace", address="ada@institute.example", password=PASSWORD)
        expect(page.locator("h1")).to_have_text("Second factor")
        secret = set_up_second_factor(page)
        page.goto(f"{server.url}/desk/")
        expect(page.locator("h1")).to_have_text("A new newsletter")
        flawless(page, "first-newsletter")
        typed(page, name="Harbour Notes", from_address="notes@institute.example")
        expect(page.get_by_role("status")).to_contain_text("Harbour Notes is there")
        server.kill()
        server.start()
        assert not WELCOME.search(server.log.read_bytes())
        page.goto(f"{server.url}/desk/")
        expect(page.locator(".drop-words")).to_be_visible()
        flawless(page, "desk")
        the_settings(page, f"{server.url}/desk/p/harbour-notes/settings")
        the_people(page, server.url)
        the_account(page, server.url)
        assert context.request.get(link).status == 404
        assert context.request.get(f"{server.url}/favicon.ico").ok
        page.get_by_role("button", name="Sign out").last.click()
        typed(page, address="ada@institute.example", password=PASSWORD + "!")
        expect(page.locator("h1")).to_have_text("Your code")
        flawless(page, ways=1)
        next_code = pyotp.TOTP(secret).at(int(time.time()) + 30)  # the one of now may have been used to set it up
        typed(page, code=next_code)
        expect(page.locator(".drop-words")).to_be_visible()
    known = ("sandbox", "422")  # previews run no scripts; a form that comes back says so in its status, too
    assert [one for one in troubles if not any(word in one for word in known)] == []


def the_settings(page: Page, start: str) -> None:
    """Every page of the settings; the look answers as it is chosen; what is wrong stands at its field."""
    page.goto(start)
    typed(page, publisher="Institute", reply_to="x@nowhere")
    expect(page.locator("[id='wrong-reply_to']")).to_contain_text("no address")
    expect(page.locator("[name='publisher']")).to_have_value("Institute")
    flawless(page)
    typed(page, reply_to="answers@institute.example")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    for name in ("style", "imprint", "sign-up", "sending"):
        page.goto(f"{start}/{name}")
        flawless(page, "newsletter-settings", ways=2 if name == "sending" else 1)
    page.goto(f"{start}/look")
    page.locator("[name='theme.accent']").fill("#ffee00")
    expect(page.locator("#look-result")).to_contain_text("too faint")
    expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
    flawless(page)
    page.locator("[name='theme.accent']").fill("#0b4650")
    expect(page.locator("#look-result")).not_to_contain_text("too faint")
    expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/newsletter-look.png")


def the_people(page: Page, url: str) -> None:
    """A writer is invited; both deeds stand in the audit trail."""
    page.goto(f"{url}/desk/people")
    page.locator("[name='name']").fill("Grace Hopper")
    page.locator("[name='address']").fill("grace@institute.example")
    page.locator("[name='role'][value='writer'], select[name='role']").first.focus()
    page.locator("select[name='role']").select_option("writer")
    page.locator("select[name='publication']").select_option("harbour-notes")
    page.keyboard.press("Tab")
    page.locator("form:has([name='address']) button.primary").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Grace Hopper is invited")
    flawless(page, "people")
    page.get_by_role("link", name="Grace Hopper").click()
    flawless(page, ways=1)
    page.goto(f"{url}/desk/audit")
    expect(page.locator("table.trail")).to_contain_text("gave a role")
    flawless(page, "audit-trail")
    page.goto(f"{url}/desk/installation")
    flawless(page, "installation")


def the_account(page: Page, url: str) -> None:
    """Another password; the browsers are listed."""
    page.goto(f"{url}/desk/account")
    flawless(page, "account")
    page.locator("form[action$='/password'] [name='password']").fill(PASSWORD)
    page.locator("form[action$='/password'] [name='new-password']").fill(PASSWORD + "!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")
