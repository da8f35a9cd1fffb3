"""Reading and parsing: a file or a text, JSON or YAML by looking, into a value that knows its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from cmms_audit.documents.decoding import check_length, decode
from cmms_audit.documents.json_lines import JsonLines
from cmms_audit.documents.json_text import LoadedJson, load_json
from cmms_audit.documents.limits import DEFAULT_LIMITS, Limits, collector_paused
from cmms_audit.documents.measuring import measure
from cmms_audit.documents.places import Duplicate, start_of
from cmms_audit.documents.yaml_lines import build_quickly, build_with_libyaml
from cmms_audit.errors import InputError, Problem

_SMALL_TEXT = 1_000_000
# What YAML 1.2 (section 5.1) does not allow in a text, and line ends that no editor counts.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LONGEST_LINE = 200_000
_MOST_LINES = 2_000_000
_WORDS = re.compile(r"\S{1,60}(?:\s+\S{1,60}){0,5}")
_MARGIN = 40  # spaces at most before a line of a text
_NARROWEST = 60  # characters to a line
_NO_SPACE = re.compile(r"\S")
_ODD_LINE_ENDS = {0x85: " ", 0x2028: " ", 0x2029: " "}


class Document:
    """A parsed file.

    `value` is plain data (mappings have text keys only), `source` its name for messages, `duplicates` the keys given
    twice, `repaired_line` the first line where a character was replaced that no YAML text may hold, and `nodes` how
    many values there are.
    """

    def __init__(
        self,
        value: Any,
        source: str,
        duplicates: tuple[Duplicate, ...],
        find_line: Callable[[str], int | None],
        repaired_line: int | None = None,
        nodes: int = 0,
        text: str = "",
    ) -> None:
        self.value = value
        self.source = source
        self.duplicates = duplicates
        self.repaired_line = repaired_line
        self.nodes = nodes
        self._find_line = find_line
        self._text = text

    def line(self, pointer: str) -> int | None:
        """The line, counted from 1, of what a JSON pointer names ("" is the root); None where it names nothing."""
        return self._find_line(pointer)

    def line_of_words(self, pointer: str, words: str, text: str) -> int | None:
        """The line on which words stand that were quoted from the text at a pointer.

        The line where the text starts if the words cannot be found again, and in JSON, whose texts stand on one line.
        """
        line = self.line(pointer)
        first_words = _WORDS.match(words)
        if line is None or first_words is None or not self._text:
            return line
        start = self._line_starts[line - 1]
        quoted = r"\s+".join(map(re.escape, first_words.group().split()))
        most = len(text) + _MARGIN * (text.count("\n") + len(text) // _NARROWEST + 2)
        found = re.compile(quoted).search(self._text, start, start + most)
        return line if found is None else line + self._text.count("\n", start, found.start())

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    def where(self, pointer: str) -> str:
        """The same as "file:line", for messages."""
        line = self.line(pointer)
        return self.source if line is None else f"{self.source}:{line}"


def read(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read and parse a file. Raises InputError where it is missing, no ordinary file, or not to be parsed."""
    return parse(read_bytes(path, limits), str(path), limits=limits)


def read_bytes(path: Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of an ordinary file. Raises InputError where it is missing, unreadable or too big."""
    try:
        if not path.is_file():
            what = "is not an ordinary file" if path.exists() else "there is no such file"
            raise InputError(Problem(str(path), what, "check the name and the folder"))
        check_length(path.stat().st_size, str(path), limits)
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(str(path), f"cannot be read: {reason}")) from None
    check_length(len(data), str(path), limits)
    return data


def parse(text: str | bytes, source: str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Parse JSON or YAML text; `source` names it in messages.

    Raises InputError, with the line, where the text is empty, broken, not UTF-8 or over a limit.
    """
    decoded = decode(text, source, limits=limits)
    first = _first_character(decoded)
    if not first:
        raise InputError(Problem(source, "is empty", "check that the whole file was saved or downloaded"))
    with collector_paused():
        return _parse_json(decoded, source, limits) if first in "{[" else _parse_yaml(decoded, source, limits)


def _first_character(text: str) -> str:
    """The first character that is no white space; empty where there is none."""
    found = _NO_SPACE.search(text)
    return found.group() if found else ""


def _parse_json(text: str, source: str, limits: Limits) -> Document:
    try:
        loaded = load_json(text, source, limits)
    except json.JSONDecodeError:
        if len(text) <= _SMALL_TEXT:  # a YAML text may start with a brace as well
            with suppress(InputError):
                return _parse_yaml(text, source, limits)
        loaded = _loosely(text, source, limits)
    lines = JsonLines(text, repeats=loaded.repeats)
    duplicates = lines.duplicates() if loaded.repeats else ()
    return Document(loaded.value, source, duplicates, lines.line, nodes=loaded.nodes)


def _loosely(text: str, source: str, limits: Limits) -> LoadedJson:
    """JSON whose texts hold line ends and other control characters, which ought to be escaped."""
    try:
        return load_json(text, source, limits, strict=False)
    except json.JSONDecodeError as error:
        what = f"is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise InputError(Problem(f"{source}:{error.lineno}", what, f"look at column {error.colno}")) from None


def _has_ordinary_lines(text: str) -> bool:
    """Whether no line is so long, and lines are not so many, that taking them apart would take much memory."""
    start, total = 0, len(text)
    while total - start > _LONGEST_LINE:
        end = text.rfind("\n", start, start + _LONGEST_LINE)
        if end < start:
            return False
        start = end + 1
    return total < _MOST_LINES or text.count("\n") < _MOST_LINES


def _parse_yaml(text: str, source: str, limits: Limits) -> Document:
    if any(chr(end) in text for end in _ODD_LINE_ENDS):
        text = text.translate(_ODD_LINE_ENDS)
    repaired_line = None
    if unprintable := _UNPRINTABLE.search(text):
        repaired_line = text.count("\n", 0, unprintable.start()) + 1
        text = _UNPRINTABLE.sub(" ", text)
    built = (build_quickly if _has_ordinary_lines(text) else build_with_libyaml)(text, source, limits)
    measure(built.value, source, limits, text_length=len(text))
    lines = built.lines
    return Document(
        built.value,
        source,
        built.duplicates,
        lambda pointer: start_of(lines, pointer),
        repaired_line=repaired_line,
        nodes=built.nodes,
        text=text,
    )
