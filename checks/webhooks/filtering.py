"""webhooks.filtering: whether a subscription can be narrowed to the events that an integration needs."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Field, Finding, check, met, partial, squeezed, unknown

from . import _subscriptions

_TYPE = re.compile(
    r"^(?:\w*events?(?:types?|names?)?|triggers?|topics?|types?|actions?|objecttypes|typecreate|enabledevents)$"
)
_NARROWER = {
    "asset": re.compile(r"asset|equipment|category|class"),
    "priority": re.compile(r"priorit|severity|urgency|criticality"),
    "site": re.compile(r"site|location|building|facility|region"),
}
_FREE = re.compile(r"^(?:conditions?|filters?|query|filterexpression|criteria|where|rules?)$")


@check(question="webhooks.filtering", id="webhooks.filters-offered", aspect="filters", sends="nothing")
def filters_offered(ctx: Context) -> Finding:
    """A subscription can name event types and, besides, asset class, priority or site, or a condition of its own."""
    subscribing = _subscriptions.subscribing(ctx)
    if not subscribing:
        if ctx.spec.webhooks:
            return unknown("events are described, but not how a client subscribes to them", ctx.spec.webhooks[0])
        return ctx.absent("there are no webhooks that could be narrowed")
    fields = [field for each in _subscriptions.narrowing(ctx) for field in _subscriptions.request_fields(each)]
    by_type = [field for field in fields if _TYPE.match(squeezed(field.name))]
    narrower = _narrower(fields)
    free = [field for field in fields if _FREE.match(squeezed(field.name))]
    if by_type and (narrower or free):
        ways = [*narrower, *(["a condition of its own"] if free and not narrower else [])]
        return met(
            f"a subscription can be narrowed by event type and by {' and '.join(ways)}", *by_type[:1], *subscribing[:2]
        )
    if by_type:
        return partial(
            "a subscription can be narrowed by event type only, not by asset, priority or site", *by_type[:2]
        )
    if narrower or free:
        return partial("a subscription can be narrowed, but not by event type", *subscribing[:2])
    return ctx.absent("a subscription cannot be narrowed: every subscriber gets every event", *subscribing[:2])


def _narrower(fields: list[Field]) -> list[str]:
    names = [squeezed(field.name) for field in fields]
    return [what for what, pattern in _NARROWER.items() if any(pattern.search(name) for name in names)]
