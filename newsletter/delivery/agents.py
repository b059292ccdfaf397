"""Delivery agents: the lines of one route in processes of their own, so that they share no interpreter with the scribe.

Python runs one thread at a time. Where nothing limits the pace, filling messages and talking SMTP take as long as all
the writing down, and each waits for the other; see docs/performance.md. What is promised stays the same: a delivery is
marked before an agent hears of it, and the outcome is recorded by the scribe alone.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from newsletter.delivery import maillog
from newsletter.delivery.agent_words import Close, Forget, GiveUp, HandOver, Learn, Report, Serve, Withdraw
from newsletter.delivery.backlog import every
from newsletter.delivery.promise import Fill, Promise
from newsletter.delivery.trays import Done, Prepared, Trouble
from newsletter.kit.clock import Clock
from newsletter.mail.envelope import Accepted, InDoubt, Transport
from newsletter.mail.route import SmtpRoute

WORTHWHILE = 5_000
"""Deliveries due below which starting processes takes longer than it saves."""
MESSAGES_KEPT = 32
"""Compiled messages an agent knows at most; attachments make them large."""
LAST_WORDS = 3.0
"""Seconds an agent has to answer before it is killed."""


def agents_for(route: SmtpRoute) -> int:
    """Return how many agents serve *route* well: none where its pace is what limits, or its tokens are one for all."""
    if route.pace is not None or route.tokens is not None:
        return 0
    return min(os.cpu_count() or 1, route.connections)


class Agents:
    """An ``Outlet`` of several agents, used by the scribe's thread alone. An agent that dies is not replaced."""

    def __init__(self, transport: Transport, lines: int, number: int, *, clock: Clock) -> None:
        self.closing = threading.Event()
        self._clock = clock
        self._left: list[Prepared] = []
        self._back: list[Done] = []
        self._starved = False
        number = min(number, lines)
        self._ears = selectors.DefaultSelector()
        self._agents = [_Agent(transport, lines // number + (place < lines % number)) for place in range(number)]
        for agent in self._agents:
            self._ears.register(agent.line, selectors.EVENT_READ, agent)
        self._processes = [agent.process for agent in self._agents]

    def offer(self, marked: list[Prepared]) -> None:
        """Give deliveries to the agents, most to those with least in hand."""
        self._left += marked
        self._spread()

    def collect(self, *, at_least: int, patience: float, hungry: bool) -> list[Done]:
        """Return the outcomes so far, as an ``Outlet`` does."""
        deadline = time.monotonic() + patience
        self._hear(0.0)  # first of all: what they say is all that is known of them
        self._spread()
        while len(self._back) < at_least and not (hungry and self._starved and not self.untouched):
            left = deadline - time.monotonic()
            if left <= 0 or (self.closing.is_set() and not self.under_way) or self.lost:
                break
            self._hear(left)
            self._spread()  # what came back from an agent without a line
        done, self._back = self._back, []
        return done

    def withdraw(self, which: Callable[[Promise], bool] = every) -> list[Promise]:
        """Take back everything that no lane has begun, or *which* of it; waits for the agents' answers."""
        asked = [agent for agent in tuple(self._agents) if agent.out and self._say(agent, Withdraw())]
        for agent in asked:
            agent.answered = False
        until = time.monotonic() + LAST_WORDS
        while silent := [agent for agent in self._agents if not agent.answered]:
            self._hear(max(0.0, until - time.monotonic()))
            if time.monotonic() > until:
                for agent in silent:
                    agent.process.kill()
        chosen = [one.promise for one in self._left if which(one.promise)]
        self._left = [one for one in self._left if not which(one.promise)]
        self._spread()
        return chosen

    def starved(self) -> bool:
        """Tell whether a lane had to wait for work since this was last asked."""
        starved, self._starved = self._starved, False
        return starved

    @property
    def in_hand(self) -> int:
        """How many marked deliveries have no outcome yet that was collected."""
        return self.under_way + len(self._left) + len(self._back)

    @property
    def under_way(self) -> int:
        """How many are with the agents, and perhaps on a line."""
        return sum(len(agent.out) for agent in self._agents)

    @property
    def untouched(self) -> int:
        """How many more the agents have than lines to carry them; none while one of them has too few."""
        beyond = [len(agent.out) - agent.lines for agent in self._agents]
        return len(self._left) + (sum(beyond) if min(beyond, default=0) > 0 else 0)

    @property
    def open_lanes(self) -> int:
        """How many lines stand."""
        return sum(agent.open_lanes for agent in self._agents)

    @property
    def trouble(self) -> Trouble | None:
        """Why an agent has no line: what the server said to that, else the oldest trouble; None while all is well."""
        troubles = [agent.trouble for agent in self._agents if agent.trouble is not None]
        return min(troubles, key=lambda trouble: (trouble.said is None, trouble.since), default=None)

    @property
    def lost(self) -> bool:
        """Whether no agent lives any more."""
        return not self._agents

    def close(self) -> None:
        """Let no agent begin anything more."""
        self.closing.set()
        for agent in tuple(self._agents):
            self._say(agent, Close())

    def give_up(self) -> None:
        """Break every line; an agent that does not answer to that for a while is killed, and all it had is in doubt."""
        for agent in tuple(self._agents):
            if agent.given_up is None:
                agent.given_up = time.monotonic()
                self._say(agent, GiveUp())
            elif time.monotonic() - agent.given_up > LAST_WORDS:
                agent.process.kill()

    def leave(self, patience: float) -> int:
        """Wait for the agents to end, and end those that do not; none stays on a line."""
        until = time.monotonic() + patience
        for process in self._processes:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for agent in tuple(self._agents):
            self._forget(agent)
        self._ears.close()
        return 0

    def _spread(self) -> None:
        """Give what is left to agents that have a line or are opening one; without any it waits here."""
        ready = [agent for agent in self._agents if agent.open_lanes or (agent.served and agent.trouble is None)]
        if not ready or not self._left or self.closing.is_set():
            return
        shares: dict[int, list[Prepared]] = {place: [] for place in range(len(ready))}
        for one in self._left:
            place = min(shares, key=lambda place: (len(ready[place].out) + len(shares[place])) / ready[place].lines)
            shares[place].append(one)
        self._left = []
        for agent, share in zip(ready, shares.values(), strict=True):
            if share and not self._give(agent, share):
                self._left += share
        if self._left:
            self._spread()

    def _give(self, agent: _Agent, share: list[Prepared]) -> bool:
        """Hand *share* to *agent*; tell whether it can have got it."""
        words: list[object] = agent.lessons(share)
        words.append(HandOver([(agent.known[id(one.fill)][0], tuple(one.promise)) for one in share]))
        if not all(self._say(agent, word) for word in words):
            return False
        agent.out.update((one.promise.id, one) for one in share)
        return True

    def _hear(self, patience: float) -> None:
        """Listen to the agents for as long."""
        for key, _ in self._ears.select(patience):
            agent: _Agent = key.data
            try:
                report: Report = agent.line.recv()
            except (EOFError, OSError):
                self._lose(agent)
                continue
            self._take(agent, report)

    def _take(self, agent: _Agent, report: Report) -> None:
        for delivery_id, said, at in report.done:
            promise = agent.out.pop(delivery_id).promise
            self._back.append(Done(promise, Accepted(said) if isinstance(said, str) else said, at))
        self._left += [agent.out.pop(delivery_id) for delivery_id in report.back]
        agent.served = agent.served or report.open_lanes > 0
        agent.open_lanes, agent.trouble = report.open_lanes, report.trouble
        agent.answered = agent.answered or report.asked
        self._starved = self._starved or len(agent.out) < agent.lines
        maillog.by_agent(report.log)

    def _say(self, agent: _Agent, word: object) -> bool:
        """Tell *agent*; tell whether it lives."""
        try:
            agent.line.send(word)
        except OSError:
            self._lose(agent)
            return False
        return True

    def _lose(self, agent: _Agent) -> None:
        """An agent is gone: whatever it had may have been handed over."""
        if agent not in self._agents:
            return
        self._forget(agent)
        if agent.out:
            maillog.agent_lost(len(agent.out))
        doubt = InDoubt("the process that handed it over is gone")
        self._back += [Done(one.promise, doubt, self._clock()) for one in agent.out.values()]

    def _forget(self, agent: _Agent) -> None:
        self._agents.remove(agent)
        self._ears.unregister(agent.line)
        agent.line.close()


class _Agent:
    """One process, and what it has in hand."""

    def __init__(self, transport: Transport, lines: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # Modules come from where ours come from; -P, since whatever lies in the working folder is none of them.
            command = [sys.executable, "-P", "-m", "newsletter.delivery.agent", str(theirs.fileno())]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self.process = subprocess.Popen(  # noqa: S603  # this very program
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=environment
            )
        self.line = Connection(ours.detach())
        self.lines = lines
        self.out: dict[int, Prepared] = {}
        self.known: dict[int, tuple[int, Fill]] = {}
        self.open_lanes = 0
        self.trouble: Trouble | None = None
        self.served = False
        """Whether it ever had a line."""
        self.answered = True
        self.given_up: float | None = None
        self.line.send(Serve(transport, lines))

    def lessons(self, share: list[Prepared]) -> list[object]:
        """Return the words that teach it the messages of *share* that it does not know."""
        words: list[object] = []
        fills = {id(one.fill): one.fill for one in share}
        if len(self.known.keys() | fills.keys()) > MESSAGES_KEPT:
            words.append(Forget())
            self.known = {}
        for place, fill in fills.items():
            if place not in self.known:
                self.known[place] = len(self.known), fill  # kept, so that its id is nobody else's
                words.append(Learn(self.known[place][0], fill))
        return words
