"""One declaration per field: the SQLite column, the check of what a client sends, and the published schema.

Because all three come from the same `Field`, the document cannot drift from the server unless a switch makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cmms_audit.sandbox.granary.times import is_date, normal_moment

Json = dict[str, Any]
Moment = Literal["create", "update"]


@dataclass(frozen=True)
class Field:
    """A field of a record.

    `write` says when a client may send it; `required` that a create must. `refers_to` names the table in which
    the value must be an id. `inherits` names the reference field of the same record whose record supplies the value.
    """

    name: str
    type: Literal["string", "integer", "number", "boolean", "object", "array"]
    description: str
    example: Any
    write: Literal["never", "create", "always"] = "never"
    required: bool = False
    nullable: bool = False
    format: str = ""
    enum: tuple[Any, ...] = ()
    pattern: str = ""
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    members: tuple[Field, ...] = ()
    items: Field | None = None
    max_items: int | None = None
    refers_to: str = ""
    inherits: str = ""

    def writable(self, moment: Moment) -> bool:
        """Whether a client may send this field in a create or an update."""
        return self.write == "always" or self.write == moment


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field (or parameter) of a request, in a stable code and in words."""

    name: str
    code: str
    message: str


# -- the published schema ---------------------------------------------------------------------------------


def field_schema(field: Field) -> Json:
    """The OpenAPI 3.0 schema of one field."""
    schema: Json = {"type": field.type, "description": field.description, "example": field.example}
    limits = {
        "format": field.format,
        "pattern": field.pattern,
        "maxLength": field.max_length,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "maxItems": field.max_items,
        "default": field.default,
    }
    schema |= {key: value for key, value in limits.items() if value not in (None, "")}
    if field.enum:
        schema["enum"] = [*field.enum, None] if field.nullable else list(field.enum)
    if field.nullable:
        schema["nullable"] = True
    if field.write == "never":
        schema["readOnly"] = True
    if field.type == "object":
        schema |= object_schema(field.members)
    if field.items:
        schema["items"] = field_schema(field.items)
        schema |= {"minItems": 1} if field.required else {}
    return schema


def object_schema(fields: Iterable[Field], required: Iterable[str] | None = None) -> Json:
    """A closed object of these fields; every one of them is required unless `required` names fewer."""
    fields = tuple(fields)
    names = [field.name for field in fields] if required is None else list(required)
    schema: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: field_schema(field) for field in fields},
    }
    return schema | ({"required": names} if names else {})


def record_schema(fields: Iterable[Field], description: str) -> Json:
    """The schema of a record as it is served: every field is always present."""
    fields = tuple(fields)
    example = {field.name: field.example for field in fields}
    return object_schema(fields) | {"description": description, "example": example}


def create_schema(fields: Iterable[Field], description: str) -> Json:
    """The schema of what a client sends to create a record."""
    fields = tuple(field for field in fields if field.writable("create"))
    required = [field.name for field in fields if field.required]
    # The example carries what a first call needs, so that it works as it stands.
    example = {field.name: field.example for field in fields if field.required}
    return _all_optional(object_schema(fields, required)) | {"description": description, "example": example}


def update_schema(fields: Iterable[Field], description: str) -> Json:
    """The schema of what a client sends to change a record: any subset of the fields that may change."""
    fields = tuple(field for field in fields if field.writable("update"))
    example = {field.name: field.example for field in fields[:2]}
    schema = _all_optional(object_schema(fields, ())) | {"description": description, "example": example}
    for declared in schema["properties"].values():
        declared.pop("default", None)
    return schema | {"minProperties": 1}


def _all_optional(schema: Json) -> Json:
    """Members of objects need not all be sent, though all are served."""
    for declared in schema["properties"].values():
        if declared["type"] == "object":
            declared.pop("required", None)
    return schema


# -- the check of what a client sends ---------------------------------------------------------------------


def check_body(fields: Iterable[Field], body: Mapping[str, Any], moment: Moment) -> Iterator[FieldError]:
    """Everything wrong with a create or update, field by field. References are checked by the caller."""
    known = {field.name: field for field in fields}
    for name, value in body.items():
        if name not in known:
            yield FieldError(name, "unknown-field", "there is no such field")
        elif not known[name].writable(moment):
            yield FieldError(name, "read-only", "this field cannot be set here")
        else:
            yield from check_value(known[name], value, name)
    if moment == "create":
        for field in known.values():
            if field.required and field.name not in body:
                yield FieldError(field.name, "required", "this field is required")
    elif not body:
        yield FieldError("", "required", "at least one field is required")


def check_value(field: Field, value: Any, name: str) -> Iterator[FieldError]:
    """Everything wrong with one value. `name` is its dotted path."""
    if value is None:
        if not field.nullable:
            yield FieldError(name, "not-null", "null is not allowed")
    elif not _has_type(field.type, value):
        yield FieldError(name, "wrong-type", f"a value of type {field.type} is expected")
    elif field.enum and value not in field.enum:
        yield FieldError(name, "not-allowed", f"allowed are: {', '.join(map(str, field.enum))}")
    elif isinstance(value, str):
        yield from _check_text(field, value, name)
    elif isinstance(value, dict):
        yield from _check_members(field, value, name)
    elif isinstance(value, list):
        yield from _check_items(field, value, name)
    else:
        yield from _check_number(field, value, name)


def _has_type(type_: str, value: Any) -> bool:
    if type_ == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    if type_ == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and -1e15 < value < 1e15
    kinds: dict[str, type] = {"string": str, "boolean": bool, "object": dict, "array": list}
    return isinstance(value, kinds[type_])


def _check_text(field: Field, value: str, name: str) -> Iterator[FieldError]:
    if not value.isascii() and value.encode("utf-8", "ignore").decode() != value:
        yield FieldError(name, "wrong-format", "half of a surrogate pair is not text")
    if field.max_length is not None and len(value) > field.max_length:
        yield FieldError(name, "too-long", f"at most {field.max_length} characters")
    if field.required and not value.strip():
        yield FieldError(name, "empty", "this field must not be empty")
    if field.pattern and not re.fullmatch(field.pattern, value):
        yield FieldError(name, "wrong-format", f"the form {field.pattern} is expected")
    if field.format == "date-time" and normal_moment(value) is None:
        yield FieldError(name, "wrong-format", "an RFC 3339 date-time with offset is expected")
    if field.format == "date" and not is_date(value):
        yield FieldError(name, "wrong-format", "a date such as 2025-03-01 is expected")
    if field.format == "uri" and not re.match(r"https?://[^\s/]", value):
        yield FieldError(name, "wrong-format", "an http or https address is expected")


def _check_number(field: Field, value: Any, name: str) -> Iterator[FieldError]:
    if field.minimum is not None and value < field.minimum:
        yield FieldError(name, "too-small", f"at least {field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        yield FieldError(name, "too-large", f"at most {field.maximum:g}")


def _check_members(field: Field, value: Mapping[str, Any], name: str) -> Iterator[FieldError]:
    known = {member.name: member for member in field.members}
    for key, inner in value.items():
        path = f"{name}.{key}"
        if key not in known:
            yield FieldError(path, "unknown-field", "there is no such field")
        else:
            yield from check_value(known[key], inner, path)


def _check_items(field: Field, value: list[Any], name: str) -> Iterator[FieldError]:
    if field.max_items is not None and len(value) > field.max_items:
        yield FieldError(name, "too-many", f"at most {field.max_items} entries")
    if field.required and not value:
        yield FieldError(name, "empty", "at least one entry")
    for number, inner in enumerate(value[:1000]):
        if field.items:
            yield from check_value(field.items, inner, f"{name}[{number}]")


def stored_form(field: Field, value: Any, before: Any = None) -> Any:
    """A checked value as it is kept and served: moments in UTC, objects whole (members not sent keep `before`)."""
    if isinstance(value, str) and field.format == "date-time":
        return normal_moment(value)
    if field.type == "number" and value is not None:
        return float(value)
    if field.type == "object" and isinstance(value, dict):
        kept = before or {}
        return {m.name: value.get(m.name, kept.get(m.name, m.default)) for m in field.members}
    return value
