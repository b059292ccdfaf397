"""The form of a segment: conditions put together by clicks, read from its fields and written back into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.models import Issue, IssueState
from newsletter.kit.catalogue import N_, Words
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.desk.readers.person import BASES, FORMATS
from newsletter.web.desk.readers.scope import Scope
from newsletter.web.problems import BadForm
from newsletter.web.readers.forms import NOT_WHOLE, Form
from subscribers import conditions, own_fields, tagging
from subscribers.attributes import FieldKind, OwnField
from subscribers.conditions import OF_FIELD, OF_SUBJECT, Condition, Conditions, Group, How, Joined, Subject

ISSUES_OFFERED = 40
SUBJECTS = {
    Subject.LANGUAGE: N_("Language"),
    Subject.FORMAT: N_("Arrives as"),
    Subject.DOMAIN: N_("Domain of the address"),
    Subject.SINCE: N_("Reads it since"),
    Subject.BASIS: N_("Ground"),
    Subject.MAILED: N_("Got an issue"),
    Subject.RETURNED: N_("An issue came back"),
}
HOWS = {
    How.IS: N_("is"),
    How.IS_NOT: N_("is not"),
    How.BEGINS: N_("begins with"),
    How.LESS: N_("is less than"),
    How.MORE: N_("is more than"),
    How.BEFORE: N_("before"),
    How.AFTER: N_("after"),
    How.FILLED: N_("says something"),
    How.EMPTY: N_("says nothing"),
    How.HAS: N_("yes"),
    How.HAS_NOT: N_("no"),
    How.WITHIN: N_("in the last days"),
    How.NOT_WITHIN: N_("not in the last days"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a condition can be about."""

    key: str
    """As the form says it: ``tag:3``, ``language``."""
    name: str
    hows: tuple[How, ...]
    kind: str = "text"
    """Of the input for its value: ``text``, ``date``, ``number``, ``choice``."""
    options: tuple[tuple[str, str], ...] = ()
    """What a choice offers: value and word."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that conditions can be about, in the groups of the menu."""

    groups: tuple[tuple[str, tuple[Offer, ...]], ...]

    def __getitem__(self, condition: Condition) -> Offer | None:
        """Return what *condition* is about; None if there is no such thing any more."""
        return next((each for _, offers in self.groups for each in offers if each.key == key_of(condition)), None)


def offers(session: Session, visitor: Visitor, scope: Scope, publication: Publication, _: Words) -> Offers:
    """Return what conditions about readers of *publication* can be about."""
    others = [each for each in scope.seen(session, visitor) if each.id != publication.id]
    issues = session.scalars(
        select(Issue).where(Issue.publication_id == publication.id, Issue.state == IssueState.PUBLISHED)
        .order_by(Issue.number.desc()).limit(ISSUES_OFFERED)
    )  # fmt: skip
    has = OF_SUBJECT[Subject.TAG]
    of_reader = (
        _plain(_, Subject.LANGUAGE),
        _plain(_, Subject.FORMAT, "choice", tuple((form.value, _(name)) for form, name in FORMATS.items())),
        _plain(_, Subject.DOMAIN),
    )
    of_tie = (
        _plain(_, Subject.SINCE, "date"),
        _plain(_, Subject.BASIS, "choice", tuple((basis.value, _(name)) for basis, name in BASES.items())),
        *(Offer(f"reads:{each.id}", _("Reads %(name)s", name=each.name), has) for each in others),
    )
    history = (
        _plain(_, Subject.MAILED, "number"),
        _plain(_, Subject.RETURNED, "number"),
        *(
            Offer(f"issue:{each.id}", _("Got issue %(number)s: %(title)s", number=each.number, title=each.title), has)
            for each in issues
        ),
    )
    groups = (
        (_("Tags"), tuple(Offer(f"tag:{tag.id}", tag.name, has) for tag in tagging.every(session))),
        (_("Fields"), tuple(_of_field(field) for field in own_fields.every(session))),
        (_("Reader"), of_reader),
        (_("Subscription"), of_tie),
        (_("History"), history),
    )
    return Offers(tuple((name, found) for name, found in groups if found))


def key_of(condition: Condition) -> str:
    """Return how the form names what *condition* is about."""
    numbered = condition.subject in conditions.NUMBERED
    return f"{condition.subject.value}:{condition.of}" if numbered else condition.subject.value


def read(form: Form) -> Conditions:
    """Return the conditions that the form holds; raise ``BadForm`` for what our page never sends."""
    groups = tuple(Group(_joined(form.get(f"g{at}-joined")), tuple(_rows(form, at))) for at in _numbers(form))
    return Conditions(_joined(form.get("joined")), groups)


def changed(wanted: Conditions, form: Form, offered: Offers) -> Conditions:
    """Return *wanted* after the button that was pressed: a condition or a group more, or one less."""
    act, _, place = form.get("act").partition(":")
    groups = list(wanted.groups)
    at, _, row = place.partition(":")
    number = int(at) if at.isdecimal() and len(at) < 4 and int(at) < len(groups) else None
    if act == "add-group":
        groups.append(Group(Joined.ANY, ()))
    elif act == "add" and number is not None and (subject := form.get(f"g{number}-add")):
        condition = _condition(subject, How.IS.value, "")
        if (offer := offered[condition]) is None:
            raise BadForm(NOT_WHOLE)
        condition = replace(condition, how=offer.hows[0], value=offer.options[0][0] if offer.options else "")
        groups[number] = replace(groups[number], conditions=(*groups[number].conditions, condition))
    elif act == "remove" and number is not None and row.isdecimal() and len(row) < 4:
        rest = [each for place_, each in enumerate(groups[number].conditions) if place_ != int(row)]
        groups[number] = replace(groups[number], conditions=tuple(rest))
    elif act == "remove-group" and number is not None:
        del groups[number]
    return Conditions(wanted.joined, tuple(groups))


def _rows(form: Form, at: int) -> Iterator[Condition]:
    for row in range(conditions.MOST_CONDITIONS + 1):
        subject = form.get(f"g{at}-c{row}-subject")
        if not subject:
            return
        yield _condition(subject, form.get(f"g{at}-c{row}-how"), form.get(f"g{at}-c{row}-value"))


def _numbers(form: Form) -> Iterator[int]:
    for at in range(conditions.MOST_GROUPS + 1):
        if not form.has(f"g{at}-joined"):
            return
        yield at


def _condition(subject: str, how: str, value: str) -> Condition:
    kind, _, number = subject.partition(":")
    if kind not in set(Subject) or (number and not (number.isdecimal() and len(number) < 10)) or how not in set(How):
        raise BadForm(NOT_WHOLE)
    return Condition(Subject(kind), How(how), value.strip()[: conditions.LONGEST_VALUE].replace("\0", ""),
                     int(number or 0))  # fmt: skip


def _joined(text: str) -> Joined:
    return Joined(text) if text in set(Joined) else Joined.ALL


def _plain(_: Words, subject: Subject, kind: str = "text", options: tuple[tuple[str, str], ...] = ()) -> Offer:
    return Offer(subject.value, _(SUBJECTS[subject]), OF_SUBJECT[subject], kind, options)


def _of_field(field: OwnField) -> Offer:
    kind = {FieldKind.DATE: "date", FieldKind.NUMBER: "number", FieldKind.CHOICE: "choice"}.get(field.kind, "text")
    options = tuple((word, word) for word in field.choices)
    return Offer(f"field:{field.id}", field.name, OF_FIELD[field.kind], kind, options)
