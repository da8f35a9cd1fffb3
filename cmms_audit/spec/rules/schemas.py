"""Rules about schemas: types that do not exist, lists of nothing, choices given twice, keywords of another version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cmms_audit.spec.library import Node
from cmms_audit.spec.problems import Fault, shown
from cmms_audit.spec.rules.look import Look, Seen, Visit

_ORDINARY_TYPES = frozenset(("string", "integer", "number", "boolean", "object"))
_TYPES = _ORDINARY_TYPES | {"array"}
_COMPOSING = ("allOf", "oneOf", "anyOf", "$ref", "additionalProperties", "patternProperties", "if", "not")
_LOWER_LIMITS = {"maximum": "minimum", "maxLength": "minLength", "maxItems": "minItems"}
_MOST_CHOICES = 5000
_MOST_ALTERNATIVES = 100
MOST_PARTS = 20_000
_MOST_MAPPINGS = 500
SINCE_3_0 = ("oneOf", "anyOf", "not", "nullable", "writeOnly")
SINCE_3_1 = (
    *("const", "if", "then", "else", "contains", "propertyNames", "prefixItems", "patternProperties", "$defs"),
    *("dependentSchemas", "dependentRequired", "unevaluatedProperties", "unevaluatedItems", "contentEncoding"),
    *("contentMediaType", "examples"),
)


def kind(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A type must be one of JSON's; lists of types came with OpenAPI 3.1, and a list needs `items` before that."""
    if isinstance(value, list):
        if not seen.modern:
            seen.tell("keyword-of-newer-version", "a list of types", visit, key)
        words = [word for word in value if isinstance(word, str) and word != "null"]
    else:
        words = [value]
    for word in words:
        if word not in _TYPES and not (word == "null" and seen.modern) and not _is_file(seen, visit, word):
            seen.tell("type-unknown", f"the type '{shown(word)}'", visit, key)
    if "array" in words and not seen.modern and visit.value.get("items") is None:
        seen.tell("items-missing", f"the list '{shown(visit.value.get('name', visit.step))}'", visit)


def _is_file(seen: Seen, visit: Visit, word: str) -> bool:
    """Whether this is the file of a form or of an answer, a type of Swagger 2.0."""
    return word == "file" and seen.swagger2 and (visit.value.get("in") == "formData" or visit.step == "schema")


def required(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """Names that must be there should be described; noted, because another part of a composition may do so."""
    if isinstance(value, bool):
        seen.tell("required-misplaced", f"'required: {str(value).lower()}' in '{shown(visit.step)}'", visit, key)
    described = visit.value.get("properties")
    if not isinstance(value, list) or not isinstance(described, dict) or not described or "$ref" in described:
        return
    if any(word in visit.value for word in _COMPOSING) or _in_a_composition(visit):
        return
    missing = [name for name in value if isinstance(name, str) and name not in described]
    if missing:
        seen.unknown_required.append((seen.file, visit, missing))


def _in_a_composition(visit: Visit) -> bool:
    around = visit.around
    return around is not None and (around.step in ("allOf", "oneOf", "anyOf") or visit.step in ("not", "if", "then"))


def unknown_required(seen: Seen) -> Iterator[Fault]:
    """The noted names, but for schemas that others are composed of: those may rely on them for the description."""
    if not seen.unknown_required:
        return
    library = seen.root.library
    parts = (Node(library, file, {"$ref": reference}, "").followed() for file, reference in seen.composed)
    composed = {id(part.value) for part in parts}
    for file, visit, missing in seen.unknown_required:
        if id(visit.value) not in composed:
            called = ", ".join(shown(name) for name in missing[:5])
            yield Fault("required-unknown", f"required, not described: {called}", file, visit.pointer("required"))


def composition(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """Note what schemas are composed of; compositions by choice came with OpenAPI 3.0."""
    if seen.swagger2 and key != "allOf":
        newer_keyword(seen, visit, key, value)
    for part in value:
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            seen.composed.append((seen.file, part["$ref"]))


def newer_keyword(seen: Seen, visit: Visit, key: str, _value: Any) -> None:
    """A keyword that the version of this document does not have yet."""
    if not seen.modern and (seen.swagger2 or key not in SINCE_3_0):
        seen.tell("keyword-of-newer-version", f"'{key}'", visit, key)


def nullable(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """`nullable` is a word of OpenAPI 3.0 alone."""
    if seen.modern:
        seen.tell("keyword-of-older-version", "'nullable'", visit, key)
    else:
        newer_keyword(seen, visit, key, value)


def exclusive(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """An exclusive limit is a mark beside the limit up to OpenAPI 3.0, and the limit itself from 3.1 on."""
    if isinstance(value, bool) and seen.modern:
        seen.tell("keyword-of-older-version", f"'{key}: {str(value).lower()}'", visit, key)
    elif isinstance(value, int | float) and not isinstance(value, bool) and not seen.modern:
        seen.tell("keyword-of-newer-version", f"'{key}' as a number", visit, key)


def limits(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A largest value below the smallest one allows nothing at all."""
    lower = visit.value.get(_LOWER_LIMITS[key])
    if _is_number(value) and _is_number(lower) and lower > value:
        seen.tell("limits-contradict", f"{_LOWER_LIMITS[key]} {lower:g}, {key} {value:g}", visit, key)


def choices(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """Allowed values: none of them twice, each of the type that the schema names."""
    if not value:
        seen.tell("enum-empty", f"no value is allowed for '{shown(visit.step)}'", visit, key)
    met: set[Any] = set()
    for index, choice in enumerate(value[:_MOST_CHOICES]):
        told_apart = _told_apart(choice)
        if told_apart in met:
            seen.tell("enum-twice", f"the value '{shown(choice)}'", visit, key, index)
            break
        met.add(told_apart)
    wanted = visit.value.get("type")
    if isinstance(wanted, str) and wanted in _TYPES:
        for index, choice in enumerate(value[:_MOST_CHOICES]):
            if choice is not None and not has_type(choice, wanted):
                seen.tell("enum-breaks-type", f"the value '{shown(choice)}' is no {wanted}", visit, key, index)
                return


def has_type(value: Any, wanted: str) -> bool:
    """Whether a value is of a type of JSON Schema."""
    if wanted == "integer":
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if wanted == "number":
        return _is_number(value)
    kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
    return wanted not in kinds or isinstance(value, kinds[wanted])


def read_and_write_only(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A field that may neither be read nor written; in Swagger 2.0 also one that is read only and required."""
    if value is not True:
        return
    if visit.value.get("writeOnly") is True:
        seen.tell("read-and-write-only", f"'{shown(visit.step)}'", visit, key)
    around = visit.around.around if visit.around is not None and visit.around.step == "properties" else None
    needed = around.value.get("required") if seen.swagger2 and around is not None else None
    if isinstance(needed, list) and visit.step in needed:
        seen.tell("read-only-required", f"'{shown(visit.step)}'", visit, key)


def discriminator(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """What tells alternatives apart must be one of their fields, and lead to schemas that exist."""
    name = value if isinstance(value, str) else value.get("propertyName")
    if isinstance(name, str) and not _is_described(seen, visit, name):
        seen.tell("discriminator-unknown", f"the field '{shown(name)}'", visit, key)
    mapping = value.get("mapping") if isinstance(value, dict) else None
    for word, target in list(mapping.items())[:_MOST_MAPPINGS] if isinstance(mapping, dict) else ():
        if isinstance(target, str) and not _leads_somewhere(seen, target):
            what = f"'{shown(word)}' stands for '{shown(target)}'"
            seen.tell("discriminator-mapping-lost", what, visit, key, "mapping", word)


def _is_described(seen: Seen, visit: Visit, name: str) -> bool:
    """Whether the schema, or any of its alternatives, has the field; a schema that has no fields at all is let be."""
    waiting = [Node(seen.root.library, seen.file, visit.value, "")]
    has_fields = False
    while waiting:
        node = waiting.pop().followed()
        if seen.parts_looked_at >= MOST_PARTS or not isinstance(node.value, dict):
            return True
        seen.parts_looked_at += 1
        properties = node.child("properties").value
        if isinstance(properties, dict) and properties:
            has_fields = True
            if name in properties:
                return True
        for keyword in ("allOf", "oneOf", "anyOf"):
            listed = node.value.get(keyword)
            if isinstance(listed, list):
                members = node.at(keyword)
                waiting += [members.at(index) for index in range(min(len(listed), _MOST_ALTERNATIVES))]
    return not has_fields


def _leads_somewhere(seen: Seen, target: str) -> bool:
    """Whether the target of a mapping exists: the name of a schema, or a reference."""
    library = seen.root.library
    folder = seen.root.child("components").child("schemas").value
    if isinstance(folder, dict) and target in folder:
        return True
    return library.target(seen.file, target) is not None


def _told_apart(value: Any) -> Any:
    """A key under which only equal values of JSON meet."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, default=str)
    return isinstance(value, bool), value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_EVERYTHING: frozenset[Any] = frozenset()
LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {
    **dict.fromkeys((*SINCE_3_0, *SINCE_3_1), (newer_keyword, _EVERYTHING)),
    **dict.fromkeys(("allOf", "oneOf", "anyOf"), (composition, _EVERYTHING)),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), (exclusive, _EVERYTHING)),
    **dict.fromkeys(_LOWER_LIMITS, (limits, _EVERYTHING)),
    "type": (kind, _ORDINARY_TYPES),
    "required": (required, _EVERYTHING),
    "nullable": (nullable, _EVERYTHING),
    "readOnly": (read_and_write_only, _EVERYTHING),
    "enum": (choices, _EVERYTHING),
    "discriminator": (discriminator, _EVERYTHING),
}
# A parameter or header of Swagger 2.0 is its own schema.
PARAMETER_LOOKS = {key: LOOKS[key] for key in ("type", "enum", *_LOWER_LIMITS)}
