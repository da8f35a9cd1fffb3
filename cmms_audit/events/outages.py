"""What an outage of the receiver would lose, from the retries that were seen and what the documents promise beyond.

An event that happens during an outage survives if one of its tries comes after it. So a sender that goes on trying for
six minutes saves what happened in the last six minutes of an outage, and loses all before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from cmms_audit.events.schedule import begins_as_documented, has_given_up, next_gap
from cmms_audit.model import Finding

LENGTHS = (30.0, 120.0, 3600.0, 28_800.0)  # seconds of an outage: 30 s, 2 min, 1 h, 8 h
_MOST_GAPS = 200  # that are extrapolated
_PROMISED = frozenset({"retries", "retry_window_hours", "retry_first_gap", "retry_clock_speed"})
_LARGEST = 1e7  # of any of these numbers
_LATEST_FIRST_TRY = 1800.0  # seconds: some senders first try again after ten minutes
_LATEST_PROMISED_TRY = 3600.0  # seconds: where retries are promised and their gaps are not told
_PATIENCE = 1.5  # times that: then none comes
_GRACE = 2.0  # seconds
_TELLING = 2  # gaps; one alone does not tell how the next ones would be
_SLACK = 1e-6
_NEARLY = 0.9  # part of a promised time that gaps fill: the next one would go past it

Outcome = Literal["kept", "partly", "lost", "open"]
StandsOn = Literal["observed", "documented", "extrapolated", "none"]


class Promise(Struct, frozen=True):
    """What documents say of retries, as far as they do: how many (0: none), over how many hours, how many seconds until
    the first one, and how much faster the clock of retries runs in the sandbox (1 where they say nothing of it).
    """

    retries: int | None = None
    hours: float | None = None
    first_gap: float | None = None
    speed: float = 1.0

    @property
    def denied(self) -> bool:
        """Whether the documents say that what fails is not sent again."""
        return self.retries == 0 and self.hours is None


class Seen(Struct, frozen=True):
    """What was seen of retries, in seconds of the run: the `gaps` between the tries of an event that was never taken,
    and the `silence` after the last one. `after_breaking` says whether an event came again at which the receiver hung
    up and was away, None where that was not seen; `resting`, that the vendor had switched the subscription off by then;
    `latency`, how long after its cause the first try came: a sender who is late with that may be with the next one.
    """

    gaps: tuple[float, ...]
    silence: float
    after_breaking: bool | None = None
    resting: bool = False
    latency: float = 0.0


class Outage(Struct, frozen=True):
    """What an outage of so many `seconds` would lose.

    `lost_seconds`: all that happens in so many seconds from its beginning; None where nobody knows. `late_seconds`: how
    long after its end what was saved comes at the latest, None where that is not known; `late_extrapolated` says that
    this follows from gaps that nobody saw.
    """

    seconds: float
    outcome: Outcome
    stands_on: StandsOn
    lost_seconds: float | None = None
    late_seconds: float | None = None
    late_extrapolated: bool = False


class Course(Struct, frozen=True):
    """How retries go, by the clock of the documents, in seconds: the `gaps` that were seen, those that are
    `extrapolated` from them, and for how long was `watched`. `given_up` says that no more is expected: the next try was
    due long before the watch ended, or all promised retries were seen; `refusals_only` that what was refused came
    again, and what met a broken connection did not; `resting`, that the subscription was switched off; `latency`, how
    late the first try was.
    """

    gaps: tuple[float, ...]
    extrapolated: tuple[float, ...]
    watched: float
    given_up: bool
    refusals_only: bool
    resting: bool
    latency: float
    promise: Promise

    @property
    def seen_for(self) -> float:
        """From the first try to the last one that was seen."""
        return sum(self.gaps)

    @property
    def silence(self) -> float:
        """From the last try that was seen to the end of the watch."""
        return self.watched - self.seen_for

    @property
    def spent(self) -> bool:
        """Whether all retries that are promised were seen."""
        return 0 < (self.promise.retries or 0) <= len(self.gaps)

    def was_watched(self, seconds: float) -> bool:
        """Whether that much of the documents' time passed while it was watched, at whatever speed."""
        return seconds <= self.watched

    def was_waited_for(self, seconds: float) -> bool:
        """Whether so many seconds passed, by the clock on the wall."""
        return seconds * self.promise.speed <= self.watched

    @property
    def overdue(self) -> bool:
        """Whether a second try should have been seen by now, and was not, though the subscription was in force."""
        if self.resting or self.gaps:
            return False
        promise = self.promise
        latest = _LATEST_PROMISED_TRY if promise.retries or promise.hours else _LATEST_FIRST_TRY
        due = latest * promise.speed if promise.first_gap is None else promise.first_gap
        return self.watched > _PATIENCE * due + _GRACE * promise.speed + self.latency


def promise_of(findings: Sequence[Finding]) -> Promise:
    """What findings state as facts of the documents: `retries`, `retry_window_hours`, `retry_first_gap` in seconds, and
    `retry_clock_speed`.
    """
    facts: dict[str, float] = {}
    for finding in findings:
        for name, value in finding.facts.items():
            if name in _PROMISED and 0 <= value <= _LARGEST:
                facts[name] = max(value, facts.get(name, 0))
    return Promise(
        retries=int(facts["retries"]) if "retries" in facts else None,
        hours=facts.get("retry_window_hours") or None,
        first_gap=facts.get("retry_first_gap") or None,
        speed=facts.get("retry_clock_speed") or 1.0,
    )


def course_of(seen: Seen, promise: Promise) -> Course:
    """The retries as they were seen, and as they would go on."""
    gaps = tuple(gap * promise.speed for gap in seen.gaps)
    watched = sum(gaps) + seen.silence * promise.speed
    spent = 0 < (promise.retries or 0) <= len(gaps)
    is_promised = promise.hours is not None and watched < promise.hours * 3600
    may_go_on = is_promised and not begins_as_documented(gaps, promise.first_gap)
    given_up = spent or (len(gaps) >= _TELLING and has_given_up(seen.gaps, seen.silence) and not may_go_on)
    goes_on = len(gaps) >= _TELLING and seen.silence <= _PATIENCE * next_gap(seen.gaps)
    return Course(
        gaps=gaps,
        extrapolated=_extrapolated(gaps, promise) if goes_on and not given_up else (),
        watched=watched,
        given_up=given_up,
        refusals_only=bool(gaps) and seen.after_breaking is False,
        resting=seen.resting,
        latency=max(seen.latency, 0.0) * promise.speed,
        promise=promise,
    )


def outages(course: Course) -> tuple[Outage, ...]:
    """What outages of the usual lengths would lose."""
    return tuple(_outage(each, course) for each in LENGTHS)


def _extrapolated(gaps: Sequence[float], promise: Promise) -> tuple[float, ...]:
    """Gaps as they would go on: to the number or the hours that are promised, or else through the longest outage."""
    otherwise = _LARGEST if promise.retries else 2 * LENGTHS[-1]
    ends = promise.hours * 3600 * (1 + _SLACK) if promise.hours else otherwise
    most = min(promise.retries - len(gaps) if promise.retries else _MOST_GAPS, _MOST_GAPS)
    found = list(gaps)
    while len(found) - len(gaps) < most and sum(found) + next_gap(found) <= ends:
        found.append(next_gap(found))
    return tuple(found[len(gaps) :])


def _outage(length: float, course: Course) -> Outage:
    """What one outage would lose. What was seen counts first, then what is documented, then what follows from both."""
    promise, seen_for = course.promise, course.seen_for
    if course.refusals_only or course.overdue:
        return Outage(length, "lost", _stands_on(length, course, "extrapolated"), length)
    if not course.gaps and promise.denied:
        return Outage(length, "lost", "documented", length)
    if not course.gaps:
        return Outage(length, "open", "none")
    if length <= seen_for or course.given_up:
        otherwise: StandsOn = "documented" if course.spent else "extrapolated"
        return _up_to(length, seen_for, _stands_on(length, course, otherwise), course)
    if promise.hours is not None:
        return _up_to(length, max(promise.hours * 3600, seen_for), "documented", course)
    if promise.retries and course.extrapolated:
        return _up_to(length, seen_for + sum(course.extrapolated), "extrapolated", course)
    return Outage(length, "open", "none")


def _stands_on(length: float, course: Course, otherwise: StandsOn) -> StandsOn:
    """On what it stands that all of an outage was seen; a clock that runs faster is so only as documented."""
    if course.was_waited_for(length):
        return "observed"
    return "documented" if course.was_watched(length) else otherwise


def _up_to(length: float, tried_for: float, stands_on: StandsOn, course: Course) -> Outage:
    """What an outage loses where each event is tried for so many seconds."""
    lost, gaps = max(length - tried_for, 0.0), (*course.gaps, *course.extrapolated)
    waited = length - lost
    known = sum(gaps) >= waited * _NEARLY
    return Outage(
        seconds=length,
        outcome="partly" if lost else "kept",
        stands_on=stands_on,
        lost_seconds=lost,
        late_seconds=_latest(waited, gaps) if known else None,
        late_extrapolated=known and waited > course.seen_for * (1 + _SLACK),
    )


def _latest(length: float, gaps: Sequence[float]) -> float | None:
    """How long after an outage the next try comes at the latest: the longest gap that may begin while it lasts."""
    begins = accumulate(gaps, initial=0.0)
    return max((gap for begin, gap in zip(begins, gaps, strict=False) if begin < length), default=None)
