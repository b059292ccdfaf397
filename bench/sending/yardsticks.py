"""Yardsticks: how many messages a second others hand to the same server, with the same size and connections."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import time

import aiosmtplib

from sending.sink import program

SENDER = "bounces@example.org"


def payload(size: int) -> bytes:
    """Return a message of about *size* octets."""
    head = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: An issue\r\nMessage-ID: <1@example.org>\r\n\r\n"
    line = b"x" * 74 + b"\r\n"
    return head + line * max(1, (size - len(head)) // len(line))


def smtp_source(port: int, *, size: int, count: int, connections: int) -> float:
    """Postfix's generator, written in C: no recipient is its own, nothing is written down."""
    command = [
        program("smtp-source"), "-d", "-s", str(connections), "-m", str(count), "-l", str(size),
        "-f", SENDER, "-t", "reader@example.org", f"inet:127.0.0.1:{port}",
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return count / (time.perf_counter() - began)


def smtplib_loop(port: int, *, size: int, count: int, connections: int) -> float:  # it has one
    """The standard library, as most scripts do it: one connection, a message after the other."""
    message = payload(size)
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for number in range(count):
            line.sendmail(SENDER, f"reader{number}@example.org", message)
    return count / (time.perf_counter() - began)


def aiosmtplib_tasks(port: int, *, size: int, count: int, connections: int) -> float:
    """The usual asynchronous client: a task for each connection, a queue of recipients."""
    message = payload(size)

    async def lane(numbers: range) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await client.connect()
        for number in numbers:
            await client.sendmail(SENDER, [f"reader{number}@example.org"], message)
        await client.quit()

    async def everything() -> None:
        await asyncio.gather(*(lane(range(first, count, connections)) for first in range(connections)))

    began = time.perf_counter()
    asyncio.run(everything())
    return count / (time.perf_counter() - began)
