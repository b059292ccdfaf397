"""The web edition in a real browser: accessible, on every screen, by day and by night, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.preview import for_screen
from tests.factories import sample_document, sample_masthead, sample_pictures

pytestmark = pytest.mark.browser

POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
"""What the page is served under."""
ADDRESS = "http://issue.test/"
SCREENS = [(width, scheme) for width in (1280, 375, 320) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def editions() -> dict[str, str]:
    """The invented issue as page and as mail."""
    document, masthead, pictures = sample_document(), sample_masthead(), sample_pictures()
    mail = email_html(document, masthead, pictures=pictures)
    return {"web": web_page(document, masthead, pictures=pictures), "email": for_screen(mail, pictures)}


def opened(browser: Browser, html: str, width: int, scheme: str, *, policy: str = "") -> tuple[Page, list[str]]:
    """Open *html* as served; return the page and every request beyond it. Nothing leaves the machine."""
    page = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=not policy
    ).new_page()
    requests: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            headers = {"content-type": "text/html; charset=utf-8"}
            route.fulfill(body=html, headers={**headers, "content-security-policy": policy} if policy else headers)
        else:
            requests.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.goto(ADDRESS)
    return page, requests


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("edition", ["web", "email"])
def test_axe_finds_nothing(browser, editions, edition, width, scheme):
    """No violation of any rule, best practices included, in either edition and on any screen."""
    page, _ = opened(browser, editions[edition], width, scheme)
    # A mail has no landmarks: mail programs bring their own page around it.
    options = (
        {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}} if edition == "email" else {}
    )
    found = Axe().run(page, options=options)
    page.context.close()
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found.response["violations"]] == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("edition", ["web", "email"])
def test_nothing_scrolls_sideways(browser, editions, edition, width, scheme):
    """From 320 CSS pixels up (WCAG 1.4.10)."""
    page, _ = opened(browser, editions[edition], width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_page_is_styled_and_whole_under_its_policy(browser, editions):
    """Sandboxed, without script, font or foreign image, it looks the same and asks for nothing."""
    page, requests = opened(browser, editions["web"], 1280, "light", policy=POLICY)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.reload()
    assert page.locator("h1").inner_text() == "Pacific Grids"
    assert page.evaluate("getComputedStyle(document.querySelector('.band')).backgroundColor") == "rgb(11, 60, 93)"
    assert page.evaluate("document.images[0].naturalWidth") == 1200
    assert [url for url in requests if "favicon" not in url] == []
    assert [text for text in complaints if "favicon" not in text] == []
    page.context.close()


def test_the_first_tab_leads_to_the_text(browser, editions):
    """The skip link appears when it has the focus, and works."""
    page, _ = opened(browser, editions["web"], 1280, "light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.context.close()


def test_it_prints_without_screen_furniture(browser, editions, tmp_path: Path):
    """No contents, no skip link; the address of each source in print; some pages of paper."""
    page, _ = opened(browser, editions["web"], 1280, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert "example.org" in page.evaluate("getComputedStyle(document.querySelector('.source a'), '::after').content")
    page.pdf(path=tmp_path / "print.pdf", format="A4")
    assert (tmp_path / "print.pdf").stat().st_size > 10_000
    page.context.close()


def test_the_mail_reads_without_images_and_without_styles(browser, editions):
    """Alternative texts stand in for pictures, and inline styles for the rest."""
    page, _ = opened(browser, editions["email"], 700, "light")
    page.evaluate("document.querySelectorAll('style').forEach(style => style.remove())")
    page.evaluate("document.images[0].src = 'cid:none'")
    assert page.evaluate("getComputedStyle(document.querySelector('h3')).fontSize") == "24px"
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert not page.locator(".preheader").is_visible()
    page.context.close()
