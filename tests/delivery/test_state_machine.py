"""Every path through Delivery and Dispatch, walked by hypothesis with the real verbs on a real SQLite database."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, select

from newsletter.delivery import claims, ledger, progress, report, steps
from newsletter.delivery.models import Delivery
from newsletter.delivery.promise import Promise
from newsletter.delivery.settlement import settle
from newsletter.delivery.states import DELIVERY_TRANSITIONS, DISPATCH_TRANSITIONS, FINAL, DeliveryState, DispatchState
from newsletter.kit.database import Database
from newsletter.kit.errors import Conflict
from newsletter.mail.address import address_key
from newsletter.mail.envelope import Accepted, Deferred, InDoubt, Outcome, Refused
from subscribers.models import Suppression, SuppressionReason
from tests.delivery.outbox import TurnedClock, promised

READERS = [f"r{number}@d{number % 2}.example.org" for number in range(6)]
WORKERS = ["elsewhere000:1:1:aaaa", "elsewhere000:2:2:bbbb"]
OUTCOMES: list[Outcome] = [
    Accepted("250 ok"),
    Deferred(450, "4.2.0 busy", "4.2.0"),
    Deferred(421, "4.7.28 slow down", "4.7.28"),
    Deferred(421, "gone", "4.4.2", lost=True),
    Refused(550, "5.1.1 no such user", "5.1.1"),
    Refused(552, "5.2.2 full", "5.2.2"),
    Refused(550, "5.7.1 blocked", "5.7.1"),
    InDoubt("gone after the final dot"),
]
ON_DOUBT = st.sampled_from(["resend", "hold"])
ENDED = {DispatchState.FINISHED, DispatchState.CANCELLED}
template: Path | None = None


class Sending(RuleBasedStateMachine):
    """Two workers, a person who pauses, resumes and cancels, readers who are suppressed, crashes, and time."""

    @initialize()
    def begin(self) -> None:
        """A dispatch to six readers, written down and not yet planned."""
        assert template is not None
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "machine.db"
        shutil.copy(template, path)
        self.database = Database(f"sqlite:///{path}")
        self.dispatch = promised(self.database, *READERS)
        self.clock = TurnedClock()
        self.claimed: dict[str, list[Promise]] = {worker: [] for worker in WORKERS}
        self.sending: dict[str, list[Promise]] = {worker: [] for worker in WORKERS}
        self.seen: dict[int, DeliveryState] = {}
        self.uncertain: dict[int, int] = {}
        self.stood = DispatchState.SCHEDULED

    def teardown(self) -> None:
        """From wherever it is, a worker that works brings it to its end."""
        if not hasattr(self, "database"):
            return
        self.bring_to_an_end()
        self.database.dispose()
        self.folder.cleanup()

    # What happens

    @rule()
    def plan(self) -> None:
        """Whoever is first plans."""
        steps.schedule_and_plan(self.database, clock=self.clock)

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 4))
    def claim(self, worker: str, limit: int) -> None:
        """A worker takes some in hand."""
        with self.database.write() as session:
            got = claims.claim(session, self.dispatch, owner=worker, limit=limit, now=self.clock.now)
        self.claimed[worker] += got.promises

    @rule(worker=st.sampled_from(WORKERS))
    def mark(self, worker: str) -> None:
        """A worker marks what it has, and gives the rest back."""
        promises, self.claimed[worker] = self.claimed[worker], []
        with self.database.write() as session:
            marked = claims.mark_sending(session, promises, owner=worker, now=self.clock.now)
            rest = [promise.id for promise in promises if promise.id not in marked]
            claims.give_back(session, rest, owner=worker)
        self.sending[worker] += [promise for promise in promises if promise.id in marked]

    @rule(worker=st.sampled_from(WORKERS), outcome=st.sampled_from(OUTCOMES), on_doubt=ON_DOUBT)
    def record(self, worker: str, outcome: Outcome, on_doubt: str) -> None:
        """An answer comes, perhaps to a worker that has lost the delivery meanwhile."""
        if not self.sending[worker]:
            return
        promise = self.sending[worker].pop(0)
        one = settle(promise, outcome, now=self.clock.now, on_doubt=on_doubt, dice=lambda: 0.0)  # type: ignore[arg-type]
        with self.database.write() as session:
            ledger.record(session, [one], owner=worker)

    @rule(worker=st.sampled_from(WORKERS))
    def withdraw(self, worker: str) -> None:
        """A worker takes back what no lane has begun."""
        promises, self.sending[worker] = self.sending[worker], []
        with self.database.write() as session:
            claims.give_back(session, [promise.id for promise in promises], owner=worker, begun=True)

    @rule(on_doubt=ON_DOUBT, dead=st.sets(st.sampled_from(WORKERS)))
    def reap(self, on_doubt: str, dead: set[str]) -> None:
        """Workers die, or are thought dead: late answers of theirs may still come."""
        with self.database.write() as session:
            ledger.reap(session, now=self.clock.now, on_doubt=on_doubt, is_dead=lambda owner: owner in dead)  # type: ignore[arg-type]

    @rule(minutes=st.sampled_from([1, 2, 10, 60, 24 * 60]))
    def wait(self, minutes: int) -> None:
        """Time passes; leases run out, retries fall due."""
        self.clock.turn(minutes=minutes)

    @rule(deed=st.sampled_from(["pause", "resume", "cancel"]))
    def decide(self, deed: str) -> None:
        """A person decides, perhaps too late."""
        verbs = {"pause": progress.pause, "resume": progress.resume, "cancel": progress.cancel}
        more = {"reason": "by hand"} if deed == "pause" else {}
        try:
            with self.database.write() as session:
                verbs[deed](session, self.dispatch, by="eve", now=self.clock.now, **more)  # type: ignore[operator]
        except Conflict:
            pass

    @rule(reader=st.sampled_from(READERS))
    def suppress(self, reader: str) -> None:
        """A reader must not be written to any more."""
        with self.database.write() as session:
            if not session.scalar(select(Suppression.id).where(Suppression.address_key == address_key(reader))):
                session.execute(
                    insert(Suppression).values(
                        address_key=address_key(reader), reason=SuppressionReason.REQUEST, details="",
                        created_at=self.clock.now,
                    )
                )  # fmt: skip

    @rule()
    def finish(self) -> None:
        """Whoever looks finishes what has ended."""
        steps.finish(self.database, clock=self.clock)

    # What holds after every step

    @invariant()
    def no_arrow_is_made_up(self) -> None:
        """Every change follows the tables; a final state stays; doubt is never forgotten."""
        if not hasattr(self, "database"):
            return
        with self.database.read() as session:
            rows = session.scalars(select(Delivery).where(Delivery.dispatch_id == self.dispatch)).all()
            stands = progress.get(session, self.dispatch).state
        for row in rows:
            before = self.seen.get(row.id, DeliveryState.PLANNED)
            assert row.state in _reachable(before), f"{before} → {row.state}"
            assert before not in FINAL or row.state is before
            assert (row.ended_at is not None) == (row.state in FINAL)
            assert row.uncertain >= self.uncertain.get(row.id, 0)
            self.seen[row.id], self.uncertain[row.id] = row.state, row.uncertain
        assert stands is self.stood or stands in _reachable_dispatch(self.stood), f"{self.stood} → {stands}"
        self.stood = stands
        if stands is DispatchState.FINISHED:
            assert {row.state for row in rows} <= FINAL

    @invariant()
    def the_sum_is_the_plan(self) -> None:
        """In every state."""
        if not hasattr(self, "database"):
            return
        with self.database.read() as session:
            account = report.report(session, self.dispatch)
        assert account.total == account.planned <= len(READERS)

    def bring_to_an_end(self) -> None:
        """Nothing stays open once leases have run out, a person has let it go on, and servers say yes."""
        for _ in range(40):
            self.clock.turn(days=1)
            self.plan()
            with self.database.write() as session:
                ledger.reap(session, now=self.clock.now, on_doubt="resend", is_dead=lambda owner: True)
                for row in session.scalars(select(Delivery).where(Delivery.state == DeliveryState.HELD)):
                    row.state, row.not_before = DeliveryState.PLANNED, self.clock.now
            self.decide("resume")
            self.claimed[WORKERS[0]], self.sending[WORKERS[0]] = [], []
            self.claim(WORKERS[0], 10)
            self.mark(WORKERS[0])
            while self.sending[WORKERS[0]]:
                self.record(WORKERS[0], Accepted("250 ok"), "resend")
            self.finish()
            self.no_arrow_is_made_up()
            self.the_sum_is_the_plan()
            if self.stood in ENDED:
                break
        assert self.stood in ENDED, self.stood
        assert set(self.seen.values()) <= FINAL


def _reachable(state: DeliveryState) -> set[DeliveryState]:
    """Return where one step of a worker may lead: several arrows may be walked in one transaction."""
    seen, new = {state}, {state}
    while new:
        new = {onward for one in new for onward in DELIVERY_TRANSITIONS[one]} - seen
        seen |= new
    return seen


def _reachable_dispatch(state: DispatchState) -> set[DispatchState]:
    seen, new = {state}, {state}
    while new:
        new = {onward for one in new for onward in DISPATCH_TRANSITIONS[one]} - seen
        seen |= new
    return seen


@pytest.mark.parametrize("walks", [30])
def test_no_path_reaches_two_final_states_or_leaves_one_open(sqlite_template, walks):
    """Whatever the order of workers, people, crashes and time."""
    global template  # noqa: PLW0603  # hypothesis makes the machine without arguments
    template = sqlite_template
    run_state_machine_as_test(
        Sending,
        settings=settings(
            max_examples=walks, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
