"""What became of the events that an audit caused, for the report: who got what when, the retries, and what they save.

Times are seconds from the first cause. Sentences stand here, so that all formats tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from cmms_audit.events.causes import Cause, Tries
from cmms_audit.events.outages import Course, Outage, Promise, Seen, course_of, outages, promise_of
from cmms_audit.events.recorded import RecordedAddress, RecordedTrial
from cmms_audit.events.schedule import growth_of
from cmms_audit.model import Finding
from cmms_audit.reports import words
from cmms_audit.webhooks.behaviour import Behaviour, Manner, Script

MOST_EVENTS = 20  # of one address that are told
MOST_TRIES = 60  # of one event
_MOST_RECKONED = 500  # tries of one event that outages are reckoned from
_BROKEN = (Manner.RESET, Manner.AWAY)
_GONE = 410
_LATE = "created after the end"
_LATE_TRY = 1.5  # times the gap that is usual
_GRACE = 2.0  # seconds

# Source: standardwebhooks.com, "Deliverability and reliability", the example of a schedule.
STANDARD_WEBHOOKS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_SWITCHED_OFF = "The vendor had switched the subscription off by then: what happens after that is not sent at all."
GUIDE_HOURS = 72  # the guide asks for growing gaps over so many hours


def events_member(trial: RecordedTrial | None, findings: Sequence[Finding]) -> dict[str, Any] | None:
    """The member `events` of a report, with what findings say of the documents; None where no event was caused."""
    if trial is None or not trial.causes:
        return None
    begun = trial.causes[0].at
    course, address = _course(trial, promise_of(findings))
    return {
        "began_at": begun.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "watched_seconds": trial.watched,
        "watch_ends": round(_watch_ends(trial, begun), 3) if trial.watched is not None else None,
        "causes": [_cause(each, begun) for each in trial.causes],
        "addresses": [_address(each, trial.causes, begun) for each in trial.addresses],
        "retries": _retries(course, address),
        "references": [
            {"name": "Standard Webhooks", "gaps": list(STANDARD_WEBHOOKS), "seconds": sum(STANDARD_WEBHOOKS)},
            {"name": "The guide behind this audit", "gaps": [], "seconds": GUIDE_HOURS * 3600},
        ],
        "outages": [_outage(each, course) for each in outages(course)] if course else [],
    }


def _cause(cause: Cause, begun: datetime) -> dict[str, Any]:
    return {
        "number": cause.number,
        "what": cause.what,
        "at": _after(begun, cause.at),
        "differs": cause.differs,
        "exchange": cause.exchange.id,
    }


def _address(address: RecordedAddress, causes: Sequence[Cause], begun: datetime) -> dict[str, Any]:
    """An address, what came to it, and of which due causes nothing came."""
    told = {each.cause.number for each in address.events}
    due = [each for each in causes if each.what == "created" and each.differs not in address.narrowed]
    return {
        "name": address.name,
        "script": ", ".join(map(str, address.script)),
        "does": treatment(address.script),
        "refused": address.refused,
        "flooded": address.flooded,
        "narrowed": list(address.narrowed),
        "due": len(due),
        "missing": []
        if address.refused or address.flooded
        else [each.number for each in due if each.number not in told],
        "events": [_event(each, begun) for each in address.events[:MOST_EVENTS]],
        "more_events": max(len(address.events) - MOST_EVENTS, 0),
        "other": address.other,
    }


def _event(event: Tries, begun: datetime) -> dict[str, Any]:
    tries = event.tries[:MOST_TRIES]
    return {
        "cause": event.cause.number,
        "latency": round(event.latency, 3),
        "tries": [
            {
                "at": _after(begun, each.delivery.moment),
                "treated": each.delivery.treated,
                "taken": _was_taken(each.delivery.treated),
                "delivery": each.delivery.number,
            }
            for each in tries
        ],
        "gaps": [round(gap, 3) for gap in event.gaps[: MOST_TRIES - 1]],
        "more_tries": len(event.tries) - len(tries),
    }


def _was_taken(treated: str) -> bool:
    return treated[:1] == "2" or treated.startswith((Manner.SLOW, Manner.ERROR_INSIDE))


# -- retries ----------------------------------------------------------------------------------------------


def _course(trial: RecordedTrial, promise: Promise) -> tuple[Course | None, RecordedAddress | None]:
    """The retries at the address that never takes anything; None where no event came there."""
    refusing = next((each for each in trial.addresses if _always_refuses(each.script)), None)
    if refusing is None:
        return None, None
    event = _refused(refusing)
    if event is None:
        return None, refusing
    everything = [each.delivery.moment for each in event.tries]
    tries = everything[:_MOST_RECKONED]
    gaps = tuple((after - before).total_seconds() for before, after in pairwise(tries))
    begun = trial.causes[0].at
    ended = begun + timedelta(seconds=_watch_ends(trial, begun))
    over = trial.watched is not None and len(tries) == len(everything)
    silence = max((ended - tries[-1]).total_seconds(), 0.0) if over else 0.0
    seen = Seen(gaps, silence, _came_again(trial, gaps), trial.resting, event.latency)
    return course_of(seen, promise), refusing


def _always_refuses(script: Script) -> bool:
    return all(each.manner is Manner.ANSWER and not each.takes and each.status != _GONE for each in script)


def _refused(address: RecordedAddress) -> Tries | None:
    """The event that an address did not take; of several the one that came most often."""
    return max((each for each in address.events if each.refused), key=lambda each: len(each.tries), default=None)


def _came_again(trial: RecordedTrial, gaps: Sequence[float]) -> bool | None:
    """Whether an event came again after the connection broke.

    None where none met that, or where the watch ended before it was due: by the `gaps` of one that was refused.
    """
    broken = [each for each in trial.addresses if any(one.manner in _BROKEN for one in each.script)]
    events = [(event, each.script) for each in broken if (event := _refused(each))]
    if not events or any(event.gaps for event, _ in events):
        return True if events else None
    if trial.watched is None or not gaps:
        return None
    begun = trial.causes[0].at
    ended = begun + timedelta(seconds=_watch_ends(trial, begun))
    due = [event.tries[0].delivery.moment + _latest_second_try(script, gaps[0]) for event, script in events]
    return False if max(due) <= ended else None


def _latest_second_try(script: Script, usual: float) -> timedelta:
    """How long after its first try an event comes again at the latest, where one after a refusal does so in `usual`."""
    return timedelta(seconds=sum(each.seconds for each in script) + _LATE_TRY * usual + _GRACE)


def _watch_ends(trial: RecordedTrial, begun: datetime) -> float:
    """Seconds from the first cause to the end of the watch."""
    causes = [each.at for each in trial.causes if each.what != _LATE]
    return (max(causes) - begun).total_seconds() + (trial.watched or 0.0)


def _retries(course: Course | None, address: RecordedAddress | None) -> dict[str, Any] | None:
    if course is None or address is None:
        return None
    speed = course.promise.speed
    return {
        "address": address.name,
        "tries": len(course.gaps) + 1,
        "shape": growth_of([gap / speed for gap in course.gaps]),
        "gaps": [round(gap, 2) for gap in course.gaps],
        "extrapolated": [round(gap, 2) for gap in course.extrapolated],
        "given_up": course.given_up,
        "watched_seconds": round(course.watched, 2),
        "speed": speed,
        "promised_retries": course.promise.retries,
        "promised_hours": course.promise.hours,
    }


def _outage(outage: Outage, course: Course) -> dict[str, Any]:
    late = outage.late_seconds
    return {
        "seconds": outage.seconds,
        "outcome": outage.outcome,
        "stands_on": outage.stands_on,
        "lost_seconds": None if outage.lost_seconds is None else round(outage.lost_seconds, 2),
        "late_seconds": None if late is None else round(late, 2),
        "because": " ".join(_because(outage, course)),
    }


def _because(outage: Outage, course: Course) -> Iterator[str]:
    """Why an outage loses what it loses, in sentences; what was extrapolated says so."""
    yield _what_came(outage, course)
    if not course.gaps and outage.outcome == "open":
        yield _SWITCHED_OFF if course.resting else _without_a_second_try(course.promise)
    elif outage.stands_on == "documented":
        yield _as_documented(outage, course)
    elif outage.stands_on == "extrapolated":
        yield _extrapolation(course)
    elif outage.outcome == "open":
        yield "For how long it goes on is not documented."
        if course.extrapolated:
            following = words.length(course.extrapolated[0])
            yield f"Extrapolated from the gaps, the next try would come after {following} more."
    if outage.late_seconds and outage.outcome in ("kept", "partly"):
        extrapolated = " (extrapolated from the gaps)" if outage.late_extrapolated else ""
        yield f"What is saved comes up to {words.length(outage.late_seconds)} after the end{extrapolated}."


def _what_came(outage: Outage, course: Course) -> str:
    """What was seen of an event that was refused."""
    tries, seen_for = words.counted(len(course.gaps) + 1, "time"), words.length(course.seen_for)
    if course.refusals_only:
        return (
            "An event that was refused came again, but none during which our receiver broke the connection,"
            " as one that is down does."
        )
    if not course.gaps:
        return f"No second try of an event that was refused came in {words.length(course.watched)}."
    if outage.seconds <= course.seen_for and not course.given_up:
        return f"An event that was refused was seen to come {tries} in {seen_for}."
    silence = words.length(course.silence)
    if course.given_up:
        return f"An event that was refused came {tries} in {seen_for}, and then no more in {silence}."
    return f"An event that was refused came {tries} in {seen_for}; the watch ended {silence} after the last of them."


def _without_a_second_try(promise: Promise) -> str:
    """What that means, where it does not mean that all is lost."""
    if promise.retries or promise.hours:
        return f"The documents promise retries{_promised(promise)}; none was seen. To see one, watch longer."
    return "Whether one would come later is not documented. To see it, watch longer."


def _as_documented(outage: Outage, course: Course) -> str:
    promise = course.promise
    if promise.denied:
        return "As documented, what fails is not sent again."
    if course.was_watched(outage.seconds) and promise.speed > 1:
        return f"That is by a clock that runs {words.number(promise.speed)} times as fast here, as documented."
    if course.spent:
        return f"The documents promise no more than {words.counted(promise.retries or 0, 'retry', 'retries')}."
    return f"The documents promise {_hours(promise)}; that was not waited for."


def _extrapolation(course: Course) -> str:
    if course.refusals_only or course.given_up or not course.gaps:
        waited = course.silence if course.given_up and not course.refusals_only else course.watched
        return f"Extrapolated: what did not come in {words.length(waited)} does not come later."
    last = words.length(course.seen_for + sum(course.extrapolated))
    promised = words.counted(course.promise.retries or 0, "retry", "retries")
    return f"The documents promise {promised}; extrapolated from the gaps, the last one comes after {last}."


def _promised(promise: Promise) -> str:
    return f" for {_hours(promise)}" if promise.hours else ""


def _hours(promise: Promise) -> str:
    return words.length((promise.hours or 0) * 3600)


# -- words ------------------------------------------------------------------------------------------------


def treatment(script: Script) -> str:
    """What an address does with the first event that comes, in plain words; it takes all others."""
    steps = [_step(each) for each in script]
    if len(steps) > 1:
        return f"{', then '.join(steps)}; takes every other event"
    return "takes everything" if script[0].takes else f"{steps[0]}, every time; takes every other event"


def _step(behaviour: Behaviour) -> str:
    span = words.length(behaviour.seconds)
    match behaviour.manner:
        case Manner.ANSWER if behaviour.takes:
            return "takes it"
        case Manner.ANSWER if behaviour.status == _GONE:
            return "says that it is gone for good (410)"
        case Manner.ANSWER if behaviour.retry_after:
            return f"refuses ({behaviour.status}) and asks to wait {behaviour.retry_after} s"
        case Manner.ANSWER:
            return f"refuses ({behaviour.status})"
        case Manner.SILENT:
            return f"does not answer for {span}"
        case Manner.SLOW:
            return f"takes {span} to answer"
        case Manner.RESET:
            return "breaks the connection"
        case Manner.AWAY:
            return f"is away for {span}"
        case Manner.REDIRECT:
            return "points elsewhere"
        case Manner.ERROR_INSIDE:
            return "says 200 with an error inside"


def _after(begun: datetime, moment: datetime) -> float:
    return round((moment - begun).total_seconds(), 3)
