"""webhooks.delivery, seen: an event can be told from a forgery, and a second try of it from another event."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, check, met, partial, unknown

from ._signature import judged_signature
from ._trial import FAILING, STEADY, events_at


@check(question="webhooks.delivery", id="webhooks.signature-holds", aspect="signature", sends="webhooks", timeout=7200)
async def signature_holds(ctx: Context) -> Finding:
    """Events are signed with the subscription's secret, and the signature covers what is said, and when."""
    trial, events = await events_at(ctx, STEADY)
    one = events[0].tries[0]
    signature = one.signature
    if not signature.headers:
        return partial("events carry no signature: anybody who learns the address can send some", one)
    header = signature.headers[0]
    judged = judged_signature(one)
    if judged is not None:
        return judged
    if signature.public_key:
        return unknown(f"events are signed with a key of the vendor's own ({header}), which was not verified", one)
    if not signature.secret_known and not trial.corners[STEADY].gives_secret:
        says = f"events are signed ({header}), but no secret was given or returned that could verify it"
        return unknown(f"{says}; give it as webhooks.secret in the vendor file", one)
    return unknown(f"none of the usual ways of signing gives what the header {header} holds", one)


@check(question="webhooks.delivery", id="webhooks.event-ids-stay", aspect="identity", sends="webhooks", timeout=7200)
async def event_ids_stay(ctx: Context) -> Finding:
    """Every try of an event carries the same id, so that a program knows what it has seen."""
    _, events = await events_at(ctx, FAILING)
    of_first = [each for each in events if each.cause.number == events[0].cause.number]
    tries = [one for each in of_first for one in each.tries]
    if len(tries) < 2:
        return unknown("an event came only once, so its id could not be compared", *tries)
    if any(one.event_id is None for one in tries):
        return partial("events carry no id: a second try cannot be told from a second event", *tries[:2])
    if len({one.event_id for one in tries}) > 1:
        return partial("each try of an event carries another id, so it looks like another event", *tries[:3])
    return met(f"all {len(tries)} tries of an event carry the same id", *tries[:3])
