"""Delivery agents: lines in processes of their own, with the same promises as threads; whoever dies takes nothing along."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from newsletter.delivery import agents
from newsletter.delivery.agents import agents_for
from newsletter.delivery.line import Line
from newsletter.delivery.models import Delivery
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.states import DeliveryState, DispatchState
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.mail.oauth import OAuthClient, TokenSource
from newsletter.mail.route import SmtpRoute, SmtpTimeouts
from newsletter.mail.smtp import SmtpTransport
from tests.delivery.outbox import ROUTE, PlainMessages, account, counted, promised, until
from tests.delivery.sender_process import CONNECTIONS, GROUP
from tests.smtp_server import STALL, ScriptedLine, ScriptedSmtpServer
from tests.torture.server import TorturingServer

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""An agent has no database, so one kind is enough."""
ADDRESSES = [f"r{number}@example.org" for number in range(120)]


class Foreign(NamedTuple):
    """A word that no agent knows."""

    number: int
    fill: object


@pytest.fixture(autouse=True)
def _always_worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of deliveries is enough for agents."""
    monkeypatch.setattr(agents, "WORTHWHILE", 1)


def runner(database: Database, port: int) -> LocalRunner:
    route = SmtpRoute("127.0.0.1", port, pace=None, messages_per_connection=None, timeouts=SmtpTimeouts(quit=1))
    line = Line(ROUTE, SmtpTransport(route, helo_name="localhost"), connections=3, agents=2)
    return LocalRunner(database, line, PlainMessages(), clock=utc_now, commit_group=GROUP)


def children() -> set[int]:
    """The agents of this process, by the list that Linux keeps."""
    pids = {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}
    return {pid for pid in pids if "newsletter.delivery.agent" in command_of(pid)}


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@contextmanager
def sending(desk: LocalRunner) -> Iterator[threading.Thread]:
    """Send in a thread, and see that it ends."""
    thread = threading.Thread(target=desk.run_until_idle)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(120)
        assert not thread.is_alive()


@sqlite
def test_everybody_gets_the_message_once_and_no_process_stays(database: Database):
    """Over all lines that the route allows, and each reader their own."""
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer() as server:
        runner(database, server.port).run_until_idle()
        assert server.copies == Counter(ADDRESSES)
        assert server.connections == 3
    assert counted(database, dispatch) == {"accepted": len(ADDRESSES)}
    assert account(database, dispatch).uncertain == 0
    assert not children()


@sqlite
def test_what_only_one_agent_meets_is_settled_as_from_a_thread(database: Database):
    """A dead mailbox, and a message that comes back for later."""
    dispatch = promised(database, *ADDRESSES[:9])
    script: dict[str, list[str | list[str]]] = {"END": ["550 5.1.1 no such user", "451 4.3.0 later"]}
    with ScriptedSmtpServer(script) as server:
        runner(database, server.port).run_until_idle()
    assert counted(database, dispatch) == {"accepted": 7, "refused": 1, "planned": 1}


@sqlite
def test_an_agent_that_is_killed_leaves_its_work_in_doubt_and_the_other_goes_on(database: Database):
    """Every delivery is accepted in the end; twice went only what is called uncertain."""
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer(slowness=0.01) as server:
        with sending(runner(database, server.port)):
            until(lambda: len(server.copies) > 10, 60)
            os.kill(min(children()), signal.SIGKILL)
        first = account(database, dispatch)
        assert 0 < first.uncertain <= 3 + GROUP
        assert first.accepted + first.uncertain == len(ADDRESSES)
        assert first.state is DispatchState.RUNNING


@sqlite
def test_when_all_agents_are_dead_threads_take_over(database: Database):
    """The run ends without a word lost, and the next of the same runner needs no agent."""
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer(slowness=0.01) as server:
        desk = runner(database, server.port)
        with sending(desk):
            until(lambda: len(server.copies) > 10, 60)
            for pid in children():
                os.kill(pid, signal.SIGKILL)
        books = account(database, dispatch)
        assert books.accepted + books.uncertain == len(ADDRESSES)
        assert 0 < books.uncertain <= 3 + GROUP
        assert set(server.copies) <= set(ADDRESSES)
        assert not children()


@sqlite
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
def test_agents_do_not_outlive_their_parent(database_url: str, how: signal.Signals):
    """After kill -9 they are gone at once; after SIGTERM they end what is on their lines, and nothing is in doubt."""
    database = Database(database_url)
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer(slowness=0.02) as server:
        parent = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery.sender_process", database_url, f"127.0.0.1:{server.port}", "2"]
        )
        until(lambda: len(server.copies) > 10, 60)
        listing = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        pids = [int(pid) for pid in listing.read_text().split()]
        assert len(pids) == 2
        parent.send_signal(how)
        parent.wait(30)
        until(lambda: not any("delivery.agent" in command_of(pid) for pid in pids))
    with database.read() as session:
        marked = session.scalar(select(func.count(Delivery.id)).where(Delivery.state == DeliveryState.SENDING))
        accepted = session.scalar(select(func.count(Delivery.id)).where(Delivery.state == DeliveryState.ACCEPTED))
    assert accepted < len(ADDRESSES)
    if how is signal.SIGTERM:
        assert parent.returncode == 0
        assert marked == 0
        assert server.copies.total() == accepted
    else:
        assert marked <= CONNECTIONS + GROUP
        assert server.copies.total() <= accepted + marked
    assert account(database, dispatch).planned == len(ADDRESSES)
    database.dispose()


@sqlite
def test_a_server_that_stalls_does_not_keep_a_stop_waiting(database: Database, monkeypatch: pytest.MonkeyPatch):
    """The lines are broken; what had its final dot is in doubt, the rest is planned again."""
    monkeypatch.setattr("newsletter.delivery.dispatcher.DRAIN", 0.3)
    dispatch = promised(database, *ADDRESSES[:20])
    with ScriptedSmtpServer({"END": [STALL] * 9}) as server:
        desk = runner(database, server.port)
        with sending(desk):
            until(lambda: len(server.messages) == 3, 60)
            desk.stop()
    assert counted(database, dispatch) == {"planned": 20}
    assert account(database, dispatch).uncertain == 3
    assert not children()


@sqlite
def test_without_a_server_everything_stays_planned(database: Database, monkeypatch: pytest.MonkeyPatch):
    """What was marked before the last line went is taken back: no byte of it was sent."""
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer(slowness=0.01) as server:
        desk = runner(database, server.port)
        thread = threading.Thread(target=desk.run_until_idle)
        thread.start()
        until(lambda: len(server.copies) > 10, 60)
    until(lambda: counted(database, dispatch)["sending"] == 0)
    assert counted(database, dispatch)["accepted"] <= server.copies.total()
    desk.stop()
    thread.join(120)
    assert set(counted(database, dispatch)) == {"accepted", "planned"}


def test_agents_serve_only_routes_that_nothing_slows():
    """Nor do processes share a source of tokens, of which each fetch may end the last."""
    tokens = TokenSource(OAuthClient("https://login.example.org/token", "desk", client_secret="s" * 20))
    fast = SmtpRoute("127.0.0.1", pace=None, connections=8)
    assert agents_for(fast) == min(os.cpu_count() or 1, 8)
    assert agents_for(SmtpRoute("127.0.0.1", pace=None, connections=1)) == 1
    assert agents_for(SmtpRoute("127.0.0.1", pace=1000)) == 0
    assert agents_for(SmtpRoute("127.0.0.1", pace=None, tokens=tokens)) == 0


class SlowToGreet(TorturingServer):
    """Lets its clients wait for its greeting, as many do on purpose."""

    def conversation(self, line: socket.socket, over: threading.Event) -> ScriptedLine:
        """Lead it after a while."""
        over.wait(1.0)
        return super().conversation(line, over)


@sqlite
def test_a_server_that_is_slow_to_greet_is_waited_for(database: Database):
    """Agents say that they have no line yet; the scribe must go on listening to them."""
    dispatch = promised(database, *ADDRESSES[:12])
    with SlowToGreet() as server:
        desk = runner(database, server.port)
        with sending(desk) as thread:
            thread.join(30)
            desk.stop()
        assert server.copies == Counter(ADDRESSES[:12])
    assert counted(database, dispatch) == {"accepted": 12}


@sqlite
def test_a_stop_ends_what_is_on_the_lines_although_more_waits(database: Database):
    """Nothing lies untouched with the agents, and the scribe has a backlog; still it listens to the last outcome."""
    dispatch = promised(database, *ADDRESSES)
    with TorturingServer(slowness=0.5) as server:
        desk = runner(database, server.port)
        with sending(desk):
            until(lambda: server.copies.total() > 1, 60)
            begun = time.monotonic()
            desk.stop()
        assert time.monotonic() - begun < 10
        assert counted(database, dispatch)["accepted"] == server.copies.total()
    assert account(database, dispatch).uncertain == 0


@sqlite
def test_an_agent_that_does_not_understand_a_word_ends(database: Database, monkeypatch: pytest.MonkeyPatch):
    """As after an upgrade under a running worker: threads of the worker itself take over, and nobody waits for ever."""
    dispatch = promised(database, *ADDRESSES[:12])
    monkeypatch.setattr(agents, "Learn", Foreign)
    with TorturingServer() as server:
        desk = runner(database, server.port)
        with sending(desk) as thread:
            thread.join(40)
            desk.stop()
    books = account(database, dispatch)
    assert books.accepted + books.uncertain == 12
    assert books.uncertain <= 3 + GROUP


@sqlite
def test_an_agent_takes_no_module_from_the_working_folder(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A command may be called in any folder, one of strangers too."""
    dispatch = promised(database, *ADDRESSES[:12])
    (tmp_path / "selectors.py").write_text("raise SystemExit('this is not the module you are looking for')")
    monkeypatch.chdir(tmp_path)
    with TorturingServer() as server:
        desk = runner(database, server.port)
        desk.run_until_idle()
        assert server.connections == 3
        assert desk._dispatcher._dispatchers[0]._agents
    assert counted(database, dispatch) == {"accepted": 12}
