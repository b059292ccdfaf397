"""No page anywhere loads a thing from another site, runs what stands within it, or comes without a strict policy."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from newsletter.issues import drafts, review_links
from newsletter.kit.database import Database
from newsletter.kit.templating import bundled
from newsletter.kit.tokens import LinkClaims, Purpose
from newsletter.rendering.edition import Medium
from newsletter.team.roles import Role
from newsletter.web.desk.assets import BUNDLE
from newsletter.worker import Installation
from subscribers.models import Subscriber
from tests.factories import sample_document, sample_pictures
from tests.subscribers.readers import add_reader
from tests.web.desk import ORIGIN, client_as, desk_installation
from tests.web.test_archive import published

REVIEW = "a-token-that-nobody-guesses-0123456789"
LOADS = {
    "img": ("src", "srcset"), "script": ("src",), "iframe": ("src",), "embed": ("src",), "object": ("data",),
    "source": ("src", "srcset"), "video": ("src", "poster"), "audio": ("src",), "track": ("src",), "input": ("src",),
    "form": ("action",), "button": ("formaction",), "image": ("href",), "use": ("href",), "body": ("background",),
    "td": ("background",), "table": ("background",), "a": ("ping",),
}  # fmt: skip
"""Attributes that a browser fetches, or sends a form to, without or with a press."""
LOADING_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest"}
EDITION = re.compile(r"/preview/(html|text|web|pdf)|/look-sample/|^/v/[^/]+/\w+|^/n/\w+/\d+/|^/outbox/.*/html")
"""Mails and web editions, which bring their own styles: each under a policy of its own that lets them do nothing."""
TEMPLATES = bundled("templates")
STREAM = "/desk/p/{label}/i/{number}/sendings/{dispatch_id}/events"


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path, now: datetime) -> Iterator[Installation]:
    """A desk where one issue has gone out and another, with every kind of thing in it, is being written."""
    shutil.copy(sqlite_template, tmp_path / "desk.db")
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    made = desk_installation(database, now, data_dir=tmp_path)
    published(made)
    add_reader(database, "ada@readers.example", 1, now=now)
    with database.write() as session:
        publication = drafts.publication_of(session, drafts.get(session, 1))
        issue = drafts.begin(
            session, publication, sample_document(), remarks=(), pictures=sample_pictures(), by="ada", now=now
        )
        review_links.invite(
            session, issue, entry_key=drafts.current_revision(session, issue).document.sections[0].entries[1].key,
            address="rita@example.org", message="", by="eva@x.example", by_name="Eva", url="-", token=REVIEW, now=now,
        )  # fmt: skip
    assert made.outbox
    made.outbox.create()
    mail = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<html><head></head><body><p>Hello</p></body></html>\r\n"
    made.outbox.add(mail, sender="a@x.example", recipients=["b@x.example"], at=now)
    yield made
    database.dispose()


def addresses(app: FastAPI, here: Installation) -> Iterator[str]:
    """Every address that answers a GET, its places filled with what is there, and with what is not."""
    with here.database.read() as session:
        reader = str(session.scalars(select(Subscriber.id)).one())
    claims = LinkClaims(1, int(reader))
    ring = here.settings.keyring
    assert here.outbox
    places = {
        "key": here.outbox.keys(), "label": ["notes"], "number": ["1", "2"], "medium": list(Medium), "reader_id": [reader], "name": ["look"],
        "version": ["1"], "seen": ["1"], "sha256": ["0" * 64], "reader": [ring.link(Purpose.READ, claims)],
        "token": ["forged", REVIEW, ring.link(Purpose.UNSUBSCRIBE, claims), ring.link(Purpose.PREFERENCES, claims)],
    }  # fmt: skip
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if "GET" not in (route.methods or ()) or path == STREAM:
            continue
        named = re.findall(r"\{(\w+)", path)
        for chosen in itertools.product(*(places.get(name, ["1"]) for name in named)):
            filled = iter(chosen)
            yield re.sub(r"\{\w+(?::\w+)?\}", lambda _, filled=filled: next(filled), path)


def test_every_page_is_strict(here: Installation):
    """Each address, as the team and as a reader: what it loads is ours, nothing is written into it that runs, and its
    policy would stop it if it were not so."""
    administrator, editor = client_as(here, Role.ADMINISTRATOR), client_as(here, Role.APPROVER)
    assert isinstance(administrator.app, FastAPI)
    beside = TestClient(administrator.app, base_url=ORIGIN, client=("127.0.0.1", 50_000))  # the outbox is for no other
    wrong: list[str] = []
    seen = 0
    for path in addresses(administrator.app, here):
        answer = (beside if path.startswith("/outbox") else administrator).get(path)
        if answer.status_code == 403:
            answer = editor.get(path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen += 1
        assert answer.status_code < 500, path
        wrong += [f"{path}: {what}" for what in faults(path, answer)]
    assert wrong == []
    assert seen > 60


def faults(path: str, answer: Response) -> Iterator[str]:
    """Yield what is not strict about one page."""
    edition = bool(EDITION.search(path)) and answer.status_code == 200
    yield from policy_faults(answer.headers.get("content-security-policy", ""), edition=edition)
    if answer.headers.get("x-content-type-options") != "nosniff":
        yield "its kind may be guessed"
    for element in html5lib.parse(answer.text, namespaceHTMLElements=False).iter():
        if isinstance(element.tag, str):
            yield from element_faults(path, element, edition=edition)


def policy_faults(policy: str, *, edition: bool) -> Iterator[str]:
    """Yield what the policy of a page allows and should not."""
    rules = {name: rest.split() for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}
    if rules.get("default-src") != ["'none'"] or "frame-ancestors" not in rules:
        yield f"its policy is {policy!r}"
    for name, allowed in rules.items():
        inline = {"'unsafe-inline'"} if edition and name == "style-src" else set()
        if name == "sandbox":
            if not {"allow-scripts", "allow-same-origin", "allow-forms"}.isdisjoint(allowed):
                yield f"its sandbox is open: {allowed}"
        elif not set(allowed) <= {"'none'", "'self'", "data:", "blob:"} | inline:
            yield f"{name} allows {allowed}"


def element_faults(path: str, element: Element, *, edition: bool) -> Iterator[str]:
    """Yield what one element loads from elsewhere or brings with it."""
    for name, value in element.attrib.items():
        if str(name).startswith("on") or "javascript:" in value.lower().replace("\t", ""):
            yield f"<{element.tag} {name}={value!r}> runs"
        if name == "style" and not edition:
            yield f"<{element.tag}> has a style of its own"
    loaded = [element.get(name, "") for name in LOADS.get(element.tag, ())]
    if element.tag == "link" and LOADING_LINKS & set(element.get("rel", "").split()):
        loaded.append(element.get("href", ""))
    if element.tag == "script" and not element.get("src") and element.get("type") != "application/json":
        yield "a script stands in the page"
    if element.tag == "script" and edition:
        yield "an edition has a script"
    if element.tag == "style":
        if not edition:
            yield "a style sheet stands in the page"
        loaded += urls_in_css(element.text or "")
    loaded += urls_in_css(element.get("style", ""))
    yield from (f"<{element.tag}> loads {one[:80]}" for one in loaded if one and not is_ours(path, one))


def urls_in_css(css: str) -> list[str]:
    """Return what a style sheet loads."""
    return re.findall(r"""(?:url\(\s*|@import\s+(?!url))['"]?([^'")\s;]+)""", css)


def is_ours(path: str, url: str) -> bool:
    """Say whether a page at *path* finds *url* on its own origin, or within itself."""
    if url.startswith(("data:", "blob:")):
        return True
    there, ours = urlsplit(urljoin(ORIGIN + path, url)), urlsplit(ORIGIN)
    return (there.scheme, there.netloc) == (ours.scheme, ours.netloc)


def test_no_style_sheet_or_script_of_ours_names_another_site():
    """What the desk's and the readers' pages load loads nothing from elsewhere in turn."""
    sheets = [*TEMPLATES.rglob("*.css"), *BUNDLE.glob("*.css")]
    scripts = list(BUNDLE.glob("*.js"))
    assert len(sheets) > 8
    assert len(scripts) > 2
    for sheet in sheets:
        assert [one for one in urls_in_css(sheet.read_text()) if not is_ours("/desk/assets/x", one)] == [], sheet.name
    calls = re.compile(r"""(?:fetch|import|importScripts|EventSource|WebSocket)\(\s*["'`](?:https?:|//|wss?:)""")
    assert [script.name for script in scripts if calls.search(script.read_text())] == []


FAULTY = {
    '<img src="https://tracker.example/p.gif">': "loads", '<script>alert(1)</script>': "script stands",
    '<p onclick="x()">': "runs", '<a href=" javascript:x()">': "runs", '<style>p { color: red }</style>': "style sheet",
    '<p style="color: red">': "style of its own", '<link rel="stylesheet" href="//cdn.example/a.css">': "loads",
    '<form action="https://elsewhere.example/">': "loads",
}  # fmt: skip


def test_the_walk_would_see_it():
    """Each fault that it looks for is found where there is one."""
    for page, fault in FAULTY.items():
        answer = Response(200, text=page, headers={"content-security-policy": "default-src 'self'"})
        found = " ".join(faults("/desk/", answer))
        assert fault in found, page
        assert "its policy is" in found
    bad = "default-src 'none'; frame-ancestors 'none'; script-src 'unsafe-inline' https://cdn.example"
    assert list(policy_faults(bad, edition=True))
