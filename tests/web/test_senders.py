"""The senders' page says what the installation really does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi.testclient import TestClient

from newsletter import publications
from newsletter.app import create_app
from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.publications import Access, Profile
from newsletter.worker import Installation
from tests.web.test_archive import SECRET


def installation(database: Database, now: datetime, **settings: object) -> TestClient:
    """A browser before an installation with an open and a closed newsletter."""
    here = Installation(Settings(_env_file=None, secret_key=SECRET, **settings), database, lambda: now)
    with database.write() as session:
        for name, access in (("Notes", Access.OPEN), ("Secret <Circle>", Access.MEMBERS)):
            label = name.split()[0].lower()
            profile = Profile(name=name, label=label, from_address=f"{label}@institute.example", access=access)
            publications.add(session, profile, now=now, by="ada")
    return TestClient(create_app(here))


@pytest.mark.parametrize("path", ["/senders", "/senders.txt"])
def test_it_names_addresses_servers_links_and_signature(database: Database, now: datetime, tmp_path: Path, path: str):
    """What an administrator needs to let our mail through."""
    key = tmp_path / "dkim.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    browser = installation(
        database, now, smtp_url="smtp://user:pass@smtp.institute.example:587?starttls=required",
        public_url="https://news.institute.example/post", bounce_domain="bounces.institute.example",
        dkim_domain="institute.example", dkim_selector="spring", dkim_key_file=key,
    )  # fmt: skip
    page = browser.get(path).text
    for fact in (
        "notes@institute.example", "notes.institute.example", "smtp.institute.example", "news.institute.example",
        "bounces.institute.example", "d=institute.example", "s=spring", "secret@institute.example",
    ):  # fmt: skip
        assert fact in page
    for secret in ("user", "pass@", ":587", "Circle"):
        assert secret not in page


def test_it_says_that_nothing_leaves_yet(database: Database, now: datetime):
    """The built-in catcher is no server that anybody elsewhere will see."""
    browser = installation(database, now)
    assert "nothing leaves this installation" in browser.get("/senders").text
    assert "127.0.0.1:" not in browser.get("/senders.txt").text
