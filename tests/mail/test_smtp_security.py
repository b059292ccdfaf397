"""TLS and sign-in: nothing secret leaves in the clear, nothing said in the clear counts."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest

from newsletter.kit.errors import SettingsError
from newsletter.mail.envelope import Accepted, Envelope, TransportUnavailable
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTimeouts, SmtpTransport
from tests.smtp_server import ScriptedSmtpServer, make_certificate

MESSAGE = Envelope("bounce@example.org", "b@example.net", b"Subject: t\r\n\r\nHello\r\n")
PATIENT = SmtpTimeouts(10, 10, 10, 10, 10, 10, 2)

Certificate = tuple[Path, ssl.SSLContext]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A self-signed certificate for localhost."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def connect(server: ScriptedSmtpServer, **options: object) -> SmtpConnection:
    options = {"host": "localhost", "security": "starttls", "timeouts": PATIENT, **options}
    return SmtpTransport(SmtpRoute(port=server.port, **options), helo_name="desk.test").connect()  # type: ignore[arg-type]


def test_starttls_with_a_trusted_certificate_carries_the_mail(certificate: Certificate):
    """EHLO is said again, and what the server said before TLS is forgotten."""
    path, context = certificate
    server = ScriptedSmtpServer(
        extensions=("STARTTLS", "PIPELINING", "SIZE 1"), tls_extensions=("ENHANCEDSTATUSCODES",), tls=context
    )
    with server:
        connection = connect(server, ca_file=path)
        # The SIZE 1 and the PIPELINING of the clear part no longer hold.
        assert isinstance(connection.send(MESSAGE), Accepted)
        connection.close()
    words = [command.split(" ")[0].upper() for command in server.commands]
    assert words == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_self_signed_certificate_is_refused_unless_it_is_trusted(certificate: Certificate):
    """Permanent: a person must mend it."""
    with ScriptedSmtpServer(extensions=("STARTTLS",), tls=certificate[1]) as server:
        with pytest.raises(TransportUnavailable, match="certificate") as caught:
            connect(server)
        assert caught.value.permanent
        connection = connect(server, verify_certificates=False)
        assert isinstance(connection.send(MESSAGE), Accepted)
        connection.close()


def test_a_certificate_for_another_name_is_refused(tmp_path: Path):
    """Trusted, but not this server's."""
    path, context = make_certificate(tmp_path, name="elsewhere.test")
    with ScriptedSmtpServer(extensions=("STARTTLS",), tls=context) as server:
        with pytest.raises(TransportUnavailable, match="certificate") as caught:
            connect(server, ca_file=path)
        assert caught.value.permanent


def test_implicit_tls_carries_the_mail(certificate: Certificate):
    """smtps:// on port 465."""
    with ScriptedSmtpServer(tls=certificate[1], implicit_tls=True) as server:
        connection = connect(server, security="tls", ca_file=certificate[0])
        assert isinstance(connection.send(MESSAGE), Accepted)
        connection.close()


def test_no_mail_leaves_where_starttls_is_required_and_not_offered():
    """A stripped offer is an attack or a mistake; both end here."""
    with ScriptedSmtpServer() as server, pytest.raises(TransportUnavailable, match="STARTTLS") as caught:
        connect(server)
    assert caught.value.permanent
    assert [command.upper()[:4] for command in server.commands] == ["EHLO"]


def test_a_starttls_that_is_put_off_is_not_permanent(certificate: Certificate):
    """454: not now (RFC 3207 §4)."""
    server = ScriptedSmtpServer({"STARTTLS": ["454 4.3.0 later"]}, ("STARTTLS",), tls=certificate[1])
    with server, pytest.raises(TransportUnavailable, match="454") as caught:
        connect(server, ca_file=certificate[0])
    assert not caught.value.permanent


def test_words_slipped_in_before_the_encryption_end_the_session(certificate: Certificate):
    """CVE-2011-0411: an answer that stands behind the 220 was written by somebody on the line."""
    server = ScriptedSmtpServer(
        {"STARTTLS": ["220 go on\r\n250 injected"]}, ("STARTTLS", "PIPELINING"), tls=certificate[1]
    )
    with server, pytest.raises(TransportUnavailable, match="before it was encrypted"):
        connect(server, ca_file=certificate[0])


def test_a_server_that_talks_no_tls_is_named(certificate: Certificate):
    """smtps:// to a port of plain SMTP."""
    with ScriptedSmtpServer({"GREETING": ["220 " + "x" * 100]}) as server, pytest.raises(TransportUnavailable):
        connect(server, security="tls", ca_file=certificate[0])


# --- sign-in ---


@pytest.mark.parametrize("offer", ["AUTH PLAIN LOGIN", "AUTH=PLAIN", "AUTH XOAUTH2 plain"])
def test_sign_in_by_plain(offer: str):
    """One command, UTF-8 (RFC 4616); the password may hold any letters."""
    server = ScriptedSmtpServer({"AUTH": ["235 2.7.0 welcome"]}, (offer,))
    with server:
        connection = connect(server, security="none", username="désk", password="pass wörd")
        assert isinstance(connection.send(MESSAGE), Accepted)
        connection.close()
    auth = next(command for command in server.commands if command.startswith("AUTH"))
    assert base64.b64decode(auth.split(" ")[2]) == "\0désk\0pass wörd".encode()


def test_sign_in_by_login():
    """Where nothing better is offered."""
    answers = {"AUTH": ["334 UGFzc3dvcmQ6"], base64.b64encode(b"secret").decode().upper(): ["235 2.7.0 welcome"]}
    server = ScriptedSmtpServer(answers, ("AUTH LOGIN",))
    with server:
        connect(server, security="none", username="desk", password="secret").close()
    assert server.commands[1:3] == ["AUTH LOGIN " + base64.b64encode(b"desk").decode(), "c2VjcmV0"]


@pytest.mark.parametrize(
    ("answer", "permanent"), [("535 5.7.8 wrong", True), ("454 4.7.0 later", False), ("334 more", True)]
)
def test_a_refused_sign_in_is_named_and_the_password_is_not(answer: str, permanent: bool):
    """Wrong credentials are permanent, a busy directory is not."""
    with (
        ScriptedSmtpServer({"AUTH": [answer]}, ("AUTH PLAIN",)) as server,
        pytest.raises(TransportUnavailable) as caught,
    ):
        connect(server, security="none", username="desk", password="secret")
    assert caught.value.permanent is permanent
    assert caught.value.said is None, "about the sign-in, not about our pace"
    assert "secret" not in str(caught.value)


def test_a_server_without_a_known_sign_in_is_named():
    """Rather than sending without."""
    server = ScriptedSmtpServer(extensions=("AUTH GSSAPI",))
    with server, pytest.raises(TransportUnavailable, match="PLAIN or LOGIN") as caught:
        connect(server, security="none", username="desk", password="secret")
    assert caught.value.permanent


def test_credentials_go_over_tls_after_starttls(certificate: Certificate):
    """AUTH is offered only inside, and said only inside."""
    server = ScriptedSmtpServer(
        {"AUTH": ["235 2.7.0 welcome"]}, ("STARTTLS",), tls_extensions=("AUTH PLAIN",), tls=certificate[1]
    )
    with server:
        connect(server, ca_file=certificate[0], username="desk", password="secret").close()
    words = [command.split(" ")[0].upper() for command in server.commands]
    assert words == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]


def test_credentials_in_the_clear_are_refused_beyond_loopback():
    """The route itself cannot be made."""
    with pytest.raises(SettingsError, match="in the clear"):
        SmtpRoute("mail.example.org", security="none", username="desk", password="secret")


def test_a_file_of_certificates_that_is_none_is_named(tmp_path: Path):
    """At start, not at the first mail."""
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        SmtpTransport(SmtpRoute("localhost", security="tls", ca_file=path), helo_name="desk.test")
