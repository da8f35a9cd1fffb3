"""The permission matrix as the report carries it: bounded, and with the vendor's words as values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from cmms_audit.spec.permission_matrix import MatrixRow, PermissionMatrix

MOST_SCOPES = 60
MOST_ROWS = 300
SHOWN_SCOPES = 12
SHOWN_ROWS = 40


def matrix_member(matrix: PermissionMatrix | None) -> dict[str, Any] | None:
    """The member of report.json; None where no description was read.

    A cell names its permission by position in `scopes`; access is "R", "W" or "RW".
    """
    if matrix is None:
        return None
    scopes = list(matrix.scopes)[:MOST_SCOPES]
    places = {name: position for position, name in enumerate(scopes)}
    rows = matrix.rows[:MOST_ROWS] if scopes else ()
    return {
        "operations": len(matrix.named) + len(matrix.without),
        "named": len(matrix.named),
        "named_in": {str(place): matrix.places[place] for place in sorted(matrix.places)},
        "scopes": [
            {"name": name, "reads": matrix.scopes[name].reads, "writes": matrix.scopes[name].writes} for name in scopes
        ],
        "more_scopes": len(matrix.scopes) - len(scopes),
        "rows": [_row(row, places) for row in rows],
        "more_rows": len(matrix.rows) - len(rows) if scopes else 0,
    }


def _row(row: MatrixRow, places: Mapping[str, int]) -> dict[str, Any]:
    cells = [(places[name], access.letters) for name, access in row.cells.items() if name in places]
    return {
        "group": row.group,
        "cells": [{"scope": position, "access": letters} for position, letters in sorted(cells)],
        "unnamed": row.unnamed.letters,
        "anybody": row.anybody.letters,
    }


class ShownMatrix(Struct, frozen=True):
    """As much of the matrix as a page holds: `rows` are the group and one text for each of `heads`."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    more_scopes: int
    more_rows: int
    told: str


def shown_matrix(report: Mapping[str, Any]) -> ShownMatrix | None:
    """The matrix of a report for people; None where no operation names a permission."""
    member = report.get("permission_matrix")
    if not member or not member["scopes"]:
        return None
    scopes = member["scopes"][:SHOWN_SCOPES]
    rows = member["rows"][:SHOWN_ROWS]
    anybody = any(row["anybody"] for row in member["rows"])
    where = {
        "security": "",
        "extension": ", some in extensions of the vendor's own",
        "text": ", some only in sentences",
    }
    notes = "".join(where[place] for place in ("extension", "text") if place in member["named_in"])
    return ShownMatrix(
        heads=[*(each["name"] for each in scopes), "No permission named", *(["Open to anyone"] if anybody else [])],
        rows=[(row["group"], _cells(row, len(scopes), anybody=anybody)) for row in rows],
        more_scopes=len(member["scopes"]) + member["more_scopes"] - len(scopes),
        more_rows=len(member["rows"]) + member["more_rows"] - len(rows),
        told=f"{member['named']:,} of {member['operations']:,} operations name the permission that they need{notes}.",
    )


def _cells(row: Mapping[str, Any], columns: int, *, anybody: bool) -> list[str]:
    access = {cell["scope"]: cell["access"] for cell in row["cells"]}
    cells = [access.get(position, "") for position in range(columns)]
    return [*cells, row["unnamed"], *([row["anybody"]] if anybody else [])]
