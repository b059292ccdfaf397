"""SMTP: the transport that hands one message at a time to a server, in one pipelined transaction each."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from newsletter.kit.errors import BadInput, SettingsError
from newsletter.mail.address import needs_smtputf8, wire_address
from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, Refused
from newsletter.mail.replies import Reply
from newsletter.mail.route import SmtpRoute, SmtpTimeouts, parse_smtp_url
from newsletter.mail.session import ConnectionLost, Session, open_session
from newsletter.mail.stuffing import Stuffing

__all__ = ["SmtpConnection", "SmtpRoute", "SmtpTimeouts", "SmtpTransport", "parse_smtp_url"]

BLOCK = 1024 * 1024
"""Octets sent under one time limit, so that a large message on a slow line is not taken for a stalled one."""
LAST_WORDS = 2.0
"""Seconds to look for a reply on a line that broke while we were writing: a 421 or 552 may lie there unread."""
HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Za-z.:]+\]")


class SmtpTransport:
    """Opens connections to one Route; safe to share between threads."""

    def __init__(self, route: SmtpRoute, *, helo_name: str) -> None:
        """Prepare for *route*, greeting as *helo_name*, our own host; raise ``SettingsError`` for a bad CA file."""
        if not HOST_NAME.fullmatch(helo_name):
            raise SettingsError(
                f"{helo_name!r} cannot be said to a mail server; our host name must be like mail.example.org."
            )
        self.route = route
        self._helo_name = helo_name
        self._context = _tls_context(route) if route.security != "none" else None

    def __reduce__(self) -> tuple[Callable[..., SmtpTransport], tuple[SmtpRoute, str]]:
        """Travel to another process as what it was made of; not with a source of tokens, which is one for all."""
        return _transport, (self.route, self._helo_name)

    def connect(self) -> SmtpConnection:
        """Open a line, or raise ``TransportUnavailable`` with what the server or the network said."""
        return SmtpConnection(open_session(self.route, helo_name=self._helo_name, context=self._context), self.route)


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A message made ready for one line."""

    envelope: Envelope
    stages: tuple[tuple[str, bytes], ...]
    """The commands before DATA, each with its name."""
    wire_form: bytes

    @property
    def group(self) -> bytes:
        """All its commands at once, DATA last (RFC 2920 §3.1)."""
        return b"".join([*(command for _, command in self.stages), b"DATA\r\n"])


class SmtpConnection:
    """One open line; a lost one answers every further ``send`` with ``Deferred``.

    Where the server offers PIPELINING the commands of the next message travel with the end of the one before
    (RFC 2920 §3.1: message content may begin a group), so that a message costs one round trip.
    """

    def __init__(self, session: Session, route: SmtpRoute) -> None:
        self._session = session
        self._timeouts = route.timeouts
        self._share = route.messages_per_connection
        self._carried = 0
        self._open = True
        self._stuffing = Stuffing()
        self._ahead: _Proposal | None = None  # its commands are with the server already
        self._dirty = False  # a transaction was left half done: RSET goes before the next one
        self._pipelining = session.has_extn("pipelining")
        self._utf8 = session.has_extn("smtputf8")
        self._takes_size = session.has_extn("size")
        limit = session.esmtp_features.get("size", "").strip()
        self._size_limit = int(limit) if limit.isascii() and limit.isdigit() else 0  # 0: none fixed (RFC 1870 §4)

    @property
    def usable(self) -> bool:
        """Whether another ``send`` can succeed and the line has not carried its share yet."""
        return self._open and (self._share is None or self._carried < self._share)

    def send(self, envelope: Envelope, *, then: Envelope | None = None) -> Outcome:
        """Run one transaction and return what became of it; network failures are outcomes, not exceptions.

        With *then*, which must be what is sent next while the line is usable, its commands may travel along.
        """
        if not self._open:
            return Deferred(421, "the connection is closed", "4.4.2", lost=True)
        ahead, self._ahead = self._ahead, None
        proposal = ahead or self._prepared(envelope)
        if isinstance(proposal, Refused):
            return proposal
        self._carried += 1
        following = self._prepared(then) if then is not None and self._pipelining and self.usable else None
        try:
            if proposal.envelope is not envelope:
                raise ConnectionLost("the line was promised to another message")
            if ahead is None and self._session.left_over():
                raise ConnectionLost("the server spoke out of turn")
            following = following if isinstance(following, _Proposal) else None  # its own turn will say why not
            return self._transact(proposal, following, begun=ahead is not None)
        except ConnectionLost as error:
            self._drop()
            return Deferred(421, str(error), "4.4.2", lost=True)

    def close(self) -> None:
        """Say QUIT if the line still stands; never raises."""
        if self._open and self._ahead is None:  # else the server waits for a message, and would take QUIT for one
            with suppress(ConnectionLost):
                self._session.transmit(b"QUIT\r\n", patience=self._timeouts.quit)
                self._session.reply(patience=self._timeouts.quit)
        self._drop()

    def abort(self) -> None:
        """Break the line from another thread: a ``send`` under way ends at once, with what it knows; never raises."""
        self._session.break_line()

    def _drop(self) -> None:
        self._open = False
        self._session.close()

    def _prepared(self, envelope: Envelope) -> _Proposal | Refused:
        """Return *envelope* ready for this line, or why this server cannot be given it, found without asking."""
        addresses = _addresses(envelope)
        if isinstance(addresses, Refused):
            return addresses
        sender, recipient = addresses
        data = envelope.data
        utf8 = needs_smtputf8(sender) or needs_smtputf8(recipient)
        if utf8 and not self._utf8:
            return Refused(553, "the server takes no address with letters beyond ASCII before the @", "5.6.7")
        if self._size_limit and len(data) > self._size_limit:
            return Refused(552, f"{len(data)} octets; the server takes {self._size_limit}", "5.3.4")
        if not utf8 and not data.isascii():
            return Refused(554, "the message is not 7-bit; this is a fault of ours", "5.6.1")
        wire_form = self._stuffing.wire_form(data, envelope.shared)
        if wire_form is None:
            # Some servers end a message at LF.LF: never hand over what could be read as two (SMTP smuggling).
            return Refused(554, "the message has a bare CR, a bare LF or a NUL; this is a fault of ours", "5.6.0")
        declared = f" SIZE={len(data)}" if self._takes_size else ""
        mail = f"MAIL FROM:<{sender}>{declared}{' SMTPUTF8' if utf8 else ''}\r\n".encode()
        return _Proposal(envelope, (("MAIL", mail), ("RCPT", f"RCPT TO:<{recipient}>\r\n".encode())), wire_form)

    def _transact(self, proposal: _Proposal, following: _Proposal | None, *, begun: bool) -> Outcome:
        """Run the transaction; raise ``ConnectionLost`` only where neither refusal nor final dot came before it."""
        if self._dirty and not begun:
            proposal = replace(proposal, stages=(("RSET", b"RSET\r\n"), *proposal.stages))
        muddled, self._dirty = self._dirty and begun, True
        refused: dict[str, Reply] = {}
        try:
            go = self._propose(proposal, refused, begun=begun)
            if muddled and "MAIL" in refused and refused["MAIL"].code == 503:
                refused.clear()  # it still thinks of the message before, which it did not take
                raise ConnectionLost(str(go))
            if refused and go is not None and go.code == 354:
                self._take_back(refused)
        except ConnectionLost:
            if not refused:
                raise
            self._drop()  # what the server said before it went still holds
            go = None
        if refused:
            return _refused_at(*next(iter(refused.items())))
        assert go is not None
        if go.code != 354:
            return _refused_at("DATA", self._sound(go, "DATA"))
        return self._deliver(proposal.wire_form, following)

    def _propose(self, proposal: _Proposal, refused: dict[str, Reply], *, begun: bool) -> Reply | None:
        """Send the commands and collect what is *refused*; return the answer to DATA, None where DATA was not sent.

        With PIPELINING all go in one group, unless they went before (*begun*), and every answer is read.
        """
        if self._pipelining and not begun:
            self._session.transmit(proposal.group, patience=self._timeouts.command)
        for name, command in proposal.stages:
            if not self._pipelining:
                self._session.transmit(command, patience=self._timeouts.command)
            reply = self._reply(self._timeouts.command)
            if reply.code == 421 or (reply.code >= 300 and name != "RSET"):
                refused[name] = self._sound(reply, name)
                if reply.code == 421 or not self._pipelining:
                    return None
        if not self._pipelining:
            self._session.transmit(b"DATA\r\n", patience=self._timeouts.command)
        return self._reply(self._timeouts.data_start)

    def _take_back(self, refused: dict[str, Reply]) -> None:
        """Answer a 354 that came although nobody will get the message: end the data at once (RFC 2920 §3.1)."""
        if "RCPT" not in refused:
            # A server that refuses the sender and yet takes the recipient would deliver the emptiness.
            self._drop()
            return
        self._session.transmit(b".\r\n", patience=self._timeouts.data_block)
        self._reply(self._timeouts.final_dot)

    def _deliver(self, wire_form: bytes, following: _Proposal | None) -> Outcome:
        """Send the message and its final dot; from then on a lost line leaves it in doubt (RFC 1047)."""
        try:
            self._transmit_message(wire_form, following)
        except ConnectionLost:
            last_words = self._last_words()
            if last_words is None:
                raise
            self._drop()
            return last_words.failure()
        try:
            reply = self._reply(self._timeouts.final_dot)
            if reply.code >= 400:
                return reply.failure()
            self._sound(reply, "the message", expected=2)
        except ConnectionLost as error:
            self._drop()
            return InDoubt(str(error))
        self._dirty = False
        return Accepted(str(reply))

    def _transmit_message(self, wire_form: bytes, following: _Proposal | None) -> None:
        """Send the message, and behind it the commands of the *following*; raise where the message did not go whole."""
        whole = memoryview(wire_form)
        *blocks, last = [whole[start : start + BLOCK] for start in range(0, len(whole), BLOCK)]
        for block in blocks:
            self._session.transmit(block, patience=self._timeouts.data_block)
        self._ahead = following
        group = [following.group] if following is not None else []
        try:
            self._session.transmit(last, *group, patience=self._timeouts.data_block)
        except ConnectionLost as lost:
            if not lost.whole:
                raise

    def _last_words(self) -> Reply | None:
        """Return the 4xx or 5xx a server left on a line that broke while the message was on its way."""
        try:
            reply = self._session.reply(patience=LAST_WORDS)
        except ConnectionLost:
            return None
        return reply if reply.code >= 400 else None

    def _reply(self, patience: float) -> Reply:
        """Read a reply; after a 421 the server closes the line (RFC 5321 §3.8), so do we."""
        reply = self._session.reply(patience=patience)
        if reply.code == 421:
            self._drop()
        return reply

    def _sound(self, reply: Reply, stage: str, *, expected: int = 0) -> Reply:
        """Return *reply* if it is a failure or of the *expected* class; else question and answer are out of step."""
        if reply.code < 400 and reply.code // 100 != expected:
            raise ConnectionLost(f"the server answered {stage} with {reply}")
        return reply


def _transport(route: SmtpRoute, helo_name: str) -> SmtpTransport:
    return SmtpTransport(route, helo_name=helo_name)


def _addresses(envelope: Envelope) -> tuple[str, str] | Refused:
    """Return sender and recipient as they are said to the server."""
    try:
        sender = wire_address(envelope.sender) if envelope.sender else ""
    except BadInput as error:
        return Refused(553, str(error), "5.1.7")
    try:
        return sender, wire_address(envelope.recipient)
    except BadInput as error:
        return Refused(553, str(error), "5.1.3")


def _refused_at(stage: str, reply: Reply) -> Deferred | Refused:
    """Return the outcome of a failing *reply*; a 552 to RCPT is an old way to say too many (RFC 5321 §4.5.3.1.10)."""
    if stage == "RCPT" and reply.code == 552 and reply.enhanced in {"", "5.5.3"}:
        return Deferred(452, reply.text, "4.5.3")
    return reply.failure()


def _tls_context(route: SmtpRoute) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=route.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"The file of certificates {route.ca_file} for {route.host} cannot be read.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not route.verify_certificates:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
