"""Dot-stuffing, in one go and with a stretch that is shared: always the same bytes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.stuffing import WORTHWHILE, Stuffing

PIECES = st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\r", b"\n", b"\r\n.", b"\0", b"\r\n.\r\n"]), max_size=12)
LONG = b"x" * WORTHWHILE


def reference(data: bytes) -> bytes | None:
    """Stuff line by line, as RFC 5321 §4.5.2 says it."""
    lines = data.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines):
        return None
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


@given(PIECES)
def test_a_whole_message_is_stuffed_line_by_line(pieces):
    """Whatever stands in it; what could be read as two is refused."""
    data = b"".join(pieces)
    assert Stuffing().wire_form(data) == reference(data)


@given(PIECES, PIECES, PIECES, PIECES, PIECES)
@example([], [b"."], [b"\r\n"], [b"."], [b"a"])
@example([], [], [b"\r"], [b"\n."], [b"\n"])
@example([], [], [b"\r\n"], [], [])
@example([b"."], [b"\n"], [b"a"], [b"\r"], [b"."])
def test_shared_stretches_change_no_byte(head, before, after, gap, rest):
    """Line ends and dots may lie across their borders; the second message finds them remembered."""
    stuffing = Stuffing()
    shared = (b"".join((*before, LONG, *after)), b"".join((*after, b"y" * WORTHWHILE, *before)))
    for more in (b"", b"Subject: b\r\n"):
        data = b"".join((*head, more, shared[0], *gap, shared[1], *rest))
        assert stuffing.wire_form(data, shared) == reference(data)


def test_what_is_not_there_is_not_believed():
    """A stretch that the message does not have is ignored."""
    data = b"To: a\r\n\r\nHello\r\n"
    assert Stuffing().wire_form(data, (LONG,)) == reference(data)
    assert Stuffing().wire_form(LONG + b"\r\n", (LONG + b"y",)) == reference(LONG + b"\r\n")
