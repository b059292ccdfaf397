"""Signing up: what the form takes, asks back, refuses and hides; the API is held to the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from newsletter.app import create_app
from newsletter.kit.catalogue import languages
from newsletter.publications import Access
from subscribers import limits, wishes, wording
from subscribers.limits import Limit
from subscribers.mail_domains import MailDomains
from subscribers.models import Subscriber, Wish
from tests.subscribers.readers import dump
from tests.town import PUBLIC_URL, Town, body_of, hidden, link_in, town


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on each database."""
    with town(database_url, tmp_path) as made:
        yield made


def asked(place: Town) -> int:
    """How many wishes wait or were answered."""
    with place.database.read() as session:
        return session.scalar(select(func.count()).select_from(Wish)) or 0


def from_network(place: Town, host: str) -> TestClient:
    """A browser somewhere."""
    app = create_app(place.here, domains=MailDomains(None))
    return TestClient(app, base_url=PUBLIC_URL, follow_redirects=False, client=(host, 4711))


def test_the_page_for_all_needs_a_tick(place: Town):
    """And signs up for what was ticked, in one mail, with the very sentence that stood there as evidence."""
    place.publish("daily")
    place.publish("circle", access=Access.INVITED)
    page = place.client.get("/join/").text
    assert "Daily" in page
    assert "Circle" not in page
    stamp = hidden(page, "stamp")
    place.turn(seconds=5)
    assert (
        "Please tick a newsletter."
        in place.client.post("/join/", data={"address": "ada@example.org", "stamp": stamp}).text
    )
    take = [str(place.publications[label]) for label in ("daily", "weekly", "circle")]
    assert (
        place.client.post("/join/", data={"address": "ada@example.org", "stamp": stamp, "take": take}).status_code
        == 200
    )
    (mail,) = place.deliver()
    assert mail["Subject"] == "Please confirm: Daily and Weekly"
    place.client.post(link_in(mail), data={"act": "confirm"})
    assert (place.state("ada@example.org", "daily"), place.state("ada@example.org", "circle")) == ("active", "")
    with place.database.read() as session:
        shown = session.scalars(select(Wish.wording)).one()
    assert shown in page


@pytest.mark.parametrize("label", ["circle", "members", "nothing", "x" * 300, "%00"])
def test_what_is_not_open_cannot_be_joined(place: Town, label: str):
    """Closed newsletters and unknown ones look the same."""
    place.publish("circle", access=Access.INVITED)
    place.publish("members", access=Access.MEMBERS)
    assert place.client.get(f"/join/{label}").status_code == 404
    assert place.client.post(f"/join/{label}", data={"address": "ada@example.org"}).status_code == 404
    assert (
        place.client.post("/api/join", json={"address": "ada@example.org", "publications": [label[:40]]}).status_code
        == 404
    )
    assert asked(place) == 0


def test_a_form_on_another_site_works_without_script(place: Town):
    """The lines to copy, posted from elsewhere, with that site's Origin."""
    lines = place.client.get("/join/weekly/form").text
    assert "&lt;form method=&#34;post&#34; action=&#34;https://news.example.org/join/weekly&#34;&gt;" in lines
    assert "script" not in lines.replace("no script", "")
    answer = place.client.post("/join/weekly", data={"address": "ada@example.org", "website": "", "lang": "de"},
                               headers={"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"})  # fmt: skip
    assert "Bitte schauen Sie in Ihr Postfach" in answer.text
    with place.database.read() as session:
        assert session.scalars(select(Wish)).one().form == "embedded"
    (mail,) = place.deliver()
    assert mail["Subject"] == "Bitte bestätigen: Weekly"


def test_programs_that_fill_everything_in_get_thanks_and_nothing_else(place: Town):
    """A field that people do not see; the answer is the same to the byte."""
    good = place.join("ada@example.org").text
    assert place.join("ada@example.org", website="https://spam.example").text == good
    assert asked(place) == 1


def test_a_form_sent_back_in_no_time_is_shown_again(place: Town):
    """With what was typed, and a button that then works; so is one left open overnight, or with a made-up stamp."""
    page = place.client.get("/join/weekly").text
    data = {"address": "ada@example.org", "stamp": hidden(page, "stamp")}
    again = place.client.post("/join/weekly", data=data)
    assert again.status_code == 422
    assert 'value="ada@example.org"' in again.text
    place.turn(seconds=3)
    assert place.client.post("/join/weekly", data={**data, "stamp": hidden(again.text, "stamp")}).status_code == 200
    place.turn(days=2)
    for stamp in (hidden(page, "stamp"), "made-up", "A" * 36, ""):
        assert place.client.post("/join/weekly", data={**data, "stamp": stamp}).status_code == 422
    assert asked(place) == 1


def test_a_slip_is_asked_about_and_either_answer_counts(place: Town):
    """Both addresses are buttons; nothing is written before one is pressed."""
    question = place.join("ada@gmial.com")
    assert question.status_code == 422
    assert 'name="pick" value="ada@gmail.com"' in question.text
    assert asked(place) == 0
    place.join("ada@gmial.com", pick="ada@gmial.com")
    place.join("ada@gmial.com", pick="ada@gmail.com")
    with place.database.read() as session:
        assert set(session.scalars(select(Wish.address))) == {"ada@gmial.com", "ada@gmail.com"}


def test_throw_away_addresses_are_refused_where_the_newsletter_says_so(place: Town):
    """A setting of each; the API obeys it, too."""
    place.publish("wary", refuse_disposable=True)
    assert place.join("ada@mailinator.com", "weekly").status_code == 200
    assert "made to be thrown away" in place.join("ada@mailinator.com", "wary").text
    assert (
        place.client.post("/api/join", json={"address": "ada@mailinator.com", "publications": ["wary"]}).status_code
        == 422
    )
    assert asked(place) == 1


@pytest.mark.parametrize("typed", [
    "", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@slot.invalid", "ada@-example.org",
    "ada@example.org\r\nBcc: all@example.org", "ada\u202e@example.org", "x" * 400 + "@example.org",
])  # fmt: skip
def test_what_is_no_address_is_said_at_the_field(place: Town, typed: str):
    """422 and the form with what was typed; nothing is written."""
    answer = place.join(typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert place.client.post("/api/join", json={"address": typed[:254], "publications": ["weekly"]}).status_code == 422
    assert asked(place) == 0


@pytest.mark.parametrize("path", ["/join/daily", "/join/", "/link/"])
def test_half_a_character_is_no_form(place: Town, path: str):
    """A part of a form may name an encoding in which half of a surrogate pair can be written; no database takes it."""
    place.publish("daily")
    part = b'--x\r\nContent-Disposition: form-data; name="address"\r\n\r\nad\\ud800@example.org\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x; charset=raw_unicode_escape"
    assert place.client.post(path, content=part, headers={"content-type": kind}).status_code == 400
    assert asked(place) == 0


def test_two_spellings_of_a_domain_are_one_person(place: Town):
    """jürgen@exämple.de and its A-label; the second sign-up is told of the first."""
    place.reader("jurgen@exämple.de")
    place.join("Jurgen@XN--EXMPLE-CUA.de")
    (mail,) = place.deliver()
    assert mail["Subject"] == "You are a reader already: Weekly"
    with place.database.read() as session:
        assert session.scalars(select(Subscriber.address_key)).all() == ["jurgen@xn--exmple-cua.de"]


@pytest.mark.parametrize("label", ["weekly", "we%00ekly", "%00"])
def test_no_text_with_a_nul_comes_in(place: Town, label: str):
    """By path, question, form of either kind, or JSON: PostgreSQL stores none, so nothing of ours takes any."""
    assert place.client.get(f"/join/{label}?lang=%00").status_code in {200, 404}
    assert place.client.get(f"/search?q=%00&in={label}").status_code == 200
    typed = {"address": "ada@example.org", "name\0": "x", "lang": "en\0"}
    for form in ({"data": typed}, {"data": typed, "files": {"file": b""}}):
        assert place.client.post("/link/", **form).status_code == 400
    wish = {"address": "ada@example.org", "publications": ["weekly"], "name": "A\0da"}
    assert place.client.post("/api/join", json=wish).status_code == 422
    assert asked(place) == 0
    assert place.client.post("/api/join", json={**wish, "name": "A\\u0000da"}).status_code == 202


def test_nobody_can_flood_a_mailbox(place: Town):
    """Three mails an hour to one address, however it is spelled and from wherever; the page never says so."""
    for number in range(6):
        client = from_network(place, f"203.0.113.{number}")
        spelling = "ada@example.org" if number % 2 else "ADA@Example.ORG"
        assert client.post("/join/weekly", data={"address": spelling}).status_code == 200
    assert len(place.deliver()) == 3
    place.client.post("/link/", data={"address": "ada@example.org"})
    assert place.deliver() == []
    place.turn(hours=1)
    place.join("ada@example.org")
    assert len(place.deliver()) == 1


def test_one_network_cannot_sign_the_world_up(place: Town, monkeypatch: pytest.MonkeyPatch):
    """The form, the embedded form, the API and lost links share one count; others go on; so does the network later."""
    monkeypatch.setattr(limits, "NETWORK", (Limit("network/hour", 6, timedelta(hours=1)),))
    attacker, neighbour = from_network(place, "203.0.113.9"), from_network(place, "203.0.113.10")
    assert attacker.post("/join/weekly", data={"address": "a1@example.org"}).status_code == 200
    assert attacker.post("/api/join", json={"address": "a2@example.org", "publications": ["weekly"]}).status_code == 202
    assert attacker.post("/link/", data={"address": "a3@example.org"}).status_code == 200
    refused = attacker.post("/join/weekly", data={"address": "a4@example.org"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    by_program = attacker.post("/api/join", json={"address": "a5@example.org", "publications": ["weekly"]})
    assert (by_program.status_code, by_program.headers["retry-after"]) == (429, "3600")
    assert neighbour.post("/join/weekly", data={"address": "b1@example.org"}).status_code == 200
    place.turn(hours=1)
    assert attacker.post("/join/weekly", data={"address": "a6@example.org"}).status_code == 200
    with place.database.read() as session:
        addresses = set(session.scalars(select(Wish.address)))
    assert addresses == {f"{name}@example.org" for name in ("a1", "a2", "a3", "b1", "a6")}


def test_many_networks_together_have_a_limit(place: Town, monkeypatch: pytest.MonkeyPatch):
    """Against list bombs from everywhere at once."""
    monkeypatch.setattr(limits, "EVERYBODY", (Limit("all/hour", 4, timedelta(hours=1)),))
    codes = [
        from_network(place, f"198.51.100.{n}").post("/join/weekly", data={"address": f"r{n}@example.org"}).status_code
        for n in range(6)
    ]
    assert codes == [200] * 4 + [429] * 2


def test_the_api_signs_up_and_says_what_is_agreed_to(place: Town):
    """202 whoever it is; unknown entries, a huge body and a wrong language are named."""
    said = place.client.get("/api/join/weekly").json()
    assert said["version"] == "1 en"
    data = {"address": "ada@example.org", "publications": ["weekly"], "name": "Ada", "language": "de"}
    assert place.client.post("/api/join", json=data).status_code == 202
    for wrong in (
        {**data, "admin": True},
        {**data, "publications": []},
        {**data, "language": "xx"},
        {"address": 7},
        [],
    ):
        answer = place.client.post("/api/join", json=wrong)
        assert (answer.status_code, "message" in answer.json()["error"]) == (422, True)
    assert place.client.post("/api/join", content=b"{" + b" " * 40_000).status_code == 413
    (mail,) = place.deliver()
    assert mail["Subject"] == "Bitte bestätigen: Weekly"
    with place.database.read() as session:
        wish = session.scalars(select(Wish)).one()
        assert (wish.form, wish.wording_version, wish.name) == ("api", "1 de", "Ada")


def test_an_invitation_asks_once_and_only_strangers(place: Town):
    """A closed newsletter opens for whom the team asks; who left, reads or wants no mail is not asked."""
    place.publish("circle", access=Access.INVITED)
    with place.database.write() as session:
        from newsletter import publications

        for address in ("ada@example.org", "gone@example.org"):
            wishes.invite(session, publications.by_label(session, "circle"), address, by="ann", now=place.now)
    mails = {mail["To"]: mail for mail in place.deliver()}
    assert set(mails) == {"ada@example.org", "gone@example.org"}
    assert mails["ada@example.org"]["Subject"] == "Invitation: Circle"
    assert "Would you like it?" in place.client.get(link_in(mails["ada@example.org"])).text
    for mail in mails.values():
        place.client.post(link_in(mail), data={"act": "confirm"})
    assert place.state("ada@example.org", "circle") == "active"
    with place.database.write() as session:
        person = session.scalars(select(Subscriber).where(Subscriber.address == "gone@example.org")).one()
        from subscribers import subscriptions

        subscriptions.unsubscribe(session, person.id, place.publications["circle"], now=place.now, reason="page")
        for address in ("ada@example.org", "gone@example.org"):
            wishes.invite(session, publications.by_label(session, "circle"), address, by="ann", now=place.now)
    assert place.deliver() == []


def test_somebody_elses_typing_brings_nobody_back(place: Town, tmp_path: Path):
    """Who left stays so while a sign-up waits; an import in between does not take the wish for a consent."""
    from subscribers.models import ConsentBasis
    from subscribers.roster import import_readers

    place.reader("ada@example.org")
    place.issue("weekly")
    (issue,) = place.deliver()
    place.client.post(link_in(issue, "u"), data={"act": "leave"})
    place.turn(hours=1)
    place.join("ada@example.org")
    _, confirmation = place.deliver()
    assert place.state("ada@example.org") == "ended"
    roster = tmp_path / "old.csv"
    roster.write_text("email\nada@example.org\n")
    import_readers(
        place.database, roster, publication_id=place.publications["weekly"], basis=ConsentBasis.DOUBLE_OPT_IN,
        evidence="old", by="tests", now=lambda: place.now, keyring=place.here.settings.keyring,
    )  # fmt: skip
    assert place.state("ada@example.org") == "ended"
    place.client.post(link_in(confirmation, "c"), data={"act": "confirm"})
    assert place.state("ada@example.org") == "active"


def test_a_new_confirmation_lifts_what_kept_the_address_out(place: Town):
    """Only the reader's own does; the chain says so."""
    place.here.database  # noqa: B018
    with place.database.write() as session:
        from subscribers.models import SuppressionReason
        from subscribers.suppression import suppress

        suppress(session, "ada@example.org", reason=SuppressionReason.COMPLAINT, now=place.now)
    place.reader("ada@example.org")
    assert place.person("ada@example.org").suppressed == ""
    place.issue("weekly")
    assert len(place.deliver()) == 1


def test_a_changed_sentence_needs_a_new_version():
    """Evidence names the version; so the sentence of a version never changes, in no language."""
    sentences = [f"{code} {wording.consent(code, 'P', 'N')} {wording.consent_to_ticked(code)}" for code in languages()]
    digest = hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16]
    assert (wording.VERSION, digest) == ("1", KNOWN_WORDING), "raise wording.VERSION and note the new digest"


KNOWN_WORDING = "2f61b71b8bcc1378"


def test_mails_about_subscriptions_are_short_and_say_who_sends_them(place: Town):
    """One link, no picture, no advertising, an imprint, both forms in one language."""
    place.publish("wochenblatt", language="de")
    place.join("eva@example.org", "wochenblatt")
    (mail,) = place.deliver()
    html = body_of(mail, "html")
    assert '<html lang="de"' in html
    assert "<img" not in html
    assert len(re.findall(r"<a ", html)) == 1
    assert all("Speicherstraße 14" in text for text in (html, body_of(mail)))
    assert max(map(len, body_of(mail).splitlines())) <= 100


def test_looking_at_any_page_of_signing_up_changes_nothing(place: Town):
    """GET and HEAD, with a prefetching browser's words."""
    place.join("ada@example.org")
    (mail,) = place.deliver()
    before = dump(place.database)
    for path in ("/join/", "/join/weekly", "/join/weekly/form", "/link/", "/api/join/weekly", link_in(mail), "/data"):
        for method in ("GET", "HEAD"):
            answer = place.client.request(
                method, path, headers={"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"}
            )
            assert answer.status_code in {200, 303, 405}, path
    assert dump(place.database) == before


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/join/nowhere", "für den man sich anmelden kann"),
        ("/n/nowhere/", "Unter dieser Adresse gibt es keinen Newsletter."),
        ("/n/weekly/9/", "Unter dieser Adresse gibt es keine Ausgabe."),
        ("/nowhere", "Unter dieser Adresse gibt es keine Seite."),
    ],
)
def test_a_problem_speaks_the_language_that_the_browser_asks_for(place: Town, path: str, said: str):
    """German for whoever prefers it, English for everybody else; the page says which it is."""
    german = place.client.get(path, headers={"Accept-Language": "de-AT,en;q=0.5"})
    assert (german.status_code, said in german.text, '<html lang="de"' in german.text) == (404, True, True)
    for others in ("fr", "", "en,de;q=0.9"):
        assert '<html lang="en"' in place.client.get(path, headers={"Accept-Language": others}).text
