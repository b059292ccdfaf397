"""Hosts that a link may lead to: a name is resolved first, every address is judged, and only a judged one connected to.

What somebody writes into a manuscript decides where this machine connects to. It must not become a way to what only
this machine can reach (server-side request forgery), whatever a name says at the second look (DNS rebinding).
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[tuple[Any, ...]]]
"""As ``socket.getaddrinfo`` answers."""

SPECIAL = tuple(map(IPv4Network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))
"""Public by their number alone: the wire server of Azure's machines, protocol assignments and metadata (RFC 6890
§2.2.2), relays of 6to4 (RFC 7526)."""
UNICAST = IPv6Network("2000::/3")
"""What of IPv6 leads anywhere (IANA); all else is private, local, mapped or for documents."""
TUNNELS = tuple(map(IPv6Network, ("2001::/23", "2002::/16", "3fff::/20")))
"""Teredo, ORCHID and 6to4 carry another address inside; 3fff::/20 is for documents (RFC 9637)."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 names an IPv4 address (RFC 6052 §2.1)."""


class Forbidden(Exception):
    """The link leads to what only this machine or its network reaches."""


class NoSuchHost(Exception):
    """Nobody has this name."""


def _resolved(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


@cache
def _as_browsers_do() -> ssl.SSLContext:
    """The certificates that this machine trusts, read once: it takes 30 ms."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a link check goes."""

    ports: frozenset[int] | None = frozenset({80, 443})
    """None: any, for tests."""
    allowed: tuple[Network, ...] = ()
    """Networks that are reached although they are not public, for tests."""
    resolve: Resolve = _resolved
    tls: ssl.SSLContext = field(default_factory=_as_browsers_do)

    def permits(self, address: Address) -> bool:
        """Say whether *address* may be connected to."""
        return is_public(address) or any(address in network for network in self.allowed)

    def addresses(self, host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        """Return family and socket address of each machine called *host*, all of them judged.

        Raises ``Forbidden`` if a single one may not be reached: who mixes them means no good. ``NoSuchHost``.
        """
        if self.ports is not None and port not in self.ports:
            raise Forbidden
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NoSuchHost from error
        places = [(int(entry[0]), entry[4]) for entry in found]
        if not places:
            raise NoSuchHost
        if not all(self.permits(ip_address(str(where[0]).partition("%")[0])) for _, where in places):
            raise Forbidden
        return places

    def connect(self, host: str, port: int, *, until: float) -> socket.socket:
        """Return a connection to one of the judged addresses, and to no other; *until* is on the monotonic clock.

        Raises as ``addresses`` does, ``OSError`` if none answers.
        """
        failure: OSError = OSError("no address answered")
        for family, where in self.addresses(host, port):
            line = socket.socket(family, socket.SOCK_STREAM)
            line.settimeout(max(0.05, until - time.monotonic()))
            try:
                line.connect(where)
            except OSError as error:
                line.close()
                failure = error
            else:
                return line
        raise failure


def is_public(address: Address) -> bool:
    """Say whether *address* can be reached from anywhere: no private, loopback, link-local, shared or reserved one."""
    if isinstance(address, IPv6Address):
        if address in TRANSLATED:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        return address in UNICAST and address.is_global and not any(address in network for network in TUNNELS)
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local)
        and not any(address in network for network in SPECIAL)
    )
