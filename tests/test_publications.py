"""Publications: described by a file, checked before they are stored."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.publications import Profile, checked_profile, read_profile

FILE = """
name = "Harbour Notes"
label = "harbour-notes"
from_address = "notes@institute.example"
time_zone = "Europe/Berlin"

[theme]
accent = "#123456"

[imprint]
name = "Institute"
lines = ["Street 1", "City"]

[house_style]
part_labels = ["At a glance"]
preferred = ["IRIS"]
"""


def written(folder: Path, text: str) -> Path:
    """Put *text* into a publication file."""
    path = folder / "publication.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_publication_file_becomes_a_stored_publication(database: Database, tmp_path: Path, now: datetime):
    """What the file says comes back from the database as the same value."""
    profile = read_profile(written(tmp_path, FILE))
    with database.write() as session:
        publications.add(session, profile, now=now, by="ada")
    with database.read() as session:
        stored = publications.by_label(session, "harbour-notes")
        assert stored.profile == profile
        assert stored.profile.list_id == "harbour-notes.institute.example"
        assert stored.profile.masthead.theme.accent == "#123456"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "TOML"),
        (f'name = "{"x" * 201}"', "name"),
        ('name = " "', "name"),
        ('language = "the queen\'s <b>"', "language"),
        ('list_domain = "no domain"', "list_domain"),
        ('reply_to = "nobody"', "reply_to"),
        ('theme = "red"', "theme"),
        ('colour = "red"', "colour"),
        ('label = "With Spaces"', "label"),
        ('time_zone = "Mars/Olympus"', "Mars/Olympus"),
        ('from_address = "nobody"', "nobody"),
        ('access = "everyone"', "access"),
        ('name = "News\\nX-Evil: 1"', "name"),
        ('[theme]\naccent = "red; background: url(x)"', "accent"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, text: str, words: str):
    """The sentence says which entry of which file to mend."""
    with pytest.raises(BadInput, match=words):
        read_profile(written(tmp_path, text))


def test_what_is_no_text_is_no_publication_file(tmp_path: Path):
    """A folder or a picture is named as what it is, in words."""
    with pytest.raises(BadInput, match="Is a directory"):
        read_profile(tmp_path)
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(BadInput, match="not text in UTF-8"):
        read_profile(tmp_path / "picture.toml")


def test_a_missing_file_is_named(tmp_path: Path):
    """A typo in the path is no stack trace."""
    with pytest.raises(NotFound, match=r"nowhere\.toml"):
        read_profile(tmp_path / "nowhere.toml")


def test_two_publications_cannot_share_a_label(database: Database, now: datetime):
    """The label stands in URLs and in List-Id."""
    profile = checked_profile({"label": "notes", "from_address": "a@b.example"}, named_as="the form")
    with database.write() as session:
        publications.add(session, profile, now=now, by="ada")
    with pytest.raises(Conflict, match="notes"), database.write() as session:
        publications.add(session, profile, now=now, by="ada")


def test_a_publication_needs_an_address_to_write_from(database: Database, now: datetime):
    """Without one nothing could be sent, so it is said at once."""
    with pytest.raises(BadInput, match="from_address"), database.write() as session:
        publications.add(session, Profile(label="notes"), now=now, by="ada")


def test_a_changed_file_changes_the_publication_and_says_what(database: Database, tmp_path: Path, now: datetime):
    """The names of the changed entries come back; nothing changed is nothing written down."""
    profile = read_profile(written(tmp_path, FILE))
    with database.write() as session:
        publications.add(session, profile, now=now, by="ada")
    new = read_profile(written(tmp_path, FILE.replace("Harbour Notes", "Port Notes").replace("#123456", "#654321")))
    with database.write() as session:
        publication = publications.by_label(session, "harbour-notes")
        assert publications.change(session, publication, new, now=now, by="bob") == ["name", "theme"]
        assert publications.change(session, publication, new, now=now, by="bob") == []
    with database.read() as session:
        stored = publications.by_label(session, "harbour-notes")
        assert (stored.profile, stored.name) == (new, "Port Notes")
        deeds = session.execute(select(AuditEntry.actor, AuditEntry.deed, AuditEntry.details)).all()
    assert deeds[1:] == [("bob", "publication.change", {"changed": ["name", "theme"]})]


def test_a_list_keeps_the_name_that_readers_filters_know(database: Database, tmp_path: Path, now: datetime):
    """The List-Id is for life (RFC 2919); a new sender's address needs the old domain beside it."""
    with database.write() as session:
        publications.add(session, read_profile(written(tmp_path, FILE)), now=now, by="ada")
    moved = FILE.replace("notes@institute.example", "notes@elsewhere.example")
    with pytest.raises(Conflict, match=r'list_domain = "institute\.example"'), database.write() as session:
        publication = publications.by_label(session, "harbour-notes")
        publications.change(session, publication, read_profile(written(tmp_path, moved)), now=now, by="ada")
    kept = read_profile(written(tmp_path, 'list_domain = "institute.example"' + moved))
    with database.write() as session:
        publication = publications.by_label(session, "harbour-notes")
        assert publications.change(session, publication, kept, now=now, by="ada") == ["from_address", "list_domain"]


def test_a_changed_publication_needs_an_address_to_write_from(database: Database, tmp_path: Path, now: datetime):
    """As a new one does."""
    with database.write() as session:
        publication = publications.add(session, read_profile(written(tmp_path, FILE)), now=now, by="ada")
        with pytest.raises(BadInput, match="from_address"):
            publications.change(session, publication, Profile(label="harbour-notes"), now=now, by="ada")
