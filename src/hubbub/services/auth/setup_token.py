"""The one-time token that lets the first person own the instance: a file that only the operator can read."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path


class SetupToken:
    def __init__(self, path: Path) -> None:
        self._path = path

    def ensure(self) -> str:
        """The token, made (mode 0600) if there is none yet."""
        if known := self.read():
            return known
        token = secrets.token_urlsafe(18)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(token + "\n")
        return token

    def read(self) -> str | None:
        try:
            return self._path.read_text().strip() or None
        except OSError:
            return None

    def matches(self, given: str) -> bool:
        token = self.read()
        return token is not None and hmac.compare_digest(token.encode(), given.strip().encode())

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
