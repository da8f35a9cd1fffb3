"""operations.safe-retries: whether a create that is sent twice makes one record."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Finding, Operation, Parameter, check, met, not_applicable, partial, squeezed

from ._lists import creatable_kind
from ._words import header, prose_about, statuses, texts

QUESTION = "operations.safe-retries"

_ABOUT_REPEATS = re.compile(r"idempoten|repeatab|\bretr(?:y|ies|ied)\b|\bduplicates?\b|safely repeat", re.IGNORECASE)
_SURE_NAMES = re.compile(r"idempoten|repeatab|transactionid", re.IGNORECASE)
_ABOUT_IDEMPOTENCY = re.compile(r"idempoten", re.IGNORECASE)
_ABOUT_DUPLICATES = re.compile(r"already exists|duplicate|must be unique|unique", re.IGNORECASE)
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
    outside = _outside_number(create)
    refuses = "409" in statuses(create) and _ABOUT_DUPLICATES.search(texts(create))
    if outside and refuses:
        return met(f"a second create with the same {outside} is refused with 409", create)
    if refuses:
        return partial(f"a create at {resource.path} that repeats another is refused with 409 in some cases", create)
    prose = prose_about(ctx, _ABOUT_IDEMPOTENCY, resource)
    if prose:
        says = f"the document speaks of idempotency, but the create at {resource.path} shows no key for it"
        return partial(says, create, prose[0], detail=prose[0].text[:300])
    return ctx.absent(f"nothing makes it safe to repeat a create at {resource.path}", create)


def _key(ctx: Context, create: Operation) -> Parameter | None:
    """The header by which a repeat is recognised; a plain request id counts only where the document says so."""
    for name in ctx.words.idempotency_headers:
        found = header(create, (name,))
        if found and (_SURE_NAMES.search(found.name) or _ABOUT_REPEATS.search(found.description[:5_000])):
            return found
    return None


def _outside_number(create: Operation) -> str | None:
    sent = {squeezed(field.name): field.name for field in create.request.fields()} if create.request else {}
    return next((sent[squeezed(name)] for name in _OUTSIDE_NUMBERS if squeezed(name) in sent), None)
