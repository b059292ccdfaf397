"""What is no Word file, is locked, damaged or built to do harm is refused in one sentence that says what to do."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts import docx_package
from newsletter.manuscripts.docx import read_docx
from newsletter.manuscripts.files import ManuscriptFile, read_file
from newsletter.manuscripts.house_style import HouseStyle
from tests.manuscripts.word_files import HEAD, heading, p, packed, word_file

GOOD = word_file(heading("Title", 1), p("Some words."))


def refusal(data: bytes, name: str = "x.docx") -> str:
    with pytest.raises(ManuscriptError) as raised:
        read_file(ManuscriptFile(name, data), house_style=HouseStyle())
    sentence = str(raised.value)
    assert sentence.startswith(f"{name!r} ")
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(2000), "old Word file (.doc); open it and save it as .docx"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le") + bytes(99), "protected by a password"),
        (b"{\\rtf1 words", "Rich Text file (.rtf), not a Markdown manuscript; open it and save it as .docx"),
        (b"%PDF-1.7 words", "a PDF, not"),
        (packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}), "OpenDocument file (.odt)"),
        (packed({"xl/workbook.xml": "<a/>", "[Content_Types].xml": "<a/>"}), "an Excel file"),
        (packed({"ppt/presentation.xml": "<a/>", "[Content_Types].xml": "<a/>"}), "a PowerPoint file"),
        (packed({"notes.txt": "words"}), "a zip file, not a Word file"),
        (packed({}), "a zip file, not a Word file"),
        (GOOD[: len(GOOD) // 2], "damaged Word file"),
        (b"PK\x03\x04" + bytes(300), "damaged Word file"),
        (word_file(), "has no words in it"),
        (b"", "is empty"),
    ],
)  # fmt: skip
def test_what_a_file_really_is(data, said):
    """The sentence names it, whatever its ending says."""
    assert said in refusal(data)


def with_part(name: str, data: bytes | str) -> bytes:
    """A Word file with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        return packed({part: archive.read(part) for part in archive.namelist()} | {name: data})


@pytest.mark.parametrize(
    "part",
    [
        "word/document.xml",
        "word/styles.xml",
        "word/numbering.xml",
        "[Content_Types].xml",
        "_rels/.rels",
        "word/_rels/document.xml.rels",
    ],
)
@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9)) + "]><a>&l8;</a>",
        "<a", "", "\x00\x01",
    ],
)  # fmt: skip
def test_entities_and_damaged_xml_are_refused_in_every_part(part, xml):
    """Nothing is expanded and nothing is fetched, also in the parts that only the library reads."""
    said = refusal(with_part(part, xml))
    assert "entities" in said or "damaged" in said or "not built as Word" in said or "no words" in said


def test_bombs_are_refused():
    """A part that unpacks to a thousand times its size, too many parts, two of one name, a lie about sizes."""
    assert "unpacks to far more" in refusal(with_part("word/media/a.png", bytes(30_000_000)))
    assert "unpacks to far more" in refusal(packed({f"word/{n}.xml": "x" for n in range(docx_package.MAX_ENTRIES + 1)}))
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", "<a/>")
    assert "two parts of one name" in refusal(out.getvalue())


def test_a_locked_zip_is_said_to_be_locked():
    """The bit that says a part is encrypted."""
    data = bytearray(GOOD)
    at = data.find(b"PK\x01\x02")
    struct.pack_into("<H", data, at + 8, 1)
    assert "protected by a password" in refusal(bytes(data))


def test_depth_and_size_have_limits(monkeypatch):
    """Ten thousand boxes in each other are no manuscript."""
    deep = "<w:sdt><w:sdtContent>" * 3000 + p("x") + "</w:sdtContent></w:sdt>" * 3000
    assert "damaged" in refusal(
        with_part("word/document.xml", f"<w:document {HEAD}><w:body>{deep}</w:body></w:document>")
    )
    tables = "<w:tbl><w:tr><w:tc>" * 80 + p("x") + "</w:tc></w:tr></w:tbl>" * 80
    with contextlib.suppress(ManuscriptError):
        assert (
            "x"
            in read_docx(
                with_part("word/document.xml", f"<w:document {HEAD}><w:body>{tables}</w:body></w:document>"), "a"
            ).text
        )
    monkeypatch.setattr("newsletter.manuscripts.docx_xml.MAX_ELEMENTS", 10)
    assert "larger than a book" in refusal(GOOD)


@settings(max_examples=60)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(at, noise):
    """Bytes changed anywhere never end in anything but an issue or one sentence."""
    data = GOOD[:at] + noise + GOOD[at + len(noise) :]
    with contextlib.suppress(ManuscriptError):
        read_file(ManuscriptFile("x.docx", data), house_style=HouseStyle())
