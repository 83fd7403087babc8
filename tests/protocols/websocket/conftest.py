"""What several suites of the gateway stand on."""

from tests.protocols.websocket.gateway_place import place

__all__ = ("place",)
