"""webhooks.delivery, seen: an event that is not taken comes again, with growing gaps, whatever the failure was."""

from __future__ import annotations

from collections.abc import Callable

from cmms_audit.battery import (
    BACKS_OFF,
    Context,
    CouldNotLook,
    EventTrial,
    Finding,
    Tries,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Verdict

from ._promised import LONG_WINDOW_HOURS, Promise, documented_promise
from ._resting import switched_off_at_failures
from ._rhythm import Rhythm, window_words
from ._sped_up import speed_of
from ._trial import (
    BROKEN,
    FAILING,
    GONE,
    LATER,
    SILENT,
    STEADY,
    events_at,
    may_be_two_events,
    refused_at,
    seconds,
    silence_after,
)

_PROMPT = 0.9  # part of a Retry-After that a sender must wait for: clocks differ
_MOST_GAPS = 12
_LATE = 1.5  # times the gap that is due
_GRACE = 2.0  # seconds
_LATEST_FIRST_TRY = 1800.0  # seconds: some senders first try again after ten minutes
_LATEST_PROMISED_TRY = 3600.0  # seconds: where retries are promised and their gaps are not told
_IN_TIME = 60.0  # seconds: from a sensor's alarm to the work order
_WATCH_LONGER = "watch longer (webhooks.watch_seconds in the vendor file)"


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
    trial, first = await refused_at(ctx, FAILING)
    promise = await documented_promise(ctx)
    if not first.gaps:
        return await _judge_silence(ctx, trial, first, promise)
    if may_be_two_events(first):
        says = "what came twice at once, under two ids, may be two events; so no second try is known of"
        return not_applicable(f"{says}: to see one, {_WATCH_LONGER}", *first.tries)
    rhythm = Rhythm(first.gaps, silence_after(trial, first), _speed(ctx), promise)
    finding = _judge_rhythm(rhythm, trial, first).clears("no-webhook-retry")
    return _held_against_claim(ctx, finding, rhythm)


def _judge_rhythm(rhythm: Rhythm, trial: EventTrial, first: Tries) -> Finding:
    says = f"an event that was answered with 503 came {len(first.tries)} times in {seconds(trial.watched)}"
    if rhythm.too_short and not rhythm.fits_a_long_promise:
        says = f"{says}, which is too little to show whether the gaps grow; to see more, {_WATCH_LONGER}"
        return not_applicable(says, *first.tries)
    judge, how = _verdict(rhythm)
    gaps = ", ".join(seconds(gap) for gap in first.gaps[:_MOST_GAPS])
    facts = {
        "tries_seen": float(len(first.tries)),
        "seconds_watched": trial.watched,
        "retry_clock_speed": rhythm.speed,
    }
    return judge(f"{says}{how}", *first.tries, detail=f"Gaps: {gaps}. {_window(rhythm, trial)}", facts=facts)


def _verdict(rhythm: Rhythm) -> tuple[Callable[..., Finding], str]:
    """The verdict on gaps, and the words for it. For how long they go on is taken from the documents."""
    hours, window = rhythm.promise.hours, window_words(rhythm.promise)
    no_more = f"and then no more in {seconds(rhythm.silence)}"
    if rhythm.too_short:
        return met, f"; {window}, with growing gaps, of which this may be the beginning"
    if rhythm.breaks_its_promise:
        return partial, f", {no_more}, though by the documents' own schedule the next try was due"
    if rhythm.stopped and hours is None:
        return partial, f", {no_more}; {window}"
    if rhythm.stopped:
        return unknown, f", {no_more}; {window}: to see whether it goes on, {_WATCH_LONGER}"
    if rhythm.growth in BACKS_OFF:
        judge = met if hours is not None and hours >= LONG_WINDOW_HOURS else partial
        return judge, f", with {rhythm.growth}; {window}"
    if rhythm.gives_rest:
        return partial, f", with {rhythm.growth}; growing ones are the reference: soon at first, and long later"
    return partial, f", with {rhythm.growth}, so that an overloaded receiver gets no rest"


async def _judge_silence(ctx: Context, trial: EventTrial, only: Tries, promise: Promise) -> Finding:
    """No second try: one that was due by the documents is missing, any other may come later than was waited.

    What counts is the silence since the first try. A sender who looks for work now and then only may be late with a
    second try, too. One who switched the subscription off sends nothing, and may send everything once it is on again.
    """
    silence = max(silence_after(trial, only), 0.0)
    says = f"an event that was answered with 503 did not come again in {seconds(silence)}"
    due = _latest_first_try(promise, _speed(ctx))
    if silence <= _LATE * due + _GRACE + max(only.latency, 0.0):
        return not_applicable(f"{says}; a first repeat may come later: to see it, {_WATCH_LONGER}", *only.tries)
    ask = "ask the vendor what becomes of the events until it is on again"
    if trial.ending.resting:
        return unknown(f"{says}: the subscription says that it is switched off; {ask}", *only.tries)
    said = await switched_off_at_failures(ctx) if trial.ending.resting is None else None
    if said is not None:
        says = f"{says}; as documented, a subscription is switched off when its receiver fails: {ask}"
        return unknown(says, *only.tries, said, detail=f"It says: “{said.text[:400]}”")
    by_documents = f", though as documented it was due after {seconds(due)}" if promise.first_gap else ""
    missing = not_met(says + by_documents, *only.tries, only.cause, facts={"retry_clock_speed": _speed(ctx)})
    return missing.raises("no-webhook-retry")


def _latest_first_try(promise: Promise, speed: float) -> float:
    """After how many seconds a second try comes at the latest."""
    if promise.first_gap is not None:
        return promise.first_gap / speed
    return _LATEST_PROMISED_TRY if promise.tries or promise.hours else _LATEST_FIRST_TRY


def _window(rhythm: Rhythm, trial: EventTrial) -> str:
    """What of the vendor's schedule could be seen, and by what clock."""
    hours = trial.watched * rhythm.speed / 3600
    by_clock = f" ({hours:.1f} hours by the clock that the documents state)" if rhythm.speed > 1 else ""
    return f"Watched for {seconds(trial.watched)}{by_clock}; what comes later was not seen."


def _speed(ctx: Context) -> float:
    return speed_of(ctx.spec) if ctx.has_spec else 1.0


def _held_against_claim(ctx: Context, finding: Finding, rhythm: Rhythm) -> Finding:
    """Fewer retries than claimed contradict the claim only where the vendor's own schedule had more by then."""
    claimed = ctx.claim.numbers.get("retries") if ctx.claim else None
    if claimed is None or finding.verdict in (Verdict.MET, Verdict.NOT_APPLICABLE):
        return finding
    then = f"then none in {seconds(rhythm.silence)}" if rhythm.stopped else "in the time that was watched"
    return finding.tests_claim(
        "webhooks.delivery",
        claimed=f"{claimed:g} retries",
        observed=f"{len(rhythm.gaps)} retries, {then}" if rhythm.stopped else f"{len(rhythm.gaps)} retries {then}",
        contradicted=rhythm.breaks_its_promise and len(rhythm.gaps) < claimed,
    )


@check(question="webhooks.delivery", id="webhooks.silence-retried", aspect="whatever", sends="webhooks", timeout=7200)
async def silence_retried(ctx: Context) -> Finding:
    """An event that our receiver takes without a word comes again."""
    return await _again_after(ctx, SILENT, "that our receiver took without ever answering")


@check(question="webhooks.delivery", id="webhooks.outage-retried", aspect="whatever", sends="webhooks", timeout=7200)
async def outage_retried(ctx: Context) -> Finding:
    """An event during which our receiver broke the connection, and was away for a while, comes again."""
    return await _again_after(ctx, BROKEN, "during which our receiver broke the connection")


async def _again_after(ctx: Context, name: str, what: str) -> Finding:
    trial, event = await refused_at(ctx, name)
    says = f"a message {what}"
    if event.gaps and event.tries[-1].delivery.treated == "200":
        return met(f"{says} came again and was taken", *event.tries)
    if event.gaps:
        return unknown(f"{says} came again, but was not taken before the watch ended", *event.tries)
    held = sum(each.seconds for each in trial.corners[name].script)
    return await _judge_missing(ctx, trial, event, held, f"{says} did not come again")


async def _judge_missing(ctx: Context, trial: EventTrial, event: Tries, held: float, says: str) -> Finding:
    """A second try that did not come: missing only where one like that after a plain failure fits the watch."""
    usual = await _usual_gap(ctx)
    if usual is None:
        return not_applicable("no repeat was seen of any event, so none could be missing here", *event.tries)
    silence = silence_after(trial, event)
    if silence < held + _LATE * usual + _GRACE:
        says = f"{says} in {seconds(silence)}, but after other failures one comes only after {seconds(usual)}"
        return unknown(f"{says}: to see it, {_WATCH_LONGER}", *event.tries)
    return partial(f"{says} in {seconds(silence)}: it is lost", *event.tries)


async def _usual_gap(ctx: Context) -> float | None:
    """Seconds until a second try after a plain failure; None where none was seen."""
    try:
        _, event = await refused_at(ctx, FAILING)
    except CouldNotLook:
        return None
    return event.gaps[0] if event.gaps else None


@check(question="webhooks.delivery", id="webhooks.wait-respected", aspect="manners", sends="webhooks", timeout=7200)
async def wait_respected(ctx: Context) -> Finding:
    """A receiver that asks for time (503 with Retry-After) is given it."""
    trial, event = await refused_at(ctx, LATER)
    asked = f"our receiver asked to wait {trial.retry_after} s (Retry-After)"
    if not event.gaps:
        return unknown(f"{asked}, and no second try came in {seconds(trial.watched)}", event.tries[0])
    came = f"the next try came after {seconds(event.gaps[0])}"
    if event.gaps[0] < _PROMPT * trial.retry_after:
        return partial(f"{asked}, but {came}", *event.tries[:2])
    usual = await _usual_gap(ctx)
    if usual is not None and usual >= _PROMPT * trial.retry_after:
        says = f"{asked}, and {came}; but without being asked this sender waits {seconds(usual)}, too"
        return not_applicable(f"{says}, so that nothing can be told", *event.tries[:2])
    return met(f"{asked}, and {came}", *event.tries[:2])


@check(question="webhooks.delivery", id="webhooks.gone-is-final", aspect="manners", sends="webhooks", timeout=7200)
async def gone_is_final(ctx: Context) -> Finding:
    """A receiver that says that it is gone for good (410) is not tried again."""
    trial, event = await refused_at(ctx, GONE)
    says = "our receiver said that it is gone (410)"
    if event.gaps:
        return partial(f"{says}, but the event came {len(event.tries)} times", *event.tries)
    usual = await _usual_gap(ctx)
    silence = silence_after(trial, event)
    if usual is None or silence < _LATE * usual + _GRACE:
        return not_applicable(f"{says}, and no repeat was due in {seconds(silence)}", *event.tries)
    return met(f"{says}, and the event did not come again in {seconds(silence)}", *event.tries)


@check(question="webhooks.delivery", id="webhooks.not-held-up", aspect="manners", sends="webhooks", timeout=7200)
async def not_held_up(ctx: Context) -> Finding:
    """While one event fails, later ones of the same subscription come without delay."""
    trial, failing = await refused_at(ctx, FAILING)
    _, elsewhere = await events_at(ctx, STEADY)
    came = _quickest(trial.events(FAILING))
    due = {number: each for number, each in _quickest(elsewhere).items() if number > failing.cause.number}
    if not due:
        return unknown("no later event was seen anywhere, so none could be held up", failing.tries[0])
    lost = [each for number, each in due.items() if number not in came]
    if lost:
        count = "none" if len(lost) == len(due) else f"only {len(due) - len(lost)}"
        off = "; the subscription says that it is switched off" if trial.ending.resting else ""
        says = f"while one event failed, {count} of {len(due)} later ones came{off}"
        return partial(says, *failing.tries[:3], *(each.tries[0] for each in lost[:3]))
    return _judge_delay(failing, [(came[number], each) for number, each in due.items()])


def _judge_delay(failing: Tries, pairs: list[tuple[Tries, Tries]]) -> Finding:
    """Later events at the address where one fails, each beside the same one at an address where none does."""
    here, there = max(pairs, key=lambda pair: pair[0].latency - pair[1].latency)
    says = f"while one event failed, another came {seconds(here.latency)} after its cause"
    if failing.gaps and here.latency > there.latency + max(failing.gaps[0], 1.0):
        says = f"{says}; elsewhere after {seconds(there.latency)}"
        return partial(says, *here.tries[:1], *failing.tries[:2])
    slowest, _ = max(pairs, key=lambda pair: pair[0].latency)
    if slowest.latency <= _IN_TIME:
        says = f"while one event failed, later ones came within {seconds(slowest.latency)}"
        return met(says, *slowest.tries[:1])
    says = f"while one event failed, another came {seconds(slowest.latency)} after its cause, at other addresses, too"
    if failing.latency > _IN_TIME / 2:
        return unknown(f"{says}; but so do events that nothing can hold up", *slowest.tries[:1], *failing.tries[:1])
    return partial(f"{says}: it may hold up every receiver", *slowest.tries[:1], *failing.tries[:2])


def _quickest(events: tuple[Tries, ...]) -> dict[int, Tries]:
    """The first event that each cause made, by the number of the cause."""
    found: dict[int, Tries] = {}
    for each in sorted(events, key=lambda event: event.latency):
        found.setdefault(each.cause.number, each)
    return found


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
