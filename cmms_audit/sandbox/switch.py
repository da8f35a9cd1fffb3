"""What a switch is: one named way to break one behaviour of an embedded vendor.

A switch is declared in the module whose code it breaks; each vendor collects its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One breakage, and what an audit should notice of it.

    `says` tells a reader what is broken. `questions` are the ids of the guide's questions whose verdict the
    breakage may move, `flags` the red flags whose state it may change: at least one of them must move, and
    nothing outside them may. A breakage with neither is worth telling, and moves nothing.
    """

    name: str
    says: str
    questions: tuple[str, ...]
    flags: tuple[str, ...] = ()


Broken = frozenset[Switch]
