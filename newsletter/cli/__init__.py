"""The command line: the same verbs as the web, for people at a terminal and for scripts.

Exit codes: 0 done; 1 a check failed or a state forbids it; 2 bad usage, a bad setting, a thing that is not there.
"""

from __future__ import annotations

import sys

from newsletter.kit.errors import Conflict, DeskError, DispatchRefused, ManuscriptError, RenderingError


def main() -> None:
    """Run the command line; every error a person can be told is one sentence on standard error."""
    from newsletter.cli.commands import app

    try:
        app()
    except (Conflict, DispatchRefused, ManuscriptError, RenderingError) as error:
        _fail(error, code=1)
    except DeskError as error:
        _fail(error, code=2)
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        sys.stderr.close()
        sys.exit(0)


def _fail(error: DeskError, *, code: int) -> None:
    sys.stderr.write(f"newsletter: {error}\n")
    sys.exit(code)
