"""Every statement constant compiles for both engines, and SQLite accepts it against the tables that the code describes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.expression import ClauseElement

import hubbub
from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.sqlite_file import create_tables
from hubbub.infra.database.statements import compiled


def modules() -> list[str]:
    """Every module of the package but the migrations, which are scripts of Alembic's."""
    names = [each.name for each in pkgutil.walk_packages(hubbub.__path__, "hubbub.")]
    layers = ("hubbub.infra.", "hubbub.services.")
    return [name for name in names if name.startswith(layers) and ".migrations" not in name]


def statements_of(value: object) -> Iterator[ClauseElement]:
    """The statement itself, or those in a tuple, list, dictionary or class."""
    if isinstance(value, Executable) and isinstance(value, ClauseElement):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from statements_of(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from statements_of(each)


def constants() -> list[Any]:
    found: dict[int, Any] = {}
    for module in modules():
        for name, value in vars(importlib.import_module(module)).items():
            members = vars(value).items() if isinstance(value, type) and value.__module__ == module else [("", value)]
            for member, inner in members:
                for place, statement in enumerate(statements_of(inner)):
                    found.setdefault(id(statement), pytest.param(statement, id=f"{module}.{name}.{member}{place}"))
    return list(found.values())


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    import_tables("hubbub.services")
    path: Path = tmp_path_factory.mktemp("statements") / "tables.db"
    create_tables(str(path))
    link = apsw.Connection(str(path))
    yield link
    link.close()


@pytest.mark.parametrize("statement", constants())
def test_a_statement_runs_on_both_engines(statement: ClauseElement, tables: apsw.Connection) -> None:
    compiled(statement, "postgres")
    text, _ = compiled(statement, "sqlite")
    tables.execute(f"EXPLAIN {text}", (None,) * text.count("?")).fetchall()


def test_every_store_keeps_its_statements_as_constants() -> None:
    """One that builds them in its functions would compile them at each call, and hide them from the test above."""
    for module in modules():
        if module.rpartition(".")[2] == "store":
            found = [each for value in vars(importlib.import_module(module)).values() for each in statements_of(value)]
            assert found, module
