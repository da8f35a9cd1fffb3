"""Walks a list page by page, as far as a budget of pages allows, and remembers what came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.battery import Context, Page

MOST_PAGES = 15
USUAL_SIZE = 200
_PAGES_WANTED = 5

Stop = Literal["end", "budget", "loop", "other system"]


class Walk(Struct, frozen=True):
    """One walk: the pages that came, the records in the order in which they came, and why it stopped.

    `size` is what each page was asked to hold, None where the vendor has no word for it; `default_size` what a page
    holds that is asked for without a size.
    """

    kind: str
    size: int | None
    default_size: int
    pages: tuple[Page, ...]
    ids: tuple[str, ...]
    stop: Stop

    @property
    def total(self) -> int | None:
        """How many records the vendor announced at the start."""
        return self.pages[0].total

    @property
    def repeated(self) -> int:
        """How many records came more than once, counting each time after the first; what a loop brings is left out."""
        return 0 if self.stop == "loop" else len(self.ids) - len(set(self.ids))

    @property
    def missing(self) -> int:
        """How many of the announced records never came; 0 where the walk did not reach the end."""
        if self.stop != "end" or self.total is None:
            return 0
        return max(0, self.total - len(set(self.ids)))

    @property
    def served_size(self) -> int:
        """The most records that a page held."""
        return max(len(page.records) for page in self.pages)

    @property
    def filled_pages(self) -> int:
        """How many pages held any records."""
        return sum(bool(page.records) for page in self.pages)


async def walk(ctx: Context, kind: str, size: int | None, most_pages: int = MOST_PAGES) -> Walk:
    """Walk the list of a kind. Stops at a page that brings nothing new, or whose successor is on another system."""
    default_size = len((await ctx.first_page(kind)).records)
    pages: list[Page] = []
    ids: list[str] = []
    stop: Stop = "loop"
    async for page in ctx.api.pages(kind, size=size):
        came = record_ids(ctx, kind, page)
        nothing_new = bool(came) and set(came) <= set(ids)
        pages.append(page)
        ids += came
        if nothing_new:
            break
        if page.next is None:
            stop = "end"
        elif _leads_elsewhere(page):
            stop = "other system"
            break
        elif len(pages) == most_pages:
            stop = "budget"
            break
    return Walk(kind, size, default_size, tuple(pages), tuple(ids), stop)


def record_ids(ctx: Context, kind: str, page: Page) -> list[str]:
    """What tells the records of a page apart: their ids, or all that they hold where they have none."""
    name = ctx.resource(kind).id_field
    return [_identity(record, name) for record in page.records]


def size_for(ctx: Context, kind: str, page: Page) -> int | None:
    """A page size that makes a walk of some five pages, and no more than the usual working size."""
    if ctx.api.size_parameter(kind) is None:
        return None
    smallest, documented = _sizes(ctx, kind)
    largest = min(documented or USUAL_SIZE, USUAL_SIZE)
    records = page.total if page.total is not None else len(page.records)
    if page.total is None and page.next is not None and len(page.records) >= _default_size(ctx, kind):
        return largest
    return max(smallest, min(largest, -(-records // _PAGES_WANTED)))


def largest_size(ctx: Context, kind: str) -> int | None:
    """The documented maximum of a page; None where the document names none."""
    return _sizes(ctx, kind)[1]


def _sizes(ctx: Context, kind: str) -> tuple[int, int | None]:
    """The smallest and the largest page size that the document names; 1 and None where it names none."""
    resource = ctx.resource(kind)
    parameter = resource.list.parameter(ctx.api.size_parameter(kind) or "") if resource.list else None
    smallest, largest = (parameter.schema.minimum, parameter.schema.maximum) if parameter else (None, None)
    return max(1, int(smallest or 1)), int(largest) if largest is not None and largest >= 1 else None


def _default_size(ctx: Context, kind: str) -> int:
    """The documented size of a page that is asked for without one; 0 where the document names none."""
    resource = ctx.resource(kind)
    parameter = resource.list.parameter(ctx.api.size_parameter(kind) or "") if resource.list else None
    default = parameter.schema.default if parameter else None
    return default if isinstance(default, int) else 0


def _identity(record: Mapping[str, Any], name: str | None) -> str:
    if name is not None and record.get(name) is not None:
        return str(record[name])
    return json.dumps(record, sort_keys=True)[:4_000]


def _leads_elsewhere(page: Page) -> bool:
    if page.next is None or page.next.url is None:
        return False
    try:
        here, there = urlsplit(page.exchange.request.url), urlsplit(page.next.url)
    except ValueError:  # no address at all
        return True
    return (there.scheme, there.netloc) != (here.scheme, here.netloc)
