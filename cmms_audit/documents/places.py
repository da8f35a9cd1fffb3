"""Places in a document: JSON pointers (RFC 6901), and trees of lines or offsets that are walked by them."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

# A place in a file: where a value starts, and for a list or mapping the places of what it holds.
Place: TypeAlias = "int | tuple[int, Places]"
Places: TypeAlias = "dict[str, Place] | list[Place]"


class Duplicate(Struct, frozen=True):
    """A key that a mapping gives more than once; the last one counts. `line` is where it stands again."""

    pointer: str
    line: int


def pointer_join(pointer: str, *keys: str | int) -> str:
    """A JSON pointer some steps further down: "/paths" with "/assets" and "get" makes "/paths/~1assets/get"."""
    for key in keys:
        step = str(key)
        if "~" in step or "/" in step:
            step = step.replace("~", "~0").replace("/", "~1")
        pointer = f"{pointer}/{step}"
    return pointer


def pointer_parts(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped. The empty pointer, the whole document, has none."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def list_index(step: str, length: int) -> int | None:
    """The step of a pointer as an index into a list of that length; None where it is none."""
    if not (step.isascii() and step.isdigit()) or len(step) > 9:
        return None
    index = int(step)
    return index if index < length else None


def start_of(place: Place, pointer: str) -> int | None:
    """Where the value that a pointer names starts, in the tree's own unit; None where it names nothing."""
    for step in pointer_parts(pointer):
        if isinstance(place, int):
            return None
        children = place[1]
        if isinstance(children, dict):
            if step not in children:
                return None
            place = children[step]
        else:
            index = list_index(step, len(children))
            if index is None:
                return None
            place = children[index]
    return place if isinstance(place, int) else place[0]
