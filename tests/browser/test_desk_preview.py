"""What is seen at the desk, in a browser: previews beside the text and alone, pictures, links; nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.manuscripts.document import figures_of
from tests.browser.editor_site import NOW, PATH, Site, browser, opened, saved, title
from tests.issues.test_link_check import dispatch, known
from tests.issues.test_link_check import site as website
from tests.manuscripts.test_picture_files import file
from tests.subscribers.readers import add_reader
from tests.web.test_desk_links import ONLY

__all__ = ["browser"]
pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running desk with a reader, whose link check reaches a site on this machine."""
    made = Site(tmp_path)
    made.reach = replace(ONLY, resolve=known({}))  # the sample's links are asked of nobody
    add_reader(made.database, "ada@readers.example", 1, now=NOW, name="Ada Byron")
    made.start()
    yield made
    made.stop()
    made.database.dispose()


class Watch:
    """What the pages of a browser ask for and complain of."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self._ours = site.url
        self.foreign: list[str] = []
        self.troubles: list[str] = []
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", lambda message: self._said(message.text))

    def _asked(self, url: str) -> None:
        # chrome: is the browser's own reader of PDF files.
        if not url.startswith((self._ours, "data:", "blob:", "chrome:", "chrome-extension:", "about:")):
            self.foreign.append(url)

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused" in text:
            self.troubles.append(text)


EVERYWHERE = ((1280, "light"), (1280, "dark"), (375, "light"), (375, "dark"))
ON_A_PHONE = ((375, "light"),)


def accessible(page: Page, name: str, where: tuple[tuple[int, Any], ...] = EVERYWHERE) -> None:
    """No finding of axe, no sideways scrolling, at the desk and on a phone, by day and by night."""
    for width, scheme in where:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found: Any = Axe().run(page, options={"iframes": False})
        assert found.violations_count == 0, (name, width, scheme, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_preview_follows_the_text_in_every_form(site: Site, browser: Browser):
    """Beside the text: up to date at each pause, on a phone, in the dark on a light desk; alone: as a reader gets it."""
    with site.signed_in(browser, "eva") as context:
        watch = Watch(context, site)
        page = opened(site, context)
        preview = page.frame_locator("#preview")
        title(page).fill("Batteries before breakfast")
        saved(page)
        expect(preview.get_by_role("heading", name="Batteries before breakfast")).to_be_visible()
        expect(page.locator("#mail-size")).to_contain_text("kB of HTML")
        paper = preview.locator(".paper").first
        light = paper.evaluate("one => getComputedStyle(one).backgroundColor")
        page.get_by_role("button", name="Dark").click()
        expect(paper).not_to_have_css("background-color", light)
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is False
        page.get_by_role("button", name="Phone").click()
        expect(page.locator("iframe.seen.phone:not(.coming)")).to_be_visible()
        assert 300 < preview.locator("html").evaluate("() => innerWidth") < 376
        with page.expect_response("**/preview/pdf**") as printed:
            page.get_by_role("button", name="PDF").click()
        assert printed.value.headers["content-type"] == "application/pdf"
        page.goto(f"{site.url}{PATH}preview")
        page.get_by_label("A reader of this newsletter, by address").fill("ada@readers.example")
        page.locator("form", has=page.get_by_label("A reader of this newsletter, by address")).get_by_role(
            "button"
        ).click()
        expect(page.get_by_text("Ada Byron <ada@readers.example>")).to_be_visible()
        with context.expect_page() as leaving:
            page.frame_locator("iframe.seen").get_by_role("link", name="Unsubscribe").click()
        expect(leaving.value.get_by_text("This link is not valid")).to_be_visible()
        assert (watch.foreign, watch.troubles) == ([], [])


def test_pictures_and_links_are_mended_where_they_are_found(site: Site, browser: Browser):
    """A picture without a description, a link that leads nowhere: both in the margin, each a press away; axe is content."""
    key = site.document().sections[0].entries[0].key
    with website(dispatch) as there, site.signed_in(browser, "eva", bypass_csp=True) as context:  # axe is a script
        watch = Watch(context, site)
        page = context.new_page()
        page.goto(f"{site.url}{PATH}pictures")
        page.get_by_label("Picture", exact=True).set_input_files(
            {"name": "evil.svg", "mimeType": "image/png", "buffer": b"<svg onload=alert(1)>"}
        )
        page.get_by_role("button", name="Put it in").click()
        expect(page.get_by_text("is a drawing (SVG)")).to_be_visible()
        accessible(page, "a refused picture", ON_A_PHONE)
        page.get_by_label("Picture", exact=True).set_input_files(
            {"name": "wall.png", "mimeType": "image/png", "buffer": file("PNG")}
        )
        page.get_by_role("button", name="Put it in").click()
        expect(page.get_by_text("The picture stands at the end of its text.")).to_be_visible()
        page.goto(f"{site.url}{PATH}editor?at={key}")
        expect(page.get_by_text("A picture has no alternative text.")).to_be_visible()
        page.goto(f"{site.url}{PATH}editor?at={site.article().key}")
        page.locator("input[name$='|url']").first.fill(f"{there.url}/gone")
        saved(page)
        page.goto(f"{site.url}{PATH}links")
        page.get_by_role("button", name="Check the links").click()
        expect(page.get_by_text("no such page")).to_be_visible()
        accessible(page, "links")
        page.get_by_role("link", name="Guiding Opinions").click()
        expect(page.get_by_text("leads to no page (status 404)")).to_be_visible()
        page.goto(f"{site.url}{PATH}pictures")
        accessible(page, "pictures")
        page.goto(f"{site.url}{PATH}preview?medium=web&look=phone-dark")
        accessible(page, "preview", ON_A_PHONE)
        assert watch.foreign == []
    assert len(figures_of(site.document())) == 2
