"""A newsletter's settings at the desk: every entry saved and seen, what is wrong said at its field, nothing lost."""

from __future__ import annotations

import html
import io
import re
from dataclasses import fields
from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image, PngImagePlugin

from newsletter import publications
from newsletter.issues import assets, drafts, signoff
from newsletter.kit.audit import AuditEntry
from newsletter.kit.catalogue import languages
from newsletter.kit.database import Database
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.publications import Access, Profile
from newsletter.rendering.edition import Medium
from newsletter.rendering.theme import Imprint, Theme
from newsletter.team.roles import Role
from newsletter.web.desk.settings_pages import PAGES
from newsletter.worker import Installation
from subscribers import wishes
from subscribers.models import Wish
from tests.issues.test_signoff import GOOD
from tests.web.desk import client_as, desk_installation, stranger

START = "/desk/p/notes/settings"
NOT_ON_A_PAGE = {
    "label": "stands in links that have been sent",
    "list_domain": "readers' filters know the newsletter by it; it follows from the address",
    "theme.logo": "a file, with a form of its own on the page of the look",
    "house_style.severities": "names of rules, for whoever writes a publication file",
}
EVERYTHING = {
    "": {
        "name": "Harbour & <Notes>", "publisher": "The Quay", "language": "de", "time_zone": "Asia/Tokyo",
        "from_name": "Quay Notes", "from_address": "post@quay.example", "reply_to": "answers@quay.example",
        "team_address": "team@quay.example", "access": "invited",
    },
    "sign-up": {
        "sign_up.en": "{publisher} may send me {newsletter}.", "sign_up.de": "{publisher} darf mir {newsletter} senden.",
        "refuse_disposable": "yes",
    },
    "look": {
        "theme.accent": "#123456", "theme.highlight": "#aa3300", "theme.ink": "#101010", "theme.muted": "#505050",
        "theme.tint": "#eeeeff", "theme.rule": "#c0c0c0", "theme.paper": "#fffff0", "theme.serif": "Noto Sans",
        "theme.sans": "Noto Serif",
    },
    "style": {
        "house_style.preferred": "IRIS\r\nGridWatch", "house_style.acronyms": "NEA = National Energy Administration",
        "house_style.part_labels": "In short", "house_style.source_labels": "Paper", "house_style.bodies_labels": "By",
        "house_style.date_labels": "On", "house_style.contents_titles": "Inside", "house_style.people_titles": "Team",
        "house_style.publisher_titles": "House",
    },
    "imprint": {
        "imprint.name": "Quay Institute", "imprint.lines": "Pier 4\r\n\r\n 20457 Hamburg ",
        "imprint.email": "office@quay.example", "imprint.website": "https://quay.example",
    },
    "sending": {
        "approvals": "2", "deputies": "dee@quay.example", "hold_minutes": "25", "send_windows": "Mon-Fri 07:00-19:00",
        "routes": "relay", "mail_format": "teaser", "subject": "{title} of {date}", "preheader": "This week",
        "test_groups": "Board: ada@quay.example, jo@quay.example", "attach_pdf": "", "confirm_number": "",
    },
}  # fmt: skip
WANTED = Profile(
    name="Harbour & <Notes>", label="notes", publisher="The Quay", language="de", time_zone="Asia/Tokyo",
    from_name="Quay Notes", from_address="post@quay.example", reply_to="answers@quay.example",
    team_address="team@quay.example", list_domain="institute.example", access=Access.INVITED, refuse_disposable=True,
    sign_up={"en": "{publisher} may send me {newsletter}.", "de": "{publisher} darf mir {newsletter} senden."},
    theme=Theme(
        accent="#123456", highlight="#aa3300", ink="#101010", muted="#505050", tint="#eeeeff", rule="#c0c0c0",
        paper="#fffff0", serif="Noto Sans", sans="Noto Serif",
    ),
    house_style=HouseStyle(
        preferred=("IRIS", "GridWatch"), acronyms={"NEA": "National Energy Administration"}, part_labels=("In short",),
        source_labels=("Paper",), bodies_labels=("By",), date_labels=("On",), contents_titles=("Inside",),
        people_titles=("Team",), publisher_titles=("House",),
    ),
    imprint=Imprint("Quay Institute", ("Pier 4", "20457 Hamburg"), "office@quay.example", "https://quay.example"),
    approvals=2, deputies=("dee@quay.example",), hold_minutes=25, send_windows=("Mon-Fri 07:00-19:00",),
    routes=("relay",), mail_format="teaser", subject="{title} of {date}", preheader="This week",
    test_groups={"Board": ("ada@quay.example", "jo@quay.example")}, attach_pdf=False, confirm_number=False,
)  # fmt: skip


@pytest.fixture
def here(database: Database, now: datetime) -> Installation:
    """A desk with one newsletter."""
    made = desk_installation(database, now)
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publications.add(session, profile, now=now, by="tests")
    return made


def profile_of(here: Installation, label: str = "notes") -> Profile:
    """The profile as it is stored."""
    with here.database.read() as session:
        return publications.by_label(session, label).profile


def form_on(page: Response) -> dict[str, str]:
    """What a browser would post of the page's form without a key pressed."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page.text))
    found |= {
        name: text.lstrip("\n") for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)<', page.text)
    }
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    for tick in re.findall(r'<input[^>]*type="checkbox"[^>]*>', page.text):
        if "checked" not in tick:
            found.pop(re.search(r'name="([^"]+)"', tick).group(1), None)  # type: ignore[union-attr]
    return {name: html.unescape(value) for name, value in found.items()}


def saved(client: TestClient, page: str, typed: dict[str, str] | None = None) -> Response:
    """Open a page of the settings, type over some of its fields and press the button."""
    path = f"{START}/{page}" if page else START
    return client.post(path, data=form_on(client.get(path)) | (typed or {}))


def sentence_at(page: Response, entry: str) -> str:
    """The sentence that stands at a field."""
    found = re.search(rf'id="wrong-{re.escape(entry)}">([^<]*)<', page.text)
    return html.unescape(found.group(1)) if found else ""


def test_every_entry_of_a_newsletter_stands_on_a_page():
    """Whoever adds an entry to the profile puts it on a page, or says here why not."""
    there_are: set[str] = set()
    for entry in fields(Profile):
        section = {"theme": Theme, "imprint": Imprint, "house_style": HouseStyle}.get(entry.name)
        inner = [one.name for one in fields(section)] if section else {"sign_up": languages()}.get(entry.name, ())
        there_are |= {f"{entry.name}.{name}" for name in inner} or {entry.name}
    shown = [field.entry for page in PAGES.values() for field in page.fields]
    assert len(shown) == len(set(shown))
    assert there_are - set(shown) == set(NOT_ON_A_PAGE)


def test_every_entry_is_saved_and_seen_in_what_readers_get(here: Installation):
    """Five forms give the whole profile; a new address keeps the List-Id; the editions wear it at once."""
    root = client_as(here, Role.ADMINISTRATOR)
    for name, typed in EVERYTHING.items():
        answer = saved(root, name, typed)
        assert (answer.status_code, answer.headers.get("location")) == (303, f"{START}/{name}".rstrip("/")), name
    assert profile_of(here) == WANTED
    assert profile_of(here).list_id == "notes.institute.example"
    mail = root.get("/desk/p/notes/look-sample/html").text
    for word in ("#123456", "Harbour &amp; &lt;Notes&gt;", "Pier 4", "Abbestellen"):
        assert word in mail, word
    text = root.get("/desk/p/notes/look-sample/text").text
    assert "20457 Hamburg" in text
    with here.database.read() as session:
        trail = [entry for entry in session.query(AuditEntry) if entry.deed == "publication.change"]
    assert len(trail) == len(EVERYTHING)
    assert {"changed": ["theme"]} in [entry.details for entry in trail]


def test_a_page_saved_as_it_was_opened_changes_nothing(here: Installation):
    """Each field shows its entry in a form that reads back as the same."""
    root = client_as(here, Role.ADMINISTRATOR)
    for name, typed in EVERYTHING.items():
        saved(root, name, typed)
    for name in EVERYTHING:
        assert saved(root, name).status_code == 303
    assert "Everything is as it was." in root.get(START).text
    assert profile_of(here) == WANTED


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_cannot_be_used_is_said_at_its_field_and_stays_there(here: Installation, language: str):
    """The form comes back as it was left, in the person's language, and nothing is stored."""
    root = client_as(here, Role.ADMINISTRATOR, address=f"{language}@desk.example", language=language)
    before = profile_of(here)
    bad: list[tuple[str, str, str, str, str]] = [
        ("", "name", " ", "empty", "leer"),
        ("", "name", "x" * 201, "200", "200"),
        ("", "name", "x\x85y", "line break", "Zeilenumbruch"),
        ("", "language", "xx", "Choose", "Wählen"),
        ("", "time_zone", "Mars/Base", "Europe/Berlin", "Europe/Berlin"),
        ("", "from_address", "nobody", "address", "Adresse"),
        ("", "reply_to", "a@b@c", "address", "Adresse"),
        ("look", "theme.accent", "red", "#rrggbb", "#rrggbb"),
        ("style", "house_style.acronyms", "NEA", "NAME =", "NAME ="),
        ("sending", "hold_minutes", "soon", "number", "Zahl"),
        ("sending", "hold_minutes", "99999", "440 ", "440 "),
        ("sending", "send_windows", "Noday 1-2", "07:00-19:00", "07:00-19:00"),
        ("sending", "deputies", "x", "address", "Adresse"),
        ("sending", "test_groups", "Board: x", "address", "Adresse"),
        ("sign-up", "sign_up.en", "Send me mail.", "{newsletter}", "{newsletter}"),
        ("sign-up", "sign_up.de", "{newsletter} {person}", "Only", "Nur"),
        ("imprint", "imprint.email", "office", "address", "Adresse"),
        ("imprint", "imprint.website", "javascript:alert(1)", "https://", "https://"),
    ]
    for name, entry, typed, english, german in bad:
        answer = saved(root, name, {entry: typed})
        assert answer.status_code == 422, (entry, typed)
        assert (english if language == "en" else german) in sentence_at(answer, entry), (entry, typed)
        assert form_on(answer)[entry] == ("" if entry == "language" else typed), entry  # a list has no such choice
        assert 'aria-invalid="true"' in answer.text
    assert profile_of(here) == before


def test_two_people_at_one_page_overwrite_nothing(here: Installation):
    """Whoever is second keeps what they typed, sees what is stored, and may save again to keep theirs."""
    root = client_as(here, Role.ADMINISTRATOR)
    opened = form_on(root.get(START))
    assert saved(root, "", {"publisher": "The Quay"}).status_code == 303
    assert saved(root, "imprint", {"imprint.name": "Another page is no quarrel"}).status_code == 303
    answer = root.post(START, data=opened | {"publisher": "The Pier"})
    assert answer.status_code == 422
    assert "The Quay" in sentence_at(answer, "publisher")
    assert form_on(answer)["publisher"] == "The Pier"
    assert profile_of(here).publisher == "The Quay"
    assert root.post(START, data=form_on(answer)).status_code == 303
    assert profile_of(here).publisher == "The Pier"


def test_a_look_is_judged_and_shown_before_it_is_saved(here: Installation):
    """Contrasts and samples follow the colours chosen; a faint one says what the editions take instead."""
    root = client_as(here, Role.ADMINISTRATOR)
    page = root.get(f"{START}/look", params={"theme.accent": "#ffee00", "theme.paper": "#ffffff"}).text
    assert "too faint" in page
    sample = html.unescape(re.search(r'<iframe src="([^"]+)"', page).group(1))  # type: ignore[union-attr]
    assert "accent=%23ffee00" in sample
    shown = root.get(sample)
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "#ffee00" in shown.text
    assert profile_of(here).theme.accent == Theme().accent
    assert root.get("/desk/p/notes/look-sample/html", params={"accent": 'red"><script>'}).status_code == 422
    assert "rrggbb" in root.get(f"{START}/look", params={"theme.accent": '"><script>alert(1)'}).text


def test_what_one_agrees_to_is_kept_as_it_was_shown_with_its_version(here: Installation):
    """A sentence of one's own stands on the form and in the wish; another sentence is another version."""
    root = client_as(here, Role.ADMINISTRATOR)
    reader = stranger(here)
    sentences = ["{publisher} may send me {newsletter}.", "Yes to {newsletter}!", "Yes to {newsletter}!", ""]
    for sentence in sentences:
        saved(root, "sign-up", {"sign_up.en": sentence})
        shown = (
            "Yes to Notes!" if sentence.startswith("Yes") else "Notes may send me Notes." if sentence else "by email"
        )
        assert shown in reader.get("/join/notes?lang=en").text
        said = reader.get("/api/join/notes", params={"language": "en"}).json()
        assert shown in said["wording"]
        with here.database.write() as session:
            publication = publications.by_label(session, "notes")
            wishes.invite(session, publication, "ada@reader.example", by="tests", now=here.clock(), language="en")
            wish = session.query(Wish).order_by(Wish.id.desc()).first()
            assert (wish.wording, wish.wording_version) == (said["wording"], said["version"])
            assert len(wish.wording_version) <= 40
    with here.database.read() as session:
        versions = [wish.wording_version for wish in session.query(Wish).order_by(Wish.id)]
    assert versions[1] == versions[2]
    assert len(set(versions)) == 3
    assert versions[3] == "1 en"


def picture(size: tuple[int, int] = (1200, 300)) -> bytes:
    """A logo as PNG, with words behind the picture that nobody is to see."""
    out = io.BytesIO()
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "SECRET")
    Image.new("RGBA", size, (200, 30, 30, 128)).save(out, "PNG", pnginfo=note)
    return out.getvalue()


def test_a_logo_stands_on_every_edition_and_in_the_mail_and_signed_issues_keep_theirs(here: Installation):
    """Encoded anew, in the name's place with the name for who does not see it; another logo changes nothing signed."""
    root = client_as(here, Role.ADMINISTRATOR)

    def hand_in(data: bytes, name: str = "logo.png") -> Response:
        return root.post(f"{START}/look/logo", files={"logo": (name, data)})

    assert hand_in(picture()).headers["location"] == f"{START}/look"
    source = profile_of(here).theme.logo
    with here.database.write() as session:
        publication = publications.by_label(session, "notes")
        stored = assets.picture(session, source)
        issue = drafts.begin(session, publication, GOOD, remarks=(), pictures={}, by="ada", now=here.clock())
        proofs = signoff.proofs_of(session, issue)
    assert stored is not None
    assert (stored.width, stored.height) == (960, 240)
    assert b"SECRET" not in stored.data
    assert "data:image/png" in root.get(f"{START}/look").text
    for medium in ("html", "web"):
        assert re.search(r'<img class="logo"[^>]* alt="[^"]+" width="224" height="56"', root.get(
            f"/desk/p/notes/look-sample/{medium}").text)  # fmt: skip
    editions = proofs.render()
    assert f"cid:{stored.sha256}" in editions[Medium.HTML].data.decode()
    assert b"/Image" in editions[Medium.PDF].data
    with here.database.write() as session:
        issue = session.merge(issue)
        signoff.approve(
            session, issue, proofs, editions, keyring=here.settings.keyring, by="bob@desk.example", now=here.clock()
        )
    assert hand_in(picture((100, 100))).status_code == 303
    with here.database.read() as session:
        signed = signoff.approved_editions(session, session.merge(issue), keyring=here.settings.keyring)
    assert {one.sha256 for one in signed.pictures.values()} == {stored.sha256}
    assert root.post(f"{START}/look/logo/remove").status_code == 303
    assert profile_of(here).theme.logo == ""
    assert "data:image/png" not in root.get(f"{START}/look").text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), ("x.png", b"<html>"),
        ("x.png", picture()[:200]), ("../../x.png", b""), ("x.png", b"\x89PNG" + b"\0" * 5_000_100),
    ],
)  # fmt: skip
def test_what_is_no_picture_becomes_no_logo(here: Installation, name: str, data: bytes):
    """A drawing with a script in it, a page, a torn file, nothing at all, too much."""
    root = client_as(here, Role.ADMINISTRATOR)
    answer = root.post(f"{START}/look/logo", files={"logo": (name, data)})
    assert answer.status_code in {303, 413}
    assert profile_of(here).theme.logo == ""
    if answer.status_code == 303:
        assert 'class="flash notice wrong"' in root.get(f"{START}/look").text


NEW = {
    "name": "Häfen & Energie", "from_address": "post@quay.example", "language": "de", "time_zone": "Europe/Berlin",
    "accent": "#0b3c5d", "highlight": "#b3401a",
}  # fmt: skip


def test_the_first_newsletter_needs_a_name_and_an_address(database: Database, now: datetime):
    """An empty desk shows the form at once; everything else has a default, the short name is made of the name."""
    here = desk_installation(database, now)
    root = client_as(here, Role.ADMINISTRATOR)
    assert 'action="/desk/new-newsletter"' in root.get("/desk/").text
    answer = root.post("/desk/new-newsletter", data=NEW)
    assert answer.headers["location"] == "/desk/p/haefen-energie/"
    assert "Häfen &amp; Energie" in root.get("/desk/p/haefen-energie/").text
    assert profile_of(here, "haefen-energie").list_id == "haefen-energie.quay.example"
    assert root.post("/desk/new-newsletter", data=NEW | {"name": "港"}).headers["location"] == "/desk/p/newsletter/"


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        ({"name": ""}, "name"), ({"from_address": ""}, "from_address"), ({"from_address": "x"}, "from_address"),
        ({"label": "Not A Label"}, "label"), ({"label": "notes"}, "label"), ({"time_zone": "x"}, "time_zone"),
        ({"accent": "red"}, "accent"), ({"language": "xx"}, "language"), ({"name": "a\x0bb"}, "name"),
    ],
)  # fmt: skip
def test_a_newsletter_that_cannot_be_is_not_added(here: Installation, typed: dict[str, str], entry: str):
    """The sentence stands at its field, what was typed stays."""
    root = client_as(here, Role.ADMINISTRATOR)
    answer = root.post("/desk/new-newsletter", data=NEW | typed)
    assert answer.status_code == 422
    assert sentence_at(answer, entry), entry
    assert form_on(answer)["name"] == (NEW | typed)["name"]
    with here.database.read() as session:
        assert [each.label for each in publications.every(session)] == ["notes"]
