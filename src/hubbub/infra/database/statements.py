"""One SQLAlchemy Core statement, written once, compiled once per engine, executed by the driver itself.

Statements are module constants: `compiled` remembers them, and compiling costs 0.1 ms. Nothing of SQLAlchemy runs
at execution, so Python-side defaults, bind processors and result processors do nothing; those that would be needed are
refused here, at the first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal

import msgspec
from sqlalchemy import ARRAY, bindparam
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ColumnElement

Engine = Literal["sqlite", "postgres"]
Arguments = Callable[[Mapping[str, Any]], tuple[Any, ...]]

_json = msgspec.json.Encoder().encode


class among(ColumnElement[bool]):
    """`column IN (the list bound to name)` as one fixed text, whatever the length. Bind a list of ints or of texts."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.values = bindparam(name, type_=ARRAY(column.type))


@compiles(among, "postgresql")
def _any_of(it: among, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(it.column, **options)} = ANY ({compiler.process(it.values, **options)})"


@compiles(among, "sqlite")
def _in_json(it: among, compiler: SQLCompiler, **options: Any) -> str:  # the list is bound as JSON text
    values = compiler.process(it.values, **options)
    return f"{compiler.process(it.column, **options)} IN (SELECT value FROM json_each({values}))"


@lru_cache(maxsize=4096)
def compiled(statement: ClauseElement, engine: Engine) -> tuple[str, Arguments]:
    """The engine's text, and what turns named values into its positional arguments.

    Raises TypeError when the statement needs what only SQLAlchemy's own execution would do."""
    made = statement.compile(dialect=dialect(engine))
    if not (isinstance(statement, Executable) and isinstance(made, SQLCompiler)):
        raise TypeError(f"not a statement that can be executed: {statement}")
    text = str(made)
    if "POSTCOMPILE" in text:
        raise TypeError(f"use among(): in_() would need a new text for each length: {text}")
    if made.insert_prefetch or made.update_prefetch:
        raise TypeError(f"Python-side defaults do not run here, bind every value: {text}")
    return text, _arguments(made, engine)


def _arguments(made: SQLCompiler, engine: Engine) -> Arguments:
    names = list(made.positiontup or ())
    fixed = {name: made.params[name] for name in names if made.params[name] is not None}  # written in the statement
    lists = [name for name in names if isinstance(made.binds[name].type, ARRAY)]
    wanted = len(set(names) - set(fixed))
    pick = _picker(names)

    def arguments(values: Mapping[str, Any]) -> tuple[Any, ...]:
        if len(values) != wanted and not values.keys() <= set(names):
            raise TypeError(f"the statement has no {', '.join(sorted(set(values) - set(names)))}")
        bound = {**fixed, **values} if fixed or lists else values
        for name in lists:
            bound[name] = _json(list(bound[name])).decode() if engine == "sqlite" else list(bound[name])  # pyright: ignore[reportIndexIssue]
        return pick(bound)

    return arguments


def _picker(names: list[str]) -> Arguments:
    if not names:
        return lambda values: ()
    if len(names) == 1:
        only = names[0]
        return lambda values: (values[only],)
    return itemgetter(*names)


@lru_cache
def dialect(engine: Engine) -> Dialect:
    if engine == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect(paramstyle="qmark")
    from sqlalchemy.dialects.postgresql import asyncpg

    return asyncpg.dialect()  # pyright: ignore[reportReturnType]  (renders $1::BIGINT)
