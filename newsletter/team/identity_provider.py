"""The house's identity provider: OpenID Connect with code flow, PKCE, state and nonce (OIDC Core §3.1, RFC 7636).

A provider is found by its issuer (OIDC Discovery §4). What it says is believed only if it is signed with a key it
publishes, made for us, fresh, and an answer to the question that this very browser was sent with.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from newsletter.kit.catalogue import N_
from newsletter.kit.clock import Clock
from newsletter.kit.errors import BadInput, DeskError

TIMEOUT = 10
"""Seconds for each answer of the provider."""
KNOWN_FOR = timedelta(hours=1)
"""How long the provider's addresses and keys are believed; a token under an unknown key asks anew."""
LEEWAY = 60
"""Seconds by which its clock and ours may differ."""
LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Signatures with a public key alone: a shared secret or none at all would let others sign."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
REFUSED = N_("Your organisation's sign-in did not vouch for you. Please try again.")
AWAY = N_("Your organisation's sign-in cannot be reached at the moment. Please try again in a few minutes.")


class IdentityRefused(BadInput):
    """The provider's answer is not believed, or says no; the reason is in the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSED)
        self.reason = reason


class ProviderAway(DeskError):
    """The provider does not answer as its issuer promises; the reason is in the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(AWAY)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Errand:
    """What a browser was sent to the provider for, sealed in its cookie until it comes back."""

    state: str
    nonce: str
    verifier: str
    begun: float
    """Seconds since 1970."""
    wanted: str = ""
    """The page to go on to."""
    pass_token: str = ""
    """The pass whose person is to be tied to the identity."""
    session_id: int = 0
    """The session whose person is to be tied to the identity."""

    def to_json(self) -> bytes:
        """Return it as the cookie seals it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Errand:
        """Read what ``to_json`` wrote."""
        return cls(**json.loads(data))


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for."""

    key: str
    """Issuer and subject: the only name that the provider never gives to somebody else (OIDC Core §5.7)."""
    address: str
    """An address that the provider says is verified; else empty."""
    name: str


class IdentityProvider:
    """One provider as seen by one client. Thread safe."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, back: str, clock: Clock) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._back = back
        self._clock = clock
        self._mutex = threading.Lock()
        self._known: tuple[datetime, dict[str, Any], KeySet] | None = None

    def begin(self, **about: Any) -> tuple[str, Errand]:
        """Return where to send the browser, and the errand to seal into its cookie; raises ``ProviderAway``."""
        metadata, _ = self._provider()
        errand = Errand(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48),
            begun=self._clock().timestamp(), **about,
        )  # fmt: skip
        question = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": create_s256_code_challenge(errand.verifier),
            "code_challenge_method": "S256",
        }
        place = str(metadata["authorization_endpoint"])
        return place + ("&" if urlsplit(place).query else "?") + urlencode(question), errand

    def finish(self, errand: Errand, answer: Mapping[str, str]) -> Identity:
        """Return whom the provider vouches for; raises ``IdentityRefused`` or ``ProviderAway``."""
        if not secrets.compare_digest(errand.state.encode(), answer.get("state", "").encode()):
            raise IdentityRefused("the answer is to another question (state)")
        if self._clock().timestamp() - errand.begun > LASTS.total_seconds():
            raise IdentityRefused("the answer took too long")
        # RFC 9207: two providers cannot be mixed up.
        if answer.get("iss", self.issuer) != self.issuer:
            raise IdentityRefused("the answer comes from another issuer (iss)")
        if "error" in answer or not answer.get("code"):
            raise IdentityRefused(f"the provider said {answer.get('error', 'nothing')!r}")
        token = self._redeem(answer["code"], errand.verifier)
        claims = self._believed(token, errand)
        return Identity(f"{self.issuer} {claims['sub']}", _verified_address(claims), str(claims.get("name") or ""))

    def _redeem(self, code: str, verifier: str) -> str:
        metadata, _ = self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
            "client_id": self._client_id,
        }
        # client_secret_basic is what a provider that names nothing must know (OIDC Discovery §3).
        known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = None
        if "client_secret_basic" in known:
            basic = httpx.BasicAuth(*(_form_encoded(part) for part in (self._client_id, self._client_secret)))
        else:
            form["client_secret"] = self._client_secret
        try:
            with httpx.Client(timeout=TIMEOUT) as http:
                answer = http.post(
                    str(metadata["token_endpoint"]), data=form, headers={"Accept": "application/json"},
                    auth=basic or httpx.USE_CLIENT_DEFAULT,
                )  # fmt: skip
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway(f"the token endpoint: {error}") from error
        if answer.status_code >= 500:
            raise ProviderAway(f"the token endpoint answered {answer.status_code}")
        if not isinstance(said, dict) or not isinstance(said.get("id_token"), str):
            raise IdentityRefused(f"no ID token ({answer.status_code} {_error_in(said)})")
        return str(said["id_token"])

    def _believed(self, token: str, errand: Errand) -> dict[str, Any]:
        """Return the claims of an ID token that passes every check of OIDC Core §3.1.3.7."""
        try:
            claims = CodeIDToken(
                *self._decoded(token),
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                params={"nonce": errand.nonce, "client_id": self._client_id},
            )
            claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise IdentityRefused(f"the ID token is not believed: {error}") from error
        audience = claims["aud"]
        if isinstance(audience, list) and audience != [self._client_id] and claims.get("azp") != self._client_id:
            raise IdentityRefused("the ID token is for others, too (aud without azp)")
        if not claims["sub"] or not isinstance(claims["sub"], str):
            raise IdentityRefused("the ID token names nobody (sub)")
        return dict(claims)

    def _decoded(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        _, keys = self._provider()
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # it may have a new key
            _, keys = self._provider(anew=True)
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        return decoded.claims, dict(decoded.header)

    def _provider(self, *, anew: bool = False) -> tuple[dict[str, Any], KeySet]:
        """Return the provider's addresses and keys, asked for when they are not known or *anew*."""
        with self._mutex:
            if not anew and self._known is not None and self._clock() - self._known[0] < KNOWN_FOR:
                return self._known[1:]
            try:
                with httpx.Client(timeout=TIMEOUT) as http:
                    metadata = _object(http.get(self.issuer.rstrip("/") + "/.well-known/openid-configuration"))
                    if metadata.get("issuer") != self.issuer:
                        raise ProviderAway(f"it calls itself {metadata.get('issuer')!r}")
                    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                        _check_place(name, metadata.get(name))
                    keys = KeySet.import_key_set(_object(http.get(str(metadata["jwks_uri"]))))  # type: ignore[arg-type]
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderAway(f"{type(error).__name__}: {error}") from error
            self._known = (self._clock(), metadata, keys)
            return metadata, keys


def _object(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    said = answer.json()
    if not isinstance(said, dict):
        raise TypeError(f"{answer.url.path} is no JSON object")
    return said


def _check_place(name: str, place: object) -> None:
    """Raise ``ProviderAway`` for an address that would carry secrets in the clear."""
    parts = urlsplit(place) if isinstance(place, str) else urlsplit("")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ProviderAway(f"its {name} is {place!r}, and must be https")


def _verified_address(claims: dict[str, Any]) -> str:
    """Return the address if the provider says that it is the person's own, else nothing.

    Microsoft's tokens bear ``email`` as its owner typed it; only ``xms_edov`` says that the domain is the tenant's.
    """
    verified = claims.get("email_verified") is True or claims.get("xms_edov") in (True, 1, "1", "true")
    address = claims.get("email")
    return address if verified and isinstance(address, str) else ""


def _form_encoded(part: str) -> str:
    """Return *part* as RFC 6749 §2.3.1 wants it before it goes into the header."""
    return urlencode({"": part})[1:]


def _error_in(said: object) -> str:
    return str(said.get("error", "")) if isinstance(said, dict) else ""
