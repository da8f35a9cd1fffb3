"""Reading and parsing: a file or a text, JSON or YAML by looking, into a value that knows its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yaml import YAMLError
from yaml.reader import ReaderError

from cmms_audit.documents.json_text import JsonLines, load_json
from cmms_audit.documents.limits import DEFAULT_LIMITS, Limits, collector_paused
from cmms_audit.documents.places import Duplicate, start_of
from cmms_audit.documents.yaml_text import build_yaml
from cmms_audit.errors import InputError, Problem

_SMALL_TEXT = 1_000_000
# What YAML 1.2 (section 5.1) does not allow in a text, and line ends that no editor counts.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ODD_LINE_ENDS = {0x85: " ", 0x2028: " ", 0x2029: " "}
_YAML_ADVICE = {
    "mapping values are not allowed in this context": "put quotes around a text that holds ': '",
    "found character that cannot start any token": "indent with spaces, not tabs; quote a text that starts with @ or %",
    "did not find expected key": "check the indentation of this line and the one before",
}


class Document:
    """A parsed file.

    `value` is plain data (mappings have text keys only), `source` its name for messages, `duplicates` the keys given
    twice, and `repaired_line` the first line where a character was replaced that no YAML text may hold.
    """

    def __init__(
        self,
        value: Any,
        source: str,
        duplicates: tuple[Duplicate, ...],
        find_line: Callable[[str], int | None],
        repaired_line: int | None = None,
    ) -> None:
        self.value = value
        self.source = source
        self.duplicates = duplicates
        self.repaired_line = repaired_line
        self._find_line = find_line

    def line(self, pointer: str) -> int | None:
        """The line, counted from 1, of what a JSON pointer names ("" is the root); None where it names nothing."""
        return self._find_line(pointer)

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
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(str(path), f"cannot be read: {reason}")) from None
    _check_length(data, str(path), limits)
    return data


def parse(text: str | bytes, source: str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Parse JSON or YAML text; `source` names it in messages.

    Raises InputError, with the line, where the text is empty, broken, not UTF-8 or over a limit.
    """
    decoded = decode(text, source, limits=limits)
    first = decoded.lstrip()[:1]
    if not first:
        raise InputError(Problem(source, "is empty", "check that the whole file was saved or downloaded"))
    with collector_paused():
        return _parse_json(decoded, source, limits) if first in "{[" else _parse_yaml(decoded, source, limits)


def decode(text: str | bytes, source: str, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """The text of a file: UTF-8, or UTF-16 where its first bytes say so. Raises InputError where it is neither."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    _check_length(text, source, limits)
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        what = "is not a text in UTF-8" if encoding == "utf-8-sig" else "is not a text in UTF-16"
        raise InputError(Problem(f"{source}:{line}", what, "save the file as UTF-8")) from None


def _check_length(data: bytes, source: str, limits: Limits) -> None:
    if len(data) > limits.bytes:
        what = f"larger than {limits.bytes / 1_000_000:g} MB"
        raise InputError(Problem(source, what, "such a document is not read"))


def _parse_json(text: str, source: str, limits: Limits) -> Document:
    try:
        value, repeats = load_json(text, source, limits)
    except json.JSONDecodeError as error:
        if len(text) <= _SMALL_TEXT:  # a YAML text may start with a brace as well
            try:
                return _parse_yaml(text, source, limits)
            except InputError:
                pass
        what = f"is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise InputError(Problem(f"{source}:{error.lineno}", what, f"look at column {error.colno}")) from None
    lines = JsonLines(text)
    return Document(value, source, lines.duplicates() if repeats else (), lines.line)


def _parse_yaml(text: str, source: str, limits: Limits) -> Document:
    if any(chr(end) in text for end in _ODD_LINE_ENDS):
        text = text.translate(_ODD_LINE_ENDS)
    repaired_line = None
    try:
        try:
            built = build_yaml(text, source, limits)
        except ReaderError:
            repaired_line = _first_unprintable(text)
            built = build_yaml(_UNPRINTABLE.sub(" ", text), source, limits)
    except YAMLError as error:
        raise InputError(_explained(error, source, text)) from None
    lines = built.lines
    return Document(built.value, source, built.duplicates, lambda pointer: start_of(lines, pointer), repaired_line)


def _first_unprintable(text: str) -> int:
    found = _UNPRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


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
