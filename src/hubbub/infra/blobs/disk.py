"""Blobs in a folder. A blob is written beside its place, made durable, and then moved there in one step."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from hubbub.errors import Unavailable
from hubbub.infra.blobs.base import Absent, check_key

PIECE = 256 * 1024
_UNFINISHED = ".unfinished"  # no key begins with a dot
T = TypeVar("T")


class DiskBlobs:
    """One process owns the folder. What an earlier one left unfinished is deleted at the start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unfinished = folder / _UNFINISHED
        try:
            self._unfinished.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in self._unfinished.iterdir():
                left.unlink()
        except OSError as error:
            raise Unavailable(f"{folder}: {error}") from error

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        place = self._place(key)
        beside = self._unfinished / secrets.token_hex(12)
        file = await _thread(lambda: beside.open("xb"))
        try:
            async for piece in content:
                await _thread(lambda piece=piece: file.write(piece))
            return await _thread(lambda: _finish(file, place))
        except BaseException:
            file.close()
            beside.unlink(missing_ok=True)
            raise

    async def create(self, key: str, content: bytes) -> bool:
        place = self._place(key)
        return await _thread(lambda: _create(self._unfinished / secrets.token_hex(12), place, content))

    async def size(self, key: str) -> int | None:
        place = self._place(key)
        try:
            return await _thread(lambda: place.stat().st_size)
        except Absent:
            return None

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        place = self._place(key)
        file = await _thread(lambda: place.open("rb"))
        try:
            await _thread(lambda: file.seek(start))
            left = max(0, end - start)
            while left:
                most = min(PIECE, left)
                piece = await _thread(lambda most=most: file.read(most))
                if not piece:
                    break
                left -= len(piece)
                yield piece
        finally:
            file.close()

    async def delete(self, keys: Sequence[str]) -> None:
        places = [self._place(key) for key in keys]
        await _thread(lambda: [place.unlink(missing_ok=True) for place in places])

    async def list(self, folder: str, after: str, limit: int) -> list[str]:
        start = self._place(folder) if folder else self._folder
        return await _thread(lambda: sorted(key for key in self._keys(start) if key > after)[:limit])

    async def close(self) -> None:
        pass

    def _place(self, key: str) -> Path:
        check_key(key)
        return self._folder / key

    def _keys(self, start: Path) -> list[str]:
        found: list[str] = []
        for parent, folders, files in os.walk(start):
            with contextlib.suppress(ValueError):
                folders.remove(_UNFINISHED)
            inside = Path(parent).relative_to(self._folder)
            found.extend((inside / name).as_posix() for name in files)
        return found


def _finish(file: BinaryIO, place: Path) -> int:
    _durable(file)
    size = file.tell()
    file.close()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.replace(file.name, place)
    _durable_entry(place.parent)
    return size


def _create(beside: Path, place: Path, content: bytes) -> bool:
    try:
        with beside.open("xb") as file:
            file.write(content)
            _durable(file)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.link(beside, place)
        except FileExistsError:
            return False
        _durable_entry(place.parent)
        return True
    finally:
        beside.unlink(missing_ok=True)


def _durable(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _durable_entry(folder: Path) -> None:
    """The name too must be on the disk, not only what it names."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise Absent(str(error)) from error
    except OSError as error:
        raise Unavailable(str(error)) from error
