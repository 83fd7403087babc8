"""A place in one file and back: made while people write, restored elsewhere, sealed, damaged, in the way."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import tarfile
from pathlib import Path

import apsw
import pytest

from hubbub.backup.archive import unpack
from hubbub.backup.sealed import PIECE, Sealing, Unsealing
from hubbub.backup.trouble import Trouble
from tests.scenarios.place import Person, Place
from tests.scenarios.test_start import hubbub

KEY = "a key of sixteen characters or more"


def run(place: Place, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in place.settings.items() if name == "HUBBUB_DATABASE_KEY"}
    return hubbub(
        place.folder, *map(str, arguments), HUBBUB_DATA_DIR=str(place.folder / "data"), HUBBUB_PORT="1", **settings
    )


def done(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    return ended.stderr


async def room_of(owner: Person) -> str:
    server = await owner.make_server()
    return next(each for each in server["channels"] if each["type"] == "text")["id"]


async def contents(person: Person, room: str) -> list[str]:
    """All of a room, oldest first."""
    found: list[str] = []
    page = await person.history(room, limit=100)
    while page:
        found += [each["content"] for each in page]
        page = await person.history(room, limit=100, before=page[-1]["id"])
    return found[::-1]


@pytest.mark.parametrize("settings", [{}, {"HUBBUB_DATABASE_KEY": KEY}], ids=["plain", "encrypted"])
async def test_a_backup_under_load_holds_everything_acknowledged_before_it(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    (tmp_path / "one").mkdir()
    place = Place(tmp_path / "one", **settings)
    place.start()
    owner = await place.owner()
    room = await room_of(owner)
    written: list[str] = []
    enough, stop = asyncio.Event(), asyncio.Event()

    async def write(who: int) -> None:
        number = 0
        while not stop.is_set():
            text = f"{who}-{number}"
            await owner.send(room, text, nonce=text)
            written.append(text)
            number += 1
            if len(written) >= 50:
                enough.set()

    writers = [asyncio.create_task(write(who)) for who in range(8)]
    await asyncio.wait_for(enough.wait(), 30)
    before = set(written)
    target = tmp_path / "backup.tar"
    ended = await asyncio.to_thread(run, place, "backup", target)
    after = set(written)
    stop.set()
    await asyncio.gather(*writers)
    assert "messages" in done(ended)
    assert len(after) > len(before), "nobody wrote meanwhile: this shows nothing"
    assert target.stat().st_mode & 0o777 == 0o600
    assert "sound" in done(run(place, "verify")), "while it runs"
    await owner.close()
    assert place.stop() == 0

    (tmp_path / "two").mkdir()
    other = Place(tmp_path / "two", **settings)
    assert "whole and sound" in done(run(other, "verify", target))
    assert "restored" in done(run(other, "restore", target))
    other.start()
    again = await other.login("owner")
    kept = await contents(again, room)
    assert before <= set(kept) <= set(written)
    assert len(kept) == len(set(kept))
    for who in range(8):  # of each writer a prefix, without a hole
        own = [text for text in kept if text.startswith(f"{who}-")]
        assert own == [f"{who}-{number}" for number in range(len(own))]
    old = await again.http.get("/api/users/@me", headers={"Authorization": f"Bearer {owner.tokens['access_token']}"})
    assert old.status_code == 200, "the signing key came along"
    await again.send(room, "life goes on")
    await again.close()
    assert other.stop() == 0


@pytest.fixture
def made(tmp_path: Path) -> Place:
    """An instance that ran and stopped."""
    place = Place(tmp_path)
    place.start()
    assert place.stop() == 0
    return place


def test_what_is_there_is_never_overwritten(made: Place, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    done(run(made, "backup", target))
    assert "exists already" in refused(run(made, "backup", target))
    key = (tmp_path / "data" / "keys" / "jwt.pem").read_bytes()
    (tmp_path / "data" / "keys" / "jwt.pem").write_bytes(b"of another life")
    assert "--force" in refused(run(made, "restore", target))
    assert (tmp_path / "data" / "keys" / "jwt.pem").read_bytes() == b"of another life"
    said = done(run(made, "restore", target, "--force"))
    (aside,) = (tmp_path / "data").glob("before-restore-*")
    assert aside.name in said
    assert (aside / "keys" / "jwt.pem").read_bytes() == b"of another life"
    assert (tmp_path / "data" / "keys" / "jwt.pem").read_bytes() == key
    done(run(made, "verify"))
    assert not (tmp_path / "data" / ".restoring").exists()


def test_nothing_is_restored_under_a_running_instance(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.start()
    try:
        done(run(place, "backup", tmp_path / "backup.tar"))
        assert "stop it first" in refused(run(place, "restore", tmp_path / "backup.tar", "--force"))
        assert "stop it first" in refused(run(place, "rekey"))
        assert not list((tmp_path / "data").glob("before-restore-*"))
    finally:
        assert place.stop() == 0


def test_a_damaged_backup_is_refused_and_touches_nothing(made: Place, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "backup.tar", tmp_path / "elsewhere"
    done(run(made, "backup", target))
    whole = target.read_bytes()
    with tarfile.open(target) as tar:
        place = tar.getmember("hubbub.db").offset_data
    for damaged in (
        whole[: len(whole) // 2],
        whole[: place + 5000] + b"#" + whole[place + 5001 :],
        b"",
        b"no tar" * 999,
    ):
        target.write_bytes(damaged)
        refused(run(made, "verify", target))
        ended = hubbub(tmp_path, "restore", str(target), HUBBUB_DATA_DIR=str(elsewhere))
        refused(ended)
        assert not elsewhere.exists() or not list(elsewhere.iterdir())


def test_a_sealed_backup_opens_with_its_passphrase_alone(made: Place, tmp_path: Path) -> None:
    right, wrong, short = tmp_path / "right", tmp_path / "wrong", tmp_path / "short"
    right.write_text("correct horse battery\n")
    wrong.write_text("another horse battery")
    short.write_text("horse")
    target = tmp_path / "backup.sealed"
    assert "12 characters" in refused(run(made, "backup", target, "--passphrase-file", short))
    done(run(made, "backup", target, "--passphrase-file", right))
    sealed = target.read_bytes()
    assert b"PRIVATE KEY" not in sealed
    assert b"SQLite format" not in sealed
    assert "--passphrase-file" in refused(run(made, "verify", target))
    assert "passphrase" in refused(run(made, "verify", target, "--passphrase-file", wrong))
    done(run(made, "verify", target, "--passphrase-file", right))
    target.write_bytes(sealed[: len(sealed) - PIECE - 100])
    refused(run(made, "verify", target, "--passphrase-file", right))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7])
def test_sealing_gives_back_what_it_took(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    file = io.BytesIO()
    sealing = Sealing(file, "correct horse battery")
    for start in range(0, size, 10_000):
        sealing.write(content[start : min(size, start + 10_000)])
    sealing.close()
    file.seek(0)
    opened = Unsealing(file, "correct horse battery")
    assert opened.read(5) == content[: min(5, size)]
    assert opened.read() == content[5:size]
    changed = bytearray(file.getvalue())
    changed[-1] ^= 1
    with pytest.raises(Trouble):
        Unsealing(io.BytesIO(bytes(changed)), "correct horse battery").read()


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "keys/../../out"])
def test_nothing_is_unpacked_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    file.seek(0)
    with pytest.raises(Trouble, match="no business"):
        unpack(file, tmp_path / "in")


async def test_a_plain_place_is_encrypted_and_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.start()
    owner = await place.owner()
    await owner.send(await room_of(owner), "a very particular sentence")
    await owner.close()
    assert place.stop() == 0
    database = tmp_path / "data" / "hubbub.db"
    assert b"a very particular sentence" in database.read_bytes()

    place.settings["HUBBUB_DATABASE_KEY"] = KEY
    ended = hubbub(tmp_path, "run", HUBBUB_DATA_DIR=str(tmp_path / "data"), HUBBUB_DATABASE_KEY=KEY, HUBBUB_PORT="0")
    assert "rekey" in refused(ended)
    assert KEY not in ended.stderr
    assert "encrypted" in done(run(place, "rekey"))
    everything = b"".join(each.read_bytes() for each in (tmp_path / "data").glob("hubbub.db*"))
    assert b"a very particular sentence" not in everything
    assert not everything.startswith(b"SQLite format 3")
    place.start()
    again = await place.login("owner")
    await again.send(await room_of(again), "another quite particular sentence")
    for each in (tmp_path / "data").glob("hubbub.db*"):
        assert b"particular sentence" not in each.read_bytes(), f"{each.name} while it runs"
    await again.close()
    assert place.stop() == 0
    with pytest.raises(apsw.NotADBError):
        apsw.Connection(str(database)).pragma("user_version")

    del place.settings["HUBBUB_DATABASE_KEY"]
    (tmp_path / "old").write_text(KEY)
    assert "not encrypted" in done(run(place, "rekey", "--old-key-file", tmp_path / "old"))
    assert b"another quite particular sentence" in database.read_bytes()


def test_the_manifest_tells_settings_and_no_secret(made: Place, tmp_path: Path) -> None:
    (tmp_path / "hubbub.toml").write_text('name = "Lantern"\nmetrics_token = "a token of sixteen characters"\n')
    done(run(made, "backup", tmp_path / "backup.tar"))
    with tarfile.open(tmp_path / "backup.tar") as tar:
        names = tar.getnames()
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        told = json.load(manifest)
    assert {"hubbub.db", "keys/jwt.pem", "keys/media", "hubbub.toml", "setup-token"} <= set(names)
    assert told["settings"]["HUBBUB_NAME"] == "Lantern"
    assert told["settings"]["HUBBUB_METRICS_TOKEN"] == "(set)"
    assert told["contents"]["counts"]["messages"] == 0


async def test_nothing_of_ours_folds_away_a_log_that_litestream_copies(tmp_path: Path) -> None:
    """Not the server, not at its start or end, and none of the commands: what is in the log stays where it is."""
    place = Place(tmp_path, HUBBUB_REPLICATION="litestream")
    place.start()
    owner = await place.owner()
    await owner.send(await room_of(owner), "a sentence")
    await owner.close()
    assert place.stop() == 0
    log, database = tmp_path / "data" / "hubbub.db-wal", tmp_path / "data" / "hubbub.db"
    copied, size = log.read_bytes(), database.stat().st_size
    assert len(copied) > 50_000
    done(run(place, "verify"))
    done(run(place, "doctor"))
    done(run(place, "backup", tmp_path / "backup.tar"))
    assert "whole and sound" in done(run(place, "verify", tmp_path / "backup.tar"))
    place.start()
    again = await place.login("owner")
    await again.close()
    place.kill()
    place.start()
    assert place.stop() == 0
    assert log.read_bytes()[: len(copied)] == copied
    assert database.stat().st_size == size
