"""A fast mail server on loopback that takes everything, remembers who was sent what, and can keep its answers back."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>]*>)", re.MULTILINE)
Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_END = b"\r\n.\r\n"


class Taken(NamedTuple):
    """A message that was taken: by the answer 250, or at least by the sending of it."""

    helo: str
    recipient: str
    message_id: str


class DiscardServer:
    """``taken`` grows with every final dot that is answered; ``slowness`` seconds, at any time, pass before each answer.

    ``lines`` stand now and never stood more than ``most_lines``; ``times`` says when each message had come in whole.
    With ``hold()`` no final dot is answered until ``release()``; ``begun`` counts what has come in whole.
    """

    def __init__(self, slowness: float = 0.0) -> None:
        self.slowness = slowness
        self.lines = self.most_lines = 0
        self.times: list[float] = []
        self.taken: list[Taken] = []
        self.begun: list[str] = []
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def copies(self) -> Counter[str]:
        """How many times each recipient was sent the message."""
        return Counter(one.recipient for one in self.taken)

    def hold(self) -> None:
        """Answer no final dot from now on."""
        self.loop.call_soon_threadsafe(self.gate.clear)

    def release(self) -> None:
        """Answer what waits, and everything from now on."""
        self.loop.call_soon_threadsafe(self.gate.set)

    async def serve(self, started: threading.Event, over: asyncio.Event) -> None:
        """Serve until *over*."""
        server = await self.loop.create_server(lambda: _Line(self, self._converse), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await over.wait()
        server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._session(reader, writer)
        finally:
            writer.transport.abort()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        helo = recipient = ""
        writer.write(b"220 discard.test ESMTP\r\n")
        while line := await reader.readline():
            verb, _, rest = line.decode("ascii").strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    helo = rest
                    writer.write(b"250-discard.test\r\n250 PIPELINING\r\n")
                case "RCPT":
                    recipient = rest.removeprefix("TO:<").partition(">")[0]
                    writer.write(b"250 ok\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    data = await reader.readuntil(_END)
                    self.begun.append(recipient)
                    self.times.append(time.monotonic())
                    if self.slowness:
                        await asyncio.sleep(self.slowness)
                    await self.gate.wait()
                    found = _MESSAGE_ID.search(data)
                    # Before the answer: who dies between the two has been sent it all the same.
                    self.taken.append(Taken(helo, recipient, found[1].decode() if found else ""))
                    writer.write(b"250 2.0.0 gone\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 ok\r\n")


class _Line(asyncio.StreamReaderProtocol):
    """A line stands until the other side ends it, also while the answer to its last words is slow to come."""

    def __init__(self, server: DiscardServer, converse: Converse) -> None:
        super().__init__(asyncio.StreamReader(limit=1 << 20, loop=server.loop), converse, loop=server.loop)
        self._server, self._stands = server, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.lines += 1
        self._server.most_lines = max(self._server.most_lines, self._server.lines)
        self._stands = True
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        self._fall()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fall()
        super().connection_lost(exc)

    def _fall(self) -> None:
        self._server.lines -= self._stands
        self._stands = False


@contextmanager
def discarding(*, slowness: float = 0.0) -> Iterator[DiscardServer]:
    """Run a ``DiscardServer`` in a thread of its own for the block."""
    server, started, over = DiscardServer(slowness), threading.Event(), asyncio.Event()

    async def run() -> None:
        await server.serve(started, over)
        mine = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not mine]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0)  # for the lines to close

    thread = threading.Thread(target=lambda: server.loop.run_until_complete(run()), name="discard", daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(over.set)
        thread.join(10)
        server.loop.close()
