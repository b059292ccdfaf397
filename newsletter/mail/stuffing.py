"""Dot-stuffing: a message as it goes over the wire, after proof that no server can read it as two.

Most of an issue's mail is the same for everybody. Those stretches are proved and stuffed once a line, not once a
reader: of 300 µs that a mail of 50 KB took, 190 went into looking for line ends.
"""

from __future__ import annotations

from collections.abc import Sequence

WORTHWHILE = 1024
"""Octets of a shared stretch below which looking again is as quick."""
KEPT = 64
"""Stretches remembered at once: those of many sendings, since each has two or three."""
_GLIMPSE = 64
"""Octets by which the beginning of a stretch is found."""


class Stuffing:
    """Remembers the stretches that the last messages shared; used by one thread."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes | None] = {}

    def wire_form(self, data: bytes, shared: Sequence[bytes] = ()) -> bytes | None:
        """Return *data* dot-stuffed with its final dot (RFC 5321 §4.5.2); None if it has a bare CR, a bare LF or a NUL.

        *shared* are stretches of it, in order, that other messages have too; whether it has them is looked at.
        """
        pieces: list[bytes] = []
        done = 0
        for stretch in shared:
            at = data.find(stretch[:_GLIMPSE], done)
            stuffed = self._stuffed_once(stretch)
            gap = data[done:at]
            # A dot at a border may belong to the line end before it.
            if at < 0 or stuffed is None or not data.startswith(stretch, at) or not _sound(gap) or _dotted(gap, done):
                return _whole(data)
            pieces += [_stuffed(gap), stuffed]
            done = at + len(stretch)
        rest = data[done:]
        if not pieces or not rest or not _sound(rest) or _dotted(rest, done):
            return _whole(data)
        start = b"." if data.startswith(b".") else b""
        return b"".join((start, *pieces, _stuffed(rest), _end(rest)))

    def _stuffed_once(self, stretch: bytes) -> bytes | None:
        """Return *stretch* stuffed, None if it is not sound alone or begins with a dot."""
        if stretch not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            fit = stretch and _sound(stretch) and not stretch.startswith(b".")
            self._known[stretch] = _stuffed(stretch) if fit else None
        return self._known[stretch]


def _dotted(piece: bytes, place: int) -> bool:
    return place > 0 and piece.startswith(b".")


def _whole(data: bytes) -> bytes | None:
    if not _sound(data):
        return None
    stuffed = _stuffed(data)
    return b"".join((b"." if stuffed.startswith(b".") else b"", stuffed, _end(stuffed)))


def _sound(data: bytes) -> bool:
    """Tell whether every CR stands before an LF and every LF behind a CR, and there is no NUL."""
    return data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r") and b"\0" not in data


def _stuffed(data: bytes) -> bytes:
    return data.replace(b"\r\n.", b"\r\n..")


def _end(data: bytes) -> bytes:
    """Return what ends *data* in exactly CRLF.CRLF."""
    return b".\r\n" if data.endswith(b"\r\n") or not data else b"\r\n.\r\n"
