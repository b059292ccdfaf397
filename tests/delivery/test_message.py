"""The message compiler: what a reader gets, read back by a parser that is not ours."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import Attachment, ListId, MessageSlots, MessageSource, compile_message
from newsletter.kit.errors import BadInput, RenderingError
from newsletter.manuscripts.pictures import Picture
from newsletter.rendering.slots import Slot

PICTURE = Picture(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "image/png", 590, 300)
HTML = f"""<!doctype html>
<html lang="en"><body style="width=100%"><h1>国务院 and the <b>steel</b> industry = news</h1>
<p>{"工业和信息化部 " * 40}</p><img src="cid:{PICTURE.sha256}" alt="x"><img src="cid:{PICTURE.sha256}" alt="again">
<p><a href="{Slot.WEB_URL}">Web</a> <a href="{Slot.WEB_URL}#article-3">Article 3</a> <a href='{Slot.PDF_URL}'>PDF</a></p>
<p><a href="{Slot.UNSUBSCRIBE_URL}">Leave</a>{Slot.PREFERENCES_URL}{Slot.PREFERENCES_URL}</p></body></html>
"""
TEXT = f"""工业和信息化部 publishes a plan. a=b

{"A long paragraph that nobody wrapped. " * 30}
.
..
From here on:   
Web: {Slot.WEB_URL}#article-3
Leave: <{Slot.UNSUBSCRIBE_URL}>
Choose: {Slot.PREFERENCES_URL}"""  # noqa: W291
LIST_ID = ListId("industry", "news.example.org", "Industry Weekly")
SOURCE = MessageSource(
    from_name="Institut für Industrie, Berlin",
    from_address="news@example.org",
    reply_to="desk@example.org",
    subject="国务院 im Wandel: the ten plans that will shape the coming five years of industry",
    text=TEXT,
    html=HTML,
    pictures={PICTURE.sha256: PICTURE, "0" * 64: PICTURE},
    attachments=(Attachment("Ausgabe 工业 2026-03-04 (endgültig).pdf", "application/pdf", b"%PDF-1.7" + bytes(3000)),),
    list_id=LIST_ID,
    list_help="https://news.example.org/help",
    list_owner="mailto:desk@example.org",
    list_archive="https://news.example.org/archive",
    bulk=True,
    feedback_id="12:industry:issue:desk",
    language="en",
)
SLOTS = MessageSlots(
    to_address="Ada@Bücher.example",
    to_name="Ada Löve, Countess",
    message_id="d.12.abc",
    date=datetime(2026, 3, 4, 9, tzinfo=UTC),
    one_click_url="https://news.example.org/u/" + "T" * 36,
    unsubscribe_url="https://news.example.org/u/leave?a=1&b=2",
    preferences_url="https://news.example.org/p/" + "=" * 3 + "x" * 240 + "=end",
    web_url="https://news.example.org/w/1?x=3D",
    pdf_url="https://news.example.org/f/1.pdf",
)
STRUCTURED = re.compile(
    rb"^(List-[A-Za-z-]+|Feedback-ID|Message-ID|References|DKIM-Signature|Date|Precedence|Auto-Submitted"
    rb"|MIME-Version|Content-[A-Za-z-]+):(?:[^\r\n]|\r\n[ \t])*=\?",
    re.MULTILINE | re.IGNORECASE,
)


def source(**changes: object) -> MessageSource:
    return dataclasses.replace(SOURCE, **changes)  # type: ignore[arg-type]


def filled(given_source: MessageSource = SOURCE, **changes: object) -> bytes:
    slots = dataclasses.replace(SLOTS, **changes)  # type: ignore[arg-type]
    return compile_message(given_source, message_id_domain="mail.example.org").fill(slots)


def parsed(octets: bytes) -> EmailMessage:
    message = message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    return message


def assert_can_travel(octets: bytes) -> None:
    """Everything STANDARDS §2 says about lines."""
    assert octets.isascii()
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    assert max(len(line) for line in octets.split(b"\r\n")) <= 998
    assert octets.endswith(b"\r\n")
    assert not octets.endswith(b"\r\n\r\n")
    assert STRUCTURED.search(octets) is None
    assert b"slot.invalid" not in octets.replace(b"=\r\n", b"")


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def with_urls(edition: str, *, escaped: bool) -> str:
    for slot, url in {
        Slot.WEB_URL: SLOTS.web_url,
        Slot.PDF_URL: SLOTS.pdf_url,
        Slot.UNSUBSCRIBE_URL: SLOTS.unsubscribe_url,
        Slot.PREFERENCES_URL: SLOTS.preferences_url,
    }.items():
        edition = edition.replace(slot, url.replace("&", "&amp;") if escaped else url)
    return edition.rstrip("\n") + "\n"


def test_a_reader_gets_the_editions_with_their_own_links():
    """Both bodies come back exactly, each slot filled and escaped for its place."""
    message = parsed(filled())
    page = with_urls(HTML, escaped=True).replace(f"cid:{PICTURE.sha256}", f"cid:{PICTURE.sha256[:32]}@mail.example.org")
    assert content(message, "html") == page
    assert content(message, "plain") == with_urls(TEXT, escaped=False)
    assert_can_travel(filled())


def test_the_links_are_what_a_browser_reads():
    """After HTML's own unescaping, with the fragment behind."""

    class Links(HTMLParser):
        found: list[str | None] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "a":
                self.found.append(dict(attrs)["href"])

    links = Links()
    links.feed(content(parsed(filled()), "html"))
    assert links.found == [SLOTS.web_url, SLOTS.web_url + "#article-3", SLOTS.pdf_url, SLOTS.unsubscribe_url]


def test_no_slot_is_cut():
    """In the raw bytes each filled link stands whole on a line of its own, as does every body line within 76."""
    body = filled().partition(b"\r\n\r\n")[2]
    assert b"\r\nhttps://news.example.org/u/leave?a=3D1&amp;b=3D2=\r\n" in body
    assert b"\r\nhttps://news.example.org/u/leave?a=3D1&b=3D2=\r\n" in body
    assert b"\r\nhttps://news.example.org/w/1?x=3D3D=\r\n" in body
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))


def test_the_tree_is_mixed_alternative_related():
    """Text before HTML, the pictures beside the page, the PDF outside."""
    message = parsed(filled())
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    related = next(part for part in message.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == f"<{PICTURE.sha256[:32]}@mail.example.org>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PICTURE.data
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "Ausgabe 工业 2026-03-04 (endgültig).pdf"
    assert attachment.get_content() == SOURCE.attachments[0].data


@pytest.mark.parametrize(
    ("changes", "tree"),
    [
        ({"html": None, "attachments": ()}, ["text/plain"]),
        ({"html": "<p>x</p>", "attachments": ()}, ["multipart/alternative", "text/plain", "text/html"]),
        ({"html": None}, ["multipart/mixed", "text/plain", "application/pdf"]),
        (
            {"attachments": ()},
            ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"],
        ),
    ],
)
def test_a_message_has_no_more_parts_than_it_needs(changes: dict[str, object], tree: list[str]):
    """Text alone is a plain message."""
    octets = filled(source(**changes))
    assert [part.get_content_type() for part in parsed(octets).walk()] == tree
    assert_can_travel(octets)


def test_every_header_stands_once_and_says_the_right_thing():
    """STANDARDS §2, line by line."""
    message = parsed(filled())
    assert len(message.keys()) == len({name.lower() for name in message.keys()})  # noqa: SIM118  # headers, not a dict
    assert [(a.display_name, a.addr_spec) for a in message["From"].addresses] == [
        ("Institut für Industrie, Berlin", "news@example.org")
    ]
    assert [(a.display_name, a.addr_spec) for a in message["To"].addresses] == [
        ("Ada Löve, Countess", "Ada@xn--bcher-kva.example")
    ]
    assert message["Reply-To"] == "desk@example.org"
    assert message["Subject"] == SOURCE.subject
    assert message["Date"] == "Wed, 04 Mar 2026 09:00:00 +0000"
    assert message["Message-ID"] == "<d.12.abc@mail.example.org>"
    assert message["MIME-Version"] == "1.0"
    assert message["List-Id"] == "Industry Weekly <industry.news.example.org>"
    assert message["List-Unsubscribe"] == f"<{SLOTS.one_click_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Help"] == "<https://news.example.org/help>"
    assert message["List-Owner"] == "<mailto:desk@example.org>"
    assert message["List-Archive"] == "<https://news.example.org/archive>"
    assert message["List-Post"] == "NO"
    assert message["Precedence"] == "bulk"
    assert message["Feedback-ID"] == "12:industry:issue:desk"
    assert message["Content-Language"] == "en"
    assert "Auto-Submitted" not in message


def test_a_notice_carries_no_list_headers():
    """A confirmation is no list mail; it says that a machine wrote it."""
    notice = MessageSource(
        from_name="Desk", from_address="desk@example.org", subject="Confirm", text="Hello", auto_submitted=True
    )
    slots = MessageSlots(to_address="ada@example.org", message_id="n.1", date=SLOTS.date)
    message = parsed(compile_message(notice, message_id_domain="example.org").fill(slots))
    assert message["Auto-Submitted"] == "auto-generated"
    assert [name for name in message.keys() if name.startswith("List-") or name == "Precedence"] == []  # noqa: SIM118
    assert message["To"] == "ada@example.org"


def test_a_test_is_marked_as_one():
    """In the subject, where the team sees it, and for machines."""
    octets = filled(source(test=True), one_click_url="")
    message = parsed(octets)
    assert message["Subject"] == f"[Test] {SOURCE.subject}"
    assert message["X-Newsletter-Test"] == "yes"
    assert "List-Unsubscribe" not in message
    assert "List-Unsubscribe-Post" not in message


def test_a_mailto_stands_behind_the_https_link():
    """Only where somebody reads it."""
    message = parsed(filled(unsubscribe_mailto="mailto:leave+abc@example.org?subject=leave"))
    https, mailto = (part.strip() for part in message["List-Unsubscribe"].split(","))
    assert (https, mailto) == (f"<{SLOTS.one_click_url}>", "<mailto:leave+abc@example.org?subject=leave>")


def test_a_long_one_click_link_stays_whole():
    """Python's own folding would write =?utf-8?q? here, and one-click unsubscribe would die."""
    url = "https://a-very-long-host-name.newsletters.institute.example.org/unsubscribe/" + "t" * 300
    octets = filled(one_click_url=url)
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in octets
    assert_can_travel(octets)


def test_the_same_source_gives_the_same_bytes():
    """Boundaries come from the content; another content has others."""
    assert filled() == filled()
    boundary = re.compile(rb'boundary="([^"]*)"')
    assert boundary.findall(filled()) != boundary.findall(filled(source(text=TEXT + "!")))


def test_recipients_differ_in_their_slots_alone():
    """No reader's link or name in another reader's copy."""
    compiled = compile_message(SOURCE, message_id_domain="mail.example.org")
    ada = compiled.fill(SLOTS)
    bob = compiled.fill(
        MessageSlots(
            to_address="bob@example.net",
            message_id="whole@id.example.org",
            date=SLOTS.date,
            **{
                f.name: f"https://bob.example/{n}"
                for n, f in enumerate(dataclasses.fields(MessageSlots))
                if f.name.endswith("_url")
            },
        )
    )
    assert b"Message-ID: <whole@id.example.org>\r\n" in bob
    assert b"Ada" not in bob
    assert b"news.example.org/u/" not in bob
    assert b"bob" not in ada
    assert compiled.slots == frozenset(Slot)


def test_a_link_that_the_message_needs_and_nobody_gave_is_named():
    """Better than a mail whose link goes nowhere."""
    with pytest.raises(BadInput, match="PDF_URL"):
        filled(pdf_url="")
    assert filled(source(html=None), pdf_url="")


def test_a_picture_that_nobody_has_is_named():
    """An edition and its pictures belong together."""
    with pytest.raises(RenderingError, match="picture"):
        filled(source(pictures={}))


@pytest.mark.parametrize("left_over", ["https://slot.invalid/-surprise-", "x" * 70 + "https://slot.invalid/-unsub"])
def test_a_slot_that_nobody_knows_is_named(left_over: str):
    """No reader may see a link to slot.invalid."""
    with pytest.raises(RenderingError, match=r"slot\.invalid"):
        filled(source(text=left_over))


UNSAFE = ["\r", "\n", "\r\n", "\0", "\x85", "\u2028", "\u2029"]
EVIL = [f"a{unsafe}Bcc: evil@example.net" for unsafe in UNSAFE]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "field",
    [
        "from_name",
        "from_address",
        "reply_to",
        "subject",
        "list_help",
        "list_owner",
        "list_archive",
        "feedback_id",
        "language",
    ],
)
def test_no_value_of_the_source_breaks_out_of_its_header(field: str, evil: str):
    """CR, LF, NUL and the line breaks of Unicode are refused in one sentence."""
    with pytest.raises(BadInput):
        filled(source(**{field: evil}))


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "field",
    ["to_address", "to_name", "message_id", "one_click_url", "unsubscribe_mailto", "unsubscribe_url", "preferences_url", "web_url", "pdf_url"],
)  # fmt: skip
def test_no_value_of_a_recipient_breaks_out_of_its_place(field: str, evil: str):
    """A merge field is the oldest way to smuggle."""
    with pytest.raises(BadInput):
        filled(**{field: evil})


@pytest.mark.parametrize("evil", EVIL)
def test_no_name_of_a_list_or_file_breaks_out_of_its_header(evil: str):
    """The publication's name and the file's name are typed by people too."""
    for changes in (
        {"list_id": ListId("x", "example.org", evil)},
        {"list_id": ListId(evil, "example.org")},
        {"attachments": (Attachment(evil, "application/pdf", b""),)},
        {"attachments": (Attachment("x.pdf", evil, b""),)},
    ):
        with pytest.raises(BadInput):
            filled(source(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "  "},
        {"text": "half \ud83d"},
        {"html": "half \ud83d"},
        {"from_address": "jürgen@example.org"},
        {"feedback_id": "a:b:c:d:e"},
        {"language": "en us"},
        {"list_help": "https://example.org/a b"},
        {"attachments": (Attachment("../x.pdf", "application/pdf", b""),)},
        {"attachments": (Attachment("", "application/pdf", b""),)},
        {"list_id": ListId("a label", "example.org")},
    ],
)
def test_what_cannot_be_sent_is_said_when_the_message_is_made(changes: dict[str, object]):
    """Once per dispatch, not a hundred thousand times."""
    with pytest.raises(BadInput):
        filled(source(**changes))


def test_a_date_without_zone_is_refused():
    """-0000 would claim that nobody knows."""
    with pytest.raises(BadInput, match="zone"):
        filled(date=datetime(2026, 3, 4, 9))


def test_a_list_name_beyond_ascii_is_left_out():
    """List-Id must carry no encoded word; the identifier is what counts."""
    message = parsed(filled(source(list_id=ListId("industry", "example.org", "Industrie für alle"))))
    assert message["List-Id"] == "<industry.example.org>"


def test_a_recipient_whose_local_part_is_not_ascii_is_written_in_utf8():
    """RFC 6532; the transport then asks for SMTPUTF8."""
    octets = filled(to_address="jürgen@example.org", to_name="")
    assert "To: jürgen@example.org\r\n".encode() in octets


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
header_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=100)
slotted = st.lists(
    st.one_of(
        anything,
        st.sampled_from(
            [*(slot.value for slot in Slot), "\n", "\r\n.\r\n", "\n.\n", ".", " ", "=\r\n", "=3D", "--=_", "x" * 80]
        ),
    ),
    max_size=10,
).map("".join)


@settings(max_examples=60, deadline=None)
@given(header_text, header_text, slotted, slotted)
@example("=?utf-8?q?x?=", '"; <evil@example.net>', "\n.\nMAIL FROM:<e@example.org>", "\r.\r\n\r\n.\r\n")
@example("x", "x", "trailing blank " + Slot.WEB_URL + " \t\n\n\n", Slot.WEB_URL)
@example("x", "x", "", "")
@example("x", "x", "é" * 12 + "ab ", "é" * 12 + "abc\t")
def test_whatever_was_written_arrives(subject: str, name: str, text: str, html: str):
    """Any subject, name and bodies: one sound message with exactly that content."""
    if not subject.strip():
        subject = "x"
    octets = filled(source(subject=subject, from_name=name, text=text, html=html, pictures={}), to_name=name)
    assert_can_travel(octets)
    message = parsed(octets)
    assert [address.addr_spec for address in message["From"].addresses] == ["news@example.org"]
    assert [address.addr_spec for address in message["To"].addresses] == ["Ada@xn--bcher-kva.example"]
    if subject == subject.strip():
        assert message["Subject"] == subject
    newlines = re.compile("\r\n|\r")
    assert content(message, "plain") == with_urls(newlines.sub("\n", text), escaped=False)
    assert content(message, "html") == with_urls(newlines.sub("\n", html), escaped=True)
    assert all(len(line) <= 76 for line in octets.partition(b"\r\n\r\n")[2].split(b"\r\n"))
