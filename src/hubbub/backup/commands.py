"""What an operator types, and the lines that answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hubbub.backup import rekey as rekeying
from hubbub.backup import restore as restoring
from hubbub.backup import soundness
from hubbub.backup.make import make
from hubbub.backup.soundness import Contents
from hubbub.backup.trouble import Trouble
from hubbub.config import Config

_ELSEWHERE = (
    "DATABASE_URL is set, so the data of this instance is in PostgreSQL, and this command is for the SQLite file in the "
    "data folder. {}If you mean the file, run it without DATABASE_URL."
)
_INSTEAD = {
    "backup": 'Use `pg_dump --format=custom --file=hubbub.dump "$DATABASE_URL"`, and copy the folder keys/ (or what '
    "JWT_SECRET names): without it nobody stays logged in. ",
    "restore": 'Use `pg_restore --dbname="$DATABASE_URL" hubbub.dump` into an empty database, and put keys/ back. ',
}


def backup(settings: Config, target: Path, passphrase_file: Path | None, settings_file: Path | None) -> int:
    return _said(lambda: _backup(settings, target, passphrase_file, settings_file))


def restore(settings: Config, source: Path, passphrase_file: Path | None, force: bool) -> int:
    return _said(lambda: _restore(settings, source, passphrase_file, force))


def verify(settings: Config, source: Path | None, passphrase_file: Path | None) -> int:
    return _said(lambda: _verify(settings, source, passphrase_file))


def rekey(settings: Config, old_key_file: Path | None) -> int:
    return _said(lambda: _rekey(settings, old_key_file))


def _said(lines: Callable[[], Iterator[str]]) -> int:
    """0 when all is well; else why not, on standard error, and 1."""
    try:
        for line in lines():
            print(line)
    except Trouble as trouble:
        print(f"hubbub: {trouble}", file=sys.stderr)
        return 1
    return 0


def _backup(settings: Config, target: Path, passphrase_file: Path | None, settings_file: Path | None) -> Iterator[str]:
    _refuse_elsewhere(settings, "backup")
    passphrase = _passphrase(passphrase_file)
    manifest = make(settings, target, passphrase, settings_file or Path("hubbub.toml"))
    yield f"{target}: {target.stat().st_size:,} bytes, {'sealed' if passphrase else 'not sealed: it holds the keys'}"
    yield from _contents(manifest.contents)


def _restore(settings: Config, source: Path, passphrase_file: Path | None, force: bool) -> Iterator[str]:
    _refuse_elsewhere(settings, "restore")
    manifest, aside = restoring.restore(settings, source, _passphrase(passphrase_file), force)
    yield f"{settings.data_dir.resolve()}: restored as it was at {manifest.made_at} (version {manifest.version})"
    if aside is not None:
        yield f"what was there before is in {aside}"
    yield from _contents(manifest.contents)
    if "hubbub.toml" in manifest.hashes:
        yield f"its settings are in {settings.data_dir / 'hubbub.toml'}; start with --config to use them"


def _verify(settings: Config, source: Path | None, passphrase_file: Path | None) -> Iterator[str]:
    if source is not None:
        manifest = restoring.inspect(settings, source, _passphrase(passphrase_file))
        yield f"{source}: whole and sound, made at {manifest.made_at} by version {manifest.version}"
        yield from _contents(manifest.contents)
        return
    _refuse_elsewhere(settings, "verify")
    if not settings.database_path.exists():
        raise Trouble(f"there is no database in {settings.data_dir}")
    contents = soundness.check(settings.database_path, settings.database_key)
    yield f"{settings.database_path.resolve()}: sound"
    yield from _contents(contents)


def _rekey(settings: Config, old_key_file: Path | None) -> Iterator[str]:
    _refuse_elsewhere(settings, "rekey")
    rekeying.rekey(settings, _read(old_key_file))
    yield f"{settings.database_path.resolve()}: {'encrypted' if settings.database_key else 'not encrypted any more'}"


def _refuse_elsewhere(settings: Config, command: str) -> None:
    """A copy of the file that was left behind would look like a backup of the instance."""
    if settings.database_url:
        raise Trouble(_ELSEWHERE.format(_INSTEAD.get(command, "")))


def _contents(contents: Contents) -> Iterator[str]:
    yield f"revision {contents.revision}, {contents.streams:,} streams, heads together {contents.heads:,}"
    yield ", ".join(f"{count:,} {name}" for name, count in contents.counts.items() if count)


def _passphrase(file: Path | None) -> str:
    found = _read(file)
    if file is not None and len(found) < 12:
        raise Trouble(f"the passphrase in {file} has fewer than 12 characters")
    return found


def _read(file: Path | None) -> str:
    try:
        return file.read_text().strip() if file is not None else ""
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}") from None
