"""The tables as both sides must have them, from the descriptions in the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import LargeBinary, SmallInteger, Table, Text

from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.schema import metadata

Kind = Literal["integer", "small", "text", "blob"]
Row = tuple[Any, ...]


class Shape(NamedTuple):
    """One table. `key`: places of the primary key among `columns`: rows are read in its order, texts by code points.
    `counted`: the column that PostgreSQL numbers itself, "" for none."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    nullable: tuple[bool, ...]
    key: tuple[int, ...]
    counted: str

    def key_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row[place] for place in self.key)

    def named(self, row: Sequence[Any]) -> str:
        """Which row it is, for eyes: `channel_id=5 target_id=7`."""
        return " ".join(f"{self.columns[place]}={row[place]!r}" for place in self.key)


def every() -> list[Shape]:
    """All tables that any service or the infrastructure describes, in order of their names."""
    import_tables("hubbub.services")
    return [_shape(metadata.tables[name]) for name in sorted(metadata.tables)]


def _shape(table: Table) -> Shape:
    columns = tuple(column.name for column in table.columns)
    counted = [column.name for column in table.primary_key.columns if column.autoincrement is True]
    return Shape(
        name=table.name,
        columns=columns,
        kinds=tuple(_kind(column.type) for column in table.columns),
        nullable=tuple(bool(column.nullable) for column in table.columns),
        key=tuple(columns.index(column.name) for column in table.primary_key.columns),
        counted=counted[0] if counted else "",
    )


def _kind(type: Any) -> Kind:
    if isinstance(type, LargeBinary):
        return "blob"
    if isinstance(type, Text):
        return "text"
    return "small" if isinstance(type, SmallInteger) else "integer"
