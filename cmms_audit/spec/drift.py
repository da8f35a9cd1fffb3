"""Where a live record departs from its published schema, each departure once, told without the record's values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import jsonschema_rs
from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.spec.json_schema import as_json_schema
from cmms_audit.spec.schema import Schema

DriftKind = Literal["undocumented-field", "missing-required", "wrong-type", "not-allowed-value", "bad-format"]

_MOST_DRIFTS = 200
_MOST_VALUES = 20_000
_KINDS: dict[str, DriftKind] = {
    "required": "missing-required",
    "type": "wrong-type",
    "format": "bad-format",
    "pattern": "bad-format",
}
_SERIOUS = frozenset(("missing-required", "wrong-type"))
_TYPE_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty (null)",
}


class Drift(Struct, frozen=True):
    """One departure. `field` is a dotted path, [] for members of a list; `serious` where a client would break on it."""

    field: str
    kind: DriftKind
    says: str
    serious: bool


def drift(schema: Schema, record: Any) -> list[Drift]:
    """Every departure of a record from its schema, by field and kind; empty where it holds."""
    found: dict[tuple[str, str], Drift] = {}
    for one in (*_broken_rules(schema, record), *_undocumented(schema, record)):
        found.setdefault((one.field, one.kind), one)
        if len(found) >= _MOST_DRIFTS:
            break
    return list(found.values())


@lru_cache(maxsize=256)
def _validator(schema: Schema) -> jsonschema_rs.Draft202012Validator | None:
    """The compiled schema; without its regular expressions where one is invalid; None where it cannot be compiled."""
    for patterns in (True, False):
        try:
            return jsonschema_rs.Draft202012Validator(
                as_json_schema(schema, patterns=patterns), validate_formats=True, retriever=_fetch_nothing
            )
        except ValueError:
            continue
    return None


def _fetch_nothing(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _broken_rules(schema: Schema, record: Any) -> Iterator[Drift]:
    validator = _validator(schema)
    if validator is None:
        return
    try:
        for error in validator.iter_errors(record):
            for found in _as_drifts(error):
                yield _milder_for_null(found, error, schema)
    except ValueError:  # a record that no JSON could carry: a half character, nesting without end
        yield Drift("", "wrong-type", "the record holds something that JSON cannot carry", True)


def _as_drifts(error: Any) -> Iterator[Drift]:
    """A validator's error as departures; where no alternative fits, those from the one that fits best."""
    keyword = str(error.schema_path[-1])
    if keyword == "anyOf":
        here = len(error.instance_path)
        branch: list[Any] = min(error.kind.context, key=lambda errors: _misfit(errors, here), default=[])
        for inner in branch:
            yield from _as_drifts(inner)
        return
    path = _dotted(error.instance_path)
    kind = _KINDS.get(keyword, "not-allowed-value")
    if keyword == "required":
        path = f"{path}.{error.kind.property}" if path else str(error.kind.property)
    yield Drift(path, kind, _says(keyword, error), kind in _SERIOUS)


def _milder_for_null(found: Drift, error: Any, schema: Schema) -> Drift:
    """An optional field that is null where the description forgot to allow it breaks few clients, so it is minor."""
    forgotten = error.instance is None and found.kind == "wrong-type" and found.field not in schema.required
    return replace(found, serious=False) if forgotten else found


def _misfit(errors: list[Any], depth: int) -> tuple[bool, int]:
    """How badly an alternative fits: worst where the value at that depth is of another type altogether."""
    other_type = any(str(e.schema_path[-1]) == "type" and len(e.instance_path) == depth for e in errors)
    return other_type, len(errors)


def _says(keyword: str, error: Any) -> str:
    if keyword == "required":
        return "the description requires it, and it is missing"
    if keyword == "type":
        wanted = " or ".join(sorted(_TYPE_WORDS.get(str(kind), str(kind)) for kind in error.kind.types))
        return f"it should be {wanted}, and is {_TYPE_WORDS[_type_of(error.instance)]}"
    if keyword == "format":
        return f"it is not written as the description says (format {error.kind.format})"
    if keyword == "pattern":
        return "it does not match the pattern that the description gives"
    return f"its value is not among those that the description allows ({keyword})"


def _type_of(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "array" if isinstance(value, list) else "null"


def _dotted(path: list[str | int]) -> str:
    """A path such as ["lines", 3, "cost"] as "lines[].cost"."""
    dotted = ""
    for step in path:
        dotted += "[]" if isinstance(step, int) else f".{step}" if dotted else str(step)
    return dotted


def _is_of_the_protocol(name: str) -> bool:
    """Whether a member is a remark of OData itself ("@odata.etag", "Photo@odata.mediaReadLink"), no field."""
    return "@odata." in name or name.startswith("odata.") or name in ("__metadata", "__deferred")


def _undocumented(schema: Schema, record: Any) -> Iterator[Drift]:
    """Fields that the description does not mention, where it describes fields at all and leaves no room for others."""
    waiting: list[tuple[Schema, Any, str]] = [(schema, record, "")]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        described, value, path = waiting.pop()
        if isinstance(value, list) and described.items is not None:
            waiting += [(described.items, member, f"{path}[]") for member in value[:_MOST_VALUES]]
        if not isinstance(value, dict):
            continue
        for name, inner in value.items():
            field = f"{path}.{name}" if path else str(name)
            if name in described.properties:
                waiting.append((described.properties[name], inner, field))
            elif isinstance(described.additional, Schema):
                waiting.append((described.additional, inner, field))
            elif described.properties and not described.additional and not _is_of_the_protocol(str(name)):
                yield Drift(field, "undocumented-field", "the description does not mention it", False)
