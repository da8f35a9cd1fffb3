"""The members of a body at every depth, each with its schema; how deep and how many is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cmms_audit.spec.schema import Schema

_DEEPEST = 4
_MOST = 2_000


def members(schema: Schema | None, deepest: int = _DEEPEST) -> Iterator[tuple[str, Schema]]:
    """Names and schemas of the members of a body, of what they hold and of what its lists hold, at most 2,000.

    `deepest` counts levels: a list of objects is two.
    """
    return islice(_members(schema, deepest), _MOST)


def _members(schema: Schema | None, deepest: int) -> Iterator[tuple[str, Schema]]:
    if schema is None or not deepest:
        return
    yield from _members(schema.items, deepest - 1)
    for name, inner in schema.properties.items():
        yield name, inner
        yield from _members(inner, deepest - 1)
