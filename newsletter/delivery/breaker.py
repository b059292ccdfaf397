"""The circuit breaker: a sending whose list is bad stops before it ruins our name with the receivers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DeliveryState

DEAD_SHARE = 0.05
"""Share of dead mailboxes among the answers beyond which a sending stops; receivers block senders for that."""
AT_LEAST = 100
"""Answers before the share means anything."""
_ANSWERED = frozenset({DeliveryState.ACCEPTED, DeliveryState.REFUSED})


class Breaker:
    """Counts what one worker hears, per dispatch, from its start or since it last stopped the dispatch. One thread."""

    def __init__(self) -> None:
        self._answers: Counter[int] = Counter()
        self._dead: Counter[int] = Counter()

    def heed(self, one: Settlement) -> Settlement:
        """Count the settlement and return it, with a reason to pause if it is the one too many."""
        if one.state not in _ANSWERED:
            return one
        self._answers[one.dispatch_id] += 1
        if not one.dead_mailbox:
            return one
        self._dead[one.dispatch_id] += 1
        answers, dead = self._answers[one.dispatch_id], self._dead[one.dispatch_id]
        if answers < AT_LEAST or dead <= DEAD_SHARE * answers:
            return one
        # Whoever lets it go on has looked: counting begins anew.
        del self._answers[one.dispatch_id], self._dead[one.dispatch_id]
        words = (
            f"{dead} of {answers} mailboxes do not exist; more than {DEAD_SHARE:.0%} harms our name. "
            f"Look where these addresses come from. The last answer: {one.code} {one.reply}"
        )
        return replace(one, pause_reason=words)
