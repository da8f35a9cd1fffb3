"""Rate limits: the numbers that are published, the counters that enforce them, and the headers that report them.

Windows are fixed and start with a credential's first call. A refusal keeps its window closed for exactly the whole
seconds that Retry-After names, so the number is true to the second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cmms_audit.sandbox.switch import Broken, Switch

NO_PUBLISHED_LIMITS = Switch(
    "no-published-limits",
    "the limits are enforced, but neither documents nor headers name a number",
    questions=("limits.documented",),
    flags=("no-published-rate-limits",),
)
BARE_429 = Switch(
    "bare-429",
    "a refusal at the limit does not say when to come back",
    questions=("limits.at-limit",),
)
NO_429 = Switch(
    "no-429",
    "calls over the limit get 503, in the document and on the wire, without Retry-After",
    questions=("limits.at-limit",),
)
SILENT_THROTTLING = Switch(
    "silent-throttling",
    "calls over the limit get 200 and an empty list",
    questions=("limits.at-limit",),
    flags=("silent-throttling",),
)
LIMIT_HEADERS_LIE = Switch(
    "limit-headers-lie",
    "the headers always report an untouched allowance",
    questions=("limits.documented",),
    flags=("claim-contradicted",),
)
LOWER_REAL_LIMIT = Switch(
    "lower-real-limit",
    "calls are refused at half the published number per second",
    questions=("limits.documented",),
    flags=("claim-contradicted",),
)
SHARED_LIMIT = Switch(
    "shared-limit",
    "all credentials together use up one limit",
    questions=("limits.at-limit",),
)
SHORT_RETRY_AFTER = Switch(
    "short-retry-after",
    "calls are still refused long after the time that Retry-After names",
    questions=("limits.at-limit",),
)
FORBIDDEN_AT_LIMIT = Switch(
    "forbidden-at-limit",
    "calls over the limit get 403, although the document promises 429",
    questions=("limits.at-limit",),
)
SWITCHES = (
    NO_PUBLISHED_LIMITS,
    BARE_429,
    NO_429,
    SILENT_THROTTLING,
    LIMIT_HEADERS_LIE,
    LOWER_REAL_LIMIT,
    SHARED_LIMIT,
    SHORT_RETRY_AFTER,
    FORBIDDEN_AT_LIMIT,
)

_LATE = 4  # seconds for which a window stays closed after the end that is named, where that is broken


@dataclass(frozen=True)
class Limit:
    """So many calls in so many seconds."""

    name: str
    calls: int
    seconds: int


PUBLISHED = (
    Limit("second", 50, 1),
    Limit("minute", 3_000, 60),
    Limit("hour", 60_000, 3_600),
    Limit("day", 1_000_000, 86_400),
)


def scaled(scale: float) -> tuple[Limit, ...]:
    """The published limits times `scale`, at least one call each."""
    return tuple(Limit(each.name, max(1, round(each.calls * scale)), each.seconds) for each in PUBLISHED)


def in_words(limits: Sequence[Limit]) -> str:
    """The limits as a phrase, such as "50 calls per second, 3,000 calls per minute"."""
    return ", ".join(f"{each.calls:,} calls per {each.name}" for each in limits)


@dataclass(frozen=True)
class Allowance:
    """What is left of one limit: calls, and seconds until it starts anew."""

    limit: Limit
    left: int
    resets_in: int


@dataclass(frozen=True)
class Decision:
    """Whether a call may pass, what is left of each limit, and, where it may not, the limit that refused it."""

    allowances: tuple[Allowance, ...]
    refused_by: Allowance | None = None


@dataclass
class _Window:
    ends: float
    used: int = 0
    closed: bool = False


class Limiter:
    """Counts calls per credential."""

    def __init__(self, limits: Sequence[Limit], clock: Callable[[], float], broken: Broken = frozenset()) -> None:
        self._limits = tuple(limits)
        self._clock = clock
        self._shared = SHARED_LIMIT in broken
        self._late = _LATE if SHORT_RETRY_AFTER in broken else 0
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, credential: str) -> Decision:
        """Count one call. A refused call uses up nothing."""
        now = self._clock()
        credential = "" if self._shared else credential
        windows = [(limit, self._window(credential, limit, now)) for limit in self._limits]
        full = [(limit, window) for limit, window in windows if window.used >= limit.calls]
        for _, window in full:
            if not window.closed:
                window.ends = now + max(1, math.ceil(window.ends - now)) + self._late
                window.closed = True
        if not full:
            for _, window in windows:
                window.used += 1
        late = self._late if full else 0
        allowances = tuple(_allowance(limit, window, now + late) for limit, window in windows)
        if not full:
            return Decision(allowances)
        refusing = [each for each in allowances if each.limit in {limit for limit, _ in full}]
        return Decision(allowances, max(refusing, key=lambda each: each.resets_in))

    def _window(self, credential: str, limit: Limit, now: float) -> _Window:
        window = self._windows.get((credential, limit.name))
        if window is None or now >= window.ends:
            window = self._windows[credential, limit.name] = _Window(now + limit.seconds)
        return window


def _allowance(limit: Limit, window: _Window, now: float) -> Allowance:
    return Allowance(limit, limit.calls - window.used, max(1, math.ceil(window.ends - now)))


def enforced(limits: Sequence[Limit], broken: Broken) -> tuple[Limit, ...]:
    """The limits that the server really applies."""
    if LOWER_REAL_LIMIT not in broken:
        return tuple(limits)
    first, *others = limits
    return (Limit(first.name, max(1, first.calls // 2), first.seconds), *others)


def limit_headers(decision: Decision, published: Sequence[Limit], broken: Broken) -> Mapping[str, str]:
    """RateLimit and RateLimit-Policy (IETF draft) for every limit; X-RateLimit-* for the minute, or for the
    limit that refused the call.
    """
    if NO_PUBLISHED_LIMITS in broken:
        return {}
    quota = {each.name: each.calls for each in published}
    shown = {each.limit.name: each for each in decision.allowances}
    if LIMIT_HEADERS_LIE in broken:
        shown = {each.name: Allowance(each, each.calls, each.seconds) for each in published}
    policy = ", ".join(f'"{each.name}";q={each.calls};w={each.seconds}' for each in published)
    state = ", ".join(f'"{name}";r={each.left};t={each.resets_in}' for name, each in shown.items())
    main = shown[(decision.refused_by.limit if decision.refused_by else published[1]).name]
    return {
        "RateLimit-Policy": policy,
        "RateLimit": state,
        "X-RateLimit-Limit": str(quota[main.limit.name]),
        "X-RateLimit-Remaining": str(main.left),
        "X-RateLimit-Reset": str(main.resets_in),
    }
