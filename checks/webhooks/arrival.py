"""webhooks.supported, seen: an event that was caused comes, in time, as described, and not after the subscription."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cmms_audit.battery import (
    Context,
    Drift,
    Finding,
    Received,
    Schema,
    check,
    drift,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    squeezed,
    unknown,
)
from cmms_audit.model import Reason, Severity

from ._events import named_events
from ._trial import STEADY, corner, seconds

_MOST_TOLD = 10
_OF_STATUS = pattern(r"(?:order|wo).{0,20}(?:status|state)|(?:status|state).{0,20}(?:order|wo)")
IN_TIME = 60.0  # seconds: from a sensor's alarm to the work order


@check(question="webhooks.supported", id="webhooks.event-arrives", aspect="arrival", sends="webhooks", timeout=7200)
async def event_arrives(ctx: Context) -> Finding:
    """A work order that we create makes an event, which reaches us within a minute."""
    trial = await ctx.events()
    made = corner(trial, STEADY)
    created = [each for each in trial.causes if each.what == "created"]
    missing = [each for each in trial.missing(STEADY) if each.what == "created"]
    if not any(each.came for each in trial.corners.values()) and trial.by_tunnel:
        says = "nothing came; whether nothing was sent, or the way here (webhooks.public_url) is closed, cannot be told"
        return unknown(says, made, reason=Reason.CONNECTIVITY)
    if missing:
        came = f"{len(created) - len(missing)} of" if len(missing) < len(created) else "none of"
        watched = seconds(trial.watched)
        says = f"{came} the {len(created)} work orders that we created made an event that reached us in {watched}"
        return not_met(says, *missing, made)
    events = [each for each in trial.events(STEADY) if each.cause.what == "created"]
    slowest = max(events, key=lambda each: each.latency)
    facts = {"seconds_to_arrival": slowest.latency}
    says = f"each of {len(created)} work orders that we created made an event, which came in {seconds(slowest.latency)}"
    if slowest.latency > IN_TIME:
        return partial(f"{says}: too late for an alarm", slowest.tries[0], slowest.cause, facts=facts)
    silent = [each for each in trial.missing(STEADY) if each.what == "status changed"]
    if silent and ctx.has_spec and any(_OF_STATUS.search(squeezed(name)) for name in named_events(ctx)):
        return partial(f"{says}; but a change of status, which has events of its own, made none", *silent, made)
    return met(says, slowest.tries[0], slowest.cause, facts=facts)


@check(
    question="webhooks.supported",
    id="webhooks.payload-as-described",
    aspect="payload",
    sends="webhooks",
    flags=("undocumented-behaviour",),
    timeout=7200,
)
async def payload_as_described(ctx: Context) -> Finding:
    """What an event holds is what the specification says."""
    described = [each.payload for each in ctx.spec.webhooks if each.payload is not None]
    if not described:
        return not_applicable("the specification does not describe what an event holds", ctx.spec.evidence_at(""))
    trial = await ctx.events()
    corner(trial, STEADY)
    events = [each.tries[0] for each in trial.events(STEADY)]
    if not events:
        return unknown("no event came that could be held against its description")
    for each in events:
        found = min((drift(schema, each.delivery.json) for schema in described), key=len)
        if found:
            return _judge_departures(found, each, described[0])
    finding = met(f"{len(events)} events hold what the specification says", events[0], described[0])
    return finding.clears("undocumented-behaviour")


def _judge_departures(found: Sequence[Drift], event: Received, described: Schema) -> Finding:
    serious = [each for each in found if each.serious]
    detail = "; ".join(f"{each.field}: {each.says}" for each in (*serious, *found)[:_MOST_TOLD])
    first = (serious or found)[0]
    says = f"an event departs from its description ({first.field}: {first.says})"
    judge = not_met if serious else partial
    finding = judge(says, event, described, detail=detail)
    return finding.raises("undocumented-behaviour", Severity.SERIOUS if serious else Severity.MINOR)


@check(
    question="webhooks.supported",
    id="webhooks.order-kept",
    aspect="arrival",
    sends="webhooks",
    decisive=False,
    timeout=7200,
)
async def order_kept(ctx: Context) -> Finding:
    """Events come in the order of what caused them."""
    trial = await ctx.events()
    corner(trial, STEADY)
    events = trial.events(STEADY)
    if len(events) < 2:
        return unknown("fewer than two events came, so there was no order to see", *(each.cause for each in events))
    for before, after in pairwise(events):
        if after.cause.number < before.cause.number:
            says = "an event came before another one whose cause was earlier; a program must go by the times in them"
            return partial(says, before.tries[0], after.tries[0])
    return met(f"{len(events)} events came in the order of their causes", events[0].tries[0], events[-1].tries[0])


@check(question="webhooks.supported", id="webhooks.end-is-respected", aspect="end", sends="webhooks", timeout=7200)
async def end_is_respected(ctx: Context) -> Finding:
    """After a subscription was deleted, nothing more comes to its address."""
    trial = await ctx.events()
    made = corner(trial, STEADY)
    if trial.ending.late:
        says = "an event came although its subscription had been deleted before"
        return partial(says, trial.ending.late[0], made)
    if not trial.ending.control:
        return unknown("not seen: no event came anywhere after the subscription had been deleted", made)
    return met("nothing came any more after the subscription had been deleted, while others got the event", made)
