"""Operations with which a client subscribes to events, recognised by an address to call back, and their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from cmms_audit.battery import Context, Field, Operation, Prose, Schema, Spec, pattern, squeezed

_ABOUT_EVENTS = pattern(
    r"webhook|(?<![a-z])hooks?(?![a-z])|subscription|event[-_ ]?(?:rule|listener|handler|sink)"
    r"|(?:notification|push)[-_ ]?(?:endpoint|channel|target|url)|callback[-_ ]?url",
    re.IGNORECASE,
)
_ASKED_FOR_PERMISSION = pattern(r"admission|mutating|validating", re.IGNORECASE)
_MAY_SUBSCRIBE = pattern(r"notif|subscri|listen|callback|call ?back|hook|event|push|publish", re.IGNORECASE)
_EVENT_CHOICE = pattern(
    r"^(?:subscribed|enabled|notify|trigger)?(?:events?(?:types?|names?|kinds?|filters?|codes?)?|topics?|triggers?)$"
)
_ADDRESS = pattern(
    r"^(?:\w*(?:url|uri)|address|endpoint|target|destination|callback|\w*endpoint|httptarget)$", re.IGNORECASE
)
_SETTINGS = pattern(r"^(?:config|configuration|settings?)$", re.IGNORECASE)
_TRIAL = pattern(r"^(?:tests?|pings?|test[-_]?(?:event|message|delivery)|send[-_]?test|trigger)$", re.IGNORECASE)
_DEPTH = 3
_MOST_READ = 1_000  # characters of a description


def subscribing(ctx: Context) -> list[Operation]:
    """Operations with which a client asks to be called at an address when something happens.

    Where none makes a subscription, those that set the one address that there is.
    """
    known = ctx.resources["webhooks"].create if ctx.has("webhooks") else None
    others = [each for each in ctx.spec.operations if each.method == "POST" and _is_about_events(each)]
    candidates = [each for each in dict.fromkeys([known, *others]) if each and not _asks_for_permission(each)]
    making = [each for each in candidates if _takes_an_address(each)]
    making = making or list(_subscribing_by_fields(ctx.spec))
    if making:
        return making
    return [
        each
        for each in ctx.spec.operations
        if each.method in ("PUT", "PATCH")
        and _sets_the_one_address(each)
        and _takes_an_address(each)
        and not _asks_for_permission(each)
    ]


def _is_about_events(operation: Operation) -> bool:
    """Whether the path ends in a word for hooks or subscriptions; an address to call into ends in a variable."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    return "{" not in last and bool(_ABOUT_EVENTS.search(last))


def _asks_for_permission(operation: Operation) -> bool:
    """Whether it sets up a hook that is asked before a change is made (admission), and tells of no event."""
    return bool(_ASKED_FOR_PERMISSION.search(operation.path))


@lru_cache(maxsize=4)
def _subscribing_by_fields(spec: Spec) -> tuple[Operation, ...]:
    """Operations under another name that take an address and a choice of events."""
    return tuple(each for each in spec.operations if each.method == "POST" and _subscribes_by_fields(each))


def _subscribes_by_fields(operation: Operation) -> bool:
    words = f"{operation.path} {operation.summary} {operation.description[:_MOST_READ]}"
    if operation.path.endswith("}") or _asks_for_permission(operation) or not _MAY_SUBSCRIBE.search(words):
        return False
    return _takes_an_address(operation, depth=1) and any(map(_chooses_events, request_fields(operation, depth=2)))


def _chooses_events(field: Field) -> bool:
    """Whether a field lists kinds of events; one event with its particulars is no choice."""
    items = field.schema.items
    return items is not None and bool(_EVENT_CHOICE.match(squeezed(field.name))) and not items.fields()


def _sets_the_one_address(operation: Operation) -> bool:
    """Whether the path is of webhooks as a whole (/webhook, /webhooks/settings), and not of one subscription."""
    steps = [step for step in operation.path.split("/") if step]
    return _is_about_events(operation) or (
        len(steps) > 1 and bool(_SETTINGS.match(steps[-1])) and bool(_ABOUT_EVENTS.search(steps[-2]))
    )


def _takes_an_address(operation: Operation, depth: int = _DEPTH) -> bool:
    return any(_is_address(field) for field in request_fields(operation, depth))


def narrowing(ctx: Context) -> list[Operation]:
    """The operations that subscribe, and those beside them that make rules for which events are sent."""
    beside = [each for each in about_events(ctx) if each.method == "POST" and _is_about_events(each)]
    return list(dict.fromkeys([*subscribing(ctx), *beside]))


def about_events(ctx: Context) -> list[Operation]:
    """Every operation whose path names webhooks or subscriptions to events, and that hangs on one that subscribes."""
    making = subscribing(ctx)
    roots = [each.path.rstrip("/").rpartition("/")[0] + "/" for each in making]
    return [
        each
        for each in ctx.spec.operations
        if (_ABOUT_EVENTS.search(each.path) or each in making) and any(each.path.startswith(root) for root in roots)
    ]


def trials(ctx: Context) -> list[Operation]:
    """Operations that send a message to try a subscription out."""
    return [
        each
        for each in about_events(ctx)
        if each.method == "POST" and _TRIAL.match(each.path.rstrip("/").rpartition("/")[2])
    ]


def request_fields(operation: Operation, depth: int = _DEPTH) -> Iterator[Field]:
    """The fields of what an operation takes, those of inner objects and of list members included."""
    if operation.request:
        yield from _fields(operation.request, depth)
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


def prose(ctx: Context) -> Iterator[Prose]:
    """All that the specification says in words, of events and of the fields of a subscription too."""
    yield from ctx.spec.prose()
    for sent in ctx.spec.webhooks:
        yield from (Prose(text, sent) for text in (sent.operation.summary, sent.operation.description) if text)
    for operation in subscribing(ctx)[:5]:
        yield from (
            Prose(each.schema.description, each) for each in request_fields(operation) if each.schema.description
        )
