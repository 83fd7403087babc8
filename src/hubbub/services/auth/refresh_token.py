"""Refresh tokens: `<session id>.<32 random bytes>`, kept as SHA-256 only.

The next token of a session is an HMAC of the current one, so that two tabs which present the same token within 10 s
get the same answer without it being stored anywhere. Who has an old token but not the instance's key learns nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from hubbub.errors import Refused
from hubbub.ids import parse_id

LIFETIME_MS = 7 * 86_400_000  # ID-05; each rotation begins it anew
REPEAT_MS = 10_000


def first(session_id: int) -> str:
    return _token(session_id, secrets.token_bytes(32))


def following(token: str, key: bytes) -> str:
    """The token that replaces this one; `key` never leaves the instance."""
    return _token(session_of(token), hmac.digest(key, b"refresh:" + token.encode(), "sha256"))


def session_of(token: str) -> int:
    """Refused: auth.refresh_invalid."""
    session_id = parse_id(token.partition(".")[0])
    if session_id is None or not token.isascii():
        raise Refused("auth.refresh_invalid")
    return session_id


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token(session_id: int, secret: bytes) -> str:
    return f"{session_id}.{urlsafe_b64encode(secret).rstrip(b'=').decode()}"
