"""Lines: the dispatchers of all routes of one process, side by side."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from newsletter.delivery.dispatcher import Dispatcher

LOOK = 0.5
"""Seconds after which it is asked again whether a route that had nothing has work now."""


class Lines:
    """Hands over what is due on every route; a slow one keeps no other waiting."""

    def __init__(self, dispatchers: Sequence[Dispatcher]) -> None:
        self._dispatchers = list(dispatchers)
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """Claim and mark nothing more on any of them."""
        for one in self._dispatchers:
            one.stop()

    def has_work(self, only: int | None = None) -> bool:
        """Tell whether anything is due now on any of them."""
        return any(one.has_work(only) for one in self._dispatchers)

    def run(self, only: int | None = None) -> None:
        """Hand over everything due now, of dispatch *only* if given; returns when no route has more."""
        if len(self._dispatchers) == 1:
            self._dispatchers[0].run(only)
            return
        self._failure = None
        threads: dict[Dispatcher, threading.Thread] = {}
        while True:
            threads = {one: thread for one, thread in threads.items() if thread.is_alive()}
            for one in self._dispatchers:
                if one not in threads and self._failure is None and not one.stopping and one.has_work(only):
                    threads[one] = threading.Thread(target=self._run, args=(one, only), daemon=True)
                    threads[one].start()
            if not threads:
                break
            next(iter(threads.values())).join(LOOK)
        if self._failure is not None:
            raise self._failure

    def _run(self, dispatcher: Dispatcher, only: int | None) -> None:
        try:
            dispatcher.run(only)
        except BaseException as error:  # raised again by whoever waits for all of them
            self._failure = error
