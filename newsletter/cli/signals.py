"""Signals: ending when asked to, without leaving anything in doubt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Asked = Callable[[], bool]
"""Tells whether somebody asked us to end."""
LOOK_UP = 0.2
"""Seconds between two looks whether a signal came."""


@contextmanager
def noted() -> Iterator[Asked]:
    """While the block runs SIGINT and SIGTERM, however often they come, are only noted; yield how to ask for them.

    A handler runs between any two steps of the main thread, perhaps while that holds a lock: it must do no more. Once
    one came they stay harmless, since the process is on its way out and is not to be hurried off it.
    """
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _: came.append(got)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(came)
    finally:
        if not came:
            for number, handler in before.items():
                signal.signal(number, handler)
