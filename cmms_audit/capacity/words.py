"""Numbers, times and limits in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.model import Basis

WINDOWS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_NAMES = {seconds: name for name, seconds in WINDOWS.items()}
_KNOWN = {
    Basis.OBSERVED: " (seen)",
    Basis.DOCUMENTED: " (documented)",
    Basis.CLAIMED: " (the vendor says)",
    Basis.NONE: "",
}
_STEPS = (("s", 1, 90), ("min", 60, 90 * 60), ("h", 3_600, 96 * 3_600), ("days", 86_400, 730 * 86_400))
_SMALL = 0.001
_YEAR = 365 * 86_400


def number(value: float) -> str:
    """A number with as many digits as it takes: 1,000, 33.3, 0.083."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    if value < _SMALL:
        return f"under {_SMALL}"
    return f"{value:.1f}".removesuffix(".0") if value >= 10 else f"{value:.2g}"


def counted(count: float, noun: str) -> str:
    """A number of things: 1 call, 2 calls."""
    return f"{number(count)} {noun}" + ("" if number(count) == "1" else "s")


def agreeing(count: float, one: str, many: str) -> str:
    """The form of a verb that goes with a number of things: "takes" with 1, "take" with 2."""
    return one if number(count) == "1" else many


def duration(seconds: float) -> str:
    """A time with its unit: 2.6 s, 4.5 min, 49 h, 12 days, 3.1 years."""
    unit, size = next(((unit, size) for unit, size, below in _STEPS if seconds < below), ("years", _YEAR))
    return f"{number(seconds / size)} {unit}"


def per(window: int) -> str:
    """A window of so many seconds after a number of calls: "an hour", "in 15 minutes"."""
    name = _NAMES.get(window)
    if name:
        return f"{'an' if name == 'hour' else 'a'} {name}"
    size, unit = next((size, unit) for size, unit in sorted(_NAMES.items(), reverse=True) if window % size == 0)
    return f"in {counted(window // size, unit)}"


def every(window: int) -> str:
    """A window that comes again: "every hour", "every 15 minutes"."""
    return f"every {per(window).partition(' ')[2]}"


def rate(calls: float, window: int) -> str:
    """A limit as it is spoken: "1,000 calls an hour"."""
    return f"{counted(calls, 'call')} {per(window)}"


def known(basis: Basis) -> str:
    """How a number is known, to be put behind it."""
    return _KNOWN[basis]


def joined(parts: Sequence[str], word: str = "and") -> str:
    """A list in a sentence: "a, b and c"."""
    return f" {word} ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
