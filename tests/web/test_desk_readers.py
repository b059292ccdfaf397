"""Readers at the desk: found, looked at, corrected; and what they ask for is done, with the audit trail."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sqlalchemy import select

from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.team.roles import Role
from newsletter.worker import Installation
from subscribers import evidence, suppression
from subscribers.models import Subscriber, Subscription, SubscriptionState, Suppression
from tests.subscribers.readers import add_publication, add_reader
from tests.web.desk import client_as, desk_installation

ADA = "ada@example.org"


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """Two newsletters; Ada reads both, Bo one."""
    made = desk_installation(database, now)
    notes, other = add_publication(database, "notes", now=now), add_publication(database, "other", now=now)
    add_reader(database, ADA, notes, other, now=now, name="Ada <b>Byron</b>", language="en")
    add_reader(database, "bo@example.net", other, now=now, name="Bo")
    return made


def deeds(here: Installation) -> list[tuple[str, str, str]]:
    """Who did what to whom, of what concerns readers."""
    with here.database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.deed.startswith("reader")).order_by(AuditEntry.id)
        )
        return [(each.actor, each.deed, each.subject) for each in entries]


def id_of(here: Installation, address: str) -> int:
    """A reader's number."""
    with here.database.read() as session:
        return session.scalars(select(Subscriber.id).where(Subscriber.address == address)).one()


def test_an_editor_sees_the_readers_of_one_newsletter_and_nobody_elses(here: Installation):
    """Neither in the list nor by guessing a number, nor which other newsletters somebody reads."""
    editor = client_as(here, Role.EDITOR, "notes")
    listed = editor.get("/desk/p/notes/readers").text
    assert (ADA in listed, "bo@example.net" in listed) == (True, False)
    assert "Ada &lt;b&gt;Byron" in editor.get("/desk/p/notes/readers", params={"q": "@example.org"}).text
    assert "No reader fits" in editor.get("/desk/p/notes/readers", params={"q": "bo@"}).text
    ada, bo = id_of(here, ADA), id_of(here, "bo@example.net")
    page = editor.get(f"/desk/p/notes/readers/{ada}").text
    assert (">Notes<" in page, ">Other<" in page, "And one newsletter that you do not" in page) == (True, False, True)
    assert [editor.get(path).status_code for path in (f"/desk/p/notes/readers/{bo}", "/desk/readers")] == [404, 403]
    everybody = client_as(here, Role.EDITOR)
    assert "2 people in all newsletters together" in everybody.get("/desk/readers").text
    assert ">Other<" in everybody.get(f"/desk/readers/{ada}").text


def test_what_concerns_the_whole_person_is_for_whoever_looks_after_all_of_it(here: Installation):
    """An editor of one newsletter neither hands out, erases nor bars somebody who reads another, too."""
    editor = client_as(here, Role.EDITOR, "notes")
    ada = id_of(here, ADA)
    for deed in ("record.json", "record.pdf", "object", "suppress", "erase"):
        answer = editor.post(f"/desk/p/notes/readers/{ada}/{deed}", data={"sure": "yes", "reason": "x"})
        assert answer.status_code == 403, deed
    barring = "/desk/p/notes/readers/do-not-mail"
    for address in (ADA, "bo@example.net", "nobody@example.net"):  # and does not find out who reads another
        answer = editor.post(barring, data={"address": address, "reason": "x"})
        assert (answer.status_code, "no reader at this address" in answer.text) == (422, True)
    assert (
        editor.post(f"{barring}/import", files={"file": ("x", b"a@b.example")}, data={"source": "x"}).status_code == 422
    )
    with here.database.read() as session:
        other = session.scalars(select(Subscription.publication_id).order_by(Subscription.publication_id)).all()[-1]
    assert editor.post(f"/desk/p/notes/readers/{ada}/subscriptions/{other}/end").status_code == 404
    assert deeds(here) == []


def test_a_segment_asks_only_about_newsletters_whose_readers_one_looks_after(here: Installation):
    """Who of the readers reads another newsletter, too, is not found out by naming its number in the form."""
    with here.database.read() as session:
        other = session.scalars(select(Subscription.publication_id).order_by(Subscription.publication_id)).all()[-1]
    form = {"joined": "all", "g0-joined": "any", "g0-c0-subject": f"reads:{other}", "g0-c0-how": "has"}
    path = "/desk/p/notes/readers/segments"
    editor, everybody = client_as(here, Role.EDITOR, "notes"), client_as(here, Role.EDITOR)
    unknown = editor.post(f"{path}/count", data=form | {"g0-c0-subject": "reads:4711"}).text
    assert editor.post(f"{path}/count", data=form).text == unknown
    assert editor.post(f"{path}/new", data=form | {"act": "save", "name": "Both"}).status_code == 422
    assert everybody.post(f"{path}/count", data=form).text == "1"
    saved = everybody.post(f"{path}/new", data=form | {"act": "save", "name": "Both"}).headers["location"]
    assert editor.post(saved, data=form | {"act": "save", "name": "Mine"}).status_code == 422
    assert ">Other<" not in editor.get(saved).text


@pytest.mark.parametrize("subject", ["tag:²", "tag:1x"])
def test_a_number_that_is_none_is_refused(here: Installation, subject: str):
    """Also one that only looks like a digit."""
    form = {"joined": "all", "g0-joined": "any", "g0-c0-subject": subject, "g0-c0-how": "has", "act": "remove:²:²"}
    answer = client_as(here, Role.EDITOR, "notes").post("/desk/p/notes/readers/segments/count", data=form)
    assert "did not arrive whole" in answer.text
    handed = client_as(here, Role.EDITOR, "notes").post(
        "/desk/p/notes/readers/export", data={"column": "address", "segment": "²"}
    )
    assert handed.status_code == 404


@pytest.mark.parametrize("path", ["i/{}/", "readers/segments/{}", "readers/import/{}"])
def test_a_number_that_no_database_holds_is_refused(here: Installation, path: str):
    """SQLite takes eight octets of a number; its driver raises an error of another kind than PostgreSQL's."""
    editor = client_as(here, Role.EDITOR)
    assert editor.get(f"/desk/p/notes/{path.format(10**30)}").status_code == 422


def test_corrections_are_all_or_nothing_and_sealed(here: Installation):
    """A language that is none changes neither it nor the name beside it."""
    editor = client_as(here, Role.EDITOR, "notes")
    ada = id_of(here, ADA)
    path = f"/desk/p/notes/readers/{ada}/corrections"
    wrong = editor.post(path, data={"name": "Ada L.", "language": "klingon!", "format": "html"})
    assert wrong.status_code == 422
    assert "There is no language" in wrong.text
    assert 'value="Ada L."' in wrong.text
    assert editor.post(path, data={"name": "Ada L.", "language": "de", "format": "text"}).status_code == 303
    assert "Nothing was changed" in _said(editor, path, {"name": "Ada L.", "language": "de", "format": "text"})
    with here.database.read() as session:
        person = session.get_one(Subscriber, ada)
        assert (person.name, person.language, person.format.value) == ("Ada L.", "de", "text")
        assert evidence.verify_chain(session, ada)
    assert [deed for _, deed, _ in deeds(here)] == ["reader.correct"]


def test_the_team_does_what_a_reader_asks_for(here: Installation):
    """Hands out everything, ends a subscription, notes an objection, erases; each stands in the audit trail."""
    desk = client_as(here, Role.ADMINISTRATOR, language="de")
    ada = id_of(here, ADA)
    path = f"/desk/readers/{ada}"
    taken = desk.post(f"{path}/record.json")
    assert json.loads(taken.content)["person"]["address"] == ADA
    assert "attachment" in taken.headers["content-disposition"]
    assert desk.post(f"{path}/record.pdf").content.startswith(b"%PDF-")
    with here.database.read() as session:
        notes = session.scalars(select(Subscription.publication_id)).first()
    assert desk.post(f"{path}/subscriptions/{notes}/end").status_code == 303
    assert "vom Team abgemeldet" in desk.get(path).text
    assert desk.post(f"{path}/suppress", data={"reason": " "}).status_code == 422
    assert desk.post(f"{path}/object").status_code == 303
    assert "Auf der Sperrliste" in desk.get(path).text
    assert desk.post(f"{path}/erase").status_code == 422
    assert desk.post(f"{path}/erase", data={"sure": "yes"}).status_code == 303
    assert desk.get(path).status_code == 404
    with here.database.read() as session:
        assert session.scalars(select(Suppression.address_key)).one() is None
        assert suppression.is_suppressed(session, ADA, keyring=here.settings.keyring)
        assert evidence.verify_chain(session, ada)
        states = session.scalars(select(Subscription.state).where(Subscription.subscriber_id == ada)).all()
        assert set(states) == {SubscriptionState.ENDED}
    assert [deed for _, deed, subject in deeds(here) if subject == f"subscriber:{ada}"] == [
        "reader.disclose", "reader.disclose", "reader.unsubscribe", "reader.object", "reader.erase",
    ]  # fmt: skip


def _said(client, path: str, data: dict[str, str]) -> str:
    """The page that a form leads to."""
    return client.get(client.post(path, data=data).headers["location"]).text


def test_tags_fields_and_segments_by_clicks(here: Installation):
    """A field is made, set on a person and for many; a segment is put together, counted, saved and shown."""
    editor = client_as(here, Role.EDITOR, "notes")
    base, ada = "/desk/p/notes/readers", id_of(here, ADA)
    assert editor.post(f"{base}/notes/fields", data={"name": "Plan", "kind": "choice"}).status_code == 422
    choice = {"name": "Plan", "kind": "choice", "choices": "Gold\nSilver"}
    assert editor.post(f"{base}/notes/fields", data=choice).status_code == 303
    assert editor.post(f"{base}/{ada}/fields", data={"field-1": "Lead"}).status_code == 422
    assert editor.post(f"{base}/{ada}/fields", data={"field-1": "gold"}).status_code == 303
    assert editor.post(f"{base}/{ada}/tags", data={"tag": "Press"}).status_code == 303
    page = editor.get(f"{base}/{ada}").text
    assert ("<option selected>Gold</option>" in page, "Press" in page) == (True, True)
    rows = {"name": "Pressed", "joined": "all", "g0-joined": "any"}
    rows |= {"g0-add": "field:1", "act": "add:0"}
    asked = editor.post(f"{base}/segments/new", data=rows)
    assert (asked.status_code, '<option value="Gold" selected>' in asked.text) == (200, True)
    rows |= {"g0-c0-subject": "field:1", "g0-c0-how": "is", "g0-c0-value": "Gold", "g0-add": "tag:1"}
    assert 'value="tag:1"' in editor.post(f"{base}/segments/new", data=rows).text
    assert editor.post(f"{base}/segments/count", data=rows).text == "1"
    assert "no domain" not in editor.post(f"{base}/segments/count", data=rows | {"g0-c0-how": "more"}).text
    assert editor.post(f"{base}/segments/new", data=rows | {"act": "save"}).headers["location"] == f"{base}/segments/1"
    assert editor.post(f"{base}/segments/new", data=rows | {"act": "save"}).status_code == 422
    assert ADA in editor.get(base, params={"segment": 1}).text
    assert (
        editor.post(f"{base}/segments/1/notes", data={"act": "field", "field": "1", "value": "Silver"}).status_code
        == 303
    )
    assert "No reader fits" in editor.get(base, params={"segment": 1}).text
    assert editor.get("/desk/p/other/readers/segments/1").status_code == 404
    assert client_as(here, Role.EDITOR, "other").get("/desk/p/other/readers/segments/1").status_code == 404
    assert editor.post(f"{base}/notes/tags/1/remove").status_code == 409
    everywhere = client_as(here, Role.EDITOR)
    assert everywhere.post("/desk/readers/notes/tags/1/remove").status_code == 303
    assert everywhere.post("/desk/readers/notes/fields/1/remove").status_code == 303
    assert "No longer there" in editor.get(f"{base}/segments/1").text
    assert editor.post(f"{base}/segments/1/remove").status_code == 303
    done = [deed for _, deed, _ in deeds(here)]
    assert done == ["reader.note", "reader.tag", "readers.note"]
