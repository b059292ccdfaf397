"""The port between the roof and whatever keeps the steps going: one process, or many machines."""

from __future__ import annotations

from typing import Protocol


class Runner(Protocol):
    """Keeps the steps going until it is stopped; several may work on one database, and each may die at any time."""

    def start(self) -> None:
        """Begin to work, in threads of its own."""

    def wake(self) -> None:
        """Say that there is new work, after the transaction that wrote it down has committed.

        A hint: one that is lost costs a tick.
        """

    def stop(self) -> None:
        """Claim nothing more, let open transactions end; return when nothing is in hand."""


class Hands(Protocol):
    """The steps as one process does them; each is safe to repeat and to do on many machines at once."""

    def look_after(self) -> None:
        """Take over what dead workers held, and take up notices."""

    def plan(self) -> None:
        """Plan every sending whose time has come."""

    def has_work(self) -> bool:
        """Tell whether anything is due that may be handed over now."""

    def dispatch(self) -> None:
        """Hand over everything that is due; returns when there is no more, or soon after ``stop``."""

    def finish(self) -> None:
        """Finish every sending whose deliveries have all ended."""

    def stop(self) -> None:
        """Claim nothing more, let open transactions end."""
