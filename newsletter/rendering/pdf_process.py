"""The process that runs Typst: takes one job on standard input, writes one PDF, says in one line what went wrong.

It is started as a file, not as a module, and imports nothing of the house: starting costs 30 ms, and whatever Typst
does to its memory dies with it. The limits are set here, before Typst is loaded, because setting them between fork
and exec is not safe in a process with threads.
"""

import json
import sys
from typing import Any

FONT_MISSING = "font-missing"
GLYPH_LOST = "glyph-lost"
TYPST = "typst"
MEMORY = "memory"
PANIC = "panic"


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound this process; a parent that was killed cannot end us, the processor limit does."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def run(job: dict[str, Any]) -> dict[str, str]:
    """Compile *job* and return an empty report, or one with ``kind`` and ``detail``."""
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(job["font_folders"]))
    # Under a tight memory limit Typst drops a font it cannot map, without a word (seen with the 32 MB Chinese one).
    lacking = sorted(set(job["families"]) - set(fonts.families()))
    if lacking:
        return {"kind": FONT_MISSING, "detail": ", ".join(lacking)}
    try:
        typst.compile(
            job["main"],
            output=job["output"],
            root=job["root"],
            font_paths=fonts,
            format="pdf",
            pdf_standards=job["standards"],
            timestamp=job["timestamp"],
            # No package is ever fetched or found: both places are empty folders of the job.
            package_path=job["packages"],
            package_cache_path=job["packages"],
        )
    except typst.TypstError as error:
        lost = "could not be displayed with" in error.message
        return {"kind": GLYPH_LOST if lost else TYPST, "detail": error.message}
    except RuntimeError as error:
        return {"kind": TYPST, "detail": str(error)}
    return {}


def main() -> None:
    """Read the job, run it, print the report."""
    job = json.load(sys.stdin)
    limit(job["memory_bytes"], job["cpu_seconds"])
    try:
        report = run(job)
    except ModuleNotFoundError as error:
        report = {"kind": TYPST, "detail": f"{error}; install the package typst"}
    except (MemoryError, ImportError):  # the library itself could not be mapped
        report = {"kind": MEMORY, "detail": ""}
    except BaseException as error:  # a panic of Rust code arrives as a BaseException of its own
        report = {"kind": PANIC, "detail": str(error)}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
