"""Addresses: parsed, normalised for comparing, written for the wire, masked for pages that anybody may see."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

from newsletter.kit.errors import BadInput

LOCAL_LIMIT = 64
"""Octets before the @ (RFC 5321 §4.5.3.1.1)."""
ADDRESS_LIMIT = 254
"""Octets in all: a path of 256 less its angle brackets (RFC 5321 §4.5.3.1.3, RFC 3696 erratum 1690)."""
DOMAIN_LIMIT = 253

# A dot-atom (RFC 5322 §3.2.3) at a name of two or more labels whose last begins with a letter: 99 of 100 addresses.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL})")
_DOMAIN = re.compile(rf"(?:(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}|localhost)")
_ATOM_OCTETS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-.")


def address_key(address: str) -> str:
    """Return the form by which two spellings of one address are known to be the same.

    NFC, the domain as lower-case A-labels (UTS 46), the local part casefolded: servers may tell ``Ada`` from ``ada``
    (RFC 5321 §2.4) but none does, and people type both. Raises ``BadInput`` with what is wrong.
    """
    local, domain = _parts(address)
    if local.isascii():
        return f"{local.lower()}@{domain}"
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", local).casefold())
    return f"{folded}@{domain}"


def wire_address(address: str) -> str:
    """Return *address* as MAIL FROM, RCPT TO and header fields have it: domain as A-labels, local part as given.

    The result is ASCII unless the local part is not; then ``needs_smtputf8``. Raises ``BadInput``.
    """
    local, domain = _parts(address)
    return f"{local}@{domain}"


def needs_smtputf8(address: str) -> bool:
    """Tell whether only a server with SMTPUTF8 (RFC 6531) can be given *address*, a result of ``wire_address``."""
    return not address.isascii()


def domain_of(address: str) -> str:
    """Return the domain of *address* as lower-case A-labels; raises ``BadInput``."""
    return _parts(address)[1]


def masked(address: str) -> str:
    """Return *address* so that its owner knows it and nobody else learns it: ``a…a@e…e.org``."""
    local, _, domain = address.rpartition("@")
    *labels, top = domain.split(".")
    shown = ".".join([*(_masked_word(label) for label in labels), top if labels else _masked_word(top)])
    return f"{_masked_word(local)}@{shown}"


def _masked_word(word: str) -> str:
    # Two letters shown of two would hide nothing.
    return f"{word[0]}…{word[-1]}" if len(word) > 2 else f"{word[:1]}…"


def _parts(address: str) -> tuple[str, str]:
    """Split *address* into a valid local part (NFC) and domain (lower-case A-labels)."""
    plain = _PLAIN.fullmatch(address)
    if plain is not None and len(address) <= ADDRESS_LIMIT and "xn--" not in address and "XN--" not in address:
        local, domain = plain.groups()
        if len(local) <= LOCAL_LIMIT:
            return local, domain.lower()
    return _parts_slowly(address)


def _parts_slowly(address: str) -> tuple[str, str]:
    _refuse_control_characters(address)
    address = unicodedata.normalize("NFC", address)
    shown = address if len(address) <= 60 else address[:57] + "…"
    if not address:
        raise BadInput("The address is empty.")
    if address.startswith('"'):
        raise BadInput(f"The address {shown!r} has a quoted local part; mail providers do not accept these any more.")
    if "<" in address or ">" in address:
        raise BadInput(f"{shown!r} has angle brackets; give the bare address, as in ada@example.org.")
    if any(character.isspace() for character in address):
        raise BadInput(f"The address {shown!r} has a space in it.")
    local, at, domain = address.partition("@")
    if not at:
        raise BadInput(f"The address {shown!r} has no @.")
    if "@" in domain:
        raise BadInput(f"The address {shown!r} has more than one @.")
    _check_local_part(local, shown)
    domain = _a_label_domain(domain, shown)
    if len(local.encode()) + 1 + len(domain) > ADDRESS_LIMIT:
        raise BadInput(f"The address {shown!r} is too long; {ADDRESS_LIMIT} characters are allowed.")
    return local, domain


def _refuse_control_characters(address: str) -> None:
    for character in address:
        if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"}:
            raise BadInput(f"The address {address[:60]!r} has a line break or control character in it.")


def _check_local_part(local: str, shown: str) -> None:
    if not local:
        raise BadInput(f"The address {shown!r} has nothing before the @.")
    if len(local.encode()) > LOCAL_LIMIT:
        raise BadInput(f"The address {shown!r} is too long before the @; {LOCAL_LIMIT} characters are allowed.")
    if ".." in local:
        raise BadInput(f"The address {shown!r} has two dots in a row.")
    if local.startswith(".") or local.endswith("."):
        raise BadInput(f"The address {shown!r} has a dot at the edge of the part before the @.")
    for character in local:
        if character.isascii() and character not in _ATOM_OCTETS:
            raise BadInput(f"The address {shown!r} has a {character!r} before the @, which is not allowed there.")
        if not character.isascii() and not character.isprintable():
            raise BadInput(f"The address {shown!r} has an invisible character before the @.")


def _a_label_domain(domain: str, shown: str) -> str:
    if not domain:
        raise BadInput(f"The address {shown!r} has nothing after the @.")
    if ".." in domain:
        raise BadInput(f"The address {shown!r} has two dots in a row.")
    if domain.startswith("["):
        raise BadInput(f"The address {shown!r} names a machine by number; give a domain, as in ada@example.org.")
    if len(domain) > DOMAIN_LIMIT:
        raise BadInput(f"The address {shown!r} is too long after the @; {DOMAIN_LIMIT} characters are allowed.")
    encoded = _a_labels(domain)
    if encoded is None:
        raise BadInput(f"The address {shown!r} has a domain that does not exist in this form: {domain[:60]!r}.")
    return encoded


@lru_cache(maxsize=4096)
def _a_labels(domain: str) -> str | None:
    """Return *domain* as lower-case A-labels (UTS 46, non-transitional as in browsers), None if it is no domain."""
    encoded = domain.lower()
    if not domain.isascii() or "xn--" in encoded:
        try:
            encoded = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return None
    # A dot at the end is right in DNS and wrong in an address (RFC 5321 §2.3.5).
    return encoded if len(encoded) <= DOMAIN_LIMIT and _DOMAIN.fullmatch(encoded) else None
