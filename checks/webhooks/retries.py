"""webhooks.delivery, seen: an event that is not taken comes again, with growing gaps, whatever the failure was."""

from __future__ import annotations

from cmms_audit.battery import (
    BACKS_OFF,
    Context,
    EventTrial,
    Finding,
    Growth,
    Tries,
    check,
    growth_of,
    has_given_up,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Verdict

from ._promised import LONG_WINDOW_HOURS, Promise, documented_promise, in_hours
from ._sped_up import speed_of
from ._trial import BROKEN, FAILING, GONE, LATER, SILENT, STEADY, events_at, seconds, silence_after

_PROMPT = 0.9  # part of a Retry-After that a sender must wait for: clocks differ
_MOST_GAPS = 12
_LATE = 1.5  # times the documented gap
_GRACE = 2.0  # seconds
_LATEST_FIRST_TRY = 1800.0  # seconds: some senders first try again after ten minutes


@check(
    question="webhooks.delivery",
    id="webhooks.retries-seen",
    aspect="retry",
    sends="webhooks",
    severity="critical",
    flags=("no-webhook-retry",),
    timeout=7200,
)
async def retries_seen(ctx: Context) -> Finding:
    """An event that our receiver answers with 503 comes again, and the gaps between the tries grow."""
    trial, events = await events_at(ctx, FAILING)
    first = _of_one_cause(trial, events[0])
    promise = await documented_promise(ctx)
    if len(first.tries) == 1:
        return _judge_silence(ctx, trial, first, promise)
    gaps = first.gaps
    growth = growth_of(gaps)
    facts = {"tries_seen": float(len(first.tries)), "seconds_watched": trial.watched, "retry_clock_speed": _speed(ctx)}
    says = f"an event that was answered with 503 came {len(first.tries)} times in {seconds(trial.watched)}"
    detail = f"Gaps: {', '.join(seconds(gap) for gap in gaps[:_MOST_GAPS])}. {_window(ctx, trial)}"
    if growth is not Growth.ONE and has_given_up(gaps, silence_after(trial, first)):
        finding = partial(
            f"{says}, and then no more: the sender had given up", *first.tries, detail=detail, facts=facts
        )
    elif growth in BACKS_OFF:
        finding = _judge_window(promise.hours, f"{says}, with {growth}", first, detail, facts)
    else:
        finding = partial(f"{says}, with {growth}, so that an overloaded receiver gets no rest", *first.tries,
                          detail=detail, facts=facts)  # fmt: skip
    finding = finding.clears("no-webhook-retry")
    return _held_against_claim(ctx, finding, len(first.tries) - 1)


def _judge_window(hours: float | None, says: str, first: Tries, detail: str, facts: dict[str, float]) -> Finding:
    """Gaps that grow; for how long they go on cannot be waited for, and is taken from the documents."""
    if hours is None:
        return partial(f"{says}; for how long it goes on is not documented", *first.tries, detail=detail, facts=facts)
    if hours < LONG_WINDOW_HOURS:
        says = f"{says}; as documented, for {in_hours(hours)} in all ({LONG_WINDOW_HOURS} are the reference)"
        return partial(says, *first.tries, detail=detail, facts=facts)
    return met(f"{says}, as documented for up to {in_hours(hours)}", *first.tries, detail=detail, facts=facts)


def _of_one_cause(trial: EventTrial, event: Tries) -> Tries:
    """Every try of what one cause made, also where each has another id."""
    same = [each for each in trial.events(FAILING) if each.cause.number == event.cause.number]
    tries = sorted((one for each in same for one in each.tries), key=lambda one: one.delivery.number)
    return Tries(event.key, event.cause, tuple(tries))


def _judge_silence(ctx: Context, trial: EventTrial, only: Tries, promise: Promise) -> Finding:
    """No second try: one that was due by the documents is missing, any other may come later than was waited."""
    says = f"an event that was answered with 503 did not come again in {seconds(trial.watched)}"
    due = promise.first_gap / _speed(ctx) if promise.first_gap is not None else _LATEST_FIRST_TRY
    if trial.watched > _LATE * due + _GRACE:
        by_documents = f", though as documented it was due after {seconds(due)}" if promise.first_gap else ""
        missing = not_met(says + by_documents, *only.tries, only.cause, facts={"retry_clock_speed": _speed(ctx)})
        return missing.raises("no-webhook-retry")
    advice = "a first repeat may come later; to see it, watch longer (webhooks.watch_seconds in the vendor file)"
    return not_applicable(f"{says}; {advice}", *only.tries)


def _window(ctx: Context, trial: EventTrial) -> str:
    """What of the vendor's schedule could be seen, and by what clock."""
    speed = _speed(ctx)
    by_clock = f" ({trial.watched * speed / 3600:.1f} hours by the clock that the documents state)" if speed > 1 else ""
    return f"Watched for {seconds(trial.watched)}{by_clock}; what comes later was not seen."


def _speed(ctx: Context) -> float:
    return speed_of(ctx.spec) if ctx.has_spec else 1.0


def _held_against_claim(ctx: Context, finding: Finding, retries: int) -> Finding:
    claimed = ctx.claim.numbers.get("retries") if ctx.claim else None
    if claimed is None or finding.verdict is Verdict.MET:
        return finding
    given_up = "given up" in finding.summary
    return finding.tests_claim(
        "webhooks.delivery",
        claimed=f"{claimed:g} retries",
        observed=f"{retries} retries" + (", then none" if given_up else " in the time that was watched"),
        contradicted=given_up and retries < claimed,
    )


@check(question="webhooks.delivery", id="webhooks.silence-retried", aspect="whatever", sends="webhooks", timeout=7200)
async def silence_retried(ctx: Context) -> Finding:
    """An event that our receiver takes without a word comes again."""
    return await _again_after(ctx, SILENT, "that our receiver took without ever answering")


@check(question="webhooks.delivery", id="webhooks.outage-retried", aspect="whatever", sends="webhooks", timeout=7200)
async def outage_retried(ctx: Context) -> Finding:
    """An event during which our receiver hung up, and was away for a while, comes again."""
    return await _again_after(ctx, BROKEN, "at which our receiver hung up")


async def _again_after(ctx: Context, name: str, what: str) -> Finding:
    trial, events = await events_at(ctx, name)
    if not await _repeats_soon(ctx):
        return not_applicable("no repeat was seen of any event, so none could be missing here", *events[0].tries)
    again = [each for each in events if len(each.tries) > 1]
    taken = [each for each in again if each.tries[-1].delivery.treated == "200"]
    if not again:
        return partial(f"an event {what} did not come again in {seconds(trial.watched)}: it is lost", *events[0].tries)
    if not taken:
        return unknown(f"an event {what} came again, but was not taken before the watch ended", *again[0].tries)
    return met(f"an event {what} came again and was taken", *taken[0].tries)


async def _repeats_soon(ctx: Context) -> bool:
    """Whether the sender repeats at all within the watch, as far as a plain failure shows."""
    _, events = await events_at(ctx, FAILING)
    return any(each.gaps for each in events)


@check(question="webhooks.delivery", id="webhooks.wait-respected", aspect="manners", sends="webhooks", timeout=7200)
async def wait_respected(ctx: Context) -> Finding:
    """A receiver that asks for time (503 with Retry-After) is given it."""
    trial, events = await events_at(ctx, LATER)
    again = [each for each in events if each.gaps]
    asked = f"our receiver asked to wait {trial.retry_after} s (Retry-After)"
    if not again:
        return unknown(f"{asked}, and no second try came in {seconds(trial.watched)}", events[0].tries[0])
    shortest = min(again, key=lambda each: each.gaps[0])
    if shortest.gaps[0] < _PROMPT * trial.retry_after:
        return partial(f"{asked}, but the next try came after {seconds(shortest.gaps[0])}", *shortest.tries[:2])
    return met(f"{asked}, and the next try came after {seconds(shortest.gaps[0])}", *shortest.tries[:2])


@check(question="webhooks.delivery", id="webhooks.gone-is-final", aspect="manners", sends="webhooks", timeout=7200)
async def gone_is_final(ctx: Context) -> Finding:
    """A receiver that says that it is gone for good (410) is not tried again."""
    trial, events = await events_at(ctx, GONE)
    if not await _repeats_soon(ctx):
        return not_applicable("no repeat was seen of any event, so none could be too much here", *events[0].tries)
    again = [each for each in events if len(each.tries) > 1]
    if again:
        says = f"our receiver said that it is gone (410), but the event came {len(again[0].tries)} times"
        return partial(says, *again[0].tries)
    return met(f"our receiver said that it is gone (410), and the event did not come again in {seconds(trial.watched)}",
               *events[0].tries)  # fmt: skip


@check(question="webhooks.delivery", id="webhooks.not-held-up", aspect="manners", sends="webhooks", timeout=7200)
async def not_held_up(ctx: Context) -> Finding:
    """While one event fails, later ones of the same subscription come without delay."""
    _, events = await events_at(ctx, FAILING)
    _, elsewhere = await events_at(ctx, STEADY)
    if len({each.cause.number for each in elsewhere}) < 2:
        return unknown("only one event was seen, so none could be held up", events[0].tries[0])
    second = elsewhere[1].cause.number
    later = next((each for each in events if each.cause.number == second), None)
    first = events[0]
    if later is None:
        return partial("while one event failed, none of the later ones came", *first.tries[:3])
    if first.gaps and later.latency > elsewhere[1].latency + max(first.gaps[0], 1.0):
        says = f"while one event failed, the next came {seconds(later.latency)} after its cause"
        return partial(f"{says}; elsewhere after {seconds(elsewhere[1].latency)}", *later.tries[:1], *first.tries[:2])
    return met(f"while one event failed, the next came within {seconds(later.latency)}", *later.tries[:1])


@check(question="webhooks.delivery", id="webhooks.event-comes-once", aspect="once", sends="webhooks", timeout=7200)
async def event_comes_once(ctx: Context) -> Finding:
    """An event that was taken is not sent again."""
    trial, events = await events_at(ctx, STEADY)
    twice = [each for each in events if len(each.tries) > 1]
    if twice:
        says = f"{len(twice)} of {len(events)} events that our receiver had taken came more than once"
        return partial(f"{says}: a program must remember what it has seen", *twice[0].tries)
    return met(
        f"none of {len(events)} events that were taken came again in {seconds(trial.watched)}", events[0].tries[0]
    )
