"""Statements that run thousands of times a minute: compiled to text once, so that a call costs what the engine costs.

SQLAlchemy looks a statement up by its structure at every call, which takes longer than a small one runs. Here only the
values are prepared anew, by the types that the columns have; the connection is the session's, and errors are its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Dialect, Select, String, TypeDecorator, Update, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean, TypeEngine

Processor = Callable[[Any], Any]


class _Ids(TypeDecorator[Sequence[int]]):
    """Many ids as one value: an array, or JSON where there are no arrays."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return json.dumps(list(value or ())) if dialect.name == "sqlite" else list(value or ())


class Among(ColumnElement[bool]):
    """``column IN`` the ids given as *name*; its text is the same for any number of them."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[int], name: str) -> None:
        self.column = column
        self.ids = bindparam(name, type_=_Ids())

    def self_group(self, against: Any = None) -> Among:
        """Stand as it is; "= 1" behind it would hide the index from SQLite."""
        return self


@compiles(Among, "sqlite")
def _among_json(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = compiler.process(element.column, **options), compiler.process(element.ids, **options)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608  # a column and a placeholder, both compiled


@compiles(Among, "postgresql")
def _among_array(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = compiler.process(element.column, **options), compiler.process(element.ids, **options)
    return f"{column} = ANY ({ids})"


class Statement:
    """A SELECT or UPDATE whose values are given by the names of its ``bindparam``."""

    def __init__(self, clause: Select[Any] | Update) -> None:
        self._clause = clause
        self._texts: dict[str, _Text] = {}

    def rows(self, session: Session, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it with the values *given* and return what it selects or returns, in the types of its columns."""
        text = self._text(session)
        found = session.connection().exec_driver_sql(text.sql, text.values(given))
        return [text.row(row) for row in found]

    def change(self, session: Session, many: Iterable[Mapping[str, Any]]) -> int:
        """Run it once for each of *many*, at least one; return how many rows changed."""
        text = self._text(session)
        return session.connection().exec_driver_sql(text.sql, [text.values(given) for given in many]).rowcount

    def _text(self, session: Session) -> _Text:
        session.flush()
        dialect = session.get_bind().dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _compiled(self._clause, dialect)
        return text


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as one engine understands it."""

    sql: str
    positional: bool
    order: tuple[str, ...]
    constants: dict[str, Any]
    processors: dict[str, Processor]
    readers: tuple[Processor | None, ...]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return the values in the form and the order that the driver wants."""
        ready = {**self.constants, **given}
        for name, process in self.processors.items():
            ready[name] = process(ready[name])
        return tuple([ready[name] for name in self.order]) if self.positional else ready

    def row(self, row: Iterable[Any]) -> tuple[Any, ...]:
        """Return *row* in the types of its columns."""
        return tuple([read(one) if read else one for read, one in zip(self.readers, row, strict=True)])


def _compiled(clause: Select[Any] | Update, dialect: Dialect) -> _Text:
    compiled = clause.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    wanted = {name for bind, name in compiled.bind_names.items() if bind.required}
    expanded = compiled.construct_expanded_state(dict.fromkeys(wanted))  # lists that stand in it get a place for each
    of_types = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
    }
    processors = {name: process for name, process in {**of_types, **expanded.processors}.items() if callable(process)}
    constants = {
        name: processors[name](value) if name in processors else value
        for name, value in expanded.parameters.items()
        if name not in wanted
    }
    readers = tuple(
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in clause.exported_columns
    )
    return _Text(
        expanded.statement, compiled.positional, tuple(expanded.positiontup or ()), constants,
        {name: process for name, process in processors.items() if name in wanted}, readers,
    )  # fmt: skip
