"""The line of each part of a JSON text, found only when somebody asks, and only as far as needed."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from cmms_audit.documents.places import Duplicate, Place, pointer_join, pointer_parts, start_of

_MOST_DUPLICATES = 1000
_MOST_PASSES = 8  # over the text in pieces, before one pass that notes everything is cheaper
_SPACE = re.compile(r"[ \t\n\r]*+")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]|[^\s{}\[\]:,"]++', re.DOTALL)


class _Member(Struct):
    """A member of a mapping or list: where it starts (at its key, if it has one), and where its value does."""

    start: int
    value: int


class _Opened(Struct):
    """A mapping or list, and those of its members that have been met so far, by the step of a pointer."""

    unmet: Iterator[tuple[str, _Member]]
    met: dict[str, _Member] = field(default_factory=dict)

    def member(self, step: str) -> _Member | None:
        """The member that a step names; None where there is none."""
        while step not in self.met:
            name, member = next(self.unmet, (None, None))
            if name is None or member is None:
                return None
            self.met[name] = member
        return self.met[step]


class JsonLines:
    """Lines of a valid JSON text by pointer. `repeats` tells that some mapping gives a key twice."""

    def __init__(self, text: str, *, repeats: bool) -> None:
        self._text = text
        self._repeats = repeats
        self._opened: dict[int, _Opened] = {}
        self._patience = _MOST_PASSES * len(text)
        self._known_offsets, self._known_lines = [0], [1]
        self._decoder = json.JSONDecoder(
            object_pairs_hook=bool, parse_int=bool, parse_float=bool, parse_constant=bool, strict=False
        )

    def line(self, pointer: str) -> int | None:
        """The line of what a pointer names: where its key stands, or for a list member its value."""
        if self._repeats or self._patience < 0:
            offset = start_of(self._everything.tree, pointer)
        else:
            offset = self._offset(pointer)
        return None if offset is None else self._line_at(offset)

    def duplicates(self) -> tuple[Duplicate, ...]:
        """The keys that a mapping gives more than once."""
        return tuple(Duplicate(pointer, self._line_at(offset)) for pointer, offset in self._everything.duplicates)

    def _line_at(self, offset: int) -> int:
        """The line of an offset, counted on from the nearest place before whose line is known."""
        near = bisect_right(self._known_offsets, offset)
        line = self._known_lines[near - 1] + self._text.count("\n", self._known_offsets[near - 1], offset)
        self._known_offsets.insert(near, offset)
        self._known_lines.insert(near, line)
        return line

    def _offset(self, pointer: str) -> int | None:
        start = value = self._after_space(0)
        for step in pointer_parts(pointer):
            bracket = self._text[value]
            if bracket not in "{[":
                return None
            if value not in self._opened:
                self._opened[value] = _Opened(self._members(value))
            member = self._opened[value].member(step)
            if member is None:
                return None
            start, value = member.start, member.value
        return start

    def _members(self, opening: int) -> Iterator[tuple[str, _Member]]:
        """The members of the mapping or list that opens there, each with its name or index."""
        text, count = self._text, 0
        at = self._after_space(opening + 1)
        while text[at] not in "}]":
            start, name = at, str(count)
            if text[opening] == "{":
                name, end = self._decoder.raw_decode(text, at)
                at = self._after_space(self._after_space(end) + 1)
            yield name, _Member(start, at)
            count += 1
            _, end = self._decoder.raw_decode(text, at)
            self._patience -= end - start
            at = self._after_space(end)
            if text[at] == ",":
                at = self._after_space(at + 1)

    def _after_space(self, offset: int) -> int:
        match = _SPACE.match(self._text, offset)
        return match.end() if match else offset

    @cached_property
    def _everything(self) -> _Scan:
        return _Scan(self._text)


class _Scan:
    """Offsets of all parts of a valid JSON text, in a tree shaped like its value."""

    def __init__(self, text: str) -> None:
        self.duplicates: list[tuple[str, int]] = []
        self._open: list[tuple[Any, str]] = []
        self._children: Any = []
        self._key: str | None = None
        self._key_offset = 0
        top = self._children
        for match in _TOKEN.finditer(text):
            self._take(match.group(), match.start())
        self.tree: Place = top[0]

    def _take(self, part: str, offset: int) -> None:
        if part in ("}", "]"):
            self._children, self._key = self._open.pop()[0], None
        elif self._key is None and type(self._children) is dict:
            self._take_key(part, offset)
        else:
            inside: Any = {} if part == "{" else [] if part == "[" else None
            step = self._put(offset, inside)
            if inside is not None:
                self._open.append((self._children, step))
                self._children = inside

    def _take_key(self, part: str, offset: int) -> None:
        key = str(json.loads(part, strict=False)) if "\\" in part else part[1:-1]
        if key in self._children and len(self.duplicates) < _MOST_DUPLICATES:
            path = [step for _, step in self._open[1:]]
            self.duplicates.append((pointer_join("", *path, key), offset))
        self._key, self._key_offset = key, offset

    def _put(self, offset: int, inside: Any) -> str:
        """Note where a value stands, and return the step of a pointer that leads to it."""
        start = offset if self._key is None else self._key_offset
        place = start if inside is None else (start, inside)
        if self._key is None:
            self._children.append(place)
            return str(len(self._children) - 1)
        step, self._key = self._key, None
        self._children[step] = place
        return step
