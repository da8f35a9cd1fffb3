"""Schemas of an API description, seen lazily: references followed, compositions merged, cycles harmless."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct

from cmms_audit.model import Evidence
from cmms_audit.spec.library import Node

_MOST_PARTS = 200
_MOST_PROPERTIES = 2_000
_COMPONENT_FOLDERS = ("/components/schemas", "/definitions")


class _Part(Struct, frozen=True):
    """One node that a schema is made of; an `alternative` comes from oneOf or anyOf and need not apply."""

    node: Node
    alternative: bool


def schema_at(node: Node) -> Schema:
    """The schema at a node; asking twice gives the same object."""
    node = _unless_only_a_reference(node)
    schemas, key = node.library.schemas, node.key
    schema = schemas.get(key)
    if schema is None:
        schema = schemas[key] = Schema((_Part(node, False),))
    return schema


class Schema:
    """One level of a schema, whatever composes it: `$ref` and `allOf` are merged, `oneOf` and `anyOf` are united.

    Where the document says nothing, a value is empty or None. `read_only` and `nullable` hold if any part says so.
    """

    def __init__(self, roots: tuple[_Part, ...]) -> None:
        self._roots = roots

    @property
    def node(self) -> Node:
        """The node that this schema starts from, before its reference is followed."""
        return self._roots[0].node

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every node that must hold: one, or several where an allOf defines the same property more than once."""
        return tuple(part.node for part in self._roots if not part.alternative) or (self.node,)

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence

    @property
    def raw(self) -> Any:
        """The node as it is written, its reference followed."""
        return self.node.followed().value

    @cached_property
    def _parts(self) -> tuple[_Part, ...]:
        """Every node that this schema is made of, those that must hold first."""
        waiting = list(self._roots)
        seen = set()
        found: list[_Part] = []
        library = self.node.library
        while waiting and len(found) < _MOST_PARTS and library.has_patience(1):
            part = waiting.pop(0)
            if part.node.key in seen or not isinstance(part.node.value, dict):
                continue
            seen.add(part.node.key)
            found.append(part)
            waiting[:0] = _components(part)
        return tuple(sorted(found, key=lambda part: part.alternative))

    def _every(self, key: str) -> Iterator[Any]:
        """The values that the parts give for a keyword."""
        return (part.node.value[key] for part in self._parts if key in part.node.value)

    def _first(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        """The first value of the right kind that a part gives for a keyword."""
        return next((value for value in self._every(key) if isinstance(value, kind)), default)

    @cached_property
    def name(self) -> str:
        """The name of the component that this schema is; empty where it is written in place."""
        must = [part.node.pointer for part in self._parts if not part.alternative]
        for pointer in must if len(must) == 2 else must[:1]:  # two: a component, with remarks of its own around it
            folder, _, name = pointer.rpartition("/")
            if folder in _COMPONENT_FOLDERS:
                return name.replace("~1", "/").replace("~0", "~")
        return ""

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types that are allowed, without "null"; worked out from properties or items where none is named."""
        named = [kind for value in self._every("type") for kind in (value if isinstance(value, list) else [value])]
        types = tuple(dict.fromkeys(kind for kind in named if isinstance(kind, str) and kind != "null"))
        if types:
            return types
        if any(True for _ in self._every("properties")):
            return ("object",)
        if any(True for _ in self._every("items")):
            return ("array",)
        constants = dict.fromkeys(map(_type_of, self._every("const")))
        return tuple(kind for kind in constants if kind)

    @property
    def format(self) -> str:
        """The format, such as "date-time"."""
        return str(self._first("format", str, ""))

    @property
    def description(self) -> str:
        """What the document says about it."""
        return str(self._first("description", str, ""))

    @property
    def pattern(self) -> str:
        """The regular expression that a text must match, as the vendor wrote it: never run it with Python's `re`."""
        return str(self._first("pattern", str, ""))

    @property
    def default(self) -> Any:
        """The value that applies where none is given."""
        return self._first("default", object, None)

    @property
    def example(self) -> Any:
        """The first example."""
        examples = self._first("examples", list, [])
        return self._first("example", object, examples[0] if examples else None)

    @property
    def minimum(self) -> float | None:
        """The smallest number allowed."""
        return _number(self._first("minimum", (int, float), None))

    @property
    def maximum(self) -> float | None:
        """The largest number allowed."""
        return _number(self._first("maximum", (int, float), None))

    @property
    def max_length(self) -> int | None:
        """The most characters that a text may have."""
        length: int | None = self._first("maxLength", int, None)
        return length

    @property
    def read_only(self) -> bool:
        """Whether a client may not write it."""
        return any(value is True for value in self._every("readOnly"))

    @property
    def nullable(self) -> bool:
        """Whether null is allowed: `nullable` (3.0), `x-nullable` (2.0), or null among types or values (3.1)."""
        if any(value is True for key in ("nullable", "x-nullable") for value in self._every(key)):
            return True
        kinds = [kind for value in self._every("type") for kind in (value if isinstance(value, list) else [value])]
        return "null" in kinds or any(None in value for value in self._every("enum") if isinstance(value, list))

    @cached_property
    def enum(self) -> tuple[Any, ...] | None:
        """The allowed values, null left out; None where values are free."""
        parts = [part for part in self._parts if not part.alternative and _choices(part)]
        if parts:
            return tuple(_choices(parts[0]))
        alternatives = [part for part in self._parts if part.alternative]
        if not any(map(_choices, alternatives)) or any(map(_is_free, alternatives)):
            return None
        return tuple({repr(value): value for part in alternatives for value in _choices(part)}.values())

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """The members of an object, by name, from every part."""
        found: dict[str, list[_Part]] = {}
        for part in self._parts:
            properties = part.node.child("properties")
            if isinstance(properties.value, dict) and part.node.library.has_patience(len(properties.value)):
                for name in islice(properties.value, _MOST_PROPERTIES):
                    member = _unless_only_a_reference(properties.at(name))
                    found.setdefault(name, []).append(_Part(member, part.alternative))
        return {name: _joined(parts) for name, parts in found.items()}

    @cached_property
    def required(self) -> frozenset[str]:
        """The members that must be there; those that only an alternative requires are left out."""
        return frozenset(name for part in self._parts if not part.alternative for name in part.node.texts("required"))

    @cached_property
    def items(self) -> Schema | None:
        """The schema of a list's members."""
        parts = [
            _Part(_unless_only_a_reference(part.node.at("items")), part.alternative)
            for part in self._parts
            if isinstance(part.node.value.get("items"), dict)
        ]
        return _joined(parts) if parts else None

    @cached_property
    def additional(self) -> Schema | bool | None:
        """What members beside `properties` may be: a schema, true or false; None where the document does not say."""
        for part in self._parts:
            node = part.node.at("additionalProperties")
            if isinstance(node.value, bool):
                return node.value
            if isinstance(node.value, dict):
                return schema_at(node) if node.value else True
        return None

    def fields(self) -> tuple[Field, ...]:
        """One level of properties."""
        return tuple(Field(name, schema, name in self.required) for name, schema in self.properties.items())


class Field(Struct, frozen=True, eq=False):
    """A property of a schema."""

    name: str
    schema: Schema
    required: bool

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.schema.evidence


def _components(part: _Part) -> Iterator[_Part]:
    """The nodes that a part is directly composed of."""
    node = part.node
    if "$ref" in node.value:
        yield _Part(node.followed(), part.alternative)
    for keyword in ("allOf", "oneOf", "anyOf"):
        listed = node.value.get(keyword)
        if isinstance(listed, list):
            alternative = part.alternative or keyword != "allOf"
            members = node.at(keyword)
            for index in range(min(len(listed), _MOST_PARTS)):
                yield _Part(_unless_only_a_reference(members.at(index)), alternative)


def _unless_only_a_reference(node: Node) -> Node:
    """The node itself if it says anything of its own, else what it refers to."""
    return node.followed() if isinstance(node.value, dict) and len(node.value) == 1 else node


def _joined(parts: list[_Part]) -> Schema:
    """One schema from several definitions of a member; those that name no more than a type yield to the others."""
    telling = [part for part in parts if isinstance(part.node.value, dict) and part.node.value.keys() - {"type"}]
    parts = telling or parts[:1]
    return schema_at(parts[0].node) if len(parts) == 1 else Schema(tuple(parts))


def _choices(part: _Part) -> list[Any]:
    """The allowed values that a part lists; null, and what cannot be compared, left out."""
    listed = part.node.value.get("enum")
    if isinstance(listed, list):
        return [value for value in listed if value is not None]
    return [part.node.value["const"]] if "const" in part.node.value else []


def _is_free(part: _Part) -> bool:
    """Whether an alternative allows values that it does not list."""
    value = part.node.value
    composed = {"$ref", "allOf", "oneOf", "anyOf"} & value.keys()
    return not composed and "enum" not in value and "const" not in value and value.get("type") != "null"


def _type_of(constant: Any) -> str:
    """The JSON type of a constant; empty for null and for what is composed."""
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return next((name for kind, name in kinds if isinstance(constant, kind)), "")


def _number(value: Any) -> float | None:
    return None if isinstance(value, bool) else value
