"""LiveKit access tokens: JWT, HS256. Minting our own and reading everybody's; what they are worth is decided elsewhere.

Claims: `iss` names the key, `sub` is the identity, `video` the grant (LiveKit's `VideoGrant`), `jti` our admission,
`epoch` that of the room's lease (ours alone; LiveKit's SDKs pass over claims that they do not know).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.media.rights import VideoGrant

LIFETIME = 300.0  # seconds; renewed long before by `refresh_token`
_NONE: Mapping[str, str] = {}
_LONGEST = 8192  # characters: a token comes in a request line


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """Instants are seconds since 1970. LiveKit's SDKs read some of this themselves: keep its names."""

    iss: str
    sub: str = ""
    exp: float = 0
    nbf: float = 0
    jti: str = ""
    epoch: int = 0
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = {}
    sha256: str = ""  # of what the token signs besides itself: a webhook's body, in base64
    video: VideoGrant = VideoGrant()


class Token(NamedTuple):
    """`own`: minted by us, so that `claims.jti` names an admission."""

    claims: Claims
    own: bool


class AccessTokens:
    """Keys by name: our own and the operator's. A key signs and verifies; it is never told to anybody."""

    def __init__(self, keys: Mapping[str, str], own_key: str, clock: Clock) -> None:
        self._keys = {name: OctKey.import_key(secret) for name, secret in keys.items()}
        self._own = own_key
        self._clock = clock
        if own_key not in self._keys:
            raise ValueError(f"the instance's own key {own_key} is not among the keys")

    def mint(
        self,
        *,
        jti: str,
        identity: str,
        name: str,
        grant: VideoGrant,
        epoch: int = 0,
        attributes: Mapping[str, str] = _NONE,
    ) -> str:
        """`attributes` are seen by everybody in the room. `epoch` 0: there is one node."""
        now = self._clock.now_ms() // 1000
        claims = Claims(
            iss=self._own,
            sub=identity,
            exp=now + int(LIFETIME),
            nbf=now - 5,
            jti=jti,
            epoch=epoch,
            name=name,
            attributes=dict(attributes),
            video=grant,
        )
        header: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}
        return jws.serialize_compact(header, msgspec.json.encode(claims), self._keys[self._own], ["HS256"])

    def read(self, token: str) -> Token:
        """Signature and time are right; nothing else is checked. Raises Refused, which never holds the token."""
        if not token:
            raise Refused("media.token_missing")
        try:
            if len(token) > _LONGEST:
                raise ValueError("too long")
            issuer = _issuer(token)
            payload = jws.deserialize_compact(token, self._keys[issuer], ["HS256"]).payload
            claims = msgspec.json.decode(payload, type=Claims)
        except (JoseError, KeyError, ValueError, TypeError, msgspec.MsgspecError):
            # UnicodeError and binascii.Error are ValueErrors
            raise Refused("media.token_invalid") from None
        now = self._clock.now_ms() / 1000
        if claims.exp < now or claims.nbf > now + 60:  # other people's clocks
            raise Refused("media.token_expired")
        return Token(claims, issuer == self._own)


def _issuer(token: str) -> str:
    """Read before it is verified: it says by which key to verify."""
    body = jws.extract_compact(token.encode("ascii")).payload
    return msgspec.json.decode(body, type=Claims).iss
