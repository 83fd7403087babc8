"""`hubbub doctor`: looks at the machine and the settings, and says what to mend, one line each."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from hubbub.config import Config

Check = Callable[[Config], str]


class Trouble(Exception):
    """What is wrong and what to do about it."""


def report(config: Config) -> int:
    """Print a line per check; 0 when all is well."""
    failed = 0
    for name, check in CHECKS.items():
        try:
            print(f"  ok    {name}: {check(config)}")
        except Trouble as trouble:
            failed += 1
            print(f"  MEND  {name}: {trouble}")
    print("all well" if not failed else f"{failed} to mend")
    return 1 if failed else 0


def _python(_: Config) -> str:
    return sys.version.split()[0]


def _engine(_: Config) -> str:
    try:
        from hubbub import _media  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise Trouble(f"the media engine is not built ({error}); `make run` builds it") from None
    return "built"


def _client(_: Config) -> str:
    if not (Path(__file__).parent / "web" / "index.html").is_file():
        raise Trouble("the web client is not built; `make run` builds it")
    return "built"


def _data(config: Config) -> str:
    folder = config.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise Trouble(f"{folder} cannot be written ({error.strerror}); choose another HUBBUB_DATA_DIR") from None
    free = shutil.disk_usage(folder).free
    if free < 1 << 30:
        raise Trouble(f"only {free >> 20} MiB are free on the disk of {folder}")
    return f"{folder.resolve()}, {free >> 30} GiB free"


def _database(config: Config) -> str:
    import apsw

    from hubbub.errors import Unavailable
    from hubbub.infra.database.sqlite_open import open_file

    if not config.database_path.exists():
        return f"SQLite {apsw.sqlite_lib_version()}, made at first start"
    try:
        link = open_file(str(config.database_path), config.database_key, flags=apsw.SQLITE_OPEN_READWRITE)
        answer = link.pragma("quick_check")
        link.close()
    except Unavailable as error:
        raise Trouble(str(error)) from None
    except apsw.NotADBError:
        raise Trouble(f"{config.database_path} is no database, or HUBBUB_DATABASE_KEY is not its key") from None
    except apsw.Error as error:
        raise Trouble(f"{config.database_path} cannot be read: {error}") from None
    if answer != "ok":
        raise Trouble(f"{config.database_path} is damaged: {answer}")
    return f"SQLite {apsw.sqlite_lib_version()}, file is sound"


def _tcp(config: Config) -> str:
    return _bindable(config.host, config.port, socket.SOCK_STREAM, "TCP", "HUBBUB_PORT")


def _udp(config: Config) -> str:
    if config.livekit_url:
        return _livekit(config.livekit_url)
    return _bindable(config.host, config.media_port, socket.SOCK_DGRAM, "UDP", "HUBBUB_MEDIA_PORT")


def _livekit(url: str) -> str:
    from urllib.request import urlopen

    try:
        with urlopen(f"http{url.removeprefix('ws')}", timeout=5):
            return f"LiveKit answers at {url}"
    except OSError as error:
        raise Trouble(f"LiveKit does not answer at {url} ({error}); see HUBBUB_LIVEKIT_URL") from None


def _bindable(host: str, port: int, kind: socket.SocketKind, name: str, setting: str) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Trouble(
                f"{host} port {port} is not free ({error.strerror}); is Hubbub running already? Else change {setting}"
            ) from None
    return f"{name} {port} on {host} is free"


def _microphones(config: Config) -> str:
    local = config.host in ("127.0.0.1", "::1", "localhost")
    if config.tls != "off" or local or config.trusted_proxies or config.public_url.startswith("https://"):
        return "browsers will allow them"
    raise Trouble(
        "browsers allow them only over https or on this machine; set HUBBUB_TLS=self-signed, "
        "or put a proxy with TLS in front and name it in HUBBUB_TRUSTED_PROXIES"
    )


def _certificate(config: Config) -> str:
    if config.tls != "files":
        return f"HUBBUB_TLS={config.tls}"
    for path in (config.tls_cert, config.tls_key):
        if not os.access(path, os.R_OK):
            raise Trouble(f"{path} cannot be read")
    return "files can be read"


CHECKS: dict[str, Check] = {
    "python": _python,
    "media engine": _engine,
    "web client": _client,
    "data folder": _data,
    "database": _database,
    "port for pages": _tcp,
    "port for media": _udp,
    "microphones": _microphones,
    "certificate": _certificate,
}
