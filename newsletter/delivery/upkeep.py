"""Upkeep: what the worker does beside sending: answers sign-ups at once, and does what is due each quarter hour."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from newsletter.delivery import digests, forgetting
from newsletter.delivery.forgetting import Forgotten
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring
from subscribers import answers, membership
from subscribers.links import ReaderLinks

EVERY = timedelta(minutes=15)
"""Counted on the clock, and what every time zone is a multiple of: a digest of eight o'clock goes at eight."""


class Upkeep:
    """Every job is safe to repeat and to do on many machines at once; called once a tick."""

    def __init__(
        self,
        database: Database,
        *,
        links: ReaderLinks,
        keyring: Keyring,
        routes_of: digests.RoutesOf,
        keep: timedelta,
        clock: Clock,
    ) -> None:
        """Prepare to work; deliveries of sendings that ended *keep* ago become totals."""
        self._database = database
        self._links = links
        self._keyring = keyring
        self._routes_of = routes_of
        self._keep = keep
        self._clock = clock
        self._mutex = threading.Lock()
        self._next: datetime | None = None

    def __call__(self) -> None:
        """Do what is due now."""
        self.answer()
        if self._is_time():
            self.look_after_members()
            self.retain()
            with self._database.write() as session:
                digests.schedule_due(session, routes_of=self._routes_of, now=self._clock())

    def answer(self) -> None:
        """Write the mails that answer sign-ups and lost links."""
        while True:
            with self._database.write() as session:
                done = answers.answer_waiting(session, links=self._links, keyring=self._keyring, now=self._clock())
            if done < answers.BATCH:
                return

    def look_after_members(self) -> None:
        """Tell members whose membership ends soon, and write down which have ended."""
        for job in (membership.tell_of_lapse, membership.end_lapsed):
            while True:
                with self._database.write() as session:
                    done = job(session, now=self._clock())
                if done < membership.BATCH:
                    break

    def retain(self) -> Forgotten:
        """Let go of everything whose time is over, round by round; return what that was."""
        whole = Forgotten()
        while True:
            with self._database.write() as session:
                part = forgetting.retain(session, keep=self._keep, now=self._clock())
            whole += part
            if not part.is_full:
                return whole

    def _is_time(self) -> bool:
        with self._mutex:
            now = self._clock()
            if self._next is not None and now < self._next:
                return False
            self._next = now + EVERY - (now - datetime.min.replace(tzinfo=now.tzinfo)) % EVERY
            return True
