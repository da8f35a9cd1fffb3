"""operations.bulk-writes: whether many records can be written in one call, how many, and what is told of each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmms_audit.battery import Context, Finding, Operation, Resource, Schema, check, met, partial, squeezed

from ._lists import creatable_kind
from ._words import statuses, texts

QUESTION = "operations.bulk-writes"

_STATED_LIMIT = re.compile(
    r"(?:up to|at most|max(?:imum)?(?: of| number)?|limit(?:ed)?(?: of| to)?|no more than)[^.\d\n]{0,40}\d{1,5}"
    r"|\d{1,5} (?:records|items|objects|work orders|entries|rows)[^.\n]{0,30}(?:per|maximum|at most|limit)",
    re.IGNORECASE,
)
_OUTCOME = re.compile(r"status|error|result|success|outcome|message|failed", re.IGNORECASE)


@check(question=QUESTION, id="operations.bulk-documented", aspect="bulk", sends="nothing")
def bulk_documented(ctx: Context) -> Finding:
    """Looks for operations that write many records, their limit, and the outcome for each record in the answer."""
    resource = ctx.resource(creatable_kind(ctx))
    found = list(_bulk_operations(ctx, resource))
    if not found:
        return ctx.absent(f"no operation writes more than one record of {resource.path} at once", resource)
    with_limit = [each for each in found if _states_limit(each)]
    with_outcome = [each for each in found if _tells_outcomes(each)]
    lacks = {"how many records a call may hold": with_limit, "the outcome for each record": with_outcome}
    missing = [lack for lack, there in lacks.items() if not there]
    names = ", ".join(f"{each.method} {each.path}" for each in found[:4])
    if missing:
        return partial(
            f"many records can be written at once ({names}), but {' and '.join(missing)} is not described", *found[:4]
        )
    return met(f"many records can be written at once ({names}), with a limit and an outcome for each", *found[:4])


def _bulk_operations(ctx: Context, resource: Resource) -> Iterator[Operation]:
    """Writes at or below the list of the resource that take a list of records, or are called bulk."""
    home = resource.path.rstrip("/")
    words = {squeezed(word) for word in ctx.words.bulk}
    for operation in ctx.spec.operations:
        below = operation.path.rstrip("/").removeprefix(home) if operation.path.startswith(home) else None
        called_bulk = any(squeezed(part) in words for part in re.split(r"[/:]", operation.path))
        names_resource = below is not None or _speaks_of(operation, home)
        if not operation.writes or operation.method == "DELETE" or not names_resource:
            continue
        if (called_bulk and names_resource) or (below == "" and _takes_list(operation.request)):
            yield operation


def _speaks_of(operation: Operation, home: str) -> bool:
    """Whether an operation elsewhere names the resource, as /bulk/work-orders does."""
    last = squeezed(home.rpartition("/")[2])
    return len(last) > 3 and last in squeezed(operation.path.replace("/", ""))


def _takes_list(sent: Schema | None) -> bool:
    """Whether a body may be a list of records."""
    return sent is not None and "array" in sent.types and sent.items is not None


def _states_limit(operation: Operation) -> bool:
    return bool(_STATED_LIMIT.search(texts(operation))) or any(_limited(each) for each in _lists_in(operation.request))


def _lists_in(schema: Schema | None) -> Iterator[Schema]:
    if schema is not None:
        yield from (each for each in (schema, *schema.properties.values()) if "array" in each.types)


def _limited(schema: Schema) -> bool:
    has_maximum = isinstance(schema.raw, dict) and isinstance(schema.raw.get("maxItems"), int)
    return has_maximum or _STATED_LIMIT.search(schema.description[:5_000]) is not None


def _tells_outcomes(operation: Operation) -> bool:
    """Whether the answer says for each record how it went: 207, or a list whose entries have a status or an error."""
    answer = operation.success.schema if operation.success else None
    entries = [each.items for each in _lists_in(answer) if each.items]
    return "207" in statuses(operation) or any(_OUTCOME.search(name) for entry in entries for name in _own_names(entry))


def _own_names(entry: Schema) -> list[str]:
    """The members of an outcome; a record of many fields that happens to have a status is none."""
    names = list(entry.properties)
    return names if len(names) <= 8 else []
