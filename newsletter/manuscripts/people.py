"""People, contact and publisher: the last page of a loose manuscript."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.manuscripts.addresses import MAIL
from newsletter.manuscripts.document import Contact, PeopleGroup, Person, Publisher
from newsletter.manuscripts.lines import Line
from newsletter.manuscripts.markdown import read_inlines
from newsletter.manuscripts.pieces import Roll
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import plain

_BULLET = re.compile(r"^\s*[-*+]\s+")
_ROLE = re.compile(r"\s*(?:,|\s[-–—|]\s|:\s)\s*")
_BRACKETED = re.compile(r"(.+?)\s*\(([^()]+)\)\s*\Z")


def _words(line: Line, findings: list[Finding]) -> str:
    inlines, found = read_inlines(_BULLET.sub("", line.text), line=line.number)
    findings += found
    return " ".join(plain(inlines).split())


def contact_of(group: Sequence[Line], findings: list[Finding]) -> Contact | None:
    """Return the contact that a short group with one mail address names; None if it is something else."""
    if len(group) > 3:
        return None
    noted: list[Finding] = []
    text = " ".join(_words(line, noted) for line in group)
    match = MAIL.search(text)
    if not match or len(text) > 200:
        return None
    findings += noted
    label = " ".join((text[: match.start()] + text[match.end() :]).split()).strip(" :：<>()")
    return Contact(match.group().rstrip("."), label)


def people_of(roll: Roll, findings: list[Finding]) -> tuple[PeopleGroup, Contact | None]:
    """Return the people of a roll and the contact written below them, if any."""
    people: list[Person] = []
    contact: Contact | None = None
    for group in roll.groups:
        found = contact_of(group, findings) if contact is None else None
        if found:
            contact = found
            continue
        people += [_person(entry, findings) for entry in _entries(group)]
    return PeopleGroup(roll.title, tuple(people), line=roll.line), contact


def _entries(group: Sequence[Line]) -> list[list[Line]]:
    """Split a group into one entry a person: at bullets, else the group is one person with a role over the other lines.

    Lines that all name a person and a role at once (``Name, role``) are one person each.
    """
    bulleted = [bool(_BULLET.match(line.text)) for line in group]
    each = len(group) > 1 and all(_ROLE.search(line.text) and len(line.text) < 100 for line in group)
    entries: list[list[Line]] = []
    for line, bullet in zip(group, bulleted, strict=True):
        if not entries or bullet or (each and not any(bulleted)):
            entries.append([line])
        else:
            entries[-1].append(line)
    return entries


def _person(entry: Sequence[Line], findings: list[Finding]) -> Person:
    name = _words(entry[0], findings)
    role = " ".join(_words(line, findings) for line in entry[1:])
    if not role and (match := _BRACKETED.match(name)):
        name, role = match.groups()
    elif not role and (split := _ROLE.search(name)):
        name, role = name[: split.start()], name[split.end() :]
    return Person(name.strip(), role.strip(), line=entry[0].number)


def publisher_of(roll: Roll, findings: list[Finding]) -> Publisher:
    """Return the publisher's block, one line a row."""
    return Publisher(roll.title, tuple(_words(line, findings) for group in roll.groups for line in group))
