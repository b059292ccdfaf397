"""Tokens for XOAUTH2: fetched from a token endpoint (RFC 6749), kept until shortly before they expire."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from newsletter.kit.errors import SettingsError
from newsletter.mail.envelope import TransportUnavailable

EARLY = 120.0
"""Seconds before its end at which a token is fetched anew, so that none ends in the middle of a sign-in."""
USUAL_LIFE = 300.0
"""Seconds a token is kept whose endpoint does not say how long it lives (RFC 6749 §5.1 only recommends it)."""
PATIENCE = 20.0
LONGEST_ANSWER = 64 * 1024
_TRY_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who we are to the token endpoint: by a refresh token (RFC 6749 §6), else by client credentials (§4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.token_url)
        on_loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and on_loopback)):
            raise SettingsError(f"The token endpoint {self.token_url!r} must begin with https://.")
        if not (self.refresh_token or self.client_secret):
            raise SettingsError(
                "A sign-in by OAuth needs a refresh_token, or a client_secret for an application's own credentials."
            )

    def form(self, refresh_token: str) -> dict[str, str]:
        """Return the fields of a token request."""
        grant = {"grant_type": "client_credentials"}
        if refresh_token:
            grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        more = {"client_secret": self.client_secret, "scope": self.scope}
        return {**grant, "client_id": self.client_id, **{name: value for name, value in more.items() if value}}


class TokenSource:
    """Gives the token that is valid now; safe to share between threads, which wait for one fetch together."""

    def __init__(self, client: OAuthClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._refresh_token = client.refresh_token
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """Return a valid access token; raise ``TransportUnavailable`` with what the endpoint said."""
        with self._lock:
            if not self._token or self._monotonic() >= self._until:
                self._fetch()
            return self._token

    def forget(self, token: str) -> None:
        """Fetch anew next time, since a server would not take *token*: it was revoked, or its rights have changed."""
        with self._lock:
            if token == self._token:
                self._token = ""

    def _fetch(self) -> None:
        answer = _asked(self._client.token_url, self._client.form(self._refresh_token))
        token = answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise TransportUnavailable("the token endpoint gives no access token", permanent=True)
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, int | float | str) and str(life).isdigit() else USUAL_LIFE
        # An endpoint may give a new refresh token with each answer; the old one then ends sooner or later (§6).
        self._refresh_token = str(answer.get("refresh_token") or self._refresh_token)
        self._token = token
        self._until = self._monotonic() + max(seconds - EARLY, seconds / 2)


def xoauth2(user: str, token: str) -> bytes:
    """Return the initial response of AUTH XOAUTH2, as Google and Microsoft describe it, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def _asked(url: str, form: dict[str, str]) -> dict[str, Any]:
    """Post *form* to the token endpoint and return its answer; neither secret nor token is ever in an error."""
    request = urllib.request.Request(  # noqa: S310  # the scheme was checked when the client was made
        url, urllib.parse.urlencode(form).encode(), {"Accept": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  # as above
            return _read(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            said = _read(error.read(LONGEST_ANSWER), strict=False)
        words = f"{error.code} {said.get('error', '')}".strip()
        permanent = 400 <= error.code < 500 and error.code not in _TRY_AGAIN
        raise TransportUnavailable(f"the token endpoint refuses us: {words}", permanent=permanent) from error
    except OSError as error:
        raise TransportUnavailable(f"the token endpoint does not answer: {error}") from error


def _read(octets: bytes, *, strict: bool = True) -> dict[str, Any]:
    try:
        answer = json.loads(octets)
    except ValueError as error:
        if strict:
            raise TransportUnavailable("the token endpoint answers with something that is no JSON") from error
        return {}
    return answer if isinstance(answer, dict) else {}
