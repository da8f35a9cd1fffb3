"""Makes hostile text safe to show: whatever could steer a terminal, reorder a line or hide itself becomes visible.

Escaping for a format (HTML, Markdown) is each renderer's own business and happens after this.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from cmms_audit.patterns import pattern

MAX_COMBINING = 3
"""Combining marks kept on one letter; natural languages need no more, and piles of them paint over other lines."""

_KEPT = {"\n", "\t"}
_MAYBE_PILED = pattern(rf"[^\w\s\x00-\x7f]{{{MAX_COMBINING + 1},}}")
_BLANK_LOOKING = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_PLAIN_LETTERS = str.maketrans({"\u00a0": " ", "…": "...", "–": "-", "→": "->"})


class _Visible(dict[int, str]):
    """A translation table that decides about a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _shown(chr(code))
        return shown


def _shown(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _BLANK_LOOKING or unicodedata.category(character) in _UNSAFE_CATEGORIES:
        return f"[U+{ord(character):04X}]"
    return character


_TABLE = _Visible()


def visible(text: str) -> str:
    """The text with control, bidirectional, zero-width, private and unassigned characters spelled out.

    Line feeds and tabs stay. Escape sequences lose their escape character and so become plain letters.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").translate(_TABLE)
    return text if text.isascii() else _without_piles(text)


def _without_piles(text: str) -> str:
    return _MAYBE_PILED.sub(lambda match: _thinned(match[0]), text)


def _thinned(text: str) -> str:
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if run <= MAX_COMBINING:
            kept.append(character)
    return "".join(kept)


def encodable(text: str, encoding: str) -> str:
    """The text in letters that an encoding has: those of our own sentences as ASCII, all others spelled out."""
    return text.translate(_PLAIN_LETTERS).encode(encoding, "backslashreplace").decode(encoding)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def one_line(text: str, limit: int = 600) -> str:
    """Visible text on one line: every run of white space becomes one space."""
    return shorten(visible(" ".join(text[: 4 * limit].split())), limit)


def sentence(text: str, limit: int = 1200) -> str:
    """One line that begins with a capital letter and ends with a full stop or what stands for one."""
    line = one_line(text, limit)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?", "…", ":")) else ".") if line else ""


def safe_link(address: str | None) -> str | None:
    """The address if a reader may click it: http or https, a plain host, no user name in front, nothing odd in it."""
    if not address or len(address) > 2000 or not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or "\\" in address:
        return None
    return address
