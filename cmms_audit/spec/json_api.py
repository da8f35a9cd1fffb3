"""Records in the form of JSON:API (https://jsonapi.org), live and described, told as plain records.

{"type", "id", "attributes": {...}, "relationships": {"site": {"data": {"type", "id"}}}} reads as its id, its
attributes, and each relationship as `site` (the reference) and `site_id`. What has any other shape stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from cmms_audit.spec.schema import Field, Schema

_MEMBERS = frozenset(("type", "id", "lid", "attributes", "relationships", "links", "meta"))
_NEEDED = frozenset(("type", "attributes"))
_MOST_RELATIONSHIPS = 200


def plain_record(record: dict[str, Any]) -> dict[str, Any]:
    """A live record with its fields on one level; the record itself where it does not have exactly this shape."""
    if not _has_the_members(record) or not isinstance(record["attributes"], dict):
        return record
    if not isinstance(record["type"], str) or not isinstance(record.get("id"), str | int):
        return record
    return {**_references(record.get("relationships")), **record["attributes"], "id": record["id"]}


def plain_schema(schema: Schema | None) -> Schema | None:
    """The description of such a record as that of the plain one; the schema itself where it describes another shape."""
    if schema is None or "id" not in schema.properties:
        return schema
    return plain_body(schema)


def plain_body(schema: Schema) -> Schema:
    """As plain_schema, for what is sent: a record that is to be created has no id yet."""
    if not _has_the_members(schema.properties) or not schema.properties["attributes"].properties:
        return schema
    return _PlainRecord(schema)


def fields_once(schema: Schema) -> tuple[Field, ...]:
    """The fields of a schema; a reference of such a record, which has two names, only by the one with the id."""
    fields = schema.fields()
    if not isinstance(schema, _PlainRecord):
        return fields
    ids = {each.name for each in fields if isinstance(each.schema, _Reference)}
    return tuple(each for each in fields if not (each.name in ids and f"{each.name}_id" in ids))


def plain_path(path: Sequence[str]) -> list[str]:
    """Where a plain record has what such a record has under a path: attributes.status is status."""
    match list(path):
        case ["attributes", name, *rest]:
            return [name, *rest]
        case ["relationships", name, "data", *rest]:
            return [name, *rest]
    return list(path)


def _has_the_members(members: Mapping[str, Any]) -> bool:
    return len(members) <= len(_MEMBERS) and _NEEDED <= members.keys() <= _MEMBERS


def _references(relationships: Any) -> dict[str, Any]:
    """The references of a record: each under its own name and, where it leads to one record at most, its id."""
    found: dict[str, Any] = {}
    for name, relationship in islice(relationships.items(), _MOST_RELATIONSHIPS) if _is_object(relationships) else ():
        if not _is_object(relationship) or "data" not in relationship:
            continue
        data = found[name] = relationship["data"]
        if data is None or _is_object(data):
            found[f"{name}_id"] = data.get("id") if data else None
    return found


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


class _PlainRecord(Schema):
    """A schema whose fields are those of the attributes, the references, and the id."""

    def __init__(self, whole: Schema) -> None:
        super().__init__(whole._roots)
        self._whole = whole.properties
        self._demands = whole.required

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """The fields of the plain record."""
        own = {"id": self._whole["id"]} if "id" in self._whole else {}
        return {**own, **self._described_references(), **self._attributes}

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields that must be there."""
        return self._whole["attributes"].required | (self._demands & {"id"})

    @property
    def additional(self) -> Schema | bool | None:
        """What other attributes may be."""
        return self._whole["attributes"].additional

    @property
    def example(self) -> Any:
        """The first example, as a plain record."""
        example = super().example
        return plain_record(example) if _is_object(example) else example

    @property
    def _attributes(self) -> dict[str, Schema]:
        return {name: schema for name, schema in self._whole["attributes"].properties.items() if name != "id"}

    def _described_references(self) -> dict[str, Schema]:
        relationships = self._whole.get("relationships")
        members = relationships.properties.items() if relationships else ()
        found: dict[str, Schema] = {}
        for name, relationship in islice(members, _MOST_RELATIONSHIPS):
            data = relationship.properties.get("data")
            if data is None:
                continue
            found[name] = _Reference(data, relationship)
            if data.items is None and "id" in data.properties:
                found[f"{name}_id"] = _Reference(data.properties["id"], relationship)
        return found


class _Reference(Schema):
    """The schema of a reference, explained by its relationship where it does not explain itself."""

    def __init__(self, own: Schema, relationship: Schema) -> None:
        super().__init__(own._roots)
        self._relationship = relationship

    @property
    def description(self) -> str:
        """What the document says about the reference, or else about the relationship."""
        return self._relationship.description or super().description
