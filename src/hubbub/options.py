"""The table of all settings: variable, default, meaning, and how its text becomes a value (`config.py` reads them)."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its variable, default as text, what it does, and how its text becomes a value."""

    name: str
    field: str
    default: str
    help: str
    parse: Callable[[str], Any]


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
