"""The way to several databases stays open: docs/operating/shards.md says of every table and statement where it would be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks import shards
from sqlalchemy import Column, Table
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import BinaryExpression, BindParameter
from sqlalchemy.sql.expression import ClauseElement
from tests.architecture.test_statements import constants

from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.schema import metadata
from hubbub.infra.database.statements import among

PAGE = (Path(__file__).parents[2] / "docs" / "operating" / "shards.md").read_text()
OWN_ID = {("servers", "id"), ("deleted_servers", "id")}


def tables_of(kind: str) -> set[str]:
    (row,) = re.findall(rf"^\| {kind}[^|]*\| ([^|]+) \|$", PAGE, re.M)
    return set(row.split(", "))


def named(heading: str) -> set[str]:
    """Statements in the table below a bold heading."""
    part = PAGE.partition(f"**{heading}")[2].partition("\n**")[0]
    return set(re.findall(r"\b((?:chat|channel|voice|user|auth)\.[A-Z_]+)", part))


def read(statement: ClauseElement) -> set[str]:
    found = {each.name for each in visitors.iterate(statement) if isinstance(each, Table)}
    own: Any = getattr(statement, "table", None)
    return found | ({own.name} if own is not None else set())


def bound(statement: ClauseElement) -> set[tuple[str, str]]:
    """Columns that are compared with a given value or list of values, or inserted."""
    found: set[tuple[str, str]] = set()
    for each in visitors.iterate(statement):
        if isinstance(each, among):
            column: Any = each.column
            found.add((column.table.name, column.name))
        if isinstance(each, BinaryExpression) and each.operator is operators.eq:
            for one, other in ((each.left, each.right), (each.right, each.left)):
                if isinstance(one, Column) and isinstance(other, BindParameter):
                    found.add((one.table.name, one.name))
    if isinstance(statement, Insert):
        values: Any = statement._values or {}  # pyright: ignore[reportPrivateUsage]
        found |= {(statement.table.name, getattr(each, "name", each)) for each in values}
    return found


def catalogue() -> dict[str, ClauseElement]:
    """Every statement of a service, as `chat.BEFORE`; parts that are only put together with others keep their `_`."""
    found: dict[str, ClauseElement] = {}
    for each in constants():
        parts = each.id.split(".")
        if parts[1] == "services":
            found[f"{parts[2]}.{parts[4]}.{each.id}"] = each.values[0]
    return found


def stays(statement: ClauseElement, sharded: set[str]) -> bool:
    """Whether what it binds names one server for each sharded table that it reads, or joins those to one that is."""
    routed = {
        table
        for table, column in bound(statement)
        if column in ("server_id", "channel_id") or (table, column) in OWN_ID
    }
    return bool(routed & sharded)


def test_every_table_has_its_place() -> None:
    import_tables("hubbub.services")
    kinds = [tables_of(kind) for kind in ("of a server", "of a person", "of each database")]
    assert sorted(name for kind in kinds for name in kind) == sorted(metadata.tables)
    with_server = {name for name, table in metadata.tables.items() if "server_id" in table.c}
    assert with_server <= kinds[0] | {"voice_sessions"}, "one seat per person, on whatever server"


def test_every_statement_that_crosses_servers_is_listed() -> None:
    sharded, personal = tables_of("of a server"), tables_of("of a person")
    held, crossing = named("On one shard by what their verb holds"), named("Asked of every shard")
    leaving: set[str] = set()
    for name, statement in catalogue().items():
        tables = read(statement)
        mixed = bool(tables & sharded) and bool(tables & personal)
        by_person = name.split(".")[1] in ("CALLED", "CALLED_WITH_EVERYONE")  # many channels, of many servers
        if tables & sharded and (mixed or by_person or not stays(statement, sharded)):
            leaving.add(".".join(name.split(".")[:2]))
    assert leaving == held | crossing, "missing there, or listed though nothing is so"
    assert not held & crossing


def test_a_new_shard_takes_only_what_becomes_its_own() -> None:
    sizes = shards.population(2_000)
    for count in (1, 4, 9):
        moved = shards.moved(sizes, count, shards.place)
        assert moved["between_old"] == 0
        assert abs(moved["servers"] - 1 / (count + 1)) < 0.05
        assert shards.balance(sizes, count, shards.place)["servers"] < 1.2
    known = {1: 1, 2: 3, 3 << 22: 0, 1 << 62: 1}  # a place that changed between versions would lose servers
    assert {id: shards.place(id, 4) for id in known} == known
