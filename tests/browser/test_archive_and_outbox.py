"""The archive and the outbox in a browser: accessible, at desk and phone, by day and by night."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser

from newsletter.app import create_app
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.settings import Settings
from newsletter.worker import Installation
from tests.browser.test_reader_pages import browser, looked_at
from tests.web.test_archive import SECRET, published

__all__ = ["browser"]
pytestmark = pytest.mark.browser
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running site with one issue in its archive and one mail in its outbox; the value names each page's address."""
    folder = tmp_path_factory.mktemp("archive")
    database = Database(f"sqlite:///{folder / 'site.db'}")
    migrate(database)
    here = Installation(Settings(_env_file=None, secret_key=SECRET, data_dir=folder), database, lambda: NOW)
    published(here)
    maildir = here.outbox
    assert maildir is not None
    maildir.create()
    message = EmailMessage()
    message["From"], message["To"] = "Notes <notes@institute.example>", "ada@example.org"
    message["Subject"] = "Häfen und Donaudampfschifffahrtsgesellschaften"
    message.set_content("Full.\n")
    message.add_alternative("<html lang='en'><body><h1>Ports</h1><p>Full.</p></body></html>", subtype="html")
    message.add_attachment(b"%PDF-1.7 ", maintype="application", subtype="pdf", filename="Häfen.pdf")
    maildir.add(message.as_bytes(), sender="b+x@bounces.example", recipients=["ada@example.org"], at=NOW)
    server = uvicorn.Server(uvicorn.Config(create_app(here), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    host = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield {
        "home": f"{host}/",
        "publication": f"{host}/n/notes/",
        "search": f"{host}/search?q=cranes",
        "senders": f"{host}/senders",
        "outbox": f"{host}/outbox",
        "mail": f"{host}/outbox/{maildir.keys()[0]}/",
    }
    server.should_exit = True
    thread.join()
    database.dispose()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 375])
@pytest.mark.parametrize("name", ["home", "publication", "search", "senders", "outbox", "mail"])
def test_each_page_is_accessible(browser: Browser, site: dict[str, str], name: str, width: int, scheme: Any):
    """Nothing for axe to find, nothing cut off, in either size and either light."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    answer = page.goto(site[name])
    assert answer is not None
    assert answer.ok
    looked_at(page, f"{name}-{width}-{scheme}")
    context.close()
