"""What the blob port promises, on every backend."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hubbub.errors import Unavailable
from hubbub.infra.blobs.base import Absent, Blobs
from hubbub.infra.blobs.disk import DiskBlobs
from hubbub.infra.blobs.s3 import S3Blobs
from tests.servers.engines import S3, fresh_name


async def disk(request: pytest.FixtureRequest) -> Blobs:
    return DiskBlobs(request.getfixturevalue("tmp_path") / "blobs")


async def s3(request: pytest.FixtureRequest) -> Blobs:
    server: S3 = request.getfixturevalue("s3_server")
    return await S3Blobs.open(server.endpoint, server.bucket, server.key, server.secret, "us-east-1", fresh_name())


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Awaitable[Blobs]]] = {"disk": disk, "s3": s3}


@pytest.fixture(params=BACKENDS)
async def blobs(request: pytest.FixtureRequest) -> AsyncIterator[Blobs]:
    opened = await BACKENDS[request.param](request)
    yield opened
    await opened.close()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def read(blobs: Blobs, key: str, start: int = 0, end: int = 1 << 40) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, start, end)])


async def test_a_blob_comes_back_as_it_went_in(blobs: Blobs) -> None:
    assert await blobs.put("a/b-c_d.png", pieces(b"one", b"", b"\0\xff")) == 5
    assert await read(blobs, "a/b-c_d.png") == b"one\0\xff"
    assert await blobs.size("a/b-c_d.png") == 5
    assert await blobs.put("empty", pieces()) == 0
    assert await read(blobs, "empty") == b""


async def test_a_large_blob_travels_in_pieces(blobs: Blobs) -> None:
    """Over 5 MiB an S3 server gets it in several parts."""
    block = bytes(range(256)) * 4096
    assert await blobs.put("large", pieces(*[block] * 21, b"end")) == 21 * len(block) + 3
    whole, largest = hashlib.sha256(), 0
    async for piece in blobs.read("large", 0, 1 << 40):
        whole.update(piece)
        largest = max(largest, len(piece))
    assert whole.digest() == hashlib.sha256(block * 21 + b"end").digest()
    assert largest < 16 << 20
    assert await read(blobs, "large", 21 * len(block) - 2, 21 * len(block) + 2) == b"\xfe\xffen"


@pytest.mark.parametrize(("start", "end", "part"), [(0, 3, b"abc"), (2, 4, b"cd"), (4, 99, b"ef"), (6, 9, b"")])
async def test_a_part_can_be_read(blobs: Blobs, start: int, end: int, part: bytes) -> None:
    await blobs.put("a", pieces(b"abcdef"))
    assert await read(blobs, "a", start, end) == part


async def test_putting_again_replaces(blobs: Blobs) -> None:
    await blobs.put("a", pieces(b"a longer first"))
    await blobs.put("a", pieces(b"second"))
    assert await read(blobs, "a") == b"second"


async def test_only_the_first_may_create(blobs: Blobs) -> None:
    won = await asyncio.gather(*(blobs.create("c/one", str(n).encode()) for n in range(10)))
    assert won.count(True) == 1
    assert await read(blobs, "c/one") == str(won.index(True)).encode()
    assert await blobs.create("c/one", b"late") is False


async def test_a_content_that_fails_leaves_what_was_there(blobs: Blobs) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionAbortedError("the uploader went away")

    await blobs.put("a", pieces(b"before"))
    for key in ("a", "new"):
        with pytest.raises(ConnectionAbortedError):
            await blobs.put(key, failing())
    assert await read(blobs, "a") == b"before"
    assert await blobs.size("new") is None
    assert await blobs.list("", "", 10) == ["a"]


async def test_what_is_not_there_is_absent(blobs: Blobs) -> None:
    assert await blobs.size("none") is None
    with pytest.raises(Absent):
        await read(blobs, "none")
    await blobs.put("some", pieces(b"1"))
    await blobs.delete(["none", "some", "none/at/all"])
    assert await blobs.size("some") is None
    await blobs.delete([])


async def test_keys_are_listed_in_order_and_by_folder(blobs: Blobs) -> None:
    for key in ("b/2", "a", "b/10", "b/c/1", "bb"):
        await blobs.put(key, pieces(b"1"))
    assert await blobs.list("", "", 10) == ["a", "b/10", "b/2", "b/c/1", "bb"]
    assert await blobs.list("b", "", 10) == ["b/10", "b/2", "b/c/1"]
    assert await blobs.list("b", "b/10", 1) == ["b/2"]
    assert await blobs.list("none", "", 10) == []


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "A", "a b", "\u00e9", "a" * 513, "a\0"]
)
async def test_what_is_no_key_is_refused(blobs: Blobs, key: str) -> None:
    with pytest.raises(ValueError):
        await blobs.put(key, pieces(b"1"))
    with pytest.raises(ValueError):
        await blobs.create(key, b"1")
    with pytest.raises(ValueError):
        await read(blobs, key)
    with pytest.raises(ValueError):
        await blobs.delete([key])


async def test_what_a_dead_process_left_unfinished_is_gone(tmp_path: Path) -> None:
    DiskBlobs(tmp_path)
    (tmp_path / ".unfinished" / "half").write_bytes(b"half")
    blobs = DiskBlobs(tmp_path)
    assert list((tmp_path / ".unfinished").iterdir()) == []
    assert await blobs.list("", "", 10) == []


@pytest.mark.parametrize(("bucket", "secret"), [("hubbub", "wrong"), ("nowhere", S3.secret)])
async def test_a_wrong_secret_or_bucket_is_known_at_the_start(s3_server: S3, bucket: str, secret: str) -> None:
    with pytest.raises(Unavailable):
        await S3Blobs.open(s3_server.endpoint, bucket, s3_server.key, secret, "us-east-1", "")
