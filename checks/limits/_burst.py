"""A bounded number of small reads in quick succession, until the first refusal. Sent once in a run.

Against a limit of a few seconds it is sent once more where it nearly reached it: a machine that was busy with other
things for a moment would else leave the question open.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from statistics import median

from msgspec import Struct, field

from cmms_audit.battery import Api, Context, CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason

from . import _lists, _numbers

AFTERWARDS = 4  # calls that are kept back for after the refusal
OTHERS = ("read_only", "rotated")  # credentials that may be another integration's; the likelier one first
QUIET_BEFORE = 5.0  # seconds; a window up to this long is let run out first, so that it is counted from nothing
_NEARLY = 0.5  # of the limit
_BEYOND = 1.1  # of the documented limit, and no call more
_HELD_BACK = 1.0  # seconds; and so many times as long as usual
_TIMES_AS_LONG = 4
_LEAST_COMPARED = 12
_LEAST_LATE = 3


class Burst(Struct):
    """What a burst brought.

    `brought` are those `answers` that brought what was asked for, `refused` is the first that is no success, `silent`
    the first success without the records; `other` is what another credential (`other_role`) was answered right after,
    and `other_served` whether it got its records. `limit` calls in `window` seconds are the documented limit that it
    was sent against, both 0 where none is documented; `allowed` is how many of them were left when it began, None
    where nobody can tell.
    """

    path: str
    params: tuple[tuple[str, str], ...]
    limit: int
    window: int
    allowed: int | None = None
    answers: list[Exchange] = field(default_factory=list)
    brought: list[Exchange] = field(default_factory=list)
    refused: Exchange | None = None
    silent: Exchange | None = None
    failure: CouldNotLook | None = None
    other: Exchange | None = None
    other_role: str = ""
    other_served: bool = False

    @property
    def served(self) -> int:
        """How many calls were served."""
        return len(self.brought)

    @property
    def seconds(self) -> float:
        """How long the burst took, from the first call to the last."""
        moments = [_moment(answer) for answer in self.answers]
        return max(moments) - min(moments) if moments else 0.0

    @property
    def fastest_window(self) -> int:
        """The most calls that began within one window of the limit."""
        moments = sorted(_moment(answer) for answer in self.answers)
        return max((bisect_left(moments, moment + self.window) - i for i, moment in enumerate(moments)), default=0)

    @property
    def held_back(self) -> tuple[float, float] | None:
        """The seconds that calls took at first and at last, where the last ones had to wait; None where none did."""
        served = [answer.elapsed for answer in sorted(self.brought, key=_moment)]
        if len(served) < _LEAST_COMPARED:
            return None
        half = len(served) // 2
        usual = median(served[:half])
        late = [each for each in served[half:] if each >= max(_HELD_BACK, _TIMES_AS_LONG * usual)]
        return (usual, median(late)) if len(late) >= _LEAST_LATE else None

    @property
    def last_served(self) -> Sequence[Exchange]:
        """The last call that was served, as a sequence of one or none."""
        return self.brought[-1:]


def _moment(answer: Exchange) -> float:
    return datetime.fromisoformat(answer.started).timestamp()


async def sent(ctx: Context) -> Burst:
    """The burst of this run. Raises CouldNotLook (budget) where the documented limit lies above what it may send."""
    return await ctx.shared("burst", lambda api: _send(ctx, api))


async def one_more(ctx: Context, burst: Burst) -> Exchange:
    """One more call of the same kind."""
    return await ctx.api.get(burst.path, params=burst.params, purpose=Purpose.BURST)


async def _send(ctx: Context, api: Api) -> Burst:
    resource = await _lists.readable(ctx)
    size = _lists.page_size(ctx, resource)
    params = size.asking(1) if size else ()
    before = await api.get(resource.path, params=params)
    has_records = bool(api.read_page(resource.kind, before).records)
    window, limit = _limit_within_reach(ctx, before)
    burst = Burst(resource.path, params, limit, window, _allowed(ctx, before, limit, window))
    await _fire(ctx, api, burst, resource.kind, has_records)
    if _nearly_reached(burst) and 2 * _calls(ctx, limit) + AFTERWARDS <= ctx.vendor.burst_requests:
        burst.answers.clear()
        burst.brought.clear()
        await _fire(ctx, api, burst, resource.kind, has_records)
    if burst.refused or burst.silent:
        await _ask_as_another(api, burst, resource.kind)
    return burst


async def _fire(ctx: Context, api: Api, burst: Burst, kind: str, has_records: bool) -> None:
    """Send the calls of a burst, into a window of its own where that is short, and sort the answers."""
    if burst.window <= QUIET_BEFORE:
        await ctx.clock.sleep(burst.window)
    volley = await api.burst(
        burst.path,
        params=burst.params,
        calls=_calls(ctx, burst.limit),
        over=lambda answer: not answer.ok or (has_records and not _has_records(api, kind, answer)),
    )
    for answer in volley.answers:
        _sort(burst, api, kind, answer, has_records)
    if volley.failure and volley.failure.reason in (Reason.CONNECTIVITY, Reason.TIMEOUT):
        burst.failure = volley.failure


def _nearly_reached(burst: Burst) -> bool:
    """Whether nothing was refused or held back, though nearly as many calls as allowed fell into a short window."""
    ended = burst.refused or burst.silent or burst.failure or burst.held_back
    return not ended and 0 < burst.window <= QUIET_BEFORE and burst.fastest_window > _NEARLY * burst.limit


def _calls(ctx: Context, limit: int) -> int:
    """How many calls are sent at most: a tenth more than the documented limit, within what a burst may send."""
    most = ctx.vendor.burst_requests - AFTERWARDS
    return min(most, max(limit + 1, math.floor(limit * _BEYOND))) if limit else most


async def _ask_as_another(api: Api, burst: Burst, kind: str) -> None:
    """The same call with another credential, while the first one is at its limit."""
    role = next((each for each in OTHERS if each in api.roles), "")
    if not role:
        return
    try:
        burst.other = await api.get(burst.path, params=burst.params, credential=role, purpose=Purpose.BURST)
        burst.other_role = role
        burst.other_served = burst.other.ok and (burst.silent is None or _has_records(api, kind, burst.other))
    except CouldNotLook:
        return  # a credential that cannot be used tells nothing


def _sort(burst: Burst, api: Api, kind: str, answer: Exchange, has_records: bool) -> None:
    burst.answers.append(answer)
    if not answer.ok:
        burst.refused = burst.refused or answer
    elif has_records and not _has_records(api, kind, answer):
        burst.silent = burst.silent or answer
    else:
        burst.brought.append(answer)


def _has_records(api: Api, kind: str, answer: Exchange) -> bool:
    try:
        return bool(api.read_page(kind, answer).records)
    except CouldNotLook:
        return False


def _limit_within_reach(ctx: Context, before: Exchange) -> tuple[int, int]:
    """The documented limit that the fewest calls reach: its window in seconds, and its number of calls; 0 for none."""
    documented = _numbers.by_window(_numbers.general_limits(ctx)) or _numbers.header_windows(ctx.rate_headers(before))
    if not documented:
        return 0, 0
    window, limit = min(documented.items(), key=lambda item: item[1])
    if limit >= ctx.vendor.burst_requests - AFTERWARDS:
        words = _numbers.in_words({window: limit})
        says = f"not sent: the limit of {words} lies above what a burst of {ctx.vendor.burst_requests} calls can reach"
        raise CouldNotLook(Reason.BUDGET, says, before)
    return window, limit


def _allowed(ctx: Context, before: Exchange, limit: int, window: int) -> int | None:
    """How many calls are left: all where the window runs out first, else what the headers say.

    None where another limit may be reached first.
    """
    if not window:
        return None
    if window <= QUIET_BEFORE:
        return limit
    policies = ctx.rate_headers(before).policies
    left = [each.remaining for each in policies if each.window_seconds == window and each.remaining is not None]
    others = [each.remaining for each in policies if each.window_seconds != window and each.remaining is not None]
    return int(left[0]) if left and left[0] <= min(others, default=left[0]) else None
