"""Whether calls that come steadily, writes or events, stay under every limit; else they fall ever further behind."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.capacity.answer import Answer
from cmms_audit.capacity.measured import Limit, Measured
from cmms_audit.capacity.words import WINDOWS, agreeing, counted, duration, every, joined, known, number, per, rate

LARGE_BULK = 1_000
"""Records a call: the most that is suggested."""
_SHIFT, _DAY_AND_NIGHT = 8, 24  # hours a day


class Stream(Struct, frozen=True):
    """So many `records` and `calls` in each `window` of seconds; `sum` says how the ones become the others.

    `in_bulk`: several records may share a call. `peak`: this is the busiest of such windows, and nothing is known of
    the others.
    """

    need: str
    records: float
    calls: float
    window: int
    sum: str
    in_bulk: bool = False
    peak: bool = False

    def calls_in(self, window: int) -> float:
        """How many calls come in a window of so many seconds."""
        return self.calls * window / self.window

    def says_little_of(self, limit: Limit) -> bool:
        """Whether the limit's window is longer than that of which anything is known."""
        return self.peak and limit.window > self.window


def held_against_limits(stream: Stream, measured: Measured) -> Answer:
    """Hold a steady stream against every limit.

    A peak need not last: whether it uses up the limit of a longer window, nobody knows. Of other streams, a window of a
    day or more is held against a plant's hours: what lasts day and night fits, what does not last for one shift a day
    does not, and between the two it depends on the plant.
    """
    if not measured.limits:
        why = f"{_calls(stream)}; no limit on writing is published or was seen, so nothing can be promised"
        return Answer(why, working=(stream.sum,))
    verdicts = {limit: _lasts(limit, stream) for limit in measured.limits}
    fits = False if False in verdicts.values() else None if None in verdicts.values() else True
    short = [limit for limit in measured.limits if limit.window <= WINDOWS["hour"] and not stream.says_little_of(limit)]
    slowest = max(short, key=lambda limit: _seconds(limit, stream), default=None)
    telling = [limit for limit, lasts in verdicts.items() if lasts is fits]
    tightest = max(telling, key=lambda limit: stream.calls_in(limit.window) / limit.calls)
    return Answer(
        because=_because(fits, tightest, stream),
        fits=fits,
        minutes=_seconds(slowest, stream) / 60 if slowest else None,
        binds=tightest.name,
        working=(stream.sum, *(_working(limit, stream) for limit in measured.limits), *_in_time(slowest, stream)),
        would_fit=tuple(_ways_to_fit(stream, measured, verdicts)) if fits is False else (),
    )


def _lasts(limit: Limit, stream: Stream) -> bool | None:
    if stream.calls_in(limit.window) <= limit.calls:
        return True
    if stream.says_little_of(limit):
        return None if stream.calls <= limit.calls else False
    return None if _lasts_a_shift(limit, stream) else False


def _lasts_a_shift(limit: Limit, stream: Stream) -> bool:
    shifts = limit.window * _SHIFT / _DAY_AND_NIGHT
    return limit.window >= WINDOWS["day"] and stream.calls * shifts / stream.window <= limit.calls


def _calls(stream: Stream) -> str:
    return rate(stream.calls, stream.window)


def _working(limit: Limit, stream: Stream) -> str:
    needed = stream.calls_in(limit.window)
    says = f"{counted(needed, 'call')} needed {per(limit.window)}, {number(limit.calls)} allowed{known(limit.basis)}"
    if stream.says_little_of(limit):
        says = f"if it were always as busy: {says}"
    return says if needed <= limit.calls else f"{says}: used up after {duration(_used_up_after(limit, stream))}"


def _seconds(limit: Limit, stream: Stream) -> float:
    """How long the calls of one window of the stream take where they come as fast as a limit allows."""
    return stream.calls * limit.window / limit.calls


def _in_time(slowest: Limit | None, stream: Stream) -> Iterator[str]:
    if slowest:
        how = f"at {slowest.in_words}"
        calls = agreeing(stream.calls, "call", "calls")
        take = agreeing(stream.calls, "takes", "take")
        yield f"{how}, the {calls} of {per(stream.window)} {take} at least {duration(_seconds(slowest, stream))}"


def _used_up_after(limit: Limit, stream: Stream) -> float:
    return limit.calls / stream.calls * stream.window


def _because(fits: bool | None, tightest: Limit, stream: Stream) -> str:
    needed = stream.calls_in(tightest.window)
    if fits:
        return f"it needs {number(needed)} of {tightest.in_words}, and no limit is tighter"
    if stream.says_little_of(tightest):
        return _because_of_a_peak(fits, tightest, stream)
    allowed = f"{number(tightest.calls)} {agreeing(tightest.calls, 'is', 'are')} allowed"
    says = f"it needs {rate(needed, tightest.window)}, and {allowed}"
    if tightest.window < WINDOWS["day"]:
        used_up = f"{agreeing(tightest.calls, 'it is', 'they are')} used up"
        return f"{says}; {used_up} after {duration(_used_up_after(tightest, stream))}, {every(tightest.window)}"
    hours = _used_up_after(tightest, stream) / WINDOWS["hour"] / (tightest.window / WINDOWS["day"])
    enough = f"{says}; that is enough for {counted(hours, 'hour')} a day at this rate"
    return enough if fits is False else f"{enough}, so it depends on how long your busy hours last"


def _because_of_a_peak(fits: bool | None, tightest: Limit, stream: Stream) -> str:
    """The conclusion about a limit whose window is longer than the busy time of which something is known."""
    busy = f"busy {per(stream.window).partition(' ')[2]}"
    if fits is False:
        return f"one {busy} alone needs {counted(stream.calls, 'call')}, more than {tightest.in_words}"
    used_up = f"{agreeing(tightest.calls, 'is', 'are')} used up after {duration(_used_up_after(tightest, stream))}"
    says = f"at that rate {tightest.in_words} {used_up}"
    return f"{says}; whether that happens depends on how long your busy times last, which one {busy} does not tell"


def _ways_to_fit(stream: Stream, measured: Measured, verdicts: dict[Limit, bool | None]) -> Iterator[str]:
    short = [limit for limit, lasts in verdicts.items() if not lasts]
    words = [replace(limit, calls=ceil(stream.calls_in(limit.window))).in_words for limit in short]
    yield f"a limit of at least {joined(words)}"
    if stream.in_bulk:
        most = min(limit.calls * stream.window / limit.window for limit in measured.limits)
        size = ceil(stream.records / int(most)) if most >= 1 else LARGE_BULK + 1
        if size <= LARGE_BULK:
            yield f"at least {counted(size, 'record')} written in one call"
