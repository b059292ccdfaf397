"""Digests: who wants to hear less often gets one mail about what has appeared, at the turn of the week or month."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.delivery import digests
from newsletter.delivery.models import Dispatch
from newsletter.delivery.states import DispatchKind
from newsletter.issues.models import Issue, IssueState
from subscribers.models import Rhythm
from tests.town import PUBLIC_URL, Town, body_of, link_in, town

MONDAY = datetime(2026, 3, 9, 7, 0, tzinfo=UTC)
"""Eight o'clock in Berlin, the first Monday after the town's Wednesday."""


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on each database whose brief goes by Berlin's clocks."""
    with town(database_url, tmp_path) as made:
        made.publish("brief", time_zone="Europe/Berlin")
        yield made


def reads(place: Town, address: str, rhythm: Rhythm) -> None:
    """Let somebody join the brief and choose how often, on the page of choices."""
    place.reader(address, "brief")
    place.client.post("/link/", data={"address": address})
    (mail,) = place.deliver()
    number = str(place.publications["brief"])
    data = {"act": "save", "take": number, "shown": number, f"rhythm-{number}": rhythm.value}
    assert place.client.post(link_in(mail, "p"), data=data).status_code == 200


def test_a_week_of_issues_is_one_mail_on_monday_at_eight(place: Town):
    """With every issue, its headlines and its link, once; who wants each issue gets each, and no digest."""
    reads(place, "ada@example.org", Rhythm.WEEKLY)
    reads(place, "mona@example.org", Rhythm.MONTHLY)
    place.reader("eva@example.org", "brief")
    for _ in range(3):
        place.issue("brief")
    assert {mail["To"] for mail in place.deliver()} == {"eva@example.org"}
    with place.database.write() as session:
        session.execute(update(Issue).where(Issue.number == 3).values(state=IssueState.WITHDRAWN))
    place.clock[0] = MONDAY.replace(hour=6, minute=59)
    assert place.deliver() == []
    place.clock[0] = MONDAY
    (digest,) = place.deliver()
    assert digest["To"] == "ada@example.org"
    assert digest["Subject"].startswith("Brief: ")
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = body_of(digest)
    assert re.findall(rf"{PUBLIC_URL}(/n/brief/\d/)", text) == ["/n/brief/1/", "/n/brief/2/"]
    for path in ("/n/brief/1/", "/n/brief/2/", link_in(digest, "p"), link_in(digest, "u")):
        assert place.client.get(path).status_code == 200
    assert place.deliver() == []
    place.client.post(link_in(digest, "u"), data={"List-Unsubscribe": "One-Click"})
    assert place.state("ada@example.org", "brief") == "ended"
    place.issue("brief")
    place.deliver()
    place.clock[0] = datetime(2026, 4, 1, 6, 0, tzinfo=UTC)  # summer time by now
    monthly = [mail for mail in place.deliver() if mail["To"] == "mona@example.org"]
    assert len(monthly) == 1
    assert re.findall(rf"{PUBLIC_URL}/n/brief/(\d)/", body_of(monthly[0])) == ["1", "2", "4"]
    with place.database.read() as session:
        kinds = session.scalars(select(Dispatch.kind).where(Dispatch.kind == DispatchKind.DIGEST)).all()
        assert len(kinds) == 2


def test_nothing_new_is_no_mail_and_a_late_one_is_left_out(place: Town):
    """No empty digest; one that could not go for more than three days is not news any more."""
    reads(place, "ada@example.org", Rhythm.WEEKLY)
    place.clock[0] = MONDAY
    assert place.deliver() == []
    place.issue("brief")
    place.deliver()
    place.clock[0] = datetime(2026, 3, 19, 8, 0, tzinfo=UTC)  # the worker stood still over Monday the 16th
    assert place.deliver() == []


@pytest.mark.parametrize(
    ("now", "rhythm", "since", "until"),
    [
        (MONDAY, Rhythm.WEEKLY, "2026-03-02T07:00", "2026-03-09T07:00"),
        (MONDAY.replace(hour=6, minute=59), Rhythm.WEEKLY, "2026-02-23T07:00", "2026-03-02T07:00"),
        # Summer time begins on 29 March: eight o'clock is six in UTC from then on.
        (datetime(2026, 4, 2, tzinfo=UTC), Rhythm.WEEKLY, "2026-03-23T07:00", "2026-03-30T06:00"),
        (datetime(2026, 4, 1, 5, 59, tzinfo=UTC), Rhythm.MONTHLY, "2026-02-01T07:00", "2026-03-01T07:00"),
        (datetime(2026, 4, 1, 6, 0, tzinfo=UTC), Rhythm.MONTHLY, "2026-03-01T07:00", "2026-04-01T06:00"),
    ],
)
def test_a_period_is_the_last_one_that_is_over(now: datetime, rhythm: Rhythm, since: str, until: str):
    """By the newsletter's clocks, without gap or overlap where summer time begins."""
    begins, ends = digests.period(rhythm, "Europe/Berlin", now=now)
    assert (f"{begins:%Y-%m-%dT%H:%M}", f"{ends:%Y-%m-%dT%H:%M}") == (since, until)
