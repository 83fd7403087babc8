"""Everything that imports Alembic. Nothing imports this module unless a database is behind or a developer asks."""

from __future__ import annotations

import logging
from typing import Any, TextIO

import apsw
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, StaticPool, create_engine
from sqlalchemy.dialects import registry

from hubbub.infra.database.migrations import VERSIONS, apsw_dialect
from hubbub.infra.database.sqlite_open import open_file

registry.register("sqlite.apsw", apsw_dialect.__name__, "ApswDialect")
log = logging.getLogger(__name__)


def upgrade(path: str, key: str = "") -> None:
    """All revisions that the file lacks, in one transaction."""
    log.info("bringing %s up to date", path)
    link = _connect(path, key)
    try:
        command.upgrade(_config(link), "head")
    finally:
        link.close()


def write_revision(path: str, name: str, number: int, tables: MetaData) -> None:
    """Compare an up-to-date file with the tables and write `versions/NNNN_name.py` that makes up for the difference."""
    link = _connect(path)
    try:
        command.revision(_config(link, tables), name, autogenerate=True, rev_id=f"{number:04d}")
    finally:
        link.close()


def write_sql(to: TextIO, have: str) -> None:
    """What PostgreSQL has to execute to come from revision `have` to the newest, without BEGIN and COMMIT."""
    config = Config(output_buffer=to)
    config.set_main_option("script_location", str(VERSIONS.parent))
    command.upgrade(config, f"{have}:head", sql=True)


def _connect(path: str, key: str = "") -> apsw.Connection:
    link = open_file(path, key)
    link.set_busy_timeout(10_000)
    link.pragma("journal_mode", "wal")
    link.pragma("synchronous", "full")
    link.pragma("foreign_keys", False)  # a table is altered by copying it: dropping the old one must cascade nowhere
    return link


def _config(link: apsw.Connection, tables: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(engine=_engine(link), link=link, tables=tables)
    return config


def _engine(link: apsw.Connection) -> Engine:
    def creator() -> Any:
        return apsw_dialect.Connection(link)

    return create_engine("sqlite+apsw://", creator=creator, poolclass=StaticPool)
