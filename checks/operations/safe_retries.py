"""operations.safe-retries: whether a create that is sent twice makes one record."""

from __future__ import annotations

import re

from cmms_audit.battery import (
    Context,
    Field,
    Finding,
    Operation,
    Parameter,
    Resource,
    body_fields,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    squeezed,
)

from ._lists import creatable_kind
from ._words import header, prose_about, quoted, statuses, texts

QUESTION = "operations.safe-retries"

_ABOUT_REPEATS = pattern(r"idempoten|repeatab|\bretr(?:y|ies|ied)\b|\bduplicates?\b|safely repeat", re.IGNORECASE)
_SURE_NAMES = pattern(r"idempoten|repeatab|transactionid", re.IGNORECASE)
_IDEMPOTENCY_KEY = pattern(r"^(?:x[-_])?idempoten(?:t|cy)[-_]?(?:key|id|token)?$|^repeatability", re.IGNORECASE)
_CREATES_OR_CHANGES = pattern(
    r"\bupsert|\bcreates? or (?:update|replace|change)s?\b|\b(?:update|replace)s? or creates?\b"
    r"|\b(?:is|will be) created if it does not exist\b|\bif it does not exist,? it (?:is|will be) created\b",
    re.IGNORECASE,
)
_ABOUT_IDEMPOTENCY = pattern(r"idempoten", re.IGNORECASE)
_GIVEN = "(?:support|offer|accept|provid|hono|recogni|implement|availabl|have|guarante)[a-z]{0,6}"
_DENIES = pattern(
    rf"\b(?:do|does|is|are|did|will)(?: ?n[o']t|n't)(?: (?:yet|currently|{_GIVEN})){{1,3}}"
    r"(?: (?:for|any|an?|the)){0,2} idempoten"
    r"|\b(?:there (?:is|are)|has|have|offers?|provides?) no (?:support for )?idempoten"
    r"|\bno (?:support for )?idempoten[a-z]{2,4}(?: (?:keys?|tokens?|headers?)){0,2} (?:is|are) "
    rf"{_GIVEN}"
    r"|\bidempoten[a-z]{2,4}(?:[ -](?:keys?|tokens?|headers?|requests?)){0,2} (?:is|are)(?: currently| yet)?"
    rf"(?: not|n't)(?: currently| yet)? {_GIVEN}"
    r"|\b(?:is|are)(?: not|n't) idempotent\b",
    re.IGNORECASE,
)
_ABOUT_DUPLICATES = pattern(r"already exists|duplicate|must be unique|unique", re.IGNORECASE)
_SURELY_OUTSIDE = pattern(r"external|source|client_?ref", re.IGNORECASE)
_OUTSIDE_NUMBERS = (
    "external_id",
    "external_reference",
    "external_key",
    "client_reference",
    "client_id",
    "reference",
    "source_id",
)


@check(question=QUESTION, id="operations.idempotency-documented", aspect="retries", sends="nothing")
def idempotency_documented(ctx: Context) -> Finding:
    """Looks for an idempotency key on creates, or for an outside number of which a second one is refused."""
    resource = ctx.resource(creatable_kind(ctx))
    create = resource.create
    if create is None:
        return not_applicable(f"no way to create a record at {resource.path} is described", resource)
    key = _key(ctx, create)
    if key:
        return met(f"a create at {resource.path} takes a key that is honoured once ({key.name})", key)
    member = _key_in_body(create)
    if member:
        says = f"a create at {resource.path} takes a key that is honoured once ({member.name}, in the body)"
        return met(says, member)
    upsert = _upsert(ctx, resource)
    if upsert:
        says = "a record can be written under a number of the client's own: sent twice, it is created once"
        return met(f"{says} ({upsert.method} {upsert.path})", upsert)
    outside = _outside_number(create)
    refuses = "409" in statuses(create) and _ABOUT_DUPLICATES.search(texts(create))
    if outside and refuses:
        return met(f"a second create with the same {outside} is refused with 409", create)
    if refuses:
        return partial(f"a create at {resource.path} that repeats another is refused with 409 in some cases", create)
    prose = [each for each in prose_about(ctx, _ABOUT_IDEMPOTENCY, resource) if not _DENIES.search(each.text)]
    if prose:
        says = f"the document speaks of idempotency, but the create at {resource.path} shows no key for it"
        return partial(says, create, prose[0], detail=quoted(prose[0]))
    if outside and _SURELY_OUTSIDE.search(outside):
        says = f"a create at {resource.path} takes {outside}, by which a repeat can be looked for"
        return partial(f"{says}; nothing says that a second one is refused", create)
    says = f"nothing makes it safe to repeat a create at {resource.path}"
    denied = prose_about(ctx, _DENIES, resource)
    if denied:
        return not_met(f"{says}, as the document says itself", create, denied[0], detail=quoted(denied[0]))
    return ctx.absent(says, create)


def _key(ctx: Context, create: Operation) -> Parameter | None:
    """The header by which a repeat is recognised; a plain request id counts only where the document says so."""
    in_query = [each for each in create.parameters if each.where == "query" and _IDEMPOTENCY_KEY.search(each.name)]
    for name in ctx.words.idempotency_headers:
        found = header(create, (name,))
        if found and (_SURE_NAMES.search(found.name) or _ABOUT_REPEATS.search(found.description[:5_000])):
            return found
    return in_query[0] if in_query else None


def _key_in_body(create: Operation) -> Field | None:
    """A member of what is sent that is called an idempotency key."""
    return next((each for each in body_fields(create) if _IDEMPOTENCY_KEY.search(each.name)), None)


def _upsert(ctx: Context, resource: Resource) -> Operation | None:
    """A write that creates or changes, by a number that the client chooses; by its path or its own words."""
    home = resource.path.rstrip("/") + "/"
    for operation in ctx.spec.operations:
        own = operation.path.startswith(home)
        if own and operation.method in ("PUT", "PATCH", "POST") and _is_upsert(operation, operation.path[len(home) :]):
            return operation
    return None


def _is_upsert(operation: Operation, below: str) -> bool:
    words = f"{operation.summary} {operation.description[:2_000]}"
    outside = any(squeezed(name) in squeezed(below.replace("/", "")) for name in _OUTSIDE_NUMBERS if "external" in name)
    return (
        "upsert" in below.lower()
        or (outside and operation.method == "PUT")
        or bool(operation.method == "PUT" and "{" in below and _CREATES_OR_CHANGES.search(words))
    )


def _outside_number(create: Operation) -> str | None:
    sent = {squeezed(field.name): field.name for field in body_fields(create)}
    return next((sent[squeezed(name)] for name in _OUTSIDE_NUMBERS if squeezed(name) in sent), None)
