"""Impossible pages, asked for one by one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cmms_audit.battery import Context, CouldNotLook, Page, documented_range
from cmms_audit.model import Evidence, Exchange

from ..limits._lists import page_size
from ._lists import named, query_parameters
from ._refusals import Outcome, outcome_of_refusal
from ._walks import largest_size

_SURELY_TOO_MANY = 2_001
_TOO_COSTLY = 5_000
_WRONG_WORD = "cmms-audit-wrong"
_BACKWARDS = "9-5"
_NO_RECORDS = ("0", _BACKWARDS)


class Probe(Struct, frozen=True):
    """One impossible page: what was asked for in plain words, the answer, and whether it passed as a good one."""

    asked: str
    exchange: Exchange
    outcome: Outcome

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    def __str__(self) -> str:
        return f"{self.asked}: {self.exchange.status}{' (accepted)' if self.outcome is Outcome.ACCEPTED else ''}"


async def bad_pages(ctx: Context, kind: str, first: Page) -> list[Probe]:
    """Ask for every impossible page that the list has parameters for."""
    path = ctx.resource(kind).path
    probes = []
    for asked, name, value in _nonsense(ctx, kind):
        exchange = await ctx.api.provoke(path, params=[(name, value)])
        probes.append(Probe(asked, exchange, _outcome(ctx, kind, exchange, value, first)))
    size = ctx.api.size_parameter(kind)
    if size:
        probes += await _too_many(ctx, kind, size, first)
    return probes


def _outcome(ctx: Context, kind: str, exchange: Exchange, value: str, first: Page) -> Outcome:
    """An empty page for 0 records is fine, where the list has some to leave out."""
    refusal = outcome_of_refusal(exchange)
    if refusal:
        return refusal
    page = _page(ctx, kind, exchange)
    if page is None:
        return Outcome.UNCLEAR
    if value not in _NO_RECORDS or page.records:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if first.records else Outcome.UNCLEAR


def _nonsense(ctx: Context, kind: str) -> Iterator[tuple[str, str, str]]:
    """What is asked for in words, the parameter, and its impossible value."""
    size = ctx.api.size_parameter(kind)
    if size:
        yield "a page size that is no number", size, _WRONG_WORD
        yield "a page of -1 records", size, "-1"
        yield "a page of 0 records", size, "0"
    paging = ctx.words.paging
    resource = ctx.resource(kind)
    by_range = documented_range(resource, ctx.words)
    if by_range:
        yield f"a {by_range.name} without numbers", by_range.name, _WRONG_WORD
        yield f"a {by_range.name} that ends before it begins", by_range.name, _BACKWARDS
    parameters = query_parameters(resource.list)
    counted = named(parameters, (*paging.page, *paging.offset))
    if counted:
        yield f"{counted[0].name} -1", counted[0].name, "-1"
    markers = named(parameters, paging.cursor)
    if markers and not counted:
        yield "a marker that the vendor never gave", markers[0].name, _WRONG_WORD


async def _too_many(ctx: Context, kind: str, size: str, first: Page) -> list[Probe]:
    """More records than the maximum: refused, or cut as the document announces, is fine; cut in silence is not."""
    largest = largest_size(ctx, kind)
    if largest and largest > _TOO_COSTLY:
        return []
    asked_for = largest + 1 if largest else _SURELY_TOO_MANY
    asked = f"a page of {asked_for} records"
    exchange = await ctx.api.provoke(ctx.resource(kind).path, params=[(size, str(asked_for))])
    refusal, page = outcome_of_refusal(exchange), _page(ctx, kind, exchange)
    if refusal or page is None:
        return [Probe(asked, exchange, refusal or Outcome.UNCLEAR)]
    count = len(page.records)
    if count < asked_for and _holds_everything(page, first):
        return []
    documented = page_size(ctx, ctx.resource(kind))
    as_documented = count == largest and documented is not None and documented.clamps
    cut_unannounced = count < asked_for and not as_documented
    outcome = Outcome.ACCEPTED if cut_unannounced else Outcome.REFUSED
    return [Probe(f"{asked} ({count} came)", exchange, outcome)]


def _holds_everything(page: Page, first: Page) -> bool:
    """Whether there may be no more records than these; unclear where the vendor neither counts nor points on."""
    if page.next is None:
        return True
    return page.total is None and page.next.url is None and len(page.records) <= len(first.records)


def _page(ctx: Context, kind: str, exchange: Exchange) -> Page | None:
    try:
        return ctx.api.read_page(kind, exchange)
    except CouldNotLook:
        return None
