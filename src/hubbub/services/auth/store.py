"""SQL of the auth service."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from hubbub.services.auth.tables import credentials, sessions

_k, _s = credentials.c, sessions.c

ADD_CREDENTIAL = insert(credentials).values({name: bindparam(name) for name in _k.keys()})
CREDENTIAL = select(_k.secret).where(_k.user_id == bindparam("user"), _k.kind == bindparam("kind"))
CREDENTIAL_BY_KEY = select(_k.user_id, _k.secret).where(_k.request_key == bindparam("key"))
PUT_SECRET = (
    update(credentials)
    .where(_k.user_id == bindparam("user"), _k.kind == bindparam("of_kind"))
    .values(secret=bindparam("new_secret"))
)
DROP_CREDENTIALS = delete(credentials).where(_k.user_id == bindparam("user"))

_SESSION = (
    _s.id, _s.user_id, _s.device, _s.address, _s.created_at, _s.rotated_at, _s.expires_at, _s.revoked_at,
    _s.token_hash, _s.previous_hash,
)  # fmt: skip
ADD_SESSION = insert(sessions).values({name: bindparam(name) for name in _s.keys()})
SESSION = select(*_SESSION).where(_s.id == bindparam("session"))
LIVE_SESSIONS = (
    select(*_SESSION)
    .where(_s.user_id == bindparam("user"), _s.revoked_at.is_(None), _s.expires_at > bindparam("now"))
    .order_by(_s.rotated_at.desc())
)
ROTATE = (
    update(sessions)
    .where(_s.id == bindparam("session"))
    .values(
        token_hash=bindparam("new_hash"),
        previous_hash=bindparam("old_hash"),
        rotated_at=bindparam("now"),
        expires_at=bindparam("until"),
        address=bindparam("from_address"),
    )
)
NAME_DEVICE = update(sessions).where(_s.id == bindparam("session")).values(device=bindparam("new_device"))
REVOKE = (
    update(sessions)
    .where(_s.id == bindparam("session"), _s.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
    .returning(_s.user_id)
)
REVOKED_SINCE = select(_s.id).where(_s.revoked_at > bindparam("since"))
FORGET = delete(sessions).where(_s.user_id == bindparam("user"), _s.expires_at < bindparam("before"))


class SessionRow(NamedTuple):
    id: int
    user_id: int
    device: str
    address: str
    created_at: int
    rotated_at: int
    expires_at: int
    revoked_at: int | None
    token_hash: bytes
    previous_hash: bytes | None


def session(row: tuple[Any, ...]) -> SessionRow:
    return SessionRow(*row)
