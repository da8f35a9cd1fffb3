"""One level of a schema, taken apart: what it says itself, the named schemas it builds on, the forms it may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from cmms_audit.spec.library import Node

_MOST_PARTS = 100
_FOLDED = frozenset(("type", "enum", "const", "description", "title", "example", "examples"))
_NUMBER_FORMATS = ("int32", "int64", "float", "double")
_REMARKS = frozenset(("$ref", "description", "summary", "title", "example", "examples", "externalDocs"))


class Part(Struct, frozen=True):
    """A node that must hold. `owner` is the named schema that it came from, None where it is written in place."""

    node: Node
    owner: str | None


class Member(Struct, frozen=True):
    """A member of an object: its name among the `properties` of a part, and the named schema that part came from."""

    properties: Node
    name: str
    owner: str | None

    @property
    def node(self) -> Node:
        """The member as it stands."""
        return self.properties.at(self.name)


def is_reference(node: Node) -> bool:
    """Whether a node is nothing but a reference, remarks for people aside."""
    value = node.value
    return isinstance(value, dict) and isinstance(value.get("$ref"), str) and value.keys() <= _REMARKS


def component(node: Node) -> str:
    """The name under which a document keeps a node for reuse; else its file and pointer."""
    folder, _, name = node.pointer.rpartition("/")
    depth = folder.count("/")
    if not node.file.name and (depth == 1 or (depth == 2 and folder.startswith("/components/"))):
        return name.replace("~1", "/").replace("~0", "~")
    return f"{node.file.name}#{node.pointer}" if node.pointer else node.file.name


class Shape:
    """A schema as its parts: its own and inlined ones, those of the named schemas in `allOf`, and its alternatives."""

    def __init__(
        self, node: Node, fields: Mapping[str, Node] | None = None, *, folds: bool = True, through: bool = False
    ) -> None:
        self.node = node
        self.bases: dict[str, Node] = {}
        self.alternatives: list[Node] = []
        self._null = False
        self._lists = 0
        self.size = 0  # how much there was to look at: parts, members, and what was composed on the way
        self.parts = [Part(node, None)] if fields is not None else list(self._take_apart(node))
        self._fields = fields
        self.folded = folds and self._lists == 1 and self._fold(through)

    def _take_apart(self, node: Node) -> Iterator[Part]:
        """The parts that must hold, each once; on the way the alternatives are gathered."""
        waiting: list[Part] = [Part(node, None)]
        seen: set[Any] = set()
        while waiting and len(seen) < _MOST_PARTS:
            part = waiting.pop(0)
            if part.node.key in seen or not isinstance(part.node.value, dict):
                continue
            seen.add(part.node.key)
            properties = part.node.value.get("properties")
            self.size += 1 + (len(properties) if isinstance(properties, dict) else 0)
            yield part
            waiting[:0] = self._must_hold(part)
            self._gather_alternatives(part)

    def _must_hold(self, part: Part) -> Iterator[Part]:
        value = part.node.value
        members = value.get("allOf")
        inner = [part.node] if isinstance(value.get("$ref"), str) else []
        if isinstance(members, list):
            listed = part.node.at("allOf")
            inner += [listed.at(index) for index in range(min(len(members), _MOST_PARTS))]
        self.size += len(inner)
        for node in inner:
            if isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
                target = node.followed()
                name = component(target)
                if part.owner is None:
                    self.bases.setdefault(name, target)
                if node is not part.node and not is_reference(node):
                    yield Part(node, part.owner)
                yield Part(target, part.owner or name)
            else:
                yield Part(node, part.owner)

    def _gather_alternatives(self, part: Part) -> None:
        if part.owner is not None:
            return
        for keyword in ("oneOf", "anyOf"):
            listed = part.node.value.get(keyword)
            if isinstance(listed, list):
                self._lists += 1
                members = part.node.at(keyword)
                for index in range(min(len(listed), _MOST_PARTS)):
                    if _is_null(listed[index]):
                        self._null = True
                    elif isinstance(listed[index], dict):
                        self.alternatives.append(members.at(index))

    def _fold(self, through: bool) -> bool:
        """Take alternatives that are nothing but types, or nothing but values, for one list of types or values.

        Named ones are left as they are, unless what they lead to is wanted (`through`).
        """
        values: list[Any] = [(each.followed() if through else each).value for each in self.alternatives]
        if not values or not all(isinstance(value, dict) and value.keys() <= _FOLDED for value in values):
            return False
        kinds = [value.get("type") for value in values]
        chosen = ["enum" in value or "const" in value for value in values]
        typed = any("type" in part.node.value for part in self.parts)
        if any(chosen) != all(chosen) or not (all(chosen) or (all(kinds) and not typed)):
            return False
        made: dict[str, Any] = {}
        if all(kinds) and not typed:
            made["type"] = [each for kind in kinds for each in (kind if isinstance(kind, list) else [kind])]
        if all(chosen):
            made["enum"] = [each for value in values for each in _values_in(value)]
        self.parts.append(Part(Node(self.node.library, self.node.file, made, self.node.pointer), None))
        self.alternatives = []
        return True

    def folded_through(self) -> Shape:
        """The same with named types and values folded too; itself where other forms are among them."""
        folded = Shape(self.node, through=True)
        return folded if folded.folded else self

    def unfolded(self) -> Shape:
        """The same with its alternatives as they are written."""
        return Shape(self.node, folds=False) if self.folded else self

    @property
    def forms(self) -> list[Node]:
        """Its alternatives; without any, itself, once for each type that it may have."""
        kinds = self.node.value.get("type") if isinstance(self.node.value, dict) else None
        if self.alternatives or not isinstance(kinds, list) or len(self.types) < 2:
            return self.alternatives or [self.node]
        node = self.node
        return [
            Node(node.library, node.file, _of_type(node.value, kind), node.pointer)
            for kind in kinds[:_MOST_PARTS]
            if kind != "null"
        ]

    @property
    def is_form(self) -> bool:
        """Whether it is put together from the parameters of a form."""
        return self._fields is not None

    def without(self, bases: frozenset[str]) -> list[Part]:
        """The parts that are not those of these named schemas."""
        return [part for part in self.parts if part.owner not in bases]

    @cached_property
    def is_union(self) -> bool:
        """Whether it says nothing but that one of its alternatives must hold."""
        return bool(self.alternatives) and not self.types and not self.fields and not self.bases

    @cached_property
    def types(self) -> frozenset[str]:
        """The JSON types that are allowed, without "null"; those of Swagger's files are text."""
        if self._fields is not None:
            return frozenset(("object",))
        found: set[str] = set()
        for part in self.parts:
            kind = part.node.value.get("type")
            kinds = kind if isinstance(kind, list) else [kind]
            found |= {"string" if each == "file" else each for each in kinds if isinstance(each, str)}
        found.discard("null")
        if not found and self.fields:
            return frozenset(("object",))
        if not found and any(isinstance(part.node.value.get("items"), dict) for part in self.parts):
            return frozenset(("array",))
        return frozenset(found)

    @property
    def says_something(self) -> bool:
        """Whether it limits its values in another way than by a type."""
        return bool(self.alternatives) or any(self.first(key)[1] for key in ("enum", "const"))

    @property
    def is_blank(self) -> bool:
        """Whether anything at all fits it, as far as the document says."""
        return not (self.types or self.bases or self.says_something)

    def null_without(self, bases: frozenset[str]) -> bool:
        """Whether it allows null itself, these named schemas aside."""
        return self._null or any(_allows_null(part.node.value) for part in self.without(bases))

    @property
    def tells_of_null(self) -> bool:
        """Whether its silence on null means anything: Swagger 2.0 has no word for it, only an extension."""
        document = self.node.file.document.value
        return not (isinstance(document, dict) and "swagger" in document) or self.first("x-nullable")[1] is not None

    @cached_property
    def nullable(self) -> bool:
        """Whether null is allowed, in the words of any version."""
        return self._null or any(_allows_null(part.node.value) for part in self.parts)

    @cached_property
    def fields(self) -> Mapping[str, Part | Member]:
        """The members of an object, as they stand."""
        found: dict[str, Part | Member] = {}
        if self._fields is not None:
            found.update((name, Part(node, None)) for name, node in self._fields.items())
            return found
        for part in self.parts:
            properties = part.node.child("properties") if "properties" in part.node.value else None
            if properties and isinstance(properties.value, dict):
                for name in properties.value:
                    if name not in found:
                        found[name] = Member(properties, name, part.owner)
        return found

    @cached_property
    def required(self) -> frozenset[str]:
        """The members that must be there."""
        if self._fields is not None:
            return frozenset(name for name, node in self._fields.items() if node.flag("required"))
        return frozenset(name for part in self.parts for name in part.node.texts("required"))

    @property
    def is_file(self) -> bool:
        """Whether it is a file of Swagger 2.0, which later versions call a binary string."""
        return any(part.node.value.get("type") == "file" for part in self.parts if part.node.value is not None)

    @property
    def dependent(self) -> frozenset[tuple[str, str]]:
        """Members that bring another one with them: the first must not be there without the second."""
        holders = (node for part in self.parts for node in [part.node.at("dependentRequired")])
        return frozenset(
            (name, other) for node in holders if isinstance(node.value, dict) for name in node.value
            for other in node.texts(name)
        )  # fmt: skip

    @property
    def discriminator(self) -> str:
        """The member that tells forms apart, in the words of any version; empty where none is named."""
        said, _ = self.first("discriminator")
        name = said.get("propertyName") if isinstance(said, dict) else said
        return name if isinstance(name, str) else ""

    def first(self, *keys: str) -> tuple[Any, Part | None]:
        """The first value that a part gives for one of these keywords, and that part."""
        for part in self.parts:
            for key in keys:
                if part.node.value is not None and key in part.node.value:
                    return part.node.value[key], part
        return None, None

    @property
    def positions(self) -> list[Part]:
        """What a list holds place by place, as far as that is said."""
        for part in self.parts:
            listed = part.node.value.get("prefixItems")
            if isinstance(listed, list):
                holder = part.node.at("prefixItems")
                return [Part(holder.at(index), part.owner) for index in range(min(len(listed), _MOST_PARTS))]
        return []

    def member(self, key: str) -> Part | None:
        """The first mapping that a part holds under a keyword, such as "items"."""
        for part in self.parts:
            if isinstance(part.node.value.get(key), dict):
                return Part(part.node.at(key), part.owner)
        return None


def _of_type(value: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """A schema of several types as one of them, without a notation that is meant for others."""
    meant = (value.get("format") in _NUMBER_FORMATS) == (kind in ("integer", "number"))
    return {key: each for key, each in value.items() if key != "format" or meant} | {"type": kind}


def _is_null(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "null" and value.keys() <= _FOLDED


def _values_in(value: Mapping[str, Any]) -> list[Any]:
    """The values that an alternative lists."""
    listed = value.get("enum")
    return listed if isinstance(listed, list) else [value["const"]] if "const" in value else []


def _allows_null(value: Mapping[str, Any]) -> bool:
    kind, values = value.get("type"), value.get("enum")
    return (
        value.get("nullable") is True
        or value.get("x-nullable") is True
        or kind == "null"
        or (isinstance(kind, list) and "null" in kind)
        or (isinstance(values, list) and None in values)
    )
