"""One issue from five dropped files to a reviewer's word, in a browser, by two people; axe looks at every page."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from newsletter.notices import Notice
from tests.browser.editor_site import Site, browser, saved, site
from tests.issues.test_intake import FILES
from tests.web.test_desk_manuscripts import REVISED, WORD

__all__ = ["browser", "site"]

pytestmark = pytest.mark.browser
FIELD = "#sheet rich-text .rich-words"


def looked_at(page: Page) -> None:
    """No finding of axe and no sideways scrolling."""
    found: Any = Axe().run(page, options={"iframes": False})
    assert found.violations_count == 0, (page.url, found.generate_report())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def dropped(page: Page) -> None:
    """Let go of the five files over the first page."""
    files = [[each.name, base64.b64encode(each.data).decode()] for each in FILES]
    carried = page.evaluate_handle(
        """(files) => { const carried = new DataTransfer();
        for (const [name, data] of files) carried.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
        return carried; }""",
        files,
    )
    page.dispatch_event("drop-area", "drop", {"dataTransfer": carried})


def version(page: Page, number: int) -> None:
    """Wait until the page has reached version *number*."""
    page.locator(f"#version:text-matches('\\\\b{number}$')").wait_for()


def test_five_files_become_an_issue_that_two_people_write_and_a_stranger_reads(site: Site, browser: Browser):
    """Drop, write, meet, choose, look back, restore, take a revised file in, comment, ask, and hear "correct"."""
    with site.signed_in(browser, "ada", bypass_csp=True) as one, site.signed_in(browser, "eva") as other:
        ada = one.new_page()
        ada.goto(site.url + "/desk/")
        dropped(ada)
        ada.wait_for_url("**/i/2/")
        issue = ada.url
        ada.get_by_role("link", name="Write").first.click()
        titles = ada.locator("#outline").inner_text()
        assert titles.index("Ports get money") < titles.index("Crates of a better") < titles.index("Nine icebreakers")
        ada.locator("#outline a", has_text="Crates of a better").click()
        article = ada.url
        eva = other.new_page()
        eva.goto(article)

        ada.locator(FIELD).first.click()
        ada.keyboard.press("Control+End")
        ada.keyboard.type(" Ada was here.")
        version(ada, 2)
        eva.locator(FIELD).first.click()
        eva.keyboard.press("Control+End")
        eva.keyboard.type(" Eva was here.")
        eva.locator("section.clash").wait_for()
        looked_at(ada)
        both = [area.input_value() for area in eva.locator("section.clash textarea").all()]
        assert "Ada was here" in both[0]
        assert "Eva was here" in both[1]
        eva.get_by_role("button", name="Keep mine").click()
        version(eva, 3)
        saved(eva)
        assert "Eva was here" in eva.locator(FIELD).first.inner_text()

        ada.goto(issue + "history?a=2&b=3")
        assert ada.locator(".difference del").inner_text() == "Ada"
        assert ada.locator(".difference ins").inner_text() == "Eva"
        looked_at(ada)
        ada.get_by_role("button", name="Restore 2").click()
        ada.goto(article)
        assert "Ada was here" in ada.locator(FIELD).first.inner_text()

        ada.goto(issue + "manuscripts")
        looked_at(ada)
        revised: Any = {"name": "2 crates v2.docx", "mimeType": WORD, "buffer": REVISED}
        ada.locator("#files").set_input_files(revised)
        ada.get_by_role("button", name="Look at the changes").click()
        ada.locator("input[name='change-1'][value='reject']").check()
        looked_at(ada)
        ada.get_by_role("button", name="Take it in").click()
        ada.goto(article)
        assert "made of beech" in ada.locator(FIELD).first.inner_text()

        ada.locator(FIELD).first.dblclick(position={"x": 60, "y": 20})
        ada.locator("[data-deed='comment']").first.click()
        ada.keyboard.type("Is this so?")
        ada.locator("aside").get_by_role("button", name="Comment").click()
        assert ada.locator("article.comment blockquote").first.inner_text().strip()
        ada.get_by_role("link", name="Reviewers").click()
        ada.get_by_label("Address").fill("rita@example.org")
        ada.get_by_role("button", name="Mail the link").click()
        looked_at(ada)
        with site.database.read() as session:
            mail = " ".join(str(vars(notice)) for notice in session.scalars(select(Notice)))
        stranger = browser.new_page()
        stranger.goto(re.findall(rf"{re.escape(site.url)}/v/[\w-]+", mail)[-1])
        stranger.get_by_role("button", name="Correct").click()
        stranger.get_by_text("The team has your answer").wait_for()
        stranger.close()
        ada.goto(article)
        assert ada.locator("article.comment", has_text="Reviewer").locator(".tag.good").inner_text() == "Correct"
