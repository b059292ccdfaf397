"""DKIM signatures (RFC 6376, Ed25519 by RFC 8463): relaxed headers, simple body, one signature per message."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from newsletter.kit.errors import SettingsError

SIGNED = (
    "from", "reply-to", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-language",
    "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-owner",
    "list-archive", "list-post", "precedence", "auto-submitted", "feedback-id",
)  # fmt: skip
"""RFC 8058 §4 asks for both List-Unsubscribe fields; the rest is what a receiver shows or acts on."""
OVERSIGNED = ("from", "to", "subject", "date", "message-id", "reply-to", "content-type", "list-unsubscribe")
"""Named once more than they stand there, so that nobody can put a second one on top (RFC 6376 §5.4.2, §8.15)."""
KEY_BITS = 1024
"""Verifiers ignore shorter RSA keys (RFC 8301 §3.2)."""

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_BLANKS = re.compile(rb"[ \t]+")


class DkimSigner:
    """Signs for one domain and selector; safe to share between threads.

    Called with a complete message it returns the header field to put before it. Where many messages begin with the same
    body, ``signature`` takes a body hash that was continued from a copied SHA-256 state.
    """

    def __init__(self, domain: str, selector: str, private_key_pem: bytes | str) -> None:
        """Take the key in PEM form, RSA or Ed25519; raise ``SettingsError`` naming what is bad."""
        self.domain = domain.lower()
        self.selector = selector
        if not _DOMAIN.fullmatch(self.domain):
            raise SettingsError(f"NEWSLETTER_DKIM_DOMAIN is {domain!r}; it must be a domain such as example.org.")
        if not _SELECTOR.fullmatch(selector):
            raise SettingsError(f"NEWSLETTER_DKIM_SELECTOR is {selector!r}; it must be a name such as newsletter.")
        self._pem = private_key_pem
        self._key = _private_key(private_key_pem)

    def __reduce__(self) -> tuple[type[DkimSigner], tuple[str, str, bytes | str]]:
        """Travel to another process as what it was made of."""
        return DkimSigner, (self.domain, self.selector, self._pem)

    @property
    def algorithm(self) -> str:
        """``rsa-sha256`` or ``ed25519-sha256``."""
        return "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"

    def __call__(self, message: bytes) -> bytes:
        """Return the DKIM-Signature field, CRLF included, for a complete *message*."""
        headers, separator, body = message.partition(b"\r\n\r\n")
        return self.signature(headers + b"\r\n" if separator else message, body_hash(body))

    def signature(self, headers: bytes, hashed_body: bytes, *, at: datetime | None = None) -> bytes:
        """Return the DKIM-Signature field for *headers*, each with its CRLF, over a body of that SHA-256."""
        names, fields = _chosen(headers)
        moment = f" t={int(at.timestamp())};" if at is not None else ""
        field = (
            f"DKIM-Signature: v=1; a={self.algorithm}; c=relaxed/simple; d={self.domain};\r\n"
            f" s={self.selector};{moment}\r\n"
            f" bh={base64.b64encode(hashed_body).decode()};\r\n"
            f" h={_wrapped(names)};\r\n"
            " b="
        ).encode()
        # The signature covers its own field with an empty b= and without the CRLF (RFC 6376 §3.7).
        signed = self._sign(b"".join([*fields, _relaxed(b"dkim-signature", field[len("DKIM-Signature:") :])]))
        text = base64.b64encode(signed)
        return field + b"\r\n ".join(text[start : start + 72] for start in range(0, len(text), 72)) + b"\r\n"

    def public_record(self) -> str:
        """Return the TXT record to publish at ``<selector>._domainkey.<domain>``."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            octets, kind = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "rsa"
        else:
            octets, kind = public.public_bytes(Encoding.Raw, PublicFormat.Raw), "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode()}"

    def _sign(self, octets: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(octets, padding.PKCS1v15(), SHA256())
        return self._key.sign(hashlib.sha256(octets).digest())  # RFC 8463 §3: over the hash


def body_hash(body: bytes) -> bytes:
    """Return the SHA-256 of *body* in simple canonical form: no empty lines at its end (RFC 6376 §3.4.3)."""
    return hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()


def _private_key(pem: bytes | str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            "NEWSLETTER_DKIM_KEY_FILE holds no private key that can be read; it must be unencrypted PEM."
        ) from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, RSAPrivateKey) and key.key_size >= KEY_BITS:
        return key
    raise SettingsError(
        "NEWSLETTER_DKIM_KEY_FILE must hold an RSA key of at least 1024 bits (2048 is usual) or Ed25519."
    )


def _chosen(headers: bytes) -> tuple[list[str], list[bytes]]:
    """Return the names for h= and the fields they stand for in relaxed form, from the bottom up (RFC 6376 §5.4.2)."""
    present: dict[str, list[bytes]] = {}
    for found in _FIELD.finditer(headers):
        present.setdefault(found[1].decode("ascii").lower(), []).append(found[2])
    names: list[str] = []
    fields: list[bytes] = []
    for name in SIGNED:
        for value in reversed(present.get(name, [])):
            names.append(name)
            fields.append(_relaxed(name.encode(), value) + b"\r\n")
    return [*names, *OVERSIGNED], fields


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Return a field in relaxed canonical form without its CRLF (RFC 6376 §3.4.2)."""
    return name + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _wrapped(names: Iterable[str]) -> str:
    """Return *names* with colons, a new line wherever the 76 octets of a line would be passed."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 68:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n  ".join(lines).removesuffix(":")
