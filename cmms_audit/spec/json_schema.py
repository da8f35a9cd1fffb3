"""A schema of an API description as a JSON Schema (2020-12) that stands alone and refers to nothing outside.

Made for holding answers against it, so what concerns requests only (writeOnly) is not required here. Whatever a vendor
wrote in a wrong form is left out: such a rule then forbids nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmms_audit.spec.library import Node
from cmms_audit.spec.schema import Schema

_MOST_NODES = 20_000
_MOST_WAYS = 200
_TYPES = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_BOUNDS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))


def as_json_schema(schema: Schema, *, patterns: bool = True) -> dict[str, Any]:
    """The JSON Schema of a schema; without `patterns` it leaves out the regular expressions."""
    return _Writer(patterns).write(schema)


class _Writer:
    """Writes each node that is referred to once, under $defs, so that cycles end."""

    def __init__(self, patterns: bool) -> None:
        self._patterns = patterns
        self._names: dict[object, str] = {}
        self._waiting: list[tuple[str, Node]] = []
        self._left = _MOST_NODES

    def write(self, schema: Schema) -> dict[str, Any]:
        roots = [self._reference(node) for node in schema.nodes]
        definitions: dict[str, Any] = {}
        while self._waiting:
            name, node = self._waiting.pop()
            definitions[name] = self._node(node)
        return {"allOf": roots, "$defs": _without_mazes(definitions)}

    def _reference(self, node: Node) -> dict[str, Any]:
        """A reference to a node that will be written later; to one that leads nowhere, anything fits."""
        node = node.followed()
        if node.key not in self._names:
            if len(self._names) >= _MOST_NODES:
                return {}
            self._names[node.key] = f"n{len(self._names)}"
            self._waiting.append((self._names[node.key], node))
        return {"$ref": f"#/$defs/{self._names[node.key]}"}

    def _node(self, node: Node) -> dict[str, Any]:
        value = node.value
        if not isinstance(value, dict):
            return {}
        written = dict(self._rules(value))
        if "properties" in value:
            written.update(self._members(node))
        for keyword in ("items", "additionalProperties"):
            if isinstance(value.get(keyword), dict):
                written[keyword] = self._reference(node.at(keyword))
        for keyword in ("allOf", "oneOf", "anyOf"):
            listed = value.get(keyword)
            if isinstance(listed, list) and listed:
                # Alternatives of vendors overlap; to fit one of them is enough.
                target = "allOf" if keyword == "allOf" else "anyOf"
                choices = [self._reference(node.at(keyword).at(index)) for index in range(len(listed))]
                written.setdefault("allOf", []).append({target: choices})
        nullable = value.get("nullable") is True or value.get("x-nullable") is True
        return _or_null(written) if nullable else written

    def _members(self, node: Node) -> Iterator[tuple[str, Any]]:
        properties = node.child("properties")
        if not isinstance(properties.value, dict):
            return
        yield "properties", {name: self._reference(properties.at(name)) for name in properties.value}
        write_only = {name for name, member in properties.entries() if member.flag("writeOnly")}
        yield "required", sorted(set(node.texts("required")) - write_only)

    def _rules(self, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The keywords that hold no schema."""
        types = value["type"] if isinstance(value.get("type"), list) else [value.get("type")]
        known = list(dict.fromkeys(kind for kind in types if isinstance(kind, str) and kind in _TYPES))
        if known and len(known) == len(types):
            yield "type", known
        if isinstance(value.get("enum"), list) and value["enum"]:
            yield "enum", value["enum"]
        if "const" in value:
            yield "const", value["const"]
        if isinstance(value.get("format"), str):
            yield "format", value["format"]
        if self._patterns and isinstance(value.get("pattern"), str):
            yield "pattern", value["pattern"]
        for keyword in _COUNTS:
            if _is_number(value.get(keyword)) and value[keyword] >= 0 and value[keyword] == int(value[keyword]):
                yield keyword, int(value[keyword])
        yield from _bounds(value)


def _without_mazes(definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions, without those that lead one value through too many others.

    Alternatives that refer to alternatives, thirty levels deep, would keep a validator busy for years.
    """
    ways: dict[str, int] = {}
    for name in definitions:
        _count_ways(name, definitions, ways)
    return {name: written if ways[name] <= _MOST_WAYS else {} for name, written in definitions.items()}


def _count_ways(start: str, definitions: dict[str, Any], ways: dict[str, int]) -> None:
    """Count how many definitions a value at `start` is held against, without recursion."""
    waiting = [start]
    entered: set[str] = set()
    while waiting:
        name = waiting[-1]
        onward = [] if name in ways else _applied_to_the_same(definitions[name])
        unknown = [other for other in onward if other not in ways and other not in entered]
        if name in ways or not unknown or name in entered:
            ways.setdefault(name, min(1 + sum(ways.get(other, 1) for other in onward), _MOST_WAYS + 1))
            waiting.pop()
        else:
            entered.add(name)
            waiting += unknown


def _applied_to_the_same(written: dict[str, Any]) -> list[str]:
    """The definitions that a written node holds the same value against."""
    waiting, found = [written], []
    while waiting:
        part = waiting.pop()
        if "$ref" in part:
            found.append(part["$ref"].rsplit("/", 1)[-1])
        for keyword in ("allOf", "anyOf"):
            waiting += part.get(keyword, ())
    return found


def _bounds(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Limits of numbers; `exclusiveMinimum: true` (OpenAPI 3.0, Swagger 2.0) turns the limit beside it."""
    for keyword, exclusive in _BOUNDS:
        if _is_number(value.get(keyword)):
            yield (exclusive if value.get(exclusive) is True else keyword), value[keyword]
        if _is_number(value.get(exclusive)):
            yield exclusive, value[exclusive]


def _or_null(written: dict[str, Any]) -> dict[str, Any]:
    simple = "allOf" not in written and "const" not in written and "type" in written
    if not simple:
        return {"anyOf": [written, {"type": "null"}]}
    choices = {"enum": [*written["enum"], None]} if "enum" in written else {}
    return {**written, "type": list(dict.fromkeys([*written["type"], "null"])), **choices}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
