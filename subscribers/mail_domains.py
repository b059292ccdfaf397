"""Mail domains: slips of the finger in well-known ones, throw-away ones, and whether DNS knows of mail at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import cache

import dns.exception
import dns.resolver
from disposable_email_domains import blocklist

from newsletter.mail.address import domain_of

WELL_KNOWN = (
    "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "hotmail.com", "hotmail.de", "hotmail.co.uk",
    "hotmail.fr", "live.com", "live.de", "msn.com", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "ymail.com",
    "icloud.com", "me.com", "mac.com", "aol.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de",
    "t-online.de", "freenet.de", "posteo.de", "posteo.net", "mailbox.org", "proton.me", "protonmail.com",
    "tutanota.com", "tuta.com", "mail.com", "mail.de", "email.com", "email.de", "arcor.de",
    "vodafone.de", "1und1.de", "bluewin.ch",
    "fastmail.com", "zoho.com", "yandex.com", "qq.com", "163.com", "126.com", "orange.fr", "free.fr", "wanadoo.fr",
    "libero.it", "comcast.net", "btinternet.com",
)  # fmt: skip
SHORT = 8
"""Characters below which one wrong letter is another company, and only two that changed places are a slip."""
PATIENCE = 1.5
"""Seconds for DNS; a form that hangs loses more readers than a wrong domain costs."""
REST = 60.0
"""Seconds in which a DNS that did not answer is not asked again."""


def meant(address: str) -> str:
    """Return the address that was probably meant, empty if nothing looks wrong; raises ``BadInput`` for no address."""
    domain = domain_of(address)
    if domain in WELL_KNOWN:
        return ""
    for known in WELL_KNOWN:
        if _swapped(domain, known) or (len(known) >= SHORT and _one_off(domain, known)):
            return f"{address.rpartition('@')[0]}@{known}"
    return ""


def is_disposable(domain: str, listed: Collection[str] | None = None) -> bool:
    """Tell whether *domain* (A-labels) or one above it is known for addresses that live ten minutes."""
    among = _disposable() if listed is None else listed
    labels = domain.split(".")
    return any(".".join(labels[place:]) in among for place in range(len(labels) - 1))


class MailDomains:
    """Asks DNS whether a domain takes mail; whatever is not certain counts as yes."""

    def __init__(
        self, resolver: dns.resolver.Resolver | None, *, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask *resolver*; None asks nobody and believes every domain."""
        self._resolver = resolver
        self._elapsed = elapsed
        self._silent_until = float("-inf")

    @classmethod
    def of_this_machine(cls) -> MailDomains:
        """Ask the name servers that the machine is set up with; without any, every domain is believed."""
        try:
            return cls(dns.resolver.Resolver())
        except (dns.exception.DNSException, OSError):
            return cls(None)

    def takes_mail(self, domain: str) -> bool:
        """Tell whether mail to *domain* (A-labels) arrives: by MX but a null one (RFC 7505), else A (RFC 5321 §5.1)."""
        if self._resolver is None or self._elapsed() < self._silent_until:
            return True
        try:
            answer = self._resolver.resolve(domain, "MX", lifetime=PATIENCE, search=False)
            return any(str(mx.exchange) != "." for mx in answer)
        except dns.resolver.NXDOMAIN:
            return False
        except dns.resolver.NoAnswer:
            return self._has_address(domain)
        except dns.exception.DNSException:
            self._silent_until = self._elapsed() + REST
            return True

    def _has_address(self, domain: str) -> bool:
        assert self._resolver is not None
        for kind in ("A", "AAAA"):
            try:
                self._resolver.resolve(domain, kind, lifetime=PATIENCE, search=False)
            except dns.resolver.NoAnswer:
                continue
            except dns.exception.DNSException:
                return True
            return True
        return False


@cache
def _disposable() -> frozenset[str]:
    return frozenset(blocklist)


def _swapped(one: str, other: str) -> bool:
    """Tell whether two neighbouring letters changed places."""
    if len(one) != len(other) or one == other:
        return False
    places = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    first, *rest = places
    return rest == [first + 1] and one[first] == other[first + 1] and one[first + 1] == other[first]


def _one_off(one: str, other: str) -> bool:
    """Tell whether one letter is missing, too many or another."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        return one[start + 1 :] == other[start + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]
