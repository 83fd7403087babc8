"""Write the next revision: `python -m hubbub.infra.database.migrations.new NAME [PACKAGE]`.

Takes a fresh database through all revisions, compares it with the tables of every `PACKAGE.*.tables` (default
`hubbub.services`) and infra's own, and writes what is missing to `versions/NNNN_name.py`. Read it before you commit it:
Alembic sees a renamed column as one dropped and one added, and knows nothing of rows that must be moved.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec

from hubbub.infra.database import outbox, schema
from hubbub.infra.database.migrations import VERSIONS, migrate, newest


def import_tables(package: str) -> list[str]:
    """Import `PACKAGE.*.tables`, which puts their tables on the metadata; returns the names of the modules."""
    parent = importlib.import_module(package)
    names = [f"{package}.{each.name}.tables" for each in pkgutil.iter_modules(parent.__path__) if each.ispkg]
    found = [name for name in names if find_spec(name)]
    for name in found:
        importlib.import_module(name)
    return [outbox.__name__, *found]


def main(name: str, package: str = "hubbub.services") -> None:
    from hubbub.infra.database.migrations.alembic_run import write_revision

    for module in import_tables(package):
        print(f"with the tables of {module}")
    with tempfile.TemporaryDirectory() as folder:
        migrate(path := f"{folder}/fresh.db")
        write_revision(path, name, int(newest()) + 1, schema.metadata)
    written = next(VERSIONS.glob(f"{newest()}_*.py"))
    lines = written.read_text().splitlines(keepends=True)
    written.write_text("".join(line for line in lines if "# ###" not in line))  # Alembic's advice, given above
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", str(written)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(written)], check=True)
    print(f"wrote {written}: read it, then commit it")


if __name__ == "__main__":
    main(*sys.argv[1:])
