"""Passwords: argon2id, long enough, never one that everybody tries first."""

from __future__ import annotations

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput

SHORTEST, LONGEST = 12, 200
"""Characters. Length is what counts (NIST SP 800-63B §3.1.1.2); the upper limit only keeps hashing short."""

FEWEST = 5
"""Different characters."""
BAD_LENGTH = N_("A password needs 12 to 200 characters; four or five words are easy to remember.")
REPEATS = N_("That password repeats the same few characters; take four or five words.")
YOURSELF = N_("That password is mostly your own name or address; take four or five other words.")


@cache
def _hasher() -> PasswordHash:
    return PasswordHash([Argon2Hasher()])


def hash_of(password: str) -> str:
    """Return the argon2id hash of *password* (RFC 9106); takes some 50 ms: hold no session meanwhile."""
    return _hasher().hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Tell whether *password* is the one; as long for somebody who has none, so that time tells nothing."""
    good = _hasher().verify(password[:LONGEST], password_hash or _nobodys())
    return good and password_hash is not None


def check(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Raise ``BadInput`` if *password* may not be chosen; *about* are the person's own words: address, name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(BAD_LENGTH)
    folded = password.casefold()
    if len(set(folded)) < FEWEST:
        raise BadInput(REPEATS)
    if any(len(word) > 3 and word.casefold() in folded and len(folded) - len(word) < 8 for word in about):
        raise BadInput(YOURSELF)


@cache
def _nobodys() -> str:
    """A hash that no password is known for."""
    return hash_of(secrets.token_urlsafe(32))
