"""The RSA key that signs access tokens: the operator's, or one made on first start."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class KeyRefused(Exception):
    """The reason, for the operator, why a configured key cannot be used."""


def load(configured: str | None, own: Path) -> bytes:
    """A private key as PEM. `configured` (JWT_SECRET) is a PEM text or the path of one; `own` is where ours lives."""
    if configured:
        pem = configured.encode() if "-----BEGIN" in configured else _read(Path(configured))
        return _checked(pem, "JWT_SECRET")
    if not own.exists():
        _make(own)
    return _checked(own.read_bytes(), str(own))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyRefused(
            f"JWT_SECRET is neither a PEM key nor the path of one ({error.strerror}). Tokens are signed with RS256: "
            "give an RSA private key, or leave it out and one is made."
        ) from None


def _checked(pem: bytes, name: str) -> bytes:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyRefused(f"{name} is not an unencrypted PEM private key: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise KeyRefused(f"{name} must be an RSA key of 2048 bits or more.")
    return pem


def _make(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
