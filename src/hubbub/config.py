"""All settings, read once at start: environment over `hubbub.toml` over the default. `hubbub config` prints this page.

One frozen tree. A field's comment is its documentation; its metadata names the variable. A value that cannot be used
is refused at start with the reason, and so is an unknown key of the file. An unknown HUBBUB_ variable is only named:
it may belong to a neighbour.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from hubbub.options import OPTIONS, SECRETS

Registration = Literal["invite", "open", "closed"]
TlsMode = Literal["off", "self-signed", "files"]


class ConfigRefused(Exception):
    """What is wrong with a setting, for the operator."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What the process runs with."""

    host: str
    port: int
    data_dir: Path
    registration: Registration
    media_port: int
    public_url: str
    public_ip: tuple[str, ...]
    tls: TlsMode
    tls_cert: str
    tls_key: str
    origins: tuple[str, ...]
    web_dir: str
    trusted_proxies: tuple[str, ...]
    rate_limit_scale: float
    livekit_keys: dict[str, str]
    jwt_secret: str
    instance_name: str
    replication: Literal["none", "litestream"]
    encoded_calls: bool
    log_level: str
    log_format: Literal["json", "text"]
    metrics_token: str
    metrics_from: tuple[str, ...]
    otlp_endpoint: str
    turn_url: tuple[str, ...]
    turn_username: str
    turn_password: str
    database_key: str
    database_url: str
    database_replica_url: tuple[str, ...]
    nats_url: str
    redis_url: str
    namespace: str
    media_url: str
    livekit_url: str
    livekit_api_key: str
    livekit_api_secret: str

    @property
    def database_path(self) -> Path:
        return self.data_dir / "hubbub.db"

    @property
    def scheme(self) -> str:
        return "http" if self.tls == "off" else "https"


_BY_NAME = {option.name: option for option in OPTIONS}
_BY_KEY = {option.name.removeprefix("HUBBUB_").lower(): option.name for option in OPTIONS}


def load(
    environment: Mapping[str, str] | None = None, file: Path | None = None, over: Mapping[str, str] | None = None
) -> Config:
    """Raises ConfigRefused. `file`: by default `hubbub.toml` in the working folder, if there is one. `over`: what the
    command line says, which wins."""
    environment = os.environ if environment is None else environment
    values = {
        **_from_file(file or Path("hubbub.toml"), required=file is not None),
        **_from_environment(environment),
        **(over or {}),
    }
    fields: dict[str, Any] = {}
    for option in OPTIONS:
        text = values.get(option.name, option.default)
        try:
            fields[option.field] = option.parse(text)
        except ValueError as error:
            shown = "(set)" if option.name in SECRETS else repr(text)
            raise ConfigRefused(f"{option.name}={shown}: {error}") from None
    config = Config(**fields)
    if config.tls == "files" and not (config.tls_cert and config.tls_key):
        raise ConfigRefused("HUBBUB_TLS=files needs HUBBUB_TLS_CERT and HUBBUB_TLS_KEY.")
    if config.database_key and config.replication == "litestream":
        raise ConfigRefused("HUBBUB_REPLICATION=litestream cannot read a file that HUBBUB_DATABASE_KEY encrypts.")
    if config.livekit_url and not (config.livekit_api_key and config.livekit_api_secret):
        raise ConfigRefused("HUBBUB_LIVEKIT_URL needs HUBBUB_LIVEKIT_API_KEY and HUBBUB_LIVEKIT_API_SECRET.")
    return msgspec.structs.replace(config, media_port=config.media_port or config.port)


def unknown(environment: Mapping[str, str] | None = None) -> list[str]:
    """Variables that look like ours and are not: most often a spelling."""
    environment = os.environ if environment is None else environment
    return sorted(name for name in environment if name.startswith("HUBBUB_") and name not in _BY_NAME)


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name in _BY_NAME}


def _from_file(path: Path, required: bool) -> dict[str, str]:
    """Keys are the names in lower case, without HUBBUB_: `port = 8080`, `jwt_secret = "…"`."""
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if required:
            raise ConfigRefused(f"{path} does not exist.") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigRefused(f"{path}: {error}") from None
    found: dict[str, str] = {}
    for key, value in content.items():
        if (name := _BY_KEY.get(key, "")) == "":
            raise ConfigRefused(f"{path}: {key} is not a setting. `hubbub config` lists them all.")
        found[name] = ",".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else _text(value)
    return found


def _text(value: Any) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def shown(config: Config) -> dict[str, str]:
    """Every setting as it is in force, for reading: secrets are "(set)"."""
    values = {option.name: getattr(config, option.field) for option in OPTIONS}
    return {name: "(set)" if name in SECRETS and value else str(value) for name, value in values.items()}


def describe(config: Config | None = None) -> str:
    """Every option with its default and meaning; with a config, also what is in force (secrets hidden)."""
    lines: list[str] = []
    for option in OPTIONS:
        default = option.default or "(empty)"
        lines.append(f"{option.name}={default}")
        lines.append(f"    {option.help}")
        if config is not None:
            lines.append(f"    now: {shown(config)[option.name]}")
    return "\n".join(lines)
