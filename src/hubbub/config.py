"""All settings, read once at start: environment over `hubbub.toml` over the default. `hubbub config` prints this page.

One frozen tree. A field's comment is its documentation; its metadata names the variable. A value that cannot be used
is refused at start with the reason, and so is an unknown key of the file. An unknown HUBBUB_ variable is only named:
it may belong to a neighbour.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

Registration = Literal["invite", "open", "closed"]
TlsMode = Literal["off", "self-signed", "files"]


class ConfigRefused(Exception):
    """What is wrong with a setting, for the operator."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its variable, default as text, what it does, and how its text becomes a value."""

    name: str
    field: str
    default: str
    help: str
    parse: Callable[[str], Any]


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


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is one of: {', '.join(allowed)}")
        return text

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"is a number from {low:g} to {high:g}")
        return value

    return parse


def _port(text: str) -> int:
    return int(_number(0, 65_535)(text))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> tuple[str, ...]:
    found = _list(text)
    for each in found:
        if each != "*" and not each.startswith(("http://", "https://")):
            raise ValueError("is a list of origins such as https://chat.example, or *")
    return tuple(each.rstrip("/") for each in found)


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("begins with http:// or https://")
    return text.rstrip("/")


def _scheme(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and not text.startswith(allowed):
            raise ValueError(f"begins with {' or '.join(allowed)}")
        return text.rstrip("/")

    return parse


def _replicas(text: str) -> tuple[str, ...]:
    """A comma also parts the hosts of one address, so the next address begins with its scheme."""
    found = re.split(r",\s*(?=postgres(?:ql)?://)", text.strip()) if text.strip() else []
    return tuple(_scheme("postgresql://", "postgres://")(each) for each in found)


def _word(text: str) -> str:
    if not text or not all(c.isascii() and (c.isalnum() or c in "-_") for c in text):
        raise ValueError("is a word of a-z, 0-9, - and _")
    return text


def _keys(text: str) -> dict[str, str]:
    """LiveKit's own form: `key: secret`, several separated by commas or lines."""
    found: dict[str, str] = {}
    for line in text.replace(",", "\n").splitlines():
        if not line.strip():
            continue
        key, colon, secret = line.partition(":")
        if not colon or not key.strip() or len(secret.strip()) < 32:
            raise ValueError('is "key: secret" with a secret of at least 32 characters')
        found[key.strip()] = secret.strip()
    return found


def shown(config: Config) -> dict[str, str]:
    """Every setting as it is in force, for reading: secrets are "(set)"."""
    values = {option.name: getattr(config, option.field) for option in OPTIONS}
    return {name: "(set)" if name in SECRETS and value else str(value) for name, value in values.items()}


def _long(least: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and len(text) < least:
            raise ValueError(f"has at least {least} characters")
        return text

    return parse


def _relays(text: str) -> tuple[str, ...]:
    found = _list(text)
    for each in found:
        if not each.startswith(("turn:", "turns:", "stun:")):
            raise ValueError("is a list of turn:host:port, turns:host:port or stun:host:port")
    return found


def _networks(text: str) -> tuple[str, ...]:
    found = _list(text)
    for each in found:
        ip_network(each, strict=False)  # ValueError says what is wrong with it
    return found


def _flag(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false", "yes", "no"):
        raise ValueError("is 0 or 1")
    return text.lower() in ("1", "true", "yes")


def _option(name: str, field: str, default: str, help: str, parse: Callable[[str], Any] = str) -> Option:
    return Option(name=name, field=field, default=default, help=help, parse=parse)


OPTIONS: tuple[Option, ...] = (
    _option("HUBBUB_HOST", "host", "127.0.0.1", "Address to listen on; 0.0.0.0 or :: for every interface."),
    _option("HUBBUB_PORT", "port", "8080", "TCP port of pages, API, gateway and media signalling.", _port),
    _option("HUBBUB_DATA_DIR", "data_dir", "./data", "Folder of database, keys and files; made on first start.", Path),
    _option(
        "HUBBUB_REGISTRATION",
        "registration",
        "invite",
        "Who may make an account: invite (with a link), open (anybody), closed (nobody).",
        _choice("invite", "open", "closed"),
    ),
    _option(
        "HUBBUB_MEDIA_PORT", "media_port", "0", "UDP port of voice and video; 0: the same number as HUBBUB_PORT.", _port
    ),
    _option(
        "HUBBUB_PUBLIC_URL",
        "public_url",
        "",
        "Address that people type (https://talk.example): in invites, set-up link, voice, Origin. Empty: as asked.",
        _url,
    ),
    _option(
        "HUBBUB_PUBLIC_IP",
        "public_ip",
        "",
        "Addresses for media, ip or ip:port, comma separated; behind NAT the outer one. Empty: all interfaces'.",
        _list,
    ),
    _option(
        "HUBBUB_TLS",
        "tls",
        "off",
        "off (loopback, or behind a proxy), self-signed (made on first start), files (see the two below). TLS 1.3.",
        _choice("off", "self-signed", "files"),
    ),
    _option("HUBBUB_TLS_CERT", "tls_cert", "", "Certificate chain in PEM, with HUBBUB_TLS=files."),
    _option("HUBBUB_TLS_KEY", "tls_key", "", "Its private key in PEM, with HUBBUB_TLS=files."),
    _option(
        "HUBBUB_ORIGINS",
        "origins",
        "",
        "Origins of other pages that may use this instance (one client, many instances), or *. Own origin always may.",
        _origins,
    ),
    _option(
        "HUBBUB_WEB_DIR", "web_dir", "", "Folder of another build of the web client. Empty: the one that came along."
    ),
    _option(
        "HUBBUB_TRUSTED_PROXIES",
        "trusted_proxies",
        "",
        "Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        _list,
    ),
    _option(
        "HUBBUB_RATE_LIMIT_SCALE",
        "rate_limit_scale",
        "1",
        "Multiplies every rate limit; 0 switches them off (load tests on loopback only).",
        _number(0, 1e9),
    ),
    _option(
        "HUBBUB_LIVEKIT_KEYS",
        "livekit_keys",
        "",
        'Keys for LiveKit\'s own tools: "key: secret", comma separated.',
        _keys,
    ),
    _option(
        "JWT_SECRET",
        "jwt_secret",
        "",
        "RSA private key (PEM text or its path) that signs access tokens. Empty: made on first start.",
    ),
    _option("HUBBUB_NAME", "instance_name", "Hubbub", "Name of this instance, shown before anybody logs in."),
    _option(
        "HUBBUB_REPLICATION",
        "replication",
        "none",
        "litestream: leave checkpoints of the database to a Litestream sidecar.",
        _choice("none", "litestream"),
    ),
    _option(
        "HUBBUB_ENCODED_CALLS",
        "encoded_calls",
        "0",
        "1: every call between services is encoded as between processes. For tests of that.",
        _flag,
    ),
    _option(
        "HUBBUB_LOG_LEVEL",
        "log_level",
        "info",
        "debug, info, warning or error. Logs go to standard error.",
        _choice("debug", "info", "warning", "error"),
    ),
    _option(
        "HUBBUB_LOG_FORMAT",
        "log_format",
        "json",
        "json (a line is an object: timestamp, level, service, trace_id, user_id, message) or text, for eyes.",
        _choice("json", "text"),
    ),
    _option(
        "HUBBUB_METRICS_TOKEN",
        "metrics_token",
        "",
        "Bearer token that opens /metrics and the counters of /health from anywhere; at least 16 characters.",
        _long(16),
    ),
    _option(
        "HUBBUB_METRICS_FROM",
        "metrics_from",
        "127.0.0.0/8,::1",
        "Without a token: networks from which /metrics may be read directly, not through a proxy.",
        _networks,
    ),
    _option(
        "HUBBUB_DATABASE_KEY",
        "database_key",
        "",
        "Encrypts the database file; at least 16 characters. Whoever loses it loses the data.",
        _long(16),
    ),
    _option(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "otlp_endpoint",
        "",
        "OpenTelemetry collector that gets traces over OTLP/HTTP (http://collector:4318). Empty: none are kept.",
        _url,
    ),
    _option(
        "TURN_URL",
        "turn_url",
        "",
        "Relays for people whose network lets no UDP through (turn:relay.example:3478?transport=tcp), comma separated.",
        _relays,
    ),
    _option("TURN_USERNAME", "turn_username", "", "User of the relay. Everybody in a call is told it."),
    _option(
        "TURN_PASSWORD", "turn_password", "", "Its password, told likewise: let the relay reach media nodes alone."
    ),
    _option(
        "DATABASE_URL",
        "database_url",
        "",
        "PostgreSQL 15 or newer (postgresql://user:password@host/database). Empty: SQLite in the data folder.",
        _scheme("postgresql://", "postgres://"),
    ),
    _option(
        "DATABASE_REPLICA_URL",
        "database_replica_url",
        "",
        "Its read replicas, comma separated, for old pages of history and lists of members; they may be behind, or away.",
        _replicas,
    ),
    _option(
        "NATS_URL",
        "nats_url",
        "",
        "NATS servers, comma separated, over which the processes of one instance meet. Empty: there is one process.",
        _scheme("nats://", "tls://", "ws://", "wss://"),
    ),
    _option(
        "REDIS_URL",
        "redis_url",
        "",
        "Redis or Valkey (redis://, rediss://; a cluster: redis+cluster://), shared by them. Empty: memory.",
        _scheme("redis://", "rediss://", "redis+cluster://", "rediss+cluster://"),
    ),
    _option(
        "HUBBUB_NAMESPACE",
        "namespace",
        "hubbub",
        "First part of subjects and keys on NATS and Redis, where several instances share them: a-z, 0-9, -, _.",
        _word,
    ),
    _option(
        "HUBBUB_MEDIA_URL",
        "media_url",
        "",
        "Where clients reach this media node's signalling (wss://media1.example), where there are several. Empty: here.",
        _scheme("ws://", "wss://"),
    ),
    _option(
        "HUBBUB_LIVEKIT_URL",
        "livekit_url",
        "",
        "Your own LiveKit (wss://livekit.example) for voice and video, instead of the media that comes along. Empty: own.",
        _scheme("ws://", "wss://"),
    ),
    _option("HUBBUB_LIVEKIT_API_KEY", "livekit_api_key", "", "The key that Hubbub has there; it signs webhooks, too."),
    _option("HUBBUB_LIVEKIT_API_SECRET", "livekit_api_secret", "", "Its secret; at least 32 characters.", _long(32)),
)
_ADDRESSES = ("DATABASE_URL", "DATABASE_REPLICA_URL", "NATS_URL", "REDIS_URL")  # they may hold passwords
SECRETS = frozenset(
    (
        "JWT_SECRET",
        "HUBBUB_LIVEKIT_KEYS",
        "HUBBUB_LIVEKIT_API_SECRET",
        "HUBBUB_METRICS_TOKEN",
        "HUBBUB_DATABASE_KEY",
        "TURN_PASSWORD",
        *_ADDRESSES,
    )
)
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
