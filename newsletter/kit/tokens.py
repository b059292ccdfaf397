"""Signed tokens: what stands in a link or a return address, forged by nobody, revealing nobody.

A link token is 27 bytes, 36 characters of base64url::

    key id (4 bit) · purpose (4 bit) · publication (2) · subscriber (5) · delivery (7) · MAC (12)

A return-path token (VERP) is 20 bytes, 32 characters of lower-case base32, since mail servers may fold case::

    key id (4 bit) · purpose (4 bit) · delivery (7) · MAC (12)

Each purpose has its own key, derived by HKDF-SHA-256 (RFC 5869) from one secret. Older secrets stay in the keyring, so
that links in old mails work for ever. Every key whose id fits is tried, in constant time, before anything is looked up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from newsletter.kit.errors import BadToken

MAC_BYTES = 12
"""96 bits: at a million guesses a second, longer than the archive will stand."""
LINK_BYTES = 27
LINK_LENGTH = 36
UNSUBSCRIBE_PATH = "/u/"
"""What stands between the public URL and the token in the URI of List-Unsubscribe."""
RETURN_BYTES = 20
NONCE_BYTES = 12
"""96 bits, at random: fine for the few thousand secrets a desk will ever seal (NIST SP 800-38D §8.3)."""
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
"""Of base32 (RFC 4648 §6), in lower case."""
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
"""Ten bits at a time, since the library's own encoder takes five times as long, and every mail has two of these."""
_SHIFTS = range(RETURN_BYTES * 8 - 10, -1, -10)


class Purpose(IntEnum):
    """What a token is for; one made for one purpose is worthless for any other."""

    UNSUBSCRIBE = 1
    """The one-click URI of List-Unsubscribe and the button in the mail's foot."""
    PREFERENCES = 2
    """The page of choices behind a mail's link."""
    RETURN_PATH = 3
    """The envelope sender of one delivery."""
    MESSAGE_ID = 4
    """The Message-ID of one delivery, the same on every attempt."""
    READ = 5
    """The web edition of a publication that is not open to everybody."""
    CONFIRM = 6
    """The button that confirms a sign-up; the delivery's place holds the wish."""
    MAILED = 7
    """A freshly mailed link that works once; the delivery's place holds its row."""
    OPENED = 8
    """The forms on the page that such a link has opened; never in a URL."""
    FORM = 9
    """When a sign-up form was shown; the delivery's place holds the second."""
    PREVIEW = 10
    """What stands for a reader's own links where the team looks at an issue; no page takes it."""


@dataclass(frozen=True, slots=True)
class LinkClaims:
    """What a link says: whose, of which publication, from which delivery (0: from none)."""

    publication_id: int
    subscriber_id: int
    delivery_id: int = 0


class Keyring:
    """Signs with the first secret, believes all of them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or any(len(secret) < 16 for secret in secrets):
            raise ValueError("a secret must have at least 16 characters")
        self._rings = [_KeysOf(secret.encode()) for secret in secrets]

    def __reduce__(self) -> tuple[type[Keyring], tuple[list[str]]]:
        """Travel to another process as the secrets alone."""
        return Keyring, ([ring.secret.decode() for ring in self._rings],)

    @property
    def newest(self) -> str:
        """Name the secret that this keyring signs with; the name says nothing of it."""
        return self._rings[0].name

    def signing_with(self, name: str) -> Keyring:
        """Return this keyring, signing with the secret of that *name*; with its own first one if that is gone."""
        first = sorted(self._rings, key=lambda ring: ring.name != name)  # stable: the others keep their order
        return Keyring([ring.secret.decode() for ring in first])

    def link(self, purpose: Purpose, claims: LinkClaims) -> str:
        """Return the 36-character token of *claims*; raise ``OverflowError`` beyond 65,535 publications."""
        body = (
            claims.publication_id.to_bytes(2)
            + claims.subscriber_id.to_bytes(5)
            + claims.delivery_id.to_bytes(LINK_BYTES - MAC_BYTES - 8)
        )
        return base64.urlsafe_b64encode(self._rings[0].sealed(purpose, body)).decode()

    def read_link(self, purpose: Purpose, token: str) -> LinkClaims:
        """Return what *token* says; raise ``BadToken`` if it was not made by us for this *purpose*."""
        if len(token) != LINK_LENGTH or not token.isascii():
            raise BadToken
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadToken from error
        if "+" in token or "/" in token:  # Python takes the other alphabet as well; a link has one spelling
            raise BadToken
        body = self._opened(purpose, raw)
        return LinkClaims(int.from_bytes(body[:2]), int.from_bytes(body[2:7]), int.from_bytes(body[7:]))

    def delivery(self, purpose: Purpose, delivery_id: int) -> str:
        """Return the 32-character base32 token of one delivery, for an envelope sender or a Message-ID."""
        sealed = self._rings[0].sealed(purpose, delivery_id.to_bytes(RETURN_BYTES - MAC_BYTES - 1))
        bits = int.from_bytes(sealed)
        return "".join([_PAIRS[bits >> shift & 0x3FF] for shift in _SHIFTS])

    def read_delivery(self, purpose: Purpose, token: str) -> int:
        """Return the delivery's id; raise ``BadToken`` if it is not ours. Case does not matter (RFC 5321 §2.4)."""
        try:
            raw = base64.b32decode(token.upper().encode("ascii"))
        except (binascii.Error, ValueError) as error:
            raise BadToken from error
        if len(raw) != RETURN_BYTES:
            raise BadToken
        return int.from_bytes(self._opened(purpose, raw))

    def signature(self, label: str, message: bytes) -> str:
        """Return the HMAC-SHA-256 (hex) of *message* under the key named *label*, as sign-off uses it."""
        return self._rings[0].mac_of(label, message).hex()

    def signatures(self, label: str, message: bytes) -> tuple[str, ...]:
        """Return the signatures of *message* under every secret, the newest first: what may have been stored."""
        return tuple(ring.mac_of(label, message).hex() for ring in self._rings)

    def verify_signature(self, label: str, message: bytes, signature: str) -> bool:
        """Tell whether *signature* is ours, under any secret of the ring."""
        return any(hmac.compare_digest(ring.mac_of(label, message).hex(), signature) for ring in self._rings)

    def seal(self, label: str, secret: bytes, *, about: str) -> bytes:
        """Return *secret* encrypted (AES-256-GCM) under the key named *label*; it opens only for the same *about*."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._rings[0].cipher(label).encrypt(nonce, secret, about.encode())

    def unseal(self, label: str, sealed: bytes, *, about: str) -> bytes:
        """Return what was sealed under any secret of the ring; raise ``BadToken`` if not by us or not *about* this."""
        for ring in self._rings:
            with suppress(InvalidTag, ValueError):
                return ring.cipher(label).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        raise BadToken

    def _opened(self, purpose: Purpose, raw: bytes) -> bytes:
        """Return the body of a sealed token, having checked it against every key of the ring."""
        good = False
        for ring in self._rings:
            head_and_body = bytes([(ring.key_id << 4) | purpose]) + raw[1:-MAC_BYTES]
            mac = ring.mac_of(purpose.name, head_and_body)[:MAC_BYTES]
            good |= hmac.compare_digest(mac, raw[-MAC_BYTES:]) and raw[0] == head_and_body[0]
        if not good:
            raise BadToken
        return raw[1:-MAC_BYTES]


class _KeysOf:
    """The keys derived from one secret."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._bases: dict[str, hmac.HMAC] = {}

    @cached_property
    def name(self) -> str:
        return self.mac_of("name of the secret", b"")[:8].hex()

    @cached_property
    def key_id(self) -> int:
        return hashlib.sha256(b"key id:" + self.secret).digest()[0] >> 4

    def key(self, label: str) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=f"newsletter-desk:{label}".encode()).derive(self.secret)

    def cipher(self, label: str) -> AESGCM:
        return AESGCM(self.key(f"seal:{label}"))

    def mac_of(self, label: str, message: bytes) -> bytes:
        base = self._bases.get(label)
        if base is None:
            base = self._bases[label] = hmac.new(self.key(label), digestmod=hashlib.sha256)
        mac = base.copy()  # the keyed state is made once; four of these per reader and mail
        mac.update(message)
        return mac.digest()

    def sealed(self, purpose: Purpose, body: bytes) -> bytes:
        head_and_body = bytes([(self.key_id << 4) | purpose]) + body
        return head_and_body + self.mac_of(purpose.name, head_and_body)[:MAC_BYTES]
