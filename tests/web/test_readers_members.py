"""Members: kept by another system, told before the end, without mail from that day on; their archive opens by a link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.kit.audit import AuditEntry
from newsletter.publications import Access
from subscribers import membership
from subscribers.models import MemberKey, Subscription
from tests.subscribers.readers import dump
from tests.town import PUBLIC_URL, Town, body_of, link_in, town

ADA = "ada@example.org"


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on each database, with a circle for members whose clocks stand in Berlin."""
    with town(database_url, tmp_path) as made:
        made.publish("circle", access=Access.MEMBERS, time_zone="Europe/Berlin")
        yield made


def key_of(place: Town, label: str = "circle") -> str:
    """A key of the publication."""
    with place.database.write() as session:
        return membership.add_key(session, publications.by_label(session, label), "CRM", by="ann", now=place.now)


def put(place: Town, key: str, *members: dict[str, Any], label: str = "circle") -> Any:
    """What the membership system sends."""
    return place.client.put(
        f"/api/members/{label}", json={"members": list(members)}, headers={"Authorization": f"Bearer {key}"}
    )


def tie_of(place: Town, label: str = "circle") -> Subscription:
    """The one tie to the circle."""
    with place.database.read() as session:
        return session.scalars(
            select(Subscription).where(Subscription.publication_id == place.publications[label])
        ).one()


def test_a_membership_system_keeps_its_members(place: Town):
    """It says until when; who left by hand stays gone; what is no address is named; the audit trail knows the key."""
    key = key_of(place)
    first = put(
        place, key, {"address": ADA, "name": "Ada", "language": "de", "valid_until": "2026-12-31"},
        {"address": "eva@example.org"}, {"address": "nobody"},
    ).json()  # fmt: skip
    assert (first["taken"], [one["place"] for one in first["refused"]]) == (2, [2])
    assert place.kinds(ADA) == ["subscribed"]
    again = put(place, key, {"address": "ADA@example.org", "valid_until": "2027-12-31"}, {"address": "eva@example.org"})
    assert again.json() == {"kept": 2, "refused": []}
    assert place.kinds(ADA) == ["subscribed", "changed"]
    place.issue("circle")
    mails = {mail["To"].partition("<")[2].strip(">") or mail["To"]: mail for mail in place.deliver()}
    place.client.post(link_in(mails["eva@example.org"], "u"), data={"act": "leave"})
    assert put(place, key, {"address": "eva@example.org", "valid_until": "2030-01-01"}).json()["left"] == 1
    assert place.state("eva@example.org", "circle") == "ended"
    with place.database.read() as session:
        kept = session.scalars(select(AuditEntry).where(AuditEntry.deed == "members.keep")).all()
        assert len(kept) == 3
        assert {entry.actor for entry in kept} == {"key:1"}


def test_only_the_right_key_opens_the_members(place: Town):
    """None, a wrong one, one of another newsletter, a revoked one: 401, the same words, and nothing written."""
    place.publish("other", access=Access.MEMBERS)
    key, other = key_of(place), key_of(place, "other")
    with place.database.write() as session:
        revoked = membership.add_key(session, publications.by_label(session, "circle"), "old", by="ann", now=place.now)
        assert key not in repr(dump(place.database))
        number = session.scalars(select(MemberKey.id).where(MemberKey.name == "old")).one()
        membership.revoke_key(session, number, by="ann", now=place.now)
    before = dump(place.database)
    said = {put(place, wrong, {"address": ADA}).text for wrong in ("", "x", key[:-1], other, revoked, key + "x")}
    said.add(place.client.put("/api/members/circle", json={"members": [{"address": ADA}]}).text)
    said.add(put(place, key, {"address": ADA}, label="weekly").text)
    assert len(said) == 1
    assert '"status":401' in said.pop()
    unusable: list[list[dict[str, Any]]] = [
        [],
        [{"address": ADA, "admin": 1}],
        [{"address": ADA, "valid_until": "soon"}],
    ]
    assert [put(place, key, *wrong).status_code for wrong in unusable] == [422] * 3
    assert dump(place.database) == before


def test_a_member_is_told_a_fortnight_before_and_gets_nothing_from_that_day(place: Town):
    """The last day is whole, on the newsletter's clocks; a renewed membership is told of its own end and goes on."""
    key = key_of(place)
    put(place, key, {"address": ADA, "valid_until": "2026-03-31"})
    place.clock[0] = datetime(2026, 3, 17, 21, 30, tzinfo=UTC)  # 14 days and half an hour before the end in Berlin
    assert place.deliver() == []
    place.turn(hours=1)
    (notice,) = place.deliver()
    assert notice["Subject"] == "Circle ends with your membership"
    assert "until 31 March 2026" in body_of(notice)
    place.turn(hours=2)
    assert place.deliver() == []
    put(place, key, {"address": ADA, "valid_until": "2026-04-10"})
    (notice,) = place.deliver() or place.turn(days=12) or place.deliver()
    assert "until 10 April 2026" in body_of(notice)
    place.clock[0] = datetime(2026, 4, 10, 21, 0, tzinfo=UTC)  # one hour before midnight in Berlin
    place.issue("circle")
    assert [mail["To"] for mail in place.deliver()] == [ADA]
    place.turn(minutes=59, seconds=59)
    place.issue("circle")  # planned on the last day, but its turn comes after midnight
    place.turn(seconds=1)
    assert place.deliver() == []
    tie = tie_of(place)
    assert (tie.state.value, tie.end_reason) == ("ended", "lapsed")
    assert put(place, key, {"address": ADA, "valid_until": "2026-05-31"}).json()["renewed"] == 1
    place.issue("circle")
    assert [mail["To"] for mail in place.deliver()] == [ADA]
    assert place.kinds(ADA)[-2:] == ["unsubscribed", "resubscribed"]


def test_whoever_must_not_be_written_to_is_not_told_of_the_end(place: Town):
    """Do-not-mail holds against notices as well, and against the membership system."""
    key = key_of(place)
    put(place, key, {"address": ADA, "valid_until": "2026-03-10"})
    with place.database.write() as session:
        from subscribers.models import SuppressionReason
        from subscribers.suppression import suppress

        suppress(session, ADA, reason=SuppressionReason.COMPLAINT, now=place.now)
    assert place.deliver() == []
    assert put(place, key, {"address": ADA, "valid_until": "2030-03-10"}).json()["suppressed"] == 1
    assert tie_of(place).valid_until == membership.end_of(date(2026, 3, 10), "Europe/Berlin")


def test_the_archive_of_the_members_opens_by_the_link_in_the_mail(place: Town):
    """Web edition, PDF and list of issues; without the link, or with another newsletter's, there is nothing there."""
    key = key_of(place)
    put(place, key, {"address": ADA, "valid_until": "2026-12-31"})
    place.reader("eva@example.org")
    place.issue("weekly")
    place.issue("circle")
    mails = {mail["To"]: mail for mail in place.deliver()}
    web = re.search(rf"{PUBLIC_URL}(/n/circle/1/([\w-]{{36}})/)\s", body_of(mails[ADA]))
    assert web
    for path in (web[1], f"{web[1]}issue.pdf", f"/n/circle/r/{web[2]}/"):
        answer = place.client.get(path)
        assert answer.status_code == 200, path
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "public" not in answer.headers["cache-control"]
    shelf = place.client.get(f"/n/circle/r/{web[2]}/").text
    assert web[1] in shelf
    assert place.client.get(f"/n/circle/r/{web[2]}/1/").headers["location"] == web[1]
    others = link_in(mails["eva@example.org"], "p").removeprefix("/p/")
    for path in (
        "/n/circle/", "/n/circle/1/", "/n/circle/1/issue.pdf", "/n/circle/feed.rss", f"/n/circle/1/{others}/",
        f"/n/circle/r/{others}/", f"/n/circle/1/{web[2][:-1]}/", f"/n/weekly/r/{web[2]}/", "/join/circle",
    ):  # fmt: skip
        assert place.client.get(path).status_code == 404, path
    for path in ("/", "/sitemap.xml", "/search?q=the", "/join/"):
        assert "circle" not in place.client.get(path).text.lower(), path


def test_the_link_closes_with_the_membership(place: Town):
    """Whoever has lapsed, left or been erased no longer gets in, neither to old issues nor to new ones."""
    key = key_of(place)
    put(place, key, {"address": ADA, "valid_until": "2026-03-10"})
    place.issue("circle")
    mail = next(one for one in place.deliver() if one["List-Unsubscribe"])
    web = re.search(rf"{PUBLIC_URL}(/n/circle/1/([\w-]{{36}})/)\s", body_of(mail))
    assert web
    shelf = f"/n/circle/r/{web[2]}/"
    assert [place.client.get(path).status_code for path in (web[1], shelf)] == [200, 200]
    place.clock[0] = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
    assert [place.client.get(path).status_code for path in (web[1], shelf)] == [404, 404]
    put(place, key, {"address": ADA})
    assert [place.client.get(path).status_code for path in (web[1], shelf)] == [200, 200]
    place.client.post(link_in(mail, "u"), content="List-Unsubscribe=One-Click")
    assert [place.client.get(path).status_code for path in (web[1], shelf)] == [404, 404]
