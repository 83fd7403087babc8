"""Colours mean something: lamp is voices and lit rooms and nothing else, and styles know tokens, not numbers."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "web" / "src"
TOKENS = SOURCE / "styles" / "tokens.css"
SHEETS = sorted(set(SOURCE.rglob("*.css")) - {TOKENS})

# People in sound: speaking rings, meters, rooms and servers with somebody in them, the call that is on.
VOICES = re.compile(
    r"\.srv\.lit|\.lit-room|\.lamp-i|\.mini-call|\.in-room|\.porch\.lit|\.card\.lit|\[data-speaking\]|\.meter|\.lvl-fill"
    r"|\.pane|\.door"
)
LAMP = re.compile(r"var\(--(?:on-video-)?lamp[\w-]*\)|var\(--voice-(?:speaking|meter)\)")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(")
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")


def rules() -> list[tuple[str, str, str]]:
    """(sheet, selectors, declarations) of every rule, comments removed."""
    found: list[tuple[str, str, str]] = []
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
        found += [(sheet.name, " ".join(head.split()), body) for head, body in _RULE.findall(text)]
    return found


def test_lamp_is_voices_only() -> None:
    uses = [(sheet, head) for sheet, head, body in rules() if LAMP.search(body)]
    assert len(uses) > 10, "the sheets were not read"
    assert not [use for use in uses if not VOICES.search(use[1])]


def test_components_know_tokens_not_colours() -> None:
    wrong = [
        (sheet, head, line.strip())
        for sheet, head, body in rules()
        for line in body.split(";")
        if COLOUR.search(line) and not line.strip().startswith("--")  # a picture names its own colours once
    ]
    assert not wrong
    named = {sheet for sheet, _, body in rules() for line in body.split(";") if COLOUR.search(line)}
    assert named <= {"doors.css"}, "only the picture on the door has colours of its own"


def test_no_colour_is_written_in_code() -> None:
    files = [each for each in SOURCE.rglob("*.tsx") if ".test." not in each.name]
    assert len(files) > 50
    strings = re.compile(r"[\"'`][^\"'`\n]*(?:#[0-9a-fA-F]{6}\b|\b(?:rgba?|hsla?|oklch)\()[^\"'`\n]*[\"'`]")
    assert not [(each.name, hit.group()) for each in files if (hit := strings.search(each.read_text()))]
