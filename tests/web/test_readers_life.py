"""A reader's whole life on the public pages: join, confirm, choose, move, leave, come back, see everything, be erased."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.delivery.models import Delivery
from newsletter.notices import Notice
from subscribers.models import ConsentEvent, MailedLink, Subscriber, Subscription, Suppression, Wish
from subscribers.suppression import is_suppressed
from tests.subscribers.readers import dump
from tests.town import Town, body_of, hidden, link_in, town

ADA = "Ada.Lovelace@example.org"


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on each database."""
    with town(database_url, tmp_path) as made:
        yield made


def test_joining_takes_a_mail_and_a_press(place: Town):
    """Nothing is sent before the button; the mail is short, automatic and about nothing else."""
    page = place.join(ADA)
    assert page.status_code == 200
    assert "Please look into your mailbox" in page.text
    (mail,) = place.deliver()
    assert mail["To"] == ADA
    assert mail["Subject"] == "Please confirm: Weekly"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert len(re.findall("https?://", body_of(mail))) == 1
    assert "Speicherstraße 14" in body_of(mail)
    assert place.state(ADA) == "pending"
    shown = place.client.get(link_in(mail))
    assert (shown.status_code, "A…e@e…e.org" in shown.text) == (200, True)
    assert place.state(ADA) == "pending"
    welcome = place.client.post(link_in(mail), data={"act": "confirm"}).text
    assert "Welcome" in welcome
    assert place.state(ADA) == "active"
    assert place.kinds(ADA) == ["requested", "confirmed"]
    before = dump(place.database)
    again = place.client.post(link_in(mail), data={"act": "confirm"})
    assert again.status_code == 200
    assert dump(place.database) == before


def test_the_evidence_says_what_a_court_asks(place: Town):
    """Wording with version, form, language, times of request, mail (Message-ID) and confirmation (STANDARDS §7)."""
    mail = place.reader(ADA)
    with place.database.read() as session:
        requested, confirmed = (
            json.loads(one.payload or "")
            for one in session.scalars(select(ConsentEvent).order_by(ConsentEvent.position))
        )
    assert (
        requested["wording"]
        == "I would like Halvorsen Institute to send me Weekly by email. I can leave at any time, by a link in every mail."
    )
    assert (requested["wording_version"], requested["form"], requested["language"]) == ("1 en", "page", "en")
    assert confirmed["confirmation_mail"]["message_id"] == mail["Message-ID"]
    assert confirmed["confirmation_mail"]["state"] == "accepted"
    assert requested["at"] <= confirmed["confirmation_mail"]["handed_over_at"] <= confirmed["at"]
    assert confirmed["asked_at"] == requested["at"]
    assert "network" not in requested


def test_the_network_is_kept_only_if_the_operator_says_so(database_url: str, tmp_path: Path):
    """A setting, off by default."""
    with town(database_url, tmp_path, keep_networks=True) as place:
        place.client.headers["x-nothing"] = ""
        place.join(ADA)
        with place.database.read() as session:
            assert session.scalars(select(Wish.network)).one() == ""  # the test client has no address
        place.deliver()


def test_the_newest_issue_comes_with_the_welcome_if_wanted(place: Town):
    """To the newcomer alone, exactly as it was sent; and only with the box ticked."""
    place.reader("first@example.org")
    place.issue("weekly")
    (sent,) = place.deliver()
    place.join(ADA, latest="yes")
    (mail,) = place.deliver()
    assert "The newest issue is on its way" in place.client.post(link_in(mail), data={"act": "confirm"}).text
    (latest,) = place.deliver()
    assert (latest["To"], latest["Subject"]) == (ADA, sent["Subject"])
    assert latest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    place.join("eva@example.org")
    (mail,) = place.deliver()
    place.client.post(link_in(mail), data={"act": "confirm"})
    assert place.deliver() == []


def test_who_reads_already_is_told_so_by_mail_and_by_nothing_else(place: Town):
    """The page is the same to the byte but for the address that was typed; the request writes the same rows."""
    place.reader(ADA)
    known, unknown = place.join(ADA), place.join("ada.unknown0@example.org")
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(ADA, "") == unknown.text.replace("ada.unknown0@example.org", "")
    with place.database.read() as session:
        rows = session.scalars(select(Wish).where(Wish.answered_at.is_(None))).all()
        assert len(rows) == 2
    first, second = sorted(place.deliver(), key=lambda mail: "unknown0" in mail["To"])  # over two lines, in any order
    assert (first["Subject"], second["Subject"]) == ("You are a reader already: Weekly", "Please confirm: Weekly")
    assert place.client.get(link_in(first)).status_code == 200
    assert place.state(ADA) == "active"


def test_leaving_is_confirmed_and_can_be_taken_back_for_a_week(place: Town):
    """By the mail that goes to the address; once, and not on the eighth day."""
    place.reader(ADA)
    place.issue("weekly")
    (issue,) = place.deliver()
    page = place.client.post(link_in(issue, "u"), data={"act": "leave"}).text
    assert "You are unsubscribed" in page
    assert "Would you tell us why?" in page
    (goodbye,) = place.deliver()
    assert goodbye["Subject"] == "You are unsubscribed: Weekly"
    back = link_in(goodbye, "m")
    assert place.client.get(back).status_code == 200
    assert place.state(ADA) == "ended"
    assert "You receive" in place.client.post(back, data={"act": "undo"}).text
    assert place.state(ADA) == "active"
    assert place.kinds(ADA)[-1] == "resubscribed"
    assert place.client.post(back, data={"act": "undo"}).status_code == 404
    place.client.post(link_in(issue, "u"), content="List-Unsubscribe=One-Click")
    (goodbye,) = place.deliver()
    place.turn(days=7)
    assert place.client.post(link_in(goodbye, "m"), data={"act": "undo"}).status_code == 404
    assert place.state(ADA) == "ended"


def test_the_reason_is_asked_after_and_kept_with_what_ended(place: Town):
    """Never before, never needed; a reason we do not offer is no reason."""
    place.reader(ADA)
    place.issue("weekly")
    (issue,) = place.deliver()
    link = link_in(issue, "u")
    assert "why" not in place.client.get(link).text
    place.client.post(link, data={"act": "why", "reason": "too_often"})
    assert place.state(ADA) == "active"
    place.client.post(link, data={"act": "leave"})
    assert place.client.post(link, data={"act": "why", "reason": "weather"}).status_code == 400
    assert (
        "Thank you"
        in place.client.post(link, data={"act": "why", "reason": "too_often", "words": "daily\r\nis much"}).text
    )
    with place.database.read() as session:
        tie = session.scalars(select(Subscription)).one()
        assert (tie.leaving_reason, tie.leaving_words) == ("too_often", "daily is much")


def test_choices_hold_for_what_comes(place: Town):
    """Format, language, rhythm and a pause: one form, one chain, and the next issue obeys."""
    place.publish("daily")
    place.reader(ADA)
    place.issue("weekly")
    (issue,) = place.deliver()
    link = link_in(issue, "p")
    number = str(place.publications["weekly"])
    chosen = {"act": "save", "take": number, "shown": number, "format": "text", "language": "de"}
    page = place.client.post(link, data={**chosen, f"rhythm-{number}": "every", f"pause-{number}": "2026-03-20"}).text
    assert "Pausiert: Weekly. Ihre Wünsche gelten ab der nächsten Ausgabe." in page
    assert "Pausiert bis 20. März 2026" in page
    place.issue("weekly")
    assert place.deliver() == []
    place.turn(days=17)
    place.issue("weekly")
    (next_issue,) = place.deliver()
    assert next_issue.get_content_type() == "text/plain"
    place.client.post(link, data={**chosen, f"rhythm-{number}": "monthly", f"pause-{number}": ""})
    place.issue("weekly")
    assert place.deliver() == []
    assert place.kinds(ADA)[2:] == ["paused", "changed", "changed", "resumed", "changed"]


@pytest.mark.parametrize("day", ["2026-03-04", "2020-01-01", "2028-01-01", "tomorrow", "99999-01-01"])
def test_a_pause_that_is_none_saves_nothing(place: Town, day: str):
    """Today, the past, two years on, no day: 422 and the form again, nothing of it half done."""
    place.reader(ADA)
    place.issue("weekly")
    (issue,) = place.deliver()
    number = str(place.publications["weekly"])
    before = dump(place.database)
    answer = place.client.post(
        link_in(issue, "p"),
        data={"act": "save", "take": number, "shown": number, "format": "text", f"pause-{number}": day},
    )
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert dump(place.database) == before


def own_data(place: Town, address: str = ADA) -> tuple[str, str]:
    """Have the link to one's data mailed from the page of choices and open it; return link and page."""
    place.client.post("/link/", data={"address": address})
    (mail,) = place.deliver()
    place.client.post(link_in(mail, "p"), data={"act": "mail-link"})
    (mail,) = place.deliver()
    link = link_in(mail, "m")
    assert "Open" in place.client.get(link).text
    return link, place.client.post(link, data={"act": "open"}).text


def test_ones_own_data_open_once_and_for_half_an_hour(place: Town):
    """The mailed link is spent by its first use; the page's key works until its time is over."""
    place.reader(ADA)
    link, page = own_data(place)
    assert ADA in page
    assert "I would like Halvorsen Institute to send me Weekly" in page
    assert place.client.get(link).status_code == place.client.post(link, data={"act": "open"}).status_code == 404
    key = hidden(page, "key")
    everything = place.client.post("/data", data={"key": key, "act": "json"}).json()
    assert everything["person"]["address"] == ADA
    assert everything["consent_record"]["verifies"] is True
    assert [one["kind"] for one in everything["consent_record"]["entries"]] == ["requested", "confirmed"]
    assert len(everything["mails"]) == 3
    assert "Ada" in place.client.post("/data", data={"key": key, "act": "name", "name": "Ada L."}).text
    assert place.client.post("/data", data={"key": key, "act": "pdf"}).content.startswith(b"%PDF")
    place.turn(minutes=31)
    assert place.client.post("/data", data={"key": key, "act": "json"}).status_code == 404
    assert place.client.get("/data").headers["location"] == "/link/"


def test_moving_asks_the_new_address_and_tells_the_old(place: Town):
    """Nothing changes before the new one has pressed; what waits to be sent goes there."""
    place.reader(ADA)
    _, page = own_data(place)
    asked = place.client.post(
        "/data", data={"key": hidden(page, "key"), "act": "address", "address": "ada@new.example"}
    )
    assert "on its way" in asked.text
    (mail,) = place.deliver()
    assert mail["To"] == "ada@new.example"
    assert ADA not in body_of(mail)
    place.client.get(link_in(mail, "m"))
    assert place.state(ADA) == "active"
    assert "ada@new.example" in place.client.post(link_in(mail, "m"), data={"act": "move"}).text
    assert place.state("ada@new.example") == "active"
    (told,) = place.deliver()
    assert (told["To"], "ada@new.example" in body_of(told)) == (ADA, False)
    place.issue("weekly")
    (issue,) = place.deliver()
    assert issue["To"] == "ada@new.example"
    assert place.kinds("ada@new.example")[-1] == "readdressed"


def test_two_readers_do_not_become_one_by_a_click(place: Town):
    """A known new address is refused, to its owner alone."""
    place.reader(ADA)
    place.reader("eva@example.org")
    _, page = own_data(place)
    place.client.post("/data", data={"key": hidden(page, "key"), "act": "address", "address": "eva@example.org"})
    (mail,) = place.deliver()
    assert place.client.post(link_in(mail, "m"), data={"act": "move"}).status_code == 409
    assert (place.state(ADA), place.state("eva@example.org")) == ("active", "active")


def test_objecting_ends_everything_and_keeps_the_address_out(place: Town):
    """GDPR 21."""
    place.reader(ADA)
    _, page = own_data(place)
    answer = place.client.post("/data", data={"key": hidden(page, "key"), "act": "object"}).text
    assert "We will not write to you any more." in answer
    assert (place.state(ADA), place.person(ADA).suppressed) == ("ended", "request")
    assert place.kinds(ADA)[-2:] == ["unsubscribed", "objected"]
    place.issue("weekly")
    assert place.deliver() == []


def test_the_erased_are_nowhere_and_no_import_brings_them_back(place: Town, tmp_path: Path):
    """GDPR 17: no table holds address or name; a keyed hash knows the address again; the chain still verifies."""
    from subscribers.models import ConsentBasis
    from subscribers.roster import import_readers

    place.reader(ADA)
    place.issue("weekly")
    place.deliver()
    _, page = own_data(place)
    key = hidden(page, "key")
    place.client.post("/data", data={"key": key, "act": "name", "name": "Countess Lovelace"})
    place.join(ADA)  # a wish that waits
    assert "Please tick that you are sure" in place.client.post("/data", data={"key": key, "act": "erase"}).text
    assert place.state(ADA) == "active"
    assert "You are forgotten" in place.client.post("/data", data={"key": key, "act": "erase", "sure": "yes"}).text
    place.deliver()
    everything = repr(dump(place.database)).lower()
    assert "lovelace" not in everything
    assert "countess" not in everything
    assert place.client.post("/data", data={"key": key, "act": "json"}).status_code == 404
    with place.database.read() as session:
        from subscribers import evidence

        person = session.scalars(select(Subscriber)).one()
        assert evidence.verify_chain(session, person.id)
        assert session.scalars(select(MailedLink)).all() == session.scalars(select(Wish)).all() == []
        assert is_suppressed(session, ADA.lower(), keyring=place.here.settings.keyring)
        assert session.scalars(select(Suppression.address_key)).all() == [None]
        assert {row.recipient_key.partition(":")[0] for row in session.scalars(select(Delivery))} == {"forgotten"}
        assert {notice.text for notice in session.scalars(select(Notice))} == {""}
    roster = tmp_path / "old.csv"
    roster.write_text(f"email\n{ADA}\n")
    counts = import_readers(
        place.database, roster, publication_id=place.publications["weekly"], basis=ConsentBasis.DOUBLE_OPT_IN,
        evidence="old forms", by="tests", now=lambda: place.now, keyring=place.here.settings.keyring,
    )  # fmt: skip
    assert (counts.taken, counts.refused) == (0, 1)
    place.turn(hours=1)
    place.reader(ADA)  # only the reader can come back
    assert place.state(ADA) == "active"


def test_a_lost_link_is_mailed_to_those_we_know_and_the_page_says_the_same(place: Town):
    """No difference to be seen, none in what the request writes."""
    place.reader(ADA)
    known = place.client.post("/link/", data={"address": ADA})
    unknown = place.client.post("/link/", data={"address": "nobody@example.org"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    (mail,) = place.deliver()
    assert mail["Subject"] == "Your link to your newsletters"
    assert place.client.get(link_in(mail, "p")).status_code == 200
    assert place.client.post("/link/", data={"address": "no address"}).status_code == 422
