"""operations.safe-retries: whether a create that is sent twice makes one record."""

from __future__ import annotations

import re

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Created,
    Extra,
    Field,
    Finding,
    Operation,
    OwnRecords,
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
    unknown,
)
from cmms_audit.model import Reason

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


FLAG = "duplicate-on-retry"
_STANDARD_HEADER = "Idempotency-Key"
_LENGTH_OF_KEY = 36
_TAKEN_IN = 202
_UNCLEAR = (401, 403, 408, 425, 429)  # refusals that say nothing of the repeat, or may come after it was carried out


class _Way(Struct, frozen=True):
    """How a repeat can be recognised: in words, what is sent with the create, and whether the document offers it."""

    says: str
    extra: Extra
    documented: bool


@check(
    question=QUESTION,
    id="operations.retry-makes-one-record",
    aspect="retries",
    sends="writes",
    flags=(FLAG,),
    exclusive=True,
)
async def retry_makes_one_record(ctx: Context) -> Finding:
    """Sends the same create twice, as a program does that lost the answer, and looks how many records there are."""
    kind = creatable_kind(ctx)
    resource = ctx.resource(kind)
    if resource.create is None:
        return not_applicable(f"no way to create a record at {resource.path} is described", resource)
    async with ctx.own.tidied() as own:
        way, first = await _first_create(ctx, own, kind, resource.create)
        again = await own.create_again(first, way.extra)
        if not again.ok:
            return _repeat_refused(again, way)
        records = await _count(own, first, again)
        if records is None:
            says = "the repeat was accepted, but it could not be seen whether it made a second record"
            return unknown(says, first, again)
        if records > 1:
            return _two_records(ctx, resource, first, again, way)
        return await _one_record(own, first, again, way)


async def _first_create(ctx: Context, own: OwnRecords, kind: str, create: Operation) -> tuple[_Way, Created]:
    """A create with a key. Where no record came of it, a broken-off run used the key up: another one is taken."""
    way = _way(ctx, create, own.new_key())
    first = await own.create(kind, way.extra)
    try:
        await own.read(first)
    except CouldNotLook:
        way = _way(ctx, create, own.new_key())
        first = await own.create(kind, way.extra)
    return way, first


def _way(ctx: Context, create: Operation, key: str) -> _Way:
    """The way that the document offers; where it offers none, the header that is usual everywhere.

    With it goes a number of the client's own system, where a create takes one: it may be unique without saying so.
    """
    parameter = _key(ctx, create)
    if parameter and parameter.where == "query":
        return _Way(parameter.name, Extra(params=[(parameter.name, key)]), documented=True)
    if parameter:
        return _Way(parameter.name, Extra(headers={parameter.name: key}), documented=True)
    member = _key_in_body(create)
    outside = _outside_number(create)
    name = member.name if member else outside if _ABOUT_DUPLICATES.search(texts(create)) else None
    if name:
        return _Way(name, Extra(members={name: key}), documented=True)
    headers = {_STANDARD_HEADER: key}
    if outside and _SURELY_OUTSIDE.search(outside) and _is_text(create, outside):
        return _Way(f"{_STANDARD_HEADER} and {outside}", Extra({outside: key}, headers), documented=False)
    return _Way(_STANDARD_HEADER, Extra(headers=headers), documented=False)


def _is_text(create: Operation, name: str) -> bool:
    """Whether a member takes a text with room for a key."""
    schema = next(each.schema for each in body_fields(create) if each.name == name)
    free = not (schema.enum or schema.pattern or schema.read_only)
    return free and "string" in schema.types and (schema.max_length is None or schema.max_length >= _LENGTH_OF_KEY)


def _repeat_refused(again: Created, way: _Way) -> Finding:
    """No second record was made. Only a conflict (409) tells a program that the first one was."""
    status = again.exchange.status
    if status in _UNCLEAR or status >= 500 or status < 400:
        says = f"the repeat of a create was answered with {status}"
        return unknown(says, again, reason=Reason.CONNECTIVITY)
    if status == 409:
        return met("a create that repeats another is refused with 409", again).clears(FLAG)
    says = f"a create that repeats another ({way.says}) is refused with {status}, which does not tell that it was done"
    return partial(says, again).clears(FLAG)


async def _count(own: OwnRecords, first: Created, again: Created) -> int | None:
    """How many records the two creates made; None where that could not be seen."""
    listed = await own.found(again)
    if len(listed.records) > 1:
        return len(listed.records)
    if first.address and first.address == again.address:
        return 1 if listed.records or await _are_there(own, first) else None
    if first.address and again.address:
        return 2 if await _are_there(own, first, again) else None
    return len(listed.records) if listed.complete and listed.records else None


async def _are_there(own: OwnRecords, *made: Created) -> bool:
    """Whether these addresses really hold records of ours."""
    try:
        for each in made:
            await own.read(each)
    except CouldNotLook:
        return False
    return True


def _two_records(ctx: Context, resource: Resource, first: Created, again: Created, way: _Way) -> Finding:
    upsert = None if way.documented else _upsert(ctx, resource)
    if upsert:
        says = f"a plain create makes a second record when it is repeated, but {upsert.method} {upsert.path} is offered"
        return not_applicable(f"{says}, which was not tried", first, again)
    if way.documented:
        says = f"a create that is repeated with the same {way.says} makes a second record"
    else:
        says = "a create that is repeated makes a second record, and nothing is offered to prevent it"
    return not_met(says, first, again).raises(FLAG)


async def _one_record(own: OwnRecords, first: Created, again: Created, way: _Way) -> Finding:
    """One record came of two creates. Another payload with the same key must not be taken for the same create."""
    if not way.documented:
        says = "a create that is repeated makes one record, but the document does not say so"
        return partial(f"{says} (it was sent with {way.says})", first, again).clears(FLAG)
    changed = {**way.extra.members, **own.text_of(first, "another payload")}
    other = await own.create_again(first, Extra(changed, way.extra.headers, way.extra.params))
    says = f"a create that is repeated with the same {way.says} makes one record"
    if other.ok:
        what = "gets the old answer" if other.address == first.address else "makes another record"
        what = "is taken in too (202)" if other.exchange.status == _TAKEN_IN else what
        return partial(f"{says}, but another payload with the same key {what}", first, again, other).clears(FLAG)
    same = "the same answer" if again.exchange.json == first.exchange.json else "an answer of its own"
    detail = f"the repeat gets {same}; another payload with the same key is answered with {other.exchange.status}"
    return met(says, first, again, other, detail=detail).clears(FLAG)
