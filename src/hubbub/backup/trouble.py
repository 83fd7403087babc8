"""Why a backup or a restore was not made."""

from __future__ import annotations


class Trouble(Exception):
    """What is wrong and what to do about it, for the operator."""
