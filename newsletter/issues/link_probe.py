"""The probe of one link: HEAD, else GET, redirects followed by hand, each hop judged afresh, all within a time."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from newsletter.issues.link_hosts import Forbidden, NoSuchHost, Reach

SECONDS = 10.0
"""For one link with all its redirects; whoever reads has left by then."""
REDIRECTS = 5
LONGEST = 2_000
"""Characters of an address."""
AGENT = "NewsletterDesk (link check, asks once)"
_MOVES = frozenset({301, 302, 303, 307, 308})
FOR_GOOD = frozenset({301, 308})
_SAFE = "!$%&'()*+,/:;=?@~-._"


class Verdict(StrEnum):
    """What a link leads to."""

    FINE = "fine"
    """A page."""
    MOVED = "moved"
    """A page that has moved for good (301, 308)."""
    CLOSED = "closed"
    """A page for others: 401, 403, 429, 451; many sites turn programs away that let people in."""
    GONE = "gone"
    """Nothing: 404 or 410."""
    BROKEN = "broken"
    """An error of the server, or an answer that is none."""
    SLOW = "slow"
    """No answer in time."""
    SILENT = "silent"
    """No connection."""
    UNSAFE = "unsafe"
    """A server whose certificate browsers refuse."""
    UNKNOWN = "unknown"
    """A name that nobody has."""
    FORBIDDEN = "forbidden"
    """A machine that is not on the public web; it was not asked."""
    ENDLESS = "endless"
    """Redirects without an end."""


_CLOSED = frozenset({401, 402, 403, 407, 429, 451, 999})


@dataclass(frozen=True, slots=True)
class Hop:
    """One address that was asked, with the status it answered; 0: none."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of one link; ``said`` is what the other side said of its failure."""

    verdict: Verdict
    hops: tuple[Hop, ...]
    said: str = ""

    @property
    def end(self) -> str:
        """Where it led in the end."""
        return self.hops[-1].url if self.hops else ""

    @property
    def status(self) -> int:
        """The last status; 0: none."""
        return self.hops[-1].status if self.hops else 0


class _Unusable(Exception):
    """The address cannot be asked."""


_FAILURES: tuple[tuple[type[Exception], Verdict], ...] = (
    (Forbidden, Verdict.FORBIDDEN), (_Unusable, Verdict.FORBIDDEN), (NoSuchHost, Verdict.UNKNOWN),
    (ssl.SSLError, Verdict.UNSAFE), (TimeoutError, Verdict.SLOW), (http.client.HTTPException, Verdict.BROKEN),
    (OSError, Verdict.SILENT),
)  # fmt: skip
"""What a failure means; the first that fits, since some are kinds of others."""


def probe(url: str, reach: Reach, *, seconds: float = SECONDS) -> Probe:
    """Ask what *url* leads to, within *seconds*; whatever happens is the verdict."""
    until = time.monotonic() + seconds
    hops: list[Hop] = []
    while len(hops) <= REDIRECTS:
        try:
            status, location = _asked(url, reach, until)
        except Exception as error:  # a server may answer with anything, and each is a verdict
            late = time.monotonic() >= until
            return Probe(Verdict.SLOW if late else _verdict_on(error), (*hops, Hop(url, 0)), _reason(error))
        hops.append(Hop(url, status))
        if status not in _MOVES or not location:
            return Probe(_judged(hops), tuple(hops))
        url = urljoin(url, location)
    return Probe(Verdict.ENDLESS, tuple(hops))


def _judged(hops: list[Hop]) -> Verdict:
    status = hops[-1].status
    if status in _CLOSED:
        return Verdict.CLOSED
    if status in {404, 410}:
        return Verdict.GONE
    if not 200 <= status < 300:
        return Verdict.BROKEN
    return Verdict.MOVED if len(hops) > 1 and hops[0].status in FOR_GOOD else Verdict.FINE


def _verdict_on(error: Exception) -> Verdict:
    return next((verdict for kind, verdict in _FAILURES if isinstance(error, kind)), Verdict.BROKEN)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message[:200]
    return (error.strerror or "")[:200] if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else ""


def _asked(url: str, reach: Reach, until: float) -> tuple[int, str]:
    """Return status and Location of *url*: by HEAD, and by GET where HEAD is answered with an error."""
    parts = _parts(url)
    status, location = _answer("HEAD", parts, reach, until)
    # Many servers know no HEAD and say so with any error: nothing is called dead by it alone.
    return _answer("GET", parts, reach, until) if status >= 400 or status < 200 else (status, location)


def _parts(url: str) -> SplitResult:
    """Return *url* taken apart; raise ``_Unusable`` for what is no plain web address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _Unusable from error
    named = parts.username is not None or parts.password is not None
    if parts.scheme not in {"http", "https"} or not parts.hostname or named or port == 0 or len(url) > LONGEST:
        raise _Unusable
    return parts


def _answer(method: str, parts: SplitResult, reach: Reach, until: float) -> tuple[int, str]:
    secure = parts.scheme == "https"
    host = _host(parts.hostname or "")
    port = parts.port or (443 if secure else 80)
    with closing(reach.connect(host, port, until=until)) as line, _cut_off(line, until):
        talk: socket.socket = reach.tls.wrap_socket(line, server_hostname=host) if secure else line
        with closing(talk):
            talk.sendall(_request(method, parts, host))
            answer = http.client.HTTPResponse(talk, method="HEAD")  # the head is all that is read of either
            answer.begin()
            if time.monotonic() >= until:  # a head that was cut off looks like a short one
                raise TimeoutError
            return answer.status, answer.getheader("Location", "") or ""


def _request(method: str, parts: SplitResult, host: str) -> bytes:
    shown = f"[{host}]" if ":" in host else host
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    lines = (
        f"{method} {target} HTTP/1.1", f"Host: {shown}{f':{parts.port}' if parts.port else ''}",
        f"User-Agent: {AGENT}", "Accept: */*", "Connection: close", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode("ascii")


def _host(name: str) -> str:
    """Return *name* as it is asked for in DNS: A-labels (UTS 46), as browsers make them."""
    if name.isascii():
        if not re.fullmatch(r"[A-Za-z0-9._:%-]+", name):
            raise _Unusable
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise NoSuchHost from error


@contextmanager
def _cut_off(line: socket.socket, until: float) -> Iterator[None]:
    """End *line* when the time is over: a time-out alone begins anew with every byte that a slow server lets drip."""
    line.settimeout(max(0.05, until - time.monotonic()))
    held = line.dup()  # TLS takes the line over; both names mean the same connection

    def cut() -> None:
        with suppress(OSError):  # ended by itself meanwhile
            held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        held.close()
