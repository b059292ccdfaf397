"""A publication with readers, a plain message, a clock that tests turn: what the tests of sending share."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from newsletter import publications
from newsletter.delivery import planning, report
from newsletter.delivery.dispatcher import Line
from newsletter.delivery.models import Delivery
from newsletter.delivery.promise import Fill, Promise
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DispatchKind, Variant
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring, Purpose
from newsletter.mail.address import address_key
from newsletter.mail.envelope import Envelope, Transport
from newsletter.publications import Profile
from subscribers.models import ConsentBasis, Subscriber, Subscription, SubscriptionState
from tests.conftest import NINE_OCLOCK

KEYRING = Keyring(["a secret that only the tests know"])
ROUTE = "test"


class TurnedClock:
    """A clock that stands until a test turns it."""

    def __init__(self, now: datetime = NINE_OCLOCK) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def wait(self, event: threading.Event, seconds: float) -> object:
        """Wait by turning the clock; the moment of real time lets other threads work."""
        self.turn(seconds=seconds)
        return event.wait(0.001)


class PlainMessages:
    """One short message for everybody, with a Message-ID and return path per delivery."""

    def __init__(self, size: int = 0) -> None:
        self.prepared: list[tuple[int, Variant, str]] = []
        self._body = b"x" * 76 + b"\r\n"
        self._lines = size // 78

    def prepare(self, dispatch_id: int, variant: Variant, language: str) -> Fill:
        """Note what was asked for."""
        self.prepared.append((dispatch_id, variant, language))
        return PlainFill(variant, self._body * self._lines)


@dataclass(frozen=True)
class PlainFill:
    """Makes a plain message; like the real one it can travel to another process."""

    variant: Variant
    tail: bytes

    def __call__(self, promise: Promise, at: datetime) -> Envelope:
        """Make the envelope of *promise*."""
        token = KEYRING.delivery(Purpose.MESSAGE_ID, promise.id)
        head = f"To: {promise.address}\r\nMessage-ID: <{token}@example.org>\r\nSubject: {self.variant}\r\n\r\nHello\r\n"
        sender = f"b+{KEYRING.delivery(Purpose.RETURN_PATH, promise.id)}@example.org"
        return Envelope(sender, promise.address, head.encode() + self.tail)


def publication(database: Database, label: str = "grids") -> int:
    """Add a publication and return its id."""
    with database.write() as session:
        profile = Profile(name="Pacific Grids", label=label, from_address="grids@example.org")
        return publications.add(session, profile, now=NINE_OCLOCK, by="tests").id


def readers(database: Database, publication_id: int, addresses: Sequence[str]) -> dict[str, int]:
    """Subscribe *addresses*; return their subscriber ids."""
    ids = {}
    with database.write() as session:
        for address in addresses:
            person = Subscriber(address=address, address_key=address_key(address), created_at=NINE_OCLOCK)
            session.add(person)
            session.flush()
            ids[address] = person.id
            session.add(
                Subscription(
                    subscriber_id=person.id, publication_id=publication_id, state=SubscriptionState.ACTIVE,
                    basis=ConsentBasis.DOUBLE_OPT_IN, started_at=NINE_OCLOCK,
                )
            )  # fmt: skip
    return ids


def order(publication_id: int, key: str = "issue:1:v1", **more: object) -> planning.Order:
    """Return an order to send to all readers."""
    given = {"kind": DispatchKind.ISSUE, "route": ROUTE, "created_by": "tests", "scheduled_for": NINE_OCLOCK, **more}
    return planning.Order(key=key, publication_id=publication_id, **given)  # type: ignore[arg-type]


def started(database: Database, publication_id: int, key: str = "issue:1:v1", **more: object) -> int:
    """Start a sending and return its id."""
    with database.write() as session:
        return planning.start(session, order(publication_id, key, **more), now=NINE_OCLOCK).id


def promised(database: Database, *addresses: str) -> int:
    """Subscribe *addresses* to a new publication and start a sending to them."""
    publication_id = publication(database)
    readers(database, publication_id, addresses)
    return started(database, publication_id)


def runner(
    database: Database, transport: Transport, clock: TurnedClock | None = None, *, connections: int = 1, **more: object
) -> LocalRunner:
    """Return a runner over one line."""
    clock = clock or TurnedClock()
    line = Line(ROUTE, transport, connections=connections, pace=more.pop("pace", None))  # type: ignore[arg-type]
    messages = more.pop("messages", None) or PlainMessages()
    return LocalRunner(database, line, messages, clock=clock, dice=lambda: 0.0, wait=clock.wait, **more)  # type: ignore[arg-type]


def states(database: Database, dispatch_id: int) -> dict[str, str]:
    """Return the state of each delivery by address; skipped ones with their reason."""
    with database.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.dispatch_id == dispatch_id))
        return {row.address: f"skipped({row.skip_reason})" if row.skip_reason else row.state.value for row in rows}


def account(database: Database, dispatch_id: int) -> report.DispatchReport:
    """Return the report, whose sum it checks itself."""
    with database.read() as session:
        return report.report(session, dispatch_id)


def counted(database: Database, dispatch_id: int) -> Counter[str]:
    """Return how many deliveries are in each state."""
    return Counter(states(database, dispatch_id).values())


def until(condition: object, seconds: float = 20.0) -> None:
    """Wait for a condition of other threads or processes."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.01)
