"""Wrong creates, and calls that a record does not take: made once in a run, on records of our own and on nothing else.

No body is sent that could make a record which does not bear our text: what is made all the same is found and deleted.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Draft,
    Operation,
    OwnRecords,
    Resource,
    Schema,
    pattern,
    sentences,
)
from cmms_audit.model import Exchange, Reason

from ._provoked import MOST_RECORDS, NOT_A_VALUE, Provoked, Wrong, by_importance, heard, strictness, until_silent

_LARGEST_SENT = 256 * 1024  # bytes; what may be larger is not tried
_PLAIN_TEXT = "text/plain"
_JSON = "application/json"
_SIZE = pattern(
    r"\b(?:payloads?|bod(?:y|ies)|requests?)\b[^.\n]{0,60}?\b(\d{1,4})\s?(k|m)(?:i?b|ilobytes?|egabytes?)\b", re.I
)
_SIZE_WORDS = pattern(r"\b\d{1,4}\s?[km](?:i?b|ilobytes?|egabytes?)\b", re.I)
_PLACEHOLDER = pattern(r"\{[^{}]*\}")
_UNEXPECTED = ("PUT", "PATCH")  # not POST, by which some vendors would make one more record

Spoil = Callable[[Draft], bytes | None]


class _Flaw(Struct, frozen=True):
    """One way to spoil a create: what is wrong in words, the field at fault, and the body, None where it cannot be."""

    wrong: Wrong
    asked: str
    word: str
    spoil: Spoil
    media_type: str = _JSON


async def wrong_writes(ctx: Context) -> tuple[Provoked, ...]:
    """The answers to wrong writes on up to three kinds of records. Raises CouldNotLook where none can be created."""
    return await ctx.shared("wrong writes", lambda _: _ask_everything(ctx))


async def _ask_everything(ctx: Context) -> tuple[Provoked, ...]:
    answers: list[Provoked] = []
    refusals = [CouldNotLook(Reason.RESOURCE_NOT_FOUND, "no way to create a record is described")]
    async with ctx.own.tidied() as own:
        asked = 0
        for kind in _creatable(ctx):
            questions = _ask_about(ctx, own, kind, already=frozenset(each.wrong for each in answers))
            try:
                found = await until_silent(ctx.api, ctx.resource(kind).path, questions)
            except CouldNotLook as why:
                refusals.append(why)
                continue
            answers += found
            asked += 1
            if asked == MOST_RECORDS or any(each.is_silent for each in found):
                break
    if not answers:
        raise refusals[-1]
    return tuple(answers)


def _creatable(ctx: Context) -> list[str]:
    return [kind for kind in by_importance(ctx) if (made := ctx.resources[kind]).create and "{" not in made.path]


async def _ask_about(ctx: Context, own: OwnRecords, kind: str, already: frozenset[Wrong]) -> AsyncIterator[Provoked]:
    """Wrong creates of one kind, then wrong calls of one record of it; costly mistakes only if not made `already`."""
    resource, first = ctx.resource(kind), not already
    for flaw in _flaws(ctx, resource, await own.draft(kind), first=first):
        draft = await own.draft(kind)
        body = flaw.spoil(draft)
        if body is None or draft.marker.encode() not in body:
            continue
        answer = await heard(_exchange(own, draft, body, flaw.media_type))
        asked = f"{flaw.asked} ({kind.replace('_', ' ')})"
        yield Provoked(flaw.wrong, asked, flaw.word, resource.create, answer, kind)
    if first and "read_only" in ctx.vendor.roles:
        draft = await own.draft(kind)
        answer = await heard(_exchange(own, draft, _broken_off(draft), _JSON, "read_only"))
        asked = f"a create by a credential that may only read ({kind.replace('_', ' ')})"
        yield Provoked("permission", asked, "", resource.create, answer, kind)
    async for each in _ask_about_record(ctx, own, resource, already):
        yield each


async def _exchange(own: OwnRecords, draft: Draft, body: bytes, media_type: str, credential: str = "main") -> Exchange:
    return (await own.send_spoilt(draft, body, media_type, credential)).exchange


def _flaws(ctx: Context, resource: Resource, draft: Draft, *, first: bool) -> Iterator[_Flaw]:
    """The mistakes to make. Where no delete is described, only those of which no record can come."""
    yield _Flaw("body", "a create whose JSON breaks off", "", _broken_off)
    request = resource.create.request if resource.create and resource.delete else None
    place = _strict_field(request, draft)
    if place:
        asked = f"a create with a wrong value for {place}"
        yield _Flaw("type", asked, place, lambda draft: _with(draft, place, NOT_A_VALUE))
    required = _required_field(request, draft)
    for again in ("", ", once more") if first and required else ("",) if required else ():
        yield _Flaw("missing", f"a create without {required}{again}", required, lambda draft: _with(draft, required))
    yield _Flaw(
        "kind of body",
        "a create that is plain text",
        "",
        lambda draft: f"no JSON: {draft.marker}".encode(),
        _PLAIN_TEXT,
    )
    size = _documented_size(ctx) if first else None
    if size:
        asked = f"a create of more than {size:,} bytes"
        yield _Flaw("size", asked, "", lambda draft: _text(draft)[:-1].ljust(size + 1).encode())


def _text(draft: Draft) -> str:
    return json.dumps(draft.body)


def _broken_off(draft: Draft) -> bytes:
    return _text(draft)[:-1].encode()


def _with(draft: Draft, name: str, value: Any = None) -> bytes:
    """The body with another value in one field, or without the field."""
    body = {key: inner for key, inner in draft.body.items() if key != name}
    return json.dumps(body if value is None else {**body, name: value}).encode()


def _strict_field(request: Schema | None, draft: Draft) -> str:
    """A field that cannot take any word, and does not carry our text; required ones and numbers first."""
    found = [
        (name not in draft.body, rank, name)
        for name, schema in (request.properties if request else {}).items()
        if (rank := strictness(schema)) is not None and not schema.read_only and not _carries(draft, name)
    ]
    return min(found)[2] if found else ""


def _required_field(request: Schema | None, draft: Draft) -> str:
    """A required field without which the body still carries our text."""
    required = [name for name in draft.body if request and name in request.required]
    carriers = [name for name in draft.body if _carries(draft, name)]
    plain = [name for name in required if name not in carriers]
    return next(iter(plain or (required if len(carriers) > 1 else ())), "")


def _carries(draft: Draft, name: str) -> bool:
    return draft.marker in json.dumps(draft.body.get(name))


def _documented_size(ctx: Context) -> int | None:
    """The greatest body in bytes that the document names, where it is small enough to be tried."""
    general = (each for each in ctx.spec.prose() if not each.of_operation) if ctx.has_spec else ()
    for each in sentences(general, _SIZE_WORDS):
        match = _SIZE.search(each.text)
        size = int(match[1]) * (1024 if match[2].lower() == "k" else 1024 * 1024) if match else 0
        if 0 < size <= _LARGEST_SENT:
            return size
    return None


async def _ask_about_record(
    ctx: Context, own: OwnRecords, resource: Resource, already: frozenset[Wrong]
) -> AsyncIterator[Provoked]:
    """A method that a record of ours does not have, and one more record of the same number where that is a conflict."""
    method = None if "method" in already else _unexpected_method(ctx, resource)
    conflict = "conflict" not in already and _conflicts(ctx, resource)
    if resource.delete is None or (method is None and not conflict):
        return
    try:
        made = await own.create(resource.kind)
        await own.read(made)
    except CouldNotLook:
        return  # what was refused before still counts
    plain = resource.kind.replace("_", " ")
    if method is not None:
        asked = f"{method} on a record that does not take it ({plain})"
        answer = await heard(own.misuse(made, method))
        yield Provoked("method", asked, "", resource.read, answer, resource.kind)
    if conflict:
        asked = f"a second record of the same number ({plain})"
        again = await own.create_again(made)
        yield Provoked("conflict", asked, "", resource.create, again.exchange, resource.kind)


def _unexpected_method(ctx: Context, resource: Resource) -> str | None:
    """A method that the document has not for the address of a record; None where it has all, or no such address."""
    if resource.read is None or not ctx.has_spec:
        return None
    path = _PLACEHOLDER.sub("{}", resource.read.path)
    known = {each.method for each in ctx.spec.operations if _PLACEHOLDER.sub("{}", each.path) == path}
    return next((method for method in _UNEXPECTED if method not in known), None)


def _conflicts(ctx: Context, resource: Resource) -> bool:
    """Whether a create may be answered with 409, and what it makes has a number of its own."""
    create: Operation | None = resource.create
    names = list(create.request.properties) if create and create.request else []
    return (
        create is not None
        and any(each.status == "409" for each in create.responses)
        and ctx.words.field_in("number", names) is not None
    )
