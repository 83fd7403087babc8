"""Tables that the voice service alone owns."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from hubbub.infra.database.schema import Flag, Id, Instant, Number, metadata

voice_sessions = Table(  # who sits where now; one seat per person
    "voice_sessions",
    metadata,
    Column("user_id", Id(), primary_key=True, autoincrement=False),
    Column("session_id", Id(), nullable=False),  # the login that took the seat: it ends with that
    Column("server_id", Id(), nullable=False),
    Column("channel_id", Id(), nullable=False),
    Column("self_mute", Flag(), nullable=False),
    Column("self_deaf", Flag(), nullable=False),
    Column("joined_at", Instant(), nullable=False),
    Column("seq", Number(), nullable=False),
    Index("idx_voice_sessions_channel", "channel_id"),
)

voice_moderations = Table(  # outlives the seat: leaving and coming back does not unmute
    "voice_moderations",
    metadata,
    Column("server_id", Id(), nullable=False),
    Column("user_id", Id(), nullable=False),
    Column("mute", Flag(), nullable=False),
    Column("deaf", Flag(), nullable=False),
    PrimaryKeyConstraint("server_id", "user_id"),
)
