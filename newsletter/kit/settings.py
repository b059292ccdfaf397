"""The settings: ``NEWSLETTER_*`` variables or ``.env``, read once, checked at start, frozen."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from newsletter.kit.errors import SettingsError
from newsletter.kit.tokens import LINK_LENGTH, UNSUBSCRIBE_PATH, Keyring

HEADER_URI_LIMIT = 70
"""Octets of a URI in List-Unsubscribe beyond which the header no longer fits one line (STANDARDS, trap 1)."""
SECRET_MINIMUM = 32
_WEB_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
"""What can stand in every mail's header as it is; anything else would be found out by the first reader's mail."""


class Settings(BaseSettings):
    """Everything an operator may set; each field is the variable ``NEWSLETTER_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="NEWSLETTER_", env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("var"), description="Folder for the SQLite file, the secret and caught mail.")
    database_url: str = Field(
        "",
        description="sqlite:///file or postgresql://user:password@host/name; empty: a file in data_dir.",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000",
        description="Where readers reach this service; links in mails begin with it.",
    )
    secret_key: str = Field(
        "",
        description="At least 32 random characters; signs links. Older secrets may follow, separated by commas. "
        "Empty: made once and kept in the data folder (SQLite only).",
    )
    smtp_url: str = Field(
        "",
        description="smtp[s]://user:password@host:port?pace=10; empty: the built-in catcher, nothing leaves.",
    )
    smtp_routes: Path | None = Field(
        None,
        description="TOML file with further mail servers by name, for publications that choose among several.",
    )
    bounce_domain: str = Field("", description="Domain of the envelope senders; empty: the domain of the From address.")
    dkim_domain: str = Field("", description="Domain that signs (d=); empty: mail is not signed here.")
    dkim_selector: str = Field("newsletter", description="DKIM selector (s=).")
    dkim_key_file: Path | None = Field(None, description="File with the private key in PEM form, RSA or Ed25519.")
    in_doubt: Literal["resend", "hold"] = Field(
        "resend",
        description="After a crash: send again what may have been sent (same Message-ID), or hold it for a person.",
    )
    destinations_file: Path | None = Field(
        None,
        description="TOML file with domains that share mail servers, so that they rest and slow down together.",
    )

    keep_months: int = Field(
        12,
        ge=1,
        le=120,
        description="Months after which deliveries and events no longer say whose they were and only count.",
    )
    keep_networks: bool = Field(
        False,
        description="Keep the network address of a sign-up as part of its evidence.",
    )
    oidc_issuer: str = Field(
        "",
        description="Issuer of the identity provider through which the team signs in; empty: passwords alone.",
    )
    oidc_client_id: str = Field("", description="What the identity provider calls this desk.")
    oidc_client_secret: str = Field("", description="The secret that goes with it.")
    second_factor: str = Field(
        "",
        description="Who with a password must have a second factor: all, or roles as in administrator,approver.",
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _a_secure_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("must begin with https://, as in https://login.microsoftonline.com/YOUR-TENANT/v2.0")
        return value

    @field_validator("public_url")
    @classmethod
    def _a_web_address(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError("has letters beyond ASCII; write the host name as DNS has it, with xn--")
        if not _WEB_ADDRESS.fullmatch(value):
            raise ValueError("must be a web address like https://news.example.org")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _long_secrets(cls, value: str) -> str:
        if any(len(secret.strip()) < SECRET_MINIMUM for secret in value.split(",") if value):
            raise ValueError(f"needs at least {SECRET_MINIMUM} characters; `openssl rand -base64 32` makes one")
        return value

    @property
    def public_path(self) -> str:
        """The path below which readers reach the pages, ``/news`` of https://example.org/news; mostly empty."""
        return urlsplit(self.public_url).path

    @property
    def database(self) -> str:
        """The database's URL, the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'newsletter.db'}"

    @property
    def outbox_dir(self) -> Path:
        """The maildir of the catcher."""
        return self.data_dir / "outbox"

    @cached_property
    def keyring(self) -> Keyring:
        """The keys for links and sign-off; raises ``SettingsError`` if there is no secret and none may be made.

        A secret that was kept before one was set stays the oldest of the ring: links in mails never expire.
        """
        kept = self.data_dir / "secret.key"
        if self.secret_key:
            given = [secret.strip() for secret in self.secret_key.split(",")]
            return Keyring([*given, *([_read_secret(kept)] if kept.is_file() else [])])
        if not self.database.startswith("sqlite"):
            raise SettingsError(
                "NEWSLETTER_SECRET_KEY is missing: with PostgreSQL every machine needs the same secret. "
                "`openssl rand -base64 32` makes one."
            )
        if not kept.is_file():
            _make_secret(kept)
        return Keyring([_read_secret(kept)])

    @property
    def has_identity_provider(self) -> bool:
        """Whether the team may sign in through one; raises ``SettingsError`` if half of what that needs is missing."""
        given = {
            "NEWSLETTER_OIDC_ISSUER": self.oidc_issuer,
            "NEWSLETTER_OIDC_CLIENT_ID": self.oidc_client_id,
            "NEWSLETTER_OIDC_CLIENT_SECRET": self.oidc_client_secret,
        }
        missing = [name for name, value in given.items() if not value]
        if 0 < len(missing) < len(given):
            raise SettingsError(f"{' and '.join(missing)} is missing: an identity provider needs all three.")
        return not missing

    def warnings(self) -> list[str]:
        """Return what works but should be mended, one sentence each."""
        length = len(self.public_url) + len(UNSUBSCRIBE_PATH) + LINK_LENGTH
        if length > HEADER_URI_LIMIT:
            sentence = (
                f"NEWSLETTER_PUBLIC_URL makes unsubscribe links of {length} characters; beyond {HEADER_URI_LIMIT} some "
                "mail programs miss the header. Use a shorter host name."
            )
            return [sentence]
        return []


def load_settings(**given: object) -> Settings:
    """Read the settings from the environment; raise ``SettingsError`` naming each bad one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # names and types are checked by pydantic
    except ValidationError as error:
        sentences = [
            f"NEWSLETTER_{str(problem['loc'][0]).upper()} {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise SettingsError("; ".join(sentences) + ".") from error


def _make_secret(path: Path) -> None:
    """Put a new secret at *path*, whole or not at all, for its owner's eyes; one that stands there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_MINIMUM))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first
    finally:
        Path(draft).unlink()


def _read_secret(path: Path) -> str:
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The secret in {path} cannot be read: {error}.") from error
    if len(secret) < SECRET_MINIMUM:
        raise SettingsError(
            f"The secret in {path} is cut short; put it back from your backup, or links already sent stop working."
        )
    return secret
