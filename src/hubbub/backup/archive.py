"""The file of a backup: a tar of `hubbub.db`, keys, files and hubbub.toml, closed by `manifest.json` with their hashes.

The manifest comes last because only then are all hashes known; an archive without one is cut off. Hashes are SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import msgspec

from hubbub.backup.soundness import Contents
from hubbub.backup.trouble import Trouble

MANIFEST = "manifest.json"
FORMAT = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`settings`: what was in force, secrets left out; for reading, a restore does not apply them."""

    format: int
    version: str
    made_at: str
    contents: Contents
    settings: dict[str, str]
    hashes: dict[str, str]


class Writer:
    """Add members, then `finish`."""

    def __init__(self, file: Any) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|")  # noqa: SIM115  (closed by finish)
        self.hashes: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """The file as it is now: if it grows meanwhile, so long as it was at the beginning."""
        with path.open("rb") as source:
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o600
            hashed = _Hashed(source)
            self._tar.addfile(info, hashed)  # pyright: ignore[reportArgumentType]  (it only reads)
        self.hashes[name] = hashed.digest

    def finish(self, manifest: Manifest) -> None:
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.close()


def unpack(file: Any, folder: Path) -> Manifest:
    """Everything into the folder, which is empty. Raises Trouble unless each member is there and is what it was."""
    hashes: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            for info, content in _members(tar):
                if info.name == MANIFEST:
                    manifest = msgspec.json.decode(content.read(), type=Manifest)
                    continue
                hashes[info.name] = _unpack(content, folder / info.name)
    except (tarfile.TarError, msgspec.DecodeError, EOFError) as error:
        raise Trouble(f"this is no whole backup: {error}") from None
    if manifest is None:
        raise Trouble("this backup is cut off: its manifest is missing")
    if manifest.format != FORMAT:
        raise Trouble(f"this backup has format {manifest.format}, this version knows {FORMAT}")
    wrong = sorted(
        name for name in hashes.keys() | manifest.hashes.keys() if hashes.get(name) != manifest.hashes.get(name)
    )
    if wrong:
        raise Trouble(f"this backup is damaged: {', '.join(wrong[:5])}")
    return manifest


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, BinaryIO]]:
    """Plain files below the folder; nothing else has a place in a backup of ours, and links could point out of it."""
    for info in tar:
        path = PurePosixPath(info.name)
        content = tar.extractfile(info) if info.isreg() else None
        if content is None or path.is_absolute() or ".." in path.parts:
            raise Trouble(f"{info.name!r} has no business in a backup")
        yield info, content  # pyright: ignore[reportReturnType]


def _unpack(content: BinaryIO, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashed = _Hashed(content)
    with open(path, "xb", opener=_private) as target:
        while piece := hashed.read(1 << 20):
            target.write(piece)
    return hashed.digest


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Hashed:
    """A file to read from that hashes what it gives."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
