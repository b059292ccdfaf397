"""Publications: described by a file, checked before they are stored."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from newsletter import publications
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
        ("name = ", "not a readable publication file"),
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
