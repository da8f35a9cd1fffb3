"""Rules about examples and defaults: a value that the document gives should follow its own description.

Single values are looked at wherever they stand. Whole records cost a compiled schema each, so of those only the first
few are held against their description.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmms_audit.spec.library import Node
from cmms_audit.spec.problems import Fault, shown
from cmms_audit.spec.rules.formats import breaks_format
from cmms_audit.spec.rules.look import Look, Seen, Visit
from cmms_audit.spec.rules.schemas import has_type
from cmms_audit.spec.schema import schema_at

MOST_RECORDS = 20
_MOST_NODES = 500
_COMPOSING = ("$ref", "allOf", "oneOf", "anyOf", "not", "const")
_MOST_CHOICES = 5_000


def in_schema(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The example or default of a schema."""
    _look(seen, visit, visit.value, (), value, (key,))


def several_in_schema(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The examples of a schema, as OpenAPI 3.1 writes them."""
    if not seen.modern:
        seen.tell("keyword-of-newer-version", "'examples' in a schema", visit, key)
    for index, each in enumerate(value[:10] if isinstance(value, list) else ()):
        _look(seen, visit, visit.value, (), each, (key, index))


def of_media(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The example of a body or of a parameter."""
    if isinstance(visit.value.get("schema"), dict):
        _look(seen, visit, visit.value["schema"], ("schema",), value, (key,))


def several_of_media(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The named examples of a body or of a parameter."""
    if not isinstance(visit.value.get("schema"), dict) or not isinstance(value, dict):
        return
    for name, example in value.items():
        if isinstance(example, dict) and "value" in example:
            _look(seen, visit, visit.value["schema"], ("schema",), example["value"], (key, name, "value"))


def in_parameter(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The example or default of a parameter; in Swagger 2.0 a parameter is its own schema."""
    if seen.swagger2 and "type" in visit.value:
        _look(seen, visit, visit.value, (), value, (key,))
    else:
        of_media(seen, visit, key, value)


def _look(
    seen: Seen, visit: Visit, schema: dict[str, Any], at: tuple[str, ...], value: Any, steps: tuple[str | int, ...]
) -> None:
    """Judge a single value at once; a record later, if its turn comes. Nothing in place of a value breaks nothing."""
    if value is None:
        return
    if isinstance(value, dict | list) or any(word in schema for word in _COMPOSING):
        seen.examples_seen += 1
        if len(seen.examples) < MOST_RECORDS and schema:
            library = seen.root.library
            described = Node(library, seen.file, schema, visit.pointer(*at))
            seen.examples.append((described, Node(library, seen.file, value, visit.pointer(*steps))))
        return
    fault = _breaks(schema, value)
    if fault:
        rule = "default-breaks-schema" if steps[0] == "default" else "example-breaks-schema"
        seen.tell(rule, f"the value '{shown(value)}' {fault}", visit, *steps)


def _breaks(schema: dict[str, Any], value: Any) -> str:
    """How a single value breaks a schema without compositions; empty where it holds."""
    types = schema.get("type")
    words = [types] if isinstance(types, str) else types if isinstance(types, list) else []
    words = [word for word in words if isinstance(word, str)]
    if words and not any(has_type(value, word) for word in words):
        return f"is no {' or '.join(shown(word) for word in words)}"
    listed = schema.get("enum")
    if isinstance(listed, list) and listed and len(listed) <= _MOST_CHOICES and value not in listed:
        return "is not one of the values that are allowed"
    if isinstance(value, str):
        misshapen = breaks_format(schema.get("format"), value) if "string" in words else ""
        return misshapen or _outside(len(value), schema.get("minLength"), schema.get("maxLength"), "characters")
    return _outside(value, schema.get("minimum"), schema.get("maximum"), "")


def _outside(size: Any, least: Any, most: Any, unit: str) -> str:
    if isinstance(size, bool):
        return ""
    if isinstance(least, int | float) and size < least:
        return f"is below the smallest allowed ({least:g}{f' {unit}' if unit else ''})"
    if isinstance(most, int | float) and size > most:
        return f"is above the largest allowed ({most:g}{f' {unit}' if unit else ''})"
    return ""


def broken_records(seen: Seen) -> Iterator[Fault]:
    """The whole records among the examples that break their description."""
    from cmms_audit.spec.drift import drift  # compiles schemas: loaded where there is something to compile

    for described, example in seen.examples:
        if not _is_small(described):
            continue
        departures = drift(schema_at(described), example.value)
        passed_over = {"undocumented-field"}
        if "/requestBod" in example.pointer:  # what only the vendor's system fills in may be missing there
            passed_over.add("missing-required")
        broken = [each for each in departures if each.kind not in passed_over]
        if broken:
            default = example.pointer.endswith("/default")
            rule = "default-breaks-schema" if default else "example-breaks-schema"
            where = f"{shown(broken[0].field)}: " if broken[0].field else ""
            yield Fault(rule, f"{where}{broken[0].says}", example.file, example.pointer)


def _is_small(described: Node) -> bool:
    """Whether a schema, with all that it refers to, is small enough to be compiled for one example."""
    waiting = [described]
    met: set[object] = set()
    while waiting and len(met) <= _MOST_NODES:
        node = waiting.pop().followed()
        if node.key in met or not isinstance(node.value, dict):
            continue
        met.add(node.key)
        for keyword in ("properties", "allOf", "oneOf", "anyOf"):
            inside = node.value.get(keyword)
            steps: list[str | int] = [*inside] if isinstance(inside, dict) else []
            steps = [*range(len(inside))] if isinstance(inside, list) else steps
            waiting += [node.at(keyword).at(step) for step in steps[:_MOST_NODES]]
        waiting += [node.at(keyword) for keyword in ("items", "additionalProperties") if keyword in node.value]
    return len(met) <= _MOST_NODES


_EVERYTHING: frozenset[Any] = frozenset()
SCHEMA_LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {
    "example": (in_schema, _EVERYTHING),
    "default": (in_schema, _EVERYTHING),
    "examples": (several_in_schema, _EVERYTHING),
}
PARAMETER_LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {
    "example": (in_parameter, _EVERYTHING),
    "default": (in_parameter, _EVERYTHING),
    "examples": (several_of_media, _EVERYTHING),
}
MEDIA_LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {
    "example": (of_media, _EVERYTHING),
    "examples": (several_of_media, _EVERYTHING),
}
