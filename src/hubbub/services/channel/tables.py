"""Tables that the channel service alone owns.

No foreign keys: a deleted server loses its own row at once and the rest in pieces (see server_delete.py).
"""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from hubbub.infra.database.schema import Flag, Id, Instant, Json, Number, metadata


def _Folded() -> TypeEngine[str]:
    """Text that is compared and sorted by code points on both engines: PostgreSQL's own order depends on its locale."""
    return Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


servers = Table(
    "servers",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("icon", Text),
    Column("description", Text, nullable=False),
    Column("owner_id", Id(), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("member_count", Number(), nullable=False),
    Column("epoch", Number(), nullable=False),  # raised by every change of what a snapshot holds
    Index("idx_servers_owner", "owner_id"),
)

deleted_servers = Table(  # those that have rows left in other tables
    "deleted_servers",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
)

channels = Table(
    "channels",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("server_id", Id(), nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("parent_id", Id()),
    Column("position", Number(), nullable=False),  # among siblings: 0, 1, 2 … without gaps
    Column("user_limit", Number(), nullable=False),
    Column("bitrate", Number(), nullable=False),
    Index("idx_channels_server", "server_id"),
)

server_members = Table(
    "server_members",
    metadata,
    Column("server_id", Id(), nullable=False),
    Column("user_id", Id(), nullable=False),
    Column("nick", Text),
    Column("roles", Json(), nullable=False),  # ids; those of deleted roles may still be there and mean nothing
    Column("joined_at", Instant(), nullable=False),
    Column("username", _Folded(), nullable=False),
    Column("display_name", _Folded(), nullable=False),  # folded, for search only
    Column("sort_name", _Folded(), nullable=False),  # nick or else display name, folded
    PrimaryKeyConstraint("server_id", "user_id"),
    Index("idx_server_members", "user_id", "server_id"),
    Index("idx_server_members_name", "server_id", "sort_name", "user_id"),
    Index("idx_server_members_display", "server_id", "display_name", "user_id"),
    Index("idx_server_members_username", "server_id", "username", "user_id"),
    sqlite_with_rowid=False,
)

roles = Table(
    "roles",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("server_id", Id(), nullable=False),
    Column("name", Text, nullable=False),
    Column("hue", Number()),
    Column("hoist", Flag(), nullable=False),
    Column("mentionable", Flag(), nullable=False),
    Column("position", Number(), nullable=False),  # everybody's 0, then 1, 2 … without gaps
    Column("permissions", Number(), nullable=False),
    Index("idx_roles_server", "server_id"),
)

channel_overwrites = Table(
    "channel_overwrites",
    metadata,
    Column("channel_id", Id(), nullable=False),
    Column("target_id", Id(), nullable=False),
    Column("target_type", Text, nullable=False),
    Column("server_id", Id(), nullable=False),
    Column("allow", Number(), nullable=False),
    Column("deny", Number(), nullable=False),
    Column("applies", Text, nullable=False),
    Column("expires_at", Instant()),
    PrimaryKeyConstraint("channel_id", "target_id"),
    Index("idx_channel_overwrites_server", "server_id"),
    Index(
        "idx_channel_overwrites_expiry",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

invites = Table(
    "invites",
    metadata,
    Column("token", Text, primary_key=True),
    Column("server_id", Id(), nullable=False),
    Column("channel_id", Id()),
    Column("inviter_id", Id()),
    Column("max_uses", Number(), nullable=False),  # 0: no limit
    Column("uses", Number(), nullable=False),  # by people who came in; reservations are counted where they are
    Column("created_at", Instant(), nullable=False),
    Column("expires_at", Instant()),
    Index("idx_invites_server", "server_id"),
)

invite_reservations = Table(
    "invite_reservations",
    metadata,
    Column("token", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("expires_at", Instant(), nullable=False),
    PrimaryKeyConstraint("token", "key"),
    Index("idx_invite_reservations_expiry", "expires_at"),
    sqlite_with_rowid=False,
)

bans = Table(
    "bans",
    metadata,
    Column("server_id", Id(), nullable=False),
    Column("user_id", Id(), nullable=False),
    Column("banned_by", Id()),
    Column("reason", Text, nullable=False),
    Column("created_at", Instant(), nullable=False),
    PrimaryKeyConstraint("server_id", "user_id"),
    sqlite_with_rowid=False,
)

channel_requests = Table(  # what a create verb made under which idempotency key
    "channel_requests",
    metadata,
    Column("user_id", Id(), nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Text, nullable=False),  # fingerprint of verb and arguments
    Column("result", Text, nullable=False),  # id or token
    Column("created_at", Instant(), nullable=False),
    PrimaryKeyConstraint("user_id", "key"),
    Index("idx_channel_requests_age", "created_at"),
    sqlite_with_rowid=False,
)
