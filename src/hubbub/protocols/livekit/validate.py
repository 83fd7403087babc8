"""`GET /rtc/validate`: SDKs ask it why a socket did not open, and show its answer.

Pages of other origins must be able to read the answers, or browsers report "server unreachable" instead of the reason;
nothing here depends on cookies, so any origin may. `/rtc/v1` and `/rtc/v1/validate` do not exist: livekit-client falls
back to version 0 of the protocol only when the latter is a readable 404, whose text must not hold "requested room does
not exist" (which would count as a refusal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hubbub.errors import Refused, Unavailable
from hubbub.protocols.livekit.query import parse
from hubbub.protocols.livekit.token import answer, find_token
from hubbub.services.media.api import Signalling

CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Authorization"}
NOT_V1 = "This server speaks version 0 of the protocol, at /rtc."

HttpAnswer = tuple[int, dict[str, str], bytes]
Validate = Callable[[Mapping[bytes, bytes], bytes], HttpAnswer]


def validator(signalling: Signalling) -> Validate:
    """The handler of `GET /rtc/validate`: (request headers with lower-case names, query) -> (status, headers, body)."""

    def validate(headers: Mapping[bytes, bytes], query: bytes) -> HttpAnswer:
        try:
            signalling.check(find_token(headers, parse(query)))
        except (Refused, Unavailable) as refused:
            status, text = answer(refused)
            return _answer(status, text)
        return _answer(200, "success")

    return validate


def validate_v1(headers: Mapping[bytes, bytes], query: bytes) -> HttpAnswer:
    """The handler of `GET /rtc/v1/validate`, and of a plain `GET /rtc/v1`."""
    return _answer(404, NOT_V1)


def _answer(status: int, text: str) -> HttpAnswer:
    headers = {**CORS, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return status, headers, text.encode()
