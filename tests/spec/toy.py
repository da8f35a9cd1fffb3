"""Small API descriptions for tests, written as plain data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from cmms_audit.dialect import Dialect, load_dialect
from cmms_audit.folders import profiles_folder
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import parse_spec

DIALECTS = (profiles_folder() / "dialects",)


def described(paths: Any = None, *, openapi: str = "3.0.3", root: Path | None = None, **members: Any) -> Spec:
    """An OpenAPI 3 description with these paths and further members."""
    info = {"title": "Toy", "version": "7"}
    document = {"openapi": openapi, "info": info, "paths": {} if paths is None else paths, **members}
    return loaded(json.dumps(document, indent=1), root)


def described2(paths: Any, **members: Any) -> Spec:
    """A Swagger 2.0 description with these paths and further members."""
    return loaded(json.dumps({"swagger": "2.0", "info": {"title": "Toy"}, "paths": paths, **members}, indent=1))


def loaded(text: str, root: Path | None = None) -> Spec:
    """The description that a text holds."""
    spec = parse_spec(text, "toy.json", root=root)
    assert isinstance(spec, Spec)
    return spec


@cache
def rest() -> Dialect:
    """The plain dialect."""
    return load_dialect("rest", DIALECTS)


def answer(schema: Any, **more: Any) -> dict[str, Any]:
    """The responses of an operation that answers 200 with this schema."""
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema, **more}}}}


def fields(*names: str) -> dict[str, Any]:
    """The schema of an object with these text fields."""
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def crud(path: str, record: Any, *, container: str | None = "data", tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """The paths of a collection that can be listed, read, created, changed and deleted."""
    many = {"type": "array", "items": record}
    page = (
        many if container is None else {"type": "object", "properties": {container: many, "total": {"type": "integer"}}}
    )
    done = {"responses": {"204": {"description": "done"}}, "tags": list(tags)}
    return {
        path: {"get": {"tags": list(tags), "responses": answer(page)}, "post": done},
        f"{path}/{{id}}": {"get": {"tags": list(tags), "responses": answer(record)}, "patch": done, "delete": done},
    }
