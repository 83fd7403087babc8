"""How many sockets are open, in all and per client address, and how many did not make it (EV-01)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from hubbub.protocols.websocket.handshake import Rejected


class Occupancy:
    """Plain counters; `sockets` is the number of open ones, the others only grow."""

    def __init__(self, per_address: int) -> None:
        self._per_address = per_address  # 0: no bound
        self._by_address: dict[str, int] = {}
        self.sockets = 0
        self.refused = 0  # over the bound of an address
        self.dropped = 0  # too slow

    def entered(self, address: str) -> None:
        """Raises Rejected (429) when the address holds all that one address may."""
        group = _group(address)
        held = self._by_address.get(group, 0)
        if self._per_address and held >= self._per_address:
            self.refused += 1
            raise Rejected(429, f"One address may hold {self._per_address} sockets.", {"Retry-After": "10"})
        self._by_address[group] = held + 1
        self.sockets += 1

    def left(self, address: str) -> None:
        self.sockets -= 1
        group = _group(address)
        if (held := self._by_address[group] - 1) > 0:
            self._by_address[group] = held
        else:
            del self._by_address[group]


def _group(address: str) -> str:
    """One household has one IPv4 address or one IPv6 /64: counting single IPv6 addresses would bound nothing."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else parsed.exploded[:19]
    return address
