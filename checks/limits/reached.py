"""limits.at-limit: what happens when the limit is really reached, in a bounded burst that is sent last and alone."""

from __future__ import annotations

from datetime import datetime

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    ResponseDoc,
    check,
    drift,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Exchange, Reason, Severity

from ..data._counted import counted
from ..errors._shapes import hides_an_error
from . import _burst, _numbers
from ._burst import Burst
from ._waiting import says_it_in_prose, waiting_time

LONGEST_WAIT = 65.0  # seconds; limits by the minute are the usual ones
_BEYOND_BELIEF = 32 * 86_400.0  # seconds; limits by the month are the slowest
JUST_BEFORE = 0.5  # seconds before the end of the waiting time
_ROUNDED = 1.0  # seconds by which a waiting time in whole seconds may be longer or shorter than what is left
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
    if sent.silent:
        return _judge_false_success(sent, sent.silent, after)
    if sent.failure and not sent.served:
        raise sent.failure  # no limit was reached before anything was served
    if sent.failure:
        how = "no answer came in time" if sent.failure.reason is Reason.TIMEOUT else "the connection failed"
        finding = not_met(f"{after} {how}: {sent.failure.summary}", *sent.failure.evidence)
        return finding.clears("silent-throttling")
    if sent.refused is None:
        return _judge_no_refusal(sent)
    if sent.refused.status == 401:
        summary = f"{after} the credential was no longer accepted, so the limit was not reached"
        return unknown(summary, sent.refused, reason=Reason.CREDENTIAL)
    return (await _judge_refusal(ctx, sent, sent.refused)).clears("silent-throttling")


def _judge_false_success(sent: Burst, silent: Exchange, after: str) -> Finding:
    """An answer that says success and brings no records: only one that looks like an empty list is believed."""
    if hides_an_error(silent):
        says = f"{after} the system refuses with an error inside an answer that says success"
        return not_met(says, silent, *sent.last_served)
    if silent.json is None and silent.text.strip():
        says = f"{after} the system answers with success, but with {silent.media_type or 'a text'} and not with records"
        return not_met(says, silent, *sent.last_served)
    summary = f"{after} the system answers as if all were well, but without the records"
    return not_met(summary, silent, *sent.last_served).raises("silent-throttling")


def _judge_no_refusal(sent: Burst) -> Finding:
    did = f"no limit was seen in {counted(sent.served, 'call')} in {sent.seconds:.1f} seconds"
    waited = sent.held_back
    if waited:
        usual, last = waited
        says = (
            f"nothing was refused, but the last calls took {last:.1f} seconds, the first {usual:.1f}: calls are queued"
        )
        finding = partial(f"{says}, which is fine at night and bad for an alarm", *sent.last_served)
        return finding.clears("silent-throttling")
    if not sent.limit:
        return not_applicable(f"{did}; where it lies is not documented", *sent.last_served)
    limit = f"{counted(sent.limit, 'call')} {_numbers.per(sent.window)}"
    if sent.fastest_window <= sent.limit or sent.seconds > _SHORT * sent.window:  # they may lie in two windows
        return not_applicable(f"{did}, which may have been too slow to reach {limit}", *sent.last_served)
    return unknown(f"{did}, although {limit} are documented as the limit", *sent.last_served, reason=Reason.BUDGET)


async def _judge_refusal(ctx: Context, sent: Burst, refused: Exchange) -> Finding:
    wait = waiting_time(ctx, refused)
    after = f"after {counted(sent.served, 'call')} the system refuses with {refused.status}"
    if refused.status != 429:
        judge = not_met if wait is None else partial
        told = "without a waiting time" if wait is None else "with a waiting time"
        like = _MISLEADING.get(refused.status, "which says nothing of a limit")
        return judge(f"{after} {told}, not with 429: {like}", refused)
    if wait is None:
        only = "; it says so in words only, which no program reads" if says_it_in_prose(refused) else ""
        return partial(f"{after}, but not how long to wait{only}", refused)
    seconds = "1 second" if wait.seconds == 1 else f"{wait.seconds:,.10g} seconds"
    told = f"{after} and asks {f'({wait.where}, not in Retry-After) ' if wait.where else ''}to wait for {seconds}"
    if wait.seconds > _BEYOND_BELIEF:
        return partial(f"{told}: more than a month, which cannot be meant", refused)
    if wait.seconds > LONGEST_WAIT:
        return met(f"{told}; that was not waited for", refused)
    try:
        return await _hold_to_promise(ctx, sent, told, wait.seconds, refused)
    except CouldNotLook as why:
        if why.reason is not Reason.BUDGET:
            raise
        return met(f"{told}; there was no time left to try that", refused)


async def _hold_to_promise(ctx: Context, sent: Burst, told: str, wait: float, refused: Exchange) -> Finding:
    """Call just before the waiting time is over, and just after.

    A call that comes too early makes some systems count anew: where its refusal says so, that is waited for, too. A
    time that was rounded down to whole seconds may be one longer.
    """
    left, early = max(0.0, wait - _passed(ctx, refused)), None
    if left > JUST_BEFORE:
        await ctx.clock.sleep(left - JUST_BEFORE)
        early = await _burst.one_more(ctx, sent)
    await ctx.clock.sleep(min(left, JUST_BEFORE))
    again = await _burst.one_more(ctx, sent)
    seen = [refused, *([early] if early else []), again]
    if again.ok and early:
        remark = "it does so already just before" if early.ok else "just before, it still refuses"
        return met(f"{told}, after which it serves again; {remark}", *seen)
    if again.ok:
        return met(f"{told}, after which it serves again", *seen)
    told_again = waiting_time(ctx, again)
    anew = told_again.seconds if told_again else 0.0
    counts_anew = early is not None and _ROUNDED + JUST_BEFORE < anew <= LONGEST_WAIT
    if not counts_anew and wait < _ROUNDED:
        return partial(f"{told}, but still refuses after that (status {again.status})", *seen)
    more = anew if counts_anew else _ROUNDED
    await ctx.clock.sleep(more)
    last = await _burst.one_more(ctx, sent)
    if not last.ok:
        return partial(f"{told}, but still refuses after that (status {last.status})", *seen, last)
    if counts_anew:
        how = f"a call that comes too early has to wait anew, and after {more:g} seconds more it serves again"
        return met(f"{told}; {how}", *seen, last)
    return met(f"{told}; within a second after that it serves again", *seen, last)


def _passed(ctx: Context, refused: Exchange) -> float:
    """The seconds since a refusal came."""
    return (ctx.clock.now() - datetime.fromisoformat(refused.started)).total_seconds() - refused.elapsed


@check(
    question="limits.at-limit",
    id="limits.refusal-as-documented",
    aspect="refusal",
    sends="burst",
    flags=("undocumented-behaviour",),
    timeout=180.0,
)
async def refusal_as_documented(ctx: Context) -> Finding:
    """The refusal at the limit has the status, the waiting time and the body that the specification gives for it."""
    try:
        sent = await _burst.sent(ctx)
    except CouldNotLook as why:
        return not_applicable(why.summary, *why.evidence)
    refused = sent.refused
    if refused is None or refused.status == 401:
        return not_applicable("no call was refused at the limit", *sent.last_served)
    documented = _documented_answers(ctx, sent)
    promised = documented.get(str(refused.status)) or documented.get(f"{refused.status // 100}XX")
    promised = promised or documented.get("DEFAULT")
    if "429" in documented and refused.status != 429 and refused.status < 500:  # 5xx may be a server out of breath
        summary = f"429 is documented as the refusal at the limit, {refused.status} came"
        return not_met(summary, refused, documented["429"]).raises("undocumented-behaviour", Severity.MINOR)
    if promised is None or (promised.schema is None and not promised.headers):
        return not_applicable("the refusal at the limit is not described, so it cannot differ", refused)
    departures = _departures(ctx, promised, refused)
    if departures:
        summary = f"the refusal at the limit is not as documented: {departures[0]}"
        finding = partial(summary, refused, promised, detail="\n".join(departures))
        return finding.raises("undocumented-behaviour", Severity.MINOR)
    return met("the refusal at the limit is as documented", refused, promised)


def _documented_answers(ctx: Context, sent: Burst) -> dict[str, ResponseDoc]:
    """The documented answers of the list that the burst asked for, by status in capitals."""
    lists = (each.list for each in ctx.resources.values() if each.path == sent.path and each.list)
    operation = next(lists, None)
    return {each.status.upper(): each for each in operation.responses} if operation else {}


def _departures(ctx: Context, promised: ResponseDoc, refused: Exchange) -> list[str]:
    """What of a refusal is not as documented, in words."""
    found = []
    if (
        any(name.lower() == "retry-after" for name in promised.headers)
        and ctx.rate_headers(refused).retry_after is None
    ):
        found.append("Retry-After is promised and missing")
    if promised.schema is None:
        return found
    if refused.json is None:
        return [*found, f"JSON is promised, {refused.media_type or 'nothing'} came"]
    return [*found, *(f"{each.field or 'the body'}: {each.says}" for each in drift(promised.schema, refused.json))]


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
