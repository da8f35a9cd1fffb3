"""YAML as generators write it, read line by line: block mappings and lists, and values that stand on one line.

Takes about half the time of libyaml's events. A value that is written in any other way is still read by libyaml, and so
is the whole text where a line does not fit: the result is the same, and tests hold the two together.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from cmms_audit.documents.limits import Limits
from cmms_audit.documents.places import Place
from cmms_audit.documents.yaml_values import BuiltYaml, plain_value
from cmms_audit.documents.yaml_words import (
    BRACKETS,
    DASH,
    NOTHING,
    OPEN,
    OTHER,
    UNUSUAL,
    WORD,
    Parts,
    folded,
    quoted_text,
    take_apart,
    text_block,
)
from cmms_audit.errors import InputError

_MOST_REMEMBERED = 100_000  # different lines


class UnusualYamlError(Exception):
    """A line is written in a way that is not read here; nothing is said about whether it is right."""


def build_quickly(text: str, source: str, limits: Limits) -> BuiltYaml:
    """Build the value of a YAML text, line by line where that goes.

    Raises InputError, with the line, where it is broken or over a limit.
    """
    try:
        return build_from_lines(text, source, limits)
    except UnusualYamlError:
        return build_with_libyaml(text, source, limits)


def build_from_lines(text: str, source: str, limits: Limits) -> BuiltYaml:
    """Build the value of a YAML text. Raises UnusualYamlError where it has to be read in another way."""
    lines = text.replace("\r\n", "\n").split("\n")
    if "\ufeff" in text or ("\r" in text and any("\r" in line for line in lines)):
        raise UnusualYamlError
    return _Reader(lines, source, limits).read()


class _Open(Struct):
    """A list or mapping whose members stand `indent` spaces from the left; `last` leads to the one that came last."""

    indent: int
    value: Any
    places: Any
    is_mapping: bool
    last: Any = -1


class _Reader:
    """Goes down the lines.

    `at` is the number of the line that is looked at, counted from 1. `last` are the parts of the line, and `bare` the
    line itself, that the last member was read from, as long as lines below may still belong to that member.
    """

    def __init__(self, lines: list[str], source: str, limits: Limits) -> None:
        self.lines = lines
        self.source = source
        self.limits = limits
        self.at = 0
        self.nodes = len(lines)  # more than there are where lines say nothing, never less
        self.remembered: dict[str, Parts] = {}
        self.opened = _Open(0, {}, {}, True)
        self.outer: list[_Open] = []
        self.last: Parts | None = None
        self.bare = ""

    def read(self) -> BuiltYaml:
        """Read the lines of a text that is one mapping.

        Most lines are pairs of a mapping, which are dealt with on the spot.
        """
        first, root = self._start(), self.opened
        lines, total, remembered = self.lines, len(self.lines), self.remembered
        while self.at < total:
            line = lines[self.at]
            self.at += 1
            bare = line.lstrip(" ")
            parts = remembered.get(bare) or self._remember(bare)
            indent, key = len(line) - len(bare), parts[1]
            if key is not None and parts[0] <= OPEN:
                if indent < self.opened.indent:
                    self._close(indent)
                elif indent > self.opened.indent and self.last is not None and self.last[0] == OPEN:
                    self._open(indent, is_mapping=True)
                opened = self.opened
                if indent == opened.indent and opened.is_mapping and key not in opened.value:
                    opened.value[key] = parts[2]
                    opened.places[key] = self.at
                    self.last, self.bare = parts, bare
                    continue
            if parts[0] != NOTHING:
                self._take(indent, bare, parts)
        if not root.value or self.nodes > self.limits.nodes:
            raise UnusualYamlError
        return BuiltYaml(root.value, (first, root.places), (), self.nodes)

    def _start(self) -> int:
        """Pass what stands before the mapping, and return the number of its first line."""
        for number, line in enumerate(self.lines, 1):
            bare = line.lstrip(" ")
            if bare and bare[0] != "#" and line != "---":
                break
            self.at = number
        if self.at == len(self.lines) or self.lines[: self.at].count("---") > 1:
            raise UnusualYamlError
        return self.at + 1

    def _remember(self, bare: str) -> Parts:
        """Take a line apart that was not seen before: many lines of a description are the same."""
        parts = take_apart(bare)
        if len(self.remembered) < _MOST_REMEMBERED:
            self.remembered[bare] = parts
        return parts

    def _take(self, indent: int, bare: str, parts: Parts) -> None:
        """A line that says something: find the list or mapping that it belongs to, and put it there."""
        is_dash = parts[0] == DASH
        if indent > self.opened.indent:
            if self.last is None or self.last[0] != OPEN:
                self._continue()
                return
            if parts[1] is None and not is_dash:
                raise UnusualYamlError
            self._open(indent, is_mapping=not is_dash)
        else:
            self._close(indent)
            if self.opened.is_mapping is is_dash:
                self._change_over(is_dash)
            if indent != self.opened.indent:
                raise UnusualYamlError
        while is_dash:
            indent += parts[3]
            bare = bare[parts[3] :]
            parts = self._add_member(indent, bare)
            is_dash = parts[0] == DASH
        self._put(bare, parts)

    def _close(self, indent: int) -> None:
        """Nothing more comes to lists and mappings that are further in."""
        while indent < self.opened.indent:
            self.opened, self.last = self.outer.pop(), None

    def _change_over(self, is_dash: bool) -> None:
        """At the same indentation, from a key to the list that it holds, or from that list back to its mapping."""
        if is_dash and self.last and self.last[0] == OPEN:
            self._open(self.opened.indent, is_mapping=False)
        elif not is_dash and self.outer:
            self.opened, self.last = self.outer.pop(), None
        if self.opened.is_mapping is is_dash:
            raise UnusualYamlError

    def _add_member(self, indent: int, bare: str) -> Parts:
        """A dash: make room for the member, and return the parts of what is written behind the dash."""
        self.opened.value.append(None)
        self.opened.places.append(self.at)
        parts = self.remembered.get(bare) or self._remember(bare)
        if parts[0] == NOTHING:
            return OPEN, None, None, 0
        if parts[1] is not None or parts[0] == DASH:
            self._open(indent, is_mapping=parts[1] is not None)
        return parts

    def _open(self, indent: int, *, is_mapping: bool) -> None:
        """Give the last member a list or mapping, whose members come next."""
        around = self.opened
        inside = _Open(indent, {}, {}, True) if is_mapping else _Open(indent, [], [], False)
        if around.is_mapping:
            around.last = self.last[1] if self.last else None
            around.places[around.last] = (around.places[around.last], inside.places)
        else:
            around.places[-1] = (self.at, inside.places)
        around.value[around.last] = inside.value
        self.outer.append(around)
        self.opened = inside
        self.nodes += 1
        if len(self.outer) >= self.limits.depth or self.nodes > self.limits.nodes:
            raise UnusualYamlError

    def _put(self, bare: str, parts: Parts) -> None:
        """Put a value into the list or mapping that is open."""
        does, key, value, offset = parts
        opened = self.opened
        if opened.is_mapping:
            if key is None or key in opened.value:
                raise UnusualYamlError
            opened.last = key
            opened.places[key] = self.at
        elif key is not None:
            raise UnusualYamlError
        opened.value[opened.last] = value
        self.last, self.bare = parts, bare
        if does == OTHER:
            self._read_further(bare[offset:])
        elif does == BRACKETS:
            opened.places[opened.last] = self._place(value)
        elif does == UNUSUAL:
            raise UnusualYamlError

    def _place(self, value: Any) -> Place:
        """The place of what stands in brackets on this line, and of all its members."""
        if not isinstance(value, dict | list):
            return self.at
        self.nodes += len(value)
        if isinstance(value, dict):
            return self.at, {key: self._place(member) for key, member in value.items()}
        return self.at, [self._place(member) for member in value]

    def _continue(self) -> None:
        """Read the further lines of a plain word (YAML 1.2, section 7.3.3): a line end is a space, empty ones stay."""
        if self.last is None or self.last[0] != WORD:
            raise UnusualYamlError
        opened, word = self.opened, self.bare[self.last[3] :].rstrip(" ")
        if opened.is_mapping:
            opened.last = self.last[1]
        self.at -= 1
        end, first = self._end_of_member(), opened.places[opened.last]
        lines = [word, *(line.strip(" ") for line in self.lines[first:end])]
        for more in lines[1:]:
            if more and (more[0] == "#" or more[-1] == ":" or ": " in more or " #" in more or "\t" in more):
                raise UnusualYamlError
        opened.value[opened.last] = plain_value(folded(lines))
        self.at, self.last = end, None

    def _end_of_member(self) -> int:
        """The index of the first line from here on that is no further part of the last member."""
        end, inside = self.at, " " * (self.opened.indent + 1)
        while end < len(self.lines) and (self.lines[end].startswith(inside) or not self.lines[end].strip(" ")):
            end += 1
        return end

    def _read_further(self, start: str) -> None:
        """Read a value that goes over several lines: a text of the simple kind, or whatever libyaml makes of it."""
        opened, end = self.opened, self._end_of_member()
        text = None
        if start[0] in "'\"":
            text = quoted_text([start, *self.lines[self.at : end]])
        elif end < len(self.lines) or not self.lines[-1]:
            text = text_block(start.rstrip(" "), self.lines[self.at : end])
        if text is None:
            self._leave_to_libyaml(f"k: {start}" if opened.is_mapping else f"- {start}", end)
        else:
            opened.value[opened.last] = text
        self.at, self.last = end, None

    def _leave_to_libyaml(self, first_line: str, end: int) -> None:
        """Have the last member read by libyaml, alone, as it stands."""
        opened, number = self.opened, self.at
        lines = [" " * opened.indent + first_line, *self.lines[number:end], *([""] if end < len(self.lines) else [])]
        try:
            built = build_with_libyaml("\n".join(lines), self.source, self.limits, first_line=number)
        except InputError:
            raise UnusualYamlError from None
        step: Any = "k" if opened.is_mapping else 0
        if built.duplicates or len(built.value) != 1 or isinstance(built.lines, int):
            raise UnusualYamlError
        opened.value[opened.last] = built.value[step]
        opened.places[opened.last] = built.lines[1][step]
        self.nodes += built.nodes


def build_with_libyaml(text: str, source: str, limits: Limits, *, first_line: int = 1) -> BuiltYaml:
    """Build the value of a YAML text by libyaml's events, wherever the text starts in its file."""
    from cmms_audit.documents.yaml_text import build_yaml  # libyaml takes long to import, and is often not needed

    return build_yaml(text, source, limits, first_line=first_line)
