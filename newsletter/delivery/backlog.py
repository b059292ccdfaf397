"""The backlog: what a worker has claimed and not yet marked, in the order it was claimed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

from newsletter.delivery.promise import Promise
from newsletter.delivery.trays import Prepared

ENOUGH = 16
"""Deliveries to one slowed destination that wait in hand; the rest stays planned and keeps nobody from the line."""


def every(promise: Promise) -> bool:
    """Choose whatever there is."""
    return True


class Backlog:
    """Used by one thread. *Rooms* say for each slowed destination how many may go; one that is not named is free."""

    def __init__(self, name_of: Callable[[Promise], str]) -> None:
        self._name_of = name_of
        self._waiting: deque[Prepared] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def promises(self) -> list[Promise]:
        """Return what waits."""
        return [one.promise for one in self._waiting]

    def add(self, prepared: Sequence[Prepared]) -> None:
        """Put new claims behind the others."""
        self._waiting.extend(prepared)

    def put_back(self, prepared: Sequence[Prepared]) -> None:
        """Put what was taken in vain before the others."""
        self._waiting.extendleft(reversed(prepared))

    def take(self, limit: int, rooms: Mapping[str, int]) -> list[Prepared]:
        """Take up to *limit* in order, passing by those without room."""
        if not rooms:
            return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        left = dict(rooms)
        taken: list[Prepared] = []
        passed: list[Prepared] = []
        while self._waiting and len(taken) < limit:
            one = self._waiting.popleft()
            name = self._name_of(one.promise)
            if left.get(name, 1) < 1:
                passed.append(one)
                continue
            if name in left:
                left[name] -= 1
            taken.append(one)
        self._waiting.extendleft(reversed(passed))
        return taken

    def remove(self, which: Callable[[Promise], bool]) -> list[Promise]:
        """Take *which* out for good."""
        out = [one.promise for one in self._waiting if which(one.promise)]
        if out:
            self._waiting = deque(one for one in self._waiting if not which(one.promise))
        return out

    def ready(self, rooms: Mapping[str, int]) -> int:
        """Return how many could go at once if the line were free."""
        if not rooms:
            return len(self._waiting)
        names = Counter(self._name_of(one.promise) for one in self._waiting)
        return sum(min(number, rooms.get(name, number)) for name, number in names.items())

    def full(self, rooms: Mapping[str, int]) -> set[str]:
        """Return the slowed destinations of which enough waits."""
        names = Counter(self._name_of(one.promise) for one in self._waiting) if rooms else Counter()
        return {name for name in rooms if names[name] >= ENOUGH}
