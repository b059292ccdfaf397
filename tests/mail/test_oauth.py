"""Sign-in by XOAUTH2: a token from a token endpoint, kept while it lives, fetched anew when a server refuses it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from newsletter.kit.errors import SettingsError
from newsletter.mail.envelope import Accepted, Envelope, TransportUnavailable
from newsletter.mail.oauth import OAuthClient, TokenSource
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTransport
from tests.smtp_server import ScriptedSmtpServer

MESSAGE = Envelope("bounce@example.org", "b@example.net", b"Subject: t\r\n\r\nHello\r\n")
OFFER = ("AUTH XOAUTH2", "PIPELINING")


@dataclass
class TokenServer:
    """A token endpoint that numbers its tokens and remembers what it was asked."""

    script: list[tuple[int, dict[str, object]]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def client(self, **more: str) -> OAuthClient:
        given = {"client_id": "desk", "client_secret": "very secret", "scope": "smtp.send", **more}
        return OAuthClient(self.url, **given)


@contextmanager
def token_server(*script: tuple[int, dict[str, object]]) -> Iterator[TokenServer]:
    """Run a token endpoint on loopback for the block."""
    endpoint = TokenServer(list(script))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            endpoint.asked.append({name: values[0] for name, values in form.items()})
            usual = (200, {"access_token": f"token-{len(endpoint.asked)}", "expires_in": 3600})
            status, answer = endpoint.script.pop(0) if endpoint.script else usual
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def connect(server: ScriptedSmtpServer, tokens: TokenSource) -> SmtpConnection:
    route = SmtpRoute("127.0.0.1", server.port, username="news@example.org", tokens=tokens)
    return SmtpTransport(route, helo_name="desk.test").connect()


def said(server: ScriptedSmtpServer) -> list[str]:
    """What the client said to sign in, decoded."""
    return [base64.b64decode(command.split(" ")[2]).decode() for command in server.commands if "XOAUTH2" in command]


def test_a_sign_in_by_client_credentials_carries_the_mail():
    """As Microsoft has it for applications; the response is what both providers describe."""
    with token_server() as endpoint, ScriptedSmtpServer({"AUTH": ["235 2.7.0 welcome"]}, OFFER) as server:
        connection = connect(server, TokenSource(endpoint.client()))
        assert isinstance(connection.send(MESSAGE), Accepted)
        connection.close()
    assert said(server) == ["user=news@example.org\x01auth=Bearer token-1\x01\x01"]
    assert endpoint.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "desk",
            "client_secret": "very secret",
            "scope": "smtp.send",
        }
    ]


def test_a_refresh_token_is_used_and_its_successor_after_it():
    """An endpoint may give a new one with each answer (RFC 6749 §6)."""
    first = (200, {"access_token": "a", "expires_in": 60, "refresh_token": "second"})
    clock = [0.0]
    with token_server(first) as endpoint:
        tokens = TokenSource(endpoint.client(refresh_token="first"), monotonic=lambda: clock[0])
        assert tokens.token() == "a"
        clock[0] = 61.0
        assert tokens.token() == "token-2"
    assert [form["refresh_token"] for form in endpoint.asked] == ["first", "second"]
    assert {form["grant_type"] for form in endpoint.asked} == {"refresh_token"}


def test_one_token_serves_many_connections_until_shortly_before_its_end():
    """Threads wait for one fetch together."""
    clock = [0.0]
    with token_server() as endpoint:
        tokens = TokenSource(endpoint.client(), monotonic=lambda: clock[0])
        got: list[str] = []
        threads = [threading.Thread(target=lambda: got.append(tokens.token())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert got == ["token-1"] * 8
        clock[0] = 3400.0
        assert tokens.token() == "token-1"
        clock[0] = 3500.0
        assert tokens.token() == "token-2"
    assert len(endpoint.asked) == 2


def test_a_token_that_is_refused_is_fetched_anew_once():
    """334 carries what is wrong, an empty answer brings the 535; the second token is good."""
    script = {"AUTH": ["334 eyJzdGF0dXMiOiI0MDEifQ==", "235 2.7.0 welcome"], "": ["535 5.7.3 expired"]}
    with token_server() as endpoint, ScriptedSmtpServer(script, OFFER) as server:
        connect(server, TokenSource(endpoint.client())).close()
    assert [words.split("Bearer ")[1].strip("\x01") for words in said(server)] == ["token-1", "token-2"]


def test_a_sign_in_that_stays_refused_is_permanent_and_shows_no_token():
    """A person must mend the rights of the mailbox."""
    script = {"AUTH": ["535 5.7.139 SmtpClientAuthentication is disabled"] * 2}
    with (
        token_server() as endpoint,
        ScriptedSmtpServer(script, OFFER) as server,
        pytest.raises(TransportUnavailable, match="disabled") as caught,
    ):
        connect(server, TokenSource(endpoint.client()))
    assert caught.value.permanent
    assert "token-" not in str(caught.value)


def test_a_server_without_xoauth2_is_named():
    """Rather than showing the token to whoever asks."""
    with (
        token_server() as endpoint,
        ScriptedSmtpServer(extensions=("AUTH PLAIN",)) as server,
        pytest.raises(TransportUnavailable, match="XOAUTH2"),
    ):
        connect(server, TokenSource(endpoint.client()))
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("status", "answer", "permanent"),
    [
        (400, {"error": "invalid_grant"}, True),
        (401, {"error": "invalid_client"}, True),
        (429, {}, False),
        (503, {}, False),
        (200, {"token_type": "Bearer"}, True),
        (200, {"access_token": "two\r\nlines"}, True),
    ],
)
def test_what_the_endpoint_says_is_told_and_no_secret_with_it(status, answer, permanent):
    """Wrong credentials are permanent, a busy endpoint is not."""
    with token_server((status, answer)) as endpoint, pytest.raises(TransportUnavailable) as caught:
        TokenSource(endpoint.client()).token()
    assert caught.value.permanent is permanent
    assert "secret" not in str(caught.value)


def test_an_endpoint_that_is_away_is_not_permanent():
    """The network heals."""
    with token_server() as endpoint:
        client = endpoint.client()
    with pytest.raises(TransportUnavailable, match="does not answer") as caught:
        TokenSource(client).token()
    assert not caught.value.permanent


@pytest.mark.parametrize("url", ["", "http://login.example.org/token", "file:///etc/passwd", "login.example.org"])
def test_a_token_endpoint_without_tls_is_refused(url):
    """The secret would travel in the clear."""
    with pytest.raises(SettingsError, match="https"):
        OAuthClient(url, "desk", "secret")


def test_secrets_are_in_no_repr():
    """Tracebacks and logs show settings."""
    shown = repr(OAuthClient("https://login.example.org/token", "desk", "hidden1", "hidden2"))
    assert "hidden" not in shown
