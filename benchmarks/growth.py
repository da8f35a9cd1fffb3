"""How the time of an offline audit grows with the document: the same API once, twice, four and eight times as large.

Run: .venv/bin/python benchmarks/growth.py [--resources 60] (medians of five)
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from measuring import audited, compile_ahead

_FIELDS = ("title", "status", "priority", "site", "description", "created_at", "updated_at", "cost", "notes", "asset")


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    compile_ahead()
    least = None
    print("| size | operations | MB of text | s | beyond an empty document, against 1x | MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        empty = audited(written(Path(folder), 0), wanted.rounds)
        for times in (1, 2, 4, 8):
            path = written(Path(folder), wanted.resources * times)
            it = audited(path, wanted.rounds)
            own = it.seconds - empty.seconds
            least = least or own
            size = path.stat().st_size / 1e6
            print(
                f"| {times}x | {wanted.resources * times * 5} | {size:.1f} | {it.seconds:.2f} | {own / least:.1f} |"
                f" {it.megabytes:.0f} |",
                flush=True,
            )


def written(folder: Path, resources: int) -> Path:
    """A description of so many resources, five operations each, as JSON text."""
    path = folder / f"{resources}.json"
    path.write_text(json.dumps(description(resources), indent=1), encoding="utf-8")
    return path


def description(resources: int) -> dict[str, Any]:
    """An ordinary API: lists with paging, one record, create, change, delete; every record has a schema of its own."""
    names = ["work-orders", "assets", "sites", *(f"things-{number}" for number in range(resources))][:resources]
    paths: dict[str, Any] = {}
    for name in names:
        paths |= _paths(name)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Generated", "version": "1.0", "description": "At most 600 requests per minute."},
        "servers": [{"url": "https://vendor.example/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            "schemas": {_schema_name(name): _record() for name in names},
        },
    }


def _schema_name(name: str) -> str:
    return name.title().replace("-", "")


def _record() -> dict[str, Any]:
    fields = {name: {"type": "string", "description": f"The {name} of the record."} for name in _FIELDS}
    number = {"type": "integer", "readOnly": True}
    return {"type": "object", "required": ["title"], "properties": {"id": number, **fields}}


def _paths(name: str) -> dict[str, Any]:
    record = {"$ref": f"#/components/schemas/{_schema_name(name)}"}
    body = {"required": True, "content": {"application/json": {"schema": record}}}
    one = {"200": {"description": "The record.", "content": {"application/json": {"schema": record}}}}
    many = {
        "200": {
            "description": "A page of records.",
            "content": {"application/json": {"schema": {"type": "array", "items": record}}},
        }
    }
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    paging = [
        {"name": each, "in": "query", "description": f"The {each}.", "schema": {"type": "integer", "maximum": 200}}
        for each in ("page", "per_page")
    ]
    return {
        f"/{name}": {
            "get": {"operationId": f"list-{name}", "summary": f"List {name}.", "parameters": paging, "responses": many},
            "post": {"operationId": f"create-{name}", "summary": "Create one.", "requestBody": body, "responses": one},
        },
        f"/{name}/{{id}}": {
            "parameters": [number],
            "get": {"operationId": f"read-{name}", "summary": "Read one.", "responses": one},
            "patch": {"operationId": f"change-{name}", "summary": "Change one.", "requestBody": body, "responses": one},
            "delete": {
                "operationId": f"delete-{name}",
                "summary": "Delete one.",
                "responses": {"204": {"description": "It is gone."}},
            },
        },
    }


if __name__ == "__main__":
    main()
