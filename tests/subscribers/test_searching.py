"""Searching readers: by address, name and domain, page by page, within one newsletter or all."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring
from subscribers import choices, erasure, searching, subscriptions
from subscribers.models import SubscriptionState
from subscribers.search_keys import name_keys
from subscribers.searching import Question
from tests.subscribers.readers import add_publication, add_reader


def found(database: Database, words: str, publication_id: int | None = None, **asked: object) -> list[str]:
    """The addresses of the first page."""
    with database.read() as session:
        readers, _ = searching.search(session, Question(publication_id, words, **asked))  # type: ignore[arg-type]
        return [each.address for each in readers]


def test_a_reader_is_found_by_what_address_name_last_name_or_domain_begins_with(database: Database, now: datetime):
    """In any case and however an umlaut was typed; in the middle of a word nobody looks."""
    notes = add_publication(database, "notes", now=now)
    add_reader(database, "Anna.M@exämple.de", notes, now=now, name="Dr. Anna Müller")
    add_reader(database, "muller@other.org", notes, now=now, name="Muller")
    assert found(database, "anna.m", notes) == ["Anna.M@exämple.de"]
    assert found(database, "Mu\u0308LL") == ["Anna.M@exämple.de"]
    assert found(database, "dr. anna mü") == ["Anna.M@exämple.de"]
    assert found(database, "@exämple.de") == found(database, "exämple.de") == ["Anna.M@exämple.de"]
    assert found(database, "ANNA.M@EXÄMPLE.DE") == ["Anna.M@exämple.de"]
    assert found(database, "@") == ["muller@other.org", "Anna.M@exämple.de"]
    assert found(database, "ller") == found(database, "%") == found(database, "_") == found(database, "'") == []


def test_what_changes_is_found_again(database: Database, now: datetime, keyring: Keyring):
    """A corrected name is found and the old one is not; whoever was erased is not found at all."""
    notes = add_publication(database, "notes", now=now)
    ada = add_reader(database, "ada@example.org", notes, now=now, name="Ada Byron")
    with database.write() as session:
        choices.set_name(session, ada, "Ada Lovelace", now=now, source="tests")
    assert (found(database, "byron"), found(database, "lovel")) == ([], ["ada@example.org"])
    with database.write() as session:
        erasure.erase(session, ada, keyring=keyring, now=now, source="tests")
    assert (
        found(database, "lovel") == found(database, "") == found(database, "", notes) == found(database, "erased") == []
    )


def test_a_list_is_whole_page_by_page_and_keeps_to_its_newsletter(database: Database, now: datetime):
    """Newest first, nobody twice or lost at the seams; readers of another newsletter are not in it."""
    notes, other = add_publication(database, "notes", now=now), add_publication(database, "other", now=now)
    wanted = [f"reader{number}@example.org" for number in range(7)]
    for number, address in enumerate(wanted):
        reader = add_reader(database, address, notes, now=now, name="Reader Example")
        if number % 3 == 0:
            with database.write() as session:
                subscriptions.unsubscribe(session, reader, notes, now=now, reason="team")
    add_reader(database, "elsewhere@example.org", other, now=now, name="Reader Example")
    for words in ("", "reader", "@example.org", "example"):
        seen: list[str] = []
        before = 0
        with database.read() as session:
            while True:
                readers, before = searching.search(session, Question(notes, words, before=before), size=3)
                seen += [each.address for each in readers]
                if not before:
                    break
        assert seen == wanted[::-1], words
    assert found(database, "", notes, state=SubscriptionState.ENDED) == [wanted[6], wanted[3], wanted[0]]
    assert found(database, "reader", notes, state=SubscriptionState.ACTIVE) == [wanted[at] for at in (5, 4, 2, 1)]
    assert len(found(database, "reader")) == 8
    with database.read() as session:
        counts = searching.states(session, notes)
        assert (counts[SubscriptionState.ACTIVE], counts[SubscriptionState.ENDED]) == (4, 3)
        assert searching.everybody(session) == 8


@given(st.text(max_size=300))
@settings(max_examples=60)
def test_any_name_has_keys_that_fit(name: str):
    """Whatever somebody is called, the columns hold what is stored beside it."""
    keys = name_keys(name)
    assert len(keys["name_key"]) <= 200
    assert len(keys["surname_key"]) <= 100
