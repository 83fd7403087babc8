"""What every `tables.py` is made of: the one MetaData, and the column types that mean the same on both engines.

Rules: no Enum, Uuid, DateTime, Boolean or Python-side default (nothing of SQLAlchemy runs at execution). Ids are
snowflakes chosen by us, so no autoincrement. A table belongs to one service.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, SmallInteger, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={  # names are needed to alter or drop a constraint in a migration
        "ix": "idx_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def Id() -> TypeEngine[int]:
    """A snowflake or any other 63-bit number. Write `autoincrement=False` on a primary key."""
    return BigInteger().with_variant(Integer(), "sqlite")  # INTEGER PRIMARY KEY is SQLite's row id: no second index


def Instant() -> TypeEngine[int]:
    """Milliseconds since 1970-01-01 UTC."""
    return BigInteger().with_variant(Integer(), "sqlite")


def Number() -> TypeEngine[int]:
    """Any whole number up to 63 bits: counts, sizes, permission masks."""
    return BigInteger().with_variant(Integer(), "sqlite")


def Flag() -> TypeEngine[int]:
    """0 or 1. Comes back as a number on both engines."""
    return SmallInteger()


def Json() -> TypeEngine[str]:
    """JSON as text, encoded and decoded by msgspec. The same bytes come back on both engines."""
    return Text()


def Blob() -> TypeEngine[bytes]:
    return LargeBinary()
