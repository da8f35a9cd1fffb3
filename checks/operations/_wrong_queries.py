"""Filters that cannot be meant: unknown names and impossible values."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cmms_audit.battery import Context, CouldNotLook, Page
from cmms_audit.model import Evidence, Exchange

from ._lists import offer
from ._refusals import Outcome, outcome_of_refusal

_UNKNOWN_NAME = "cmms_audit_no_such_field"
_WRONG_WORD = "cmms-audit-wrong"


class WrongQuery(Struct, frozen=True):
    """One wrong filter in words, its answer, and its outcome: accepted means that it was ignored, and records came."""

    asked: str
    exchange: Exchange
    outcome: Outcome

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    def __str__(self) -> str:
        return f"{self.asked}: {self.exchange.status}{' (ignored)' if self.outcome is Outcome.ACCEPTED else ''}"


async def wrong_queries(ctx: Context, kind: str, first: Page) -> list[WrongQuery]:
    """Ask every wrong question that the list has parameters for."""
    path = ctx.resource(kind).path
    return [
        WrongQuery(asked, exchange, _outcome(ctx, kind, exchange, first))
        for asked, name, value in _wrong(ctx, kind)
        for exchange in [await ctx.api.provoke(path, params=[(name, value)])]
    ]


def _wrong(ctx: Context, kind: str) -> Iterator[tuple[str, str, str]]:
    """What is asked in words, the parameter, and its value."""
    offered = offer(ctx, ctx.resource(kind))
    yield "a filter by a field that does not exist", _UNKNOWN_NAME, _WRONG_WORD
    status = offered.by_concept.get("status") or offered.by_concept.get("priority")
    if status:
        yield f"an impossible value for {status.name}", status.name, _WRONG_WORD
    if offered.by_date:
        yield f"a word in place of a date for {offered.by_date[0].name}", offered.by_date[0].name, _WRONG_WORD
    if offered.sort:
        yield "sorting by a field that does not exist", offered.sort[0].name, _UNKNOWN_NAME


def _outcome(ctx: Context, kind: str, exchange: Exchange, first: Page) -> Outcome:
    """A list without records is as good as a refusal, where the list without the filter has some."""
    refusal = outcome_of_refusal(exchange)
    if refusal:
        return refusal
    try:
        page = ctx.api.read_page(kind, exchange)
    except CouldNotLook:
        return Outcome.UNCLEAR
    if not first.records:
        return Outcome.UNCLEAR
    return Outcome.ACCEPTED if page.records else Outcome.REFUSED
