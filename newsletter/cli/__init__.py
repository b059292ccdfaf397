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
    except OSError as error:  # a full disk, a folder without permission, a folder where a file was meant
        _fail(f"{error.filename} cannot be used: {error.strerror}." if error.filename else error, code=2)
    except Exception as error:
        _fail(_of_the_database(error), code=2)


def _of_the_database(error: Exception) -> str:
    """Say what the database's driver says of a server out of reach or a file that is no database; raise all else."""
    from sqlalchemy.exc import DBAPIError

    if not isinstance(error, DBAPIError):
        raise error
    said = str(error.orig).strip().splitlines()[0]
    return f"The database that NEWSLETTER_DATABASE_URL names cannot be used: {said.rstrip('.')}."


def _fail(error: Exception | str, *, code: int) -> None:
    sys.stderr.write(f"newsletter: {error}\n")
    sys.exit(code)
