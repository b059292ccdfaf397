"""Header fields: read back by a parser that is not ours, whatever a person typed into them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32, default
from email.utils import collapse_rfc2231_value

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import BadInput
from newsletter.mail.headers import checked, checked_uri, mailbox, parameter, structured, unstructured

text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120)
UNSAFE = ["\r", "\n", "\r\n", "\0", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x7f", "\ud800"]


def lines_of(field: bytes) -> list[bytes]:
    assert field.endswith(b"\r\n")
    assert field.count(b"\r\n") == field.count(b"\r") == field.count(b"\n")
    return field.split(b"\r\n")[:-1]


@settings(deadline=None)  # a busy machine is no fault
@given(text)
@example("a" * 2000)
@example("Zwei  Blanks und\tTab")
@example("=?utf-8?q?not_one?=")
@example(" leading and trailing ")
@example("工业和信息化部" * 30)
@example("👩‍👩‍👧‍👧" * 20)
def test_a_subject_arrives_as_it_was_written(subject: str):
    """Folded at 76, encoded where needed, and nothing lost."""
    field = unstructured("Subject", subject)
    assert all(len(line) <= 76 for line in lines_of(field))
    assert all(line.strip() for line in lines_of(field))
    raw = message_from_bytes(field + b"\r\n", policy=compat32)["Subject"].replace("\r\n", "")
    assert str(make_header(decode_header(raw))) == subject
    if subject == subject.strip():
        assert message_from_bytes(field + b"\r\n", policy=default)["Subject"] == subject


def test_no_encoded_word_is_longer_than_75_or_cuts_a_character():
    """RFC 2047 §2 and §5: each word decodes by itself."""
    field = unstructured("Subject", "Ä工👩" * 60)
    for word in re.findall(rb"=\?.*?\?=", field):
        assert len(word) <= 75
        decoded, charset = decode_header(word.decode())[0]
        assert isinstance(decoded, bytes)
        decoded.decode(charset or "ascii")


@settings(deadline=None)  # a busy machine is no fault
@given(text)
@example('Müller, "Max" <max@evil.example>')
@example("Ada (the first) Lovelace, Countess; et al: @home")
@example("back\\slash")
@example("x" * 300)
@example("=?utf-8?q?x?=")
@example(".")
def test_a_name_stays_a_name(name: str):
    """However it is written, there is one mailbox and it is ours."""
    field = b"From: " + mailbox(name, "news@example.org") + b"\r\n"
    assert all(len(line) <= 90 for line in lines_of(field))
    header = message_from_bytes(field + b"\r\n", policy=default)["From"]
    assert [address.addr_spec for address in header.addresses] == ["news@example.org"]
    raw = message_from_bytes(field + b"\r\n", policy=compat32)["From"].replace("\r\n", "")
    if "=?" in raw:  # several encoded words are one name; the parser of Python 3.11 puts blanks between them
        phrase = raw.removesuffix("<news@example.org>").rstrip(" ")
        assert str(make_header(decode_header(phrase))) == name
    elif name == " ".join(name.split()):
        assert header.addresses[0].display_name == name


@pytest.mark.parametrize("unsafe", UNSAFE)
def test_no_line_break_or_control_character_gets_into_a_header(unsafe: str):
    """Each way into a header refuses each of them."""
    value = f"a{unsafe}Bcc: x@example.org"
    for write in (
        lambda: checked(value, "The subject"),
        lambda: unstructured("Subject", value),
        lambda: mailbox(value, "a@example.org"),
        lambda: structured("List-Id", [value]),
        lambda: parameter("filename", value),
        lambda: checked_uri(f"https://example.org/{value}", "The link"),
    ):
        with pytest.raises(BadInput):
            write()


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=255))
@example("工业和信息化部 2024-03 (endgültig).pdf")
@example("工" * 255)
@example('a"b\\c.pdf')
@example("x" * 250 + ".pdf")
@example("100%.pdf")
@example("it's.pdf")
@example("<>")
def test_a_file_name_arrives_as_it_was_written(name: str):
    """RFC 2231, in pieces where it is long."""
    field = b"Content-Disposition: attachment" + parameter("filename", name) + b"\r\n"
    assert all(len(line) <= 76 for line in lines_of(field))
    message = message_from_bytes(field + b"\r\n", policy=compat32)
    read = message.get_param(
        "filename", header="content-disposition"
    )  # get_filename() would take <…> for quotation marks
    assert (collapse_rfc2231_value(read) if isinstance(read, tuple) else read) == name


def test_structured_fields_are_never_encoded_and_stay_whole():
    """A long URI stays one word on one line, or one-click unsubscribe dies."""
    uri = "<https://news.example.org/u/" + "x" * 300 + ">"
    field = structured("List-Unsubscribe", [uri, "<mailto:leave@example.org>"])
    assert uri.encode() in field
    assert b"=?" not in field
    with pytest.raises(BadInput, match="too long"):
        structured("List-Help", ["<https://example.org/" + "x" * 1000 + ">"])


@pytest.mark.parametrize(
    "uri", ["", "no scheme", "https://example.org/a b", "https://example.org/<x>", "https://exämple.org", "javascript"]
)
def test_a_link_that_would_need_escaping_is_refused(uri: str):
    """It would break out of its angle brackets or its line."""
    with pytest.raises(BadInput):
        checked_uri(uri, "The link")
