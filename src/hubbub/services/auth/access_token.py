"""Access tokens: JWT signed with RS256 (RFC 7519, RFC 7518 section 3.3), one hour long.

Claims: `sub` user id, `sid` session id, `iat`, `exp`. They are checked against the revoked sessions each time, so an
hour is not how long a stolen one works after its session was ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from hubbub.errors import Refused
from hubbub.ids import parse_id

LIFETIME = 3_600  # seconds: ID-05
_LONGEST = 2_048  # bytes of a token we look at
_CACHED = 10_000


class Claims(NamedTuple):
    user_id: int
    session_id: int
    expires: int  # seconds since 1970


class AccessTokens:
    """Verifying costs 60 us, a look-up 0.1: what was verified is remembered until it expires."""

    def __init__(self, pem: bytes) -> None:
        self._key = RSAKey.import_key(pem)
        self._known: dict[str, Claims] = {}

    def mint(self, user_id: int, session_id: int, now_ms: int) -> str:
        """The same arguments give the same token."""
        issued = now_ms // 1000
        claims = {"sub": str(user_id), "sid": str(session_id), "iat": issued, "exp": issued + LIFETIME}
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self._key, algorithms=["RS256"])

    def verify(self, token: str, now_ms: int) -> Claims:
        """Refused: auth.token_invalid, auth.token_expired."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._read(token)
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[token] = claims
        if claims.expires <= now_ms // 1000:
            self._known.pop(token, None)
            raise Refused("auth.token_expired")
        return claims

    def _read(self, token: str) -> Claims:
        if len(token) > _LONGEST:
            raise Refused("auth.token_invalid")
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=["RS256"]).claims
        except (JoseError, ValueError, TypeError, KeyError, UnicodeError, RecursionError):
            raise Refused("auth.token_invalid") from None
        user_id, session_id = parse_id(str(claims.get("sub", ""))), parse_id(str(claims.get("sid", "")))
        expires = claims.get("exp")
        if user_id is None or session_id is None or not isinstance(expires, int):
            raise Refused("auth.token_invalid")
        return Claims(user_id, session_id, expires)
