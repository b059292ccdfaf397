"""Typst kept at arm's length: a fresh folder of copied files, a process of its own with limits, a checked PDF back."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.kit.errors import RenderingError
from newsletter.kit.templating import bundled
from newsletter.rendering import fonts, pdf_process

STANDARDS = ["a-3a", "ua-1"]
"""Archival and accessible: ISO 19005-3 level A and ISO 14289-1."""
PROCESS = Path(pdf_process.__file__)
OUR_FAMILIES = {*fonts.PACKAGES, *fonts.CJK_FAMILIES.values()}
_SIGXCPU = int(getattr(signal, "SIGXCPU", 0))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may take before it is stopped."""

    seconds: float = 60
    """Wall-clock time; a long issue takes one or two."""
    memory_bytes: int = 2 * 1024**3
    """Address space. Much tighter limits make Typst drop the Chinese font instead of failing."""


def compile_pdf(
    content: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    families: Iterable[str],
    embedded: Iterable[str],
    timestamp: int,
    limits: Limits,
    main: str = "issue.typ",
) -> bytes:
    """Return the PDF of *content* (the templates' ``issue.json``) with *files* (pictures, by bare name) beside it.

    *families* must be loadable, *embedded* must be found in the PDF; *timestamp* is in seconds since 1970 (UTC).
    Raises ``RenderingError`` for whatever goes wrong; no process and no file is left behind.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-pdf-") as folder:
        root = Path(folder) / "root"
        output = Path(folder) / "issue.pdf"
        packages = Path(folder) / "packages"
        packages.mkdir()
        _lay_out(root, content, files)
        job = {
            "main": str(root / main),
            "root": str(root),
            "output": str(output),
            "packages": str(packages),
            "font_folders": [str(path) for path in fonts.font_folders()],
            "families": sorted(set(families)),
            "standards": STANDARDS,
            "timestamp": timestamp,
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": int(limits.seconds) * 2 + 1,
        }
        _run(job, limits)
        data = output.read_bytes()
    _require_embedded(data, embedded)
    return data


def _lay_out(root: Path, content: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Copy everything Typst may read; copies, not links, because its root is its prison."""
    root.mkdir()
    for template in sorted((bundled("templates") / "pdf").glob("*.typ")):
        (root / template.name).write_bytes(template.read_bytes())
    for name, data in files.items():
        (root / name).write_bytes(data)
    (root / "issue.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _run(job: Mapping[str, Any], limits: Limits) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # our own file, by our own interpreter; the job goes in as data
            [sys.executable, "-P", str(PROCESS)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=limits.seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:  # the child is killed and reaped by then
        raise RenderingError(
            f"The PDF edition was not finished within {limits.seconds:g} seconds; "
            "split the issue or simplify its tables."
        ) from error
    _judge(done, limits)


def _environment() -> dict[str, str]:
    """Few arenas and threads: each reserves address space that counts against the limit."""
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "MALLOC_ARENA_MAX": "2", "RAYON_NUM_THREADS": "2", "PYTHONUTF8": "1"}


def _judge(done: subprocess.CompletedProcess[bytes], limits: Limits) -> None:
    """Turn the process's end into nothing or one clear sentence."""
    out_of_memory = (
        f"The PDF edition needs more than the {limits.memory_bytes // 2**20} MB of memory it may take; "
        "split the issue or use smaller pictures."
    )
    if done.returncode == -_SIGXCPU:
        raise RenderingError("The PDF edition took too much processor time; split the issue or simplify its tables.")
    # Rust aborts when an allocation fails, a stack that cannot grow is a segmentation fault, the kernel kills.
    if done.returncode < 0:
        raise RenderingError(out_of_memory)
    report = _report(done)
    match report.get("kind"):
        case None:
            return
        case pdf_process.FONT_MISSING if unknown := set(report["detail"].split(", ")) - OUR_FAMILIES:
            raise RenderingError(
                f"The PDF edition cannot be set: there is no font called {', '.join(sorted(unknown))}."
            )
        # A font of ours that is not there, or a character that was found in one before, was dropped for want of memory;
        # where a thread or a file cannot be had, Typst panics.
        case pdf_process.FONT_MISSING | pdf_process.GLYPH_LOST | pdf_process.MEMORY | pdf_process.PANIC:
            raise RenderingError(out_of_memory)
        case _:
            raise RenderingError(f"The PDF edition cannot be set: {report['detail'].rstrip('.')}.")


def _report(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    try:
        report: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        last_line = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return {"kind": "crash", "detail": last_line or f"the process ended with code {done.returncode}"}
    return report


def _require_embedded(data: bytes, families: Iterable[str]) -> None:
    """Raise unless the PDF holds a font program of each family: none was dropped on the way."""
    names = {name.decode().replace("-", "").lower() for name in re.findall(rb"/BaseFont/[A-Z]{6}\+([\w-]+)", data)}
    for family in families:
        if not any(_belongs(name, family) for name in names):
            raise RenderingError(f"The PDF edition came out without its font {family}; render it again.")


def _belongs(font: str, family: str) -> bool:
    """Noto Sans CJK SC begins like Noto Sans and is none of it."""
    prefix = family.replace(" ", "").lower()
    return font.startswith(prefix) and not font.startswith(f"{prefix}cjk")
