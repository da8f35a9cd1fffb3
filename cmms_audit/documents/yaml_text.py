"""YAML text to plain values with the line of each: the 1.2 core schema, within budgets, without constructing objects.

Built on libyaml's events, because composing whole trees recurses in C and loses the lines.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from yaml import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    YAMLError,
)
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from cmms_audit.documents.limits import OVER_A_LIMIT, Limits
from cmms_audit.documents.places import Duplicate, Places, pointer_join
from cmms_audit.documents.yaml_values import BuiltYaml, plain_value
from cmms_audit.errors import InputError, Problem

_MOST_DUPLICATES = 1000
_EVENTS_A_LOOK = 5_000  # at the clock
_YAML_ADVICE = {
    "mapping values are not allowed in this context": "put quotes around a text that holds ': '",
    "found character that cannot start any token": "indent with spaces, not tabs; quote a text that starts with @ or %",
    "did not find expected key": "check the indentation of this line and the one before",
}
_TAGS_OF_WORDS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))


class _Open(Struct):
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


class _Anchored(Struct, frozen=True):
    """What an anchor names; `nodes` values, `height` levels."""

    value: Any
    places: Places | None
    nodes: int
    height: int


def build_yaml(text: str, source: str, limits: Limits, *, first_line: int = 1) -> BuiltYaml:
    """Build the value of a YAML text that starts on `first_line` of its file.

    Raises InputError, with the line, where it is broken or over a limit.
    """
    try:
        return _Builder(text, source, limits, first_line).build()
    except YAMLError as error:
        raise InputError(_explained(error, source, text)) from None


class _Builder:
    """Turns events into values. `nodes` counts every value, those repeated by aliases included."""

    def __init__(self, text: str, source: str, limits: Limits, first_line: int) -> None:
        self.parser = CParser(text)
        self.first_line = first_line
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
        ends = time.monotonic() + self.limits.seconds
        for number in itertools.count():
            event = next_event()
            if event is None:
                break
            step = steps.get(type(event))
            if step is not None:
                step(event)
            if number % _EVENTS_A_LOOK == 0 and time.monotonic() > ends:
                raise self.refusal(None, f"takes longer than {self.limits.seconds:g} seconds to read", OVER_A_LIMIT)
        documents, places = self.opened.value, self.opened.places
        if any(document is not None for document in documents[1:]):
            raise self.refusal(None, "holds more than one document", "keep one document a file")
        value, lines = (documents[0], places[0]) if documents else (None, 1)
        return BuiltYaml(value, lines, tuple(self.duplicates), self.nodes)

    def scalar(self, event: Any) -> None:
        """A word, number or text."""
        opened = self.opened
        value = event.value
        line = event.start_mark.line + self.first_line
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
        line = event.start_mark.line + self.first_line
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
        line = event.start_mark.line + self.first_line
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
            raise self.refusal(line, f"more than {self.limits.nodes:,} values", OVER_A_LIMIT)

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
            raise self.refusal(line, what, OVER_A_LIMIT)

    def refusal(self, line: int | None, what: str, advice: str) -> InputError:
        """An error in this document."""
        return InputError(Problem(self.source if line is None else f"{self.source}:{line}", what, advice))


def _explained(error: YAMLError, source: str, text: str) -> Problem:
    """What libyaml says, with a line and what to look for."""
    problem = str(getattr(error, "problem", None) or error)
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:
        return Problem(source, f"is not valid YAML: {problem}")
    last_line = text.rstrip().count("\n")
    at_the_end = mark.line > last_line or problem == "found unexpected end of stream"
    context = str(getattr(error, "context", None))
    if at_the_end and opened is not None and ("flow" in context or "quoted" in context):
        what = "is not valid YAML: a quote or bracket is opened here and never closed"
        return Problem(f"{source}:{min(opened.line, last_line) + 1}", what)
    advice = _YAML_ADVICE.get(problem, "check the indentation and the quotes around this line")
    return Problem(f"{source}:{min(mark.line, last_line) + 1}", f"is not valid YAML: {problem}", advice)
