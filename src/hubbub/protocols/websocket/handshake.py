"""WebSocket handshake without I/O (RFC 6455, section 4.2): the request head in, a Request or a refusal out.

Method, version, key and Origin are ours to check: uvicorn looks only at Connection and Upgrade, and its proxy-header
and access-log code never sees a socket that its own classes do not serve.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha1
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEADERS = {"Connection": "close", "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Request(NamedTuple):
    """An upgrade request that passed. `address` is the client's, also behind trusted proxies; "" if unknown. `origin` is
    ours as this client reached it, e.g. `https://chat.example`."""

    path: str
    query: bytes
    headers: dict[bytes, bytes]  # lower-case names; values of a repeated header joined by ", "
    address: str
    origin: str = ""


class Rejected(Exception):
    """An answer instead of the upgrade. `headers` are added to (or replace) the usual ones."""

    def __init__(self, status: int, body: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        payload = body.encode()
        lines = {**_HEADERS, **(headers or {}), "Content-Length": str(len(payload))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.response = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode("latin-1") + payload


class Origins:
    """Which pages may open sockets: our own origin, no Origin (no browser: the token decides), and a list or `*`."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._any = False
        self._allowed: set[str] = set()
        for origin in allowed:
            self._any |= origin == "*"
            self._allowed.add(_normal_origin(origin))

    def allows(self, origin: str | None, host: str) -> bool:
        """`host`: the Host header. The scheme of our own origin is not compared: TLS often ends in front of us."""
        if origin is None or self._any:
            return True
        normal = _normal_origin(origin)
        scheme, _, place = normal.partition("://")
        return normal in self._allowed or (scheme in _DEFAULT_PORTS and place == _with_port(host.lower(), scheme))


class Proxies:
    """Reverse proxies whose forwarded headers are believed: addresses and networks, `unix` for a socket file."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._unix = False
        self._networks: list[IPv4Network | IPv6Network] = []
        for each in trusted:
            if each == "unix":
                self._unix = True
            else:
                self._networks.append(ip_network(each, strict=False))

    def trusts(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return self._unix and not address
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The nearest hop that is no trusted proxy; what stands left of it in X-Forwarded-For may be invented."""
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        address = peer
        while hops and self.trusts(address):
            address = hops.pop()
        try:
            return str(ip_address(address))
        except ValueError:
            return peer


def read_request(head: bytes, peer: str, secure: bool, origins: Origins, proxies: Proxies) -> Request:
    """Check an upgrade request; `peer` is the address at the other end of the connection, `secure` whether TLS ends
    here. Raises Rejected."""
    line, *lines = head[:-4].split(b"\r\n")
    method, target, _ = line.split(b" ", 2)
    headers = _headers(lines)
    if method != b"GET":
        raise Rejected(405, "A socket is opened with GET.", {"Allow": "GET"})
    if headers.get(b"sec-websocket-version") != b"13":
        raise Rejected(426, "This is a WebSocket path, version 13.", {"Sec-WebSocket-Version": "13"})
    scheme, host = _reached(headers, proxies.trusts(peer), secure)
    _check_origin(headers, host, origins)
    try:
        valid = len(b64decode(headers[b"sec-websocket-key"], validate=True)) == 16
    except (KeyError, ValueError):
        valid = False
    if not valid:
        raise Rejected(400, "Sec-WebSocket-Key must be 16 bytes in Base64.")
    path, _, query = target.partition(b"?")
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    return Request(
        unquote(path.decode("latin-1")), query, headers, proxies.client(peer, forwarded), f"{scheme}://{host}"
    )


def accept(request: Request, subprotocol: bytes | None = None) -> bytes:
    """The answer that turns the connection into a socket."""
    digest = b64encode(sha1(request.headers[b"sec-websocket-key"] + _MAGIC).digest())
    chosen = b"Sec-WebSocket-Protocol: " + subprotocol + b"\r\n" if subprotocol else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n" + chosen + b"\r\n"
    )


def _headers(lines: Iterable[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        found[name] = found[name] + b", " + value if name in found else value
    return found


def _reached(headers: dict[bytes, bytes], proxied: bool, secure: bool) -> tuple[str, str]:
    """Scheme and host that the client used."""
    host, scheme = headers.get(b"host", b""), b"https" if secure else b"http"
    if proxied:
        host = headers.get(b"x-forwarded-host", host)
        scheme = headers.get(b"x-forwarded-proto", scheme)
    return "https" if scheme.lower() in (b"https", b"wss") else "http", host.decode("latin-1")


def _check_origin(headers: dict[bytes, bytes], host: str, origins: Origins) -> None:
    if (origin := headers.get(b"origin")) is None:
        return
    shown = origin.decode("latin-1")
    if not origins.allows(shown, host):
        raise Rejected(403, f"Pages of {shown} may not connect here. The setting HUBBUB_ORIGINS lists those that may.")


def _normal_origin(origin: str) -> str:
    scheme, _, place = origin.strip().lower().rstrip("/").partition("://")
    return f"{scheme}://{_with_port(place, scheme)}"


def _with_port(place: str, scheme: str) -> str:
    """`host:port`, the port of the scheme when none is given; an IPv6 address is in brackets."""
    if place.rpartition("]")[2].rpartition(":")[1]:
        return place
    return f"{place}:{_DEFAULT_PORTS.get(scheme, '')}"
