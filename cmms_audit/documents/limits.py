"""How much of a document is taken in, and the collector kept out of the way while that happens."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

OVER_A_LIMIT = "such a document is not read"


class Limits(Struct, frozen=True):
    """What a document may cost; one that is over is refused.

    `bytes` of text, `nodes` (values, repeated ones counted each time), `depth` of nesting, `alias_nodes` (values that
    exist only because YAML aliases repeat them), `pointers` (characters of the JSON pointers of all values, which a
    long key multiplies), characters of one `text`, and `seconds` of reading.
    """

    bytes: int = 40_000_000
    nodes: int = 800_000
    depth: int = 200
    alias_nodes: int = 300_000
    pointers: int = 200_000_000
    text: int = 5_000_000
    seconds: float = 20


DEFAULT_LIMITS = Limits()


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection inside: building a big tree frees nothing, and collections would cost half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
