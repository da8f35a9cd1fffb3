"""Keeps what belongs to another customer of the vendor out of the records: each value is put down as a mark of itself.

Two equal values have the same mark, so that what is recorded can still be held against records of our own. Pure.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

OF_ANOTHER = "other_tenant"  # the role of the credential whose answers are veiled
_WITHHELD = "«an answer to another customer»"
_DEEPEST = 40


def veiled_answer(body: str) -> str:
    """What to record in the place of an answer's body: its JSON with marks for values, or only that there was one."""
    try:
        return json.dumps(_veiled(json.loads(body), _DEEPEST))
    except (ValueError, RecursionError):
        return _WITHHELD


def veiled(value: object) -> object:
    """The mark of a text or number; anything else is its own, for it tells nothing."""
    if isinstance(value, bool) or value is None or value == "":
        return value
    return f"«{hashlib.sha256(str(value).encode('utf-8', 'replace')).hexdigest()[:16]}»"


def _veiled(value: Any, depth: int) -> Any:
    if depth and isinstance(value, dict):
        return {name: _veiled(each, depth - 1) for name, each in value.items()}
    if depth and isinstance(value, list):
        return [_veiled(each, depth - 1) for each in value]
    return veiled(value)
