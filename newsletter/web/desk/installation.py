"""The installation as its administrator sees it: what is in order, what should be mended, and the settings in force."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from newsletter import __version__
from newsletter.delivery import allowance
from newsletter.kit.settings import Settings
from newsletter.team.roles import Permission
from newsletter.web.auth import VisitorDep, needs
from newsletter.web.desk.page import page, words_of
from newsletter.web.workplace import TurnDep, WorkplaceDep

router = APIRouter()
SECRET = frozenset({"secret_key", "oidc_client_secret"})
"""Said to be set, and never shown."""
WITH_PASSWORD = frozenset({"database_url", "smtp_url"})


@router.get("/installation", dependencies=[needs(Permission.ADMINISTER)])
def show(request: Request, visitor: VisitorDep, place: WorkplaceDep, turn: TurnDep, ask: str = "") -> Response:
    """Show what is in order and what is not; *ask* says hello to the mail servers too, which may take a while."""
    now, _ = place.clock(), words_of(request, visitor)
    with place.database.read() as session:
        routes = [
            (route, allowance.used(session, route.name, since=now - allowance.DAY), route.daily_limit(now))
            for route in place.routes
        ]
    checks = place.examine() + (place.ask_mail_servers() if ask else [])
    return page(
        request, visitor, "desk/installation.html", version=__version__, routes=routes,
        checks=[(_(check.name), check.grade, _(check.finding)) for check in checks],
        asked=bool(ask), settings=list(shown(place.settings)),
    )  # fmt: skip


def shown(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield each setting's variable, its value without any secret, and what it is."""
    for name, field in type(settings).model_fields.items():
        value = str(getattr(settings, name) or "")
        if name in SECRET and value:
            value = "…"
        elif name in WITH_PASSWORD and "@" in value:
            scheme, _, rest = value.partition("://")
            value = f"{scheme}://…@{rest.rpartition('@')[2]}"
        yield f"NEWSLETTER_{name.upper()}", value, field.description or ""
