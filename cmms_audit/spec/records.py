"""What a list answers with: which member holds the records, what one record looks like, and which field is its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cmms_audit.dialect import Dialect, squeezed
from cmms_audit.spec.json_api import plain_record
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.schema import Schema

_LONGEST_PATH = 4
_ANY_NAME = ".*"  # ends a container below which the list bears the vendor's own name: _embedded.workOrders


def container_of(operation: Operation | None, dialect: Dialect) -> tuple[str | None, Schema | None]:
    """The dotted name of the member that holds the records of a list ("" where the answer is the list), and the
    schema of one record. Either is None where the document does not say.
    """
    answer = operation.success if operation else None
    if answer is None:
        return None, None
    if answer.schema is not None:
        found = _list_in_schema(answer.schema, dialect.paging.containers)
        if found:
            return found
    if answer.schema is None and (item := answer.item_schema) is not None:
        return "", _with_fields(item)
    return _list_in_example(answer.example, dialect.paging.containers), None


def record_in(schema: Schema | None, dialect: Dialect) -> Schema | None:
    """The schema of one record in a body that may wrap it ({"data": {...}}); None where it has no fields."""
    if schema is None:
        return None
    for name in dialect.paging.wrappers:
        inner = schema.properties.get(name)
        if inner is not None and inner.properties:
            return inner
    return schema if schema.properties else None


def id_of(names: Sequence[str], parameter: str | None, kind: str, dialect: Dialect) -> str | None:
    """The field that holds a record's id: the one the path is named after, one called id, or one like work_order_id."""
    same = {squeezed(name): name for name in names}
    if parameter and squeezed(parameter) != "id" and squeezed(parameter) in same:
        return same[squeezed(parameter)]
    own = squeezed(kind).removesuffix("s") + "id"
    return dialect.field_in("id", names) or same.get(own)


def holder_of_any(container: str) -> str | None:
    """The member that holds a list of any name ("_embedded" of "_embedded.*"); None where a container is a name."""
    return container.removesuffix(_ANY_NAME) if container.endswith(_ANY_NAME) else None


def only_list(members: Mapping[str, Any]) -> str | None:
    """The name of the only member that is a list; None where none or several are."""
    lists = [name for name, value in members.items() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None


def _list_in_schema(schema: Schema, containers: Sequence[str]) -> tuple[str, Schema | None] | None:
    if schema.items is not None or schema.types == ("array",):
        return "", _with_fields(schema.items)
    for name in containers:
        holder = holder_of_any(name)
        inner = _member(schema, holder or name)
        if inner is None:
            continue
        found = _only_list_in_schema(inner) if holder else None
        if found:
            return f"{holder}.{found[0]}", found[1]
        if inner.items is not None:
            return holder or name, _with_fields(inner.items)
    return _only_list_in_schema(schema)


def _only_list_in_schema(schema: Schema) -> tuple[str, Schema | None] | None:
    """The only list of records among the members of an object, by its name, and the schema of one of them."""
    lists = {name: inner for name, inner in schema.properties.items() if inner.items is not None}
    with_fields = [name for name, inner in lists.items() if inner.items and inner.items.properties]
    names = with_fields or list(lists)
    return (names[0], _with_fields(lists[names[0]].items)) if len(names) == 1 else None


def _member(schema: Schema, dotted: str) -> Schema | None:
    if dotted in schema.properties:
        return schema.properties[dotted]
    current: Schema | None = schema
    for step in dotted.split(".")[:_LONGEST_PATH]:
        current = current.properties.get(step) if current else None
    return current


def _with_fields(schema: Schema | None) -> Schema | None:
    return schema if schema is not None and schema.properties else None


def example_fields(example: Any, container: str | None) -> tuple[str, ...]:
    """The fields of the first record in the example of a list."""
    records = example
    for step in container.split(".") if container else ():
        records = records.get(step) if isinstance(records, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return tuple(plain_record(first)) if isinstance(first, dict) else ()


def _list_in_example(example: Any, containers: Sequence[str]) -> str | None:
    if isinstance(example, list):
        return ""
    if not isinstance(example, dict):
        return None
    for name in containers:
        if isinstance(example.get(name), list):
            return name
        holder = holder_of_any(name)
        inner = example.get(holder) if holder else None
        only = only_list(inner) if isinstance(inner, dict) else None
        if only:
            return f"{holder}.{only}"
    return only_list(example)
