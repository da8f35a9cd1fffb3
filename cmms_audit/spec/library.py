"""The files that make up one API description, and a cursor over their nodes that follows references.

A description is hostile until read: whatever has the wrong kind counts as empty here, and `spec/sweep.py` says so
to the reader. References reach files below one folder only, never the network.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.documents import Document, Limits, list_index, parse, pointer_join, pointer_parts, read_bytes
from cmms_audit.documents.limits import OVER_A_LIMIT
from cmms_audit.errors import InputError, Problem
from cmms_audit.model import Evidence
from cmms_audit.patterns import pattern
from cmms_audit.spec.anchors import Names, names_in, names_itself

if TYPE_CHECKING:
    from cmms_audit.spec.schema import Schema

_MOST_CALLS = 20_000
_COMMENT = pattern(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_MOST_FILES = 10_000
_MOST_STEPS = 150_000
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_ABSOLUTE_FILE = pattern(r"file:|[A-Za-z]:/", re.IGNORECASE)
_CIRCLE = "leads in a circle"
_TOO_LARGE = "names a file that makes the description larger than what is read"


class SpecFile(Struct, frozen=True, eq=False):
    """One file of a description; `name` is its path below the root folder, empty for the main document."""

    document: Document
    name: str
    path: Path | None


class Node(Struct, frozen=True, eq=False):
    """A value in one of the files, and where it stands. Children that are references are followed."""

    library: Library
    file: SpecFile
    value: Any
    pointer: str

    @property
    def evidence(self) -> Evidence:
        """The place as evidence; in another file than the main one, the pointer starts with that file's name."""
        return self._evidence_on(self.file.document.line(self.pointer))

    def quoted(self, words: str) -> Evidence:
        """The place as evidence, on the line of words that are quoted from this text."""
        text = self.value if isinstance(self.value, str) else ""
        return self._evidence_on(self.file.document.line_of_words(self.pointer, words, text))

    def _evidence_on(self, line: int | None) -> Evidence:
        pointer = f"{self.file.name}#{self.pointer}" if self.file.name else self.pointer
        return Evidence("spec", pointer=pointer, line=line)

    @property
    def key(self) -> tuple[SpecFile, str]:
        """What makes this place this place."""
        return self.file, self.pointer

    def at(self, step: str | int) -> Node:
        """The child as it stands, references not followed; a missing one has the value None."""
        around, value = self.value, None
        if type(around) is dict:
            value = around.get(step)
        elif type(around) is list and isinstance(step, int) and step < len(around):
            value = around[step]
        return Node(self.library, self.file, value, pointer_join(self.pointer, step))

    def child(self, step: str | int) -> Node:
        """The child that a step leads to, references followed."""
        return self.at(step).followed()

    def followed(self) -> Node:
        """What this stands for, if it is a reference; itself otherwise."""
        return self.library.follow(self) if type(self.value) is dict and "$ref" in self.value else self

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The children of a mapping with their keys; none where it is no mapping."""
        if isinstance(self.value, dict):
            for name in self.value:
                yield name, self.child(name)

    def members(self) -> Iterator[Node]:
        """The children of a list; none where it is no list."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self.child(index)

    def text(self, name: str) -> str:
        """The text under a name; empty where there is none."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def prose(self, name: str) -> str:
        """The text for people under a name, as they see it."""
        return as_shown(self.text(name))

    def flag(self, name: str) -> bool:
        """Whether true stands under a name."""
        return isinstance(self.value, dict) and self.value.get(name) is True

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts in the list under a name."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def as_shown(text: str) -> str:
    """A text for people without its HTML comments: what no reader sees promises nothing."""
    return _COMMENT.sub(" ", text) if "<!--" in text else text


class Library(Struct, eq=False):
    """All files of one description, opened when a reference first needs them. `root` None: only the main one.

    `limits` is what is left for further files; `failures` says why a reference leads nowhere.
    """

    root: Path | None
    limits: Limits
    files: dict[Path, SpecFile] = field(default_factory=dict)
    failures: dict[tuple[SpecFile, str], str] = field(default_factory=dict)
    schemas: dict[tuple[SpecFile, str], Schema] = field(default_factory=dict)
    patience: int = _MOST_STEPS
    _targets: dict[tuple[SpecFile, str], Node | None] = field(default_factory=dict)
    _ends: dict[tuple[SpecFile, str], Node | None] = field(default_factory=dict)
    _tried: dict[str, SpecFile | LookupError] = field(default_factory=dict)
    _names: dict[SpecFile, Names] = field(default_factory=dict)

    def main(self, document: Document, path: Path | None) -> Node:
        """The root node of the main document; `path` its own place, where it came from a file.

        Raises InputError where it describes more operations than an audit can look at.
        """
        if _calls(document.value) > _MOST_CALLS:
            raise InputError(Problem(document.source, f"more than {_MOST_CALLS:,} operations", OVER_A_LIMIT))
        file = SpecFile(document, "", path)
        self.limits = replace(self.limits, nodes=self.limits.nodes - document.nodes)
        if path is not None:
            self.files[path] = file
        return Node(self, file, document.value, "")

    def has_patience(self, steps: int) -> bool:
        """Whether so many more parts of schemas may be put together; schemas of schemas of schemas never end."""
        self.patience -= steps
        return self.patience > 0

    def follow(self, node: Node) -> Node:
        """What a node stands for: the end of its chain of references, or an empty mapping where that leads nowhere."""
        reference = _reference_in(node)
        if reference is None:
            return node
        end = self._end(node.file, reference)
        return Node(self, node.file, {}, node.pointer) if end is None else end

    def _end(self, file: SpecFile, reference: str) -> Node | None:
        """Where a chain of references ends, each walked once; None where it breaks off or leads in a circle."""
        walked: dict[tuple[SpecFile, str], None] = {}
        step = (file, reference)
        end: Node | None = None
        circle = False
        while not circle:
            if step in self._ends:
                end, circle = self._ends[step], self.failures.get(step) == _CIRCLE
                break
            walked[step] = None
            target = self.target(*step)
            onward = None if target is None else _reference_in(target)
            if target is None or onward is None:
                end = target
                break
            step = (target.file, onward)
            circle = step in walked
        self._ends.update(dict.fromkeys(walked, end))
        if circle:
            self.failures.update(dict.fromkeys(walked, _CIRCLE))
        return end

    def target(self, file: SpecFile, reference: str) -> Node | None:
        """The node that a reference names, looked up once; None, with the reason in `failures`, where it names none."""
        key = (file, reference)
        if key not in self._targets:
            try:
                self._targets[key] = self._find(file, reference)
            except LookupError as error:
                self.failures[key] = str(error.args[0])
                self._targets[key] = None
        return self._targets[key]

    def _find(self, file: SpecFile, reference: str) -> Node:
        address, _, fragment = reference.partition("#")
        start = self._addressed(file, unquote(address)) if address else self._part(file, "")
        if fragment and not fragment.startswith(("/", "%2F", "%2f")):
            anchors = self._names_in(start.file).anchors
            if unquote(fragment) not in anchors:
                raise LookupError("names an anchor that nothing in the document carries")
            return self._part(start.file, anchors[unquote(fragment)])
        try:
            return self._part(start.file, start.pointer + unquote(fragment))
        except LookupError:
            return self._part(start.file, start.pointer + fragment)  # a percent sign of the name itself

    def _part(self, file: SpecFile, pointer: str) -> Node:
        """The node at a pointer. Raises LookupError where there is none."""
        value = file.document.value
        for step in pointer_parts(pointer):
            value = _step(value, step)
        return Node(self, file, value, pointer)

    def _addressed(self, file: SpecFile, address: str) -> Node:
        """The file that an address names, or the part that gives itself that address."""
        if names_itself(file.document.value, address):
            return self._part(file, "")
        try:
            return self._part(self._open(file, address), "")
        except LookupError:
            pointer = self._names_in(file).pointer_of(address)
            if pointer is None:
                raise
            return self._part(file, pointer)

    def _names_in(self, file: SpecFile) -> Names:
        if file not in self._names:
            self._names[file] = names_in(file.document.value)
        return self._names[file]

    def _open(self, file: SpecFile, address: str) -> SpecFile:
        """The file that a reference names. Raises LookupError where it may not or cannot be read."""
        plain = address.replace("\\", "/")
        if _ABSOLUTE_FILE.match(plain):
            raise LookupError("names a file by its absolute address, which is never fetched")
        if plain.startswith("//") or _SCHEME.match(plain):
            raise LookupError("names an address on the network, which is never fetched")
        if self.root is None or file.path is None:
            raise LookupError("names another file, and this document did not come from a folder")
        if "\0" in address:
            raise LookupError("does not name a file")
        place = os.path.normpath(file.path.parent / plain)
        if place not in self._tried:
            if len(self._tried) >= _MOST_FILES:
                raise LookupError(f"names one file more than the {_MOST_FILES:,} that are looked for")
            try:
                self._tried[place] = self._inside(Path(place), self.root)
            except LookupError as error:
                self._tried[place] = error
        found = self._tried[place]
        if isinstance(found, LookupError):
            raise found
        return found

    def _inside(self, place: Path, root: Path) -> SpecFile:
        """The file at a place, read if it lies in the folder of the description, symbolic links resolved."""
        try:
            path = place.resolve()
        except (OSError, ValueError, RuntimeError):
            raise LookupError("does not name a file") from None
        if not path.is_relative_to(root):
            raise LookupError("names a file outside the folder of the description, which is not read")
        if path not in self.files:
            self.files[path] = self._read(path, path.relative_to(root).as_posix())
        return self.files[path]

    def _read(self, path: Path, name: str) -> SpecFile:
        """Read a further file, and take what it costs from what is left for the others."""
        left = self.limits
        if min(left.bytes, left.nodes, left.seconds) <= 0:
            raise LookupError(_TOO_LARGE)
        started = time.monotonic()
        try:
            data = read_bytes(path, left)
            document = parse(data, name, limits=left)
        except InputError as error:
            raise LookupError(_told(error, name)) from None
        seconds = left.seconds - (time.monotonic() - started)
        self.limits = replace(left, bytes=left.bytes - len(data), nodes=left.nodes - document.nodes, seconds=seconds)
        return SpecFile(document, name, path)


def _calls(description: Any) -> int:
    """How many operations a description has, and other members of paths."""
    paths = description.get("paths") if isinstance(description, dict) else None
    return sum(len(item) for item in paths.values() if isinstance(item, dict)) if isinstance(paths, dict) else 0


def _reference_in(node: Node) -> str | None:
    reference = node.value.get("$ref") if isinstance(node.value, dict) else None
    return reference if isinstance(reference, str) else None


def _told(error: InputError, name: str) -> str:
    """Why a further file was not read."""
    problem = error.problems[0]
    if not isinstance(problem, Problem):
        return f"names a file that is not read: {problem}"
    if problem.advice == OVER_A_LIMIT:
        return f"{_TOO_LARGE} ({problem.what})"
    line = f" ({problem.where})" if problem.where.startswith(f"{name}:") else ""
    return f"names a file that is not read: {problem.what.removeprefix('is ')}{line}"


def _step(value: Any, step: str) -> Any:
    """One step of a pointer. Raises LookupError where there is nothing."""
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and (index := list_index(step, len(value))) is not None:
        return value[index]
    raise LookupError("names nothing that is in the document")
