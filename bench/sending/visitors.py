"""Visitors: readers who look at their pages and leave by one click while a dispatch runs."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import httpx

from newsletter.kit.tokens import Keyring, LinkClaims
from sending.installation import SECRET
from subscribers.links import ReaderLinks

PAUSE = 0.02
"""Seconds between two visits of one kind; some forty a second, far more than an issue brings."""


@dataclass
class Visitors:
    """Counts the seconds of each visit, from another process than the one that serves."""

    port: int
    publication_id: int
    readers: int
    reads: list[float] = field(default_factory=list)
    leaves: list[float] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._over = threading.Event()
        self._links = ReaderLinks(f"http://127.0.0.1:{self.port}", Keyring([SECRET]))
        self._dice = random.Random(1)
        self._threads = [threading.Thread(target=self._visit, args=(kind,)) for kind in ("read", "leave")]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, kind: str) -> None:
        with httpx.Client() as client:
            while not self._over.wait(PAUSE):
                # From the end of the list: the sending comes to them last.
                number = self.readers - self._dice.randrange(max(1, self.readers // 4))
                claims = LinkClaims(self.publication_id, number, 0)
                began = time.perf_counter()
                if kind == "read":
                    answer = client.get(self._links.preferences(claims))
                    self.reads.append(time.perf_counter() - began)
                else:
                    answer = client.post(self._links.one_click(claims), data={"List-Unsubscribe": "One-Click"})
                    self.leaves.append(time.perf_counter() - began)
                answer.raise_for_status()


def p99(seconds: list[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else 0.0
