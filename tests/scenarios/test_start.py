"""Starting: what the terminal says, what is refused with a reason, what an idle process must not load."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.place import Place, free_port
from tests.servers.process import running

NOT_EMBEDDED = (
    *("nats", "redis", "asyncpg", "obstore", "alembic", "webauthn", "PIL"),
    *("prometheus_client", "opentelemetry"),
)


def hubbub(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "JWT_"))}
    return subprocess.run(
        [sys.executable, "-m", "hubbub", *arguments],
        cwd=folder,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_terminal_shows_the_link_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.start()
    token = place.setup_token
    assert f"{place.url}/setup?token={token}" in place.log.read_text()
    assert (tmp_path / "data" / "setup-token").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data" / "keys" / "jwt.pem").stat().st_mode & 0o777 == 0o600
    assert place.stop() == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HUBBUB_PORT": "eighty"}, "HUBBUB_PORT"),
        ({"HUBBUB_REGISTRATION": "maybe"}, "invite, open, closed"),
        ({"HUBBUB_TLS": "files"}, "HUBBUB_TLS_CERT"),
        ({"HUBBUB_METRICS_TOKEN": "short"}, "16 characters"),
        ({"HUBBUB_METRICS_FROM": "10.0.0.0/99"}, "HUBBUB_METRICS_FROM"),
        ({"HUBBUB_DATABASE_KEY": "k" * 16, "HUBBUB_REPLICATION": "litestream"}, "litestream"),
        ({"HUBBUB_ORIGINS": "chat.example"}, "https://"),
        ({"HUBBUB_LIVEKIT_KEYS": "key: short"}, "32 characters"),
        ({"JWT_SECRET": "a plain secret", "HUBBUB_PORT": str(free_port())}, "RS256"),
        ({"HUBBUB_DATA_DIR": "/proc/nowhere", "HUBBUB_PORT": str(free_port())}, "HUBBUB_DATA_DIR"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    ended = hubbub(tmp_path, "run", **settings)
    assert ended.returncode in (1, 2)
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = hubbub(tmp_path, "run", HUBBUB_PORT=str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "HUBBUB_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_config_and_doctor_say_what_there_is(tmp_path: Path) -> None:
    listed = hubbub(tmp_path, "config").stdout
    assert "HUBBUB_PUBLIC_URL" in listed
    assert listed.count("HUBBUB_") >= 17
    place = Place(tmp_path)
    checked = hubbub(tmp_path, "doctor", HUBBUB_PORT=str(place.port))
    assert checked.returncode == 0, checked.stdout
    assert "all well" in checked.stdout


def test_tls_is_1_3_and_nothing_older(tmp_path: Path) -> None:
    with running(Place(tmp_path, HUBBUB_TLS="self-signed")) as place:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", place.port), 10) as plain, context.wrap_socket(plain) as secure:
            assert secure.version() == "TLSv1.3"
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", place.port), 10) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain)


def test_an_embedded_process_loads_no_other_backends() -> None:
    program = f"import hubbub.assembly, sys; print([each for each in {NOT_EMBEDDED!r} if each in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_ready_says_whether_it_answers(tmp_path: Path) -> None:
    place = Place(tmp_path, HUBBUB_TLS="self-signed")
    settings = {"HUBBUB_PORT": str(place.port), "HUBBUB_TLS": "self-signed", "HUBBUB_HOST": "0.0.0.0"}
    away = hubbub(tmp_path, "ready", **settings)
    assert (away.returncode, "no answer" in away.stderr) == (1, True)
    with running(place):
        here = hubbub(tmp_path, "ready", **settings)
        assert (here.returncode, here.stdout, here.stderr) == (0, "", "")
