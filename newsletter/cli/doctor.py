"""``newsletter doctor``: what an operator should mend before readers notice."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from newsletter.cli import output


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check settings, database, secret, signing key and mail server; exit code 1 if something must be mended."""
    from newsletter.examination import examine
    from newsletter.kit.settings import load_settings

    checks = list(examine(load_settings()))
    if as_json:
        output.say_json({"checks": [asdict(check) for check in checks]})
    else:
        output.table(("", "check", "finding"), [(check.mark, check.name, check.finding) for check in checks])
    if any(check.grade == "bad" for check in checks):
        raise typer.Exit(1)
