"""JSON text to plain values, and the line of each part, found only when somebody asks."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from functools import cached_property
from typing import Any

from cmms_audit.documents.limits import Limits
from cmms_audit.documents.places import Duplicate, Place, pointer_join, start_of
from cmms_audit.errors import InputError, Problem

_LONGEST_NUMBER = 100
_MOST_DUPLICATES = 1000
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s{}\[\]:,"]+', re.DOTALL)


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _fraction(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else digits


def load_json(text: str, source: str, limits: Limits) -> tuple[Any, bool]:
    """The value of a JSON text, and whether some mapping gives a key twice.

    Numbers that no other reader could hold (NaN, 1e999, thousands of digits) stay text.
    Raises InputError where it is over a limit, and json.JSONDecodeError where it is no JSON.
    """
    repeats = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) != len(pairs)
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=mapping, parse_int=_integer, parse_float=_fraction, parse_constant=str, strict=False
    )
    try:
        value = decoder.decode(text)
    except RecursionError:
        raise _too_deep(source, limits) from None
    _check_size(value, source, limits)
    return _without_lone_surrogates(text, value), repeats


def _check_size(value: Any, source: str, limits: Limits) -> None:
    level = [value]
    nodes = depth = 0
    while level := [node for node in level if type(node) is dict or type(node) is list]:
        depth += 1
        if depth > limits.depth:
            raise _too_deep(source, limits)
        nodes += sum(map(len, level))
        if nodes > limits.nodes:
            raise InputError(Problem(source, f"more than {limits.nodes:,} values", "such a document is not read"))
        level = [child for node in level for child in (node.values() if type(node) is dict else node)]


def _too_deep(source: str, limits: Limits) -> InputError:
    what = f"nested more than {limits.depth} levels deep"
    return InputError(Problem(source, what, "such a document is not read"))


def _without_lone_surrogates(text: str, value: Any) -> Any:
    """Half characters (half of an emoji) are legal JSON, but nothing could print or hash them."""
    if "\\ud" not in text and "\\uD" not in text:
        return value
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        return json.loads(written.encode("utf-8", "replace"))
    return value


class JsonLines:
    """Lines of a JSON text by pointer, from one pass over the text that is made at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, pointer: str) -> int | None:
        """The line of what a pointer names: where its key stands, or for a list member its value."""
        offset = start_of(self._scan.tree, pointer)
        return None if offset is None else self._line_at(offset)

    def duplicates(self) -> tuple[Duplicate, ...]:
        """The keys that a mapping gives more than once."""
        return tuple(Duplicate(pointer, self._line_at(offset)) for pointer, offset in self._scan.duplicates)

    def _line_at(self, offset: int) -> int:
        return bisect_right(self._line_starts, offset)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    @cached_property
    def _scan(self) -> _Scan:
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
