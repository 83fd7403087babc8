"""Reading a backup back, and looking at one without touching anything."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import apsw

from hubbub.backup import archive, sealed, soundness
from hubbub.backup.archive import Manifest
from hubbub.backup.trouble import Trouble
from hubbub.clock import SystemClock
from hubbub.config import Config
from hubbub.infra.database import sqlite_open

_STAGING = ".restoring"
_SETTINGS = "hubbub.toml"


def restore(settings: Config, source: Path, passphrase: str, force: bool) -> tuple[Manifest, Path | None]:
    """Fill the data folder from a backup; what was there moves to a folder inside it, whose path is returned.

    Raises Trouble, before anything is touched, when there is something and `force` is not given, when an instance runs
    on it, when the backup is not whole and sound."""
    folder = settings.data_dir
    if _present(folder) and not force:
        raise Trouble(f"{folder.resolve()} is not empty; --force moves what is there aside")
    if settings.database_path.exists():
        _refuse_while_running(settings)
    old = _present(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        staging = folder / _STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        with _cleared(staging):
            manifest = _unpacked(settings, source, passphrase, staging)
            aside = _aside(folder, old) if old else None
            for each in list(staging.iterdir()):
                each.rename(folder / each.name)
    except OSError as error:
        raise Trouble(f"{error.filename or folder}: {error.strerror}") from None
    return manifest, aside


def inspect(settings: Config, source: Path, passphrase: str) -> Manifest:
    """Unpack it somewhere else and look at everything."""
    with tempfile.TemporaryDirectory(prefix="hubbub-verify-") as folder:
        return _unpacked(settings, source, passphrase, Path(folder))


def _present(folder: Path) -> list[Path]:
    """What a restore would replace."""
    kept = (_STAGING, "before-restore-", "lost+found")
    return [each for each in folder.iterdir() if not each.name.startswith(kept)] if folder.is_dir() else []


def _unpacked(settings: Config, source: Path, passphrase: str, folder: Path) -> Manifest:
    try:
        file = source.open("rb")
    except OSError as error:
        raise Trouble(f"{source} cannot be read: {error.strerror}") from None
    with file:
        if sealed.is_sealed(file):
            if not passphrase:
                raise Trouble(f"{source} is sealed: give --passphrase-file")
            manifest = archive.unpack(sealed.Unsealing(file, passphrase), folder)
        else:
            manifest = archive.unpack(file, folder)
    found = soundness.check(folder / "hubbub.db", settings.database_key)
    if found != manifest.contents:
        raise Trouble(f"{source} does not hold what its manifest says")
    return manifest


def _refuse_while_running(settings: Config) -> None:
    """Only who is alone may leave WAL mode: so SQLite knows whether somebody else has the file open."""
    try:
        link = sqlite_open.open_file(str(settings.database_path), settings.database_key)
        try:
            link.pragma("journal_mode", "delete")
        finally:
            link.close()
    except apsw.BusyError:
        raise Trouble(f"an instance runs on {settings.data_dir.resolve()}; stop it first") from None
    except apsw.Error:
        return  # damaged, or of another key: a reason to restore, and nobody runs on it


def _aside(folder: Path, old: list[Path]) -> Path:
    aside = folder / f"before-restore-{SystemClock().now_ms()}"
    aside.mkdir(mode=0o700)
    for each in old:
        each.rename(aside / each.name)
    return aside


@contextlib.contextmanager
def _cleared(staging: Path) -> Generator[None]:
    try:
        yield
    finally:
        shutil.rmtree(staging, ignore_errors=True)
