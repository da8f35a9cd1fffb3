"""An API description held against the official meta-schema of its version, each error as a fault in plain words.

What the sweep tells with better words (references, types, statuses, odd names) is left to it. Nothing is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, islice
from typing import Any, TypeAlias

import jsonschema_rs
from msgspec import Struct

from cmms_audit.documents import pointer_join
from cmms_audit.errors import InputError
from cmms_audit.spec.library import Node, SpecFile
from cmms_audit.spec.meta_schema import meta_schema
from cmms_audit.spec.operations import METHODS
from cmms_audit.spec.problems import Fault, FaultBook, shown
from cmms_audit.spec.rules.schemas import SINCE_3_0, SINCE_3_1

_MOST_ERRORS = 2_000
_MOST_OF_ONE_PART = 50
_MOST_NODES = 5_000
_MOST_NAMES = 10
# What the parts of other files are called in the definitions of Swagger 2.0, OpenAPI 3.0, and 3.1 on.
_DEFINITIONS: Mapping[str, tuple[str, str, str]] = {
    "schema": ("schema", "Schema", "schema"),
    "parameter": ("parameter", "Parameter", "parameter"),
    "response": ("response", "Response", "response"),
    "responses": ("responses", "Responses", "responses"),
    "path-item": ("pathItem", "PathItem", "path-item"),
    "operation": ("operation", "Operation", "operation"),
    "request-body": ("", "RequestBody", "request-body"),
    "header": ("header", "Header", "header"),
    "media-type": ("", "MediaType", "media-type"),
    "example": ("", "Example", "example"),
    "link": ("", "Link", "link"),
    "callback": ("", "Callback", "callbacks"),
}
_FOLDERS = (
    *(("paths", "path-item"), ("webhooks", "path-item")),
    *(("definitions", "schema"), ("parameters", "parameter"), ("responses", "response")),
)
_COMPONENT_FOLDERS = (
    *(("schemas", "schema"), ("responses", "response"), ("parameters", "parameter")),
    *(("requestBodies", "request-body"), ("headers", "header"), ("pathItems", "path-item")),
    *(("examples", "example"), ("links", "link"), ("callbacks", "callback")),
)
_RULES = frozenset(
    {
        *("member-unknown", "member-missing", "description-missing", "value-not-allowed", "wrong-kind"),
        *("empty-value", "form-unfit", "reference-not-allowed"),
    }
)
_ABOUT_VALUES = frozenset(
    ("enum", "const", "pattern", "minimum", "exclusiveMinimum", "minItems", "uniqueItems", "minProperties")
)
_MILD = frozenset(("description", "title", "version", "summary", "info"))
_ABOUT_THE_DOCUMENT = frozenset(("info", "tags", "externalDocs"))
_HOLD_ANYTHING = frozenset(("example", "examples", "default", "enum", "value"))
_SECURITY_FOLDERS = frozenset(("securitySchemes", "securityDefinitions"))
_WORDS_OF_RULES = frozenset(
    ("type", "in", "required", "default", "items", "enum", "parameters", "exclusiveMinimum", "exclusiveMaximum")
)
_NEWER_WORDS = frozenset((*SINCE_3_0, *SINCE_3_1))
_CHOSEN_NAMES_UNDER = frozenset(
    {
        *("paths", "properties", "definitions", "schemas", "responses", "parameters", "content", "headers"),
        *("examples", "requestBodies", "securitySchemes", "securityDefinitions", "links", "callbacks", "variables"),
        *("webhooks", "encoding", "pathItems", "patternProperties", "$defs", "flows", "mapping", "scopes"),
    }
)
_TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_STEPS_SHOWN = 3
_MOST_DIGITS = 300
_Steps: TypeAlias = "list[str | int]"
_Told: TypeAlias = tuple[str, str, _Steps]  # rule, what, where


class Part(Struct, frozen=True):
    """What is held against a meta-schema: a whole document (kind "root"), or a part of a known kind.

    `around` are the steps of the document that lead to it, where it is a part of the main one.
    """

    file: SpecFile
    pointer: str
    value: Any
    kind: str
    around: tuple[str, ...] = ()


def validate_description(root: Node, version: str, parts: Iterable[Part], told: set[str], book: FaultBook) -> None:
    """Take down where a description, and the parts of it in other files, break the meta-schema of its version.

    `told` are pointers in the main document of what the sweep has told already. At most two thousand errors are
    looked at; rules that may have been broken more often are marked as capped.
    """
    try:
        definitions = _definitions(version)
        whole = _validator(version, "")
    except InputError as absent:
        book.add(Fault("not-checkable", str(absent.problems[0]), root.file, ""))
        return
    left = _MOST_ERRORS
    for part in chain(() if _holds(whole, root.value) else _split(root, version), parts):
        name = _definition_name(part.kind, version)
        if left <= 0:
            book.capped.update(book.counts.keys() & _RULES)
            return
        if part.kind == "root" or (name in definitions and not _is_reference(part.value)):
            left -= _take(part, whole if part.kind == "root" else _validator(version, name), told, book)


def _holds(validator: Any, value: Any) -> bool:
    try:
        return bool(validator.is_valid(value))
    except ValueError:  # deeper or odder than the validator goes: the parts will tell
        return False


def _split(root: Node, version: str) -> Iterator[Part]:
    """A main document in pieces: a validator gathers all errors of what it is given before it names the first."""
    rest = dict(root.value)
    pieces: list[Part] = []
    folders: list[tuple[str, str, tuple[str, ...]]] = [(name, kind, (name,)) for name, kind in _FOLDERS]
    components = rest.get("components")
    if isinstance(components, dict):
        rest["components"] = dict(components)
        folders += [(name, kind, ("components", name)) for name, kind in _COMPONENT_FOLDERS]
    for name, kind, around in folders:
        holder = rest if len(around) == 1 else rest["components"]
        entries = holder.get(name)
        if isinstance(entries, dict) and _definition_name(kind, version):
            holder[name] = {key: value for key, value in entries.items() if _stays(kind, key, value)}
            pieces += [
                Part(root.file, pointer_join("", *around, key), value, kind, (*around, key))
                for key, value in entries.items()
                if not _stays(kind, key, value)
            ]
    yield Part(root.file, "", rest, "root")
    yield from pieces


def _stays(kind: str, key: str, value: Any) -> bool:
    """Whether an entry is judged with the document as a whole: it is not what it should be, or an extension."""
    return not isinstance(value, dict) or (kind == "path-item" and not key.startswith("/"))


def _take(part: Part, validator: Any, told: set[str], book: FaultBook) -> int:
    """Take down the errors of one part, and return how many there were."""
    if _holds(validator, part.value):
        return 0
    if not _is_small(part.value):
        book.add(Fault("not-checkable", f"more than {_MOST_NODES:,} values in one part", part.file, part.pointer))
        return 1
    try:
        errors = validator.iter_errors(part.value)
    except ValueError as refusal:
        book.add(Fault("not-checkable", shown(refusal), part.file, part.pointer))
        return 1
    most = _MOST_ERRORS if part.kind == "root" else _MOST_OF_ONE_PART
    taken = list(islice(errors, most))
    places = Counter(tuple(error.instance_path) for error in taken)
    above = {place[:length] for place in places for length in range(len(place))}
    met = set()
    for error in taken:
        place = tuple(error.instance_path)
        doubtful = place in above or places[place] > 1
        for rule, what, steps in _told_of(error, part, list(place), doubtful):
            where = pointer_join(part.pointer, *steps)
            if (rule, where) not in met and (part.file.name or where not in told):
                met.add((rule, where))
                book.add(Fault(rule, what, part.file, where))
                if len(taken) == most:
                    book.capped.add(rule)
    return len(taken)


def _is_small(value: Any) -> bool:
    """Whether a part has few enough values that all its errors can be gathered."""
    waiting, count = [value], 0
    while waiting and count <= _MOST_NODES:
        part = waiting.pop()
        if isinstance(part, dict | list):
            count += len(part)
            waiting += part if isinstance(part, list) else [each for key, each in part.items() if _goes_into(key)]
    return count <= _MOST_NODES


def _goes_into(key: str) -> bool:
    """Whether a meta-schema says anything about what stands under a key."""
    return key not in _HOLD_ANYTHING and not key.startswith("x-")


@cache
def _definitions(version: str) -> frozenset[str]:
    schema = meta_schema(version)
    return frozenset(schema.get("definitions") or schema["$defs"])


def _definition_name(kind: str, version: str) -> str:
    return _DEFINITIONS.get(kind, ("", "", ""))[0 if version == "2.0" else 1 if version == "3.0" else 2]


@cache
def _validator(version: str, definition: str) -> Any:
    """The compiled meta-schema, or one definition of it. Nothing is fetched: there is no retriever to do it."""
    schema = meta_schema(version)
    folder = "$defs" if "$defs" in schema else "definitions"
    if definition:
        here = {"$ref": f"#/{folder}/{definition}"}
        schema = {"$schema": schema["$schema"], "allOf": [here], folder: schema[folder]}
    kind = jsonschema_rs.Draft202012Validator if folder == "$defs" else jsonschema_rs.Draft7Validator
    return kind(schema, validate_formats=False, retriever=_fetch_nothing)


def _fetch_nothing(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _told_of(error: Any, part: Part, place: _Steps, doubtful: bool) -> Iterator[_Told]:
    """An error as rule, words and place; nothing where the sweep tells it. `doubtful`: more is broken here or below."""
    keyword = str(error.kind.name)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        yield from _unknown_members(error, part, place, doubtful)
    elif keyword == "required":
        yield from _missing(str(error.kind.property), part, place)
    elif keyword == "type":
        yield from _wrong_type(error, part, place)
    elif keyword in ("oneOf", "anyOf", "not"):
        yield from _unfit(error, part, place, doubtful)
    elif keyword in _ABOUT_VALUES:
        if not _has_a_rule(place) and not _are_answers(part, place):
            yield "value-not-allowed", f"{_thing(part, place)} has a value that is not allowed", place
    elif keyword not in ("propertyNames", "falseSchema"):
        yield "form-unfit", f"{_thing(part, place)} breaks the rule '{shown(keyword)}'", place


def _unknown_members(error: Any, part: Part, place: _Steps, doubtful: bool) -> Iterator[_Told]:
    """Members that the standard does not know at this place; paths, statuses and references have rules of their own.

    A validator doubts the right members as well where something beside or below them is wrong.
    """
    if place == ["paths"] or _are_answers(part, place) or _is_reference(_at(part.value, place)):
        return
    for name in islice(error.kind.unexpected, _MOST_NAMES):
        if name != "$ref" and name not in _NEWER_WORDS and not (doubtful and name in _all_words()):
            yield "member-unknown", f"{_thing(part, place)} has '{shown(name)}'", [*place, name]


@cache
def _all_words() -> frozenset[str]:
    """Every member that OpenAPI 3.1 or 3.2 knows anywhere."""
    words: set[str] = set()
    waiting: list[Any] = [meta_schema("3.1"), meta_schema("3.2")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            words |= value["properties"].keys() if isinstance(value.get("properties"), dict) else set()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return frozenset(words)


def _missing(name: str, part: Part, place: _Steps) -> Iterator[_Told]:
    has_a_rule = name == "responses" or (name == "required" and _is_parameter(part, place))
    if _is_reference(_at(part.value, place)):
        yield "reference-not-allowed", f"in place of {_thing(part, place)}", [*place, "$ref"]
    elif not has_a_rule and not _are_answers(part, place):
        mild = name in _MILD or (place and place[0] in _ABOUT_THE_DOCUMENT)
        rule = "description-missing" if mild else "member-missing"
        yield rule, f"{_thing(part, place)} lacks '{shown(name)}'", place


def _wrong_type(error: Any, part: Part, place: _Steps) -> Iterator[_Told]:
    if error.instance is None:
        yield "empty-value", f"{_thing(part, place)} is empty", place
    elif place and place[-1] == "$ref" and isinstance(error.instance, str):
        yield "reference-not-allowed", f"in place of {_thing(part, place[:-1])}", place
    elif not _has_a_rule(place):
        wanted = " or ".join(sorted(_TYPE_WORDS.get(str(kind), str(kind)) for kind in error.kind.types))
        fault = f"is absurdly long for {wanted}" if _is_absurdly_long(error.instance) else f"should be {wanted}"
        yield "wrong-kind", f"{_thing(part, place)} {fault}", place


def _is_absurdly_long(value: Any) -> bool:
    """Whether a number has more digits than any program reads as one; a document has those as texts of digits."""
    plain = value.lstrip("-") if isinstance(value, str) else ""
    return len(plain) > _MOST_DIGITS and plain.isdigit()


def _unfit(error: Any, part: Part, place: _Steps, doubtful: bool) -> Iterator[_Told]:
    """Choices that no word decides: the few that are left in the meta-schemas."""
    if _are_answers(part, place) or _has_a_rule(place):
        return
    thing = _thing(part, place)
    branches = getattr(error.kind, "context", None) or []
    demanded = [str(inner.kind.property) for branch in branches for inner in branch if inner.kind.name == "required"]
    if demanded and len(demanded) == len(branches):
        names = shown("' or '".join(demanded))
        yield "member-missing", f"{thing} lacks '{names}'", place
    elif error.kind.name == "not":
        yield "form-unfit", f"{thing} has two members that exclude each other", place
    elif not doubtful:
        yield "form-unfit", f"{thing} has no form that is allowed", place


def _has_a_rule(place: _Steps) -> bool:
    """Whether a rule of the sweep judges what stands here; it knows nothing of ways in."""
    return bool(place) and place[-1] in _WORDS_OF_RULES and not (len(place) > 2 and place[-3] in _SECURITY_FOLDERS)


def _are_answers(part: Part, place: _Steps) -> bool:
    steps = [*part.around, *place]
    if not place:
        return part.kind == "responses"
    return place[-1] == "responses" and len(steps) > 1 and steps[-2] in METHODS


def _is_parameter(part: Part, place: _Steps) -> bool:
    return place[-2:-1] == ["parameters"] if place else part.kind == "parameter"


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)


def _at(value: Any, place: _Steps) -> Any:
    """The value at a place; the validator gives keys such as "200" as numbers."""
    for step in place:
        if isinstance(value, dict):
            value = value.get(str(step))
        else:
            value = value[step] if isinstance(value, list) and isinstance(step, int) else None
    return value


def _thing(part: Part, place: _Steps) -> str:
    """A place in words that fit all places of its sort: names that the vendor chose are left out."""
    words: list[str] = []
    before = ""
    for step in (*part.around, *place):
        chosen = isinstance(step, int) or before in _CHOSEN_NAMES_UNDER
        words.append("*" if chosen else shown(step))
        before = "" if chosen else str(step)
    whole = "the document" if part.kind == "root" else f"a {part.kind.replace('-', ' ')}"
    return "/".join(words[-_STEPS_SHOWN:]) or whole
