"""Profiles of mail servers: what each kind is content with, until an operator knows better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RouteProfile(StrEnum):
    """What kind of mail server a route is."""

    OWN_RELAY = "own_relay"
    """A relay of the house: gentle, since it hands on to the same receivers under the same name."""
    MICROSOFT365 = "microsoft365"
    """A mailbox at Microsoft 365: 30 messages a minute, 10,000 recipients a day, three connections."""
    GOOGLE_RELAY = "google_relay"
    """Google Workspace's SMTP relay: 10,000 messages a day and user."""
    PROVIDER = "provider"
    """A provider of bulk mail, who keeps an eye on the pace as well."""
    CATCHER = "catcher"
    """The built-in catcher: nothing leaves, so nothing needs to be gentle."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server may be given at once, and a day."""

    pace: float | None = 10.0
    """Messages a second; None is without limit."""
    connections: int = 4
    messages_per_connection: int | None = 50
    daily_limit: int | None = None
    """Messages in any 24 hours."""


LIMITS: Mapping[RouteProfile, Limits] = {
    RouteProfile.OWN_RELAY: Limits(),
    RouteProfile.MICROSOFT365: Limits(pace=0.5, connections=3, daily_limit=10_000),
    RouteProfile.GOOGLE_RELAY: Limits(daily_limit=10_000),
    RouteProfile.PROVIDER: Limits(connections=10, messages_per_connection=100),
    RouteProfile.CATCHER: Limits(pace=None, messages_per_connection=None),
}

_BY_HOST = {
    "smtp.office365.com": RouteProfile.MICROSOFT365,
    "smtp-mail.outlook.com": RouteProfile.MICROSOFT365,
    "smtp-relay.gmail.com": RouteProfile.GOOGLE_RELAY,
}


def profile_of(host: str) -> RouteProfile:
    """Return the profile of a server that nobody has said anything about; the well-known ones are known by name."""
    return _BY_HOST.get(host.lower(), RouteProfile.OWN_RELAY)
