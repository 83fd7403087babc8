"""What a name or a description may be. Pure. Any script is welcome; what hides or breaks lines is not."""

from __future__ import annotations

import unicodedata

from hubbub.errors import Refused

_BIDI = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # they would reorder the text around the name
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by category, but nothing to see
_INVISIBLE = ("Z", "C", "M")  # first letter of the category: separators, controls and formats, lone marks


def name(text: str, code: str, most: int) -> str:
    """Trimmed, 1 to `most` characters with something to see among them. Refused: `code`."""
    trimmed = unicodedata.normalize("NFC", text).strip()
    seen = any(unicodedata.category(c)[0] not in _INVISIBLE and c not in _BLANK for c in trimmed)
    if not seen or len(trimmed) > most or not printable(trimmed):
        raise Refused(code, limit=most)
    return trimmed


def line(text: str, code: str, most: int) -> str:
    """Trimmed, possibly empty. Refused: `code`."""
    trimmed = text.strip()
    if len(trimmed) > most or not printable(trimmed):
        raise Refused(code, limit=most)
    return trimmed


def paragraph(text: str, what: str, most: int) -> str:
    """Like `line`, but it may have several. Refused: request.invalid."""
    trimmed = text.replace("\r\n", "\n").strip()
    if len(trimmed) > most or not printable(trimmed.replace("\n", "")):
        raise Refused("request.invalid", reason=f"{what} has at most {most} characters and no control characters.")
    return trimmed


def printable(text: str) -> bool:
    """No controls, line breaks, lone surrogates or bidi overrides. Unassigned code points pass: tomorrow's emoji."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _BIDI for c in text)


def folded(text: str) -> str:
    """For search and order: equal for everything that differs by case or width only."""
    return unicodedata.normalize("NFKC", text).casefold()
