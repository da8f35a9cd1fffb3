"""Our own files held against their published schemas: every error at once, in plain words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from cmms_audit.documents.document import Document
from cmms_audit.documents.words import printable
from cmms_audit.errors import Problem
from cmms_audit.folders import schemas_folder


def load_schema(name: str) -> dict[str, Any]:
    """The published JSON Schema of that name, such as "vendor". Raises FileNotFoundError where there is none."""
    path = schemas_folder() / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def validate(document: Document, schema_name: str) -> list[Problem]:
    """Every way in which one of our files breaks its schema, in the order of the file; empty where it holds.

    A key given twice is a problem too. In a schema, `x-advice` beside a rule says in plain words what is wanted.
    """
    problems = [
        Problem(
            f"{document.source}:{double.line}",
            printable(f"'{pointer_name(double.pointer)}' is given twice"),
            "keep one of them",
        )
        for double in document.duplicates
    ]
    if document.repaired_line is not None:
        where = f"{document.source}:{document.repaired_line}"
        problems.append(Problem(where, "holds an invisible control character", "delete it"))
    if not _holds(document.value, schema_name):
        from cmms_audit.documents.explanation import explain

        problems += explain(document, load_schema(schema_name))
    return sorted(dict.fromkeys(problems), key=_line_of)


def pointer_name(pointer: str) -> str:
    """The last step of a pointer, for messages."""
    return pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")


def _holds(value: Any, schema_name: str) -> bool:
    """The quick answer; a value that the validator cannot even look at does not hold."""
    try:
        return _validator(schema_name).is_valid(value)
    except ValueError:
        return False


@cache
def _validator(schema_name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema(schema_name), validate_formats=True)


def _line_of(problem: Problem) -> int:
    line = problem.where.rpartition(":")[2]
    return int(line) if line.isdigit() else 0
