"""Sockets: RFC 6455 (codec, handshake, connection) for every path, and the native gateway dialect at `/gateway`."""
