"""Starting the servers: each by hand, from an unpacked folder, on a free loopback port, with its data in a temporary one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.scenarios.place import free_port

from benchmarks.chat_peers.talk import Account
from benchmarks.measure import instance

PEOPLE = 40
ROOM = "talk"
START_WITHIN = 60.0


class Running(NamedTuple):
    """`cold_start_s`: from the call until it takes connections."""

    kind: str
    port: int
    pid: int
    room: str
    people: list[tuple[str, str]]
    cold_start_s: float

    def accounts(self, count: int) -> list[Account]:
        """One for each connection; people take turns."""
        size = len(self.people)
        return [Account(*self.people[at % size], f"d{at // size}") for at in range(count)]


@contextlib.asynccontextmanager
async def hubbub(people: int = PEOPLE) -> AsyncIterator[Running]:
    began = time.perf_counter()
    with instance() as place:
        started = time.perf_counter() - began
        owner = await place.owner()
        server = await owner.make_server()
        room = next(each["id"] for each in server["channels"] if each["type"] == "text")
        invite = await owner.invite_to(server["id"])
        guests = [await place.guest(f"u{number}", invite) for number in range(1, people + 1)]
        for each in (owner, *guests):
            await each.close()
        tokens = [(f"u{at}", each.tokens["access_token"]) for at, each in enumerate(guests, 1)]
        assert place.process is not None
        yield Running("gateway", place.port, place.process.pid, room, tokens, started)


_EJABBERD = """\
hosts: [localhost]
loglevel: warning
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, max_stanza_size: 262144, backlog: 4096}}
auth_method: internal
auth_password_format: plain
shaper_rules: {{max_user_sessions: 100000}}
modules:
  mod_muc:
    max_users: 5000
    access_create: all
    default_room_options: {{max_users: 5000, presence_broadcast: [], mam: {mam}}}
{archive}"""
_ARCHIVE = """\
  mod_mam: {{db_type: sql, default: always}}
sql_type: sqlite
sql_database: "{folder}/archive.db"
"""
_REGISTER = """\
lists:foreach(fun(N) -> ok = ejabberd_auth:try_register(iolist_to_binary(["u", integer_to_list(N)]),
  <<"localhost">>, <<"pw">>) end, lists:seq(1, 200)), io:format("registered~n")."""


@contextlib.asynccontextmanager
async def ejabberd(root: Path, folder: Path, archive: bool) -> AsyncIterator[Running]:
    """`archive`: mod_mam on SQL (SQLite), each message of the room in it before it is told."""
    port, erlang = free_port(), root / "usr/lib/erlang"
    stored = _ARCHIVE.format(folder=folder) if archive else ""
    mam = "true" if archive else "false"
    (folder / "ejabberd.yml").write_text(_EJABBERD.format(port=port, archive=stored, mam=mam))
    runtime, code = _only(erlang, "erts-*/bin"), _only(root, "usr/lib/*/ejabberd-*/ebin")
    environment = {
        "ROOTDIR": str(erlang),
        "BINDIR": str(runtime),
        "EMU": "beam",
        "PROGNAME": "erl",
        "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
        "ERL_CRASH_DUMP": str(folder / "crash"),
    }
    flags = ["-noinput", "+P", "250000", "+K", "true", "-mnesia", "dir", f'"{folder}/mnesia"']
    command = [str(runtime / "erlexec"), *flags, "-pa", str(code), "-s", "ejabberd", "-eval", _REGISTER]
    async with _process("xmpp", command, environment, folder, port, ROOM) as running:
        await _logged(folder / "log", "registered")
        yield running


_PROSODY = """\
pidfile = "{folder}/pid"; data_path = "{folder}/data"; run_as_root = true; daemonize = false
modules_enabled = {{ "roster", "saslauth", "disco" }}
authentication = "internal_plain"; c2s_require_encryption = false; allow_unencrypted_plain_auth = true
s2s_ports = {{}}; c2s_ports = {{ {port} }}; interfaces = {{ "127.0.0.1" }}
log = {{ warn = "{folder}/prosody.log" }}
network_settings = {{ tcp_backlog = 4096 }}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  muc_room_locking = false
  muc_room_default_presence_broadcast = {{ visitor = false, participant = false, moderator = false }}
"""


@contextlib.asynccontextmanager
async def prosody(root: Path, folder: Path) -> AsyncIterator[Running]:
    port, source = free_port(), root / "usr/lib/prosody"
    (folder / "prosody.cfg.lua").write_text(_PROSODY.format(folder=folder, port=port))
    people = folder / "data/localhost/accounts"
    people.mkdir(parents=True)
    for number in range(1, 201):
        (people / f"u{number}.dat").write_text('return { ["password"] = "pw" };\n')
    script = (root / "usr/bin/prosody").read_text().replace("/usr/lib/prosody", str(source))
    (folder / "prosody").write_text(script)
    compiled = _only(root, "usr/lib/*/lua/5.4")
    environment = {
        "LUA_PATH_5_4": f"{root}/usr/share/lua/5.4/?.lua;{root}/usr/share/lua/5.4/?/init.lua;;",
        "LUA_CPATH_5_4": f"{compiled}/?.so;;",
        "LD_LIBRARY_PATH": str(compiled.parents[1]),
    }
    command = [str(root / "usr/bin/lua5.4"), str(folder / "prosody"), "--config", str(folder / "prosody.cfg.lua"), "-F"]
    async with _process("xmpp", command, environment, folder, port, ROOM) as running:
        yield running


_SYNAPSE = """\
server_name: localhost
pid_file: {folder}/pid
listeners: [{{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}]
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
trusted_key_servers: []
report_stats: false
enable_registration: true
enable_registration_without_verification: true
bcrypt_rounds: 4
presence: {{enabled: false}}
rc_message: {many}
rc_registration: {many}
rc_login: {{address: {many}, account: {many}, failed_attempts: {many}}}
rc_joins: {{local: {many}, remote: {many}}}
rc_joins_per_room: {many}
"""


@contextlib.asynccontextmanager
async def synapse(python: Path, folder: Path) -> AsyncIterator[Running]:
    port = free_port()
    many = "{per_second: 100000, burst_count: 100000}"
    (folder / "homeserver.yaml").write_text(_SYNAPSE.format(folder=folder, port=port, many=many))
    command = [str(python), "-m", "synapse.app.homeserver", "-c", str(folder / "homeserver.yaml")]
    await asyncio.to_thread(subprocess.run, [*command, "--generate-keys"], check=True, capture_output=True)
    async with _process("matrix", command, {}, folder, port, "") as running:
        people, room = await asyncio.to_thread(_matrix_people, port)
        yield running._replace(people=people, room=room)


def _matrix_people(port: int) -> tuple[list[tuple[str, str]], str]:
    def ask(path: str, body: Mapping[str, Any], secret: str = "") -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {secret}"} if secret else {})}
        url = f"http://127.0.0.1:{port}/_matrix/client/v3/{path}"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)

    people: list[tuple[str, str]] = []
    for number in range(1, PEOPLE + 1):
        made = {"username": f"u{number}", "password": "correct horse battery", "auth": {"type": "m.login.dummy"}}
        people.append((f"u{number}", ask("register", made)["access_token"]))
    room = ask("createRoom", {"preset": "public_chat"}, people[0][1])["room_id"]
    for _, secret in people[1:]:
        ask(f"join/{room}", {}, secret)
    return people, room


@contextlib.asynccontextmanager
async def _process(
    kind: str, command: list[str], environment: dict[str, str], folder: Path, port: int, room: str
) -> AsyncIterator[Running]:
    began = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environment}, cwd=folder, stdout=log, stderr=log
        )
    try:
        while not _answers(port):
            if process.returncode is not None or time.perf_counter() > began + START_WITHIN:
                raise RuntimeError(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-3000:]}")
            await asyncio.sleep(0.02)
        people = [(f"u{number}", "pw") for number in range(1, 201)]
        yield Running(kind, port, process.pid, room, people, time.perf_counter() - began)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


async def _logged(path: Path, words: str) -> None:
    end = time.perf_counter() + START_WITHIN
    while words not in (text := _text(path)):
        if time.perf_counter() > end:
            raise TimeoutError(f"{words!r} never came:\n{text[-3000:]}")
        await asyncio.sleep(0.05)


def _text(path: Path) -> str:
    return path.read_text()


def _only(folder: Path, pattern: str) -> Path:
    (found,) = (each for each in folder.glob(pattern) if not each.parent.is_symlink())
    return found
