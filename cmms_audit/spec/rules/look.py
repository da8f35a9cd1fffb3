"""What a rule is to the sweep: a function that is called at one key of what is visited, and tells what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from cmms_audit.documents import pointer_join
from cmms_audit.spec.library import Node, SpecFile


class Visit:
    """A list or mapping that is looked into, linked to the one around it, so that its pointer can be told if needed.

    The outermost of a file, or of a part of a file, has no `around`; its `step` is the pointer that leads to it.
    """

    __slots__ = ("around", "kind", "step", "value")

    def __init__(self, value: Any, around: Visit | None, step: str | int, kind: Any) -> None:
        self.value = value
        self.around = around
        self.step = step
        self.kind = kind

    def pointer(self, *further: str | int) -> str:
        """The JSON pointer of this, or of something in it."""
        steps = list(further[::-1])
        visit = self
        while visit.around is not None:
            steps.append(visit.step)
            visit = visit.around
        return pointer_join(str(visit.step), *reversed(steps))


class Seen(Protocol):
    """What a rule may ask of the sweep, and note down for later. See `spec/sweep.py`."""

    file: SpecFile
    root: Node
    composed: list[tuple[SpecFile, str]]
    unknown_required: list[tuple[SpecFile, Visit, list[str]]]
    security: list[tuple[SpecFile, Visit, list[Any]]]
    examples: list[tuple[Node, Node]]
    examples_seen: int
    parts_looked_at: int

    @property
    def swagger2(self) -> bool:
        """Whether the description is written in Swagger 2.0."""
        ...

    @property
    def modern(self) -> bool:
        """Whether it is OpenAPI 3.1 or later."""
        ...

    def tell(self, rule: str, what: str, visit: Visit, *steps: str | int) -> None:
        """Take down a fault."""
        ...


Look: TypeAlias = Callable[[Seen, Visit, str, Any], None]
