"""A little identity provider on loopback: real HTTP, real signatures, and every lie a test wants told."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "the desk", "a secret: of the+client"


class LittleProvider:
    """Signs in whoever ``claims`` says; each knob makes it lie in one way. A context manager."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.published = [self.key]
        """The keys at the jwks_uri."""
        self.claims: dict[str, Any] = {"sub": "7", "email": "ada@desk.example", "email_verified": True, "name": "Ada"}
        self.lies: dict[str, Any] = {}
        """Claims put in the place of the right ones; None leaves one out."""
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.metadata: dict[str, Any] = {}
        """Entries of the discovery document put in the place of the right ones."""
        self.redeemed = 0
        self._codes: dict[str, dict[str, str]] = {}

    def __enter__(self) -> LittleProvider:
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/tenant"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document."""
        told = {name: f"{self.issuer}/{path}" for name, path in
                (("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "keys"))}  # fmt: skip
        return {"issuer": self.issuer, **told, **self.metadata}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser goes on to; the person said yes."""
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]})

    def token(self, given: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Redeem a code, once, for whoever knows the client's secret and the verifier (RFC 6749 §4.1.3, RFC 7636)."""
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        asked = self._codes.pop(given["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=")
        if (unquote_plus(name), unquote_plus(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or challenge.decode() != asked["code_challenge"]
            or given["redirect_uri"] != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        self.redeemed += 1
        now = int(self.clock().timestamp())
        true = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims}
        said = {name: value for name, value in {**true, **self.lies}.items() if value is not None}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(said)}

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    provider: LittleProvider

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer with the discovery document, the keys, or a way back."""
        parts = urlsplit(self.path)
        match parts.path:
            case "/tenant/.well-known/openid-configuration":
                self._json(200, self.provider.discovery())
            case "/tenant/keys":
                self._json(200, {"keys": [key.as_dict(private=False) for key in self.provider.published]})
            case "/tenant/authorize":
                self.send_response(302)
                self.send_header("Location", self.provider.authorize(_flat(parts.query)))
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        """Redeem a code."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._json(*self.provider.token(_flat(body), self.headers["Authorization"]))

    def _json(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
