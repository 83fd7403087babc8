"""An instance that was used, moved from its file to PostgreSQL: alone and apart, watched, tampered with, interrupted."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from hubbub.infra.database.sqlite_open import open_file
from tests.scenarios.apart import Apart
from tests.scenarios.place import OURS, Person, Place
from tests.scenarios.test_backup import KEY, contents, done, refused
from tests.scenarios.test_start import hubbub
from tests.servers.engines import Nats, Postgres, Redis

STRANGE = "é ẞ 👩‍👩‍👧 \u202e \x01\x1f \\N \\. \t'\" ;-- \n\nend \uffff \U0010ffff"
WAY = ("migrate", "sqlite-to-postgres")


def settings_of(place: Place, url: str) -> dict[str, str]:
    key = place.settings.get("HUBBUB_DATABASE_KEY", "")
    return {"HUBBUB_DATA_DIR": str(place.folder / "data"), "DATABASE_URL": url, "HUBBUB_DATABASE_KEY": key}


def run(place: Place, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return hubbub(place.folder, *(arguments or WAY), **settings_of(place, url))


async def asked(url: str, query: str, *values: Any) -> Any:
    link = await asyncpg.connect(url)
    try:
        return await link.fetchval(query, *values)
    finally:
        await link.close()


async def ordered(url: str, *commands: str) -> None:
    link = await asyncpg.connect(url)
    try:
        for each in commands:
            await link.execute(each)
    finally:
        await link.close()


class Used(Place):
    """A place on SQLite with a life behind it."""

    async def live(self) -> None:
        self.start()
        self.owner_before = await self.owner()
        owner = self.owner_before
        server = await owner.make_server("Lantern Bay")
        self.room = next(each for each in server["channels"] if each["type"] == "text")["id"]
        self.lounge = next(each for each in server["channels"] if each["type"] == "voice")["id"]
        self.server, self.invite = server["id"], await owner.invite_to(server["id"], max_uses=5)
        self.guest_before = guest = await Person.register(self, "guest", invite=self.invite)
        role = await owner.call("POST", f"/api/servers/{self.server}/roles", {"name": "Keeper"})
        await owner.call(
            "PATCH", f"/api/servers/{self.server}/members/{guest.id}", {"roles": [role["id"]], "nick": "Gê"}
        )
        entry = {"type": "user", "deny": str(1 << 11)}
        quiet = await owner.call("POST", f"/api/servers/{self.server}/channels", {"name": "Quiet", "type": "text"})
        await owner.call("PUT", f"/api/channels/{quiet['id']}/permissions/{guest.id}", entry)
        for number in range(130):
            await owner.send(self.room, f"number {number}", nonce=f"n{number}")
        first = await guest.send(self.room, STRANGE)
        await guest.call(
            "POST", f"/api/channels/{self.room}/messages", {"content": "an answer", "reply_to": first["id"]}
        )
        wrong = await owner.send(self.room, f"<@{guest.id}> look, @everyone")
        await owner.call("PATCH", f"/api/messages/{wrong['id']}", {"content": f"<@{guest.id}> look again"})
        await owner.call("DELETE", f"/api/messages/{(await owner.send(self.room, 'never said'))['id']}")
        await guest.call("PUT", f"/api/channels/{self.room}/read", {"message_id": first["id"]})
        await guest.call("POST", f"/api/channels/{self.lounge}/voice/join", {"self_mute": True})
        await owner.call("PATCH", f"/api/servers/{self.server}/voice/{guest.id}", {"mute": True})
        self.before = await self.seen(owner, guest)

    async def seen(self, owner: Person, guest: Person) -> list[Any]:
        """What the two can read of everything."""
        paths = ("roles", "members", "channels", "invites")
        found: list[Any] = [await owner.call("GET", f"/api/servers/{self.server}/{each}") for each in paths]
        found[3] = [{name: value for name, value in each.items() if name != "url"} for each in found[3]]  # ports differ
        found.append(await guest.call("GET", "/api/users/@me/mentions"))
        found.append(await guest.call("GET", "/api/servers"))
        page = await owner.history(self.room, limit=100)
        while page:
            found += page
            page = await owner.history(self.room, limit=100, before=page[-1]["id"])
        return found


def table(link: apsw.Connection, name: str) -> Sequence[Any]:
    return link.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2').fetchall()


@pytest.mark.parametrize("form", ["alone", "apart"])
async def test_everything_is_there_and_life_goes_on(
    form: str, tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> None:
    url = postgres_server.fresh_database()
    used = Used(tmp_path, **({"HUBBUB_DATABASE_KEY": KEY} if form == "apart" else {}))
    try:
        await used.live()
        assert "stop it first" in refused(run(used, url))
        used.kill()  # facts may wait unpublished in the outbox
        said = done(run(used, url, "migrate", "sqlite→postgres"))
    finally:
        used.kill()
    assert "messages: 134 rows" in said
    assert "the same on both sides" in said
    assert "outbox.id goes on after" in said
    assert "is not empty" in refused(run(used, url))
    done(run(used, url, *WAY, "--verify"))
    await compare_by_hand(used, url)

    place = Place(tmp_path, DATABASE_URL=url)
    if form == "apart":
        place = Apart(tmp_path, postgres_server, nats_server, redis_server, DATABASE_URL=url)
    try:
        place.start()
        old = [Person(place, each.tokens) for each in (used.owner_before, used.guest_before)]
        assert await used.seen(*old) == used.before, "old tokens, everything as it was"
        tokens = {"refresh_token": used.guest_before.tokens["refresh_token"]}
        assert (await old[1].http.post("/api/auth/refresh", json=tokens)).status_code == 200
        owner = await place.login("owner")
        again = await owner.send(used.room, "number 129", nonce="n129")
        assert again["content"] == "number 129"
        async with old[1].gateway() as gateway:
            sent = await owner.send(used.room, "life goes on")
            arrived = await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "life goes on")
            assert arrived["d"]["message"]["id"] == sent["id"]
            (server,) = gateway.ready["servers"]
            assert [each["mute"] for each in server["voice_states"]] in ([], [True])
        newcomer = await Person.register(place, "newcomer", invite=used.invite)
        assert (await contents(newcomer, used.room))[-1] == "life goes on"
        assert await asked(url, "SELECT count(*) FROM outbox_marks WHERE name = 'writer:0'") == 0, "adopted"
    finally:
        assert place.stop() == 0


async def compare_by_hand(used: Used, url: str) -> None:
    """Not by the command's own means: each table of the file, each value."""
    link = open_file(str(used.folder / "data" / "hubbub.db"), used.settings.get("HUBBUB_DATABASE_KEY", ""))
    names = [name for (name,) in link.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    assert len(names) > 18
    there = await asyncpg.connect(url)
    for name in set(names) - {"outbox_marks", "sqlite_sequence"}:
        columns = ", ".join(f'"{row[1]}"' for row in link.execute(f'PRAGMA table_info("{name}")'))
        mine = link.execute(f'SELECT {columns} FROM "{name}"').fetchall()
        theirs = await there.fetch(f'SELECT {columns} FROM "{name}"')
        assert sorted(map(repr, mine)) == sorted(repr(tuple(row)) for row in theirs), name
    link.close()
    await there.close()


@pytest.fixture
def small(tmp_path: Path) -> Place:
    """An instance that ran and stopped."""
    place = Place(tmp_path)
    place.start()
    assert place.stop() == 0
    return place


def change(place: Place, *commands: str) -> None:
    link = apsw.Connection(str(place.folder / "data" / "hubbub.db"))
    for each in commands:
        link.execute(each)
    link.close()


MESSAGES = """INSERT INTO messages (id, channel_id, server_id, author_id, content, mention_everyone)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
SELECT i, i % 7, 1, 1, 'message ' || i, 0 FROM n"""


async def test_a_tampered_row_is_found(small: Place, postgres_server: Postgres) -> None:
    url = postgres_server.fresh_database()
    change(small, MESSAGES.format(count=3000))
    done(run(small, url))
    verify = (*WAY, "--verify")
    assert "messages: 3,000 rows" in done(run(small, url, *verify))
    await ordered(url, "UPDATE messages SET content = 'message 1700 ' WHERE id = 1700")
    said = refused(run(small, url, *verify))
    assert "messages: 3,000 rows" in said
    assert "id=1700 differs in content" in said
    await ordered(url, "DELETE FROM messages WHERE id = 1700")
    assert "id=1700 is not in PostgreSQL" in refused(run(small, url, *verify))
    await ordered(
        url, "INSERT INTO messages SELECT -5, 1, 1, 1, content, nonce, mentions, 0 FROM messages WHERE id = 1"
    )
    assert "id=-5 is only in PostgreSQL" in refused(run(small, url, *verify))


async def test_what_arrives_otherwise_than_it_was_sent_is_not_committed(
    small: Place, postgres_server: Postgres
) -> None:
    """A trigger stands for whatever may happen on the way: the copy itself reports no error."""
    url = postgres_server.migrated_database()
    change(small, MESSAGES.format(count=10))
    await ordered(
        url,
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.content := upper(NEW.content); "
        "RETURN NEW; END $$",
        "CREATE TRIGGER shout BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.id = 4) EXECUTE FUNCTION shout()",
    )
    said = refused(run(small, url))
    assert "id=4 differs in content" in said
    assert await asked(url, "SELECT count(*) FROM messages") == 0
    await ordered(url, "DROP TRIGGER shout ON messages")
    done(run(small, url))


def test_killed_midway_nothing_is_there_and_it_begins_anew(small: Place, postgres_server: Postgres) -> None:
    url = postgres_server.fresh_database()
    change(small, MESSAGES.format(count=150_000))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-m", "hubbub", *WAY]
    moving = subprocess.Popen(command, env={**environment, **settings_of(small, url)}, stdout=subprocess.DEVNULL)
    copying = "SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy WHERE datname = current_database()"
    try:
        while asyncio.run(asked(url, copying)) < 1000:
            assert moving.poll() is None, "it was over before it could be killed"
    finally:
        moving.kill()
        moving.wait()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while asyncio.run(asked(url, f"{others} AND backend_type = 'client backend'")):
        pass
    assert asyncio.run(asked(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
    assert "messages: 150,000 rows" in done(run(small, url))


async def test_values_that_postgresql_cannot_keep_are_named(small: Place, postgres_server: Postgres) -> None:
    url = postgres_server.fresh_database()
    change(
        small,
        MESSAGES.format(count=5),
        "UPDATE messages SET content = 'a' || char(0) || 'b' WHERE id = 3",
        "UPDATE messages SET mention_everyone = 40000 WHERE id = 4",
        "UPDATE messages SET content = x'ff' WHERE id = 5",
    )
    said = refused(run(small, url))
    assert "messages.content of id=3: text with the character NUL" in said
    assert "messages.mention_everyone of id=4" in said
    assert "messages.content of id=5: bytes" in said
    assert await asked(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    change(small, "UPDATE messages SET content = CAST(x'61ff' AS TEXT), mention_everyone = 0 WHERE id > 2")
    assert "no UTF-8, in the row after id=2" in refused(run(small, url))


async def test_refusals_say_what_to_do(small: Place, postgres_server: Postgres, tmp_path: Path) -> None:
    assert "set DATABASE_URL" in refused(run(small, ""))
    assert "does not let us in" in refused(run(small, "postgresql://hubbub@127.0.0.1:1/x"))
    url = postgres_server.fresh_database()
    await ordered(url, "CREATE TABLE theirs (id int)")
    assert "a table theirs" in refused(run(small, url))
    used = postgres_server.migrated_database()
    await ordered(used, "INSERT INTO streams VALUES ('channel:1', 5)")
    assert "rows in streams" in refused(run(small, used))
    change(small, "CREATE TABLE plugin (id INTEGER PRIMARY KEY)")
    assert "the table plugin" in refused(run(small, postgres_server.fresh_database()))
    change(small, "DROP TABLE plugin", "UPDATE alembic_version SET version_num = '0001'")
    assert "start this version on it once" in refused(run(small, postgres_server.fresh_database()))


async def test_the_commands_for_the_file_send_others_to_postgresql(small: Place, tmp_path: Path) -> None:
    url = "postgresql://hubbub@127.0.0.1:1/x"
    assert "pg_dump" in refused(run(small, url, "backup", str(tmp_path / "backup.tar")))
    assert not (tmp_path / "backup.tar").exists()
    assert "pg_restore" in refused(run(small, url, "restore", str(tmp_path / "backup.tar"), "--force"))
    for command in ("verify", "rekey"):
        assert "DATABASE_URL is set" in refused(run(small, url, command))
    done(run(small, "", "backup", str(tmp_path / "backup.tar")))
    done(run(small, url, "verify", str(tmp_path / "backup.tar")))
