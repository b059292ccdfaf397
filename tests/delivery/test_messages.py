"""From a signed-off issue to each reader's own bytes, and the report that accounts for them."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
from dataclasses import replace

import pytest

from newsletter import notices, publications
from newsletter.delivery import feedback, orders, planning, report
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.messages import OutgoingMessages
from newsletter.delivery.models import Delivery
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DispatchState, Variant
from newsletter.issues import drafts, signoff
from newsletter.issues.models import IssueState
from newsletter.kit.database import Database
from newsletter.kit.errors import Conflict, DispatchRefused
from newsletter.kit.tokens import Keyring, Purpose
from newsletter.mail.envelope import Deferred, Envelope
from newsletter.manuscripts.document import Article, Document, Part, Section
from newsletter.manuscripts.richtext import Paragraph, Text
from newsletter.publications import Access, Publication
from newsletter.rendering.edition import Edition, Medium
from newsletter.rendering.slots import Slot
from subscribers.links import ReaderLinks
from subscribers.models import Format, Subscriber
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import ROUTE, TurnedClock, account, publication, readers, states
from tests.doubles import ScriptedTransport

URL = "https://news.example.org"
DOCUMENT = Document(
    "Tides",
    sections=(Section("Features", (Article("Cranes", parts=(Part((Paragraph((Text("Enough to be read."),)),)),)),)),),
)
TEXT = f"Tides\n\n{Slot.WEB_URL}\n\nLeave:\n{Slot.UNSUBSCRIBE_URL}\n\nChoose:\n{Slot.PREFERENCES_URL}\n"
HTML = f'<!doctype html><html><body><p>Tides</p><a href="{Slot.UNSUBSCRIBE_URL}">Leave</a></body></html>'
EDITIONS = {
    medium: Edition(medium, "en", data)
    for medium, data in {
        Medium.TEXT: TEXT.encode(),
        Medium.HTML: HTML.encode(),
        Medium.PDF: b"%PDF-1.7 no more",
        Medium.WEB: b"<p>Tides</p>",
    }.items()
}


@pytest.fixture
def issue_id(database: Database, keyring: Keyring) -> int:
    """An issue of a publication with three readers, signed off."""
    publication_id = publication(database)
    readers(database, publication_id, ["ada@example.org", "bob@example.org", "cem@example.org"])
    with database.write() as session:
        for number, form in enumerate((Format.HTML, Format.TEXT, Format.NOTICE), start=1):
            session.get_one(Subscriber, number).format = form
        owner = session.get_one(Publication, publication_id)
        issue = drafts.begin(session, owner, DOCUMENT, remarks=(), pictures={}, by="eve", now=NINE_OCLOCK)
        proofs = signoff.proofs_of(session, issue)
        signoff.approve(session, issue, proofs, EDITIONS, keyring=keyring, by="bob", now=NINE_OCLOCK)
        return issue.id


def run(database: Database, keyring: Keyring) -> list[Envelope]:
    """Send everything due; return what the server got, by recipient."""
    messages = OutgoingMessages(database, keyring=keyring, links=ReaderLinks(URL, keyring), public_url=URL)
    transport, clock = ScriptedTransport(), TurnedClock()
    LocalRunner(
        database, Line(ROUTE, transport, connections=2), messages, clock=clock, wait=clock.wait
    ).run_until_idle()
    return sorted(transport.envelopes, key=lambda envelope: envelope.recipient)


def send(database: Database, issue_id: int, keyring: Keyring) -> int:
    """Start the full sending."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        return orders.send_issue(session, issue, keyring=keyring, route=ROUTE, by="eve", now=NINE_OCLOCK).id


def test_each_reader_gets_the_signed_off_issue_in_the_form_chosen(database, keyring, issue_id):
    """HTML with text and PDF, text alone, or a short note; links of their own in each."""
    dispatch = send(database, issue_id, keyring)
    ada, bob, cem = (email.message_from_bytes(one.data, policy=email.policy.default) for one in run(database, keyring))
    types = [part.get_content_type() for part in ada.walk() if not part.is_multipart()]
    assert types == ["text/plain", "text/html", "application/pdf"]
    assert [part.get_content_type() for part in bob.walk()] == ["text/plain"]
    assert bob.get_content().startswith("Tides")
    assert f"{URL}/n/grids/1/" in cem.get_content()
    assert f"{URL}/n/grids/1/issue.pdf" in cem.get_content()
    assert next(ada.iter_attachments()).get_filename() == "Pacific Grids 1 Tides.pdf"
    links = set()
    for message in (ada, bob, cem):
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["Precedence"] == "bulk"
        assert "grids.example.org" in message["List-Id"]
        found = re.fullmatch(rf"<{URL}/u/(.{{36}})>", message["List-Unsubscribe"])
        links.add(keyring.read_link(Purpose.UNSUBSCRIBE, found[1]).subscriber_id)
    assert links == {1, 2, 3}
    assert account(database, dispatch).accepted == 3
    with database.read() as session:
        assert drafts.get(session, issue_id).state is IssueState.PUBLISHED


def test_a_publication_may_write_from_a_domain_with_umlauts(database, keyring, issue_id):
    """Headers, Message-ID, List-Id and return address carry the A-label; nothing is encoded where it must not be."""
    with database.write() as session:
        owner = session.get_one(Publication, 1)
        owner.profile_json = owner.profile_json | {
            "from_address": "zeitung@KÄSE.example",
            "reply_to": "a&b=c@käse.example",
        }
    send(database, issue_id, keyring)
    for envelope in run(database, keyring):
        message = email.message_from_bytes(envelope.data, policy=email.policy.default)
        assert envelope.sender.endswith("@xn--kse-qla.example")
        assert message["From"].addresses[0].addr_spec == "zeitung@xn--kse-qla.example"
        assert message["Message-ID"].endswith("@xn--kse-qla.example>")
        assert "grids.xn--kse-qla.example>" in message["List-Id"]
        assert message["List-Owner"] == "<mailto:a%26b%3Dc@xn--kse-qla.example>"


def test_the_links_of_a_closed_newsletter_open_it_for_its_reader(database, keyring, issue_id):
    """Web edition and PDF stand in a folder that is the reader's token."""
    with database.write() as session:
        owner = session.get_one(Publication, 1)
        publications.change(session, owner, replace(owner.profile, access=Access.MEMBERS), now=NINE_OCLOCK, by="ann")
    send(database, issue_id, keyring)
    note = email.message_from_bytes(run(database, keyring)[2].data, policy=email.policy.default).get_content()
    tokens = set(re.findall(rf"{URL}/n/grids/1/(.{{36}})/(?:issue\.pdf)?\s", note))
    assert {keyring.read_link(Purpose.READ, token).subscriber_id for token in tokens} == {3}


def test_envelope_sender_and_message_id_lead_back_to_the_delivery(database, keyring, issue_id):
    """VERP: one return address per delivery, at most 64 octets before the @."""
    dispatch = send(database, issue_id, keyring)
    envelopes = run(database, keyring)
    senders, ids = set(), set()
    for envelope in envelopes:
        local, _, domain = envelope.sender.partition("@")
        assert domain == "example.org"
        assert len(local) <= 64
        senders.add(keyring.read_delivery(Purpose.RETURN_PATH, local.removeprefix("b+")))
        message_id = re.search(rb"^Message-ID: <([^@]+)@example\.org>", envelope.data, re.MULTILINE)[1]
        ids.add(keyring.read_delivery(Purpose.MESSAGE_ID, message_id.decode()))
    assert len(senders) == 3
    assert senders == ids
    assert len(states(database, dispatch)) == 3


def test_a_retry_is_the_same_mail_whatever_secret_is_the_newest_by_then(database, keyring, issue_id):
    """Message-ID and envelope sender stay, on every machine; a sending that begins later has the new secret."""
    old, new = "a secret that only the tests know", "another secret that only the tests know"
    send(database, issue_id, keyring)
    clock, transport = TurnedClock(), ScriptedTransport(*[Deferred(451, "greylisted")] * 3)

    def go(ring: Keyring) -> None:
        messages = OutgoingMessages(database, keyring=ring, links=ReaderLinks(URL, ring), public_url=URL)
        LocalRunner(database, Line(ROUTE, transport), messages, clock=clock, wait=clock.wait).run_until_idle()

    go(keyring)
    clock.turn(minutes=6)
    rotated = Keyring([new, old])
    go(rotated)
    assert len(transport.envelopes) == 6

    def marks(envelopes: list[Envelope]) -> set[tuple[str, str, str]]:
        return {
            (one.recipient, one.sender, re.search(rb"^Message-ID: (.+)\r$", one.data, re.MULTILINE)[1].decode())  # type: ignore[index]
            for one in envelopes
        }

    assert marks(transport.envelopes[:3]) == marks(transport.envelopes[3:])
    number = int(rotated.read_delivery(Purpose.RETURN_PATH, transport.envelopes[3].sender[2:34]))
    assert number in {1, 2, 3}
    with database.write() as session:
        notices.write(
            session, publication_id=1, purpose="x", address="eve@example.org", subject="s", text="t", now=clock()
        )  # fmt: skip
    go(rotated)
    assert transport.envelopes[-1].sender[2:34] == rotated.delivery(Purpose.RETURN_PATH, 4)
    assert Keyring([new]).read_delivery(Purpose.RETURN_PATH, transport.envelopes[-1].sender[2:34]) == 4


def test_sending_again_is_the_same_sending(database, keyring, issue_id):
    """Nobody gets it twice because somebody pressed twice."""
    assert send(database, issue_id, keyring) == send(database, issue_id, keyring)
    assert len(run(database, keyring)) == 3
    send(database, issue_id, keyring)
    assert run(database, keyring) == []


def test_an_issue_that_is_not_signed_off_is_not_sent(database, keyring, issue_id):
    """An edit voids the sign-off."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, DOCUMENT, remarks=(), pictures={}, by="eve", now=NINE_OCLOCK)
        with pytest.raises(Conflict, match="not signed off"):
            orders.send_issue(session, issue, keyring=keyring, route=ROUTE, by="eve", now=NINE_OCLOCK)


def test_an_edit_before_the_first_mail_stops_the_sending_until_it_is_signed_off_anew(database, keyring, issue_id):
    """Started, not yet planned, edited: nobody gets what nobody stands for; then everybody gets what was signed last."""
    dispatch = send(database, issue_id, keyring)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        mended = replace(DOCUMENT, title="Tides, mended")
        drafts.revise(session, issue, mended, remarks=(), pictures={}, by="eve", now=NINE_OCLOCK)
    assert run(database, keyring) == []
    assert account(database, dispatch).state is DispatchState.PAUSED
    assert "sign it off again" in account(database, dispatch).pause_reason
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        proofs = signoff.proofs_of(session, issue)
        editions = EDITIONS | {Medium.TEXT: Edition(Medium.TEXT, "en", TEXT.replace("Tides", "Mended").encode())}
        signoff.approve(session, issue, proofs, editions, keyring=keyring, by="bob", now=NINE_OCLOCK)
    assert send(database, issue_id, keyring) == dispatch
    assert len([one for one in run(database, keyring) if b"Mended" in one.data]) == 2  # the note has the title alone
    assert account(database, dispatch).accepted == 3


def test_the_web_edition_is_out_with_the_commit_that_lets_the_first_mail_go(database, keyring, issue_id):
    """A kill right after planning must not leave mails whose links lead nowhere."""
    dispatch = send(database, issue_id, keyring)
    with database.write() as session:
        planning.schedule_due(session, now=NINE_OCLOCK)
    planning.plan(database, dispatch, clock=TurnedClock())
    with database.read() as session:
        assert drafts.get(session, issue_id).state is IssueState.PUBLISHED


def test_a_rehearsal_with_the_catcher_does_not_stand_in_the_way(database, keyring, issue_id):
    """What the catcher caught reached nobody: through a real server everybody gets it, once."""
    rehearsals, real = [], []
    for route, ids in ((orders.CATCHER, rehearsals), (ROUTE, real), (orders.CATCHER, rehearsals), (ROUTE, real)):
        with database.write() as session:
            issue = drafts.get(session, issue_id)
            ids.append(orders.send_issue(session, issue, keyring=keyring, route=route, by="e", now=NINE_OCLOCK).id)
    assert len(set(rehearsals)) == len(set(real)) == len({*rehearsals, *real}) - 1 == 1
    assert len(run(database, keyring)) == 3
    assert account(database, real[0]).accepted == 3
    assert account(database, rehearsals[0]).accepted == 0


def test_an_embargo_is_a_hard_block(database, keyring, issue_id):
    """Refused at the start; laid later, the sending waits, and is not public; over a running one nothing is claimed."""
    noon = NINE_OCLOCK.replace(hour=12)
    dispatch = send(database, issue_id, keyring)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        issue.embargo_until = noon
        with pytest.raises(DispatchRefused, match="embargo until 2026-03-04 12:00"):
            orders.send_issue(session, issue, keyring=keyring, route=ROUTE, by="eve", now=NINE_OCLOCK)
    assert run(database, keyring) == []
    assert account(database, dispatch).state is DispatchState.SCHEDULED
    with database.write() as session:
        assert drafts.get(session, issue_id).state is IssueState.APPROVED
        drafts.get(session, issue_id).embargo_until = NINE_OCLOCK
        planning.schedule_due(session, now=NINE_OCLOCK)
    planning.plan(database, dispatch, clock=TurnedClock())
    with database.write() as session:
        drafts.get(session, issue_id).embargo_until = noon
    assert run(database, keyring) == []
    assert account(database, dispatch).waiting == 3
    with database.write() as session:
        drafts.get(session, issue_id).embargo_until = NINE_OCLOCK
    assert len(run(database, keyring)) == 3


def test_a_test_is_marked_and_unsubscribes_nobody(database, keyring, issue_id):
    """A draft that nobody signed off, rendered as it is now, to named addresses."""
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        drafts.revise(session, issue, DOCUMENT, remarks=(), pictures={}, by="eve", now=NINE_OCLOCK)
        orders.send_test(
            session, issue, ["eve@example.org"], route=ROUTE, by="eve", now=NINE_OCLOCK, variant=Variant.TEXT
        )
    (envelope,) = run(database, keyring)
    message = email.message_from_bytes(envelope.data, policy=email.policy.default)
    assert message["Subject"].startswith("[Test] ")
    assert "Enough to be read." in message.get_body(("plain",)).get_content()
    token = re.search(r"/u/(.{36})", message["List-Unsubscribe"])[1]
    assert keyring.read_link(Purpose.UNSUBSCRIBE, token).subscriber_id == 0


def test_a_notice_goes_to_one_person_with_no_list_around_it(database, keyring, issue_id):
    """Auto-Submitted, no List-Unsubscribe."""
    with database.write() as session:
        notices.write(
            session, publication_id=1, purpose="confirm", address="dora@example.org", subject="Please confirm",
            text="Hello\n", now=NINE_OCLOCK,
        )  # fmt: skip
    (envelope,) = run(database, keyring)
    message = email.message_from_bytes(envelope.data, policy=email.policy.default)
    assert message["Subject"] == "Please confirm"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None


def test_the_report_counts_who_left_because_of_this_issue_once(database, keyring, issue_id):
    """Pressing twice is leaving once; a link from no delivery is ignored."""
    dispatch = send(database, issue_id, keyring)
    run(database, keyring)
    with database.write() as session:
        assert feedback.record_unsubscribed(session, 1, now=NINE_OCLOCK)
        assert not feedback.record_unsubscribed(session, 1, now=NINE_OCLOCK)
        assert not feedback.record_unsubscribed(session, 0, now=NINE_OCLOCK)
        assert not feedback.record_unsubscribed(session, 4711, now=NINE_OCLOCK)
    told = account(database, dispatch)
    assert told.unsubscribed == 1
    as_json = json.loads(json.dumps(told.to_json()))
    assert (as_json["planned"], as_json["accepted"], as_json["unsubscribed"]) == (3, 3, 1)
    assert told.state is DispatchState.FINISHED


def test_the_rows_of_readers_are_csv_that_computes_nothing(database, keyring, issue_id):
    """A reply that begins with = is words to a spreadsheet."""
    dispatch = send(database, issue_id, keyring)
    run(database, keyring)
    with database.write() as session:
        session.get_one(Delivery, 1).reply = "=HYPERLINK(1)"
    with database.read() as session:
        lines = list(report.csv_lines(report.readers(session, dispatch)))
    rows = list(csv.DictReader(io.StringIO("".join(lines))))
    assert [row["state"] for row in rows] == ["accepted"] * 3
    assert rows[0]["reply"] == "'=HYPERLINK(1)"
