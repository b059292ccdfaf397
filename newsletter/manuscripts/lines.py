"""Lines: a manuscript's bytes as clean, numbered lines of text, or one sentence saying what the file really is."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from charset_normalizer import from_bytes

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.dates import MONTH_AFTER_DOT
from newsletter.manuscripts.repairs import Finding

MAX_BYTES = 5_000_000
"""A book has one megabyte of text; what is larger holds pictures or is no text."""

_SIGNATURES = (
    (b"%PDF-", "a PDF", "save its text as Markdown or plain text, or hand in the Word file it was made from"),
    (b"PK\x03\x04", "a Word or zip file", "open it and save it as Markdown, or hand it in with the ending .docx"),
    (b"\xd0\xcf\x11\xe0", "an old Word file (.doc)", "open it and save it as .docx or as Markdown"),
    (b"\x89PNG", "a picture (PNG)", "hand in the text, and pictures beside it"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "hand in the text, and pictures beside it"),
    (b"GIF8", "a picture (GIF)", "hand in the text, and pictures beside it"),
    (b"\x1f\x8b", "a compressed file (gzip)", "unpack it first"),
    (b"{\\rtf", "a Rich Text file (.rtf)", "open it and save it as .docx or as Markdown"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRUSTED = {"cp1252", "latin_1", "iso8859_15", "cp1250", "mac_roman", "gb18030", "gbk", "gb2312", "big5", "cp1251"}
_BULLET = re.compile(r"^(\s*)[•·▪‣◦●■–—\uf0b7\uf0a7](?:[ \t\xa0]+)(?=\S)")
_INNER_BULLET = re.compile(r"^o\t[ \t]*(?=\S)")
"""The circle that Word puts before a list within a list, pasted as a letter."""
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SPACES = re.compile("[\u2002-\u200a\u202f\u205f\u3000\xa0]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manuscript, 1-based."""

    number: int
    text: str

    @property
    def blank(self) -> bool:
        """Say whether nothing is written on it."""
        return not self.text.strip()


def decode(source: bytes | str, name: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of *source*; raise ``ManuscriptError`` in one sentence if *name* is no manuscript."""
    if isinstance(source, str):
        if len(source) > MAX_BYTES:
            raise _too_large(len(source), name)
        return _checked(source.removeprefix("\ufeff"), name), ()
    if len(source) > MAX_BYTES:
        raise _too_large(len(source), name)
    for signature, kind, advice in _SIGNATURES:
        if source.startswith(signature):
            raise ManuscriptError(f"{name!r} is {kind}, not a Markdown manuscript; {advice}.")
    for mark, encoding in _MARKS:
        if source.startswith(mark):
            return _checked(_decoded(source, encoding, name).removeprefix("\ufeff"), name), ()
    try:
        return _checked(source.decode("utf-8"), name), ()
    except UnicodeDecodeError as error:
        if b"\x00" in source:
            raise _binary(name) from error
        text, encoding = _guessed(source, name)
        return _checked(text, name), (Finding("encoding-guessed", None, f"read as {encoding}"),)


def _too_large(size: int, name: str) -> ManuscriptError:
    return ManuscriptError(
        f"{name!r} has {size / 1e6:.0f} MB and a manuscript at most {MAX_BYTES // 1_000_000};"
        " hand in the text alone, and its pictures beside it."
    )


def _binary(name: str) -> ManuscriptError:
    return ManuscriptError(f"{name!r} is not a text file; save the manuscript as Markdown or plain text in UTF-8.")


def _decoded(source: bytes, encoding: str, name: str) -> str:
    try:
        return source.decode(encoding)
    except UnicodeDecodeError as error:
        raise ManuscriptError(
            f"{name!r} is damaged: it begins as {encoding.upper()} text and does not go on as such; save it as UTF-8."
        ) from error


def _guessed(source: bytes, name: str) -> tuple[str, str]:
    """Return the text in the likeliest old encoding; refuse what is no text in any of them."""
    refusal = ManuscriptError(f"The encoding of {name!r} cannot be made out, or it mixes several; save it as UTF-8.")
    if _mixes_utf8(source):
        raise refusal
    best = from_bytes(source).best()
    if best is None or best.encoding not in _TRUSTED:
        # Short western texts look like many code pages to a guesser; cp1252 is what Windows writes.
        try:
            text, encoding = source.decode("cp1252"), "cp1252"
        except UnicodeDecodeError as error:
            raise refusal from error
    else:
        text, encoding = str(best), best.encoding
    odd = sum(
        1
        for character in text
        if unicodedata.category(character) in {"Cc", "Co", "Cn", "So"} and character not in "\n\r\t\f"
    )
    letters = sum(1 for character in text if character.isalpha() or character.isspace())
    if odd * 50 > len(text) or letters * 2 < len(text):
        raise refusal
    return text, encoding


def _mixes_utf8(source: bytes) -> bool:
    """Say whether several characters are good UTF-8 and several bytes are not: two files glued together."""
    text = source.decode("utf-8", "replace")
    good = sum(1 for character in text if character > "\x7f" and character != "\ufffd")
    bad = text.count("\ufffd")
    return good >= 2 and bad >= 1


def _checked(text: str, name: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x0b", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\x85", "\n")
    if "\x00" in text:
        raise _binary(name)
    control = sum(1 for character in text if unicodedata.category(character) == "Cc" and character not in "\n\t")
    if control * 100 > len(text):
        raise _binary(name)
    if not text.strip():
        raise ManuscriptError(f"{name!r} is empty; hand in a manuscript with a title and some text.")
    # A lone surrogate cannot be stored as UTF-8; it comes from text cut in the middle of a character.
    text = "".join(character for character in text if unicodedata.category(character) != "Cs")
    return re.sub("[\x01-\x08\x0e-\x1f\x7f-\x9f]", " ", text)


def lines_of(text: str) -> tuple[Line, ...]:
    """Return the lines of *text* as they are."""
    return tuple(Line(number, line) for number, line in enumerate(text.split("\n"), 1))


def tidy(line: str) -> str:
    """Return a line of a loose manuscript with invisible characters gone, typographic bullets and spaces plain."""
    line = _INVISIBLE.sub("", line)
    line = _SPACES.sub(" ", line)
    line = _BULLET.sub(r"\1- ", line)
    line = _INNER_BULLET.sub("  - ", line)
    line = MONTH_AFTER_DOT.sub(r"\1\\.", line)
    # Text out of a layout may be indented by half a page; a list is not.
    return line.lstrip() if len(line) - len(line.lstrip()) > 40 else line
