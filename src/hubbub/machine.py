"""What the composition root asks of this machine: folders, secrets in files, names and addresses."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

from hubbub.config import Config


class CannotStart(Exception):
    """Why not, for the operator."""


def make_private(folder: Path) -> None:
    """The data folder, for nobody else's eyes."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise CannotStart(f"{folder} cannot be used: {error.strerror}. Choose another HUBBUB_DATA_DIR.") from None


def secret(path: Path) -> str:
    """A random secret of the instance, made once, also when several processes begin at once."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def origins(config: Config) -> tuple[str, ...]:
    return (config.public_url, *config.origins) if config.public_url else config.origins


def names(config: Config) -> list[str]:
    """Host names and addresses under which people may reach this machine, for the self-signed certificate."""
    named = [urlsplit(config.public_url).hostname or ""] if config.public_url else []
    named += [each.rpartition(":")[0] or each for each in config.public_ip]
    named += [info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)] if _is_open(config.host) else []
    named += [] if _is_open(config.host) else [config.host]
    return [str(each) for each in dict.fromkeys(named) if each]


def _is_open(host: str) -> bool:
    return host in ("0.0.0.0", "::", "")


def bind_address(host: str) -> str:
    """The media engine binds addresses, not names."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][4][0])


def is_secure(origin: str) -> bool:
    """Whether browsers allow microphones on pages from there (secure contexts)."""
    parts = urlsplit(origin)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
