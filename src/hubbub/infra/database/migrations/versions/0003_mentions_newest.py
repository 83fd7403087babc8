"""mentions_newest."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("message_mentions", schema=None) as batch_op:
        batch_op.create_index("idx_message_mentions_newest", ["user_id", "message_id"], unique=False)
