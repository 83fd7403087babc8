"""Where a client's token is: `Authorization: Bearer` (Rust, Python and Go SDKs) or `?access_token=` (browsers, which
cannot set headers on sockets). The query is a secret for that reason: nothing here or above logs it.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubbub.errors import Refused, Unavailable

# What the signalling refuses with, as SDKs expect to see it: they show the text to whoever develops against us.
ANSWERS: dict[str, tuple[int, str]] = {
    "media.token_missing": (401, "no token: give Authorization: Bearer or access_token"),
    "media.token_invalid": (401, "invalid token: unknown key or wrong signature"),
    "media.token_expired": (401, "the token has expired"),
    "media.token_spent": (401, "the token is spent: join the room again to get another"),
    "media.not_granted": (403, "the token does not grant roomJoin"),
    "media.hidden": (403, "nobody may be in a room unseen"),
    "media.room_missing": (400, "the token names no room"),
    "media.room_full": (403, "the room is full"),
    "media.identity_missing": (400, "the token names no identity"),
}


def find_token(headers: Mapping[bytes, bytes], query: Mapping[str, str]) -> str:
    """Header names in lower case. Empty if there is none."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return query.get("access_token", "")


def answer(refused: Refused | Unavailable) -> tuple[int, str]:
    """HTTP status and sentence."""
    if isinstance(refused, Unavailable):
        return 503, "the room may be on another media node: join again to be told where"
    return ANSWERS.get(refused.code, (403, "refused"))
