"""Tables that the user service alone owns."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from hubbub.infra.database.schema import Flag, Id, Instant, metadata

users = Table(
    "users",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("username", Text, nullable=False, unique=True, index=False),  # normalised: see names.py
    Column("display_name", Text, nullable=False),
    Column("avatar", Text),
    Column("email", Text),
    Column("instance_owner", Flag(), nullable=False),
    Column("created_at", Instant(), nullable=False),
)
