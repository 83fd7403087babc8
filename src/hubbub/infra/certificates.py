"""A self-signed certificate for HUBBUB_TLS=self-signed: microphones work, browsers warn once (RFC 5280)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 397  # browsers distrust longer ones


class Certificate(NamedTuple):
    chain: Path
    key: Path


def self_signed(folder: Path, names: Iterable[str]) -> Certificate:
    """The certificate in `folder`, made for these host names and addresses; anew when it lacks one or is near its end."""
    found = Certificate(folder / "self-signed.pem", folder / "self-signed.key")
    wanted = {"localhost", "127.0.0.1", "::1", socket.gethostname(), *names}
    if not _covers(found.chain, wanted):
        _make(found, wanted)
    return found


def _covers(path: Path, wanted: set[str]) -> bool:
    try:
        known = x509.load_pem_x509_certificate(path.read_bytes())
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    there = {str(each.value) for each in names}
    return wanted <= there and known.not_valid_after_utc > datetime.now(UTC) + timedelta(days=14)


def _make(target: Certificate, names: set[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hubbub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    target.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(target.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    target.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
