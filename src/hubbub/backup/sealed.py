"""A file that only the passphrase opens, written and read as a stream of any length.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online authenticated encryption"): pieces of 64 KiB,
each sealed by ChaCha20-Poly1305 with a nonce of 7 random bytes, the piece's number (4 bytes) and whether it is the last
one (1 byte). So pieces cannot be cut off, dropped, repeated or moved unnoticed. The key is scrypt's, from a fresh salt.

Layout: MAGIC, 16 bytes of salt, 7 bytes of nonce prefix, then the pieces, each 16 bytes longer than its content.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hubbub.backup.trouble import Trouble

MAGIC = b"hubbub sealed backup 1\n"
PIECE = 64 * 1024
_TAG = 16


def is_sealed(file: BinaryIO) -> bool:
    """Looks at the beginning and goes back there."""
    begins = file.read(len(MAGIC))
    file.seek(0)
    return begins == MAGIC


class Sealing:
    """A file to write to. `close` writes the last piece; the file below stays open."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt, self._prefix = os.urandom(16), os.urandom(7)
        self._file = file
        self._cipher = _cipher(passphrase, salt)
        self._number = 0
        self._waiting = bytearray()
        file.write(MAGIC + salt + self._prefix)

    def write(self, content: bytes) -> int:
        self._waiting += content
        while len(self._waiting) > PIECE:  # the last piece is never sealed here, so it can be marked
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(content)

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, piece: bytes, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._prefix, self._number, last), piece, MAGIC))
        self._number += 1


class Unsealing:
    """A file to read from. Raises Trouble for a wrong passphrase and for anything that was changed or cut off."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        head = file.read(len(MAGIC) + 16 + 7)
        salt, self._prefix = head[len(MAGIC) : len(MAGIC) + 16], head[len(MAGIC) + 16 :]
        if len(self._prefix) != 7:
            raise Trouble("this backup is cut off")
        self._file = file
        self._cipher = _cipher(passphrase, salt)
        self._number = 0
        self._ahead = file.read(PIECE + _TAG)  # one piece ahead: only so the last one is known
        self._ready = bytearray()
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._open_next()
        size = len(self._ready) if size < 0 else size
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def _open_next(self) -> None:
        sealed, self._ahead = self._ahead, self._file.read(PIECE + _TAG)
        self._ended = not self._ahead
        try:
            self._ready += self._cipher.decrypt(_nonce(self._prefix, self._number, self._ended), sealed, MAGIC)
        except InvalidTag:
            why = "the passphrase is another one" if self._number == 0 else "it was changed or cut off"
            raise Trouble(f"this backup cannot be opened: {why}") from None
        self._number += 1


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, n=1 << 16, r=8, p=1).derive(passphrase.encode()))


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, last)
