"""The types of an OData service as JSON Schemas, in the form that its JSON answers have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmms_audit.spec.odata_model import (
    EnumType,
    Model,
    Navigation,
    Property,
    StructuredType,
    TypeName,
    is_false,
    is_true,
)
from cmms_audit.spec.odata_notes import Notes
from cmms_audit.spec.origins import Origins

_WHOLE = {"type": "integer", "format": "int32"}
_EVERYWHERE: Mapping[str, Mapping[str, Any]] = {
    "Boolean": {"type": "boolean"},
    **dict.fromkeys(("Byte", "SByte", "Int16", "Int32"), _WHOLE),
    "Single": {"type": "number", "format": "float"},
    "Double": {"type": "number", "format": "double"},
    "String": {"type": "string"},
    "Guid": {"type": "string", "format": "uuid"},
    "DateTimeOffset": {"type": "string", "format": "date-time"},
    "Stream": {"type": "string", "format": "binary"},
}
_IN_V4: Mapping[str, Mapping[str, Any]] = {
    "Int64": {"type": "integer", "format": "int64"},
    "Decimal": {"type": "number", "format": "decimal"},
    "Date": {"type": "string", "format": "date"},
    "TimeOfDay": {"type": "string", "format": "time-of-day"},
    "Duration": {"type": "string", "format": "duration"},
    "Binary": {"type": "string", "format": "base64url"},
}
# Before version 4, big numbers travel as text, and moments as "/Date(1700000000000)/" or without an offset.
_BEFORE_V4: Mapping[str, Mapping[str, Any]] = {
    "Int64": {"type": "string", "format": "int64"},
    "Decimal": {"type": "string", "format": "decimal"},
    "DateTime": {"type": "string", "format": "date-time-odata"},
    "DateTimeOffset": {"type": "string", "format": "date-time-odata"},
    "Time": {"type": "string", "format": "time-odata"},
    "Binary": {"type": "string", "format": "byte"},
    "Single": {"type": ["number", "string"]},
    "Double": {"type": ["number", "string"]},
}
_READ = ("/Read", "/None")
_FACETS = {"Precision": "x-precision", "Scale": "x-scale", "DefaultValue": "default"}
_LONGEST_LENGTH = 10  # digits


def component_schemas(model: Model, origins: Origins) -> dict[str, Any]:
    """Every type of the service as a schema, by the name that it is known under."""
    found: dict[str, Any] = {}
    for full, name in model.schema_names.items():
        if full in model.enums:
            found[name] = _enum(model.enums[full], origins)
        else:
            found[name] = _structured(model, model.types[full], origins)
    return found


def reference(model: Model, full_name: str) -> dict[str, Any]:
    """A reference to the schema of a type; anything at all where the type is nowhere described."""
    name = model.schema_names.get(full_name)
    return {"$ref": f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"} if name else {}


def value_schema(model: Model, type_name: TypeName, *, nullable: bool = False) -> dict[str, Any]:
    """The schema of values of a type, without facets."""
    actual = model.resolved(type_name)
    one = _primitive(model, actual.primitive) if actual.primitive else reference(model, actual.name)
    if type_name.many:
        return {"type": "array", "items": one}
    if not nullable:
        return one
    if "$ref" in one:
        return {"anyOf": [one, {"type": "null"}]}
    kinds = one.get("type")
    return {**one, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]} if kinds else one


def property_schema(model: Model, each: Property, *, nullable: bool | None = None) -> dict[str, Any]:
    """The schema of a property with all that is said about it."""
    schema = dict(value_schema(model, each.type, nullable=each.nullable if nullable is None else nullable))
    attributes = each.element.attributes
    length = attributes.get("MaxLength", "")
    if length.isascii() and length.isdecimal() and len(length) < _LONGEST_LENGTH and not each.type.many:
        schema["maxLength"] = int(length)
    schema.update({written: attributes[facet] for facet, written in _FACETS.items() if facet in attributes})
    if _is_read_only(each):
        schema["readOnly"] = True
    schema.update(said_of(each.notes, attributes))
    return schema


def said_of(notes: Notes, attributes: Mapping[str, str]) -> dict[str, Any]:
    """Title and description of a part. A label is no more than a title."""
    title, description = attributes.get("label", ""), attributes.get("quickinfo", "")
    if notes.values:
        title = notes.text("Label") or title
        description = notes.text("Description", "LongDescription", "QuickInfo") or description
        long = notes.text("LongDescription")
        if long and long != description:
            description = f"{description}\n\n{long}"
    said = {"title": title} if title else {}
    return {**said, "description": description} if description else said


def _primitive(model: Model, name: str) -> dict[str, Any]:
    special = _IN_V4 if model.is_v4 else _BEFORE_V4
    if name.startswith("Geo"):
        return {"type": "object"}
    return dict(special.get(name) or _EVERYWHERE.get(name) or {})


def _enum(each: EnumType, origins: Origins) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", **said_of(each.notes, each.element.attributes)}
    if each.members and not each.flags:
        schema["enum"] = list(each.members)
    elif each.members:
        schema["description"] = f"{schema.get('description', '')} Several of: {', '.join(each.members)}.".strip()
    return origins.mark(schema, each.element.line)


def _structured(model: Model, each: StructuredType, origins: Origins) -> dict[str, Any]:
    properties = {
        one.name: origins.mark(property_schema(model, one), one.element.line)
        for one in each.properties
        if one.type.primitive != "Stream"
    }
    for way in each.navigations:
        properties.setdefault(way.name, origins.mark(_way(model, way), way.element.line))
    schema: dict[str, Any] = {"type": "object", **said_of(each.notes, each.element.attributes)}
    schema["properties"] = properties
    required = [one.name for one in each.properties if one.name in properties and _is_always_there(each, one)]
    if required:
        schema["required"] = required
    if each.is_open:
        schema["additionalProperties"] = True
    if each.base in model.types:
        schema["allOf"] = [reference(model, each.base)]
    return origins.mark(schema, each.element.line)


def _is_always_there(owner: StructuredType, each: Property) -> bool:
    return each.name in owner.keys or (not each.nullable and not each.type.many)


def _way(model: Model, way: Navigation) -> dict[str, Any]:
    """A way to other records. Those are in the answer only where they are asked for, else at most a link is."""
    said = said_of(way.notes, way.element.attributes)
    target = {"x-leads-to": model.schema_names.get(way.type.name, way.type.local), **said}
    if not model.is_v4:
        return {"type": ["object", "array", "null"], **target}
    return {"type": "array" if way.type.many else ["object", "null"], **target}


def _is_read_only(each: Property) -> bool:
    if is_true(each.notes.get("Computed")):
        return True
    permission = each.notes.get("Permissions")
    if isinstance(permission, str) and (permission.endswith(_READ) or permission in ("0", "1", "Read", "None")):
        return True
    attributes = each.element.attributes
    unwritable = is_false(attributes.get("creatable")) and is_false(attributes.get("updatable"))
    return unwritable or attributes.get("StoreGeneratedPattern") in ("Computed", "Identity")
