"""Rate limits: the numbers that are published, the counters that enforce them, and the headers that report them.

Windows are fixed and start with a credential's first call. A refusal keeps its window closed for exactly the whole
seconds that Retry-After names, so the number is true to the second.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import JSONResponse, Response

from cmms_audit.sandbox.granary.problems import BrokenOff, Problem
from cmms_audit.sandbox.switch import Broken, Switch

NO_PUBLISHED_LIMITS = Switch(
    "no-published-limits",
    "the limits are enforced, but neither documents nor headers name a number",
    questions=("limits.documented",),
    flags=("no-published-rate-limits",),
)
LIMITS_IN_PART = Switch(
    "limits-in-part",
    "the limits per hour and per day are enforced, but named neither in documents nor in headers",
    questions=("limits.documented",),
)
BARE_429 = Switch(
    "bare-429",
    "a refusal at the limit does not say when to come back, in Retry-After or elsewhere",
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
LIMIT_HEADERS_DIFFER = Switch(
    "limit-headers-differ",
    "the headers name half of the limits that the document promises",
    questions=("limits.documented",),
    flags=("claim-contradicted", "undocumented-behaviour"),
)
EARLY_RESETS = Switch(
    "early-resets",
    "the headers say that each limit starts anew within a second, which is true of the shortest only",
    questions=("limits.documented",),
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
    flags=("undocumented-behaviour",),
)
BAD_REQUEST_AT_LIMIT = Switch(
    "bad-request-at-limit",
    "calls over the limit get 400, as if they were wrong",
    questions=("limits.at-limit",),
    flags=("undocumented-behaviour",),
)
ERROR_IN_SUCCESS_AT_LIMIT = Switch(
    "error-in-success-at-limit",
    "calls over the limit get 200 with an error inside",
    questions=("limits.at-limit",),
    flags=("silent-throttling",),
)
QUEUED_AT_LIMIT = Switch(
    "queued-at-limit",
    "calls over the limit are held back and then served, although the document promises 429",
    questions=("limits.at-limit",),
)
DROPPED_AT_LIMIT = Switch(
    "dropped-at-limit",
    "the connection of calls over the limit is closed before the answer is complete",
    questions=("limits.at-limit",),
)
OTHER_429_BODY = Switch(
    "other-429-body",
    "the refusal at the limit has another body than the document promises",
    questions=("limits.at-limit",),
    flags=("undocumented-behaviour",),
)
SWITCHES = (
    NO_PUBLISHED_LIMITS,
    LIMITS_IN_PART,
    BARE_429,
    NO_429,
    SILENT_THROTTLING,
    LIMIT_HEADERS_LIE,
    LIMIT_HEADERS_DIFFER,
    EARLY_RESETS,
    LOWER_REAL_LIMIT,
    SHARED_LIMIT,
    SHORT_RETRY_AFTER,
    FORBIDDEN_AT_LIMIT,
    BAD_REQUEST_AT_LIMIT,
    ERROR_IN_SUCCESS_AT_LIMIT,
    QUEUED_AT_LIMIT,
    DROPPED_AT_LIMIT,
    OTHER_429_BODY,
)

_WITHOUT_A_WORD = frozenset(
    {BARE_429, NO_429, FORBIDDEN_AT_LIMIT, BAD_REQUEST_AT_LIMIT, SILENT_THROTTLING, ERROR_IN_SUCCESS_AT_LIMIT}
)
"""Where a refusal does not even say in its headers that a limit was reached."""

_HELD_BACK = 2.0  # seconds for which a call waits, where calls are queued
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


def named(limits: Sequence[Limit], broken: Broken) -> tuple[Limit, ...]:
    """Those limits that documents and headers name: all, or those by the second and the minute."""
    return tuple(limits[:2] if LIMITS_IN_PART in broken else limits)


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
    if NO_PUBLISHED_LIMITS in broken or (decision.refused_by and broken & _WITHOUT_A_WORD):
        return {}
    by_name = {each.limit.name: each for each in decision.allowances}
    shown = {limit.name: _shown(by_name[limit.name], limit, broken) for limit in published}
    main = shown[published[1].name]
    if decision.refused_by:
        main = shown.get(decision.refused_by.limit.name, main)
    policy = ", ".join(f'"{name}";q={each.limit.calls};w={each.limit.seconds}' for name, each in shown.items())
    state = ", ".join(f'"{name}";r={each.left};t={each.resets_in}' for name, each in shown.items())
    return {
        "RateLimit-Policy": policy,
        "RateLimit": state,
        "X-RateLimit-Limit": str(main.limit.calls),
        "X-RateLimit-Remaining": str(main.left),
        "X-RateLimit-Reset": str(main.resets_in),
    }


def _shown(allowance: Allowance, limit: Limit, broken: Broken) -> Allowance:
    """What the headers tell of a limit: its published number, and what is left of it."""
    if LIMIT_HEADERS_LIE in broken:
        return Allowance(limit, limit.calls, limit.seconds)
    if LIMIT_HEADERS_DIFFER in broken:
        less = limit.calls // 2
        return Allowance(replace(limit, calls=limit.calls - less), max(0, allowance.left - less), allowance.resets_in)
    if EARLY_RESETS in broken:
        return Allowance(limit, allowance.left, 1)
    return replace(allowance, limit=limit)


async def at_limit(refused_by: Allowance, broken: Broken) -> Response | None:
    """Answer a call over the limit; None where it is served after all. Raises a Problem to refuse it, 429 as a rule."""
    if QUEUED_AT_LIMIT in broken:
        await asyncio.sleep(_HELD_BACK)
        return None
    if DROPPED_AT_LIMIT in broken:
        return BrokenOff()
    if SILENT_THROTTLING in broken:
        return JSONResponse({"items": [], "total": 0, "next": None, "next_cursor": None})
    if ERROR_IN_SUCCESS_AT_LIMIT in broken:
        return JSONResponse({"success": False, "error": {"code": "LIMIT", "message": "too many calls"}})
    wait = {} if BARE_429 in broken else {"Retry-After": str(refused_by.resets_in)}
    if OTHER_429_BODY in broken:
        return JSONResponse({"status": "slow down"}, 429, wait)
    if NO_429 in broken:
        raise Problem("overloaded", "the service is busy")
    if FORBIDDEN_AT_LIMIT in broken:
        raise Problem("insufficient-scope", "not allowed")
    if BAD_REQUEST_AT_LIMIT in broken:
        raise Problem("malformed-request", "the request cannot be handled")
    limit = refused_by.limit
    words = "the limit" if NO_PUBLISHED_LIMITS in broken else f"{limit.calls:,} calls per {limit.name}"
    raise Problem("rate-limited", f"{words} used up", headers=wait)
