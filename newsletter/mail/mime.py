"""MIME parts as pieces of bytes with holes in them, assembled once and filled many times (RFC 2045, RFC 2046)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.mail.headers import parameter

QP_LINE = 76
"""Octets of a quoted-printable line, the soft break's = included (RFC 2045 §6.7)."""
_SOFT_BREAK = b"=\r\n"
_CROWDED_BLANK = re.compile(rb"^([^\n]{74,})(=(?:20|09))$", re.MULTILINE)
"""A blank at a line's end, which the encoder writes in three octets without asking whether they fit."""


class Hole(NamedTuple):  # a tuple, since every mail looks a dozen of them up
    """A place in a message that is filled per recipient: what goes there, and what kind of place it is."""

    name: str
    place: str


Pieces = tuple[bytes | Hole, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header fields, each with its CRLF, and its body, which ends in CRLF."""

    headers: bytes
    body: Pieces


def text_part(subtype: str, text: str, slots: Sequence[str]) -> Part:
    """Return *text* as quoted-printable UTF-8, each of *slots* in it a Hole on a line of its own.

    A hole stands behind a soft line break and before another, so that what fills it is never cut; never base64, which
    Python would choose for Chinese and in which nothing can be filled in.
    """
    pieces: list[bytes | Hole] = []
    at_line_start = True
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    stretches = re.split("(" + "|".join(map(re.escape, slots)) + ")", lines) if slots else [lines]
    for index, stretch in enumerate(stretches):
        if index % 2:
            pieces += [b"" if at_line_start else _SOFT_BREAK, Hole(stretch, subtype)]
            at_line_start = stretches[index + 1].startswith("\n")
            pieces.append(b"" if at_line_start else _SOFT_BREAK)
        elif stretch:
            pieces.append(_with_room(quoted_printable(stretch)))
            at_line_start = stretch.endswith("\n")
        else:
            at_line_start = True  # the text begins with a slot, or two follow each other and a soft break is there
    headers = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    return Part(headers.encode(), tuple(pieces))


def base64_part(media_type: str, data: bytes, *, disposition: str, file_name: str, content_id: str = "") -> Part:
    """Return *data* as an attachment or, with *content_id*, as a picture that the HTML shows."""
    kind = b"Content-Type: " + media_type.encode("ascii") + parameter("name", file_name) + b"\r\n"
    shown = b"Content-Disposition: " + disposition.encode() + parameter("filename", file_name) + b"\r\n"
    named = f"Content-ID: <{content_id}>\r\n".encode() if content_id else b""
    encoded = binascii.b2a_base64(data, newline=False)
    lines = b"\r\n".join(encoded[start : start + QP_LINE] for start in range(0, len(encoded), QP_LINE))
    return Part(kind + b"Content-Transfer-Encoding: base64\r\n" + shown + named, (lines + b"\r\n",))


def multipart(subtype: str, parts: Iterable[Part], *, boundary: str, root_type: str = "") -> Part:
    """Return *parts* in one multipart; *boundary* must begin with ``=_``, which no encoded part can hold."""
    assert boundary.startswith("=_")
    root = f';\r\n type="{root_type}"' if root_type else ""
    headers = f'Content-Type: multipart/{subtype}{root};\r\n boundary="{boundary}"\r\n'.encode()
    pieces: list[bytes | Hole] = []
    for part in parts:
        pieces += [f"--{boundary}\r\n".encode() + part.headers + b"\r\n", *part.body, b"\r\n"]
    return Part(headers, (*pieces, f"--{boundary}--\r\n".encode()))


def quoted_printable(text: str) -> bytes:
    """Return *text*, its lines ending in LF, as quoted-printable UTF-8 with CRLF."""
    # The soft breaks follow the first line end found, LF where there is none: so CRLF comes last.
    encoded = binascii.b2a_qp(text.encode(), istext=True)
    return _CROWDED_BLANK.sub(rb"\1=\n\2", encoded).replace(b"\n", b"\r\n")


def _with_room(quoted: bytes) -> bytes:
    """Return *quoted* with its last line short enough for the = of a soft break."""
    if len(quoted) - (quoted.rfind(b"\n") + 1) < QP_LINE:
        return quoted
    last = 3 if quoted[-3:-2] == b"=" else 1
    return quoted[:-last] + _SOFT_BREAK + quoted[-last:]


def quoted_printable_value(value: bytes) -> bytes:
    """Return ASCII without blanks as quoted-printable, on one line if it fits and softly broken if it does not."""
    quoted = value.replace(b"=", b"=3D")
    if len(quoted) < QP_LINE:
        return quoted
    return _SOFT_BREAK.join(re.findall(rb"(?:=3D|[^=]){1,25}", quoted))


def split_at_first_hole(pieces: Iterable[bytes | Hole]) -> tuple[bytes, Pieces]:
    """Return the bytes before the first hole, and the rest."""
    opening, *rest = _merged(pieces)
    assert isinstance(opening, bytes)
    return opening, tuple(rest)


class Form:
    """Pieces made ready to be filled many times: neighbouring bytes joined, each different hole known by its places."""

    def __init__(self, pieces: Iterable[bytes | Hole]) -> None:
        self.pieces = _merged(pieces)
        self.holes = tuple(dict.fromkeys(piece for piece in self.pieces if isinstance(piece, Hole)))
        self._blank = [piece if isinstance(piece, bytes) else b"" for piece in self.pieces]
        self._places = {
            hole: [place for place, piece in enumerate(self.pieces) if piece == hole] for hole in self.holes
        }

    @property
    def fixed(self) -> list[bytes]:
        """The stretches that are the same for everybody."""
        return [piece for piece in self.pieces if isinstance(piece, bytes)]

    def filled(self, values: Mapping[Hole, bytes]) -> bytes:
        """Return the bytes with every hole filled; *values* has one for each."""
        stretches = self._blank.copy()
        for hole, places in self._places.items():
            value = values[hole]
            for place in places:
                stretches[place] = value
        return b"".join(stretches)


def _merged(pieces: Iterable[bytes | Hole]) -> Pieces:
    """Return *pieces* with neighbouring bytes joined."""
    result: list[bytes | Hole] = []
    gathered: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            gathered.append(piece)
            continue
        result += [b"".join(gathered), piece]
        gathered = []
    return (*result, b"".join(gathered))
