"""Compiled messages in memory: each made once per dispatch, variant and language, the longest unused forgotten."""

from __future__ import annotations

from collections import OrderedDict

from newsletter.delivery.promise import Fill, Messages, Promise
from newsletter.delivery.states import Variant

KEPT = 32
"""A notice is one, and attachments make an issue's large."""


class Compiled:
    """Used by one thread."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._fills: OrderedDict[tuple[int, Variant, str], Fill] = OrderedDict()

    def fill_for(self, promise: Promise) -> Fill:
        """Return the maker of *promise*'s message, compiled now if need be; raises ``DeskError`` if that fails."""
        key = (promise.dispatch_id, promise.variant, promise.language)
        fill = self._fills.get(key)
        if fill is None:
            fill = self._fills[key] = self._messages.prepare(*key)
            while len(self._fills) > KEPT:
                self._fills.popitem(last=False)
        self._fills.move_to_end(key)
        return fill
