"""What may be wrong with a publication's profile although each entry is of the right type, in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.kit.errors import BadInput
from newsletter.kit.windows import read_window
from newsletter.mail.address import address_key

if TYPE_CHECKING:
    from newsletter.publications import Profile

NAME_LIMIT = 200
"""Characters; it stands in the From and List-Id fields of every mail."""
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
"""BCP 47 as far as newsletters need it."""
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
LONGEST_HOLD = 24 * 60
"""Minutes; whoever wants to wait longer schedules the sending."""


def complaints(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with values whose types are right: the entry, and a sentence about it."""
    if not 0 < len(profile.name.strip()) <= NAME_LIMIT:
        yield "name", f"The name must have 1 to {NAME_LIMIT} characters."
    if not LABEL.fullmatch(profile.label):
        yield "label", f"The label {profile.label!r} must be at most 40 lower-case letters, digits and hyphens."
    if not LANGUAGE.fullmatch(profile.language):
        yield "language", f"The language {profile.language!r} must be a code such as en, de or zh-Hans."
    try:
        ZoneInfo(profile.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "time_zone", f"There is no time zone {profile.time_zone!r}; write e.g. Europe/Berlin."
    for window in profile.send_windows:
        try:
            read_window(window)
        except BadInput as error:
            yield "send_windows", f"{error} (send_windows)"
    if not 0 <= profile.hold_minutes <= LONGEST_HOLD:
        yield "hold_minutes", f"hold_minutes is {profile.hold_minutes}; it must be between 0 and {LONGEST_HOLD}."
    for entry, address in _addresses(profile):
        try:
            address_key(address or "nobody@example.org")
        except BadInput as error:
            yield entry, f"{error} ({entry})"
    try:
        address_key(f"list@{profile.list_domain or 'example.org'}")
    except BadInput:
        yield "list_domain", f"The list_domain {profile.list_domain!r} is no domain."


def _addresses(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield every address of *profile* with the entry it stands in."""
    for entry in ("from_address", "reply_to", "team_address"):
        yield entry, getattr(profile, entry)
    for address in profile.deputies:
        yield "deputies", address or "-"
    for group, addresses in profile.test_groups.items():
        for address in addresses:
            yield f"test_groups.{group}", address or "-"
