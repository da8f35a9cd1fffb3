"""Tells whether a JSON body names a member of an object twice: what it says is then up to the reader (RFC 8259, 4)."""

from __future__ import annotations

import json

LARGEST = 1024 * 1024  # bytes; a larger body is not looked through


class _Repeated(Exception):  # noqa: N818 - ends the reading, and is no error
    pass


def repeats_a_key(body: bytes | bytearray) -> bool:
    """Whether a body is JSON in which an object has two members of one name."""
    if b'"' not in body or len(body) > LARGEST:
        return False
    try:
        json.loads(body, object_pairs_hook=_demand_one_of_each)
    except _Repeated:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _demand_one_of_each(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Repeated
