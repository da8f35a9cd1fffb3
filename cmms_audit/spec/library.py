"""The files that make up one API description, and a cursor over their nodes that follows references.

A description is hostile until read: whatever has the wrong kind counts as empty here, and `spec/sweep.py` says so
to the reader. References reach files below one folder only, never the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cmms_audit.documents import Document, Limits, list_index, parse, pointer_join, pointer_parts, read_bytes
from cmms_audit.errors import InputError
from cmms_audit.model import Evidence

if TYPE_CHECKING:
    from cmms_audit.spec.schema import Schema

_MOST_FILES = 10_000
_LONGEST_CHAIN = 50


@dataclass(frozen=True, eq=False)
class SpecFile:
    """One file of a description; `name` is its path below the root folder, empty for the main document."""

    document: Document
    name: str
    path: Path | None


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A value in one of the files, and where it stands. Children that are references are followed."""

    library: Library
    file: SpecFile
    value: Any
    pointer: str

    @property
    def evidence(self) -> Evidence:
        """The place as evidence; in another file than the main one, the pointer starts with that file's name."""
        pointer = f"{self.file.name}#{self.pointer}" if self.file.name else self.pointer
        return Evidence("spec", pointer=pointer, line=self.file.document.line(self.pointer))

    @property
    def key(self) -> tuple[SpecFile, str]:
        """What makes this place this place."""
        return self.file, self.pointer

    def at(self, step: str | int) -> Node:
        """The child as it stands, references not followed; a missing one has the value None."""
        value = None
        if isinstance(self.value, dict):
            value = self.value.get(step)
        elif isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            value = self.value[step]
        return Node(self.library, self.file, value, pointer_join(self.pointer, step))

    def child(self, step: str | int) -> Node:
        """The child that a step leads to, references followed."""
        return self.at(step).followed()

    def followed(self) -> Node:
        """What this stands for, if it is a reference; itself otherwise."""
        return self.library.follow(self)

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

    def flag(self, name: str) -> bool:
        """Whether true stands under a name."""
        return isinstance(self.value, dict) and self.value.get(name) is True

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts in the list under a name."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


@dataclass(eq=False)
class Library:
    """All files of one description, opened when a reference first needs them. `root` None: only the main one."""

    root: Path | None
    limits: Limits
    files: dict[Path, SpecFile] = field(default_factory=dict)
    failures: dict[tuple[SpecFile, str], str] = field(default_factory=dict)
    schemas: dict[tuple[SpecFile, str], Schema] = field(default_factory=dict)
    _targets: dict[tuple[SpecFile, str], Node | None] = field(default_factory=dict)
    _bytes: int = 0

    def main(self, document: Document, path: Path | None) -> Node:
        """The root node of the main document; `path` its own place, where it came from a file."""
        file = SpecFile(document, "", path)
        if path is not None:
            self.files[path] = file
        return Node(self, file, document.value, "")

    def follow(self, node: Node) -> Node:
        """What a node stands for: the end of its chain of references, or an empty mapping where that leads nowhere."""
        current = node
        for _ in range(_LONGEST_CHAIN):
            reference = current.value.get("$ref") if isinstance(current.value, dict) else None
            if not isinstance(reference, str):
                return current
            target = self.target(current.file, reference)
            if target is None:
                break
            current = target
        else:
            self.failures.setdefault((node.file, node.value["$ref"]), "leads in a circle")
        return Node(self, node.file, {}, node.pointer)

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
        other = self._open(file, unquote(address)) if address else file
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            raise LookupError("names an anchor, which is not followed")
        value = other.document.value
        for step in pointer_parts(pointer):
            value = _step(value, step)
        return Node(self, other, value, pointer)

    def _open(self, file: SpecFile, address: str) -> SpecFile:
        """The file that a reference names. Raises LookupError where it may not or cannot be read."""
        if "://" in address or address.startswith(("//", "file:")):
            raise LookupError("names an address on the network or an absolute file, which is never fetched")
        if self.root is None or file.path is None:
            raise LookupError("names another file, and this document did not come from a folder")
        try:
            path = (file.path.parent / address).resolve()
            inside = path.is_relative_to(self.root)
        except (OSError, ValueError, RuntimeError):
            raise LookupError("does not name a file") from None
        if not inside:
            raise LookupError("names a file outside the folder of the description, which is not read")
        if path not in self.files:
            self.files[path] = self._read(path, self.root)
        return self.files[path]

    def _read(self, path: Path, root: Path) -> SpecFile:
        if len(self.files) >= _MOST_FILES:
            raise LookupError(f"names one file more than the {_MOST_FILES:,} that are read")
        try:
            data = read_bytes(path, self.limits)
            self._bytes += len(data)
            if self._bytes > self.limits.bytes:
                raise LookupError("names a file that makes the description larger than what is read")
            document = parse(data, str(path), limits=self.limits)
        except InputError as error:
            problem = error.problems[0]
            raise LookupError(f"names a file that {getattr(problem, 'what', problem)}") from None
        return SpecFile(document, path.relative_to(root).as_posix(), path)


def _step(value: Any, step: str) -> Any:
    """One step of a pointer. Raises LookupError where there is nothing."""
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and (index := list_index(step, len(value))) is not None:
        return value[index]
    raise LookupError("names nothing that is in the document")
