"""Tags, own fields and segments: what is noted of readers, and who fits conditions about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.kit.tokens import Keyring
from subscribers import (
    conditions,
    erasure,
    own_fields,
    record,
    retention,
    segment_list,
    segments,
    subscriptions,
    suppression,
    tagging,
)
from subscribers.attributes import FieldKind, FieldValue, TagMark
from subscribers.conditions import OF_FIELD, OF_SUBJECT, Condition, Conditions, Group, How, Joined, Subject
from subscribers.models import ConsentBasis, Subscriber, SuppressionReason
from tests.subscribers.readers import add_publication, add_reader

NAMES = ("ada", "bo", "cy", "di")
BY = {"by": "tests"}


def nothing_was_sent(one: Condition) -> object:
    """A history in which nobody got anything."""
    return select(Subscriber.id).where(Subscriber.id < 0)


def of(*wanted: Condition, joined: Joined = Joined.ALL) -> Conditions:
    """One group of conditions."""
    return Conditions(Joined.ALL, (Group(joined, wanted),))


class House:
    """Four readers of a newsletter, a tag, and a field of each kind."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.notes = add_publication(database, "notes", now=now)
        self.other = add_publication(database, "other", now=now)
        self.ids = {
            name: add_reader(
                database, f"{name}@{name}.example", self.notes, now=now, language="de" if name < "c" else "en"
            )
            for name in NAMES
        }
        self.fields: dict[FieldKind, int] = {}
        with database.write() as session:
            self.tag = tagging.ensure(session, "Friends of the house", now=now).id
            tagging.put(session, self.tag, [self.ids["ada"], self.ids["bo"]])
            subscriptions.subscribe(
                session, self.ids["cy"], self.other, now=now, basis=ConsentBasis.CONTRACT, source="tests"
            )
            said = {FieldKind.TEXT: ("Zürich", "Berlin"), FieldKind.NUMBER: ("9", "12,5"),
                    FieldKind.DATE: ("2026-01-31", "31.12.2026"), FieldKind.CHOICE: ("gold", "Silver")}  # fmt: skip
            for kind, (of_ada, of_bo) in said.items():
                choices = ["Gold", "Silver"] if kind is FieldKind.CHOICE else []
                field = own_fields.add(session, f"A {kind.value}", kind, choices=choices, now=now, **BY)
                self.fields[kind] = field.id
                values = [
                    (self.ids[name], own_fields.read_value(field, text))
                    for name, text in (("ada", of_ada), ("bo", of_bo))
                ]
                own_fields.put(session, field.id, values)

    def place(self) -> segments.Place:
        """Where conditions are asked."""
        return segments.Place(self.notes, ZoneInfo("Europe/Berlin"), nothing_was_sent)  # type: ignore[arg-type]

    def who(self, wanted: Conditions) -> str:
        """The names of those who fit."""
        with self.database.read() as session:
            found = set(session.scalars(segments.readers(session, self.place(), wanted)))
            assert segments.count(session, self.place(), wanted) == len(found)
        return " ".join(name for name, id_ in self.ids.items() if id_ in found)

    def field(self, kind: FieldKind, how: How, value: str = "") -> str:
        """Who fits a condition about the field of that kind."""
        return self.who(of(Condition(Subject.FIELD, how, value, self.fields[kind])))


@pytest.fixture
def house(database: Database, now: datetime) -> House:
    """The readers that these tests are about."""
    return House(database, now)


def test_each_condition_finds_whom_it_describes(house: House):
    """Equality folds case and umlauts, numbers and days are compared as such, and a "not" takes in who says nothing."""
    assert house.field(FieldKind.TEXT, How.IS, "ZU\u0308RICH") == "ada"
    assert house.field(FieldKind.TEXT, How.IS_NOT, "zürich") == "bo cy di"
    assert house.field(FieldKind.TEXT, How.BEGINS, "b") == "bo"
    assert house.field(FieldKind.NUMBER, How.MORE, "9") == "bo"
    assert house.field(FieldKind.NUMBER, How.LESS, "10") == house.field(FieldKind.NUMBER, How.IS, "9.0") == "ada"
    assert house.field(FieldKind.DATE, How.BEFORE, "2026-12-31") == "ada"
    assert house.field(FieldKind.DATE, How.AFTER, "31.01.2026") == "bo"
    assert house.field(FieldKind.CHOICE, How.IS, "GOLD") == "ada"
    assert house.field(FieldKind.CHOICE, How.FILLED) == "ada bo"
    assert house.field(FieldKind.CHOICE, How.EMPTY) == "cy di"
    assert house.who(of(Condition(Subject.TAG, How.HAS_NOT, of=house.tag))) == "cy di"
    assert house.who(of(Condition(Subject.LANGUAGE, How.IS, "de"))) == "ada bo"
    assert house.who(of(Condition(Subject.DOMAIN, How.IS, "@CY.example"))) == "cy"
    assert house.who(of(Condition(Subject.FORMAT, How.IS_NOT, "text"))) == "ada bo cy di"
    assert house.who(of(Condition(Subject.BASIS, How.IS, "contract"))) == ""
    assert house.who(of(Condition(Subject.READS, How.HAS, of=house.other))) == "cy"
    today, before = house.now.date(), house.now.date() - timedelta(days=1)
    assert house.who(of(Condition(Subject.SINCE, How.AFTER, before.isoformat()))) == "ada bo cy di"
    assert house.who(of(Condition(Subject.SINCE, How.AFTER, today.isoformat()))) == ""


def test_groups_are_taken_together_as_asked(house: House):
    """All of any, any of all; without conditions everybody fits."""
    german = Condition(Subject.LANGUAGE, How.IS, "de")
    reads = Condition(Subject.READS, How.HAS, of=house.other)
    gold = Condition(Subject.FIELD, How.IS, "gold", house.fields[FieldKind.CHOICE])
    assert house.who(of(german, reads, joined=Joined.ANY)) == "ada bo cy"
    assert house.who(of(german, reads)) == ""
    either = Conditions(Joined.ANY, (Group(Joined.ALL, (german, gold)), Group(Joined.ALL, (reads,))))
    assert house.who(either) == "ada cy"
    assert house.who(Conditions()) == "ada bo cy di"


def test_who_has_left_or_must_not_be_written_to_is_not_counted(house: House, keyring: Keyring):
    """Nor does anything that was noted outlive an erasure."""
    tagged = of(Condition(Subject.TAG, How.HAS, of=house.tag))
    with house.database.write() as session:
        suppression.suppress(session, "bo@bo.example", reason=SuppressionReason.REQUEST, now=house.now)
        assert segments.count(session, house.place(), tagged) == 1
        subscriptions.unsubscribe(session, house.ids["bo"], house.notes, now=house.now, reason="page")
        assert segments.count(session, house.place(), tagged) == 1
        noted = record.everything(session, house.ids["ada"])["noted"]
        assert noted["tags"] == ["Friends of the house"]
        assert noted["fields"]["A date"] == "2026-01-31"
        erasure.erase(session, house.ids["ada"], keyring=keyring, now=house.now, source="tests")
        assert segments.count(session, house.place(), tagged) == 0
        for table in (TagMark, FieldValue):
            assert session.scalar(select(table.subscriber_id).where(table.subscriber_id == house.ids["ada"])) is None


def test_what_was_noted_of_somebody_who_never_confirmed_goes_with_them(house: House):
    """Nothing hangs on that would keep the row."""
    with house.database.write() as session:
        eve = subscriptions.ensure_subscriber(session, "eve@eve.example", now=house.now)
        subscriptions.request(session, eve, house.notes, now=house.now, details={})
        tagging.put(session, house.tag, [eve])
        own_fields.put(session, house.fields[FieldKind.TEXT], [(eve, own_fields.Value("x", key="x"))])
        assert retention.forget_unconfirmed(session, eve, now=house.now)
        assert session.get(Subscriber, eve) is None


@pytest.mark.parametrize(
    "wrong",
    [
        Condition(Subject.TAG, How.HAS, of=99), Condition(Subject.FIELD, How.IS, "x", 99),
        Condition(Subject.TAG, How.BEGINS, "x"), Condition(Subject.LANGUAGE, How.IS, "' or 1=1 --"),
        Condition(Subject.LANGUAGE, How.IS, ""), Condition(Subject.DOMAIN, How.IS, "no domain"),
        Condition(Subject.SINCE, How.AFTER, "tomorrow"), Condition(Subject.READS, How.HAS, of=99),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_asked_says_so(now: datetime, tmp_path, sqlite_template, wrong: Condition):
    """In a sentence, and before anything is saved."""
    database = Database(f"sqlite:///{sqlite_template}")
    with database.read() as session, pytest.raises(BadInput):
        segments.checked(session, segments.Place(1, ZoneInfo("UTC"), nothing_was_sent), of(wrong))  # type: ignore[arg-type]
    database.dispose()


TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20).map(str.strip)
ANY_CONDITION = st.builds(Condition, st.sampled_from(Subject), st.sampled_from(How), TEXTS, st.integers(0, 99))
ANY_CONDITIONS = st.builds(
    Conditions,
    st.sampled_from(Joined),
    st.lists(
        st.builds(Group, st.sampled_from(Joined), st.lists(ANY_CONDITION, min_size=1, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
)


@given(ANY_CONDITIONS)
@settings(max_examples=60)
def test_what_is_stored_is_what_was_meant(wanted: Conditions):
    """Conditions survive being written down and read."""
    assert conditions.from_json(wanted.to_json()) == wanted


@pytest.mark.parametrize("broken", [None, [], {}, {"version": 2}, {"version": 1, "joined": "all", "groups": [3]}, {"version": 1, "joined": "x", "groups": []}])  # fmt: skip
def test_what_is_no_list_of_conditions_is_refused(broken: object):
    """A file from a later version, or a damaged row, is no half segment."""
    with pytest.raises(BadInput):
        conditions.from_json(broken)


def test_every_subject_can_be_compared():
    """A word without a way to compare it could never be used."""
    assert set(OF_SUBJECT) | {Subject.FIELD} == set(Subject)
    assert set(OF_FIELD) == set(FieldKind)


def test_many_are_tagged_and_noted_in_lots(house: House):
    """Nobody is left out where one lot ends, and who had a value has the new one."""
    wanted = of(
        Condition(Subject.LANGUAGE, How.IS, "en"), Condition(Subject.TAG, How.HAS, of=house.tag), joined=Joined.ANY
    )
    field_id = house.fields[FieldKind.TEXT]
    with house.database.write() as session:
        readers = segments.readers(session, house.place(), wanted)
        value = own_fields.read_value(own_fields.get(session, field_id), "Wien")
        assert value is not None
        after: int | None = 0
        while after is not None:
            after = own_fields.put_within(session, field_id, value, readers, after=after, batch=3)
    assert house.field(FieldKind.TEXT, How.IS, "wien") == "ada bo cy di"
    for verb, expected in ((tagging.put_within, "ada bo cy di"), (tagging.take_within, "")):
        with house.database.write() as session:
            everybody = segments.readers(session, house.place(), Conditions())
            after = 0
            while after is not None:
                after = verb(session, house.tag, everybody, after=after, batch=3)
        assert house.who(of(Condition(Subject.TAG, How.HAS, of=house.tag))) == expected


def test_a_name_is_given_once(house: House):
    """To a segment of one newsletter, to a tag, to a field; what is removed is gone with all that hung on it."""
    german = of(Condition(Subject.LANGUAGE, How.IS, "de"))
    with house.database.write() as session:
        made = segment_list.save(session, house.notes, "Germans", german, now=house.now, **BY)
        segment_list.save(session, house.notes, "Germans", german, now=house.now, segment=made, **BY)
        segment_list.save(session, house.other, "Germans", german, now=house.now, **BY)
        with pytest.raises(Conflict):
            segment_list.save(session, house.notes, "Germans", german, now=house.now, **BY)
        with pytest.raises(BadInput):
            segment_list.save(session, house.notes, "Everybody", Conditions(), now=house.now, **BY)
        with pytest.raises(NotFound, match="Germans"):
            segment_list.called(session, house.notes, "Swiss")
        assert tagging.ensure(session, "  friends OF the house ", now=house.now).id == house.tag
        with pytest.raises(Conflict):
            own_fields.add(session, "a TEXT", FieldKind.TEXT, now=house.now, **BY)
        own_fields.remove(session, house.fields[FieldKind.TEXT], now=house.now, **BY)
        tagging.remove(session, house.tag, now=house.now, **BY)
        segment_list.remove(session, made, now=house.now, **BY)
        assert tagging.every(session) == []
        assert len(session.scalars(select(FieldValue.field_id)).all()) == 6
        deeds = session.scalars(select(AuditEntry.deed).order_by(AuditEntry.id)).all()
    assert deeds[-3:] == ["field.remove", "tag.remove", "segment.remove"]
