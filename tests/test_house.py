"""The laws of the house hold."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_migrations_folder_does_not_shadow_the_library():
    """With an ``__init__.py`` in it, ``import alembic.command`` would find our folder."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    import alembic.command

    assert alembic.command.upgrade
