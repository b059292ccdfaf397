"""Migrations: bringing a database to the newest schema, from the repository or from an installed wheel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.kit.database import Database
from newsletter.kit.templating import bundled

PATTERN_INDEX = "ix_subscribers_address"
"""An index that only PostgreSQL needs, to find addresses by how they begin; a model could not say so."""


def config_for(database: Database) -> Config:
    """Return Alembic's configuration for *database*; the migration runs on its writing engine."""
    config = Config()
    config.set_main_option("script_location", str(bundled("alembic")))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    return config


def migrate(database: Database) -> None:
    """Bring *database* to the newest schema; harmless if it is there already."""
    command.upgrade(config_for(database), "head")


def is_ours(name: str | None, kind: str, parents: Mapping[Any, Any]) -> bool:
    """Tell Alembic's comparison what models declare; Procrastinate's tables have a migration and no models."""
    if kind == "index":
        return name != PATTERN_INDEX
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def is_current(database: Database) -> bool:
    """Tell whether *database* has the newest schema."""
    with database.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    return here == ScriptDirectory.from_config(config_for(database)).get_current_head()
