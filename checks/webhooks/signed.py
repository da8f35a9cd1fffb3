"""webhooks.delivery, seen: an event can be told from a forgery, and a second try of it from another event."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, check, met, partial, unknown

from ._signature import judge_events
from ._trial import FAILING, STEADY, events_at, may_be_two_events, refused_at


@check(question="webhooks.delivery", id="webhooks.signature-holds", aspect="signature", sends="webhooks", timeout=7200)
async def signature_holds(ctx: Context) -> Finding:
    """Events are signed with the subscription's secret, and the signature covers what is said, and when."""
    trial, _ = await events_at(ctx, STEADY)
    came = {
        (one.delivery.address, one.delivery.number): one
        for name in trial.corners
        for each in trial.events(name)
        for one in each.tries
    }
    given = [name for name, corner in trial.corners.items() if corner.gives_secret]
    return judge_events(tuple(came.values()), given)


@check(question="webhooks.delivery", id="webhooks.event-ids-stay", aspect="identity", sends="webhooks", timeout=7200)
async def event_ids_stay(ctx: Context) -> Finding:
    """Every try of an event carries the same id, so that a program knows what it has seen."""
    _, event = await refused_at(ctx, FAILING)
    tries = event.tries
    if len(tries) < 2:
        return unknown("an event came only once, so its id could not be compared", *tries)
    if may_be_two_events(event):
        return unknown("what came twice at once, under two ids, may be two events", *tries)
    if event.ids:
        return met(f"all {len(tries)} tries of an event carry the same id", *tries[:3])
    if None in (given := {one.event_id for one in tries}) or len(given) == 1:
        says = "events carry no id of their own: a second try cannot be told from a second event"
        return partial(says, *tries[:2])
    return partial("each try of an event carries another id, so it looks like another event", *tries[:3])
