"""``newsletter user``: the people of the desk, from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from newsletter.publications import Publication
    from newsletter.team.models import DeskPerson
    from newsletter.team.roles import Role, RoleHeld
    from newsletter.worker import Installation

app = typer.Typer(help="People: who works at the desk, and what they may do.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="Their address.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; default: your user name on this machine.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RoleName = Annotated[
    str, typer.Argument(help="writer, editor, approver, report_reader or administrator.", metavar="ROLE")
]
For = Annotated[str, typer.Option("--for", help="Label of the newsletter; without it: all newsletters.")]


@app.command("add")
def add(
    address: Address,
    name: Annotated[str, typer.Option("--name", help="What the desk calls them; default: their address.")] = "",
    role: Annotated[str, typer.Option("--role", help="Their first role; more with `newsletter user role`.")] = "",
    newsletter: For = "",
    language: Annotated[str, typer.Option("--language", help="en or de.")] = "en",
    by: By = None,
) -> None:
    """Add somebody and print the link with which they come in; for somebody who has not come yet, print another."""
    from newsletter.team import people

    with opened() as here, here.database.write() as session:
        person = _known(session, address)
        if person is None:
            person = people.add(
                session, address, name=name or address, language=language, now=here.clock(), by=output.somebody(by)
            )
        elif person.password_hash is not None or person.identity is not None or person.deactivated_at is not None:
            from newsletter.kit.errors import Conflict

            raise Conflict(f"{address} works at the desk already; `newsletter user list` shows everybody.")
        if role:
            where = _newsletter(session, newsletter)
            people.give(session, person, _role(role), where, now=here.clock(), by=output.somebody(by))
        link = _link(here, session, person)
    output.say(f"{address} comes in by this link, once, within seven days:\n{link}")


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List everybody, with their roles."""
    from newsletter import publications
    from newsletter.team import people

    with opened() as here, here.database.read() as session:
        labels = {each.id: each.label for each in publications.every(session)}
        rows = [(each, people.roles_of(session, each.id)) for each in people.every(session)]
    if as_json:
        output.say_json({"people": [_as_data(person, held, labels) for person, held in rows]})
    elif not rows:
        output.say("Nobody works at this desk yet; `newsletter serve` prints the link of the first administrator.")
    else:
        output.table(
            ("address", "name", "state", "roles"),
            [(person.address, person.name, _state(person), ", ".join(_spelt(held, labels))) for person, held in rows],
        )


@app.command("role")
def role(
    address: Address,
    name: RoleName,
    newsletter: For = "",
    take: Annotated[bool, typer.Option("--take", help="Take the role away instead.")] = False,
    by: By = None,
) -> None:
    """Give somebody a role, or take it away."""
    from newsletter.team import people

    with opened() as here, here.database.write() as session:
        person, where = people.by_address(session, address), _newsletter(session, newsletter)
        change = people.take if take else people.give
        news = change(session, person, _role(name), where, now=here.clock(), by=output.somebody(by))
    what = f"{name} of {newsletter or 'all newsletters'}"
    if news:
        output.say(f"{address} is {'no longer ' if take else ''}{what}.")
    else:
        output.say(f"Nothing to do: {address} is {'not' if take else 'already'} {what}.")


@app.command("remove")
def remove(address: Address, by: By = None) -> None:
    """Shut somebody out at once; what they did stays on record."""
    from newsletter.team import people

    with opened() as here, here.database.write() as session:
        news = people.deactivate(session, people.by_address(session, address), now=here.clock(), by=output.somebody(by))
    output.say(f"{address} is shut out." if news else f"{address} was shut out before.")


def first_path(here: Installation) -> str | None:
    """Return the path of the first administrator's one-time link; None once somebody works at the desk."""
    from newsletter.team import passes, people
    from newsletter.team.models import PassKind

    with here.database.write() as session:
        if not people.is_nobody(session):
            return None
        token = passes.issue(session, PassKind.FIRST_ADMINISTRATOR, None, now=here.clock())
    return f"/desk/welcome/{token}"


def _known(session: Session, address: str) -> DeskPerson | None:
    from newsletter.kit.errors import NotFound
    from newsletter.team import people

    try:
        return people.by_address(session, address)
    except NotFound:
        return None


def _link(here: Installation, session: Session, person: DeskPerson) -> str:
    from newsletter.team import passes
    from newsletter.team.models import PassKind

    token = passes.issue(session, PassKind.INVITATION, person, now=here.clock())
    return f"{here.settings.public_url}/desk/welcome/{token}"


def _role(name: str) -> Role:
    from newsletter.kit.errors import BadInput
    from newsletter.team.roles import Role

    try:
        return Role(name)
    except ValueError as error:
        raise BadInput(f"There is no role {name!r}; there are {', '.join(Role)}.") from error


def _newsletter(session: Session, label: str) -> Publication | None:
    from newsletter import publications

    return publications.by_label(session, label) if label else None


def _state(person: DeskPerson) -> str:
    if person.deactivated_at is not None:
        return "shut out"
    return "works here" if person.password_hash or person.identity else "invited"


def _spelt(held: frozenset[RoleHeld], labels: dict[int, str]) -> list[str]:
    return sorted(f"{role.value} of {'all' if where is None else labels[where]}" for role, where in held)


def _as_data(person: DeskPerson, held: frozenset[RoleHeld], labels: dict[int, str]) -> dict[str, object]:
    roles = [{"role": role.value, "newsletter": None if where is None else labels[where]} for role, where in held]
    return {
        "address": person.address,
        "name": person.name,
        "state": _state(person),
        "second_factor": person.totp_secret is not None,
        "roles": sorted(roles, key=str),
    }
