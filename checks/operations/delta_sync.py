"""operations.delta-sync: whether a client can fetch only what changed since a moment, and misses nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Page,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Evidence, Exchange, Reason

from ..data._counted import counted
from ._changes import ABOUT_CHANGES, ChangeFilter, change_feed, change_filter, moment, sorts_by_change, written
from ._lists import described_list, offer, readable_kind
from ._refusals import is_refused
from ._walks import USUAL_SIZE, largest_size
from ._words import prose_about

QUESTION = "operations.delta-sync"

_FOLLOWED = ("work_orders", "assets", "labor")
_PRECISION = timedelta(seconds=1)
_A_DAY = timedelta(days=1)


@check(question=QUESTION, id="operations.delta-documented", aspect="delta", sends="nothing")
def delta_documented(ctx: Context) -> Finding:
    """Looks for a filter by time of change, its border and time zone, and for how deletions are learnt of."""
    resource = described_list(ctx)
    found = change_filter(ctx, resource)
    if found is None:
        feed = change_feed(ctx, resource)
        if feed:
            return partial(f"what changed at {resource.path} can be asked for at {feed.path}", feed)
        if sorts_by_change(ctx, resource):
            return partial(
                f"{resource.path} cannot be filtered by time of change, but it can be sorted by it", resource
            )
        language = offer(ctx, resource).language
        if language and ctx.field(resource.record, "updated"):
            says = f"changes can be fetched from {resource.path} only through its filter language ({language.name})"
            return partial(says, language)
        prose = prose_about(ctx, ABOUT_CHANGES, resource)
        if prose:
            return partial(f"fetching changes from {resource.path} is described in words only", resource, prose[0])
        return ctx.absent(f"the list at {resource.path} has no filter by time of change", resource)
    lacks = [*found.lacks, *_others_without(ctx, resource.kind)]
    since = "the last run by its marker" if found.by_token else "a moment"
    says = f"the list at {resource.path} can be narrowed to changes since {since} ({found.parameter.name})"
    detail = f"“{' '.join(found.parameter.description.split())[:300]}”" if found.parameter.description.strip() else ""
    if lacks:
        return partial(f"{says}, but {'; '.join(lacks)}", found.parameter, detail=detail)
    return met(f"{says}; {found.known}", found.parameter, detail=detail)


def _others_without(ctx: Context, kind: str) -> list[str]:
    """Other lists that are followed for changes and cannot be."""
    others = [each for each in _FOLLOWED if each != kind and ctx.has(each) and ctx.resource(each).list]
    return [f"{each.replace('_', ' ')} cannot" for each in others if change_filter(ctx, ctx.resource(each)) is None]


@check(question=QUESTION, id="operations.delta-works", aspect="delta", sends="reads", exclusive=True)
async def delta_works(ctx: Context) -> Finding:
    """Filters by the time of change of a live record, by tomorrow, and by the same moment of another time zone."""
    kind = readable_kind(ctx)
    found = change_filter(ctx, ctx.resource(kind))
    first = await ctx.first_page(kind)
    moments = sorted(_moments(ctx, first), key=lambda pair: pair[1])
    if found is None or found.by_token or not moments:
        return not_applicable("there is no filter by time of change that could be tried on live records", first)
    value, since = moments[len(moments) // 2]
    known = await _ask(ctx, kind, found, str(value))
    future = await _ask(ctx, kind, found, written(ctx.clock.now() + _A_DAY, value))
    elsewhere = await _ask(ctx, kind, found, written(since, value, elsewhere=True))
    if known.page is None and is_refused(known.exchange):
        says = f"{found.parameter.name} refuses the time of change that records show ({known.exchange.status})"
        return partial(says, known)
    return _judge(ctx, found, _Trial(since, first, known, future, elsewhere))


class _Answer(Struct, frozen=True):
    """What came for one moment; no page where it was refused."""

    exchange: Exchange
    page: Page | None

    @property
    def evidence(self) -> Evidence:
        return self.exchange.evidence

    @property
    def count(self) -> int | None:
        """How many records match, as far as can be told from what is announced or from a single page."""
        if self.page is None:
            return None
        return self.page.total if self.page.total is not None else len(self.page.records)


class _Trial(Struct, frozen=True):
    """The moment that was asked for, the list without it, and the answers: for it, for tomorrow, for it elsewhere."""

    since: datetime
    first: Page
    known: _Answer
    future: _Answer
    elsewhere: _Answer


async def _ask(ctx: Context, kind: str, found: ChangeFilter, value: str) -> _Answer:
    size = ctx.api.size_parameter(kind)
    params = [(found.parameter.name, value)]
    if size:
        params.append((size, str(min(largest_size(ctx, kind) or USUAL_SIZE, USUAL_SIZE))))
    exchange = await ctx.api.get(ctx.resource(kind).path, params=params)
    try:
        return _Answer(exchange, ctx.api.read_page(kind, exchange, params))
    except CouldNotLook:
        return _Answer(exchange, None)


def _moments(ctx: Context, page: Page) -> list[tuple[Any, datetime]]:
    """The times of change of live records, as they are written and as moments."""
    values = [ctx.value(record, "updated") for record in page.records]
    return [(value, when) for value in values if (when := moment(value))]


def _judge(ctx: Context, found: ChangeFilter, trial: _Trial) -> Finding:
    places = (trial.known, trial.future, trial.elsewhere)
    wrong = _wrong(ctx, found, trial)
    name = found.parameter.name
    if wrong:
        return not_met(f"the filter by time of change ({name}) cannot be relied on: {'; '.join(wrong)}", *places)
    silent = [each for each in places if each.page is None and not is_refused(each.exchange)]
    if silent:
        says = f"{name} could not be tried to the end: it was answered with status {silent[0].exchange.status}"
        return unknown(says, *places, reason=Reason.CONNECTIVITY)
    lacks = list(found.lacks)
    if trial.elsewhere.page is None:
        lacks.append("it takes moments in UTC only")
    elif trial.elsewhere.count != trial.known.count:
        lacks.append("the time zone of the given moment is not honoured")
    says = f"{name} was tried on live records: what came had changed since, and nothing has changed tomorrow"
    if lacks:
        return partial(f"{says}; but {'; '.join(lacks)}", *places)
    return met(says, *places)


def _wrong(ctx: Context, found: ChangeFilter, trial: _Trial) -> list[str]:
    page = trial.known.page
    records = page.records if page else ()
    older = [when for _, when in (_moments(ctx, page) if page else []) if when < trial.since - _PRECISION]
    wrong = [f"{len(older)} of {len(records)} records are older than asked for"] if older else []
    if trial.future.page and trial.future.page.records:
        wrong.append("records come for a moment that lies ahead")
    if page and page.next is None and not older:
        wrong += _missing(ctx, found, trial, page)
    return wrong


def _missing(ctx: Context, found: ChangeFilter, trial: _Trial, page: Page) -> list[str]:
    """Records known to have changed since that did not come, where all that match came on one page."""
    came = {str(ctx.value(record, "id")) for record in page.records}
    newer, border = [], []
    for record in trial.first.records:
        when = moment(ctx.value(record, "updated"))
        if when and str(ctx.value(record, "id")) not in came:
            newer += [record] if when > trial.since + _PRECISION else []
            border += [record] if when == trial.since else []
    missing = [f"{counted(len(newer), 'record')} that changed since did not come"] if newer else []
    if border and found.inclusive:
        missing.append("records that changed at that very moment did not come, although they are promised")
    return missing
