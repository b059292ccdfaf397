"""A mail server that misbehaves by lot, and remembers what it took; the same seed draws the same lots."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.smtp_server import DROP, RESET, STALL, TRICKLE, Dropped, ScriptedLine, ScriptedSmtpServer

MIDDLE = "BODY"
"""In a mode: in the middle of a message."""
AFTERWARDS = "AFTER"
"""In a mode: after the answer to a final dot, before the next command."""
_TO = re.compile(rb"^To: (.+?)\r\n", re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^Message-ID: (.+?)\r\n", re.MULTILINE)
_MAYBE_TAKEN = {DROP, RESET, STALL, TRICKLE}


@dataclass(frozen=True)
class Fault:
    """What a server does at one point, for which share of the attempts."""

    actions: tuple[str, ...]
    share: float = 0.3


@dataclass
class TorturingServer(ScriptedSmtpServer):
    """Draws for each attempt, by seed, sender and number of the attempt, whether a fault strikes."""

    faults: Mapping[str, Fault] = field(default_factory=dict)
    seed: str = ""
    slowness: float = 0.0
    """Seconds before the answer to a final dot, so that there is time to be killed in."""
    copies: Counter[str] = field(default_factory=Counter)
    """By recipient: messages that were answered with 250, or whose final dot came and nobody knows."""
    message_ids: dict[str, set[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._mutex = threading.Lock()
        self._attempts: Counter[tuple[str, str]] = Counter()

    def conversation(self, line: socket.socket, over: threading.Event) -> ScriptedLine:
        """Lead it by lot."""
        return TorturingLine(self, line, over)

    def strikes(self, point: str, who: str) -> list[str] | None:
        """Return what happens to *who* at *point*, None for the usual."""
        fault = self.faults.get(point)
        if fault is None:
            return None
        with self._mutex:
            self._attempts[point, who] += 1
            number = self._attempts[point, who]
        lot = random.Random(f"{self.seed}:{point}:{who}:{number}").random()
        return list(fault.actions) if lot < fault.share else None

    def note(self, message: bytes, actions: list[str] | None) -> None:
        """Remember a message whose final dot came, unless it is refused in words."""
        says = actions[0] if actions else "250"
        if says[:1] in "45" and says[:3].isdigit():
            return
        recipient, message_id = _TO.search(message), _MESSAGE_ID.search(message)
        if recipient is None or message_id is None:
            return  # a lone dot, or a notice to the team
        with self._mutex:
            self.copies[recipient[1].decode()] += 1
            self.message_ids.setdefault(recipient[1].decode(), set()).add(message_id[1])


class TorturingLine(ScriptedLine):
    """One client's conversation."""

    server: TorturingServer

    def __init__(self, server: TorturingServer, line: socket.socket, over: threading.Event) -> None:
        super().__init__(server, line, over)
        self.who = ""

    def until(self, mark: bytes) -> bytes:
        """Read a command and remember who sends."""
        command = super().until(mark)
        if command.upper().startswith(b"MAIL"):
            self.who = command.decode("ascii", "replace")
        return command

    def say(self, verb: str, usual: str = "") -> str:
        """Answer by lot, or as usual."""
        actions = self.server.strikes(verb, self.who if verb in {"MAIL", "RCPT", "DATA"} else "anybody")
        return super().say(verb, usual) if actions is None else self.act(actions)

    def message(self) -> None:
        """Take a message, unless the lot falls in its middle."""
        broken = self.server.strikes(MIDDLE, self.who)
        taken, end = bytearray(), -1
        while end < 0:
            if not self.buffer:
                self.receive()
            searched = max(0, len(taken) - 4)
            taken += self.buffer
            self.buffer = b""
            if broken is not None:
                self.act(broken)
                raise Dropped
            end = 3 if taken.startswith(b".\r\n") else taken.find(b"\r\n.\r\n", searched) + 5
            end = -1 if end == 4 else end
        self.buffer = bytes(taken[end:])
        time.sleep(self.server.slowness)
        actions = self.server.strikes("END", self.who)
        self.server.note(bytes(taken[:end]), actions)
        if actions is None:
            super().say("END")
        else:
            self.act(actions)
        afterwards = self.server.strikes(AFTERWARDS, self.who)
        if afterwards is not None:
            self.act(afterwards)
