"""Tables that the chat service alone owns."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, text

from hubbub.infra.database.schema import Flag, Id, Instant, Json, metadata

messages = Table(
    "messages",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("channel_id", Id(), nullable=False),
    Column("server_id", Id(), nullable=False),
    Column("author_id", Id(), nullable=False),
    Column("content", Text, nullable=False),
    Column("nonce", Text),
    Column("mentions", Json()),  # user ids; null for none
    Column("mention_everyone", Flag(), nullable=False),
    Column("reply_to", Id()),
    Column("edited_at", Instant()),
    Column("deleted_at", Instant()),  # a tombstone: the text is gone, the id stays
    Index("idx_messages_channel", "channel_id", "id"),
    Index(
        "idx_messages_nonce",
        "author_id",
        "nonce",
        sqlite_where=text("nonce IS NOT NULL"),
        postgresql_where=text("nonce IS NOT NULL"),
    ),
    Index(
        "idx_messages_everyone",
        "channel_id",
        "id",
        sqlite_where=text("mention_everyone = 1"),
        postgresql_where=text("mention_everyone = 1"),
    ),
)

message_edits = Table(
    "message_edits",
    metadata,
    Column("message_id", Id(), nullable=False),
    Column("edited_at", Instant(), nullable=False),
    Column("content", Text, nullable=False),  # what it said before
    PrimaryKeyConstraint("message_id", "edited_at"),
)

message_mentions = Table(
    "message_mentions",
    metadata,
    Column("user_id", Id(), nullable=False),
    Column("channel_id", Id(), nullable=False),
    Column("message_id", Id(), nullable=False),
    PrimaryKeyConstraint("user_id", "channel_id", "message_id"),
    Index("idx_message_mentions_message", "message_id"),
    Index("idx_message_mentions_newest", "user_id", "message_id"),
    sqlite_with_rowid=False,
)

read_states = Table(
    "read_states",
    metadata,
    Column("user_id", Id(), nullable=False),
    Column("channel_id", Id(), nullable=False),
    Column("last_message_id", Id(), nullable=False),
    PrimaryKeyConstraint("user_id", "channel_id"),
    sqlite_with_rowid=False,
)
