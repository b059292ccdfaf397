"""DKIM signatures are believed by dkimpy, and by nobody once a byte that counts is changed."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from newsletter.kit.errors import SettingsError
from newsletter.mail.dkim import SIGNED, DkimSigner, body_hash

MESSAGE = (
    b"From: News <news@example.org>\r\nTo: =?utf-8?b?QWRh?=\r\n  <ada@example.net>\r\nSubject:  Two   blanks \r\n"
    b"Date: Wed, 04 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
    b"List-Unsubscribe: <https://n.example.org/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"List-Id: News <news.example.org>\r\nFeedback-ID: 1:news:issue:desk\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n.\r\n..x\r\n\r\nBye  \r\n"
)


def pem(key: object) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def rsa_signer() -> DkimSigner:
    """A signer with an RSA key of the usual length."""
    return DkimSigner("Example.org", "news", pem(generate_private_key(65537, 2048)))


@pytest.fixture
def ed25519_signer(monkeypatch: pytest.MonkeyPatch) -> DkimSigner:
    """A signer with an Ed25519 key; dkimpy's own arithmetic is PyNaCl, lent here by ``cryptography``."""

    class VerifyKey:
        def __init__(self, octets: bytes, encoder: object = None) -> None:
            self.key = Ed25519PublicKey.from_public_bytes(base64.b64decode(octets))

        def verify(self, data: bytes, signature: bytes) -> None:
            try:
                self.key.verify(signature, data)
            except InvalidSignature as error:
                raise BadSignatureError from error

    class BadSignatureError(Exception):
        pass

    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=base64),
        exceptions=SimpleNamespace(BadSignatureError=BadSignatureError),
    )
    monkeypatch.setattr(dkim, "nacl", nacl, raising=False)
    return DkimSigner("example.org", "ed", pem(Ed25519PrivateKey.generate()))


def believed(message: bytes, signer: DkimSigner) -> bool:
    asked = []

    def record(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name.decode())
        return signer.public_record().encode()

    try:
        verdict = dkim.DKIM(message).verify(dnsfunc=record)
    except dkim.ValidationError:
        return False
    assert asked == [f"{signer.selector}._domainkey.{signer.domain}."]
    return bool(verdict)


def test_dkimpy_believes_an_rsa_signature(rsa_signer: DkimSigner):
    """Relaxed headers, simple body."""
    assert believed(rsa_signer(MESSAGE) + MESSAGE, rsa_signer)


def test_the_algorithm_follows_the_key(rsa_signer: DkimSigner, ed25519_signer: DkimSigner):
    """RSA for everybody, Ed25519 by RFC 8463."""
    assert b"a=rsa-sha256" in rsa_signer(MESSAGE)
    assert b"a=ed25519-sha256" in ed25519_signer(MESSAGE)


def test_dkimpy_believes_an_ed25519_signature(ed25519_signer: DkimSigner):
    """And not a forged one."""
    signed = ed25519_signer(MESSAGE) + MESSAGE
    assert believed(signed, ed25519_signer)
    assert not believed(signed.replace(b"Hello", b"Hullo"), ed25519_signer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hullo"),
        (b"Bye  \r\n", b"Bye\r\n"),
        (b"Subject:  Two", b"Subject:  Ten"),
        (b"/u/x>", b"/u/y>"),
        (b"One-Click", b"Two-Click"),
        (b"1:news:issue", b"2:news:issue"),
        (b"From: News", b"From: Nets"),
        (b"From: News", b"From: evil@example.net\r\nFrom: News"),
        (b"From: News", b"Subject: evil\r\nFrom: News"),
        (b"From: News", b"To: evil@example.net\r\nFrom: News"),
        (b"From: News", b"List-Unsubscribe: <https://evil.example>\r\nFrom: News"),
        (b"From: News", b"Reply-To: evil@example.net\r\nFrom: News"),
        (b"text/plain", b"text/html"),
    ],
)
def test_a_tampered_message_is_not_believed(rsa_signer: DkimSigner, old: bytes, new: bytes):
    """Changed body, changed field, or a second field on top of ours."""
    assert MESSAGE.count(old) == 1
    signed = rsa_signer(MESSAGE) + MESSAGE
    assert not believed(signed.replace(old, new), rsa_signer)


def test_what_relays_may_do_does_no_harm(rsa_signer: DkimSigner):
    """Refolding a header, or blank lines at the end, are within the canonical form."""
    signed = rsa_signer(MESSAGE) + MESSAGE
    assert believed(signed.replace(b"Subject:  Two   blanks \r\n", b"SUBJECT: Two\r\n blanks\r\n"), rsa_signer)
    assert believed(signed + b"\r\n\r\n", rsa_signer)


def test_every_field_a_receiver_acts_on_is_signed(rsa_signer: DkimSigner):
    """RFC 8058 §4 asks for both List-Unsubscribe fields."""
    signature = re.sub(rb"\s", b"", rsa_signer(MESSAGE)).decode()
    names = re.search(r";h=([^;]*);", signature)[1].split(":")  # type: ignore[index]
    assert {"from", "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id", "message-id"} <= set(names)
    assert names.count("from") == names.count("subject") == names.count("to") == 2
    assert set(names) <= set(SIGNED)


def test_an_empty_body_and_a_body_of_blank_lines_are_signed_alike(rsa_signer: DkimSigner):
    """RFC 6376 §3.4.3: the simple form of nothing is one CRLF."""
    head = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert body_hash(b"") == body_hash(b"\r\n\r\n")
    for body in (b"", b"\r\n", b"\r\n\r\n", b"x", b"x\r\n\r\n"):
        assert believed(rsa_signer(head + body) + head + body, rsa_signer)


def test_the_time_stands_in_the_signature_if_it_is_given(rsa_signer: DkimSigner):
    """And the field's lines stay short."""
    head, _, body = MESSAGE.partition(b"\r\n\r\n")
    field = rsa_signer.signature(head + b"\r\n", body_hash(body), at=datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert b" t=1772614800;" in field
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert believed(field + MESSAGE, rsa_signer)


@pytest.mark.parametrize(
    "key",
    [
        b"nonsense",
        b"",
        pem(ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_a_bad_key_is_named_at_start(key: bytes):
    """The sentence names the setting, never the key."""
    with pytest.raises(SettingsError, match="NEWSLETTER_DKIM_KEY_FILE"):
        DkimSigner("example.org", "news", key)


@pytest.mark.parametrize(("domain", "selector"), [("exa mple.org", "news"), ("example", "n"), ("example.org", "n;x")])
def test_a_bad_name_is_named_at_start(domain: str, selector: str):
    """A selector or domain that would break the field."""
    with pytest.raises(SettingsError, match="NEWSLETTER_DKIM_"):
        DkimSigner(domain, selector, pem(Ed25519PrivateKey.generate()))
