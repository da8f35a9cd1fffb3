"""webhooks.supported, seen: an event that was caused comes, in time, as described, and not after the subscription."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cmms_audit.battery import (
    Cause,
    Context,
    Created,
    Drift,
    EventTrial,
    Finding,
    Received,
    Schema,
    Tries,
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

from ._described import described_events, description_of
from ._events import KINDS
from ._trial import STEADY, corner, seconds

_MOST_TOLD = 10
_CHANGES = {
    "status changed": "a change of a work order's status",
    "changed": "a change of a work order",
    "asset changed": "a change of an asset's condition",
}
_EVENTS_OF = {
    "status changed": pattern(
        r"(?:(?<!purchase)(?<!sales)order|^wo(?!rk)).{0,20}(?:status|state)|(?:status|state).{0,20}(?:workorder|wo$)"
    ),
    "changed": pattern(r"(?:(?<!purchase)(?<!sales)order|^wo)s?(?:updat|chang|modif|edit)"),
    "asset changed": pattern(r"assets?(?:updat|chang|modif|edit)|asset.{0,20}(?:condition|health|status|state)"),
}
_OF_OTHER_RECORDS = pattern(
    r"asset|equipment|meter|sensor|reading|location|site|user|part|stock|inventory|vendor|purchase|invoice|plan|file"
)
_ONLY_OF_CHANGES = pattern(r"status|state|updat|chang|modif|edit|complet|clos|delet|remov|assign|comment")
_TIMES_SLOWER = 5.0  # that an event may be than the slowest of the others
IN_TIME = 60.0  # seconds: from a sensor's alarm to the work order


@check(question="webhooks.supported", id="webhooks.event-arrives", aspect="arrival", sends="webhooks", timeout=7200)
async def event_arrives(ctx: Context) -> Finding:
    """A work order that we create makes an event, which reaches us within a minute."""
    trial = await ctx.events()
    made = corner(trial, STEADY)
    events = [each for each in trial.arrivals(STEADY).values() if each.cause.what == "created"]
    missing = [each for each in trial.missing(STEADY) if each.what == "created"]
    if not events:
        return _judge_silence(trial, missing, made)
    slowest = max(events, key=lambda each: each.latency)
    if missing:
        return _judge_missing(trial, missing, slowest, made)
    facts = {"seconds_to_arrival": slowest.latency}
    says = f"each of {len(events)} work orders that we created made an event, which came in {seconds(slowest.latency)}"
    if slowest.latency > IN_TIME:
        return partial(f"{says}: too late for an alarm", slowest.tries[0], slowest.cause, facts=facts)
    silent = _silent_changes(trial)
    if silent:
        what = " and ".join(dict.fromkeys(_CHANGES[each.what] for each in silent))
        return partial(f"{says}; but {what}, which has events of its own, made none", *silent, made)
    return met(says, slowest.tries[0], slowest.cause, facts=facts)


def _judge_silence(trial: EventTrial, missing: Sequence[Cause], made: Created) -> Finding:
    """No event came of what we created."""
    if not any(each.came for each in trial.corners.values()) and trial.by_tunnel:
        says = "nothing came; whether nothing was sent, or the way here (webhooks.public_url) is closed, cannot be told"
        return unknown(says, made, reason=Reason.CONNECTIVITY)
    kinds = trial.corners[STEADY].events
    if kinds and not any(_may_be_new(each) for each in kinds):
        says = "no kind of event that could be chosen tells of a new work order"
        return unknown(f"{says} ({', '.join(kinds[:_MOST_TOLD])})", made)
    known = {one.delivery.number for each in trial.events(STEADY) for one in each.tries}
    late = [each for each in trial.corners[STEADY].came if each.delivery.moment >= trial.causes[0].at]
    strange = [each for each in late if each.delivery.number not in known]
    if strange:
        says = f"{len(strange)} messages came, but none that could be known as the event of a work order of ours"
        return unknown(f"{says}; look whether they name the work orders that were created", strange[0], *missing[:1])
    elsewhere = [name for name in trial.corners if name != STEADY and trial.events(name)]
    if elsewhere:
        says = "nothing came to the subscription that takes everything, while another one of ours got events"
        return unknown(f"{says}; ask whether a new subscription replaces the one before", made, *missing[:1])
    says = f"none of the {len(missing)} work orders that we created made an event that reached us"
    if trial.watched < IN_TIME:
        return unknown(f"{says} in {seconds(trial.watched)}; watch longer (webhooks.watch_seconds)", *missing, made)
    return not_met(f"{says} in {seconds(trial.watched)}", *missing, made)


def _judge_missing(trial: EventTrial, missing: Sequence[Cause], slowest: Tries, made: Created) -> Finding:
    """Events came of some of what we created; of the others they are lost, or still on their way."""
    count = len(missing)
    says = f"{count} of the work orders that we created made no event that reached us in {seconds(trial.watched)}"
    if trial.watched < min(IN_TIME, _TIMES_SLOWER * max(slowest.latency, 1.0)):
        return unknown(f"{says}; watch longer (webhooks.watch_seconds)", *missing, made)
    return not_met(f"{says}, while others came in {seconds(slowest.latency)}", *missing, slowest.tries[0], made)


def _may_be_new(kind: str) -> bool:
    """Whether a kind of event may tell of new work orders: it is not only of changes, and not of other records."""
    word = squeezed(kind)
    if _ONLY_OF_CHANGES.search(word):
        return False
    return bool(KINDS["work orders"].search(f"{word} {kind.lower()}")) or not _OF_OTHER_RECORDS.search(word)


def _silent_changes(trial: EventTrial) -> list[Cause]:
    """Changes that made no event, although events of just that were subscribed."""
    kinds = [squeezed(each.replace(":", "").replace("/", "")) for each in trial.corners[STEADY].events]
    silent = [each for each in trial.missing(STEADY) if each.what in _CHANGES]
    return [each for each in silent if any(_EVENTS_OF[each.what].search(kind) for kind in kinds)]


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
    described = described_events(ctx.spec)
    if not described:
        return not_applicable("the specification does not describe what an event holds", ctx.spec.evidence_at(""))
    trial = await ctx.events()
    corner(trial, STEADY)
    numbers = {each.tries[0].delivery.number for each in trial.events(STEADY)}
    events = [each for each in trial.corners[STEADY].came if each.delivery.number in numbers]
    if not events:
        return unknown("no event came that could be held against its description")
    meant = [(each, schema) for each in events if (schema := description_of(each, described)) is not None]
    if not meant:
        return unknown("the specification describes other kinds of events than those that came", events[0])
    for each, schema in meant:
        found = drift(schema, each.delivery.json)
        if found:
            return _judge_departures(found, each, schema)
    finding = met(f"{len(meant)} events hold what the specification says", *meant[0])
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
