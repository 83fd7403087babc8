"""Which answers of REST are gzipped, and for whom."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from hubbub.protocols.rest.compressed import ASIDE, FROM, Compressed, takes_gzip

LONG = b'["' + b"word " * FROM + b'"]'


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("", False),
        ("gzip", True),
        ("br, GZip;q=0.5, zstd", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity;q=1, *;q=0", False),
        ("gzip; q = 0.1", True),
        ("gzip;q=many", False),
        ("deflate, br", False),
        (";;,,=", False),
    ],
)
def test_accept_encoding(accepted: str, wanted: bool) -> None:
    assert takes_gzip(accepted) is wanted


async def ask(
    parts: list[bytes],
    path: str = "/api/channels/1/messages",
    method: str = "GET",
    status: int = 200,
    content_type: bytes = b"application/json",
    accepted: bytes = b"gzip",
    own: tuple[bytes, bytes] = (b"x-own", b"1"),
) -> tuple[dict[bytes, bytes], bytes]:
    """The headers and the body of an answer that the application behind gives in these parts."""
    size = str(sum(map(len, parts))).encode()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", content_type), (b"Content-Length", size), own]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for place, part in enumerate(parts, start=1):
            await send({"type": "http.response.body", "body": part, "more_body": place < len(parts)})

    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"accept-encoding", accepted)]}
    await Compressed(app)(scope, None, keep)
    assert sent[0]["type"] == "http.response.start"
    assert [each["type"] for each in sent[1:]] == ["http.response.body"] * len(parts)
    headers = {name.lower(): value for name, value in sent[0]["headers"]}
    body = b"".join(each["body"] for each in sent[1:])
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[own[0]] == own[1]
    return headers, body


@pytest.mark.parametrize("size", [FROM, FROM + 1, ASIDE - 1, ASIDE, 40 * ASIDE])
async def test_long_answers_are_packed_and_the_same_inside(size: int) -> None:
    original = (LONG * (size // len(LONG) + 1))[:size]
    headers, body = await ask([original])
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"vary"] == b"accept-encoding"
    assert len(body) < size
    assert gzip.decompress(body) == original


async def test_who_does_not_want_it_is_told_that_there_is_another_form() -> None:
    headers, body = await ask([LONG], accepted=b"br")
    assert b"content-encoding" not in headers
    assert headers[b"vary"] == b"accept-encoding"
    assert body == LONG


@pytest.mark.parametrize(
    "how",
    [
        {"parts": [LONG[: FROM - 1]]},
        {"parts": [LONG, LONG]},
        {"parts": [b""]},
        {"path": "/api/auth/sessions"},
        {"path": "/auth/sessions"},
        {"method": "POST"},
        {"method": "HEAD", "parts": [b""]},
        {"status": 404, "content_type": b"application/problem+json"},
        {"content_type": b"image/png"},
        {"content_type": b"text/html; charset=utf-8"},
    ],
    ids=str,
)
async def test_everything_else_passes_as_it_is(how: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"parts": [LONG], **how}
    headers, body = await ask(**asked)
    assert b"content-encoding" not in headers
    assert body == b"".join(asked["parts"])


async def test_what_is_packed_already_stays_so() -> None:
    _, body = await ask([LONG], own=(b"content-encoding", b"zstd"))
    assert body == LONG
