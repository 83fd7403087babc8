"""READY and long pages, packed once each (EV-05): a binary frame that holds the text frame's JSON in zlib's format (RFC 1950).

Not permessage-deflate: that would cost every connection its windows (300 KB), and unpacking whatever a client sends. Who
says "deflate" in IDENTIFY's capabilities gets it; browsers unpack with DecompressionStream("deflate").
"""

from __future__ import annotations

import zlib

from hubbub.protocols.websocket.codec import BINARY, frame, payload_of

CAPABILITY = "deflate"
FROM = 4_096  # bytes: below, a packet or two less is not worth the work
LEVEL = 1  # 40 us for 10 KB, and nearly all of the gain


def packed(prebuilt: bytes) -> bytes:
    """One whole text frame as a packed one; a short one as it is."""
    return frame(BINARY, zlib.compress(payload_of(prebuilt), LEVEL)) if len(prebuilt) > FROM else prebuilt
