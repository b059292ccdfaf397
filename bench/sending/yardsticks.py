"""Yardsticks: how many messages a second others hand to the same server, with the same size and connections."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import time
from email.message import EmailMessage

import aiosmtplib

from sending.sink import program

SENDER = "bounces@example.org"
LINE = "The ministry published a plan for ports, rails and grids; nobody was surprised.\n"


def letter(number: int, size: int) -> EmailMessage:
    """Return one reader's message as the standard library's documentation has it, of about *size* octets."""
    message = EmailMessage()
    message["From"], message["To"] = "Pacific Grids <grids@example.org>", f"reader{number}@example.org"
    message["Subject"], message["Message-ID"] = "An issue", f"<{number}@example.org>"
    half = LINE * max(1, size // (2 * len(LINE)))
    message.set_content(half)
    message.add_alternative(f"<html><body><p>{half}</p></body></html>", subtype="html")
    return message


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
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for number in range(count):
            line.send_message(letter(number, size), SENDER)
    return count / (time.perf_counter() - began)


def aiosmtplib_tasks(port: int, *, size: int, count: int, connections: int) -> float:
    """The usual asynchronous client: a task for each connection, a queue of recipients."""

    async def lane(numbers: range) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await client.connect()
        for number in numbers:
            await client.send_message(letter(number, size), sender=SENDER)
        await client.quit()

    async def everything() -> None:
        await asyncio.gather(*(lane(range(first, count, connections)) for first in range(connections)))

    began = time.perf_counter()
    asyncio.run(everything())
    return count / (time.perf_counter() - began)
