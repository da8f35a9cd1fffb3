"""What an integration needs, held against the limits and page sizes that were found.

Pure arithmetic over the numbers that findings carry, with the working shown in words; it judges no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, isfinite

from msgspec import Struct

from cmms_audit.guide import Scenario
from cmms_audit.model import Finding

_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LIMIT_FACTS = {f"limit_per_{unit}": unit for unit in _WINDOWS}


class CapacityEstimate(Struct, frozen=True):
    """Whether one need of one scenario fits; `estimate_minutes` and `fits` None: too little is known."""

    scenario: str
    need: str
    estimate_minutes: float | None
    fits: bool | None
    because: str


class Measured(Struct, frozen=True):
    """What the findings say of the API's capacity; None where nobody could tell.

    `page_size` and `bulk_size` in records a call (reading and writing), `seconds_per_page` in seconds a call,
    `limits` in calls by the unit of their window ("second", "minute", "hour", "day").
    """

    page_size: int | None
    seconds_per_page: float | None
    bulk_size: int
    limits: Mapping[str, float]


class _Answer(Struct, frozen=True):
    minutes: float | None
    fits: bool | None
    because: str


def estimate(
    findings: Sequence[Finding], scenarios: Iterable[Scenario], volumes: Mapping[str, float]
) -> tuple[CapacityEstimate, ...]:
    """Hold each scenario's needs against what was found.

    `findings` are read for the facts `page_size_served`, `page_size_documented` (records),
    `seconds_per_page`, `bulk_write_size` (records) and `limit_per_second`, `_minute`, `_hour`, `_day`
    (calls). Each of the `scenarios` names its needs. `volumes` are the vendor file's own
    (`records_per_pull`, `pull_window_minutes`, `events_per_minute`, `writes_per_hour`); a need without its
    volume is left out.
    """
    measured = measure(findings)
    estimates = []
    for scenario in scenarios:
        for need in scenario.capacity:
            asked = _ASK[need](volumes, measured)
            if asked:
                words, answer = asked
                estimates.append(CapacityEstimate(scenario.id, words, answer.minutes, answer.fits, answer.because))
    return tuple(estimates)


def measure(findings: Sequence[Finding]) -> Measured:
    """Gather the numbers: the lowest of each limit, the largest page that was served, or else documented."""
    facts: dict[str, list[float]] = {}
    for finding in findings:
        for name, number in finding.facts.items():
            if number > 0 and isfinite(number):
                facts.setdefault(name, []).append(number)
    pages = facts.get("page_size_served") or facts.get("page_size_documented")
    return Measured(
        page_size=_largest(pages) if pages else None,
        seconds_per_page=max(facts["seconds_per_page"]) if "seconds_per_page" in facts else None,
        bulk_size=_largest(facts.get("bulk_write_size", [1])),
        limits={unit: min(facts[name]) for name, unit in _LIMIT_FACTS.items() if name in facts},
    )


def _largest(sizes: Sequence[float]) -> int:
    return max(1, int(max(sizes)))


def _pull(volumes: Mapping[str, float], measured: Measured) -> tuple[str, _Answer] | None:
    records = volumes.get("records_per_pull")
    if not records:
        return None
    window = volumes.get("pull_window_minutes")
    words = f"{_number(records)} records" + (f" in {_number(window)} min" if window else "")
    if measured.page_size is None:
        return words, _Answer(None, None, "how many records one call returns is neither documented nor seen")
    return words, _time_to_pull(records, window, measured.page_size, measured)


def _time_to_pull(records: float, window: float | None, page_size: int, measured: Measured) -> _Answer:
    calls = ceil(records / page_size)
    working = [f"{_number(records)} records at {_number(page_size)} a call are {_plural(calls, 'call')}"]
    times = []
    if measured.seconds_per_page is not None:
        times.append(calls * measured.seconds_per_page / 60)
        working.append(f"{measured.seconds_per_page:.2g} s a call makes {_minutes(times[-1])}")
    for unit, limit in measured.limits.items():
        waits = ceil(calls / limit) - 1
        times.append(waits * _WINDOWS[unit] / 60)
        working.append(_wait_in_words(limit, unit, waits))
    if not measured.limits:
        working.append("no limit is published or was seen, so it may take longer")
    minutes = max(times) if times else None
    return _Answer(minutes, _fits_window(minutes, window, bool(measured.limits)), "; ".join(working))


def _wait_in_words(limit: float, unit: str, waits: int) -> str:
    rate = f"{_number(limit)} calls a {unit}"
    if not waits:
        return f"{rate} are enough without waiting"
    return f"at {rate} it has to wait for {_plural(waits, f'further {unit}')}"


def _fits_window(minutes: float | None, window: float | None, limits_known: bool) -> bool | None:
    """Too slow is certain even where no limit is known; fast enough is not."""
    if minutes is None or window is None:
        return None
    if minutes > window:
        return False
    return True if limits_known else None


def _events(volumes: Mapping[str, float], measured: Measured) -> tuple[str, _Answer] | None:
    events = volumes.get("events_per_minute")
    if not events:
        return None
    return f"{_number(events)} events a minute", _steady(events / 60, "one call an event", measured)


def _writes(volumes: Mapping[str, float], measured: Measured) -> tuple[str, _Answer] | None:
    writes = volumes.get("writes_per_hour")
    if not writes:
        return None
    calls = ceil(writes / measured.bulk_size)
    how = "one record a call" if measured.bulk_size == 1 else f"{_number(measured.bulk_size)} records a call"
    return f"{_number(writes)} writes an hour", _steady(calls / 3600, how, measured)


def _steady(calls_per_second: float, how: str, measured: Measured) -> _Answer:
    """Whether a steady stream of calls stays under every limit; else it falls ever further behind."""
    if not measured.limits:
        return _Answer(None, None, f"{how}; no limit is published or was seen, so nothing can be promised")
    working = [how]
    fits = True
    for unit, limit in measured.limits.items():
        needed = calls_per_second * _WINDOWS[unit]
        fits = fits and needed <= limit
        working.append(f"{_number(needed)} calls a {unit} are needed, {_number(limit)} are allowed")
    return _Answer(None, fits, "; ".join(working))


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _minutes(minutes: float) -> str:
    if minutes < 90:
        return f"{minutes:.1f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} days"


_ASK = {"pull": _pull, "events": _events, "writes": _writes}
