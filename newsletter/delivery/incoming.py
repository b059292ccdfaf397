"""Incoming lists: a thread that brings in what was ordered at the desk, beside the sending and never in its way."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta

from sqlalchemy.exc import OperationalError

from newsletter.delivery import maillog
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring
from subscribers import import_jobs, import_work

TICK = 1.0
"""Seconds between two looks for an import that somebody ordered."""
TIDY = timedelta(hours=1)


class IncomingLists:
    """Works through imports one by one; several on several machines share them by lease."""

    def __init__(self, database: Database, *, clock: Clock, keyring: Keyring) -> None:
        """Prepare to work; nothing runs before ``start``."""
        self._database, self._clock, self._keyring = database, clock, keyring
        self._owner = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="incoming lists", daemon=True)

    def start(self) -> None:
        """Look for work until ``stop``."""
        self._thread.start()

    def stop(self) -> None:
        """Let the transaction in hand end; the rest goes on when somebody works again."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        tidy_at = self._clock()
        while not self._stopping.is_set():
            try:
                if self._clock() >= tidy_at:
                    tidy_at = self._clock() + TIDY
                    with self._database.write() as session:
                        import_jobs.retain(session, now=self._clock())
                if import_work.work(
                    self._database, owner=self._owner, clock=self._clock, keyring=self._keyring,
                    stopping=self._stopping.is_set,
                ):  # fmt: skip
                    continue
            except OperationalError as error:
                maillog.database_away(error)
            except Exception:  # one import that fails must not stop the others; it is tried again after its lease
                maillog.step_failed("incoming lists")
            self._stopping.wait(TICK)
