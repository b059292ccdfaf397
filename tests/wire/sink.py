"""Postfix's smtp-sink, which takes every mail and writes it to a file, behind a tap that keeps the bytes as they came."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

SOMEWHERE = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


class Sink:
    """A running smtp-sink with its tap; mail for it goes to ``port``."""

    def __init__(self) -> None:
        program = shutil.which("smtp-sink", path=SOMEWHERE)
        assert program, "smtp-sink is missing; the Debian package is called postfix"
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-sink-"))
        self.folder.chmod(0o777)  # it gives up root, and writes as somebody else
        self._sink_port = free_port()
        unprivileged = ["-u", "nobody"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            [program, *unprivileged, "-d", f"{self.folder}/mail.", f"127.0.0.1:{self._sink_port}", "100"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(self._sink_port)
        self.streams: list[bytearray] = []
        """What each client said, connection by connection, byte for byte; smtp-sink itself drops carriage returns."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def mails(self) -> list[Message]:
        """Every mail as dumped, with what was said around it in ``X-Mail-Args`` and ``X-Rcpt-Args``."""
        parser = BytesParser()
        return [parser.parsebytes(path.read_bytes()) for path in sorted(self.folder.glob("mail.*"))]

    def stop(self) -> None:
        """End it and remove what it wrote."""
        self._listener.close()
        self._process.terminate()
        self._process.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            server = socket.create_connection(("127.0.0.1", self._sink_port))
            heard = bytearray()
            self.streams.append(heard)
            threading.Thread(target=_pump, args=(client, server, heard), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client, None), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
    """Hand on what *source* says until it hangs up, keeping it if asked."""
    try:
        while piece := source.recv(65536):
            if kept is not None:
                kept += piece
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    finally:
        if kept is None:  # the server has the last word
            source.close()
            target.close()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 20) -> None:
    """Wait until somebody listens on *port*."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
