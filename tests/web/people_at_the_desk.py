"""People with passwords, for tests: somebody to sign in as, through the real pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyotp
from fastapi.testclient import TestClient
from httpx import Response

from newsletter.kit.database import Database
from newsletter.kit.settings import Settings
from newsletter.team import passwords, people, second_factor
from newsletter.team.models import DeskPerson
from newsletter.team.roles import Role
from newsletter.worker import Installation
from tests.web.desk import SECRET

PASSWORD = "four quiet lamps at noon"
HASH = passwords.hash_of(PASSWORD)
ADA = "ada@desk.example"


@dataclass
class MovingClock:
    """A clock that tests put forward."""

    at: datetime = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return what it shows."""
        return self.at

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@dataclass
class House:
    """An installation whose clock moves, and one person who works there."""

    database: Database
    settings: Settings = field(default_factory=lambda: Settings(_env_file=None, secret_key=SECRET))  # type: ignore[call-arg]
    clock: MovingClock = field(default_factory=MovingClock)

    @property
    def here(self) -> Installation:
        """The installation."""
        return Installation(self.settings, self.database, self.clock)

    def add(self, address: str = ADA, *, role: Role = Role.EDITOR, second: bool = False) -> str:
        """Add somebody with the password above; with a second factor return its secret."""
        secret = second_factor.new_secret() if second else ""
        with self.database.write() as session:
            person = people.add(session, address, name=address.partition("@")[0].title(), now=self.clock(), by="tests")
            people.give(session, person, role, None, now=self.clock(), by="tests")
            person.password_hash = HASH
            if second:
                keyring = self.settings.keyring
                self.codes = second_factor.turn_on(session, person, secret, step=0, keyring=keyring, now=self.clock())
        return secret

    def person(self, address: str = ADA) -> DeskPerson:
        """Return somebody as the table has them."""
        with self.database.read() as session:
            return people.by_address(session, address)

    def code(self, secret: str, *, steps: int = 0) -> str:
        """Return the code that a telephone shows, so many steps from now."""
        return pyotp.TOTP(secret).generate_otp(int(self.clock().timestamp()) // 30 + steps)


def sign_in(client: TestClient, address: str = ADA, password: str = PASSWORD, **more: str) -> Response:
    """Type address and password and press the button."""
    return client.post("/desk/sign-in", data={"address": address, "password": password, **more})


def is_in(client: TestClient) -> bool:
    """Tell whether the desk's first page opens."""
    return client.get("/desk/").status_code == 200


def hidden(page: Response, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found
    return found.group(1)
