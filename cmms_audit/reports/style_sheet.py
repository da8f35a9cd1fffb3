"""The style sheet of every HTML report, and the hash that lets it, and no other, take effect."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path


@lru_cache
def style() -> str:
    """The style sheet as text."""
    return (Path(__file__).parent / "html" / "style.css").read_text(encoding="utf-8")


@lru_cache
def style_hash() -> str:
    """Its hash as a source expression (Content Security Policy Level 3, section 2.3.1)."""
    digest = hashlib.sha256(style().encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()
