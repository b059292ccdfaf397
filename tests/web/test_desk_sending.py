"""Sending at the desk: said in words, confirmed by a number, held, followed, stopped, reported, corrected."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from newsletter import publications
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState
from newsletter.issues import drafts, embargo, signoff
from newsletter.issues.models import Issue, IssueState
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team.roles import Role
from newsletter.worker import Installation
from subscribers import segment_list, tagging
from subscribers.conditions import Condition, Conditions, Group, How, Joined, Subject
from subscribers.models import Subscriber
from tests.delivery.outbox import TurnedClock, readers, states
from tests.issues.test_signoff import EDITIONS, GOOD
from tests.web.desk import client_as, desk_installation

SEND, START = "/desk/p/notes/i/1/send", "/desk/p/notes/i/1/"
READERS = [f"reader{n}@bank.example" for n in range(12)]
EVIL = "=1+1<img src=x onerror=alert(1)>"


@pytest.fixture
def clock(now: datetime) -> TurnedClock:
    return TurnedClock(now)


@pytest.fixture
def here(database: Database, clock: TurnedClock) -> Installation:
    """A desk whose one issue Bob has signed off, with a dozen readers."""
    made = replace(desk_installation(database, clock.now), clock=clock)
    now = clock()
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publication = publications.add(session, profile, now=now, by="tests")
        issue = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=now)
        sign_off(made, session, issue)
        publication_id = publication.id
    readers(database, publication_id, READERS)
    return made


def sign_off(here: Installation, session, issue) -> None:
    proofs = signoff.proofs_of(session, issue)
    signoff.approve(session, issue, proofs, EDITIONS, keyring=here.settings.keyring, by="bob", now=here.clock())


@pytest.fixture
def browser(here: Installation):
    return client_as(here, Role.APPROVER)


def ordered(here: Installation, browser, **more: str) -> int:
    """Press Send; return the sending's id."""
    answer = browser.post(SEND, data={"hold": "10", "readers": "12"} | more)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


def begun(here: Installation, dispatch_id: int, clock: TurnedClock) -> None:
    """Let the hold pass and the deliveries be planned."""
    for minutes in (0, 11):
        clock.turn(minutes=minutes)
        with here.database.write() as session:
            planning.schedule_due(session, now=clock())
    planning.plan(here.database, dispatch_id, clock=clock)


def dispatches(here: Installation) -> list[Dispatch]:
    with here.database.read() as session:
        return list(session.scalars(select(Dispatch).order_by(Dispatch.id)))


def test_the_last_page_says_in_words_what_will_happen(browser):
    """Which issue, to how many of which newsletter, when, from whom, by which way, until when."""
    page = " ".join(browser.get(SEND).text.split())
    for words in ("“Tides: Cranes”", "<b>12</b> readers of Notes", "Europe/Berlin", "notes@institute.example",
                  "nothing leaves this machine", "a hold of 10 minutes", "by bob", "none is open"):  # fmt: skip
        assert words in page, words


def test_looking_sends_nothing(here: Installation, browser):
    """The page is a GET, whatever stands in its address."""
    browser.get(SEND, params={"readers": "12", "hold": "0"})
    assert dispatches(here) == []


def test_a_wrong_number_sends_nothing(here: Installation, browser):
    """The page comes back with the right one."""
    for typed in ("", "11", "120", "twelve", "1 3"):
        answer = browser.post(SEND, data={"hold": "0", "readers": typed})
        assert answer.status_code == 422
        assert "It goes to 12 readers" in answer.text
    assert dispatches(here) == []


def test_a_newsletter_may_do_without_the_number(here: Installation, browser):
    """A setting."""
    assert 'name="readers"' in browser.get(SEND).text
    with here.database.write() as session:
        publication = publications.by_label(session, "notes")
        profile = replace(publication.profile, confirm_number=False)
        publications.change(session, publication, profile, now=here.clock(), by="tests")
    assert 'name="readers"' not in browser.get(SEND).text
    assert browser.post(SEND, data={"hold": "0"}).status_code == 303


def test_pressed_twice_it_is_one_sending(here: Installation, browser):
    """And the page leads to it from then on."""
    first = ordered(here, browser)
    assert ordered(here, browser) == first
    assert browser.get(SEND).headers["location"] == f"{START}sendings/{first}"
    assert len(dispatches(here)) == 1


def test_stop_in_the_hold_reaches_nobody_and_it_can_be_sent_anew(here: Installation, browser, clock: TurnedClock):
    """One large press."""
    first = ordered(here, browser)
    page = browser.get(f"{START}sendings/{first}").text
    assert "stop-button" in page
    with here.database.write() as session:
        planning.schedule_due(session, now=clock())
    assert "until then Stop reaches nobody" in browser.get(f"{START}sendings/{first}").text
    browser.post(f"{START}sendings/{first}/cancel")
    begun(here, first, clock)
    assert states(here.database, first) == {}
    assert dispatches(here)[0].state is DispatchState.CANCELLED
    assert "reached nobody" in browser.get(f"{START}sendings/{first}").text
    again = ordered(here, browser)
    assert again != first
    browser.post(f"{START}sendings/{again}/cancel")
    assert ordered(here, browser) not in {first, again}


def test_in_stages_the_team_is_first(here: Installation, browser, clock: TurnedClock):
    """The rest waits."""
    dispatch_id = ordered(here, browser, team="a@team.example b@team.example", share="25", wait="45")
    begun(here, dispatch_id, clock)
    with here.database.read() as session:
        stages = {row.address: row.stage for row in session.execute(select(Delivery.address, Delivery.stage))}
        options = session.get_one(Dispatch, dispatch_id).options["staging"]
    assert stages["a@team.example"] == stages["b@team.example"] == 0
    assert (options["share"], options["hold"]) == (25.0, 2700.0)


def test_wishes_that_cannot_be_are_named_and_nothing_goes(here: Installation, browser):
    """The page comes back with the sentence; looking at such a page is no error either."""
    for bad in (
        {"at": "yesterday"}, {"at": "2020-01-01T09:00"}, {"at": "2026-03-29T02:30"}, {"hold": "nan"}, {"hold": "-5"},
        {"team": ","}, {"team": "nobody"}, {"share": "150"}, {"share": "half"},
    ):  # fmt: skip
        answer = browser.post(SEND, data={"readers": "12", **bad})
        assert (bad, answer.status_code) == (bad, 422)
        assert browser.get(SEND, params=bad).status_code == 200
    assert dispatches(here) == []


def test_an_embargo_blocks_the_page(here: Installation, browser):
    """For who may send, too."""
    with here.database.write() as session:
        embargo.lay(session, session.scalars(select(Issue)).one(), until=here.clock() + timedelta(days=1), by="b", now=here.clock())  # fmt: skip
    answer = browser.post(SEND, data={"readers": "12", "hold": "0"})
    assert answer.status_code == 422
    assert "embargo" in answer.text
    assert dispatches(here) == []


def test_nothing_is_sent_that_nobody_signed_off(here: Installation, browser):
    """Edited since: the page leads to the review."""
    with here.database.write() as session:
        drafts.revise(session, session.scalars(select(Issue)).one(), GOOD, remarks=(), pictures={}, by="ada", now=here.clock())  # fmt: skip
    assert "not signed off" in browser.get(SEND).text
    assert browser.post(SEND, data={"readers": "12"}).status_code == 422
    assert dispatches(here) == []


def test_an_edit_in_the_hold_stops_it_until_it_is_approved_and_ordered_again(here: Installation, browser, clock):
    """What goes out is what was signed last."""
    dispatch_id = ordered(here, browser)
    with here.database.write() as session:
        issue = session.scalars(select(Issue)).one()
        drafts.revise(session, issue, replace(GOOD, title="Ebbs"), remarks=(), pictures={}, by="ada", now=clock())
    begun(here, dispatch_id, clock)
    assert dispatches(here)[0].state is DispatchState.PAUSED
    with here.database.write() as session:
        sign_off(here, session, session.scalars(select(Issue)).one())
    assert "“Ebbs: Cranes”" in browser.get(SEND).text
    assert ordered(here, browser) == dispatch_id
    planning.plan(here.database, dispatch_id, clock=clock)
    assert len(states(here.database, dispatch_id)) == 12


def test_a_sending_is_paused_and_goes_on(here: Installation, browser, clock: TurnedClock):
    """What is not possible is said, and changes nothing."""
    dispatch_id = ordered(here, browser)
    begun(here, dispatch_id, clock)
    path = f"{START}sendings/{dispatch_id}"
    for deed, after in (("pause", DispatchState.PAUSED), ("pause", DispatchState.PAUSED),
                        ("resume", DispatchState.RUNNING), ("send_missed", DispatchState.RUNNING),
                        ("reschedule", DispatchState.RUNNING), ("cancel", DispatchState.CANCELLED),
                        ("resume", DispatchState.CANCELLED)):  # fmt: skip
        assert browser.post(f"{path}/{deed}", data={"at": "2026-03-05T09:00"}).status_code == 303
        assert dispatches(here)[0].state is after, deed
    assert browser.post(f"{path}/explode").status_code == 404


def test_mails_in_doubt_are_decided_on_by_whoever_may_send(here: Installation, browser, clock: TurnedClock):
    """Sent again or let be; a report reader learns no address from it, and a second press is told that nothing waits."""
    dispatch_id = ordered(here, browser)
    begun(here, dispatch_id, clock)
    path = f"{START}sendings/{dispatch_id}"
    for deed, after in (("send_again", "planned"), ("let_be", "cancelled")):
        with here.database.write() as session:
            held = Delivery.address == READERS[0]
            session.execute(update(Delivery).where(held).values(state=DeliveryState.HELD, uncertain=1, attempts=1))
        assert READERS[0] in browser.get(path).text
        assert "in doubt" not in client_as(here, Role.REPORT_READER).get(path).text
        browser.post(f"{path}/{deed}")
        assert states(here.database, dispatch_id)[READERS[0]] == after
        browser.post(f"{path}/{deed}")
        assert "No mail is held any more" in browser.get(path).text


def test_events_tell_what_the_page_shows_and_end_with_the_sending(here: Installation, browser, clock: TurnedClock):
    """Server-sent events in the person's words; the last one closes the stream."""
    dispatch_id = ordered(here, browser)
    begun(here, dispatch_id, clock)
    with here.database.write() as session:
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, ended_at=clock(), attempts=1))
        session.execute(update(Dispatch).values(state=DispatchState.FINISHED, finished_at=clock()))
    with browser.stream("GET", f"{START}sendings/{dispatch_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        text = "".join(answer.iter_text())
    events = dict(block.split("\n", 1) for block in text.split("\n\n") if block.startswith("event"))
    told = json.loads(events["event: progress"].removeprefix("data: "))
    assert (told["state"], told["planned"]) == ("finished", "12")
    assert "event: end" in events


def test_a_sending_is_seen_within_its_own_issue_alone(here: Installation, browser):
    """Neither another issue's number nor another newsletter's name opens it; not even for who followed it before."""
    dispatch_id = ordered(here, browser)
    with here.database.write() as session:
        other = publications.add(session, Profile(name="Other", label="other", from_address="o@i.example"), now=here.clock(), by="t")  # fmt: skip
        drafts.begin(session, other, GOOD, remarks=(), pictures={}, by="ada", now=here.clock())
    browser.get(f"{START}sendings/{dispatch_id}")
    for tail in ("", "/events", "/report", "/report.json", "/report.pdf", "/unreached.csv", "/readers.csv"):
        assert browser.get(f"/desk/p/other/i/1/sendings/{dispatch_id}{tail}").status_code == 404, tail
    assert browser.post(f"/desk/p/other/i/1/sendings/{dispatch_id}/cancel").status_code == 404
    assert dispatches(here)[0].state is DispatchState.SCHEDULED


def test_who_may_only_look_has_no_buttons(here: Installation, browser):
    """A report reader sees the sending; a writer does not; neither can touch it."""
    dispatch_id = ordered(here, browser)
    looker, writer = client_as(here, Role.REPORT_READER), client_as(here, Role.WRITER)
    page = looker.get(f"{START}sendings/{dispatch_id}").text
    assert "stop-button" not in page
    assert looker.post(f"{START}sendings/{dispatch_id}/cancel").status_code == 403
    assert looker.get(f"{START}sendings/{dispatch_id}/readers.csv").status_code == 403
    assert writer.get(f"{START}sendings/{dispatch_id}").status_code == 403
    assert writer.post(SEND, data={"readers": "12"}).status_code == 403


def test_a_sending_to_a_segment_says_its_number_and_reaches_nobody_else(here: Installation, browser, clock):
    """The choice is made beside the words, and frozen with the order."""
    with here.database.write() as session:
        tag = tagging.ensure(session, "Press", now=clock()).id
        tagging.put(session, tag, list(session.scalars(select(Subscriber.id).order_by(Subscriber.id).limit(3))))
        one = Conditions(Joined.ALL, (Group(Joined.ALL, (Condition(Subject.TAG, How.HAS, of=tag),)),))
        segment_list.save(session, 1, "The press", one, by="ada", now=clock())
    page = browser.get(SEND, params={"segment": "The press"}).text
    assert ("<b>3</b> readers" in page, "the segment The press" in page) == (True, True)
    assert "<b>9</b> readers" in browser.get(SEND, params={"without": "The press"}).text
    assert browser.post(SEND, data={"readers": "12", "segment": "The press"}).status_code == 422
    assert "There is no segment" in browser.get(SEND, params={"segment": "Nobody"}).text
    dispatch_id = ordered(here, browser, readers="3", segment="The press")
    begun(here, dispatch_id, clock)
    with here.database.read() as session:
        assert session.get_one(Dispatch, dispatch_id).planned_count == 3


@pytest.fixture
def ended(here: Installation, browser, clock: TurnedClock) -> int:
    """A sending that has ended: ten got it, one mailbox is dead, one was refused in evil words."""
    dispatch_id = ordered(here, browser)
    begun(here, dispatch_id, clock)
    with here.database.write() as session:
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, ended_at=clock(), attempts=1))
        for address, enhanced, reply in ((READERS[0], "5.1.1", EVIL), (READERS[1], "", EVIL)):
            session.execute(
                update(Delivery).where(Delivery.address == address)
                .values(state=DeliveryState.REFUSED, code=550 if enhanced else None, enhanced=enhanced, reply=reply)
            )  # fmt: skip
        session.execute(update(Dispatch).values(state=DispatchState.FINISHED, finished_at=clock()))
    return dispatch_id


def test_the_report_says_it_in_words_charts_and_tables(browser, ended: int):
    """A server's reply is text; the chart has its table beside it; no style stands in the page."""
    page = browser.get(f"{START}sendings/{ended}/report").text
    assert "There is no such mailbox" in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert '<svg class="chart"' in page
    assert " style=" not in page
    assert "Over time, in numbers" in page
    assert READERS[0] in page
    assert browser.get(f"{START}report").headers["location"] == f"{START}sendings/{ended}/report"
    assert f"{START}sendings/{ended}/report" in browser.get(f"{START}report", params={"all": "yes"}).text


def test_the_report_is_taken_away_as_json_csv_and_pdf(browser, ended: int):
    """JSON and PDF name nobody; CSV runs nothing in a spreadsheet."""
    path = f"{START}sendings/{ended}"
    figures = browser.get(f"{path}/report.json")
    assert (figures.json()["account"]["accepted"], figures.json()["unreached"]) == (10, 2)
    assert "reader0" not in figures.text
    for name in ("unreached", "readers"):
        answer = browser.get(f"{path}/{name}.csv")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert "attachment" in answer.headers["content-disposition"]
        cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells), name
    printed = browser.get(f"{path}/report.pdf")
    assert printed.content.startswith(b"%PDF")
    from tests.rendering.pdf_reading import text

    words = " ".join(text(printed.content).split())
    assert "There is no such mailbox" in words
    assert "reader0" not in words


def test_a_correction_is_begun_approved_and_goes_to_those_who_got_it(here: Installation, browser, ended: int):
    """The pages lead from the note to the mail; without a note nothing begins."""
    path = f"{START}correction"
    assert browser.post(path, data={"note": " "}).status_code == 422
    browser.post(path, data={"note": "The sums were <b>dollars</b>."})
    page = browser.get(path).text
    assert "Version 2 is being made" in page
    assert "&lt;b&gt;dollars" in page
    assert browser.post(path, data={"note": "Again"}).status_code == 409
    with here.database.write() as session:
        sign_off(here, session, session.scalars(select(Issue)).one())
    assert "the 10 readers who got the first" in browser.get(path).text
    assert "exactly those who got the first version" in browser.get(SEND).text
    browser.post(SEND, data={"hold": "0", "readers": "10"})
    assert dispatches(here)[-1].kind is DispatchKind.CORRECTION


def test_a_correction_may_be_published_without_mail(here: Installation, browser, ended: int):
    """Nobody is written to."""
    path = f"{START}correction"
    browser.post(path, data={"note": "The sums."})
    browser.post(path + "/publish")  # not signed off: said, and nothing happens
    with here.database.write() as session:
        issue = session.scalars(select(Issue)).one()
        assert issue.state is not IssueState.PUBLISHED
        sign_off(here, session, issue)
    browser.post(path + "/publish")
    with here.database.read() as session:
        assert session.scalars(select(Issue)).one().state is IssueState.PUBLISHED
    assert len(dispatches(here)) == 1
