"""The OpenAPI document of a vendor of other habits: it says just what the vendor does."""

from __future__ import annotations

from collections.abc import Sequence

from tests.checks.toy import FIELDS, FILTERS
from tests.vendors.cmms import TEXT, Habits, Json


def document(habits: Habits, origin: str) -> Json:
    """The vendor's OpenAPI document, as it is served at an origin."""
    paths: Json = {}
    for kind, fields in FIELDS.items():
        record = habits.record_described(kind, {"type": "object", "required": ["id"], "properties": fields})
        page, one = habits.page_described(record), habits.one_described(record)
        number = {"name": "id", "in": "path", "required": True, "schema": TEXT}
        paths[f"/{kind}"] = {"get": _operation(habits, kind, f"List {kind}.", page, _query(habits, kind, fields))}
        paths[f"/{kind}/{{id}}"] = {"get": _operation(habits, kind, f"Read {kind}.", one, [number])}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Small CMMS", "version": "1.0", "description": habits.about},
        "servers": [{"url": origin + habits.prefix}],
        "paths": paths | habits.paths,
        "components": {"securitySchemes": habits.access.schemes(origin)},
    }


def _query(habits: Habits, kind: str, fields: Json) -> list[Json]:
    schemas = habits.paging.described
    schemas |= {habits.filter_name(name): {"type": fields[name]["type"]} for name in FILTERS[kind]}
    if "updated_at" in fields:
        schemas[habits.since] = {"type": "string", "format": "date-time"}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def _operation(habits: Habits, kind: str, summary: str, answer: Json, parameters: Sequence[Json]) -> Json:
    error = {"description": "Not so.", "content": {habits.error_media_type: {"schema": habits.error_described}}}
    statuses = {habits.stranger, habits.wrong_query, habits.no_record} - {200}
    well = {"description": "Well.", "content": {habits.media_type: {"schema": answer}}}
    answers: Json = {"200": well, **{str(status): error for status in sorted(statuses)}}
    answers |= {status: {**error, "headers": headers} for status, headers in habits.at_limit.items()}
    return {
        "summary": summary,
        "description": habits.told_of(kind),
        "security": list(habits.access.security(kind)),
        "parameters": [*parameters, *habits.parameters],
        "responses": answers,
    }
