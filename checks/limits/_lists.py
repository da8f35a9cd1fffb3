"""Which list of records to try things on, and how the size of its pages is documented."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cmms_audit.battery import Context, CouldNotLook, Parameter, Resource
from cmms_audit.model import Reason

MOST_TRIED = 6
LARGEST_MAXIMUM = 10_000_000
_TRIED_FIRST = ("work_orders", "assets", "locations", "inventory", "requests")
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d{1,7})"
_MAXIMUM = re.compile(
    rf"\b(?:max(?:imum|\.)?|up to|at most|no more than|not exceed|limit(?:ed)? to|capped at)\b\D{{0,30}}?{_NUMBER}\b"
    rf"|\b(?:from|between)?\s{{0,2}}\d{{1,3}}\s{{0,2}}(?:-|–|to|and)\s{{0,2}}{_NUMBER}\b",
    re.IGNORECASE,
)
_CLAMPS = re.compile(
    r"\bcapped\b|\bclamp|\bcut (?:down|off)\b|\bis (?:lowered|reduced)\b|\blarger values\b", re.IGNORECASE
)


@dataclass(frozen=True)
class PageSize:
    """A documented page-size parameter: its greatest value where stated, and whether more is said to be cut."""

    parameter: Parameter
    maximum: int | None
    clamps: bool


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
    known = {name.lower() for name in ctx.words.paging.size}
    parameters = resource.list.parameters if resource.list else ()
    parameter = next((each for each in parameters if each.where == "query" and each.name.lower() in known), None)
    if parameter is None:
        return None
    text = f"{parameter.description} {parameter.schema.description}"
    stated = parameter.schema.maximum
    is_sane = stated is not None and 1 <= stated <= LARGEST_MAXIMUM
    return PageSize(parameter, int(stated or 0) if is_sane else _maximum_in(text), bool(_CLAMPS.search(text)))


def _maximum_in(text: str) -> int | None:
    match = _MAXIMUM.search(text)
    return int((match[1] or match[2]).replace(",", "")) if match else None


def has_paging(ctx: Context, resource: Resource) -> bool:
    """Whether a list can be asked for page by page at all."""
    paging = ctx.words.paging
    known = {name.lower() for name in (*paging.size, *paging.page, *paging.offset, *paging.cursor)}
    parameters = resource.list.parameters if resource.list else ()
    return any(each.name.lower() in known for each in parameters if each.where == "query")
