"""How much of a document is taken in, and the collector kept out of the way while that happens."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a document may cost; one that is over is refused.

    `bytes` of text, `nodes` (values, repeated ones counted each time), `depth` of nesting, and `alias_nodes`:
    values that exist only because YAML aliases repeat them.
    """

    bytes: int = 40_000_000
    nodes: int = 1_000_000
    depth: int = 200
    alias_nodes: int = 300_000


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
