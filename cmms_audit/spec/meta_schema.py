"""The official meta-schemas of Swagger 2.0 and OpenAPI 3, sharpened so that an error names the real fault.

A choice among alternatives answers "none of them fits". Where the document says which one is meant (a `$ref`, a type, a
place), the choice is rewritten to an if and a then before it is compiled; nothing else about a meta-schema changes.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cmms_audit.errors import InputError, Problem

VERSIONS = ("2.0", "3.0", "3.1", "3.2")
_HOLDER = "openapi_spec_validator"
_DRAFT4 = "http://json-schema.org/draft-04/schema#/"
# The parts of JSON Schema draft 4 that Swagger 2.0 refers to.
_DRAFT4_KINDS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    ({"type": "string"}, ("title", "description", "pattern")),
    ({"type": "number"}, ("maximum", "minimum")),
    ({"type": "boolean"}, ("exclusiveMaximum", "exclusiveMinimum", "uniqueItems")),
    ({"type": "integer", "minimum": 0}, ("positiveInteger", "positiveIntegerDefault0")),
    ({"type": "number", "exclusiveMinimum": 0}, ("multipleOf",)),
    ({"type": "array", "minItems": 1}, ("enum",)),
    ({"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}, ("stringArray",)),
    ({"type": ["string", "array"]}, ("type",)),
    ({}, ("default",)),
)
_DRAFT4_PARTS = {name: schema for schema, names in _DRAFT4_KINDS for name in names}
_REFERENCES = frozenset(("#/definitions/Reference", "#/definitions/jsonReference"))
# The words of JSON Schema 2020-12 (its meta-schema in one piece, where the official one is in eight, each of which
# would tell the same fault again) and those that OpenAPI adds to them (OAS 3.1, Schema Object, "base vocabulary").
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_INNER: dict[str, Any] = {"$ref": "#/$defs/schema"}
_MODERN_KINDS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    ({"type": "string"}, ("$id", "$schema", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$comment", "title")),
    ({"type": "string"}, ("description", "format", "pattern", "contentEncoding", "contentMediaType")),
    ({"type": "boolean"}, ("uniqueItems", "deprecated", "readOnly", "writeOnly")),
    ({"type": "number"}, ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")),
    ({"type": "number", "exclusiveMinimum": 0}, ("multipleOf",)),
    (_COUNT, ("maxLength", "minLength", "maxItems", "minItems", "maxContains", "minContains")),
    (_COUNT, ("maxProperties", "minProperties")),
    (_TEXTS, ("required",)),
    ({"type": "array"}, ("enum", "examples")),
    ({"type": ["string", "array"]}, ("type",)),
    ({"type": "object", "additionalProperties": _TEXTS}, ("dependentRequired",)),
    ({"type": "object", "additionalProperties": _INNER}, ("properties", "patternProperties", "$defs", "definitions")),
    ({"type": "object", "additionalProperties": _INNER}, ("dependentSchemas",)),
    ({"type": "array", "minItems": 1, "items": _INNER}, ("allOf", "anyOf", "oneOf", "prefixItems")),
    (_INNER, ("items", "contains", "additionalProperties", "propertyNames", "if", "then", "else", "not")),
    (_INNER, ("unevaluatedItems", "unevaluatedProperties", "contentSchema")),
    ({"type": "object"}, ("xml",)),
    ({"$ref": "#/$defs/external-documentation"}, ("externalDocs",)),
    ({"type": "object", "required": ["propertyName"]}, ("discriminator",)),
)


def version_of(dialect_version: str) -> str:
    """The meta-schema's version for what a document says of itself: "3.0" for "3.0.3"; 3.2 for anything newer."""
    if not dialect_version.startswith("3."):
        return "2.0"
    version = dialect_version[:3]
    return version if version in VERSIONS else "3.2"


@cache
def meta_schema(version: str) -> dict[str, Any]:
    """The sharpened meta-schema of a version, in JSON Schema 2020-12 or draft 7. Raises InputError where it is absent.

    It is read from the data of an installed package, which is not imported: that would take longer than an audit.
    """
    holder = find_spec(_HOLDER)
    places = holder.submodule_search_locations if holder else None
    path = Path(next(iter(places or [""]))) / "resources" / "schemas" / f"v{version}" / "schema.json"
    try:
        schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        what = f"the official schema of OpenAPI {version} is not installed"
        raise InputError(Problem(_HOLDER, what, f"install {_HOLDER} again")) from None
    return _modern(schema) if "$defs" in schema else _draft7(schema)


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.1 and later; without this, a Schema Object could be anything that is an object."""
    words = {name: kind for kind, names in _MODERN_KINDS for name in names}
    schema["$defs"]["schema"] = {"$dynamicAnchor": "meta", "type": ["object", "boolean"], "properties": words}
    return schema


def _draft7(schema: dict[str, Any]) -> dict[str, Any]:
    """Swagger 2.0 and OpenAPI 3.0, written in draft 4, which has no if."""
    definitions = schema["definitions"]
    sharp: dict[str, Any] = _sharpened(schema, definitions)
    sharp.pop("id", None)
    sharp["$schema"] = "http://json-schema.org/draft-07/schema#"
    for folder in sharp["definitions"].get("Components", {}).get("properties", {}).values():
        if "patternProperties" in folder:  # an odd name is told as such, and is no reason to look away
            folder["additionalProperties"] = next(iter(folder.pop("patternProperties").values()))
    return sharp


def _sharpened(value: Any, definitions: dict[str, Any]) -> Any:
    """A copy with choices rewritten, and exclusive limits in the later notation."""
    if isinstance(value, list):
        return [_sharpened(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("$ref", "")).startswith(_DRAFT4):
        return _DRAFT4_PARTS[value["$ref"].rpartition("/")[2]]
    copy = {key: _sharpened(each, definitions) for key, each in value.items()}
    if copy.get("exclusiveMinimum") is True:
        copy["exclusiveMinimum"] = copy.pop("minimum")
    for keyword in ("oneOf", "anyOf"):
        choices = copy.get(keyword)
        if isinstance(choices, list):
            decided = _decided(choices, definitions)
            if decided is not None:
                del copy[keyword]
                copy.setdefault("allOf", []).append(decided)
    return copy


def _decided(choices: list[Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Alternatives as a chain of ifs; None where nothing in a document decides between them."""
    reference = next((each for each in choices if each.get("$ref") in _REFERENCES), None)
    if reference is not None:
        rest = [each for each in choices if each is not reference]
        other = rest[0] if len(rest) == 1 else _decided(rest, definitions)
        return _chain({"type": "object", "required": ["$ref"]}, reference, other)
    plain = next((each for each in choices if set(each) == {"type"} and each["type"] == "boolean"), None)
    if plain is not None and len(choices) == 2:
        return _chain({"type": "boolean"}, True, next(each for each in choices if each is not plain))
    lists = next((each for each in choices if each.get("type") == "array" and "items" in each), None)
    if lists is not None and len(choices) == 2:
        return _chain({"type": "array"}, lists, next(each for each in choices if each is not lists))
    return _by_word(choices, definitions)


def _chain(condition: dict[str, Any], then: Any, otherwise: Any) -> dict[str, Any] | None:
    return None if otherwise is None else {"if": condition, "then": then, "else": otherwise}


def _by_word(choices: list[Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Alternatives that a single word tells apart: the `in` of a parameter, the `type` and `flow` of a way in."""
    for word in ("in", "type", "flow"):
        told: dict[str, list[Any]] = {}
        silent = []
        for each in choices:
            values = _values(each, word, definitions)
            if not values:
                silent.append(each)
            for value in values:
                told.setdefault(value, []).append(each)
        if told and len(silent) == 1:
            return _switch(word, told, silent[0], definitions)
        if len(told) > 1 and not silent:
            one_of_them = {"required": [word], "properties": {word: {"enum": list(told)}}}
            return _switch(word, told, one_of_them, definitions)
    return None


def _switch(
    word: str, told: dict[str, list[Any]], otherwise: Any, definitions: dict[str, Any]
) -> dict[str, Any] | None:
    chain = otherwise
    for value, choices in told.items():
        then = choices[0] if len(choices) == 1 else _decided(choices, definitions)
        if then is None:
            return None
        condition = {"required": [word], "properties": {word: {"enum": [value]}}}
        chain = {"if": condition, "then": then, "else": chain}
    return dict(chain)


def _values(choice: Any, word: str, definitions: dict[str, Any]) -> list[str]:
    """The values of a word that an alternative is for; none where it does not say."""
    reference = choice.get("$ref", "")
    target = definitions.get(reference.removeprefix("#/definitions/"), choice) if reference else choice
    listed = target.get("properties", {}).get(word, {}).get("enum")
    if isinstance(listed, list) and len(listed) == 1:
        return [str(listed[0])]
    nested = target.get("oneOf", []) if not listed else []
    return [value for each in nested for value in _values(each, word, definitions)]
