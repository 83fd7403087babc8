"""What a name may be. Pure.

A username is typed at login and seen in mentions, so it is small on purpose: one spelling, no look-alikes across
scripts. A display name is free text, only without what breaks lines or hides (controls, bidi overrides, blanks alone).
"""

from __future__ import annotations

import re
import unicodedata

from hubbub.errors import Refused

_USERNAME = re.compile(r"[a-z0-9_.]{2,32}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_DISPLAY_LENGTH = 32


def username(text: str) -> str:
    """The one spelling (NFKC, lower case). Refused: user.username_invalid."""
    name = unicodedata.normalize("NFKC", text).strip().lower()
    if not _USERNAME.fullmatch(name):
        raise Refused("user.username_invalid")
    return name


def display_name(text: str) -> str:
    """Trimmed, one space between words. Refused: user.display_name_invalid."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c != "\u200d" for c in name)
    if not name or len(name) > _DISPLAY_LENGTH or hidden:
        raise Refused("user.display_name_invalid")
    return name


def email(text: str | None) -> str | None:
    """Only the shape is checked: no mail is sent. Refused: user.email_invalid."""
    if text is None or not text.strip():
        return None
    address = text.strip()
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Refused("user.email_invalid")
    return address
