"""limits.at-limit: what happens when the limit is really reached, in a bounded burst that is sent last and alone."""

from __future__ import annotations

from cmms_audit.battery import Context, CouldNotLook, Finding, check, met, not_applicable, not_met, partial, unknown
from cmms_audit.model import Exchange, Reason

from ..data._counted import counted
from ..errors._shapes import hides_an_error
from . import _burst, _numbers
from ._burst import Burst

LONGEST_WAIT = 30.0  # seconds
JUST_BEFORE = 0.5  # seconds before the end of the waiting time
_ROUNDED = 1.0  # seconds by which a waiting time in whole seconds may be longer than what is left
_SHORT = 0.1  # of a window: a burst as short as that hardly falls into two of them
_MISLEADING = {
    400: "as if the call were wrong",
    403: "as if a permission were missing",
    404: "as if nothing were there",
    500: "as if the system had failed",
    502: "as if the system were out of order",
    503: "as if the system were out of order",
}


@check(
    question="limits.at-limit",
    id="limits.burst",
    aspect="refusal",
    sends="burst",
    flags=("silent-throttling",),
    timeout=180.0,
)
async def burst(ctx: Context) -> Finding:
    """At the limit, a bounded number of small reads in quick succession is refused with 429 and a true waiting time."""
    sent = await _burst.sent(ctx)
    after = f"after {counted(sent.served, 'call')}"
    if sent.silent and hides_an_error(sent.silent):
        says = f"{after} the system refuses with an error inside an answer that says success"
        return not_met(says, sent.silent, *sent.last_served)
    if sent.silent:
        summary = f"{after} the system answers as if all were well, but without the records"
        return not_met(summary, sent.silent, *sent.last_served).raises("silent-throttling")
    if sent.failure:
        return not_met(f"{after} the connection failed: {sent.failure.summary}", *sent.failure.evidence)
    if sent.refused is None:
        return _judge_no_refusal(sent)
    if sent.refused.status == 401:
        summary = f"{after} the credential was no longer accepted, so the limit was not reached"
        return unknown(summary, sent.refused, reason=Reason.CREDENTIAL)
    return (await _judge_refusal(ctx, sent, sent.refused)).clears("silent-throttling")


def _judge_no_refusal(sent: Burst) -> Finding:
    did = f"no limit was seen in {counted(sent.served, 'call')} in {sent.seconds:.1f} seconds"
    waited = sent.held_back
    if waited:
        usual, last = waited
        says = (
            f"nothing was refused, but the last calls took {last:.1f} seconds, the first {usual:.1f}: calls are queued"
        )
        return partial(f"{says}, which is fine at night and bad for an alarm", *sent.last_served)
    if not sent.limit:
        return not_applicable(f"{did}; where it lies is not documented", *sent.last_served)
    limit = f"{counted(sent.limit, 'call')} {_numbers.per(sent.window)}"
    if sent.fastest_window <= sent.limit or sent.seconds > _SHORT * sent.window:  # they may lie in two windows
        return not_applicable(f"{did}, which may have been too slow to reach {limit}", *sent.last_served)
    return unknown(f"{did}, although {limit} are documented as the limit", *sent.last_served, reason=Reason.BUDGET)


async def _judge_refusal(ctx: Context, sent: Burst, refused: Exchange) -> Finding:
    wait = ctx.rate_headers(refused).retry_after
    after = f"after {counted(sent.served, 'call')} the system refuses with {refused.status}"
    if refused.status != 429:
        judge = not_met if wait is None else partial
        told = "without a waiting time" if wait is None else "with a waiting time"
        like = _MISLEADING.get(refused.status, "which says nothing of a limit")
        return judge(f"{after} {told}, not with 429: {like}", refused)
    if wait is None:
        return partial(f"{after}, but not how long to wait", refused)
    seconds = "1 second" if wait == 1 else f"{wait:g} seconds"
    told = f"{after} and asks to wait for {seconds}"
    if wait > LONGEST_WAIT:
        return met(f"{told}; that was not waited for", refused)
    return await _hold_to_promise(ctx, sent, told, wait, refused)


async def _hold_to_promise(ctx: Context, sent: Burst, told: str, wait: float, refused: Exchange) -> Finding:
    """Call just before the waiting time is over, and just after.

    A call that comes too early makes some systems count anew: where its refusal says so, that is waited for, too.
    """
    early = None
    if wait > JUST_BEFORE:
        await ctx.clock.sleep(wait - JUST_BEFORE)
        early = await _burst.one_more(ctx, sent)
    await ctx.clock.sleep(min(wait, JUST_BEFORE))
    again = await _burst.one_more(ctx, sent)
    seen = [refused, *([early] if early else []), again]
    anew = ctx.rate_headers(again).retry_after or 0.0
    if again.ok and early:
        remark = "it does so already just before" if early.ok else "just before, it still refuses"
        return met(f"{told}, after which it serves again; {remark}", *seen)
    if again.ok:
        return met(f"{told}, after which it serves again", *seen)
    if early and not early.ok and JUST_BEFORE + _ROUNDED < anew <= LONGEST_WAIT:
        await ctx.clock.sleep(anew)
        last = await _burst.one_more(ctx, sent)
        if last.ok:
            says = (
                f"{told}; a call that comes too early has to wait anew, and after {anew:g} seconds more it serves again"
            )
            return met(says, *seen, last)
        seen.append(last)
    return partial(f"{told}, but still refuses after that (status {seen[-1].status})", *seen)


@check(question="limits.at-limit", id="limits.others-unaffected", aspect="refusal", sends="burst", timeout=180.0)
async def others_unaffected(ctx: Context) -> Finding:
    """While one credential is at its limit, a call with another one is served."""
    try:
        sent = await _burst.sent(ctx)
    except CouldNotLook as why:
        return not_applicable(why.summary, *why.evidence)
    at_limit, other = sent.refused or sent.silent, sent.other
    if at_limit is None or at_limit.status == 401:
        return not_applicable("no limit was reached, so nobody else can have felt it", *sent.last_served)
    if other is None:
        return not_applicable("there is no second credential to try while the first one is at its limit", at_limit)
    plain = sent.other_role.replace("_", " ")
    if sent.other_served:
        return met(f"while one credential is at its limit, the one called {plain} is served", other, at_limit)
    if other.status in (401, 403) and other.status != at_limit.status:
        return not_applicable(f"the credential called {plain} may not read this list, so it shows nothing", other)
    if sent.other_role == "rotated":
        says = "both credentials of the integration share one limit; whether others are affected is not seen"
        return not_applicable(says, other, at_limit)
    says = f"while one credential is at its limit, the one called {plain} is refused too ({other.status})"
    return partial(f"{says}: one busy integration stops the others", other, at_limit)
