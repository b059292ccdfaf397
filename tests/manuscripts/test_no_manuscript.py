"""A file that is no manuscript gets one clear sentence."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.reader import read
from tests.manuscripts.sample import LOOSE


def refusal(source: bytes | str) -> str:
    """The sentence that refuses *source*; empty if it is read."""
    try:
        read(source)
    except ManuscriptError as error:
        return str(error)
    return ""


def zipped() -> bytes:
    """A small zip file, which a Word file is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "is empty"),
        ("", "is empty"),
        (b" \n\t\r\n ", "is empty"),
        ("\u00a0\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"text\x00text", "not a text file"),
        (bytes(range(256)) * 8, "not a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "a picture (JPEG)"),
        (zipped(), "a Word or zip file"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"x" * 5_000_001, "5 MB"),
        (b"word " * 10_000_000, "50 MB"),
        ("wörter ".encode() * 10 + "wörter ".encode("latin-1") * 10, "encoding"),
        ("é".encode("utf-16")[:-1], "damaged"),
        ("Title\n\n" + "[" * 10_000 + "x" + "]" * 10_000, "Line 3"),
        ("Title\n\n" + "> " * 10_000 + "x", "Line 3"),
        ("Title\n\n" + ">" * 10_000 + "x", "Line 3"),
        ("Title\n\n" + "- " * 10_000 + "x", "Line 3"),
        ("Title\n\n" + "1. " * 10_000 + "x", "Line 3"),
        ("Title\n\n" + "x" * 200_000, "without an empty line"),
        ("---\ntitle: [a\ndate: x\n---\n\n# A\n", "line 3"),
        ("---\ntitle: a\n\tdate: x\n---\n\n# A\n", "line 3"),
        ("---\n" + "a: " + "[" * 3000 + "\n---\n\n# A\n", "Line 2"),
    ],
)  # fmt: skip
def test_what_is_no_manuscript_is_refused_in_one_sentence(source: bytes | str, words: str) -> None:
    """The sentence says what the file is, and names it or the line."""
    with pytest.raises(ManuscriptError) as refusal:
        read(source, name="spring.md")
    sentence = str(refusal.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_files_simply_work(encoding: str) -> None:
    """A byte order mark says enough."""
    reading = read(LOOSE.encode(encoding))
    assert reading.document == read(LOOSE).document
    assert "encoding-guessed" not in {remark.rule for remark in reading.remarks}


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_old_western_encoding_works_with_a_notice(encoding: str) -> None:
    """Umlauts come in as they were, and the team is told to look."""
    text = (
        "Nordhandel\n\nNote\n\nDie Häfen grüßen: für Übermut ist es zu früh, sagt Jörg Weiß. Schöne Grüße aus Kiel.\n"
    )
    reading = read(text.encode(encoding))
    assert reading.document == read(text).document
    assert "encoding-guessed" in {remark.rule for remark in reading.remarks}


@pytest.mark.parametrize(
    "piece",
    [
        '[a](b "',
        "<!-- ",
        "![",
        "*a **b ",
        "~a ",
        "^a ",
        "`",
        "&amp",
        "<a ",
        "[^a]",
        "^[",
        "| ",
        "\\",
        "_a",
        "[a]: ",
        "](",
    ],
)
def test_hostile_repetition_is_read_or_refused(piece: str) -> None:
    """A stretch full of one unfinished sign neither crashes nor hangs the reader."""
    sentence = refusal("Title\n\n" + piece * (30_000 // len(piece)) + "\n")
    assert not sentence or sentence.endswith(".")


def test_deep_indentation_is_no_nesting() -> None:
    """Text out of a layout may be indented by half a page."""
    reading = read("Title\n\nNote\n\n" + "\n\n".join(" " * n + "- item" for n in range(0, 400, 2)))
    assert reading.document.title == "Title"


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_bytes_are_read_or_refused(source: bytes | str) -> None:
    """There is no third way."""
    sentence = refusal(source)
    assert not sentence or sentence.endswith(".")
