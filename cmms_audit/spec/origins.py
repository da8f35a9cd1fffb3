"""Where the parts of a converted description come from in the vendor's file, so that findings still name its lines."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from cmms_audit.documents import Document, list_index, pointer_parts

# A line of the vendor's file, or a JSON pointer into it whose line is looked up when somebody asks.
Origin: TypeAlias = "int | str"
_Part = TypeVar("_Part", bound="dict[str, Any] | list[Any]")


class Origins:
    """The origins of the mappings and lists of a converted value, and of single members of them.

    A part without one takes that of what holds it. Parts are told by identity, and so every marked one is kept.
    """

    def __init__(self) -> None:
        self._parts: dict[int, tuple[Origin, Any]] = {}
        self._members: dict[tuple[int, str], tuple[Origin, Any]] = {}

    def mark(self, part: _Part, origin: Origin) -> _Part:
        """Note where a mapping or list comes from, and return it."""
        self._parts[id(part)] = (origin, part)
        return part

    def mark_member(self, part: dict[str, Any], key: str, origin: Origin) -> None:
        """Note where one member of a mapping comes from, whatever its value is."""
        self._members[id(part), key] = (origin, part)

    def of(self, value: Any, pointer: str) -> Origin | None:
        """The origin of what a pointer into the converted value names; None where it names nothing."""
        found = self._parts.get(id(value))
        for step in pointer_parts(pointer):
            holder = value
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and (index := list_index(step, len(value))) is not None:
                value = value[index]
            else:
                return None
            found = self._parts.get(id(value), self._members.get((id(holder), step), found))
        return found[0] if found else None


def converted(value: Any, origins: Origins, source: Document) -> Document:
    """A converted value as a document whose lines are those of the vendor's file that it was made from."""

    def line(pointer: str) -> int | None:
        origin = origins.of(value, pointer)
        if origin is None:
            return source.line(pointer)  # a place in the vendor's own file, such as a key that it gives twice
        return source.line(origin) if isinstance(origin, str) else origin

    return Document(value, source.source, source.duplicates, line, source.repaired_line)
