"""Databases of every age reach the tables that the code describes, all or nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.exc import SQLAlchemyError

from hubbub.errors import Unavailable
from hubbub.infra.database import migrations, schema
from hubbub.infra.database.migrations import alembic_run, migrate, newest, stored
from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.schema import Id
from hubbub.infra.database.sqlite_file import create_tables


def structure(path: Path) -> dict[str, Any]:
    """Everything that SQLite knows of each table but check constraints: columns, keys, references, indexes."""
    link = apsw.Connection(str(path))
    found: dict[str, Any] = {}
    for name, rowid in link.execute("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"):
        if name.startswith("sqlite_") or name == "alembic_version":
            continue
        indexes = {
            index[1]: (index[2:], link.execute("SELECT seqno, name FROM pragma_index_info(?)", (index[1],)).fetchall())
            for index in link.execute("SELECT * FROM pragma_index_list(?)", (name,)).fetchall()
        }
        found[name] = {
            "without rowid": rowid,
            "columns": link.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall(),
            "references": sorted(row[2:] for row in link.execute("SELECT * FROM pragma_foreign_key_list(?)", (name,))),
            "indexes": sorted((key if not key.startswith("sqlite_") else "", *index) for key, index in indexes.items()),
        }
    link.close()
    return found


def described(folder: Path, tables: MetaData) -> dict[str, Any]:
    create_tables(str(folder / "described.db"), tables)
    return structure(folder / "described.db")


def test_migrated_tables_are_those_that_the_code_describes(tmp_path: Path) -> None:
    """When this fails: `python -m hubbub.infra.database.migrations.new NAME` writes the missing revision."""
    import_tables("hubbub.services")
    migrate(str(tmp_path / "migrated.db"))
    assert structure(tmp_path / "migrated.db") == described(tmp_path, schema.metadata)


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "fresh.db"
    assert stored(str(path)) == "0000"
    migrate(str(path))
    assert stored(str(path)) == newest()
    before = path.read_bytes()
    migrate(str(path))
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    migrate(str(path))
    link = apsw.Connection(str(path))
    link.execute("UPDATE alembic_version SET version_num = '9999'")
    link.close()
    with pytest.raises(Unavailable, match="9999"):
        migrate(str(path))


PROGRAM = """
import sys, time
from hubbub.infra.database.sqlite import migrate
began = time.process_time()
migrate(sys.argv[1])
print(time.process_time() - began)
print([name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako", "asyncpg")])
"""


def test_alembic_is_loaded_only_when_needed_and_a_fresh_start_is_quick(tmp_path: Path) -> None:
    def start() -> list[str]:
        made = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "x.db"], capture_output=True, check=True)
        return made.stdout.decode().splitlines()

    seconds, loaded = start()
    assert float(seconds) < 0.5
    assert "alembic" in loaded
    assert start()[1] == "[]"


# ---- revisions to come -----------------------------------------------------------------------------------------------


@pytest.fixture
def own_revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A line of revisions for this test alone, still empty."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.VERSIONS.parent, folder, ignore=shutil.ignore_patterns("versions", "__pycache__"))
    (folder / "versions").mkdir()
    for module in (migrations, alembic_run):
        monkeypatch.setattr(module, "VERSIONS", folder / "versions")
    return folder / "versions"


def shelf_tables(second_edition: bool) -> MetaData:
    tables = MetaData(naming_convention=schema.metadata.naming_convention)
    shelf = [Column("id", Id(), primary_key=True, autoincrement=False), Column("name", Text, nullable=second_edition)]
    if second_edition:
        shelf += [Column("colour", Text, nullable=False, server_default="white")]
    Table("shelves", tables, *shelf, *([UniqueConstraint("name")] if second_edition else []))
    Table(
        "books",
        tables,
        Column("id", Id(), primary_key=True, autoincrement=False),
        Column("shelf_id", Id(), ForeignKey("shelves.id", ondelete="CASCADE"), nullable=False, index=True),
    )
    return tables


def write_revision(folder: Path, name: str, tables: MetaData) -> None:
    path = folder / f"{name}.db"
    migrate(str(path))
    alembic_run.write_revision(str(path), name, int(newest()) + 1, tables)


def test_a_written_revision_takes_old_rows_along(tmp_path: Path, own_revisions: Path) -> None:
    path = tmp_path / "library.db"
    write_revision(tmp_path, "first", shelf_tables(second_edition=False))
    assert [each.name for each in own_revisions.glob("*.py")] == ["0001_first.py"]
    migrate(str(path))
    link = apsw.Connection(str(path))
    link.execute("INSERT INTO shelves (id, name) VALUES (1, 'poems')")
    link.execute("INSERT INTO books (id, shelf_id) VALUES (2, 1)")
    link.close()
    write_revision(tmp_path, "second", shelf_tables(second_edition=True))
    migrate(str(path))
    assert stored(str(path)) == newest() == "0002"
    link = apsw.Connection(str(path))
    assert link.execute("SELECT id, name, colour FROM shelves").fetchall() == [(1, "poems", "white")]
    assert link.execute("SELECT id, shelf_id FROM books").fetchall() == [(2, 1)], "copying a table cascades nowhere"
    link.close()
    assert structure(path) == described(tmp_path, shelf_tables(second_edition=True))


BROKEN = """
from alembic import op
revision, down_revision = "0002", "0001"

def upgrade():
    op.execute("CREATE TABLE half (id INTEGER)")
    op.execute({statement!r})
"""


@pytest.mark.parametrize("statement", ["no such statement", "INSERT INTO books (id, shelf_id) VALUES (1, 99)"])
def test_a_revision_that_fails_leaves_nothing_behind(tmp_path: Path, own_revisions: Path, statement: str) -> None:
    path = tmp_path / "library.db"
    write_revision(tmp_path, "first", shelf_tables(second_edition=False))
    migrate(str(path))
    before = structure(path)
    (own_revisions / "0002_broken.py").write_text(BROKEN.format(statement=statement))
    with pytest.raises((SQLAlchemyError, RuntimeError)):
        migrate(str(path))
    assert stored(str(path)) == "0001"
    assert structure(path) == before
