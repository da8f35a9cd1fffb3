"""How long it takes to fetch many records: page after page, within every limit, each answer after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, floor, inf

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.capacity.answer import PAGE_SIZE, SPEED, Answer
from cmms_audit.capacity.measured import Known, Limit, Measured
from cmms_audit.capacity.words import WINDOWS, agreeing, counted, duration, every, joined, known, number
from cmms_audit.model import Basis

LARGE_PAGE = 1_000
"""Records a call: what a good API serves, and the most that is suggested."""
_OFTEN = 24  # pulls a day


class Pull(Struct, frozen=True):
    """So many `records` to fetch in a `window` of seconds, or in any time.

    `beside` are the calls that the same integration spends on writing in busy windows of so many seconds; `again`: it
    is done again and again.
    """

    records: float
    window: float | None
    beside: Mapping[int, float] = {}
    again: bool = True


class _Hold(Struct, frozen=True):
    """What keeps a pull from ending earlier: its name, the seconds that it costs at least, and how they come about.

    `limit` is the one that does it; None where it is the speed.
    """

    name: str
    seconds: float
    working: str
    limit: Limit | None = None


def time_to_pull(pull: Pull, measured: Measured) -> Answer:
    """Hold a pull against the page size, the time that a page takes, and the limits.

    A limit is a number of calls in windows of fixed length: when it is used up, the pull waits for the next window.
    So the time is the least that it can take.
    """
    if measured.page_size is None:
        return Answer("how many records one call returns is neither documented nor seen")
    calls = _calls(pull, measured.page_size)
    holds = _holds(calls, pull, measured)
    longest = max(holds, key=lambda each: each.seconds, default=_Hold("", 0.0, ""))
    fits = _fits(longest.seconds, pull.window, measured)
    answer = Answer(
        because="",
        minutes=longest.seconds / 60 if 0 < longest.seconds < inf else None,
        fits=fits,
        binds=_what_binds(longest, pull, measured),
        working=tuple(_working(calls, holds, pull, measured)),
        would_fit=tuple(_ways_to_fit(pull, measured)) if fits is False else (),
    )
    return replace(answer, because=_because(answer, longest, calls, pull, measured))


def _calls(pull: Pull, page: Known) -> int:
    return ceil(pull.records / page.value)


def _holds(calls: int, pull: Pull, measured: Measured) -> list[_Hold]:
    holds = []
    page_time = measured.seconds_per_page
    if page_time:
        seconds = calls * page_time.value
        one_by_one = ", one after the other," if calls > 1 else ""
        says = f"{counted(calls, 'call')} of {duration(page_time.value)}{known(page_time.basis)}{one_by_one}"
        holds.append(_Hold(SPEED, seconds, f"{says} {agreeing(calls, 'takes', 'take')} {duration(seconds)}"))
    return [*holds, *(_held_by(limit, calls, pull, page_time) for limit in measured.limits)]


def _held_by(limit: Limit, calls: int, pull: Pull, page_time: Known | None) -> _Hold:
    """The calls that fit into the first window go at once, and each further window begins with a wait.

    Whoever gets one answer after the other may be too slow to reach a limit at all.
    """
    left = _left(limit, pull.beside)
    allowed = f"{limit.in_words}{known(limit.basis)}"
    if calls <= left or (page_time and left * page_time.value >= limit.window):
        return _Hold(limit.name, 0.0, allowed, limit)
    if left < limit.calls:
        allowed += f", of which {number(left)} {agreeing(left, 'is', 'are')} left beside the writing"
    if not left:
        return _Hold(limit.name, inf, f"{allowed}: the pull never ends", limit)
    waits = ceil(calls / left) - 1
    rest = calls - waits * left
    seconds = waits * limit.window + (rest * page_time.value if page_time else 0.0)
    at_once = f"{number(left)} {agreeing(left, 'goes', 'go')} at once"
    says = f"at {allowed}, {at_once} and the rest waits for {_further(waits, limit)}"
    with_rest = f"; with the last {counted(rest, 'call')} that makes " if page_time else ": "
    return _Hold(limit.name, seconds, says + with_rest + duration(seconds), limit)


def _further(waits: int, limit: Limit) -> str:
    """How often a window is waited for: "49 further hours", "4 times 15 minutes"."""
    several = limit.name[0].isdigit()
    return f"{counted(waits, 'time')} {limit.name}" if several else counted(waits, f"further {limit.name}")


def _left(limit: Limit, beside: Mapping[int, float]) -> float:
    """The calls of a window that a pull may use."""
    spent = _spent(limit, beside)
    return max(0.0, float(floor(limit.calls - spent))) if spent else limit.calls


def _spent(limit: Limit, beside: Mapping[int, float]) -> float:
    """The calls of a window that the writing uses. A busy hour of it says nothing of a longer window, nor does a busy
    minute; and nothing of it counts against a limit on reading alone.
    """
    if limit.of:
        return 0.0
    return sum(calls * limit.window / window for window, calls in beside.items() if limit.window <= window)


def _fits(seconds: float, window: float | None, measured: Measured) -> bool | None:
    """Too slow is certain, whatever else is not known; fast enough is not, before both speed and limits are known."""
    if seconds == inf:
        return False
    if window is None:
        return None
    if seconds > window:
        return False
    return True if measured.limits and measured.seconds_per_page else None


def _what_binds(longest: _Hold, pull: Pull, measured: Measured) -> str | None:
    """What costs most time; small pages, where within the same limits large ones would do."""
    if not longest.seconds:
        return None
    small = measured.page_size is not None and measured.page_size.value < LARGE_PAGE
    if longest.name != SPEED and small and pull.window is not None and longest.seconds > pull.window:
        large = _with_pages(measured, LARGE_PAGE)
        if _seconds(pull, replace(large, seconds_per_page=None)) <= pull.window:
            return PAGE_SIZE
    return longest.name


def _seconds(pull: Pull, measured: Measured) -> float:
    page = measured.page_size
    holds = _holds(_calls(pull, page), pull, measured) if page else []
    return max((each.seconds for each in holds), default=0.0)


def _with_pages(measured: Measured, size: float) -> Measured:
    return replace(measured, page_size=Known(size, Basis.NONE))


def _working(calls: int, holds: list[_Hold], pull: Pull, measured: Measured) -> Iterator[str]:
    page = measured.page_size
    if page:
        yield (
            f"{counted(pull.records, 'record')} at {number(page.value)} a call{known(page.basis)}"
            f" {'is' if calls == 1 else 'are'} {counted(calls, 'call')}"
        )
    yield from (each.working for each in holds if each.seconds)
    enough = [each.working for each in holds if not each.seconds]
    if enough:
        yield f"enough without waiting: {joined(enough)}"
    yield from _how_often(calls, pull, measured)
    if measured.seconds_per_page is None:
        yield "how long a full page takes was not measured"
    if not measured.limits:
        yield "no limit on reading is published or was seen, so there may be waiting that nobody can foresee"


def _how_often(calls: int, pull: Pull, measured: Measured) -> Iterator[str]:
    """How many such pulls a long window allows, where that is fewer than one an hour."""
    for limit in measured.limits if pull.again else ():
        pulls = floor(_left(limit, pull.beside) / calls)
        if limit.window >= WINDOWS["day"] and 1 <= pulls < _OFTEN * limit.window / WINDOWS["day"]:
            enough_for = f"{counted(pulls, 'such pull')} {every(limit.window)}"
            yield f"{limit.in_words} {agreeing(limit.calls, 'is', 'are')} enough for {enough_for}"


def _because(answer: Answer, longest: _Hold, calls: int, pull: Pull, measured: Measured) -> str:
    """The conclusion in a sentence."""
    if longest.seconds == inf:
        return "the writing alone uses up what a limit allows, so no pull can end"
    needs = counted(calls, "call")
    if not longest.seconds:
        says = f"{needs}, for which nobody has to wait at any limit" if measured.limits else needs
    else:
        at_least = "" if measured.limits and measured.seconds_per_page else "at least "
        takes = f"{agreeing(calls, 'takes', 'take')} {at_least}{duration(longest.seconds)}"
        says = f"{needs}, which {takes}{_held_up(answer, longest, measured)}"
    unknown = _what_is_unknown(measured) if answer.fits is None and pull.window else ""
    return f"{says}; {unknown}" if unknown else says + _allowed_time(answer, pull)


def _held_up(answer: Answer, longest: _Hold, measured: Measured) -> str:
    if longest.limit is None:
        return ", as fast as the system answers"
    says = f", held up by the limit of {longest.limit.in_words}"
    page = measured.page_size
    if answer.binds == PAGE_SIZE and page:
        says += f", because a call returns only {counted(page.value, 'record')}"
    return says


def _what_is_unknown(measured: Measured) -> str:
    if not measured.limits:
        return "no limit on reading is published or was seen, so it may take longer"
    return "how long a full page takes was not measured"


def _allowed_time(answer: Answer, pull: Pull) -> str:
    """What fits is told with the time there is for it."""
    return f"; there are {duration(pull.window)}" if pull.window and answer.fits is not None else ""


def _ways_to_fit(pull: Pull, measured: Measured) -> Iterator[str]:
    """Changes of which each one alone makes the pull fit; that it does is worked out anew."""
    if pull.window is None or measured.page_size is None:
        return
    ways = [*_larger_pages(pull, pull.window, measured), *_more_calls(pull, pull.window, measured)]
    ways += _quicker_answers(pull, pull.window, measured)
    yield from (words for words, changed in ways if _seconds(pull, changed) <= pull.window)


def _larger_pages(pull: Pull, window: float, measured: Measured) -> Iterator[tuple[str, Measured]]:
    most_calls = [_most_calls(limit, window, pull, measured.seconds_per_page) for limit in measured.limits]
    if measured.seconds_per_page:
        most_calls.append(window / measured.seconds_per_page.value)
    fewest = floor(min(most_calls, default=0))
    size = ceil(pull.records / fewest) if fewest else inf
    if size <= LARGE_PAGE:
        as_now = ", if they come as fast as now" if measured.seconds_per_page else ""
        yield f"pages of at least {counted(size, 'record')}{as_now}", _with_pages(measured, size)


def _most_calls(limit: Limit, window: float, pull: Pull, page_time: Known | None) -> float:
    """How many calls a limit allows in a window: whole windows of its own, and what goes in the rest of the time."""
    left = _left(limit, pull.beside)
    waits, rest = divmod(window, limit.window)
    return waits * left + (min(left, rest / page_time.value) if page_time else left)


def _more_calls(pull: Pull, window: float, measured: Measured) -> Iterator[tuple[str, Measured]]:
    """Every limit that is too low, lifted as far as the pull needs."""
    calls = _calls(pull, measured.page_size) if measured.page_size else 0
    limits = [_lifted(limit, calls, window, pull, measured.seconds_per_page) for limit in measured.limits]
    lifted = [new for old, new in zip(measured.limits, limits, strict=True) if new != old]
    if lifted:
        words = joined([each.in_words for each in lifted])
        yield f"a limit of at least {words}", replace(measured, limits=tuple(limits))


def _lifted(limit: Limit, calls: int, window: float, pull: Pull, page_time: Known | None) -> Limit:
    if _held_by(limit, calls, pull, page_time).seconds <= window:
        return limit
    waits, rest = divmod(window, limit.window)
    needed = calls / (waits + 1)
    if page_time and waits:  # what does not go in the rest of the time has to go before
        needed = max(needed, (calls - floor(rest / page_time.value)) / waits)
    return replace(limit, calls=float(ceil(ceil(needed) + _spent(limit, pull.beside))))


def _quicker_answers(pull: Pull, window: float, measured: Measured) -> Iterator[tuple[str, Measured]]:
    if measured.page_size and measured.seconds_per_page:
        seconds = window / _calls(pull, measured.page_size)
        quicker = replace(measured, seconds_per_page=Known(seconds * 0.999, Basis.NONE))
        yield f"pages that come within {duration(seconds)}", quicker
