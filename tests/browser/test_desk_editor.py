"""The editor in a browser: two at once, a server that goes away in the middle, keyboard and axe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from newsletter.manuscripts.document import Article
from newsletter.manuscripts.keys import walk
from tests.browser.editor_site import PATH, TOKEN, Site, browser, opened, saved, site, title

__all__ = ["browser", "site"]

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("NEWSLETTER_PICTURES", "")


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
