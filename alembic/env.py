"""How Alembic reaches the database: through the engine it was handed, else through the settings."""

from __future__ import annotations

from alembic import context

import newsletter.delivery.models
import newsletter.issues.received
import newsletter.issues.review_links
import newsletter.kit.audit
import newsletter.team.models  # noqa: F401  # these declare every table on Base
from newsletter.kit.database import Base, Database
from newsletter.kit.migrations import is_ours
from newsletter.kit.settings import load_settings

engine = context.config.attributes.get("engine") or Database(load_settings().database).engine

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=is_ours,
        render_as_batch=True,  # SQLite changes a table by making it anew
        user_module_prefix="database.",
    )
    with context.begin_transaction():
        context.run_migrations()
