"""The one setting that says where mail goes is read strictly and never shows its password."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import SettingsError
from newsletter.mail.smtp import SmtpRoute, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "route"),
    [
        ("smtp://127.0.0.1:2525", SmtpRoute("127.0.0.1", 2525, "none")),
        ("smtp://localhost", SmtpRoute("localhost", 25, "none")),
        ("smtp://mail.example.org", SmtpRoute("mail.example.org", 587, "starttls")),
        ("smtps://mail.example.org/", SmtpRoute("mail.example.org", 465, "tls")),
        ("smtp://relay.example.org:25?starttls=no", SmtpRoute("relay.example.org", 25, "none")),
        ("smtp://[::1]:2525", SmtpRoute("::1", 2525, "none")),
        (
            "smtps://news%40example.org:p%2Fa%3Ass%20@mail.example.org?pace=0.5&connections=3&per_connection=20&verify=no",
            SmtpRoute(
                "mail.example.org", 465, "tls", "news@example.org", "p/a:ss ", 3, 0.5, 20, verify_certificates=False
            ),
        ),
        (
            "smtp://127.0.0.1?pace=none&per_connection=none",
            SmtpRoute("127.0.0.1", pace=None, messages_per_connection=None),
        ),
    ],
)
def test_a_sound_url_is_read(url: str, route: SmtpRoute):
    """Encryption is the default wherever a wire is involved; the pace is gentle unless said otherwise."""
    assert parse_smtp_url(url) == route


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("", "smtp://"),
        ("http://mail.example.org", "smtp://"),
        ("smtp://", "host"),
        ("smtp://mail.example.org:0", "port"),
        ("smtp://mail.example.org:99999", "port"),
        ("smtp://mail.example.org:mail", "port"),
        ("smtp://user@mail.example.org", "password"),
        ("smtp://:secret@mail.example.org", "password"),
        ("smtp://user:secret@mail.example.org?starttls=no", "in the clear"),
        ("smtp://user:se/cret@mail.example.org", "%2F|port"),
        ("smtp://mail.example.org?starttls=maybe", "starttls=maybe"),
        ("smtps://mail.example.org?starttls=required", "twice"),
        ("smtp://mail.example.org?pace=fast", "pace=fast"),
        ("smtp://mail.example.org?pace=0", "pace=0"),
        ("smtp://mail.example.org?pace=nan", "pace=nan"),
        ("smtp://mail.example.org?pace=-1", "pace=-1"),
        ("smtp://mail.example.org?connections=0", "connections=0"),
        ("smtp://mail.example.org?connections=1000", "connections=1000"),
        ("smtp://mail.example.org?connections=٣", "connections="),
        ("smtp://mail.example.org?per_connection=x", "per_connection=x"),
        ("smtp://mail.example.org?verify=perhaps", "verify=perhaps"),
        ("smtp://mail.example.org?ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("smtp://mail.example.org?tls=yes", "'tls'"),
        ("smtp://mail.example.org?pace=1&pace=2", "pace twice"),
        ("smtp://mail.example.org#x", "%23"),
        ("smtp://mail.example.org\r\n", "line break"),
        ("smtp://u%FF:x@mail.example.org", "UTF-8"),
    ],
)
def test_a_bad_url_is_named_with_its_bad_part(url: str, named: str):
    """The sentence names the setting and what to mend."""
    with pytest.raises(SettingsError, match=named) as caught:
        parse_smtp_url(url)
    assert "NEWSLETTER_SMTP_URL" in str(caught.value)
    assert "cret" not in str(caught.value)


def test_the_password_is_not_in_the_repr():
    """Tracebacks and logs show routes."""
    assert "secret" not in repr(parse_smtp_url("smtps://user:secret@mail.example.org"))


def test_a_file_of_certificates_is_taken(tmp_path: Path):
    """For a relay with a certificate of the house."""
    path = tmp_path / "ca.pem"
    path.write_text("")
    assert parse_smtp_url(f"smtps://mail.example.org?ca={path}").ca_file == path


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=60))
def test_any_text_is_a_route_or_one_clear_sentence(text: str):
    """Never a traceback."""
    for url in (text, f"smtp://{text}", f"smtp://mail.example.org?{text}"):
        with suppress(SettingsError):
            assert parse_smtp_url(url).host
