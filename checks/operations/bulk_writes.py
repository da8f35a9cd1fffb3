"""operations.bulk-writes: whether many records can be written in one call, how many, and what is told of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Resource,
    Schema,
    body_fields,
    check,
    met,
    not_applicable,
    partial,
    pattern,
    squeezed,
    unknown,
)

from ._lists import WORK_ORDERS, creatable_kind
from ._words import statuses, texts

QUESTION = "operations.bulk-writes"

_STATED_LIMIT = pattern(
    r"(?:up to|at most|max(?:imum)?(?: of| number)?|limit(?:ed)?(?: of| to)?|no more than)[^.\d\n]{0,40}\d{1,5}"
    r"|\d{1,5} (?:records|items|objects|work orders|entries|rows)[^.\n]{0,30}(?:per|maximum|at most|limit)",
    re.IGNORECASE,
)
_COMPLETED = pattern(
    r"(?:actual|work)?_?(?:completed|completion|closed|close|finished|finish|end|work_?end|actual_?end)"
    r"(?:ed)?_?(?:at|on|date|time|datetime)?",
    re.IGNORECASE,
)
_OUTCOME_IN_WORDS = pattern(
    r"\b(?:outcome|result|status|error)s?\b[^.\n]{0,40}\b(?:for|of|per) (?:each|every)\b"
    r"|\b(?:each|every) (?:record|item|entry|row|object)'?s? (?:own )?(?:outcome|result|status|error)\b"
    r"|\ball[- ]or[- ](?:nothing|none)\b|\batomic|\bsingle transaction\b|\brolled back\b",
    re.IGNORECASE,
)
_GENERAL_BATCH = pattern(r"(?:/(?:api|rest|v\d{1,3}(?:\.\d{1,3})?)){0,3}/(?:\$batch|batch|bulk)", re.IGNORECASE)
_WORD = pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOST_RECORDS = pattern(r"max|limit|records|batch", re.IGNORECASE)
_MOST_SHOWN = 10
_OUTCOME = pattern(r"status|error|result|success|outcome|message|failed", re.IGNORECASE)


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
    says = f"many records can be written at once ({names})"
    detail = "\n".join(_in_words(each) for each in found[:_MOST_SHOWN])
    if missing:
        finding = partial(f"{says}, but {' and '.join(missing)} is not described", *found[:4], detail=detail)
    else:
        finding = met(f"{says}, with a limit and an outcome for each", *found[:4], detail=detail)
    return _held_against_claim(ctx, finding, found)


def _held_against_claim(ctx: Context, finding: Finding, found: Sequence[Operation]) -> Finding:
    """The vendor's own word on the most records of a call beside the documented one."""
    numbers = ctx.claim.numbers if ctx.claim else {}
    claimed = next((number for name, number in numbers.items() if _MOST_RECORDS.search(name)), None)
    limits = [limit for each in found for limit in map(_most_items, _lists_in(each.request)) if limit is not None]
    if claimed is None or not limits:
        return finding
    observed, too_few = f"{max(limits)} a call", max(limits) < claimed
    return finding.tests_claim(QUESTION, claimed=f"{claimed:g} a call", observed=observed, contradicted=too_few)


def _in_words(operation: Operation) -> str:
    limit = "limit described" if _states_limit(operation) else "no limit described"
    outcome = "outcome" if _tells_outcomes(operation) else "no outcome"
    return f"{operation.method} {operation.path}: {limit}, {outcome} of each record described"


@check(question=QUESTION, id="operations.migration-documented", aspect="bulk", sends="nothing", decisive=False)
def migration_documented(ctx: Context) -> Finding:
    """Looks whether a create takes the dates and the closed status of records from an older system."""
    resource = ctx.resource(WORK_ORDERS)
    create = resource.create
    if create is None:
        return not_applicable(f"no way to create a record at {resource.path} is described", resource)
    sent = body_fields(create)
    if not sent:
        return unknown(f"what a create at {resource.path} takes is not described", create)
    takes = {field.name for field in sent if not field.schema.read_only}
    dates = [name for concept in ("created", "completed") if (name := _date_of(ctx, concept, takes))]
    status = ctx.words.field_in("status", takes)
    wanted = {"dates of creation or completion": dates, "status": status}
    lacks = [lack for lack, there in wanted.items() if not there]
    if lacks:
        says = f"a create at {resource.path} takes no {' and no '.join(lacks)}: history cannot be moved in"
        return partial(says, create)
    return met(f"a create at {resource.path} takes old dates ({', '.join(dates)}) and a status ({status})", create)


def _date_of(ctx: Context, concept: str, names: set[str]) -> str | None:
    """The name, among those that can be sent, of the moment at which a record was made or finished."""
    if concept == "completed":
        return next((name for name in sorted(names) if _COMPLETED.fullmatch(name)), None)
    return ctx.words.field_in(concept, names)


def _bulk_operations(ctx: Context, resource: Resource) -> Iterator[Operation]:
    """Writes at or below the list of the resource that change many records, or are called bulk; deletes left out."""
    home = resource.path.rstrip("/")
    words = {squeezed(word) for word in ctx.words.bulk}
    for operation in ctx.spec.operations:
        path = operation.path.rstrip("/")
        if not operation.writes or operation.method == "DELETE":
            continue
        if path == home:
            named = words & set(_words_of(operation.operation_id))
            many = named or _writes_many(operation) or _asks_by_header(operation, words)
        else:
            many = _called_bulk(path, words) and (_is_below(path, home) or _speaks_of(path, home, words))
        if many or _GENERAL_BATCH.fullmatch(path):
            yield operation


def _called_bulk(path: str, words: Collection[str]) -> bool:
    """Whether a step of a path holds a word for bulk, as /bulk or /import-work-orders do."""
    lower = path.lower()
    return any(word in lower for word in words) and any(
        word in words for part in re.split(r"[/:]", path) for word in _words_of(part)
    )


def _is_below(path: str, home: str) -> bool:
    """Whether a path continues that of a list, and not of one of its records."""
    return path.startswith((f"{home}/", f"{home}:")) and "{" not in path[len(home) :]


def _writes_many(operation: Operation) -> bool:
    """Whether a write at the address of a list takes a list of records, or changes what stands there as a whole."""
    return operation.method in ("PUT", "PATCH") or _takes_list(operation.request)


def _asks_by_header(operation: Operation, words: Collection[str]) -> bool:
    """Whether a header of the dialect turns a write into one of many records (X-Method-Override: BULK)."""
    headers = (each for each in operation.parameters if each.where == "header" and squeezed(each.name) in words)
    told = (f"{each.description[:2_000]} {each.schema.enum or ''}" for each in headers)
    return any("bulk" in text.lower() for text in told)


def _words_of(name: str) -> list[str]:
    """The words of a name in camel case or with underscores, in lower case."""
    return [word.lower() for word in _WORD.findall(name[:200])]


def _speaks_of(path: str, home: str, words: Collection[str]) -> bool:
    """Whether a path elsewhere names the resource, as /bulk/work-orders or /import-work-orders do."""
    if path.startswith(f"{home}/"):
        return False
    last = squeezed(home.rpartition("/")[2]).removesuffix("s")
    steps = [squeezed(part).removesuffix("s") for part in re.split(r"[/:]", path)]
    return last in steps or any(f"{word}{last}" in steps or f"{last}s{word}" in steps for word in words)


def _takes_list(sent: Schema | None) -> bool:
    """Whether a body may be a list of records."""
    return sent is not None and "array" in sent.types and sent.items is not None


def _states_limit(operation: Operation) -> bool:
    return bool(_STATED_LIMIT.search(texts(operation))) or any(_limited(each) for each in _lists_in(operation.request))


def _lists_in(schema: Schema | None) -> Iterator[Schema]:
    if schema is not None:
        yield from (each for each in (schema, *schema.properties.values()) if "array" in each.types)


def _most_items(schema: Schema) -> int | None:
    most = schema.raw.get("maxItems") if isinstance(schema.raw, dict) else None
    return most if isinstance(most, int) and not isinstance(most, bool) else None


def _limited(schema: Schema) -> bool:
    return _most_items(schema) is not None or _STATED_LIMIT.search(schema.description[:5_000]) is not None


def _tells_outcomes(operation: Operation) -> bool:
    """Whether the answer says for each record how it went: 207, or a list whose entries have a status or an error."""
    answer = operation.success.schema if operation.success else None
    entries = [each.items for each in _lists_in(answer) if each.items]
    if "207" in statuses(operation) or any(_OUTCOME.search(name) for entry in entries for name in _own_names(entry)):
        return True
    return bool(_OUTCOME_IN_WORDS.search(texts(operation)))


def _own_names(entry: Schema) -> list[str]:
    """The members of an outcome; a record of many fields that happens to have a status is none."""
    names = list(entry.properties)
    return names if len(names) <= 8 else []
