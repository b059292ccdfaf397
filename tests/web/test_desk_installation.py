"""The installation's page: what should be mended in words, no secret in sight, for administrators of the whole house."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter import publications
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.web.desk.installation import shown
from subscribers import wishes
from tests.web.desk import SECRET, client_as, desk_installation


def test_what_should_be_mended_is_said_and_secrets_are_not(database: Database, now: datetime):
    """A sender that the signing domain does not cover, a worker that is missed, plain http; passwords hidden."""
    here = desk_installation(
        database, now, public_url="http://news.example.org", oidc_client_secret="hush", oidc_issuer="https://id.example",
        oidc_client_id="desk", smtp_url="smtp://user:hunter2@127.0.0.1:9?pace=5",
    )  # fmt: skip
    with database.write() as session:
        for label, domain in (("notes", "institute.example"), ("other", "mail.elsewhere.example")):
            profile = Profile(name=label.title(), label=label, from_address=f"{label}@{domain}")
            publications.add(session, profile, now=now, by="tests")
    root = client_as(here, Role.ADMINISTRATOR)
    root.headers["Origin"] = "http://news.example.org"
    page = root.get("/desk/installation").text
    assert "one-click unsubscribe needs https" in page
    assert "nothing has waited longer than five minutes" in page
    assert "Notes: notes@institute.example" in page
    assert "does not take us" not in page
    for secret in (SECRET, "hush", "hunter2"):
        assert secret not in page
    assert "smtp://…@127.0.0.1:9" in page
    assert "does not take us" in root.get("/desk/installation?ask=servers").text
    with database.write() as session:
        publication = publications.by_label(session, "notes")
        wishes.invite(session, publication, "ada@reader.example", by="tests", now=now - timedelta(minutes=42))
    assert "work has waited for 42 minutes" in root.get("/desk/installation").text
    german = client_as(here, Role.ADMINISTRATOR, address="de@desk.example", language="de").get("/desk/installation")
    assert "Arbeit wartet seit 42 Minuten" in german.text
    assert client_as(here, Role.ADMINISTRATOR, "notes").get("/desk/installation").status_code == 403


def test_every_setting_is_shown_with_what_it_is(database: Database, now: datetime):
    """One that is added is on the page."""
    rows = list(shown(desk_installation(database, now).settings))
    assert len(rows) == len(type(desk_installation(database, now).settings).model_fields)
    assert all(what for _, _, what in rows)
    assert {name: value for name, value, _ in rows}["NEWSLETTER_SECRET_KEY"] == "…"
