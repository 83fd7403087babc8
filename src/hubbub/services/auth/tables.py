"""Tables that the auth service alone owns."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from hubbub.infra.database.schema import Blob, Id, Instant, metadata

credentials = Table(
    "credentials",
    metadata,
    Column("user_id", Id(), nullable=False),
    Column("kind", Text, nullable=False),  # password; later key, totp, webauthn
    Column("secret", Text, nullable=False),
    Column("request_key", Text, unique=True),  # of the registration: a repeated request finds its account
    Column("created_at", Instant(), nullable=False),
    PrimaryKeyConstraint("user_id", "kind"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("user_id", Id(), nullable=False),
    Column("device", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("rotated_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    Column("revoked_at", Instant()),
    Column("token_hash", Blob(), nullable=False),  # SHA-256 of the refresh token that is good now
    Column("previous_hash", Blob()),  # of the one before it: known for 10 s, a thief's after that
    Index("idx_sessions_user", "user_id"),
    Index("idx_sessions_revoked", "revoked_at"),
)
