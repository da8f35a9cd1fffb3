"""What a document says of the pages of a list: the way to the next, how large, in which order, and how many records."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from cmms_audit.battery import Context, Parameter, Resource, documented_range, members, pattern

from ..limits._lists import page_size
from ._lists import named, query_parameters

_ORDERED = pattern(
    r"\border(?:ed|ing)? by\b|\bsorted\b|\bdefault (?:order|sort)|\bsorting (?:order|by)\b"
    r"|\b(?:newest|oldest|latest) first\b|\b(?:ascending|descending|chronological)\b",
    re.IGNORECASE,
)
_LEVELS_OF_AN_ANSWER = 2
_CONTENT_RANGE = "Content-Range"  # RFC 9110, 14.4


class PagesDescribed(Struct, frozen=True):
    """What is described of a list's pages; empty or None where the document does not say.

    `step` is the way to the next page in plain words, `sizes` the parameters that set how many records a page holds,
    `maximum` the most of them, `order` what tells of the order, `total` where the number of all records stands.
    """

    step: str
    sizes: tuple[Parameter, ...]
    maximum: int | None
    order: str
    total: str

    def __str__(self) -> str:
        lines = [
            f"next page: by {self.step}",
            f"page size: {', '.join(each.name for each in self.sizes) or 'cannot be set'}",
            f"largest page: {self.maximum if self.maximum is not None else 'not stated'}",
            f"order: {self.order or 'not stated'}",
            f"number of all records: {self.total or 'not announced'}",
        ]
        return "\n".join(lines)


def pages_described(ctx: Context, resource: Resource) -> PagesDescribed | None:
    """What is described of the pages of a list; None where no way to a next page is."""
    step = _way_to_next_page(ctx, resource)
    if step is None:
        return None
    size = page_size(ctx, resource)
    by_range = documented_range(resource, ctx.words)
    return PagesDescribed(
        step=step,
        sizes=(*named(query_parameters(resource.list), ctx.words.paging.size), *([by_range] if by_range else [])),
        maximum=size.maximum if size else None,
        order=_order(ctx, resource, step),
        total=next(_totals(ctx, resource), ""),
    )


def _way_to_next_page(ctx: Context, resource: Resource) -> str | None:
    paging = ctx.words.paging
    parameters = query_parameters(resource.list)
    answer = resource.list.success if resource.list else None
    members_of_answer = answer.schema.properties if answer and answer.schema else {}
    offered = {name.partition(".")[0] for name in (*paging.next_links, *paging.next_cursors)} & set(members_of_answer)
    if named(parameters, paging.cursor):
        return "a marker"
    if named(parameters, paging.offset):
        return "an offset"
    if named(parameters, paging.page):
        return "page number"
    if resource.list and any(each.name.lower() == "range" for each in resource.list.parameters):
        return "a range"
    has_link_header = answer is not None and "link" in {name.lower() for name in answer.headers}
    return "a link" if offered or has_link_header else None


def _order(ctx: Context, resource: Resource, step: str) -> str:
    """What tells of the order of records: a parameter that sets it, a marker that keeps it, or words."""
    sort = named(query_parameters(resource.list), ctx.words.sort)
    if sort:
        return f"set by {sort[0].name}"
    if step == "a marker":
        return "kept by the marker"
    listing = resource.list
    answer = listing.success if listing else None
    told = (listing.description, listing.summary, answer.description if answer else "") if listing else ()
    about = (*told, *(each.description for each in query_parameters(listing)))
    return "stated in words" if any(_ORDERED.search(text[:5_000]) for text in about) else ""


def _totals(ctx: Context, resource: Resource) -> Iterator[str]:
    """Where the number of all records is announced: a member of the answer, or a header."""
    answer = resource.list.success if resource.list else None
    if answer is None:
        return
    headers = {name.lower(): name for name in answer.headers}
    known = (*ctx.words.paging.headers, _CONTENT_RANGE)
    yield from (headers[name.lower()] for name in known if name.lower() in headers)
    if answer.schema is not None and answer.schema.items is None:
        words = {name.rpartition(".")[2] for name in ctx.words.paging.totals}
        inside = members(answer.schema, _LEVELS_OF_AN_ANSWER)
        yield from (name for name, inner in inside if name in words and _counts(inner.types))


def _counts(types: tuple[str, ...]) -> bool:
    return not types or bool({"integer", "number"} & set(types))
