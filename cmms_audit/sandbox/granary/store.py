"""Records in SQLite: tables made from the resources' fields, and the few statements that read and write them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from cmms_audit.sandbox.granary.fields import Field, Json
from cmms_audit.sandbox.granary.resource import Resource

_COLUMN_TYPES = {"string": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}


def create_table(database: sqlite3.Connection, resource: Resource) -> None:
    """Make the table of a resource."""
    columns = [f"{field.name} {_COLUMN_TYPES.get(field.type, 'TEXT')}" for field in resource.fields]
    columns[0] += " PRIMARY KEY"
    database.execute(f"CREATE TABLE {resource.name} ({', '.join(columns)}) WITHOUT ROWID")


def insert(database: sqlite3.Connection, resource: Resource, records: Iterable[Mapping[str, Any]]) -> None:
    """Add records. Every field of the resource must be in each."""
    marks = ", ".join("?" for _ in resource.fields)
    database.executemany(
        f"INSERT INTO {resource.name} VALUES ({marks})",  # noqa: S608 - names are our own
        ([_stored(field, record[field.name]) for field in resource.fields] for record in records),
    )


def replace(database: sqlite3.Connection, resource: Resource, record: Mapping[str, Any]) -> None:
    """Write a changed record over the stored one."""
    columns = ", ".join(f"{field.name} = ?" for field in resource.fields)
    values = [_stored(field, record[field.name]) for field in resource.fields]
    database.execute(f"UPDATE {resource.name} SET {columns} WHERE id = ?", [*values, record["id"]])  # noqa: S608


def delete(database: sqlite3.Connection, resource: Resource, id_: str) -> None:
    """Remove a record for good."""
    database.execute(f"DELETE FROM {resource.name} WHERE id = ?", [id_])  # noqa: S608


def find(database: sqlite3.Connection, resource: Resource, id_: str) -> Json | None:
    """The living record with that id, hidden fields included."""
    found = select(database, resource, [("id = ?", id_)])
    return found[0] if found else None


def select(
    database: sqlite3.Connection,
    resource: Resource,
    conditions: Iterable[tuple[str, Any]],
    *,
    order: str = "id",
    limit: int = -1,
    skip: int = 0,
    deleted: bool = False,
) -> list[Json]:
    """Records that meet all conditions, each SQL with one mark for its value. `limit` -1 means all."""
    where, values = _where(resource, conditions, deleted)
    sql = f"SELECT * FROM {resource.name}{where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    rows = database.execute(sql, [*values, limit, skip])
    return [
        {field.name: _served(field, value) for field, value in zip(resource.fields, row, strict=True)} for row in rows
    ]


def count(
    database: sqlite3.Connection, resource: Resource, conditions: Iterable[tuple[str, Any]], *, deleted: bool = False
) -> int:
    """How many records meet all conditions."""
    where, values = _where(resource, conditions, deleted)
    row = database.execute(f"SELECT COUNT(*) FROM {resource.name}{where}", values).fetchone()  # noqa: S608
    return int(row[0])


def next_id(database: sqlite3.Connection, resource: Resource) -> str:
    """An id that was never used before."""
    sql = "UPDATE id_numbers SET last = last + 1 WHERE resource = ? RETURNING last"
    return resource.id_of(int(database.execute(sql, [resource.name]).fetchall()[0][0]))


def start_numbers(database: sqlite3.Connection, resources: Iterable[Resource]) -> None:
    """Let the ids of new records follow those that are stored."""
    database.execute("CREATE TABLE id_numbers (resource TEXT PRIMARY KEY, last INTEGER)")
    for resource in resources:
        database.execute(
            "INSERT INTO id_numbers VALUES (?, ?)", [resource.name, count(database, resource, [], deleted=True)]
        )


def _where(resource: Resource, conditions: Iterable[tuple[str, Any]], deleted: bool) -> tuple[str, list[Any]]:
    clauses, values = [], []
    for clause, value in conditions:
        clauses.append(clause)
        values += value if isinstance(value, list) else [value]
    if resource.keeps_tombstones and not deleted:
        clauses.append("deleted_at IS NULL")
    return (" WHERE " + " AND ".join(clauses) if clauses else ""), values


def _stored(field: Field, value: Any) -> Any:
    return json.dumps(value) if field.type in {"object", "array"} else value


def _served(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    return json.loads(value) if field.type in {"object", "array"} else value
