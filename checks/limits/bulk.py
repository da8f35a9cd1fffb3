"""limits.bulk: what the documents say of large pages and of writing many records in one call. Live: `largest_page`."""

from __future__ import annotations

import re

from msgspec.structs import replace

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Resource,
    Schema,
    check,
    met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Claim

from ..data._counted import counted
from . import _lists, _page_sizes

_MOST_LISTS = 8
_MOST_LOOKED_AT = 50
_BULK_NAME = pattern(
    r"(?:^|[:_-]|(?<=[a-z])(?=[BM]))\$?(?i:bulk|batch|batches|mass|multiple)"
    r"(?i:[-_]?(?:creat|updat|writ|insert|upsert|delet|import|edit|patch|sav|operation|request|add|modif)\w{0,5})?$"
)
_IMPORT_NAME = pattern(r"^(?:import|imports|upload-?csv|bulk-?import)$", re.IGNORECASE)
_MOST_RECORDS = pattern(
    r"\b(?:max(?:imum)?|up to|at most|(?:no|not) more than|limit(?:ed)? (?:of|to)|not exceed)\b\D{0,25}?"
    r"(\d{1,3}(?:,\d{3})+|\d{1,6})\s(?:[a-z-]{2,15}\s){0,2}?"
    r"(?:items|records|objects|entries|elements|operations|requests|rows|orders|assets|readings|entities)\b",
    re.IGNORECASE,
)


@check(question="limits.bulk", id="limits.page-size-documented", aspect="pages", sends="nothing")
def page_size_documented(ctx: Context) -> Finding:
    """The page size of the list of work orders can be chosen, and its maximum is stated; 1,000 is the reference."""
    resource = _documented_list(ctx)
    if resource is None:
        return ctx.absent("the specification describes no list of records, only single ones")
    size = _lists.page_size(ctx, resource)
    if size is None:
        return _judge_without_parameter(ctx, resource)
    name = f"{_page_sizes.plain(resource)}: the page size can be set with {size.parameter.name}"
    detail = _of_the_others(ctx, resource)
    if size.maximum is None:
        return partial(f"{name}, but how large it may be is not said", size.parameter, detail=detail)
    finding = _page_sizes.judge(
        f"{name}, up to {counted(size.maximum, 'record')}", size.maximum, size.place, size.parameter
    )
    finding = replace(finding, detail=detail)
    return _hold_claim_against(finding, ctx.claim, size.maximum)


def _of_the_others(ctx: Context, judged: Resource) -> str:
    """What the lists of the other resources say of their page size, for whoever plans a pull of those."""
    told = []
    for each in _lists.lists(ctx):
        if each.kind != judged.kind and each.list:
            size = _lists.page_size(ctx, each)
            most = (
                "no page size" if size is None else f"up to {size.maximum:,}" if size.maximum else "no maximum stated"
            )
            told.append(f"{_page_sizes.plain(each)} {most}")
    return f"Other lists: {', '.join(told[:_MOST_LISTS])}." if told else ""


def _documented_list(ctx: Context) -> Resource | None:
    listed = _lists.lists(ctx)
    nested = [each for each in ctx.resources.values() if each.list]
    return next(iter((*listed, *nested)), None)


def _judge_without_parameter(ctx: Context, resource: Resource) -> Finding:
    if _lists.has_paging(ctx, resource):
        return partial(
            f"{_page_sizes.plain(resource)}: records come in pages, but their size cannot be chosen", resource
        )
    return unknown(
        f"{_page_sizes.plain(resource)}: the specification does not say how many records one call returns", resource
    )


def _hold_claim_against(finding: Finding, claim: Claim | None, size: int) -> Finding:
    claimed = _page_sizes.claimed(claim)
    if claimed is None:
        return finding
    return finding.tests_claim(
        "limits.bulk",
        claimed=_page_sizes.in_words(claimed),
        observed=f"{_page_sizes.in_words(size)}, documented",
        contradicted=size < claimed,
    )


@check(question="limits.bulk", id="limits.bulk-writes-documented", aspect="bulk", sends="nothing", decisive=False)
def bulk_writes_documented(ctx: Context) -> Finding:
    """The specification describes operations that take a list of records to create or change."""
    bulk = [each for each in ctx.spec.operations if each.writes and _takes_many(ctx, each)]
    if not bulk:
        return ctx.absent("the specification describes no operation that writes several records in one call")
    records = [each for each in bulk[:_MOST_LOOKED_AT] if each.method != "DELETE"]
    most = max((_most_items(each) or 0 for each in records), default=0)
    facts = {"bulk_write_size": float(most)} if most else {}
    up_to = f", up to {most:,} at a time" if most else ""
    named = f"{bulk[0].method} {bulk[0].path}"
    subject = "1 operation writes" if len(bulk) == 1 else f"{len(bulk)} operations write"
    return met(f"{subject} several records in one call{up_to}, such as {named}", *bulk[:3], facts=facts)


def _takes_many(ctx: Context, operation: Operation) -> bool:
    """A body that is a list of records, a path that says so, or a change of a whole collection at once."""
    steps = [step for step in operation.path.rstrip("/").split("/") if step and not step.startswith("{")]
    if any(_BULK_NAME.search(step) for step in steps[-2:]) and _is_last_or_above_records(ctx, steps, operation):
        return True
    collections = {each.path.rstrip("/") for each in ctx.resources.values() if each.read and each.container is not None}
    parent, _, last = operation.path.rstrip("/").rpartition("/")
    if _IMPORT_NAME.match(last) and operation.method == "POST" and parent in collections:
        return True
    if operation.method in ("PUT", "PATCH") and operation.path.rstrip("/") in collections:
        return True
    return bool(operation.request and "array" in operation.request.types and _holds_records(operation.request))


def _is_last_or_above_records(ctx: Context, steps: list[str], operation: Operation) -> bool:
    """Whether the word for bulk ends the path (/assets/bulk), or stands before a collection (/bulk/assets)."""
    if steps and _BULK_NAME.search(steps[-1]):
        return True
    known = {each.path.rstrip("/").rpartition("/")[2].lower() for each in ctx.resources.values()}
    return steps[-1].lower() in known and not operation.path.rstrip("/").endswith("}")


def _holds_records(schema: Schema) -> bool:
    """Whether a list holds objects, and not the steps of a JSON Patch (RFC 6902), which change a single record."""
    names = schema.items.properties.keys() if schema.items else set()
    return bool(names) and "op" not in names


def _most_items(operation: Operation) -> int | None:
    """The documented number of records that fit into one call: of the list in its body, or in its description."""
    schemas = [operation.request, *(field.schema for field in operation.request.fields())] if operation.request else []
    stated = (each.raw.get("maxItems") for each in schemas if isinstance(each.raw, dict) and "array" in each.types)
    in_schema = next((most for most in stated if isinstance(most, int) and 1 < most <= _lists.LARGEST_MAXIMUM), None)
    texts = (operation.description[:4_000], *(each.description[:1_000] for each in schemas))
    said = (int(match[1].replace(",", "")) for text in texts if (match := _MOST_RECORDS.search(text)))
    return in_schema or next((most for most in said if most > 1), None)
