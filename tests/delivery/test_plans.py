"""The statements of the hot path touch only the rows they change, however many deliveries there are."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from newsletter.delivery import claims
from newsletter.kit.database import Database
from tests.conftest import NINE_OCLOCK
from tests.delivery.outbox import promised, runner
from tests.doubles import ScriptedTransport


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_claiming_and_marking_find_their_rows_by_index(database: Database):
    """SQLite is asked for its plans: no scan of the deliveries, and no way through all of a dispatch's."""
    dispatch = promised(database, *(f"r{number}@example.org" for number in range(100)))
    runner(database, ScriptedTransport())._prepare(None)
    seen = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, *_rest):
        seen.append((statement, parameters))

    with database.write() as session:
        claimed = claims.claim(session, dispatch, owner="me", limit=10, now=NINE_OCLOCK)
        claims.mark_sending(session, claimed.promises, owner="me", now=NINE_OCLOCK)
    statements = [one for one in seen if one[0].startswith("WITH")]
    assert len(statements) == 2
    with database.write() as session:
        for statement, parameters in statements:
            rows = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
            steps = [row[3] for row in rows if "deliveries" in row[3]]
            assert steps
            for step in steps:
                assert "PRIMARY KEY (rowid=?)" in step or "ix_deliveries_waiting" in step, step
