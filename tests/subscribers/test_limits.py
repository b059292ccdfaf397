"""Limits: counted in the database, so that processes share them; kept without saying whose they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring
from subscribers.limits import KEPT, Limit, forget_old, hidden, network_of, take
from subscribers.models import Rate

HOURLY = (Limit("test/hour", 3, timedelta(hours=1)), Limit("test/day", 5, timedelta(days=1)))


def test_the_fourth_in_an_hour_and_the_sixth_in_a_day_are_too_many(database: Database, now: datetime):
    """Windows begin anew; whose it is matters; what was refused is not held against anybody later."""
    with database.write() as session:
        assert [take(session, HOURLY, "ada", now=now) for _ in range(6)] == [True, True, True, False, False, False]
        assert take(session, HOURLY, "bob", now=now)
        later = now + timedelta(hours=1)
        assert [take(session, HOURLY, "ada", now=later) for _ in range(3)] == [True, True, False]
        assert not take(session, HOURLY, "ada", now=now + timedelta(hours=2))
        assert take(session, HOURLY, "ada", now=now + timedelta(days=1))


def test_what_counts_twice_is_used_up_sooner(database: Database, now: datetime):
    """Three fit, two twos do not."""
    with database.write() as session:
        assert [take(session, HOURLY, "ada", now=now, cost=2) for _ in range(2)] == [True, False]


def test_many_at_once_share_one_count(database: Database, now: datetime):
    """Twenty hands, three pass."""

    def ask(_: int) -> bool:
        with database.write() as session:
            return take(session, HOURLY[:1], "ada", now=now)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(20))) == 3


def test_old_counts_are_forgotten(database: Database, now: datetime, keyring: Keyring):
    """And none of them says an address."""
    with database.write() as session:
        take(session, HOURLY, hidden(keyring, "address", "ada@example.org"), now=now)
        assert all("ada" not in rate.whose for rate in session.scalars(select(Rate)))
        forget_old(session, now=now + KEPT / 2)
        assert session.scalars(select(Rate)).all()
        forget_old(session, now=now + KEPT + timedelta(days=1))
        assert session.scalars(select(Rate)).all() == []


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"), ("2001:db8:1:201:a:b:c:d", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"), ("testclient", ""), ("", ""), ("203.0.113.999", ""),
    ],
)  # fmt: skip
def test_a_home_is_one_network(host: str, network: str):
    """A provider gives a home a /56 of IPv6; somebody there must not have 2^72 tries."""
    assert network_of(host) == network


@given(st.text(max_size=60))
def test_no_host_is_too_odd(host: str):
    """A proxy may write anything."""
    assert isinstance(network_of(host), str)
