"""Conditions: the closed vocabulary in which a segment says whom it means; frozen, stored as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from subscribers.attributes import FieldKind

VERSION = 1
"""Of the vocabulary; what was stored under an older one is read by whoever adds a newer."""
MOST_GROUPS, MOST_CONDITIONS = 10, 20
LONGEST_VALUE = 200
BROKEN = N_("This is no list of conditions.")


class Joined(StrEnum):
    """How several of one kind are taken together."""

    ALL = "all"
    """Every one must fit."""
    ANY = "any"
    """One is enough."""


class Subject(StrEnum):
    """What a condition looks at."""

    FIELD = "field"
    """A field of the team's own."""
    TAG = "tag"
    """A tag of the team's own."""
    LANGUAGE = "language"
    """The language the reader chose."""
    FORMAT = "format"
    """How issues arrive."""
    DOMAIN = "domain"
    """The domain of the address."""
    SINCE = "since"
    """Since when the person reads this newsletter."""
    BASIS = "basis"
    """On what ground we write."""
    READS = "reads"
    """Whether the person reads another newsletter."""
    ISSUE = "issue"
    """Whether one issue was handed over to the person's server."""
    MAILED = "mailed"
    """Whether any issue was handed over in the last days."""
    RETURNED = "returned"
    """Whether an issue came back in the last days."""


class How(StrEnum):
    """How a condition compares."""

    IS = "is"
    """Says the same."""
    IS_NOT = "is_not"
    """Says something else, or nothing."""
    BEGINS = "begins"
    """Begins with it."""
    LESS = "less"
    """Is a smaller number."""
    MORE = "more"
    """Is a larger number."""
    BEFORE = "before"
    """Is an earlier day."""
    AFTER = "after"
    """Is a later day."""
    FILLED = "filled"
    """Says anything at all."""
    EMPTY = "empty"
    """Says nothing."""
    HAS = "has"
    """It is so."""
    HAS_NOT = "has_not"
    """It is not so."""
    WITHIN = "within"
    """It was so in the last days."""
    NOT_WITHIN = "not_within"
    """It was not so in the last days."""


WITHOUT_VALUE = frozenset({How.FILLED, How.EMPTY, How.HAS, How.HAS_NOT})
_SAME = (How.IS, How.IS_NOT)
_HAS = (How.HAS, How.HAS_NOT)
_DAYS = (How.WITHIN, How.NOT_WITHIN)
SAID = (How.FILLED, How.EMPTY)
OF_SUBJECT: dict[Subject, tuple[How, ...]] = {
    Subject.TAG: _HAS,
    Subject.LANGUAGE: _SAME,
    Subject.FORMAT: _SAME,
    Subject.DOMAIN: _SAME,
    Subject.SINCE: (How.BEFORE, How.AFTER),
    Subject.BASIS: _SAME,
    Subject.READS: _HAS,
    Subject.ISSUE: _HAS,
    Subject.MAILED: _DAYS,
    Subject.RETURNED: _DAYS,
}
"""How each subject can be compared; a field by its kind."""
OF_FIELD: dict[FieldKind, tuple[How, ...]] = {
    FieldKind.TEXT: (*_SAME, How.BEGINS, *SAID),
    FieldKind.NUMBER: (How.IS, How.LESS, How.MORE, *SAID),
    FieldKind.DATE: (How.BEFORE, How.AFTER, *SAID),
    FieldKind.CHOICE: (*_SAME, *SAID),
}
NUMBERED = frozenset({Subject.FIELD, Subject.TAG, Subject.READS, Subject.ISSUE})
"""Subjects of which there are several: ``of`` says which."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must be so."""

    subject: Subject
    how: How
    value: str = ""
    of: int = 0
    """Which field, tag, newsletter or issue; 0 where there is only one."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"subject": self.subject.value, "how": self.how.value, "value": self.value, "of": self.of}


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions taken together."""

    joined: Joined
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Groups taken together; with none, everybody fits."""

    joined: Joined = Joined.ALL
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        """Raise ``BadInput`` for more than anybody can oversee."""
        if len(self.groups) > MOST_GROUPS or any(len(group.conditions) > MOST_CONDITIONS for group in self.groups):
            raise BadInput(N_("That are too many conditions; a segment holds ten groups of twenty."))

    @property
    def every(self) -> tuple[Condition, ...]:
        """All conditions, in order."""
        return tuple(one for group in self.groups for one in group.conditions)

    @property
    def without_empty(self) -> Conditions:
        """The same without groups that hold nothing yet."""
        return Conditions(self.joined, tuple(group for group in self.groups if group.conditions))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        groups = [
            {"joined": group.joined.value, "conditions": [one.to_json() for one in group.conditions]}
            for group in self.groups
        ]
        return {"version": VERSION, "joined": self.joined.value, "groups": groups}


def from_json(data: Any) -> Conditions:
    """Return the conditions that *data* describes; raise ``BadInput`` for what is none."""
    try:
        if data["version"] != VERSION:
            raise BadInput(BROKEN)
        groups = tuple(
            Group(Joined(group["joined"]), tuple(_condition(one) for one in group["conditions"]))
            for group in data["groups"]
        )
        return Conditions(Joined(data["joined"]), groups).without_empty
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(BROKEN) from error


def _condition(data: Mapping[str, Any]) -> Condition:
    value, of = data["value"], data["of"]
    if not isinstance(value, str) or not isinstance(of, int) or isinstance(of, bool) or not 0 <= of < 2**31:
        raise BadInput(BROKEN)
    if len(value) > LONGEST_VALUE or "\0" in value:
        raise BadInput(BROKEN)
    return Condition(Subject(data["subject"]), How(data["how"]), value.strip(), of)
