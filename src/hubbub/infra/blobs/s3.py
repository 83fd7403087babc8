"""Blobs in a bucket of an S3 server (AWS, MinIO, Versity Gateway, Ceph …), through obstore.

`create` needs conditional writes (`If-None-Match: *`), which AWS has since 2024; a server that ignores the condition
would overwrite, so `open` tries it once and refuses such a server.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from hubbub.errors import Unavailable
from hubbub.infra.blobs.base import Absent, check_key

PART = 8 * 1024 * 1024  # bytes of one part of an upload; a smaller blob is one request
DELETED_AT_ONCE = 1_000


class S3Blobs:
    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    async def open(cls, endpoint: str, bucket: str, key: str, secret: str, region: str, prefix: str) -> S3Blobs:
        """`endpoint` empty: AWS itself. `prefix`: where in the bucket this instance lives, may be empty.

        Raises Unavailable when the server is not there, refuses the key, or has no conditional writes."""
        store = S3Store(
            bucket,
            endpoint=endpoint or None,  # pyright: ignore[reportArgumentType]  (None: AWS itself)
            access_key_id=key,
            secret_access_key=secret,
            region=region,
            prefix=prefix or None,
            virtual_hosted_style_request=not endpoint,
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "30s", "connect_timeout": "5s"},
            retry_config={"max_retries": 3},
        )
        blobs = cls(store)
        probe = f"probe/{secrets.token_hex(8)}"
        try:
            if not (await blobs.create(probe, b"1") and not await blobs.create(probe, b"2")):
                raise Unavailable(f"{endpoint or 'S3'} has no conditional writes: it overwrote what was there")
        finally:
            with contextlib.suppress(Unavailable):
                await blobs.delete([probe])
        return blobs

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        check_key(key)
        size, broken = 0, None

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size, broken
            try:
                async for piece in content:
                    size += len(piece)
                    yield piece
            except BaseException as error:
                broken = error
                raise

        try:
            await obstore.put_async(self._store, key, counted(), use_multipart=True, chunk_size=PART)
        except Exception as error:
            if broken is not None:
                raise broken from None
            raise _known(error, writing=True) from error
        return size

    async def create(self, key: str, content: bytes) -> bool:
        check_key(key)
        try:
            await obstore.put_async(self._store, key, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except Exception as error:
            raise _known(error, writing=True) from error
        return True

    async def size(self, key: str) -> int | None:
        check_key(key)
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None
        except Exception as error:
            raise _known(error) from error

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        size = await self.size(key)
        if size is None:
            raise Absent(key)
        if start >= min(end, size):
            return
        try:
            found = await obstore.get_async(self._store, key, options={"range": (start, min(end, size))})
            async for piece in found.stream():
                yield bytes(piece)
        except Exception as error:
            raise _known(error) from error

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            check_key(key)
        for first in range(0, len(keys), DELETED_AT_ONCE):
            try:
                await obstore.delete_async(self._store, list(keys[first : first + DELETED_AT_ONCE]))
            except FileNotFoundError:
                pass
            except Exception as error:
                raise _known(error) from error

    async def list(self, folder: str, after: str, limit: int) -> list[str]:
        found: list[str] = []
        try:
            pieces = obstore.list(self._store, prefix=folder or None, offset=after or None, chunk_size=limit)
            async for piece in pieces:
                found.extend(each["path"] for each in piece)
                if len(found) >= limit:
                    break
        except Exception as error:
            raise _known(error) from error
        return sorted(found)[:limit]

    async def close(self) -> None:
        pass


def _known(error: Exception, writing: bool = False) -> Exception:
    """Who writes and hears "not found" has no bucket."""
    if isinstance(error, FileNotFoundError) and not writing:
        return Absent(str(error))
    reason = str(error).partition("\n")[0]
    return Unavailable(f"S3: {reason}", started=True) if isinstance(error, BaseError | OSError) else error
