"""Where a client subscribes to events: the operations that take an address to call back, and their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmms_audit.battery import Context, Field, Operation, Schema, squeezed

_ABOUT_EVENTS = re.compile(
    r"webhook|(?<![a-z])hooks?(?![a-z])|subscription|event[-_ ]?(?:rule|listener|handler|sink)", re.I
)
_ADDRESS = re.compile(
    r"^(?:\w*(?:url|uri)|address|endpoint|target|destination|callback|\w*endpoint|httptarget)$", re.IGNORECASE
)
_DEPTH = 3


def subscribing(ctx: Context) -> list[Operation]:
    """Operations with which a client asks to be called at an address when something happens."""
    known = ctx.resources["webhooks"].create if ctx.has("webhooks") else None
    others = [each for each in ctx.spec.operations if each.method == "POST" and _is_about_events(each)]
    candidates = list(dict.fromkeys([*([known] if known else []), *others]))
    return [each for each in candidates if any(_is_address(field) for field in request_fields(each))]


def _is_about_events(operation: Operation) -> bool:
    """Whether the path ends in a word for hooks or subscriptions; an address to call into ends in a variable."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    return "{" not in last and bool(_ABOUT_EVENTS.search(last))


def narrowing(ctx: Context) -> list[Operation]:
    """The operations that subscribe, and those beside them that make rules for which events are sent."""
    beside = [each for each in about_events(ctx) if each.method == "POST" and _is_about_events(each)]
    return list(dict.fromkeys([*subscribing(ctx), *beside]))


def about_events(ctx: Context) -> list[Operation]:
    """Every operation whose path names webhooks or subscriptions to events, and that hangs on one that subscribes."""
    roots = [each.path.rstrip("/").rpartition("/")[0] + "/" for each in subscribing(ctx)]
    return [
        each
        for each in ctx.spec.operations
        if _ABOUT_EVENTS.search(each.path) and any(each.path.startswith(root) for root in roots)
    ]


def request_fields(operation: Operation) -> Iterator[Field]:
    """The fields of what an operation takes, those of inner objects and of list members included."""
    if operation.request:
        yield from _fields(operation.request, _DEPTH)
    else:
        yield from (Field(each.name, each.schema, each.required) for each in operation.form)


def _fields(schema: Schema, depth: int) -> Iterator[Field]:
    for field in schema.fields():
        yield field
        inner = field.schema.items or field.schema
        if depth > 1:
            yield from _fields(inner, depth - 1)


def _is_address(field: Field) -> bool:
    return bool(_ADDRESS.match(squeezed(field.name)))
