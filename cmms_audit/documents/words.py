"""Words of a file in our messages: the nearest right one for a slip, and nothing that could steer a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a mistyped word most probably meant; None where none is near."""
    plain = {_squeezed(choice): choice for choice in choices}
    import difflib  # only for a slip

    found = difflib.get_close_matches(_squeezed(word)[:100], plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def printable(text: str) -> str:
    """The text with everything that could steer a terminal replaced."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _squeezed(word: str) -> str:
    return re.sub(r"[-_ .]", "", word.lower())
