"""A writer of YAML that varies the style at random, and notes what it wrote at which line.

`lines` maps the JSON pointer of every node to its line: of a member of a mapping where its key stands, of a member of a
list (and of the whole) where the value starts. `again` lists the keys written twice, as pointer and line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cmms_audit.documents import pointer_join

_SAFE_PLAIN = re.compile(r"[a-zA-Zäß/][a-zA-Z0-9äß _./()*&!?%-]*")
_WORDS_WITH_A_MEANING = frozenset(("null", "true", "false"))
_ONE_SPACE = re.compile(r"(?<=[^\s]) (?=[^\s#&*!|>%@`'\"?:,\[\]{}-])")
_COMMENTS = ("# a comment", "#", "# - not: [an entry", "#\ta 'quote", '# { " äöü')
_BREAKS_THAT_NO_EDITOR_COUNTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Anchored:
    """What an anchor names: the value, and the lines of its parts by their pointer below it."""

    value: Any
    lines: dict[str, int]


@dataclass
class Writer:
    """The text so far, and what stands where in it."""

    chance: Random
    text: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    again: list[tuple[str, int]] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1

    def often(self) -> bool:
        return self.chance.random() < 0.5

    def rarely(self) -> bool:
        return self.chance.random() < 0.15

    def forget(self, pointer: str) -> None:
        """The member is written again: what stood there is gone."""
        self.lines = {p: n for p, n in self.lines.items() if p != pointer and not p.startswith(f"{pointer}/")}


class YamlWriter(Writer):
    """Writes a value as YAML in block and flow style, with every style of scalar, anchors, aliases and comments.

    It adds members of its own (aliases, merges, keys given twice), so `document` returns what was written in the end.
    """

    def document(self, value: Any) -> Any:
        self.anchors: dict[str, Anchored] = {}
        self.ends_with_kept_breaks = self.ends_with_block_scalar = False
        self.noise()
        if self.rarely():
            self.text += "---"
            self.rest_of_line()
        written = self.in_block(value, "", -1, "start")
        self.rest_of_line()
        if self.rarely():
            self.text += "...\n"
        if self.rarely():
            self.text = self.text.replace("\n", "\r\n")
        return written

    # ── white space ──────────────────────────────────────────────────────────────────────────────────────────────

    def noise(self) -> None:
        """Empty lines and comments, from the start of a line to the start of a line."""
        while not self.ends_with_kept_breaks and self.rarely():
            margin = "" if self.ends_with_block_scalar else " " * self.chance.randint(0, 9)
            self.text += self.chance.choice(("", margin, margin + self.a_comment())) + "\n"

    def a_comment(self) -> str:
        return self.chance.choice(_COMMENTS)

    def rest_of_line(self) -> None:
        """End the line, unless a block scalar has ended it, and go on below."""
        if not self.text.endswith("\n"):
            self.text += self.chance.choice(("", "", "", " ", "  " + self.a_comment())) + "\n"
        self.noise()
        self.ends_with_kept_breaks = self.ends_with_block_scalar = False

    def indented(self, column: int) -> None:
        self.text += " " * column

    # ── block style ──────────────────────────────────────────────────────────────────────────────────────────────

    def in_block(self, value: Any, pointer: str, around: int, after: str) -> Any:
        """Write a value; the cursor stands behind a key's colon, an entry's dash or at the start of a line.

        `around` is the column of the collection around it.
        """
        if after != "start" and self.anchors and self.rarely():
            return self.repeated(pointer)
        block = isinstance(value, dict | list) and bool(value) and self.chance.random() < 0.7
        start_of_line = after == "start"
        name = self.a_name() if self.rarely() else None
        if (self.rarely() and not block) or (after == "key" and not name):
            self.text += "" if start_of_line else " "
        begun: int | None = None
        if name or self.rarely():
            self.text += "" if start_of_line else " "
            begun = self.line
            self.text += self.properties(value, name)
            start_of_line = False
        if block:
            compact = begun is None and after in ("start", "dash") and (start_of_line or self.often())
            written, line = self.block_collection(value, pointer, around, after, compact)
        else:
            if not start_of_line and self.rarely() and value not in ("", None):
                self.rest_of_line()
                self.indented(around + self.chance.randint(1, 4))
            elif not start_of_line:
                self.text += " "
            line = self.line
            written = self.flow(value, pointer, around) if isinstance(value, dict | list) else value
            if not isinstance(value, dict | list):
                self.scalar(value, around, "block" if begun is None else "tagged")
        if after != "key":
            self.lines[pointer] = line if begun is None else begun
        if name:
            self.remember(name, written, pointer)
        return written

    def block_collection(
        self, value: dict[str, Any] | list[Any], pointer: str, around: int, after: str, compact: bool
    ) -> tuple[Any, int]:
        """The members one below the other, in a column of their own; and the line of the first."""
        least = around if after == "key" and isinstance(value, list) and around >= 0 else around + 1
        column = self.chance.randint(least, around + 3)
        if compact:
            gap = self.chance.randint(1, 3)
            self.text += "" if after == "start" else " " * gap
            column = 0 if after == "start" else around + 1 + gap
        else:
            self.rest_of_line()
            self.indented(column)
        line = self.line
        if isinstance(value, dict):
            return self.block_mapping(value, pointer, column), line
        return self.block_list(value, pointer, column), line

    def next_member(self, number: int, column: int) -> None:
        if number:
            self.rest_of_line()
            self.indented(column)

    def block_list(self, value: list[Any], pointer: str, column: int) -> list[Any]:
        written: list[Any] = []
        for number, inner in enumerate(value):
            self.next_member(number, column)
            self.text += "-"
            written.append(self.in_block(inner, pointer_join(pointer, number), column, "dash"))
        return written

    def block_mapping(self, value: dict[str, Any], pointer: str, column: int) -> dict[str, Any]:
        written: dict[str, Any] = {}
        merged: list[Anchored] = []
        for number, (key, inner) in enumerate(self.with_a_repetition(value)):
            self.next_member(number, column)
            if not merged and self.rarely() and (mappings := self.mappings()):
                name = self.chance.choice(mappings)
                merged.append(self.anchors[name])
                self.text += f"<<: *{name}"
                self.next_member(1, column)
            place = self.begin_member(key, written, pointer)
            if self.rarely():
                self.text += "? "
                self.key(key)
                self.rest_of_line()
                self.indented(column)
                self.text += ":"
            else:
                self.key(key)
                self.text += ":"
            written[key] = self.in_block(inner, place, column, "key")
        for mapping in merged:
            self.take_over(mapping, written, pointer)
        return written

    def with_a_repetition(self, value: dict[str, Any]) -> list[tuple[str, Any]]:
        """The members; now and then the last one stands before with another value."""
        members = list(value.items())
        return [(members[-1][0], {"an": ["earlier", "value"]}), *members] if self.rarely() else members

    def begin_member(self, key: str, written: dict[str, Any], pointer: str) -> str:
        place = pointer_join(pointer, key)
        if key in written:
            self.forget(place)
            self.again.append((place, self.line))
        self.lines[place] = self.line
        return place

    # ── anchors ──────────────────────────────────────────────────────────────────────────────────────────────────

    def a_name(self) -> str:
        return self.chance.choice(("a", "b1", "long-name"))

    def mappings(self) -> list[str]:
        return [name for name, known in self.anchors.items() if isinstance(known.value, dict)]

    def remember(self, name: str, value: Any, pointer: str) -> None:
        depth = len(pointer)
        self.anchors[name] = Anchored(
            value, {p[depth:]: n for p, n in self.lines.items() if p.startswith(f"{pointer}/")}
        )

    def repeated(self, pointer: str) -> Any:
        """An alias stands on its own line; what is in it stays where it was written."""
        name = self.chance.choice(list(self.anchors))
        known = self.anchors[name]
        self.text += " "
        self.lines.setdefault(pointer, self.line)
        self.text += f"*{name}"
        self.lines.update({f"{pointer}{inner}": line for inner, line in known.lines.items()})
        return known.value

    def take_over(self, known: Anchored, written: dict[str, Any], pointer: str) -> None:
        """What a merge adds: the members that are not given here."""
        for key in known.value.keys() - written.keys():
            written[key] = known.value[key]
            step = pointer_join("", key)
            own = {p: n for p, n in known.lines.items() if p == step or p.startswith(f"{step}/")}
            self.lines.update({f"{pointer}{p}": n for p, n in own.items()})

    def properties(self, value: Any, name: str | None) -> str:
        """An anchor, a tag, or both."""
        kinds = {dict: "!!map", list: "!!seq", str: "!!str", int: "!!int", bool: "!!bool", float: "!!float"}
        tag = kinds.get(type(value), "!!null") if name is None or self.rarely() else ""
        parts = [part for part in (f"&{name}" if name else "", tag) if part]
        self.chance.shuffle(parts)
        return " ".join(parts)

    # ── flow style ───────────────────────────────────────────────────────────────────────────────────────────────

    def flow(self, value: dict[str, Any] | list[Any], pointer: str, around: int) -> Any:
        """Members between brackets, on one line or several."""
        if isinstance(value, dict):
            return self.flow_mapping(value, pointer, around)
        written: list[Any] = []
        self.text += "["
        for number, inner in enumerate(value):
            self.text += "," if number else ""
            self.flow_space(around)
            place = pointer_join(pointer, number)
            self.lines[place] = self.line
            written.append(self.in_flow(inner, place, around))
            self.flow_space(around)
        self.text += ",]" if value and self.rarely() else "]"
        return written

    def flow_mapping(self, value: dict[str, Any], pointer: str, around: int) -> dict[str, Any]:
        written: dict[str, Any] = {}
        self.text += "{"
        for number, (key, inner) in enumerate(value.items()):
            self.text += "," if number else ""
            self.flow_space(around)
            place = self.begin_member(key, written, pointer)
            self.text += "? " if self.rarely() else ""
            self.key(key)
            self.text += ": "
            self.flow_space(around)
            written[key] = self.in_flow(inner, place, around)
            self.flow_space(around)
        self.text += ",}" if value and self.rarely() else "}"
        return written

    def flow_space(self, around: int) -> None:
        while self.rarely():
            self.text += self.chance.choice(("\n", " \n", f"  {self.a_comment()}\n", "\n\n"))
            self.indented(max(around, 0) + self.chance.randint(1, 4))

    def in_flow(self, value: Any, pointer: str, around: int) -> Any:
        if self.anchors and self.rarely():
            written = self.repeated(pointer)
            self.text += " "
            return written
        name = self.a_name() if self.rarely() else None
        if name:
            self.text += f"{self.properties(value, name)} "
        written = value
        if isinstance(value, dict) and len(value) == 1 and not name and self.text[-1] in "[," and self.often():
            written = self.pair(value, pointer, around)
        elif isinstance(value, dict | list):
            written = self.flow(value, pointer, around)
        else:
            self.scalar(value, around, "flow")
        if name:
            self.remember(name, written, pointer)
        return written

    def pair(self, value: dict[str, Any], pointer: str, around: int) -> dict[str, Any]:
        """A mapping of one member, in a list, without braces: [key: value]."""
        ((key, inner),) = value.items()
        written: dict[str, Any] = {}
        place = self.begin_member(key, written, pointer)
        self.key(key)
        self.text += ": "
        written[key] = self.in_flow(inner, place, around)
        return written

    # ── scalars ──────────────────────────────────────────────────────────────────────────────────────────────────

    def key(self, key: str) -> None:
        styles = [self.double_quoted]
        if _is_printable(key) and "\n" not in key:
            styles.append(self.single_quoted)
        if _is_plain(key) and key != "<<":
            styles += [self.plain] * 3
        self.text += self.chance.choice(styles)(key)

    def scalar(self, value: Any, around: int, where: str) -> None:
        """A word, a number or a text; `where` is "block", "tagged" (behind an anchor or a tag) or "flow"."""
        if value is None:
            self.text += self.chance.choice(("~", "null", "Null") if where != "block" else ("", "~", "NULL"))
        elif isinstance(value, bool):
            self.text += self.chance.choice((str(value), str(value).lower(), str(value).upper()))
        elif isinstance(value, int):
            self.text += self.chance.choice((str(value), hex(value) if value >= 0 else str(value)))
        elif isinstance(value, str):
            self.string(value, around, where)
        else:
            self.text += repr(value)

    def string(self, value: str, around: int, where: str) -> None:
        styles = [lambda: self.double_quoted(value, around)]
        if _is_printable(value) and not re.search(r"^\s|\s\n|\n\s|\s$", value):
            styles.append(lambda: self.single_quoted(value, around))
            if _is_plain(value.replace("\n", " ")):
                styles.append(lambda: self.plain(value, around))
        if _is_printable(value) and value.strip() and where != "flow":
            styles.append(lambda: self.literal(value, around))
            if not re.search(r"^\s|\s\n|\n\s|[^\S\n]$|\n\n", value):
                styles.append(lambda: self.folded(value, around))
        self.text += self.chance.choice(styles)()

    def plain(self, value: str, around: int | None = None) -> str:
        return value if around is None else self.wrapped(value, around)

    def single_quoted(self, value: str, around: int | None = None) -> str:
        escaped = value.replace("'", "''")
        return f"'{escaped if around is None else self.wrapped(escaped, around)}'"

    def double_quoted(self, value: str, around: int | None = None) -> str:
        escaped = json.dumps(value, ensure_ascii=False)
        if self.often() or not _is_printable(value):
            escaped = "".join(c if " " <= c <= "~" else f"\\U{ord(c):08x}" for c in escaped)
        return escaped if around is None else self.wrapped(escaped, around)

    def wrapped(self, value: str, around: int) -> str:
        """The text over several lines: a break stands for a space, an empty line for a line break."""
        margin = "\n" + " " * (max(around, 0) + 2)
        value = value.replace("\n", f"\n{margin}")
        return _ONE_SPACE.sub(lambda _: margin if self.rarely() else " ", value)

    def literal(self, value: str, around: int) -> str:
        return self.block_scalar("|", value.rstrip("\n").split("\n"), value, around)

    def folded(self, value: str, around: int) -> str:
        lines = value.rstrip("\n").replace("\n", "\n\n")
        lines = re.sub(r"(?<=[^\s]) (?=[^\s])", lambda _: "\n" if self.rarely() else " ", lines)
        return self.block_scalar(">", lines.split("\n"), value, around)

    def block_scalar(self, style: str, lines: list[str], value: str, around: int) -> str:
        more = self.chance.randint(1, 4)
        margin = " " * (max(around, 0) + more)
        kept = len(value) - len(value.rstrip("\n"))
        signs = "-" if kept == 0 else "" if kept == 1 else "+"
        if lines[0][:1] in ("", " ", "\t") or self.rarely():
            indicator = str(max(around, 0) + more - max(around, 0))
            signs = signs + indicator if self.often() else indicator + signs
        comment = "  " + self.a_comment() if self.rarely() else ""
        self.ends_with_block_scalar, self.ends_with_kept_breaks = True, kept > 1
        body = "\n".join(margin + line if line else "" for line in lines)
        return f"{style}{signs}{comment}\n{body}\n" + "\n" * (kept - 1)


def _is_printable(value: str) -> bool:
    return not _BREAKS_THAT_NO_EDITOR_COUNTS.search(value)


def _is_plain(value: str) -> bool:
    safe = bool(_SAFE_PLAIN.fullmatch(value)) and value == value.rstrip() and "  " not in value
    return safe and value.lower() not in _WORDS_WITH_A_MEANING
