"""Making a backup, also of an instance that runs and writes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import apsw

from hubbub import VERSION, config
from hubbub.backup import soundness
from hubbub.backup.archive import FORMAT, Manifest, Writer
from hubbub.backup.sealed import Sealing
from hubbub.backup.trouble import Trouble
from hubbub.clock import SystemClock, rfc3339
from hubbub.config import Config
from hubbub.infra.database import sqlite_open

FOLDERS = ("keys", "blobs")  # below the data folder, beside the database


def make(settings: Config, target: Path, passphrase: str, settings_file: Path) -> Manifest:
    """Write `target`, which must not exist. It appears whole or not at all. Raises Trouble."""
    if not settings.database_path.exists():
        raise Trouble(f"there is no database in {settings.data_dir}: HUBBUB_DATA_DIR names another folder?")
    if target.exists():
        raise Trouble(f"{target} exists already")
    try:
        with tempfile.TemporaryDirectory(prefix=".hubbub-backup-", dir=target.parent) as folder:
            unfinished = Path(folder) / "archive"
            manifest = _write(settings, Path(folder), unfinished, passphrase, settings_file)
            os.link(unfinished, target)  # unlike a rename, never over a file that came meanwhile
    except OSError as error:
        raise Trouble(f"{target} cannot be written: {error.strerror}") from None
    _sync_folder(target.parent)
    return manifest


def _write(settings: Config, folder: Path, unfinished: Path, passphrase: str, settings_file: Path) -> Manifest:
    snapshot = folder / "hubbub.db"
    _snapshot(settings.database_path, snapshot, settings.database_key)
    contents = soundness.check(snapshot, settings.database_key)
    with unfinished.open("xb") as file:
        os.chmod(unfinished, 0o600)
        stream: Any = Sealing(file, passphrase) if passphrase else file
        writer = Writer(stream)
        writer.add("hubbub.db", snapshot)
        for path in sorted(each for name in FOLDERS for each in (settings.data_dir / name).rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(settings.data_dir).parts):
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile: the snapshot does not need it
                    writer.add(path.relative_to(settings.data_dir).as_posix(), path)
        if (setup := settings.data_dir / "setup-token").is_file():
            writer.add("setup-token", setup)
        if settings_file.is_file():
            writer.add("hubbub.toml", settings_file)
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            made_at=rfc3339(SystemClock().now_ms()),
            contents=contents,
            settings=config.shown(settings),
            hashes=writer.hashes,
        )
        writer.finish(manifest)
        if passphrase:
            stream.close()
        _sync(file)
    return manifest


def _snapshot(source: Path, target: Path, key: str) -> None:
    """All of it as of one moment: read in one transaction, which in WAL mode holds up nobody."""
    try:
        reading = sqlite_open.open_file(str(source), key, flags=apsw.SQLITE_OPEN_READWRITE)
        writing = sqlite_open.open_file(str(target), key)
        reading.set_busy_timeout(10_000)
        with writing.backup("main", reading, "main") as copying:
            copying.step(-1)
        writing.pragma("journal_mode", "delete")  # one file, nothing beside it
        writing.close()
        reading.close()
    except apsw.NotADBError:
        raise Trouble(f"{source} is no database, or HUBBUB_DATABASE_KEY is not its key") from None
    except apsw.Error as error:
        raise Trouble(f"{source} cannot be copied: {error}") from None


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
