"""webhooks.filtering: whether a subscription can be narrowed to the events that an integration needs."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Field, Finding, check, met, partial, pattern, sentences, squeezed, unknown

from . import _events, _other_ways, _subscriptions

_FILTERS_SAID = pattern(r"\b(?:filter|narrow|limit|restrict)\w{0,4}\b|\bonly (?:the )?events\b", re.IGNORECASE)
_NARROWER = {
    "asset": pattern(r"asset|equipment|category|class"),
    "priority": pattern(r"priorit|severity|urgency|criticality"),
    "site": pattern(r"site|location|building|facility|region"),
}
_FREE = pattern(r"^(?:conditions?|filters?|query|filterexpression|criteria|where|rules?)$")


@check(question="webhooks.filtering", id="webhooks.filters-offered", aspect="filters", sends="nothing")
def filters_offered(ctx: Context) -> Finding:
    """A subscription can name event types and, besides, asset class, priority or site, or a condition of its own."""
    subscribing = _subscriptions.subscribing(ctx)
    if not subscribing:
        if ctx.spec.webhooks:
            return unknown("events are described, but not how a client subscribes to them", ctx.spec.webhooks[0])
        if other_way := _other_ways.said(ctx.spec):
            return unknown("events are delivered in another way; whether they can be narrowed is not said", other_way)
        return ctx.absent("there are no webhooks that could be narrowed")
    fields = [field for each in _subscriptions.narrowing(ctx) for field in _subscriptions.request_fields(each)]
    by_type = [field for field in fields if _events.TYPE_FIELD.match(squeezed(field.name))]
    narrower = _narrower(fields)
    free = [field for field in fields if _FREE.match(squeezed(field.name))]
    if by_type and (narrower or free):
        ways = [*narrower, *(["a condition of its own"] if free and not narrower else [])]
        places = (*by_type[:1], *(free[:1] if not narrower else ()), *subscribing[:2])
        return met(f"a subscription can be narrowed by event type and by {' and '.join(ways)}", *places)
    if by_type:
        return _by_type_only(ctx, by_type)
    if narrower or free:
        return partial("a subscription can be narrowed, but not by event type", *subscribing[:2])
    return ctx.absent("a subscription cannot be narrowed: every subscriber gets every event", *subscribing[:2])


def _by_type_only(ctx: Context, by_type: list[Field]) -> Finding:
    """The fields narrow by event type; a sentence may still say more."""
    summary = "a subscription can be narrowed by event type only, not by asset, priority or site"
    about_hooks = (each for each in _subscriptions.prose(ctx) if "webhook" in each.text.lower())
    for each in sentences(about_hooks, _FILTERS_SAID):
        ways = [what for what, words in _NARROWER.items() if words.search(each.text.lower())]
        if ways and "webhook" in each.text.lower():
            said = f"It says: “{each.text[:400]}”"
            summary = (
                f"a subscription has a field for the event type only; that {' and '.join(ways)} narrow it too is said"
            )
            return partial(f"{summary} without a field for it", *by_type[:1], each, detail=said)
    return partial(summary, *by_type[:2])


def _narrower(fields: list[Field]) -> list[str]:
    names = [squeezed(field.name) for field in fields]
    return [what for what, words in _NARROWER.items() if any(words.search(name) for name in names)]
