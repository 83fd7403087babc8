"""A disk that forgets: what was written but not synced may be gone, whole or in part, when the power fails.

It stands between SQLite and the real files as a VFS of apsw. Reads see every write, as on a real machine. Beside that
it keeps, for each file, what the disk surely has (`durable`) and what it was only told (`pending`). At random writes
and syncs it writes down the files as a power failure at that very moment would leave them: everything durable and, of
what is pending, nothing, all, or any pieces of 512 bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR = 512


class Crash(NamedTuple):
    """The files after a power failure, and what had been acknowledged before it."""

    folder: Path
    acknowledged: frozenset[int]


class LossyDisk(apsw.VFS):
    """The default disk of every connection opened until `unplug`. `acknowledged()` tells what must survive."""

    def __init__(self, folder: Path, chance: random.Random, acknowledged: Callable[[], frozenset[int]]) -> None:
        self._usual = apsw.vfs_names()[0]  # the one that can encrypt
        super().__init__("lossy", "unix", makedefault=True)
        self.folder = folder
        self.chance = chance
        self.acknowledged = acknowledged
        self.files: dict[str, DiskFile] = {}
        self.crashes: list[Crash] = []
        self.every = 0  # a power failure at one of so many writes and syncs; 0: none
        self.full = False  # every write fails as on a full disk

    def unplug(self) -> None:
        apsw.set_default_vfs(self._usual)
        self.unregister()

    def xOpen(self, name: Any, flags: list[int]) -> LossyFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        file = self.files.setdefault(path, DiskFile(Path(path)))
        return LossyFile(self, file, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.files.pop(filename, None)

    def touched(self) -> None:
        if self.every and self.chance.randrange(self.every) == 0:
            folder = self.folder / f"crash-{len(self.crashes)}"
            folder.mkdir(parents=True)
            acknowledged, kept = self.acknowledged(), self.chance.choice((0.0, 0.0, 0.5, 0.9, 1.0))
            for path, file in self.files.items():
                (folder / Path(path).name).write_bytes(file.after_power_failure(self.chance, kept))
            self.crashes.append(Crash(folder, acknowledged))


class DiskFile:
    """What the disk has of one file, and what it may forget."""

    def __init__(self, path: Path) -> None:
        self.durable = bytearray(path.read_bytes() if path.exists() else b"")
        self.pending: list[tuple[int, bytes | None]] = []  # (where, data), or (new size, None)

    def sync(self) -> None:
        for where, data in self.pending:
            _apply(self.durable, where, data)
        self.pending.clear()

    def after_power_failure(self, chance: random.Random, kept: float) -> bytes:
        image = bytearray(self.durable)
        for where, data in self.pending:
            if data is None:
                if chance.random() < kept:
                    _apply(image, where, None)
                continue
            for start in range(0, len(data), SECTOR):
                if chance.random() < kept:
                    _apply(image, where + start, data[start : start + SECTOR])
        return bytes(image)


class LossyFile(apsw.VFSFile):
    def __init__(self, disk: LossyDisk, file: DiskFile, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.file = file
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self.disk.full:
            raise apsw.FullError("the disk is full")
        self.disk.touched()
        super().xWrite(data, offset)
        self.file.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self.file.pending.append((newsize, None))

    def xSync(self, flags: int) -> None:
        self.disk.touched()
        super().xSync(flags)
        self.file.sync()


def _apply(image: bytearray, where: int, data: bytes | None) -> None:
    if data is None:
        del image[where:]
        return
    if len(image) < where:
        image.extend(bytes(where - len(image)))
    image[where : where + len(data)] = data
