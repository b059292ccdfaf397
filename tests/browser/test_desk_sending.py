"""From the manuscript to the correction at the desk: four people, one of them with a phone, one without JavaScript."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from newsletter.cli.demo import SAMPLE
from newsletter.team.roles import Role
from tests.browser.sending_site import LABEL, READERS, START, MailServer, Site

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")
PHONE = {"width": 375, "height": 740}
LOOKS = [(1280, 900, "light"), (375, 740, "dark")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A desk that sends."""
    with MailServer() as mail:
        made = Site(tmp_path, mail)
        with made.serving():
            yield made


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


def looked_at(page: Page, name: str, *, again: bool = False) -> None:
    """No finding of axe and no sideways scrolling; where pictures are asked for, in every size and light.

    A page that was looked at before, and stands otherwise now, is looked at *again* for the pictures alone.
    """
    if again and not PICTURES:
        return
    size = page.viewport_size
    looks: list[Any] = LOOKS if PICTURES else [None]
    for nth, look in enumerate(looks):
        if look is not None:
            page.set_viewport_size({"width": look[0], "height": look[1]})
            page.emulate_media(color_scheme=look[2], reduced_motion="reduce")
            page.screenshot(path=f"{PICTURES}/{name}-{nth}-{look[0]}-{look[2]}.png", full_page=True)
        found = Axe().run(page, options={"iframes": False})
        assert found.violations_count == 0, (name, look, found.generate_report())
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, (name, look)
    if PICTURES and size:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light")


def test_an_issue_goes_from_hand_to_hand_and_out(site: Site, browser: Browser):
    """Everything that the four can see is looked at on the way, and nothing goes out that was not approved last."""
    context = site.signed_in(browser, "Ada", Role.WRITER, java_script_enabled=False)
    ada = context.new_page()
    eyes = browser.new_context(
        viewport={"width": 1280, "height": 900}, storage_state=context.storage_state()
    ).new_page()
    bob = site.signed_in(browser, "Bob", Role.APPROVER, viewport=PHONE, color_scheme="dark").new_page()
    rose = site.signed_in(browser, "Rose", Role.REPORT_READER, language="de").new_page()

    ada.goto(f"{site.url}/desk/p/{LABEL}/")
    ada.set_input_files("#files", [SAMPLE / "issue.md", *SAMPLE.glob("*.png")])
    ada.click("text=Begin the issue")
    ada.goto(site.url + START + "review")
    eyes.goto(ada.url)
    looked_at(eyes, "review-draft")
    ada.check("text=Bob")
    ada.fill("#ask-note", "The second article is the risky one.")
    ada.click("button:text-is('Ask')")
    eyes.goto(ada.url)
    looked_at(eyes, "review-asked", again=True)

    bob.goto(site.url + START + "review")
    looked_at(bob, "review-approver")
    bob.click("text=Ask for changes instead")
    bob.fill("[name=note]", "The title says nothing. Which ports?")
    bob.click("button:text-is('Ask for changes')")
    looked_at(bob, "review-changes", again=True)

    edited(ada, site, "China Ports, Ships & Power")
    ada.goto(site.url + START + "review")
    ada.check("text=Bob")
    ada.click("button:text-is('Ask')")
    bob.goto(site.url + START + "review")
    bob.click("text=Approve version")
    expect(bob.locator("main .notice.done")).to_contain_text("by Bob")
    looked_at(bob, "review-approved")

    edited(ada, site, "China Ports, Ships & Grids")
    ada.goto(site.url + START + "review")
    expect(ada.locator("main")).to_contain_text("does not count any more")
    bob.goto(site.url + START + "review")
    expect(bob.locator("main ins")).to_have_text("Grids")
    looked_at(bob, "review-again")
    bob.click("text=Approve again")
    bob.click("text=On to sending")
    looked_at(bob, "send")
    bob.fill("[name=readers]", "7")
    bob.click("button:text-is('Send it')")
    expect(bob.locator("main")).to_contain_text(f"It goes to {len(READERS)} readers")
    bob.fill("[name=readers]", str(len(READERS)))
    bob.click("button:text-is('Send it')")
    expect(bob.locator(".stop-button")).to_be_visible()
    looked_at(bob, "hold")
    bob.click(".stop-button")
    expect(bob.locator("main")).to_contain_text("Cancelled")
    looked_at(bob, "stopped")
    bob.click("text=Send it anew")
    bob.fill("[name=readers]", str(len(READERS)))
    site.mail.takes.clear()
    bob.click("button:text-is('Send it')")
    rose.goto(bob.url)
    expect(rose.locator(".stop-button")).to_have_count(0)
    site.stop()  # the page finds its way back by itself
    expect(rose.locator("[data-shows=connection]")).to_contain_text("unterbrochen")
    site.start()
    site.clock.ahead += timedelta(minutes=11)
    expect(rose.locator(".page-head .tag")).to_have_text("Wird versandt", timeout=15_000)
    looked_at(rose, "progress-de")
    bob.reload()
    looked_at(bob, "progress", again=True)
    bob.click("button:text-is('Pause')")
    looked_at(bob, "paused", again=True)
    bob.click("button:text-is('Go on')")
    site.mail.takes.set()
    expect(rose.locator("[data-shows='parts.accepted']")).to_have_text(str(len(READERS) - 2), timeout=15_000)
    looked_at(rose, "progress-done-de", again=True)
    site.mail.room.set()
    site.clock.ahead += timedelta(minutes=20)
    expect(rose.locator(".page-head .tag")).to_have_text("Fertig", timeout=15_000)
    rose.click("text=Zum Bericht")
    looked_at(rose, "report-de")
    printed = rose.request.get(rose.url + ".pdf")
    assert printed.body().startswith(b"%PDF")
    if PICTURES:
        Path(PICTURES, "report.pdf").write_bytes(printed.body())
        Path(PICTURES, "report-page.pdf").write_bytes(rose.pdf(format="A4"))
    bob.goto(rose.url)
    looked_at(bob, "report", again=True)

    bob.goto(site.url + START + "correction")
    looked_at(bob, "correction")
    bob.fill("[name=note]", "The sum in the second article is in yuan, not in dollars.")
    bob.click("text=Begin version 2")
    bob.goto(site.url + START + "correction")
    looked_at(bob, "correction-begun")
    bob.goto(site.url + START + "review")
    looked_at(bob, "correction-review", again=True)


def edited(page: Page, site: Site, title: str) -> None:
    """Change the issue's title in the editor, as a plain form."""
    page.goto(site.url + START + "editor")
    page.get_by_label(re.compile("^Title$")).first.fill(title)
    page.click("button:text-is('Save')")
