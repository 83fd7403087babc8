"""NATS's rules for subjects: dotted parts; in a pattern `*` stands for one part, a last `>` for one or more."""

from __future__ import annotations


def check_subject(subject: str) -> None:
    """Raises ValueError for what cannot be published to: empty parts, wildcards, white space."""
    if not all(subject.split(".")) or any(c in "*>" or c.isspace() for c in subject):
        raise ValueError(f"not a subject: {subject!r}")


def check_pattern(pattern: str) -> None:
    """Raises ValueError: a wildcard is a whole part, `>` is the last one."""
    parts = pattern.split(".")
    for place, part in enumerate(parts):
        wild = part == "*" or (part == ">" and place == len(parts) - 1)
        if not wild and (not part or any(c in "*>" or c.isspace() for c in part)):
            raise ValueError(f"not a pattern: {pattern!r}")


def matches(pattern: str, subject: str) -> bool:
    asked, given = pattern.split("."), subject.split(".")
    if asked[-1] == ">":
        if len(given) < len(asked):
            return False
        asked.pop()
    elif len(given) != len(asked):
        return False
    return all(part in ("*", other) for part, other in zip(asked, given, strict=False))
