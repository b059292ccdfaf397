"""What may be wrong with a publication's profile although each entry is of the right type, in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.kit.catalogue import N_, Sentence, languages
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
PLACES = re.compile(r"\{[^{}]*\}")
LONGEST_SENTENCE = 600
"""Characters; what is longer nobody reads before pressing the button."""
WEBSITE = re.compile(r"https?://[^\s<>\"']{3,500}")
LONGEST_HOLD = 24 * 60
"""Minutes; whoever wants to wait longer schedules the sending."""


def complaints(profile: Profile) -> Iterator[tuple[str, Sentence]]:
    """Yield what is wrong with values whose types are right: the entry, and a sentence about it."""
    if not 0 < len(profile.name.strip()) <= NAME_LIMIT:
        yield "name", Sentence(N_("The name must have 1 to %(most)s characters."), most=NAME_LIMIT)
    if not LABEL.fullmatch(profile.label):
        yield (
            "label",
            _about(N_("The label %(given)s must be at most 40 lower-case letters, digits and hyphens."), profile.label),
        )
    if not LANGUAGE.fullmatch(profile.language):
        yield (
            "language",
            _about(N_("The language %(given)s must be a code such as en, de or zh-Hans."), profile.language),
        )
    try:
        ZoneInfo(profile.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield (
            "time_zone",
            _about(N_("There is no time zone %(given)s; write it like Europe/Berlin."), profile.time_zone),
        )
    for window in profile.send_windows:
        if not is_window(window):
            sentence = N_("%(given)s is no time for sending; write it like Mon-Fri 07:00-19:00, from earlier to later.")
            yield "send_windows", _about(sentence, window)
    if not 0 <= profile.hold_minutes <= LONGEST_HOLD:
        yield "hold_minutes", Sentence(N_("The hold must be between 0 and %(most)s minutes."), most=LONGEST_HOLD)
    for language, sentence in profile.sign_up.items():
        yield from ((f"sign_up.{language}", complaint) for complaint in _of_sign_up(language, sentence))
    if profile.imprint.website and not WEBSITE.fullmatch(profile.imprint.website):
        yield (
            "imprint.website",
            _about(N_("%(given)s is no web address; write it like https://www.example.org."), profile.imprint.website),
        )
    for entry, address in _addresses(profile):
        if not is_address(address):
            yield entry, _about(N_("%(given)s is no address that mail can be sent to."), address)
    if not is_address(f"list@{profile.list_domain or 'example.org'}"):
        yield "list_domain", _about(N_("The list_domain %(given)s is no domain."), profile.list_domain)


def _of_sign_up(language: str, sentence: str) -> Iterator[Sentence]:
    """Yield what is wrong with the sentence that signing up means."""
    if language not in languages():
        yield _about(N_("The sign-up pages do not speak %(given)s."), language)
    if sentence and "{newsletter}" not in sentence:
        yield Sentence(N_("Put {newsletter} where its name is to stand: one must see what one agrees to."))
    if set(PLACES.findall(sentence)) - {"{publisher}", "{newsletter}"}:
        yield Sentence(N_("Only {publisher} and {newsletter} are filled in."))
    if len(sentence) > LONGEST_SENTENCE:
        yield Sentence(N_("This sentence may have at most %(most)s characters."), most=LONGEST_SENTENCE)


def _about(pattern: str, given: str) -> Sentence:
    return Sentence(pattern, given=repr(given))


def is_address(address: str) -> bool:
    """Tell whether mail can be sent to *address*."""
    try:
        address_key(address)
    except BadInput:
        return False
    return True


def is_window(text: str) -> bool:
    """Tell whether *text* says when something may be sent."""
    try:
        read_window(text)
    except BadInput:
        return False
    return True


def _addresses(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield every address of *profile* with the entry it stands in."""
    for entry in ("from_address", "reply_to", "team_address"):
        if address := getattr(profile, entry):
            yield entry, address
    if profile.imprint.email:
        yield "imprint.email", profile.imprint.email
    yield from (("deputies", address) for address in profile.deputies)
    for group, addresses in profile.test_groups.items():
        yield from ((f"test_groups.{group}", address) for address in addresses)
