"""The lookout: how sendings stand, asked of the database at most once a second however many pages are open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool

from newsletter.delivery.snapshot import Progress

FRESH = 1.0
"""Seconds a look is good for."""
KEPT = 64
"""Sendings remembered; who is not followed any more is forgotten first."""


Key = tuple[str, int, int]
"""Newsletter, issue and sending, as the path names them: who may see one path learns nothing of another."""


class Lookout:
    """Remembers the last look at each sending. Used on one event loop; holds no session and no thread between looks."""

    def __init__(self) -> None:
        self._seen: dict[Key, tuple[float, Progress]] = {}
        self._looking: dict[Key, asyncio.Lock] = {}

    async def look(self, key: Key, read: Callable[[], Progress]) -> Progress:
        """Return how the sending stands: what was seen within the last second, else what *read* finds in a thread."""
        lock = self._looking.setdefault(key, asyncio.Lock())
        async with lock:
            seen = self._seen.get(key)
            if seen is None or time.monotonic() - seen[0] >= FRESH:
                seen = (time.monotonic(), await run_in_threadpool(partial(read)))
                self._seen.pop(key, None)
                self._seen[key] = seen
                self._forget()
        return seen[1]

    def _forget(self) -> None:
        while len(self._seen) > KEPT:
            oldest = next(iter(self._seen))
            del self._seen[oldest]
            if not self._looking[oldest].locked():
                del self._looking[oldest]
