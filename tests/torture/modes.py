"""The fault modes: what fails, where, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.smtp_server import DROP, RESET, STALL, TRICKLE
from tests.torture.server import AFTERWARDS, MIDDLE, Fault

PLAIN = ("ENHANCEDSTATUSCODES",)
PIPELINED = ("PIPELINING", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True)
class Mode:
    """One way to fail."""

    name: str
    faults: Mapping[str, Fault] = field(default_factory=dict)
    extensions: tuple[str, ...] = PIPELINED
    size: int = 0
    """Octets of a message; large where the socket's buffers would hide the fault. What fits into them looks sent."""
    accident: str = ""
    """What happens to our own side while it sends; the name of a function in ``accidents``."""
    certain: bool = False
    """Whether nothing may be left in doubt."""

    def fits(self, dialect: str) -> bool:
        """Whether it can happen there: a worker's own disk and the lock of a file are of no account to PostgreSQL."""
        return dialect == "sqlite" or self.accident not in {"disk_full", "disk_full_and_killed", "busy"}

    @property
    def heavy(self) -> bool:
        """Whether a tenth of the readers is plenty."""
        return self.size > 1_000_000

    @property
    def impatient(self) -> bool:
        """Whether the server falls silent, so that short timeouts are needed."""
        return any({STALL, TRICKLE} & set(fault.actions) for fault in self.faults.values())


def _server(name: str, *, certain: bool = False, size: int = 0, extensions: tuple[str, ...] = PIPELINED,
            **faults: Fault | str) -> Mode:  # fmt: skip
    struck = {point: fault if isinstance(fault, Fault) else Fault((fault,)) for point, fault in faults.items()}
    return Mode(name, struck, extensions, size, certain=certain)


MODES = (
    _server("nothing fails", certain=True),
    _server("greets with 421", GREETING=Fault(("421 4.3.2 busy", DROP)), certain=True),
    _server("greets with 421 4.7.28", GREETING=Fault(("421 4.7.28 unusual rate", DROP)), certain=True),
    _server("hangs up at once", GREETING=DROP, certain=True),
    _server("greets with nonsense", GREETING="hello there", certain=True),
    _server("never greets", GREETING=Fault((STALL,), 0.1), certain=True),
    _server("dies at EHLO", EHLO=DROP, certain=True),
    _server("MAIL: not now", MAIL="451 4.3.0 later", certain=True),
    _server("MAIL: 421 and gone", MAIL=Fault(("421 4.3.2 bye", DROP)), certain=True),
    _server("MAIL refused, yet 354", MAIL="450 4.1.8 no", certain=True),
    _server("MAIL refused one by one", MAIL="450 4.1.8 no", extensions=PLAIN, certain=True),
    _server("RCPT: greylisted", RCPT=Fault(("450 4.2.0 greylisted",), 0.6), certain=True),
    _server("RCPT: dead mailboxes", RCPT=Fault(("550 5.1.1 no such user",), 0.2), certain=True),
    _server("RCPT: full mailboxes", RCPT="552 5.2.2 over quota", certain=True),
    _server("RCPT: too many", RCPT="452 4.5.3 too many", certain=True),
    _server("dies at RCPT", RCPT=DROP, certain=True),
    _server("RCPT: reset", RCPT=RESET, certain=True),
    _server("DATA: not now", DATA="451 4.3.0 later", certain=True),
    _server("dies before DATA", DATA=DROP, certain=True),
    _server("DATA: nonsense", DATA="what?", certain=True),
    _server("dies in the body", BODY=DROP, size=400_000),
    _server("dies in the body, in words", BODY=Fault(("421 4.3.2 going down", DROP)), size=400_000),
    _server("stops reading the body", BODY=Fault((STALL,), 0.1), size=6_000_000),
    _server("dies after the final dot", END=DROP),
    _server("resets after the final dot", END=RESET),
    _server("silent after the final dot", END=Fault((STALL,), 0.1)),
    _server("trickles after the final dot", END=Fault((TRICKLE,), 0.1)),
    _server("nonsense after the final dot", END="all right"),
    _server("refuses after the final dot", END="451 4.3.0 later", certain=True),
    _server("full after the final dot", END="552 5.2.2 over quota", certain=True),
    _server("drops silently every few", AFTER=Fault((DROP,), 0.3), certain=True),
    _server("421 every few", AFTER=Fault(("421 4.7.0 enough for one line", DROP), 0.3), certain=True),
    _server("speaks out of turn", AFTER=Fault(("250 2.0.0 what else?",), 0.3), certain=True),
    _server("too fast for it", RCPT=Fault(("421 4.7.28 unusual rate", DROP), 0.1), certain=True),
    _server("blocks us", RCPT=Fault(("550 5.7.1 blocked using a blocklist",), 0.03), certain=True),
    _server("everything at once", MAIL="451 4.3.0 later", RCPT=Fault((DROP,), 0.1), DATA=Fault(("what?",), 0.1),
            BODY=Fault((DROP,), 0.1), END=Fault((DROP,), 0.1), AFTER=Fault((DROP,), 0.2)),
    _server("everything, one by one", MAIL="451 4.3.0 later", RCPT=Fault((DROP,), 0.1), DATA=Fault((RESET,), 0.1),
            END=Fault((RESET,), 0.1), AFTER=Fault((DROP,), 0.2), extensions=PLAIN),
    Mode("killed at any moment", accident="killed"),
    Mode("one of two workers killed", accident="one_of_two_killed"),
    Mode("killed, and lines break", {"END": Fault((DROP,), 0.1), AFTERWARDS: Fault((DROP,), 0.2)}, accident="killed"),
    Mode("killed while planning", accident="killed_early"),
    Mode("told to end", accident="terminated", certain=True),
    Mode("disk full for a while", accident="disk_full"),
    Mode("killed on a full disk", accident="disk_full_and_killed"),
    Mode("database busy", accident="busy", certain=True),
    Mode("busy, and lines break", {MIDDLE: Fault((DROP,), 0.2)}, accident="busy"),
)  # fmt: skip
