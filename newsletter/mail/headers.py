"""Header fields as bytes: encoded words, folding, parameters; so that no value a person gave can break a message.

Written by hand because the standard library's folding encodes structured fields (a long List-Unsubscribe becomes
``=?utf-8?q?…`` and one-click unsubscribe dies) and reaches into addresses; it reads what is written here in the tests.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

from newsletter.kit.errors import BadInput

LINE_AIM = 76
"""Octets of a line with an encoded word, without CRLF (RFC 2047 §2); the aim for every other line."""
LINE_LIMIT = 998
"""Octets no line may pass (RFC 5322 §2.1.1)."""
_WORD_OCTETS = 42
"""UTF-8 octets in one encoded word: 56 of base64 and 12 around them stay well under the 75 of RFC 2047 §2."""

_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_LINE_BREAKS = "\r\n\x85\u2028\u2029"
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+")
_ATTRIBUTE_OCTETS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&+-.^_`|~")


def checked(value: str, what: str) -> str:
    """Return *value* if it can stand in a header; raise ``BadInput`` naming *what* for line breaks and the like."""
    found = _UNSAFE.search(value)
    if found is not None:
        kind = "a line break" if found.group() in _LINE_BREAKS else "a control character"
        raise BadInput(f"{what} has {kind} in it ({value[max(0, found.start() - 20) : found.end() + 20]!r}).")
    return value


def checked_uri(value: str, what: str) -> str:
    """Return *value* if it is an ASCII URI that can stand between angle brackets; raise ``BadInput`` otherwise."""
    if len(value) > LINE_LIMIT - 100 or not _URI.fullmatch(value):
        raise BadInput(f"{what} is not a link a mail can carry: {checked(value, what)[:80]!r}.")
    return value


def unstructured(name: str, value: str) -> bytes:
    """Return the field *name* with free text, folded, with encoded words where needed, its CRLF included (RFC 2047)."""
    checked(value, name)
    words = value.split(" ")
    # Folding would swallow a second space, and a reader would decode what only looks like an encoded word.
    if not value.isascii() or "=?" in value or "\t" in value or (value and "" in words) or max(map(len, words)) > 60:
        return name.encode() + b": " + b"\r\n ".join(_encoded_words(value, room=LINE_AIM - len(name) - 2)) + b"\r\n"
    return _folded(f"{name}:", words)


def mailbox(name: str, address: str, what: str = "The name") -> bytes:
    """Return ``name <address>`` for From, To, Reply-To, folded before the address if it is long (RFC 5322 §3.4)."""
    checked(name, what)
    target = f"<{address}>".encode()
    if not name:
        return address.encode()
    words = _phrase(name)
    gap = b" " if len(words) == 1 and len(words[0]) + len(target) + 12 <= LINE_AIM else b"\r\n "
    return b"\r\n ".join(words) + gap + target


def structured(name: str, values: Iterable[str]) -> bytes:
    """Return the field *name* with ASCII *values* that stay whole, one a line where they do not fit together."""
    return _folded(f"{name}:", [checked(value, name) for value in values])


def parameter(name: str, value: str) -> bytes:
    """Return ``; name=value`` for a MIME field on a line of its own, by RFC 2231 where *value* is not plain ASCII."""
    checked(value, f"The {name}")
    if _TOKEN.fullmatch(value) and len(value) <= 60:
        return f";\r\n {name}={value}".encode()
    if value.isascii() and len(value) <= 60:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{quoted}"'.encode()
    pieces = list(_percent_pieces(value, octets=54))
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{pieces[0]}".encode()
    pieces[0] = f"utf-8''{pieces[0]}"
    return "".join(f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(pieces)).encode()


def _percent_pieces(value: str, *, octets: int) -> Iterator[str]:
    """Yield *value* percent-encoded in pieces of at most *octets*, no triple cut."""
    piece = ""
    for octet in value.encode():
        written = chr(octet) if octet in _ATTRIBUTE_OCTETS else f"%{octet:02X}"
        if len(piece) + len(written) > octets:
            yield piece
            piece = ""
        piece += written
    yield piece


def _phrase(name: str) -> list[bytes]:
    """Return a display name as atoms, a quoted string or encoded words."""
    if name.isascii() and "=?" not in name and len(name) <= 60:
        if _PHRASE.fullmatch(name) and name == " ".join(name.split()):
            return [name.encode()]
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        if "\t" not in name:
            return [f'"{quoted}"'.encode()]
    return list(_encoded_words(name, room=LINE_AIM - 10))


def _encoded_words(text: str, *, room: int) -> Iterator[bytes]:
    """Yield *text* as base64 encoded words, each whole characters, the first no longer than *room* octets."""
    limit = min(_WORD_OCTETS, max(3, (room - 12) // 4 * 3))
    piece = b""
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > limit:
            yield b"=?utf-8?b?" + base64.b64encode(piece) + b"?="
            piece, limit = b"", _WORD_OCTETS
        piece += octets
    yield b"=?utf-8?b?" + base64.b64encode(piece) + b"?="


def _folded(start: str, words: list[str]) -> bytes:
    """Return *words* behind *start*, a new line wherever the aim would be passed, CRLF at the end.

    The first word stays on the line of the name: a field must not begin with a line of blanks (RFC 5322 §3.2.2).
    """
    lines = [" ".join([start, *words[:1]])]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LINE_AIM:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    for line in lines:
        if len(line) > LINE_LIMIT:
            raise BadInput(f"A value for {start.rstrip(':')} is too long: {line[:60]!r}… has {len(line)} characters.")
    return "\r\n".join(lines).encode() + b"\r\n"
