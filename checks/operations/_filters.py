"""Tries filters, sorting and the choice of fields on a live list; each trial is judged by what comes back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Context, Page, Parameter, pattern
from cmms_audit.model import Evidence, Exchange

from ._lists import Offer

_MOST_SINGLE = 2
_SORTED_CONCEPTS = ("updated", "created", "due", "priority", "id")
_MINUS_MEANS_DOWN = pattern(r"\bminus\b|\bprefix|descend|[\"'`]-|\(-\)", re.IGNORECASE)
_ISO_MOMENT = pattern(r"\d{4}-\d\d-\d\d")
_SURE_SELECTS = ("fields", "select", "$select")


class Trial(Struct, frozen=True):
    """One trial in words, its answer, and whether the records that came fit; None where nobody can tell."""

    asked: str
    exchange: Exchange
    works: bool | None
    says: str

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    def __str__(self) -> str:
        return f"{self.asked}: {self.says}"


class _Wanted(Struct, frozen=True):
    """A filter to try: its parameter, the concept, a value of live records, and whether all of them have it."""

    parameter: Parameter
    concept: str
    value: str
    shared_by_all: bool

    @property
    def surely_valid(self) -> bool:
        """Whether the document lists the value, so that an empty answer cannot be its fault."""
        schema = self.parameter.schema.items or self.parameter.schema
        return self.value in {str(each) for each in schema.enum or ()}


async def tried_filters(ctx: Context, kind: str, first: Page, offered: Offer) -> list[Trial]:
    """Filter by up to two fields one by one, then by both together."""
    wanted = _wanted(ctx, first, offered)[:_MOST_SINGLE]
    trials = [await _filtered(ctx, kind, first, [each]) for each in wanted]
    if len(wanted) == _MOST_SINGLE and all(trial.works for trial in trials):
        trials.append(await _filtered(ctx, kind, first, wanted))
    return trials


def _wanted(ctx: Context, first: Page, offered: Offer) -> list[_Wanted]:
    """Filters whose effect would show: those by a rare value of live records come first."""
    found = []
    for concept, parameter in offered.by_concept.items():
        values = Counter(value for record in first.records if (value := plain_value(ctx.value(record, concept))))
        if values:
            rarest = min(values, key=lambda each: (values[each], each))
            found.append(_Wanted(parameter, concept, rarest, shared_by_all=len(values) == 1))
    return sorted(found, key=lambda each: each.shared_by_all)


async def _filtered(ctx: Context, kind: str, first: Page, wanted: Sequence[_Wanted]) -> Trial:
    params = [(each.parameter.name, each.value) for each in wanted]
    asked = " and ".join(f"{name} = {value}" for name, value in params)
    exchange = await ctx.api.get(ctx.resource(kind).path, params=params)
    if not exchange.ok:
        return Trial(asked, exchange, None, f"refused with {exchange.status}")
    page = ctx.api.read_page(kind, exchange, params)
    values = [(each.value, plain_value(ctx.value(record, each.concept))) for record in page.records for each in wanted]
    told = [(right, value) for right, value in values if value is not None]
    strange = [value for right, value in told if value != right]
    if strange:
        return Trial(asked, exchange, False, f"{len(strange)} of {len(told)} values that came do not fit")
    if not page.records:
        sure = len(wanted) == 1 and wanted[0].surely_valid
        return Trial(asked, exchange, False if sure else None, "no record came, although one has this value")
    narrowed = not all(each.shared_by_all for each in wanted) or (page.total or 0) < (first.total or 0)
    works = True if told and narrowed else None
    return Trial(asked, exchange, works, f"all {len(page.records)} records fit" if works else "nobody can tell")


def plain_value(value: Any) -> str | None:
    """A value as a filter takes it: of an object that stands for a choice or a record its value or id."""
    if isinstance(value, dict):
        value = next(
            (value[name] for name in ("value", "id", "code", "name") if value.get(name) not in (None, "")), None
        )
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return None
    return str(value)


async def tried_sorting(ctx: Context, kind: str, first: Page, offered: Offer) -> list[Trial]:
    """Sort upwards and downwards by one field, and look whether what comes is in order."""
    parameter = offered.sort[0] if len(offered.sort) == 1 else None
    field = _sortable(ctx, first, parameter) if parameter and first.records else None
    if parameter is None or field is None:
        return []
    return [await _sorted(ctx, kind, parameter, field, downwards=each) for each in (False, True)]


async def _sorted(ctx: Context, kind: str, parameter: Parameter, field: str, *, downwards: bool) -> Trial:
    params = [(parameter.name, f"-{field}" if downwards else field)]
    asked = f"{parameter.name} = {params[0][1]}"
    exchange = await ctx.api.get(ctx.resource(kind).path, params=params)
    if not exchange.ok:
        return Trial(asked, exchange, None, f"refused with {exchange.status}")
    values = [record.get(field) for record in ctx.api.read_page(kind, exchange, params).records]
    ordered = _in_order(values, downwards)
    return Trial(asked, exchange, ordered, {True: "in order", False: "not in order", None: "nobody can tell"}[ordered])


def _sortable(ctx: Context, first: Page, parameter: Parameter) -> str | None:
    """A field of numbers or moments that live records fill, where the document says how to sort by it downwards."""
    schema = parameter.schema.items or parameter.schema
    told = _MINUS_MEANS_DOWN.search(parameter.description[:2_000]) or parameter.name == "ordering"
    for concept in _SORTED_CONCEPTS:
        name = ctx.words.field_in(concept, first.records[0])
        allowed = {name, f"-{name}"} <= set(schema.enum) if schema.enum else bool(told)
        if name and allowed and all(_has_an_order(record.get(name)) for record in first.records):
            return name
    return None


def _has_an_order(value: Any) -> bool:
    """Numbers and moments sort alike everywhere; words do not."""
    if isinstance(value, str):
        return _ISO_MOMENT.match(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_order(values: Sequence[Any], downwards: bool) -> bool | None:
    """Whether values follow in order; None where there are too few different ones, or some that have no order."""
    if len({type(value) for value in values}) != 1 or len(set(values)) < 2 or not all(map(_has_an_order, values)):
        return None
    pairs = list(pairwise(values))
    return all(left >= right for left, right in pairs) if downwards else all(left <= right for left, right in pairs)


async def tried_selection(ctx: Context, kind: str, first: Page, offered: Offer) -> list[Trial]:
    """Ask for two fields only, and look whether fewer come than without."""
    names = [
        name for concept in ("id", "status", "title") if (name := ctx.words.field_in(concept, _any_record(first)))
    ][:2]
    usual = max((len(record) for record in first.records), default=0)
    parameter = offered.select
    if parameter is None or parameter.schema.enum or not names or usual <= len(names):
        return []
    repeated = "array" in parameter.schema.types
    params = [(parameter.name, name) for name in names] if repeated else [(parameter.name, ",".join(names))]
    asked = f"{parameter.name} = {', '.join(names)}"
    exchange = await ctx.api.get(ctx.resource(kind).path, params=params)
    if not exchange.ok:
        return [Trial(asked, exchange, None, f"refused with {exchange.status}")]
    records = ctx.api.read_page(kind, exchange, params).records
    most = max((len(record) for record in records), default=0)
    works = True if 0 < most < usual else (False if parameter.name in _SURE_SELECTS else None)
    return [Trial(asked, exchange, works, f"{most} fields came in place of {usual}")]


def _any_record(page: Page) -> dict[str, Any]:
    return page.records[0] if page.records else {}
