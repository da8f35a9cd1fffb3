"""webhooks.delivery, seen: what could not be delivered stands in a log, and can be asked for again."""

from __future__ import annotations

from cmms_audit.battery import (
    Context,
    EventTrial,
    Finding,
    check,
    entries_of,
    met,
    names_of,
    names_within,
    not_applicable,
    partial,
    unknown,
)
from cmms_audit.model import Exchange

from ._logged import Outcome, outcome_of, says_more
from ._trial import FAILING, corner, refused_at


@check(question="webhooks.delivery", id="webhooks.failure-logged", aspect="log", sends="webhooks", timeout=7200)
async def failure_logged(ctx: Context) -> Finding:
    """An event that our receiver refused stands in the vendor's log of deliveries, as what it is."""
    trial, event = await refused_at(ctx, FAILING)
    log = trial.ending.log
    if log is None:
        return not_applicable("no log of deliveries is described that could be read")
    if not log.ok:
        return unknown(f"the log of deliveries could not be read ({log.status})", log)
    record = names_of([event.cause])
    own = {each.casefold() for each in (event.key, *event.ids, *(one.event_id or "" for one in event.tries))}
    entries = [(each, names_within(each)) for each in entries_of(log)]
    named = [each for each, names in entries if names & (own - record)]
    of_record = [each for each, names in entries if names & record]
    if not named and not of_record:
        return _judge_missing(trial, log)
    outcomes = {outcome_of(each) for each in named or of_record}
    if Outcome.FAILED in outcomes:
        return met("an event that could not be delivered stands in the log of deliveries as failed", log)
    events = [each for each in trial.events(FAILING) if each.cause.record_id == event.cause.record_id]
    if Outcome.UNSAID in outcomes or (not named and len(of_record) < len(events)):
        return unknown("the log of deliveries does not say what became of an event that was refused", log)
    return partial("the log of deliveries shows an event that was refused as if it had been delivered", log)


def _judge_missing(trial: EventTrial, log: Exchange) -> Finding:
    """A log without the event: it is missing only where all of the log was read, and its entries name events."""
    entries = entries_of(log)
    if says_more(log, len(entries)):
        return unknown("only the first page of the log of deliveries was read, and the event is not on it", log)
    known = {each.casefold() for event in trial.events(FAILING) for each in (event.key, *event.ids)}
    known.update(name for cause in trial.causes for name in names_of([cause]))
    if entries and not any(names_within(each) & known for each in entries):
        return unknown("the entries of the log of deliveries name no event, so none could be looked for", log)
    return partial("an event that could not be delivered does not stand in the log of deliveries", log)


@check(question="webhooks.delivery", id="webhooks.replay-comes", aspect="log", sends="webhooks", timeout=7200)
async def replay_comes(ctx: Context) -> Finding:
    """An event is sent once more when we ask for it."""
    trial = await ctx.events()
    made = corner(trial, FAILING)
    answer = trial.ending.replay
    if answer is None:
        return not_applicable("no way to ask for an event again is described, or none was in the log", made)
    if not answer.ok:
        return partial(f"asking for an event again was answered with {answer.status}", answer)
    if not trial.ending.replayed:
        return partial("asking for an event again was accepted, but it did not come", answer)
    return met("an event came again when we asked for it", answer)
