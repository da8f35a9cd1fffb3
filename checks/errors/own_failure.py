"""errors.monitoring: whether a call of our own that failed shows up where the vendor says that failures can be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence

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

from ._shapes import correlation_id
from .monitoring import FAILURES, figures_of, list_of_failures

WAIT_SECONDS = 8.0
PAUSE_SECONDS = 2.0
# Lists of failed imports, messages and the like need not have a call that only reads.
_OF_CALLS = pattern(r"calls?\b|requests?\b|/(?:api|usage|statistics|stats)\b", re.IGNORECASE)
_ID_PARAMETER = pattern(r"^x?(?:request|correlation|trace)(?:id|identifier)$")


class _Place(Struct, frozen=True):
    """Where failures can be seen: a list of them, or figures in which they are counted."""

    path: str
    listing: Operation | None = None


@check(question="errors.monitoring", id="errors.own-failure-shown", aspect="usage", sends="reads", exclusive=True)
async def own_failure_shown(ctx: Context) -> Finding:
    """A call of our own that fails turns up within a short wait in the list of failures, or in their number."""
    place = _place(ctx)
    if place is None:
        return not_applicable("no address shows failed calls, so there is nowhere to look for one of ours")
    before = await ctx.api.get(place.path)
    if not before.ok or before.json is None:
        return _judge_unreadable(place, before)
    own_id = f"audit-{ctx.random.getrandbits(64):016x}"
    failed = await _fail(ctx, own_id)
    ids = tuple(dict.fromkeys(each for each in (correlation_id(failed), own_id) if each))
    waited = 0.0
    while True:
        shown = await _shown(ctx, place, before, ids)
        if shown is not None:
            where = "is listed" if place.listing else "is counted"
            return met(f"a call of ours that failed ({failed.status}) {where} at {place.path}", shown, failed)
        if waited >= WAIT_SECONDS:
            says = f"a call of ours that failed ({failed.status}) did not turn up at {place.path}"
            return partial(f"{says} within {WAIT_SECONDS:g} seconds; it may come later", failed, before)
        await ctx.clock.sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def _place(ctx: Context) -> _Place | None:
    listing = list_of_failures(ctx) if ctx.has_spec else None
    if listing and "{" not in listing.path and _OF_CALLS.search(listing.path):
        return _Place(listing.path, listing)
    usage = ctx.resources.get("usage")
    return _Place(usage.path) if usage and "{" not in usage.path else None


def _judge_unreadable(place: _Place, answer: Exchange) -> Finding:
    if answer.status in (401, 403):
        says = f"failures can be seen at {place.path}, but the credential of this audit may not read it"
        return partial(says, answer)
    says = f"what is described at {place.path} could not be read (status {answer.status})"
    return unknown(says, answer, reason=Reason.CONNECTIVITY if answer.status >= 429 else Reason.VENDOR_SILENT)


async def _fail(ctx: Context, own_id: str) -> Exchange:
    """A call for a record that does not exist. Raises CouldNotLook where it does not fail."""
    failed = await ctx.api.provoke(f"{ctx.resource('work_orders').path}/{own_id}", headers={"X-Request-Id": own_id})
    if not 400 <= failed.status < 500 or failed.status in (401, 403, 429):
        says = f"a call that should have failed was answered with {failed.status}"
        raise CouldNotLook(Reason.VENDOR_SILENT, says, failed)
    return failed


async def _shown(ctx: Context, place: _Place, before: Exchange, ids: Sequence[str]) -> Exchange | None:
    """The answer in which the failed call is seen; None where it is not. An answer that is no success shows nothing."""
    now = await ctx.api.get(place.path, params=_narrowed(place.listing, ids))
    if not now.ok:
        return None
    if place.listing:
        return now if any(each in now.text for each in ids) else None
    return now if _failures(now) > _failures(before) else None


def _narrowed(listing: Operation | None, ids: Sequence[str]) -> list[tuple[str, str]]:
    """The parameter that searches the list by the number of a call; none where it has none."""
    offered = [each.name for each in listing.parameters if each.where == "query"] if listing else []
    name = next((each for each in offered if _ID_PARAMETER.match(squeezed(each))), None)
    return [(name, ids[0])] if name else []


def _failures(answer: Exchange) -> float:
    return sum(number for name, number in figures_of(answer.json) if FAILURES.search(name) and "rate" not in name)
