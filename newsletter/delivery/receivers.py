"""Receivers: which domains stand behind the same mail servers, and so share one pace and one rest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from newsletter.kit.errors import BadInput, SettingsError
from newsletter.mail.address import address_key

USUAL: Mapping[str, Sequence[str]] = {
    "google": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de", "hotmail.co.uk"),
    "yahoo": ("yahoo.com", "yahoo.de", "yahoo.co.uk", "ymail.com", "rocketmail.com", "aol.com"),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "united internet": ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de"),
}
"""The mailbox providers with many domains; what an operator names comes on top and goes first."""
NAME_LIMIT = 253


class Receivers:
    """Finds the destination of a domain; every domain in no group is its own."""

    def __init__(self, groups: Mapping[str, Sequence[str]] = USUAL) -> None:
        self._domains = {name: frozenset(domains) for name, domains in groups.items()}
        self._of = {domain: name for name, domains in groups.items() for domain in domains}

    def of(self, domain: str) -> str:
        """Return the destination that *domain*, an A-label, belongs to."""
        return self._of.get(domain, domain)

    def domains(self, name: str) -> frozenset[str]:
        """Return every domain of the destination *name*."""
        return self._domains.get(name) or frozenset({name})


def read_receivers(path: Path) -> Receivers:
    """Read groups of domains (TOML: ``name = ["a.example", "b.example"]``); raise ``SettingsError`` naming the fault.

    A domain that the file puts into a group leaves the usual one.
    """
    where = f"NEWSLETTER_DESTINATIONS_FILE: {path}"
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{where} cannot be read: {error}") from error
    groups = {name: _checked(name, domains, where) for name, domains in given.items()}
    taken = [domain for domains in groups.values() for domain in domains]
    double = next((domain for domain in taken if taken.count(domain) > 1), None)
    if double is not None:
        raise SettingsError(f"{where} names {double} twice; a domain belongs to one destination.")
    usual = {name: [domain for domain in domains if domain not in taken] for name, domains in USUAL.items()}
    return Receivers({**{name: domains for name, domains in usual.items() if name not in groups}, **groups})


def _checked(name: str, domains: object, where: str) -> list[str]:
    if not isinstance(domains, list) or not domains or not 0 < len(name) <= NAME_LIMIT:
        raise SettingsError(f'{where}: {name!r} must be a list of domains, as in {name} = ["example.org"].')
    checked = []
    for domain in domains:
        try:
            checked.append(address_key(f"somebody@{domain}").rpartition("@")[2])
        except BadInput as error:
            raise SettingsError(f"{where}: {domain!r} in {name!r} is no domain.") from error
    return checked
