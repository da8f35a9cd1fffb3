"""YAML text to plain values with the line of each: the 1.2 core schema, within budgets, without constructing objects.

Built on libyaml's events, because composing whole trees recurses in C and loses the lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yaml import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from cmms_audit.documents.limits import Limits
from cmms_audit.documents.places import Duplicate, Place, Places, pointer_join
from cmms_audit.errors import InputError, Problem

_MOST_DUPLICATES = 1000
_LONGEST_NUMBER = 100
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TAGS_OF_WORDS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))


def plain_value(text: str) -> Any:
    """What an unquoted word of YAML means (1.2 core schema, section 10.3.2).

    "yes", "on", dates and numbers with a leading zero stay words; so do numbers that JSON could not hold (.inf,
    1e999) or that are absurdly long.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended yet. `deepest` is the deepest level reached inside it."""

    value: Any
    places: Any
    line: int
    anchor: str | None
    nodes_before: int
    deepest: int
    is_mapping: bool
    key: str | None = None
    key_line: int = 0

    def add(self, value: Any, places: Places | None, line: int) -> None:
        """Take in a complete value."""
        if self.is_mapping:
            self.value[self.key] = value
            self.places[self.key] = self.key_line if places is None else (self.key_line, places)
            self.key = None
        else:
            self.value.append(value)
            self.places.append(line if places is None else (line, places))


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor names; `nodes` values, `height` levels."""

    value: Any
    places: Places | None
    nodes: int
    height: int


@dataclass(frozen=True)
class BuiltYaml:
    """The value of a YAML text, the lines of all its parts, and the keys that were given twice."""

    value: Any
    lines: Place
    duplicates: tuple[Duplicate, ...]


def build_yaml(text: str, source: str, limits: Limits) -> BuiltYaml:
    """Build the value of a YAML text. Raises InputError where it is over a limit, YAMLError where it is no YAML."""
    return _Builder(text, source, limits).build()


class _Builder:
    """Turns events into values. `nodes` counts every value, those repeated by aliases included."""

    def __init__(self, text: str, source: str, limits: Limits) -> None:
        self.parser = CParser(text)
        self.source = source
        self.limits = limits
        self.opened = _Open([], [], 1, None, 0, 0, False)  # the file itself, a list of one document
        self.outer: list[_Open] = []
        self.anchors: dict[str, _Anchored] = {}
        self.duplicates: list[Duplicate] = []
        self.nodes = 0
        self.alias_nodes = 0

    def build(self) -> BuiltYaml:
        """Read all events of the text's one document."""
        steps: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self.scalar,
            MappingStartEvent: self.start_mapping,
            SequenceStartEvent: self.start_list,
            MappingEndEvent: self.end,
            SequenceEndEvent: self.end,
            AliasEvent: self.alias,
        }
        next_event = self.parser.get_event
        while (event := next_event()) is not None:
            step = steps.get(type(event))
            if step is not None:
                step(event)
        documents, places = self.opened.value, self.opened.places
        if any(document is not None for document in documents[1:]):
            raise self.refusal(None, "holds more than one document", "keep one document a file")
        return BuiltYaml(documents[0] if documents else None, places[0] if places else 1, tuple(self.duplicates))

    def scalar(self, event: Any) -> None:
        """A word, number or text."""
        opened = self.opened
        value = event.value
        line = event.start_mark.line + 1
        if opened.is_mapping and opened.key is None:
            self.set_key(value, line)
        else:
            if event.implicit[0] or event.tag in _TAGS_OF_WORDS:
                value = plain_value(value)
            opened.add(value, None, line)
            self.count(1, line)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(value, None, 1, 0)

    def start_mapping(self, event: Any) -> None:
        """A mapping opens."""
        self.start(event, {}, {})

    def start_list(self, event: Any) -> None:
        """A list opens."""
        self.start(event, [], [])

    def start(self, event: Any, value: Any, places: Any) -> None:
        """A mapping or list opens; it joins its parent when it ends, so that nothing can contain itself."""
        line = event.start_mark.line + 1
        if self.opened.is_mapping and self.opened.key is None:
            raise self.refusal(line, "a list or mapping stands where a key should be", "a key must be a word")
        self.count(1, line)
        self.outer.append(self.opened)
        depth = len(self.outer)
        self.check_depth(depth, line)
        self.opened = _Open(value, places, line, event.anchor, self.nodes, depth, type(value) is dict)

    def end(self, _event: Any) -> None:
        """A mapping or list is complete."""
        done = self.opened
        parent = self.outer.pop()
        if done.is_mapping and "<<" in done.value:
            self.merge(done)
        if done.anchor:
            nodes, height = self.nodes - done.nodes_before + 1, done.deepest - len(self.outer)
            self.anchors[done.anchor] = _Anchored(done.value, done.places, nodes, height)
        if done.deepest > parent.deepest:
            parent.deepest = done.deepest
        parent.add(done.value, done.places, done.line)
        self.opened = parent

    def alias(self, event: Any) -> None:
        """A repetition of something anchored; what it repeats counts each time."""
        line = event.start_mark.line + 1
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            raise self.refusal(line, f"*{event.anchor} repeats nothing that is complete here", "write it out")
        opened = self.opened
        if opened.is_mapping and opened.key is None:
            if not isinstance(anchored.value, str):
                raise self.refusal(line, f"*{event.anchor} stands where a key should be", "a key must be a word")
            self.set_key(anchored.value, line)
            return
        self.count_repeated(anchored.nodes, line)
        opened.deepest = max(opened.deepest, len(self.outer) + anchored.height)
        self.check_depth(opened.deepest, line)
        opened.add(anchored.value, anchored.places, line)

    def set_key(self, key: str, line: int) -> None:
        """The next value of the open mapping will stand under this key."""
        opened = self.opened
        if key in opened.value and len(self.duplicates) < _MOST_DUPLICATES:
            path = [len(o.value) if o.key is None else o.key for o in self.outer[1:]]
            self.duplicates.append(Duplicate(pointer_join("", *path, key), line))
        opened.key = key
        opened.key_line = line

    def merge(self, done: _Open) -> None:
        """`<<: *other` adds the other mapping's keys where they are not given (a habit from YAML 1.1)."""
        merged, place = done.value["<<"], done.places["<<"]
        pairs = [(merged, place)]
        if isinstance(merged, list):
            pairs = list(zip(merged, place[1], strict=True))
        if not all(isinstance(mapping, dict) for mapping, _ in pairs):
            return
        del done.value["<<"], done.places["<<"]
        for mapping, where in pairs:
            self.count_repeated(len(mapping), done.line)
            for key, value in mapping.items():
                if key not in done.value:
                    done.value[key] = value
                    done.places[key] = where[1][key]

    def count(self, nodes: int, line: int) -> None:
        """Count values against the limit."""
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            raise self.refusal(line, f"more than {self.limits.nodes:,} values", "such a document is not read")

    def count_repeated(self, nodes: int, line: int) -> None:
        """Count what an alias repeats, and refuse a document that grows by repetition alone."""
        self.alias_nodes += nodes
        if self.alias_nodes > self.limits.alias_nodes:
            raise self.refusal(line, "repetitions (*name) make this document absurdly large", "write it out")
        self.count(nodes, line)

    def check_depth(self, depth: int, line: int) -> None:
        """Refuse what is nested too deeply."""
        if depth > self.limits.depth:
            what = f"nested more than {self.limits.depth} levels deep"
            raise self.refusal(line, what, "such a document is not read")

    def refusal(self, line: int | None, what: str, advice: str) -> InputError:
        """An error in this document."""
        return InputError(Problem(self.source if line is None else f"{self.source}:{line}", what, advice))
