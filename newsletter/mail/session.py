"""The session with an SMTP server: greeting, EHLO, STARTTLS, AUTH, and replies read under a deadline."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from contextlib import suppress

from newsletter.mail.envelope import Deferred, TransportUnavailable
from newsletter.mail.oauth import TokenSource, xoauth2
from newsletter.mail.replies import REPLY_LIMIT, NotAReply, Reply, parse_line, single_reply
from newsletter.mail.route import SmtpRoute

_RECEIVE = 64 * 1024


class ConnectionLost(Exception):
    """The line broke, fell silent past its time, or speaks no SMTP any more."""

    def __init__(self, message: str, *, whole: int = 0) -> None:
        super().__init__(message)
        self.whole = whole
        """How many of the pieces that were to be sent had left whole."""


class Session(smtplib.SMTP):
    """The standard library's session with replies read strictly and under one deadline each.

    Its own reader waits anew after every octet, so that a trickling server could hold a worker for days; and a reply
    that stands in the buffer when STARTTLS is answered was written by somebody on the line (CVE-2011-0411).
    """

    def __init__(self, route: SmtpRoute, *, helo_name: str, context: ssl.SSLContext | None) -> None:
        self._buffer = bytearray()
        self._route = route
        self._context = context
        self.patience = route.timeouts.greeting
        super().__init__(local_hostname=helo_name, timeout=route.timeouts.connect)
        self._host = route.host  # the name STARTTLS asks the certificate for

    def _get_socket(self, host: str, port: int, timeout: float | None) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._route.security == "tls" and self._context is not None:
            try:
                return self._context.wrap_socket(line, server_hostname=host)
            except BaseException:
                line.close()
                raise
        return line

    def transmit(self, *pieces: bytes | memoryview, patience: float) -> None:
        """Send *pieces* in order, each within *patience* seconds; a ``ConnectionLost`` counts the whole ones."""
        line = self._line()
        left = list(pieces)
        try:
            line.settimeout(patience)
            if len(left) > 1 and not isinstance(line, ssl.SSLSocket):  # in one packet, where they fit
                _cut(left, line.sendmsg(left))
            while left:
                line.sendall(left[0])
                del left[0]
        except OSError as error:
            raise ConnectionLost(_why(error), whole=len(pieces) - len(left)) from error

    def reply(self, *, patience: float) -> Reply:
        """Read one whole reply within *patience* seconds; raise ``ConnectionLost``."""
        deadline = time.monotonic() + patience
        lines: list[str] = []
        room = REPLY_LIMIT
        try:
            line = self._reply_line(deadline, room)
            reply = single_reply(line)
            if reply is not None:
                return reply
            while True:
                room -= len(line)
                code, more, text = parse_line(line)
                lines.append(text)
                if not more:
                    return Reply(code, tuple(lines))
                line = self._reply_line(deadline, room)
        except NotAReply as error:
            raise ConnectionLost(str(error)) from error

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply for the standard library's commands."""
        try:
            reply = self.reply(patience=self.patience)
        except ConnectionLost as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error
        return reply.code, "\n".join(reply.lines).encode()

    def break_line(self) -> None:
        """End the line under the feet of whoever reads or writes it; safe from another thread, never raises."""
        line = self.sock
        if line is not None:
            with suppress(OSError):
                # The socket's own, since TLS would throw its state away while another thread reads with it.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def left_over(self) -> bytes:
        """Return what the server said without being asked."""
        return bytes(self._buffer)

    def _line(self) -> socket.socket:
        if self.sock is None:
            raise ConnectionLost("the connection is closed")
        return self.sock

    def _reply_line(self, deadline: float, room: int) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > room:
                raise ConnectionLost("the server's reply has no end")
            line = self._line()
            try:
                line.settimeout(max(0.001, deadline - time.monotonic()))
                received = line.recv(_RECEIVE)
            except OSError as error:
                raise ConnectionLost(_why(error)) from error
            if not received:
                raise ConnectionLost("the server closed the connection")
            self._buffer += received
        taken = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if len(taken) > room:
            raise ConnectionLost("the server's reply has no end")
        return taken


def open_session(route: SmtpRoute, *, helo_name: str, context: ssl.SSLContext | None) -> Session:
    """Connect, greet, secure and sign in; raise ``TransportUnavailable`` with what the server or the network said."""
    session = Session(route, helo_name=helo_name, context=context)
    where = f"{route.host}:{route.port}"
    try:
        _greet(session, route)
        if route.security == "starttls":
            _secure(session, route, context)
        if route.username:
            _sign_in(session, route)
    except TransportUnavailable as error:
        session.close()
        raise TransportUnavailable(f"{where}: {error}", permanent=error.permanent, said=error.said) from error
    except ssl.SSLCertVerificationError as error:
        session.close()
        message = f"{where}: its certificate is not trusted ({error.verify_message})"
        raise TransportUnavailable(message, permanent=True) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError) as error:  # it hung up, as any line may
        session.close()
        raise TransportUnavailable(f"{where}: the server closed the connection during the TLS handshake") from error
    except ssl.SSLError as error:
        session.close()
        raise TransportUnavailable(f"{where}: no TLS ({error.reason or error})", permanent=True) from error
    except OSError as error:  # smtplib.SMTPException is one too
        session.close()
        raise TransportUnavailable(f"{where}: {_why(error)}") from error
    except UnicodeError as error:
        session.close()
        raise TransportUnavailable(f"{where}: that is no host name", permanent=True) from error
    except BaseException:
        session.close()
        raise
    return session


def _greet(session: Session, route: SmtpRoute) -> None:
    _expect(session.connect(route.host, route.port), 220, "greets with")
    session.patience = route.timeouts.command
    _introduce(session)


def _introduce(session: Session) -> None:
    answer = session.ehlo()
    if answer[0] in {500, 501, 502, 504, 550}:  # RFC 5321 §3.2: a server may know only HELO
        answer = session.helo()
    _expect(answer, 250, "answers EHLO with")


def _secure(session: Session, route: SmtpRoute, context: ssl.SSLContext | None) -> None:
    if not session.has_extn("starttls"):
        raise TransportUnavailable("the server does not offer STARTTLS, which this route requires", permanent=True)
    try:
        session.starttls(context=context)
    except smtplib.SMTPResponseException as error:
        _expect((error.smtp_code, _octets(error.smtp_error)), 220, "answers STARTTLS with")
    if session.left_over():
        raise TransportUnavailable("somebody wrote into the line before it was encrypted", permanent=True)
    # What was said before TLS counts for nothing (RFC 3207 §4.2); the library has forgotten it, so ask again.
    _introduce(session)


def _sign_in(session: Session, route: SmtpRoute) -> None:
    """AUTH PLAIN, or LOGIN where that is all there is; in UTF-8 (RFC 4616 §2), which the library's own cannot."""
    offered = session.esmtp_features.get("auth", "").upper().split()
    if route.tokens is not None:
        _sign_in_by_token(session, route, route.tokens, offered)
        return
    user, password = route.username.encode(), route.password.encode()
    nul = b"\0"
    if "PLAIN" in offered:
        answer = session.docmd("AUTH", f"PLAIN {_base64(b''.join((nul, user, nul, password)))}")
    elif "LOGIN" in offered:
        answer = session.docmd("AUTH", f"LOGIN {_base64(user)}")
        if answer[0] == 334:
            answer = session.docmd(_base64(password))
    else:
        raise TransportUnavailable("the server offers no sign-in by PLAIN or LOGIN", permanent=True)
    if answer[0] == 334:
        raise TransportUnavailable("the server wants a longer sign-in than PLAIN and LOGIN have", permanent=True)
    _expect(answer, 235, "refuses the sign-in:")


def _sign_in_by_token(session: Session, route: SmtpRoute, tokens: TokenSource, offered: list[str]) -> None:
    """AUTH XOAUTH2; a token that is refused is forgotten, and a fresh one tried once."""
    if "XOAUTH2" not in offered:
        raise TransportUnavailable("the server offers no sign-in by XOAUTH2", permanent=True)
    for attempt in (1, 2):
        token = tokens.token()
        answer = session.docmd("AUTH", f"XOAUTH2 {_base64(xoauth2(route.username, token))}")
        if answer[0] == 334:  # what is wrong stands in the challenge; an empty answer brings the verdict
            answer = session.docmd("")
        if answer[0] == 235:
            return
        tokens.forget(token)
        if attempt == 2 or answer[0] != 535:
            _expect(answer, 235, "refuses the sign-in:")


def _expect(answer: tuple[int, bytes], code: int, words: str) -> None:
    if answer[0] != code:
        reply = Reply(answer[0], tuple(answer[1].decode("utf-8", "replace").split("\n")))
        failure = reply.failure()
        # A 454 4.7.0 to AUTH is about the sign-in (RFC 4954 §6), a 421 at any point about us.
        said = failure if isinstance(failure, Deferred) and (code != 235 or failure.code == 421) else None
        raise TransportUnavailable(f"the server {words} {reply}", permanent=answer[0] >= 500, said=said)


def _cut(pieces: list[bytes | memoryview], sent: int) -> None:
    """Take the first *sent* octets out of *pieces*."""
    while pieces and sent >= len(pieces[0]):
        sent -= len(pieces.pop(0))
    if sent:
        pieces[0] = memoryview(pieces[0])[sent:]


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
