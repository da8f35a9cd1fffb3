"""webhooks.supported: whether the vendor calls when something happens, or has to be asked all the time."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, check, met, partial

from . import _subscriptions


@check(question="webhooks.supported", id="webhooks.offered", aspect="events", sends="nothing")
def offered(ctx: Context) -> Finding:
    """The specification describes events that are sent, or an operation with which to subscribe to them."""
    subscribing = _subscriptions.subscribing(ctx)
    sent = ctx.spec.webhooks
    if subscribing:
        named = f"{subscribing[0].method} {subscribing[0].path}"
        return met(f"a client can subscribe to events with {named}", *subscribing[:2], *sent[:2])
    if sent:
        return met(f"{len(sent)} events that are sent to the client are described", *sent[:3])
    if ctx.words.event_delivery:
        where = ctx.spec.evidence_at("")
        return partial(
            f"there are no webhooks, but events are delivered in another way: {ctx.words.event_delivery}", where
        )
    return ctx.absent("the specification describes no webhooks: a client has to ask again and again what has changed")
