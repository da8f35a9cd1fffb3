"""errors.monitoring: whether a call of our own that failed shows up where the vendor says that failures can be seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Operation,
    check,
    met,
    not_applicable,
    partial,
    pattern,
    squeezed,
    unknown,
)
from cmms_audit.model import Exchange, Reason

from ._entries import CLOCKS_MAY_DIFFER, OwnCall, entry_of, shortcomings
from ._provoked import by_importance
from ._shapes import correlation_id
from .monitoring import FAILURES, figures_of, list_of_failures

WAIT_SECONDS = 8.0
PAUSE_SECONDS = 2.0
# Lists of failed imports, messages and the like need not have a call that only reads.
_OF_CALLS = pattern(r"(?i)calls?\b|requests?\b|/(?:api|usage|statistics|stats)\b")
_ID_PARAMETER = pattern(r"^x?(?:request|correlation|trace)(?:id|identifier)$")
_SINCE_PARAMETER = pattern(r"(?:since|after|from|start|gte)(?:time|date|at)?$")
_NO_FAILURE = (Reason.VENDOR_SILENT, Reason.RESOURCE_NOT_FOUND, Reason.CONNECTIVITY, Reason.TIMEOUT)
_NOWHERE = "no address shows failed calls, so there is nowhere to look for one of ours"


class _Place(Struct, frozen=True):
    """Where failures can be seen: a list of them, or figures in which they are counted."""

    path: str
    listing: Operation | None = None


@check(question="errors.monitoring", id="errors.own-failure-shown", aspect="usage", sends="reads", exclusive=True)
async def own_failure_shown(ctx: Context) -> Finding:
    """A call of our own that fails turns up within a short wait in the list of failures, or in their number."""
    place = _place(ctx)
    if place is None:
        return not_applicable(_NOWHERE)
    before = await _before(ctx, place)
    if before and not _is_readable(before):
        return _judge_unreadable(place, before)
    return await _looked_for(ctx, place, await _fail(ctx), before, "a call of ours that failed")


@check(question="errors.monitoring", id="errors.own-failed-write-shown", aspect="usage", sends="writes", exclusive=True)
async def own_failed_write_shown(ctx: Context) -> Finding:
    """A create of ours that cannot be read, and so fails, turns up where failures can be seen as well."""
    place = _place(ctx)
    if place is None:
        return not_applicable(_NOWHERE)
    before = await _before(ctx, place)
    if before and not _is_readable(before):
        return _judge_unreadable(place, before)
    failed = await _fail_to_write(ctx)
    if failed is None:
        return not_applicable("no create of ours could be made to fail, so there is no failed write to look for")
    return await _looked_for(ctx, place, failed, before, "a write of ours that failed")


def _place(ctx: Context) -> _Place | None:
    listing = list_of_failures(ctx) if ctx.has_spec else None
    if listing and "{" not in listing.path and _OF_CALLS.search(listing.path):
        return _Place(listing.path, listing)
    usage = ctx.resources.get("usage")
    return _Place(usage.path) if usage and "{" not in usage.path else None


async def _before(ctx: Context, place: _Place) -> Exchange | None:
    """The figures before anything failed; None for a list, in which our call can be told from others."""
    return None if place.listing else await ctx.api.get(place.path)


def _is_readable(answer: Exchange) -> bool:
    return answer.ok and answer.json is not None


def _judge_unreadable(place: _Place, answer: Exchange) -> Finding:
    if answer.status in (401, 403):
        says = f"failures can be seen at {place.path}, but the credential of this audit may not read it"
        return partial(says, answer)
    says = f"what is described at {place.path} could not be read (status {answer.status})"
    return unknown(says, answer, reason=Reason.CONNECTIVITY if answer.status >= 429 else Reason.VENDOR_SILENT)


async def _fail(ctx: Context) -> OwnCall:
    """A call for a record that does not exist. Raises CouldNotLook where it does not fail."""
    own_id = f"audit-{ctx.random.getrandbits(64):016x}"
    failed = await ctx.api.provoke(f"{ctx.resource('work_orders').path}/{own_id}", headers={"X-Request-Id": own_id})
    if not 400 <= failed.status < 500 or failed.status in (401, 403, 429):
        says = f"a call that should have failed was answered with {failed.status}"
        raise CouldNotLook(Reason.VENDOR_SILENT, says, failed)
    return _own(failed, own_id)


async def _fail_to_write(ctx: Context) -> OwnCall | None:
    """A create whose JSON breaks off; None where none can be made up, or it is not answered with a failure."""
    creatable = (kind for kind in by_importance(ctx) if (made := ctx.resources[kind]).create and "{" not in made.path)
    kind = next(creatable, None)
    if kind is None:
        return None
    async with ctx.own.tidied() as own:
        try:
            draft = await own.draft(kind)
            failed = (await own.send_spoilt(draft, json.dumps(draft.body)[:-1].encode())).exchange
        except CouldNotLook as why:
            if why.reason in _NO_FAILURE:
                return None
            raise
    return _own(failed, draft.marker) if failed.status >= 400 and failed.status != 429 else None


def _own(failed: Exchange, own_id: str) -> OwnCall:
    given = correlation_id(failed)
    return OwnCall(failed, (given, own_id) if given and given != own_id else (own_id,))


async def _looked_for(ctx: Context, place: _Place, failed: OwnCall, before: Exchange | None, what: str) -> Finding:
    """Look for the failed call until it is seen, but not for long."""
    what = f"{what} ({failed.exchange.status})"
    waited = 0.0
    while True:
        now = await ctx.api.get(place.path, params=_narrowed(place.listing, failed))
        if before is None and waited == 0 and not _is_readable(now):
            return _judge_unreadable(place, now)
        finding = _judge_answer(place, failed, before, now, what) if _is_readable(now) else None
        if finding:
            return finding
        if waited >= WAIT_SECONDS:
            where = f"on the first page of {place.path}" if place.listing else f"at {place.path}"
            says = f"{what} did not turn up {where} within {WAIT_SECONDS:g} seconds"
            return partial(f"{says}; it may come later", failed.exchange, now)
        await ctx.clock.sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def _judge_answer(place: _Place, failed: OwnCall, before: Exchange | None, now: Exchange, what: str) -> Finding | None:
    """What is to be said where the failed call is seen; None where it is not."""
    if before is not None:
        counted = _failures(now) > _failures(before)
        return met(f"{what} is counted at {place.path}", now, failed.exchange) if counted else None
    entry = entry_of(failed, now.json)
    if entry is None:
        return None
    lacks = shortcomings(entry, failed)
    if lacks:
        says = f"{what} is listed at {place.path}, but its entry does not tell {' or '.join(lacks)}"
        return partial(says, now, failed.exchange)
    return met(f"{what} is listed at {place.path}, with its time and its caller", now, failed.exchange)


def _narrowed(listing: Operation | None, failed: OwnCall) -> list[tuple[str, str]]:
    """The parameter that searches the list by the number that the call was given, or else by its time."""
    offered = [each.name for each in listing.parameters if each.where == "query"] if listing else []
    by_id = next((each for each in offered if _ID_PARAMETER.match(squeezed(each))), None)
    if by_id and len(failed.ids) > 1:
        return [(by_id, failed.ids[0])]
    since = next((each for each in offered if _SINCE_PARAMETER.search(squeezed(each))), None)
    earliest = datetime.fromisoformat(failed.exchange.started).astimezone(UTC) - CLOCKS_MAY_DIFFER
    return [(since, earliest.strftime("%Y-%m-%dT%H:%M:%SZ"))] if since else []


def _failures(answer: Exchange) -> float:
    figures = figures_of(answer.json)
    return sum(number for name, number in figures if FAILURES.search(name) and "rate" not in name.lower())
