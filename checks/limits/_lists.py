"""Which list of records to try things on, and how the size of its pages is documented."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Parameter,
    Prose,
    Resource,
    Schema,
    Spec,
    documented_range,
    pattern,
    sentences,
    squeezed,
)
from cmms_audit.model import HasEvidence, Reason

MOST_TRIED = 6
LARGEST_MAXIMUM = 10_000_000
_LONGEST_TEXT = 4_000
_TRIED_FIRST = ("work_orders", "assets", "locations", "inventory", "requests")
_USUAL_NAMES = pattern(
    r"^(?:oslc|odata|\$)?(?:max)?(?:page|list)?(?:size|limit|top|take|first|count)$"
    r"|^(?:records|items|results|rows|entries)?perpage$|^(?:max|num|number)(?:of)?(?:results|items|records|rows|entries)$"
    r"|^(?:page|limit)\[(?:size|limit)\]$|^maxpagesize$"
)
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d{1,7})"
_MAXIMUM = pattern(
    r"(?:\b(?:max(?:imum|imal)?|up to|at most|(?:no|not) (?:more|larger|greater) than|(?:can|must|may|should) ?not"
    r" exceed|not exceed|capped at|upper (?:limit|bound)|less than or equal to)\b|<=|≤)"
    rf"\D{{0,30}}?{_NUMBER}\b(?!\s?(?:%|ms\b|sec|min))",
    re.IGNORECASE,
)
_RANGE = pattern(
    rf"\blimit(?:ed)? to\b\D{{0,20}}?{_NUMBER}\b"
    rf"|\b(?:from|between)?\s{{0,2}}\d{{1,3}}\s{{0,2}}(?:-|–|\.\.|to|and)\s{{0,2}}{_NUMBER}\b",
    re.IGNORECASE,
)
_ABOUT_PAGES = pattern(
    r"\bpage ?_?size|\bper[ _]?page\b|\b(?:records|items|results) per\b|\bsize of (?:a|the) page|`limit`|\bpaginat",
    re.IGNORECASE,
)
_CLAMPS = pattern(
    r"\bcapped\b|\bclamp|\bcut (?:down|off)\b|\bis (?:lowered|reduced)\b|\blarger values\b", re.IGNORECASE
)


class PageSize(Struct, frozen=True):
    """A documented page-size parameter: its greatest value where stated, where that is, and whether more is cut.

    One that goes `by_range` takes the numbers of the first and the last record.
    """

    parameter: Parameter
    maximum: int | None
    clamps: bool
    place: HasEvidence
    by_range: bool = False

    def asking(self, records: int) -> tuple[tuple[str, str], ...]:
        """The parameters that ask for the first page with this many records."""
        return ((self.parameter.name, f"0-{records - 1}" if self.by_range else str(records)),)


def lists(ctx: Context) -> list[Resource]:
    """The resources whose list can be asked for as it stands, the telling ones first."""
    found = [
        each
        for each in ctx.resources.values()
        if (each.list or each.given) and "{" not in each.path and each.kind != "health"
    ]
    order = {kind: position for position, kind in enumerate(_TRIED_FIRST)}
    return sorted(found, key=lambda each: (order.get(each.kind, len(order)), each.kind))


async def readable(ctx: Context) -> Resource:
    """The first list that `main` can read. Raises CouldNotLook where it can read none."""
    candidates = lists(ctx)[:MOST_TRIED]
    if not candidates:
        raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, "no list of records was found")
    for resource in candidates:
        try:
            await ctx.first_page(resource.kind)
        except CouldNotLook:
            if resource is candidates[-1]:
                raise
        else:
            return resource
    raise AssertionError("there is at least one list")


def page_size(ctx: Context, resource: Resource) -> PageSize | None:
    """The documented page-size parameter of a list; None where there is none."""
    parameter = _size_parameter(ctx, resource)
    if parameter is None:
        return _size_by_range(ctx, resource)
    text = f"{parameter.description} {parameter.schema.description}"
    own = _stated_maximum(parameter.schema) or maximum_in(text)
    if own:
        return PageSize(parameter, own, bool(_CLAMPS.search(text)), parameter)
    general = _general_maximum(ctx.spec)
    if general:
        said, maximum = general
        return PageSize(parameter, maximum, bool(_CLAMPS.search(said.text)), said)
    return PageSize(parameter, None, bool(_CLAMPS.search(text)), parameter)


def _size_by_range(ctx: Context, resource: Resource) -> PageSize | None:
    """A parameter that takes a range of records; the ranges that it is explained with are no maximum."""
    parameter = documented_range(resource, ctx.words)
    if parameter is None:
        return None
    text = f"{parameter.description} {parameter.schema.description}"
    maximum = _number_in(_MAXIMUM.search(text[:_LONGEST_TEXT]))
    return PageSize(parameter, maximum, bool(_CLAMPS.search(text)), parameter, by_range=True)


@lru_cache(maxsize=4)
def _general_maximum(spec: Spec) -> tuple[Prose, int] | None:
    """What the general texts say of the greatest page, for all lists that say nothing of their own."""
    general = (each for each in spec.prose() if not each.of_operation)
    found = ((said, maximum) for said in sentences(general, _ABOUT_PAGES) if (maximum := maximum_in(said.text)))
    return next(found, None)


def _size_parameter(ctx: Context, resource: Resource) -> Parameter | None:
    known = {name.lower() for name in ctx.words.paging.size}
    parameters = [each for each in (resource.list.parameters if resource.list else ()) if each.where == "query"]
    numbers = [each for each in parameters if "boolean" not in each.schema.types]
    named = next((each for each in numbers if each.name.lower() in known), None)
    return named or next((each for each in numbers if _USUAL_NAMES.match(squeezed(each.name))), None)


def _stated_maximum(schema: Schema) -> int | None:
    """The greatest value that a schema allows: its maximum, or the greatest of its choices."""
    choices = [value for value in schema.enum or () if isinstance(value, int) and not isinstance(value, bool)]
    stated = schema.maximum if schema.maximum is not None else max(choices, default=None)
    return int(stated) if stated is not None and 1 <= stated <= LARGEST_MAXIMUM else None


def maximum_in(text: str) -> int | None:
    """The greatest number that a text allows: "default 50, maximum 1,000", "between 1 and 100"; None for none."""
    return _number_in(_MAXIMUM.search(text[:_LONGEST_TEXT]) or _RANGE.search(text[:_LONGEST_TEXT]))


def _number_in(match: re.Match[str] | None) -> int | None:
    number = next((group for group in match.groups() if group), "0") if match else "0"
    return int(number.replace(",", "")) or None


def has_paging(ctx: Context, resource: Resource) -> bool:
    """Whether a list can be asked for page by page at all."""
    paging = ctx.words.paging
    known = {name.lower() for name in (*paging.size, *paging.page, *paging.offset, *paging.cursor)}
    parameters = resource.list.parameters if resource.list else ()
    return any(each.name.lower() in known for each in parameters if each.where == "query")
