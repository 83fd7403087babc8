"""Who may connect, and from where it seems to come."""

from __future__ import annotations

import pytest

from hubbub.protocols.websocket.handshake import Origins, Proxies, Rejected, Request, read_request
from hubbub.protocols.websocket.occupancy import Occupancy

KEY = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def read(
    headers: dict[str, str],
    peer: str = "198.51.100.1",
    origins: tuple[str, ...] = (),
    trusted: tuple[str, ...] = (),
    secure: bool = False,
) -> Request:
    lines = [f"{name}: {value}" for name, value in {"Host": "chat.example", **KEY, **headers}.items()]
    head = "\r\n".join(["GET /gateway?v=1 HTTP/1.1", *lines, "", ""]).encode()
    return read_request(head, peer, secure, Origins(origins), Proxies(trusted))


@pytest.mark.parametrize(
    ("origin", "host", "listed", "allowed"),
    [
        ("https://chat.example", "chat.example", (), True),
        ("http://chat.example", "chat.example", (), True),
        ("https://CHAT.example", "chat.EXAMPLE", (), True),
        ("https://chat.example", "chat.example:443", (), True),
        ("https://chat.example:8443", "chat.example:8443", (), True),
        ("https://chat.example:8443", "chat.example", (), False),
        ("http://[::1]:8080", "[::1]:8080", (), True),
        ("http://[::1]", "[::1]", (), True),
        ("https://evil.example", "chat.example", (), False),
        ("https://chat.example.evil.example", "chat.example", (), False),
        ("null", "chat.example", (), False),
        ("", "chat.example", (), False),
        ("file://", "", (), False),
        ("app://chat.example", "chat.example", (), False),
        ("https://evil.example, https://chat.example", "chat.example", (), False),
        ("https://other.example", "chat.example", ("https://other.example",), True),
        ("https://other.example:443", "chat.example", ("https://other.example/",), True),
        ("http://other.example", "chat.example", ("https://other.example",), False),
        ("app://hubbub", "chat.example", ("app://hubbub",), True),
        ("https://anything.example", "chat.example", ("*",), True),
        ("null", "chat.example", ("*",), True),
    ],
)
def test_origins(origin: str, host: str, listed: tuple[str, ...], allowed: bool) -> None:
    assert Origins(listed).allows(origin, host) is allowed
    if allowed:
        read({"Origin": origin, "Host": host}, origins=listed)
    else:
        with pytest.raises(Rejected) as refused:
            read({"Origin": origin, "Host": host}, origins=listed)
        assert refused.value.status == 403


def test_no_origin_is_no_browser() -> None:
    assert read({}).path == "/gateway"


def test_behind_a_proxy_the_forwarded_host_counts() -> None:
    forwarded = {"Host": "10.0.0.5:8080", "X-Forwarded-Host": "chat.example", "X-Forwarded-Proto": "https"}
    request = read({**forwarded, "Origin": "https://chat.example"}, peer="10.0.0.1", trusted=("10.0.0.0/8",))
    assert request.origin == "https://chat.example"
    with pytest.raises(Rejected):
        read({**forwarded, "Origin": "https://chat.example"}, peer="198.51.100.1", trusted=("10.0.0.0/8",))
    assert read({}).origin == "http://chat.example"
    assert read({}, secure=True).origin == "https://chat.example"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", "6.6.6.6", "198.51.100.1"),  # anybody can write that header
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("", "203.0.113.9", "203.0.113.9"),  # a socket file
    ],
)
def test_client_addresses(peer: str, forwarded: str, client: str) -> None:
    assert read({"X-Forwarded-For": forwarded}, peer=peer, trusted=("10.0.0.0/8", "unix")).address == client


def test_a_refusal_cannot_be_split() -> None:
    """What a client wrote comes back only in the body."""
    with pytest.raises(Rejected) as refused:
        read({"Origin": "https://evil.example\tX-Made-Up: yes"})
    head = refused.value.response.partition(b"\r\n\r\n")[0]
    assert b"evil" not in head


def test_one_household_has_one_ipv6_network() -> None:
    occupancy = Occupancy(1)
    occupancy.entered("2001:db8:0:1::1")
    with pytest.raises(Rejected):
        occupancy.entered("2001:db8:0:1:ffff::2")
    occupancy.entered("2001:db8:0:2::1")
    occupancy.entered("203.0.113.9")
    with pytest.raises(Rejected):
        occupancy.entered("::ffff:203.0.113.9")
    occupancy.left("203.0.113.9")
    occupancy.entered("::ffff:203.0.113.9")
    assert (occupancy.sockets, occupancy.refused) == (3, 2)
