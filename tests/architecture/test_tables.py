"""A table belongs to one service; the migrated schema is the declared one."""

from __future__ import annotations

import ast
from pathlib import Path

from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.schema import metadata

SERVICES = Path(__file__).parents[2] / "src" / "hubbub" / "services"


def test_each_table_is_declared_once_and_read_by_its_owner_alone() -> None:
    import_tables("hubbub.services")
    owners: dict[str, str] = {}
    for path in SERVICES.glob("*/tables.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Table":
                name = node.args[0].value  # pyright: ignore
                assert name not in owners, f"{name} is declared by {owners[name]} and {path.parent.name}"
                owners[name] = path.parent.name
    declared = set(metadata.tables) - {"streams", "outbox", "outbox_marks"}
    assert declared == set(owners)
