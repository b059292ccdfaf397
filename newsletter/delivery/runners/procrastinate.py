"""The runner for many machines: Procrastinate's ticks and wake-ups call the steps, on PostgreSQL.

Its jobs are hints and carry nothing: every one may be lost, doubled or late, since what is to be done stands in our
own tables. So finished jobs are deleted, and those of the dead are thrown away rather than tried again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from newsletter.delivery import maillog
from newsletter.delivery.runners.port import Hands

EVERY_SECOND = "* * * * * *"
"""The sixth field of this cron is the second: a resume, a schedule, a retry is taken up within two."""
NOW_AND_THEN = "* * * * * */15"
STALLED = 30.0
"""Seconds without a sign of life after which a worker's jobs are thrown away; its deliveries have their own leases."""
AFRESH = 1.0
"""Seconds before a worker that lost the database begins afresh."""
PATIENCE = 5.0
"""Seconds to wait for a connection; the ticks are not worth more."""
THREADS = 16


def schema() -> str:
    """Return the SQL of Procrastinate's tables, for a migration to execute as it stands, without parameters."""
    return SchemaManager.get_schema()


async def _commit_at_once(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


def _queues(crew: str) -> tuple[str, str]:
    """Return the queues of a crew's ticks and plans, which bear the names of their jobs."""
    return f"ticks:{crew}", f"plans:{crew}"


class CrewCaller:
    """Wakes a crew from wherever work is written down: a page, a command, another machine. Thread safe."""

    def __init__(self, url: URL, *, crew: str) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._queues = _queues(crew)
        self._mutex = threading.Lock()
        self._app: App | None = None

    def wake(self) -> None:
        """Call the crew, after the transaction that wrote work down has committed; never raises.

        On a connection of its own that commits at once: inside the caller's transaction a second wake would wait for
        the first one's commit. If the database does not answer the wake is lost, which costs a tick.
        """
        try:
            app = self._opened()
            for queue in self._queues:
                with suppress(AlreadyEnqueued):
                    app.configure_task(queue, queue=queue, queueing_lock=queue).defer(timestamp=0)
        except Exception as error:  # what was to be announced is committed: nobody may take it for failed
            maillog.wake_lost(error)

    def close(self) -> None:
        """Let go of the connection."""
        with self._mutex:
            if self._app is not None:
                self._app.close()
                self._app = None

    def _opened(self) -> App:
        with self._mutex:
            if self._app is None:
                connector = SyncPsycopgConnector(
                    conninfo=self._conninfo, kwargs={"autocommit": True}, min_size=1, max_size=2, timeout=PATIENCE,
                    reconnect_timeout=PATIENCE,
                )  # fmt: skip
                app = App(connector=connector)
                app.open()
                self._app = app
            return self._app


class ProcrastinateRunner:
    """Keeps the steps going on every machine that joins.

        once a second, on one of the machines   tick ─▶ look after, finish ─┐
                                                plan ─▶ plan ───────────────┴▶ work? call
        on whoever is free                      dispatch ─▶ call one more, hand over until nothing is due

    A dispatch that begins calls the next one, and a process takes one at a time: so the call goes on to whoever is
    idle, until all help. Each kind has a queue and a worker of its own, so that a long one never holds up the ticks.
    """

    def __init__(self, url: URL, hands: Hands, *, crew: str) -> None:
        """Prepare to do the steps with *hands*; all that serve the same mail servers form one *crew*."""
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._hands = hands
        self._ticks, self._plans = _queues(crew)
        self._dispatches = f"dispatches:{crew}"
        self._app = App(connector=PsycopgConnector())
        self._declare()
        self._caller = CrewCaller(url, crew=crew)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._halt = asyncio.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Work in threads of its own until ``stop``."""
        # Every job of every second would be a line of the log; what matters stands in ours.
        for library in ("procrastinate", "psycopg.pool"):
            logging.getLogger(library).setLevel(logging.ERROR)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="procrastinate", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is new work, after the transaction that wrote it down has committed."""
        self._caller.wake()

    def stop(self) -> None:
        """Claim nothing more, let open transactions end; return when nothing is in hand."""
        self._stopping.set()
        self._hands.stop()
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._halt.set)
        if self._thread is not None:
            self._thread.join()
        self._caller.close()

    # The jobs

    def _declare(self) -> None:
        """Declare the jobs; the name of each is that of its queue, and at most one of each waits at any time."""

        def job(queue: str, cron: str, name: str = "") -> Callable[[Callable[..., Any]], None]:
            def declared(function: Callable[..., Any]) -> None:
                task = self._app.task(name=name or queue, queue=queue, queueing_lock=name or queue)(function)
                if cron:
                    self._app.periodic(cron=cron)(task)

            return declared

        job(self._ticks, EVERY_SECOND)(self._tick)
        job(self._plans, EVERY_SECOND)(self._plan)
        job(self._ticks, NOW_AND_THEN, name=f"tidy:{self._ticks}")(self._tidy)
        job(self._dispatches, "")(self._dispatch)

    async def _tick(self, timestamp: int) -> None:
        await self._do(self._hands.look_after)
        await self._do(self._hands.finish)
        await self._call_if_work()

    async def _plan(self, timestamp: int) -> None:
        await self._do(self._hands.plan)
        if not await self._call_if_work():
            await self._do(self._hands.finish)  # perhaps nobody reads it

    async def _dispatch(self) -> None:
        if await self._call_if_work():
            await self._do(self._hands.dispatch)
            await self._do(self._hands.finish)
            if await self._do(self._hands.has_work):
                await self._rest(AFRESH)  # nobody can do it now, so nobody need hurry

    async def _tidy(self, timestamp: int) -> None:
        """Throw away what dead workers had begun."""
        manager = self._app.job_manager
        await manager.prune_stalled_workers(STALLED)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            with suppress(ConnectorException):  # another machine was faster
                await manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _call_if_work(self) -> bool:
        """Call whoever is idle if there is work; tell whether there is."""
        if self._stopping.is_set() or not await self._do(self._hands.has_work):
            return False
        with suppress(AlreadyEnqueued, ConnectorException):
            await self._app.configure_task(
                self._dispatches, queue=self._dispatches, queueing_lock=self._dispatches
            ).defer_async()
        return True

    async def _do(self, step: Callable[[], Any]) -> Any:
        """Do *step* in a thread; a failing one runs again with the next tick."""
        if self._stopping.is_set():
            return None
        try:
            return await asyncio.to_thread(step)
        except OperationalError as error:
            maillog.database_away(error)
        except Exception:  # one failing step must not end the sending for good
            maillog.step_failed(step.__name__)
        return None

    # The workers

    async def _serve(self) -> None:
        """Run a worker for each queue until ``stop``."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="steps"))
        if self._stopping.is_set():
            return
        pool = AsyncConnectionPool(
            self._conninfo, configure=_commit_at_once, min_size=1, max_size=6, timeout=PATIENCE,
            reconnect_timeout=PATIENCE, check=AsyncConnectionPool.check_connection, open=False,
        )  # fmt: skip
        async with pool:
            await self._app.open_async(pool)
            workers = [
                asyncio.create_task(self._keep_working(queue, concurrency))
                for queue, concurrency in ((self._ticks, 4), (self._plans, 1), (self._dispatches, 1))
            ]
            await self._halt.wait()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _keep_working(self, queue: str, concurrency: int) -> None:
        """Run a worker for *queue*, and another when the database was away and ended it."""
        while not self._stopping.is_set():
            try:
                await self._app.run_worker_async(
                    queues=[queue], name=queue, concurrency=concurrency, delete_jobs="always",
                    install_signal_handlers=False, stalled_worker_timeout=STALLED, fetch_job_polling_interval=AFRESH,
                )  # fmt: skip
            except Exception as error:
                maillog.worker_lost_database(error)
            await self._rest(AFRESH)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halt.wait(), seconds)
