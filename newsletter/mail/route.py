"""A Route: one SMTP server with its limits and credentials, read from ``NEWSLETTER_SMTP_URL``."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from newsletter.kit.errors import SettingsError
from newsletter.mail.oauth import TokenSource
from newsletter.mail.route_profiles import LIMITS, RouteProfile, profile_of

Security = Literal["none", "starttls", "tls"]
SETTING = "NEWSLETTER_SMTP_URL"
_GENTLE = LIMITS[RouteProfile.OWN_RELAY]
"""For a route nobody has said anything about, since a reputation is lost faster than won."""


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """How long to wait for the server, in seconds; RFC 5321 §4.5.3.2 unless a test is in a hurry."""

    connect: float = 60.0
    greeting: float = 300.0
    command: float = 300.0
    """MAIL, RCPT, EHLO, AUTH."""
    data_start: float = 120.0
    data_block: float = 180.0
    """For one block of the message to be taken by the network."""
    final_dot: float = 600.0
    """Long, because giving up after the final dot leaves the message in doubt (RFC 1047)."""
    quit: float = 5.0
    """A courtesy; nobody waits five minutes for it."""


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """Where mail is handed over and how gently."""

    host: str
    port: int = 25
    security: Security = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = _GENTLE.connections
    pace: float | None = _GENTLE.pace
    """Messages a second over all connections; None is without limit. The dispatcher keeps it, not the transport."""
    messages_per_connection: int | None = _GENTLE.messages_per_connection
    verify_certificates: bool = True
    ca_file: Path | None = None
    """Trust these certificates instead of the system's."""
    timeouts: SmtpTimeouts = SmtpTimeouts()
    profile: RouteProfile = RouteProfile.OWN_RELAY
    daily_limit: int | None = None
    """Messages in any 24 hours; None is without limit. The dispatcher keeps it, not the transport."""
    tokens: TokenSource | None = field(default=None, repr=False, compare=False)
    """Where the tokens for XOAUTH2 come from; None signs in with the password."""

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine, so that nothing can be overheard."""
        return is_loopback(self.host)

    def __post_init__(self) -> None:
        if self.username and self.security == "none" and not self.is_loopback:
            raise SettingsError(
                f"{SETTING} would send the password for {self.host} in the clear; use smtps:// or starttls=required."
            )


def is_loopback(host: str) -> bool:
    """Tell whether *host* can only be this machine: ``localhost`` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_smtp_url(url: str) -> SmtpRoute:
    """Read ``smtp[s]://user:pass@host:port?starttls=required|no&profile=own_relay&pace=10&…``; ``_OPTIONS`` has all.

    Without ``starttls`` it is required, except on loopback. ``pace`` is messages a second, or ``none``. What the
    profile says holds where the URL does not say otherwise. User and password are percent-encoded. Raises
    ``SettingsError`` naming the part that is bad, never showing the password.
    """
    parts, host, port = _server(url)
    username, password = _credentials(parts)
    options = _options(parts.query)
    security = _security(parts.scheme, options.pop("starttls", None), host)
    route = SmtpRoute(
        host=host,
        port=port or {"tls": 465, "starttls": 587, "none": 25}[security],
        security=security,
        username=username,
        password=password,
    )
    route = with_profile(route, _profile(options.pop("profile", None), host))
    for name, value in options.items():
        route = _OPTIONS[name](route, value)
    return route


def with_profile(route: SmtpRoute, profile: RouteProfile) -> SmtpRoute:
    """Return *route* with the limits of *profile*."""
    limits = LIMITS[profile]
    return replace(
        route, profile=profile, pace=limits.pace, connections=limits.connections,
        messages_per_connection=limits.messages_per_connection, daily_limit=limits.daily_limit,
    )  # fmt: skip


def _profile(name: str | None, host: str) -> RouteProfile:
    if name is None:
        return profile_of(host)
    try:
        return RouteProfile(name)
    except ValueError:
        _bad(f"has profile={name}; there are {', '.join(RouteProfile)}.")


def _bad(sentence: str) -> NoReturn:
    raise SettingsError(f"{SETTING} {sentence}")


def _server(url: str) -> tuple[SplitResult, str, int | None]:
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        _bad("has a space or line break in it; percent-encode it.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        _bad("has a port or host that cannot be read; it should look like smtp://user:password@host:587.")
    if parts.scheme not in {"smtp", "smtps"}:
        _bad("must begin with smtp:// or smtps://.")
    if not host:
        _bad("names no host; it should look like smtp://user:password@host:587.")
    if port == 0:
        _bad("has port 0; leave the port out or give the server's.")
    if parts.path not in {"", "/"}:
        # Often a password with an unescaped slash; so do not show it.
        _bad("has something between the port and the ?; percent-encode a / in the password as %2F.")
    if parts.fragment or url.endswith("#"):
        _bad("has a # in it; percent-encode it as %23.")
    return parts, host, port


def _credentials(parts: SplitResult) -> tuple[str, str]:
    try:
        username = unquote(parts.username or "", errors="strict")
        password = unquote(parts.password or "", errors="strict")
    except UnicodeDecodeError:
        _bad("has a user name or password that is not UTF-8 once its percent signs are decoded.")
    if bool(username) != bool(password):
        _bad("needs both a user name and a password, or neither.")
    if "\0" in username + password:
        _bad("has a NUL in the user name or password.")
    return username, password


def _security(scheme: str, starttls: str | None, host: str) -> Security:
    if starttls not in {None, "required", "no"}:
        _bad(f"has starttls={starttls}; it must be required or no.")
    if scheme == "smtps":
        if starttls == "required":
            _bad("asks for TLS twice; use either smtps:// or starttls=required.")
        return "tls"
    if starttls is None:
        return "none" if is_loopback(host) else "starttls"
    return "starttls" if starttls == "required" else "none"


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS and name not in {"starttls", "profile"}:
            _bad(f"has an unknown option {name!r}; there are starttls, profile, {', '.join(_OPTIONS)}.")
        if name in options:
            _bad(f"gives {name} twice.")
        options[name] = value
    return options


def _pace(route: SmtpRoute, value: str) -> SmtpRoute:
    if value == "none":
        return replace(route, pace=None)
    try:
        pace = float(value)
    except ValueError:
        pace = math.nan
    if not (math.isfinite(pace) and pace > 0):
        _bad(f"has pace={value}; it must be messages a second, as in 10 or 0.5, or none.")
    return replace(route, pace=pace)


def _connections(route: SmtpRoute, value: str) -> SmtpRoute:
    return replace(route, connections=_whole_number("connections", value, 1, 100))


def _per_connection(route: SmtpRoute, value: str) -> SmtpRoute:
    if value == "none":
        return replace(route, messages_per_connection=None)
    return replace(route, messages_per_connection=_whole_number("per_connection", value, 1, 1_000_000))


def _daily(route: SmtpRoute, value: str) -> SmtpRoute:
    if value == "none":
        return replace(route, daily_limit=None)
    return replace(route, daily_limit=_whole_number("daily", value, 1, 100_000_000))


def _verify(route: SmtpRoute, value: str) -> SmtpRoute:
    if value not in {"yes", "no"}:
        _bad(f"has verify={value}; it must be yes or no.")
    return replace(route, verify_certificates=value == "yes")


def _ca(route: SmtpRoute, value: str) -> SmtpRoute:
    path = Path(value)
    if not path.is_file():
        _bad(f"has ca={value}, which is no file.")
    return replace(route, ca_file=path)


def _whole_number(name: str, value: str, least: int, most: int) -> int:
    if not (value.isascii() and value.isdigit() and least <= int(value[:10]) <= most):
        _bad(f"has {name}={value}; it must be a whole number from {least} to {most}.")
    return int(value)


_OPTIONS: dict[str, Callable[[SmtpRoute, str], SmtpRoute]] = {
    "pace": _pace,
    "connections": _connections,
    "per_connection": _per_connection,
    "daily": _daily,
    "verify": _verify,
    "ca": _ca,
}
