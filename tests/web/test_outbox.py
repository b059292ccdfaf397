"""The outbox shows what was caught, to this machine alone, and a caught mail can do nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from newsletter.mail.maildir import Maildir
from newsletter.web import outbox, problems

HERE = {"base_url": "http://127.0.0.1:8000", "client": ("127.0.0.1", 50000)}


def app_over(maildir: Maildir) -> FastAPI:
    """An application with nothing but an outbox."""
    app = FastAPI()
    problems.install(app)
    app.include_router(outbox.router(maildir))
    return app


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    """A maildir with one mail: hostile HTML, a PDF, an HTML attachment."""
    message = EmailMessage()
    message["From"] = "notes@institute.example"
    message["To"] = "ada@example.org"
    message["Subject"] = "<script>alert(1)</script> & Häfen"
    message.set_content("plain <b>text</b>")
    message.add_alternative("<html><head></head><body><script>alert(1)</script>Hello</body></html>", subtype="html")
    message.add_attachment(b"%PDF-1.7 ", maintype="application", subtype="pdf", filename="Häfen.pdf")
    message.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="evil.html")
    maildir = Maildir(tmp_path / "outbox")
    maildir.create()
    maildir.add(message.as_bytes(), sender="b+x@bounces.example", recipients=["ada@example.org"], at=datetime.now(UTC))
    return maildir


@pytest.fixture
def browser(maildir: Maildir) -> TestClient:
    """A browser on this machine."""
    return TestClient(app_over(maildir), **HERE)


def test_a_caught_mail_is_listed_and_shown(browser: TestClient, maildir: Maildir):
    """Recipient, subject, text, headers and attachments, all escaped."""
    assert "ada@example.org" in browser.get("/outbox").text
    page = browser.get(f"/outbox/{maildir.keys()[0]}/").text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Häfen" in page
    assert "Häfen.pdf" in page
    assert "plain &lt;b&gt;text&lt;/b&gt;" in page


def test_the_html_of_a_mail_is_shown_in_a_sandbox(browser: TestClient, maildir: Maildir):
    """Its script cannot run, its origin is none of ours."""
    answer = browser.get(f"/outbox/{maildir.keys()[0]}/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_only_a_pdf_is_opened_in_the_browser(browser: TestClient, maildir: Maildir):
    """An HTML attachment is saved, never shown as a page of ours."""
    key = maildir.keys()[0]
    assert browser.get(f"/outbox/{key}/attachments/0").headers["content-type"] == "application/pdf"
    evil = browser.get(f"/outbox/{key}/attachments/1")
    assert evil.headers["content-type"] == "application/octet-stream"
    assert evil.headers["content-disposition"].startswith("attachment")
    assert browser.get(f"/outbox/{key}/attachments/2").status_code == 404


@pytest.mark.parametrize("key", ["..%2f..%2fsecret.key", "nothing", "0000000000000000.1_000000000.eml"])
def test_no_key_leads_out_of_the_outbox(browser: TestClient, key: str):
    """A key that is not one answers 404."""
    assert browser.get(f"/outbox/{key}/").status_code == 404


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 50000), {}),
        (("127.0.0.1", 50000), {"X-Forwarded-For": "192.0.2.7"}),
        (("127.0.0.1", 50000), {"Forwarded": "for=192.0.2.7"}),
        (("127.0.0.1", 50000), {"Host": "rebound.example"}),
        (("unknown", 50000), {}),
    ],
)
def test_nobody_else_sees_the_outbox(maildir: Maildir, client: tuple[str, int], headers: dict[str, str]):
    """Not over the network, not through a proxy, not by a rebound name."""
    stranger = TestClient(app_over(maildir), base_url="http://127.0.0.1:8000", client=client)
    for path in ("/outbox", f"/outbox/{maildir.keys()[0]}/", f"/outbox/{maildir.keys()[0]}/source"):
        assert stranger.get(path, headers=headers).status_code == 404


def test_pages_of_a_full_outbox_can_be_turned(browser: TestClient, maildir: Maildir):
    """Fifty a page; a page too far is the last."""
    for number in range(60):
        maildir.add(b"Subject: more\r\n\r\n", sender="", recipients=[f"r{number}@example.org"], at=datetime.now(UTC))
    assert "Page 1 of 2" in browser.get("/outbox").text
    assert "Page 2 of 2" in browser.get("/outbox?page=9").text
