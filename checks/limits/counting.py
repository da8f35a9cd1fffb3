"""limits.documented: whether the number of calls left that live answers report can be relied on, call by call."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cmms_audit.battery import Context, Finding, RateFacts, RatePolicy, check, met, not_applicable, partial
from cmms_audit.model import Exchange

from ..data._counted import counted
from . import _lists, _numbers

READS_IN_A_ROW = 3
LONGEST_WAIT = 10.0  # seconds until a limit starts anew
_MARGIN = 0.25  # seconds by which the two clocks may differ
_SLOW = 30.0  # seconds; a limit that starts anew sooner may do so between two reads
_SURELY_DEARER = 5  # calls; a smaller difference may be what others sent meanwhile
_DEAREST = 100  # calls; what goes down by more with one call is no number of calls
_LATER_THAN_WINDOW = 1.1


class Counter(Struct, frozen=True):
    """One limit as the answers of a few reads reported it, in their order."""

    seen: tuple[RatePolicy, ...]

    @property
    def name(self) -> str:
        """What to call the limit: "the limit a minute"."""
        window = self.last.window_seconds
        return f"the limit {_numbers.per(round(window))}" if window and window >= 1 else "the limit"

    @property
    def left(self) -> list[float]:
        """The calls left, answer by answer."""
        return [each.remaining for each in self.seen if each.remaining is not None]

    @property
    def last(self) -> RatePolicy:
        """The limit as reported at last."""
        return self.seen[-1]

    @property
    def steps(self) -> list[float]:
        """By how much each call lowered what is left."""
        return [before - after for before, after in zip(self.left, self.left[1:], strict=False)]

    @property
    def counts_calls(self) -> bool:
        """Whether it may be calls that are counted, and not time, points or bytes."""
        return self.last.counts_calls and all(step <= _DEAREST for step in self.steps)


@check(question="limits.documented", id="limits.calls-counted", aspect="counter", sends="reads", exclusive=True)
async def calls_counted(ctx: Context) -> Finding:
    """The calls left that live answers report go down by one with each call, and start anew when they say so."""
    resource = await _lists.readable(ctx)
    first = (await ctx.first_page(resource.kind)).exchange
    if not any(each.remaining is not None for each in ctx.rate_headers(first).policies):
        return not_applicable("live answers do not say how many calls are left", first)
    answers = [await ctx.api.get(resource.path) for _ in range(READS_IN_A_ROW)]
    counters = _counters([ctx.rate_headers(answer) for answer in answers])
    if not counters:
        return not_applicable("live answers do not keep saying how many calls are left", *answers)
    counters = tuple(each for each in counters if each.counts_calls)
    if not counters:
        summary = "what live answers count is no number of calls, but perhaps the time that they take to compute"
        return not_applicable(summary, *answers)
    if _never_count((*counters, *_counters([ctx.rate_headers(first)]))):
        summary = f"in {len(answers)} reads in a row the number of calls left stood at the full limit each time"
        late = "it is brought up to date late, or never: do not rely on it to slow down in time"
        return partial(f"{summary}; {late}", first, *answers)
    wrong = [fault for each in counters for fault in _faults(each)]
    if wrong:
        return partial(wrong[0], *answers, detail="\n".join(wrong))
    if not any(step > 0 for each in counters for step in each.steps):
        summary = f"in {len(answers)} reads in a row the number of calls left was not seen to go down"
        return not_applicable(f"{summary}; it may be brought up to date late", *answers)
    return await _see_reset(ctx, resource.path, answers, counters)


def _counters(facts: Sequence[RateFacts]) -> tuple[Counter, ...]:
    """The limits that every one of these answers reports on."""
    seen = [{_key(each): each for each in one.policies if each.remaining is not None} for one in facts]
    return tuple(Counter(tuple(one[key] for one in seen)) for key in seen[0] if all(key in one for one in seen))


def _key(policy: RatePolicy) -> tuple[str, float | None]:
    """What tells a limit from the others of the same answer."""
    return policy.name, policy.window_seconds


def _never_count(counters: Sequence[Counter]) -> bool:
    """Whether every slow limit is reported untouched, full, by each of the answers."""
    slow = [each for each in counters if (each.last.window_seconds or each.last.reset_seconds or 0.0) >= _SLOW]
    return bool(slow) and all(one.remaining == one.limit for each in slow for one in each.seen)


def _faults(counter: Counter) -> list[str]:
    """What cannot be right in the numbers of one limit, in words."""
    last, faults = counter.last, []
    if last.limit is not None and last.remaining is not None and last.remaining > last.limit:
        left, limit = counted(round(last.remaining), "call"), f"{last.limit:,.10g}"
        faults.append(f"of {counter.name} ({limit}), {left} are reported as left")
    window, reset = last.window_seconds, last.reset_seconds
    if window and reset and reset > _LATER_THAN_WINDOW * window + 1:
        faults.append(f"{counter.name} is said to start anew only in {reset:,.0f} seconds")
    step = min(counter.steps, default=0.0)
    if step >= _SURELY_DEARER and len(set(counter.steps)) == 1:
        faults.append(f"one read counts as {step:,.10g} calls against {counter.name}, so it allows for that many fewer")
    return faults


async def _see_reset(ctx: Context, path: str, answers: list[Exchange], counters: Sequence[Counter]) -> Finding:
    """Wait until the limits that start anew soon have done so, and read once more."""
    how = f"the number of calls left goes down with each call{_by_more_than_one(counters)}"
    soon = [each for each in counters if each.last.reset_seconds and each.last.reset_seconds <= LONGEST_WAIT]
    if not soon:
        told = any(each.last.reset_seconds is not None for each in counters)
        says = "when it starts anew was not waited for" if told else "when it starts anew is not said"
        return met(f"{how}; {says}", *answers)
    await ctx.clock.sleep(max(each.last.reset_seconds or 0.0 for each in soon) + _MARGIN)
    again = await ctx.api.get(path)
    after = {_key(each): each for each in ctx.rate_headers(again).policies}
    late = [each for each in soon if _goes_on(each.last, after.get(_key(each.last)))]
    if late:
        seconds = counted(round(late[0].last.reset_seconds or 0), "second")
        summary = f"{late[0].name} is said to start anew in {seconds}, but its count goes on after that"
        return partial(summary, answers[-1], again)
    return met(f"{how}, and starts anew when the answers say so", *answers, again)


def _goes_on(before: RatePolicy, after: RatePolicy | None) -> bool:
    """Whether a call after the reset was counted on from before it: it alone is missing."""
    return after is not None and before.remaining is not None and after.remaining == before.remaining - 1


def _by_more_than_one(counters: Sequence[Counter]) -> str:
    """What is odd about the counting, and need not be a fault; empty where nothing is."""
    if not any(step > 1 for each in counters for step in each.steps):
        return ""
    return ", by more than one: other calls count against the same limit, or a call counts for more than one"
