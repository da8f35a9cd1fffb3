"""An API description as typed values, each with its place in the document. Read when asked for, never fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.model import Evidence, HasEvidence
from cmms_audit.patterns import pattern
from cmms_audit.spec.formats import Format, WrittenIn
from cmms_audit.spec.library import Node, as_shown
from cmms_audit.spec.meta_schema import version_of
from cmms_audit.spec.operations import METHODS, Header, Operation, Parameter, ResponseDoc
from cmms_audit.spec.problems import ProblemGroup, SpecProblem
from cmms_audit.spec.schema import Field, Schema, schema_at
from cmms_audit.spec.security import Flow, SecurityNeed, SecurityScheme, security_needs, security_schemes
from cmms_audit.spec.sweep import Sweep, is_whole, reading_problems

__all__ = [
    "Field",
    "Flow",
    "Header",
    "Operation",
    "Parameter",
    "ProblemGroup",
    "Prose",
    "ResponseDoc",
    "Schema",
    "SecurityNeed",
    "SecurityScheme",
    "Server",
    "Spec",
    "SpecProblem",
    "Webhook",
]

_MOST_OPERATIONS = 20_000
_MOST_WEBHOOKS = 1_000
_MOST_PROSE = 2_000_000  # characters of all texts together
_TEMPLATE = pattern(r"\{([^{}]{1,200})\}")


class Prose(Struct, frozen=True, eq=False):
    """A piece of text for people, and where it stands: `place` is asked for its line only when somebody needs it.

    `of_operation` says that it belongs to a single operation.
    """

    text: str
    place: HasEvidence
    of_operation: bool = False

    @property
    def evidence(self) -> Evidence:
        """Where it stands, on the line of its first words."""
        return self.place.quoted(self.text) if isinstance(self.place, Node) else self.place.evidence


class Server(Struct, frozen=True, eq=False):
    """An address that the API is served at; `url` has the default values of its variables filled in."""

    url: str
    description: str
    node: Node

    @property
    def name(self) -> str:
        """Its name (OpenAPI 3.2); empty where it has none."""
        return self.node.text("name")

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence


class Webhook(Struct, frozen=True, eq=False):
    """A call that the vendor says it makes to the client: a webhook of OpenAPI 3.1, or the callback of an operation."""

    name: str
    callback: bool
    operation: Operation

    @property
    def description(self) -> str:
        """What the document says about it."""
        return self.operation.description or self.operation.summary

    @property
    def payload(self) -> Schema | None:
        """The schema of what is sent."""
        return self.operation.request

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.operation.evidence


class Spec:
    """An API description: OpenAPI, Swagger, or what was converted to it.

    `root` is the main document's first node, `sha256` the hash of its bytes, `written_in` what a converted document
    was. Nothing here raises for what the vendor wrote: what has the wrong form counts as missing, and `problems` lists
    it.
    """

    def __init__(self, root: Node, sha256: str, written_in: WrittenIn | None = None) -> None:
        self._root = root
        self.sha256 = sha256
        self._converted_from = written_in
        self.source = root.file.document.source
        self._length_of_prose = 0

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read so far, each once; none where the document did not come from a file."""
        return tuple(self._root.library.files)

    @property
    def root(self) -> Node:
        """The first node of the document, for readers of what nothing else here names, such as extensions."""
        return self._root

    @property
    def title(self) -> str:
        """The name that the vendor gives the API."""
        return self._root.child("info").text("title")

    @property
    def version(self) -> str:
        """The version that the vendor gives the API; empty where there is none."""
        version = self._root.child("info").at("version").value
        return str(version) if isinstance(version, str | int | float) and not isinstance(version, bool) else ""

    @property
    def dialect_version(self) -> str:
        """The version of the description language: "2.0", "3.0.3", "3.1.0"; of a converted document its own."""
        return self.written_in.version

    @cached_property
    def written_in(self) -> WrittenIn:
        """The language of the vendor's document."""
        if self._converted_from is not None:
            return self._converted_from
        version = str(self._root.value.get("openapi") or self._root.value.get("swagger") or "")
        return WrittenIn("openapi" if self._root.value.get("openapi") else "swagger", version)

    @property
    def format(self) -> Format:
        """The language of the vendor's document, in one word."""
        return self.written_in.format

    def tells(self, subject: str) -> bool:
        """Whether the language has words for a subject (a question id), so that silence on it is an answer."""
        return self.written_in.tells(subject)

    @property
    def _swagger2(self) -> bool:
        return "swagger" in self._root.value

    @cached_property
    def servers(self) -> tuple[Server, ...]:
        """The addresses that the API is served at; those of Swagger 2.0 are put together from scheme, host and path."""
        if not self._swagger2:
            listed = self._root.child("servers").members()
            return tuple(
                Server(_filled_in(node), node.text("description"), node) for node in listed if node.text("url")
            )
        host, base = self._root.text("host"), self._root.text("basePath")
        if not host:
            return (Server(base, "", self._root.at("basePath")),) if base else ()
        schemes = self._root.texts("schemes") or ("https",)
        return tuple(Server(f"{scheme}://{host}{base}", "", self._root.at("host")) for scheme in schemes)

    @cached_property
    def prefix(self) -> str:
        """The path that stands before every path of the document, such as "/api/v5"; empty where there is none."""
        if not self.servers:
            return ""
        try:
            return urlsplit(self.servers[0].url).path.rstrip("/")
        except ValueError:
            return ""

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, in the order of the document."""
        paths = self._root.child("paths")
        described = (
            operation
            for path, item in paths.entries()
            if path.startswith("/")
            for operation in self._operations_of(item, path)
        )
        return tuple(islice(described, _MOST_OPERATIONS))

    def _operations_of(self, item: Node, path: str) -> Iterator[Operation]:
        if not isinstance(item.value, dict):
            return
        for method in item.value:
            node = item.child(method) if method.lower() in METHODS else None
            if node and isinstance(node.value, dict):
                yield Operation(node, item, self._root, path, method.upper())
        if "additionalOperations" in item.value:  # OpenAPI 3.2: methods that it has no member for
            for method, node in item.child("additionalOperations").entries():
                if isinstance(node.value, dict) and method.lower() not in METHODS:
                    yield Operation(node, item, self._root, path, method.upper())

    @cached_property
    def _by_address(self) -> dict[tuple[str, str], Operation]:
        return {(operation.method, operation.path): operation for operation in self.operations}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that has an operation, as the document writes it."""
        return tuple(dict.fromkeys(operation.path for operation in self.operations))

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of that method and path, as the document writes the path."""
        return self._by_address.get((method.upper(), path))

    @cached_property
    def security(self) -> tuple[SecurityNeed, ...]:
        """The ways in that hold for every operation that names none of its own."""
        return security_needs(self._root.at("security").value) or ()

    @cached_property
    def security_schemes(self) -> dict[str, SecurityScheme]:
        """The declared ways to prove who calls, by name."""
        return security_schemes(self._root, self._swagger2)

    @cached_property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The calls that the vendor says it makes: webhooks of OpenAPI 3.1 or `x-webhooks`, and callbacks."""
        return tuple(islice(self._read_webhooks(), _MOST_WEBHOOKS))

    def _read_webhooks(self) -> Iterator[Webhook]:
        for key in ("webhooks", "x-webhooks"):
            for name, item in self._root.child(key).entries():
                yield from (Webhook(name, False, call) for call in self._operations_of(item, name))
        for operation in self.operations:
            for name, callback in operation.callback_nodes():
                for expression, item in callback.entries():
                    yield from (Webhook(name, True, call) for call in self._operations_of(item, expression))

    @property
    def _schema_folder(self) -> Node:
        return self._root.child("definitions") if self._swagger2 else self._root.child("components").child("schemas")

    @cached_property
    def schema_names(self) -> tuple[str, ...]:
        """The names of the schemas that the document keeps for reuse."""
        folder = self._schema_folder.value
        return tuple(folder) if isinstance(folder, dict) else ()

    def schema(self, name: str) -> Schema | None:
        """The schema that the document keeps under a name."""
        node = self._schema_folder.at(name)
        return schema_at(node) if isinstance(node.value, dict) else None

    @cached_property
    def _swept(self) -> Sweep:
        if self.written_in.converted:  # written by us, so only the vendor's file can hold faults
            return Sweep(Node(self._root.library, self._root.file, {}, ""), version_of("3.1.0")).run()
        written = self._root.value.get("openapi") or self._root.value.get("swagger") or ""
        return Sweep(self._root, version_of(str(written))).run()

    @cached_property
    def problems(self) -> tuple[SpecProblem, ...]:
        """What could not be read as it is written: wrong kinds, references that lead nowhere, keys given twice."""
        return reading_problems(self._swept)

    @cached_property
    def faults(self) -> tuple[ProblemGroup, ...]:
        """All that is wrong with the document by the official schema and further rules, grouped, the gravest first."""
        from cmms_audit.spec.faults import faults_of  # the validator is loaded where it is needed

        return faults_of(self, self._swept)

    @cached_property
    def whole(self) -> bool:
        """Whether all of it could be read: every reference leads to something, and nothing in it is without end."""
        self.prose()
        cut = len(self.operations) >= _MOST_OPERATIONS or self._length_of_prose > _MOST_PROSE
        return not cut and self._root.library.patience > 0 and is_whole(self._swept)

    def prose(self) -> tuple[Prose, ...]:
        """The texts for people: of the document, its tags, its operations, and what they say of further documents."""
        return self._prose

    @cached_property
    def _prose(self) -> tuple[Prose, ...]:
        taken: list[Prose] = []
        seen: set[tuple[Any, ...]] = set()
        for prose, key in self._read_prose():
            if key not in seen and self._length_of_prose <= _MOST_PROSE:
                seen.add(key)
                taken.append(prose)
                self._length_of_prose += len(prose.text)
        return tuple(taken)

    def _read_prose(self) -> Iterator[tuple[Prose, tuple[Any, ...]]]:
        """Each text with what makes its place this place: many operations may refer to one."""
        info = self._root.child("info")
        for holder, names in ((info, ("summary", "description")), (self._root, ()), *self._prose_holders()):
            of_operation = "summary" in names and holder is not info
            for name in names:
                place = _place_of_text(holder, name)
                if place is not None:
                    yield Prose(as_shown(place.value), place, of_operation), place.key
            more = holder.child("externalDocs")
            if text := more.prose("description"):
                place = more.at("description")
                yield Prose(text, place, of_operation), place.key

    def _prose_holders(self) -> Iterator[tuple[Node, tuple[str, ...]]]:
        for tag in self._root.child("tags").members():
            yield tag, ("description",)
        for operation in self.operations:
            yield operation.node, ("summary", "description")

    def evidence_at(self, pointer: str) -> Evidence:
        """A place in the main document as evidence."""
        return Evidence("spec", pointer=pointer, line=self._root.file.document.line(pointer))


def _place_of_text(holder: Node, name: str) -> Node | None:
    """Where the text under a name stands: there, or in another file that it refers to; None where there is none."""
    value = holder.value.get(name) if isinstance(holder.value, dict) else None
    if not value or not isinstance(value, str | dict):
        return None
    place = holder.child(name)
    return place if isinstance(place.value, str) and place.value else None


def _filled_in(server: Node) -> str:
    """The address of a server with the default values of its variables."""

    def default(match: re.Match[str]) -> str:
        value: Any = server.child("variables").child(match.group(1)).at("default").value
        return value if isinstance(value, str) else match.group(0)

    return _TEMPLATE.sub(default, server.text("url"))
