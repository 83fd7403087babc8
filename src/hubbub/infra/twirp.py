"""Calls of a Twirp service elsewhere (an operator's LiveKit): protobuf over HTTP, with deadlines.

An answer that says `not_found` is None; every other failure is `Unavailable`: whoever runs the other side must look at
it, and its words go to the log.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TypeVar

import httpx
from google.protobuf.message import DecodeError, Message

from hubbub.errors import Unavailable

ATTEMPT, AGAIN = 3.0, 0.2  # seconds: of one attempt, and before another
M = TypeVar("M", bound=Message)


class Twirp:
    """`url`: `http(s)://host[:port][/base]`."""

    def __init__(self, url: str, service: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/twirp/{service}/",
            timeout=ATTEMPT,
            headers={"Content-Type": "application/protobuf"},
            limits=httpx.Limits(max_connections=16),
            verify=ssl.create_default_context(),  # what this machine trusts, and SSL_CERT_FILE
            trust_env=False,
        )

    async def call(self, method: str, request: Message, answer: type[M], token: str) -> M | None:
        """For calls that may be made twice: one more attempt after a failure."""
        try:
            return await self._attempt(method, request, answer, token)
        except Unavailable:
            await asyncio.sleep(AGAIN)
            return await self._attempt(method, request, answer, token)

    async def close(self) -> None:
        await self._http.aclose()

    async def _attempt(self, method: str, request: Message, answer: type[M], token: str) -> M | None:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(ATTEMPT):  # httpx counts each read alone
                got = await self._http.post(method, content=request.SerializeToString(), headers=headers)
            if got.status_code == 200:
                return answer.FromString(got.content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unavailable(f"{method}: {error}", started=False) from None
        except (httpx.HTTPError, TimeoutError, DecodeError) as error:
            raise Unavailable(f"{method}: {error or type(error).__name__}", started=True) from None
        code, words = _fault(got)
        if code == "not_found":
            return None
        raise Unavailable(f"{method}: {got.status_code} {code} {words}", started=got.status_code >= 500)


def _fault(got: httpx.Response) -> tuple[str, str]:
    try:
        body = got.json()
        return str(body["code"]), str(body["msg"])[:200]
    except (ValueError, KeyError, TypeError):
        return "", ""  # not Twirp's: a proxy's page, or a refused token, whose words hold the token
