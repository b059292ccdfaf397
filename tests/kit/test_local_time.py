"""Times as people write them mean one moment, or one clear sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.kit.errors import BadInput
from newsletter.kit.local_time import moment, span
from newsletter.kit.windows import Opening, next_opening, read_window, worked_off

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = ("Mon-Fri 07:00-19:00",)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-28 09:00", "2026-03-28 08:00"),
        ("2026-03-29 09:00", "2026-03-29 07:00"),  # the clocks were put forward that night
        ("2026-03-29T01:59", "2026-03-29 00:59"),
        ("2026-10-25 03:00", "2026-10-25 02:00"),  # put back
        ("2026-10-25 02:30+02:00", "2026-10-25 00:30"),
        ("2026-10-25 02:30+01:00", "2026-10-25 01:30"),
        (" 2026-07-01 12:00 ", "2026-07-01 10:00"),
    ],
)
def test_a_local_time_is_read_on_the_clocks_of_the_zone(text, meant):
    """Nine o'clock is nine o'clock, summer and winter."""
    assert moment(text, BERLIN) == utc(meant)


@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31T23:59-05:00"])
def test_a_time_beyond_the_calendar_is_none(text):
    """On another clock it would be in a year that there is not."""
    with pytest.raises(BadInput, match="is no date"):
        moment(text, BERLIN)


def test_a_time_that_the_clocks_skip_is_answered_with_its_neighbours():
    """Sending at a time that does not exist would be somebody's guess."""
    with pytest.raises(BadInput, match=r"no 02:30 on 2026-03-29 in Europe/Berlin.*Write 01:30 or 03:30"):
        moment("2026-03-29 02:30", BERLIN)


def test_a_time_that_the_clocks_show_twice_is_answered_with_both():
    """The answer can be pasted."""
    with pytest.raises(BadInput, match=r"two 02:30 on 2026-10-25") as caught:
        moment("2026-10-25 02:30", BERLIN)
    first, second = "2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00"
    assert first in str(caught.value)
    assert second in str(caught.value)
    assert moment(second, BERLIN) - moment(first, BERLIN) == timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-03-29", "2026-13-01 09:00", "29.03.2026 09:00", "09:00"])
def test_what_is_no_time_is_told_how_to_write_one(text):
    """Also a date alone: nobody means midnight."""
    with pytest.raises(BadInput, match="2026-03-29 09:00"):
        moment(text, BERLIN)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("0", 0)])
def test_a_span_is_read(text, seconds):
    """As people write it."""
    assert span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "-5m", "5 weeks", "99d"])
def test_what_is_no_span_is_told_how_to_write_one(text):
    """A bare number has no unit."""
    with pytest.raises(BadInput):
        span(text)


def test_a_window_keeps_its_hours_across_a_clock_change():
    """Seven o'clock on both Fridays and on the Monday after the change."""
    friday, monday = utc("2026-03-27 12:00"), utc("2026-03-28 12:00")
    assert next_opening(OFFICE, BERLIN, after=friday) == Opening(utc("2026-03-27 06:00"), utc("2026-03-27 18:00"))
    assert next_opening(OFFICE, BERLIN, after=monday) == Opening(utc("2026-03-30 05:00"), utc("2026-03-30 17:00"))


def test_a_window_is_over_at_its_last_moment():
    """From 19:00 on nothing goes."""
    assert next_opening(OFFICE, BERLIN, after=utc("2026-01-05 18:00")) == Opening(
        utc("2026-01-06 06:00"), utc("2026-01-06 18:00")
    )


def test_a_window_over_the_hour_that_comes_twice_is_an_hour_longer():
    """It opens at the first and closes at the second."""
    night = next_opening(("Sun 02:00-02:30",), BERLIN, after=utc("2026-10-24 12:00"))
    assert night == Opening(utc("2026-10-25 00:00"), utc("2026-10-25 01:30"))


def test_days_may_go_round_the_week_and_midnight_ends_a_day():
    """Sat-Mon is three days."""
    assert read_window("Sat-Mon 00:00-24:00").days == {5, 6, 0}
    whole = next_opening(("Sat 00:00-24:00",), BERLIN, after=utc("2026-01-10 12:00"))
    assert whole == Opening(utc("2026-01-09 23:00"), utc("2026-01-10 23:00"))


@pytest.mark.parametrize(
    "text", ["", "Mon-Fri", "Mo-Fr 07:00-19:00", "Mon-Fri 7-19", "Mon 19:00-07:00", "Mon 25:00-26:00"]
)
def test_what_is_no_window_is_told_how_to_write_one(text):
    """One clear sentence."""
    with pytest.raises(BadInput):
        read_window(text)


def test_work_rests_while_no_window_is_open():
    """Fourteen hours from Friday noon end on Monday."""
    assert worked_off(timedelta(hours=14), OFFICE, BERLIN, start=utc("2026-01-09 11:00")) == utc("2026-01-12 13:00")
    assert worked_off(timedelta(hours=1), (), BERLIN, start=utc("2026-01-10 11:00")) == utc("2026-01-10 12:00")
