"""Webhooks of an operator's LiveKit: who signed them, when, and whether they were told before. Sans-IO.

LiveKit signs the SHA-256 of the body in a JWT of one of its keys (`Authorization`, without "Bearer"). It repeats what was
not answered with 2xx, and may tell things late; it tells each at most a few times, so that nothing may hang on a hook.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import OrderedDict
from hmac import compare_digest

from google.protobuf import json_format
from livekit.protocol.webhook import WebhookEvent

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.media.access_token import AccessTokens

AGE = 600.0  # seconds; LiveKit gives up repeating long before
REMEMBERED = 10_000  # hooks


class HookReader:
    def __init__(self, tokens: AccessTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._told: OrderedDict[str, None] = OrderedDict()

    def read(self, authorization: str, body: bytes) -> WebhookEvent | None:
        """None: told before. Raises Refused."""
        try:
            claims = self._tokens.read(authorization.removeprefix("Bearer ").strip()).claims
        except Refused as refused:
            raise Refused(
                "media.hook_stale" if refused.code == "media.token_expired" else "media.hook_unsigned"
            ) from None
        digest = b64encode(hashlib.sha256(body).digest()).decode()
        if not claims.sha256 or not compare_digest(claims.sha256.encode(), digest.encode()):
            raise Refused("media.hook_unsigned")
        event = _event(body)
        if abs(self._clock.now_ms() / 1000 - event.created_at) > AGE:
            raise Refused("media.hook_stale")
        if event.id in self._told:
            return None
        self._told[event.id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return event


def _event(body: bytes) -> WebhookEvent:
    try:
        event = json_format.Parse(body.decode(), WebhookEvent(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError):
        raise Refused("media.hook_malformed") from None
    if not event.event or not event.id:
        raise Refused("media.hook_malformed")
    return event
