"""Walks a list page by page, as far as a budget of pages allows, and remembers what came, not the pages themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.battery import Context, Page
from cmms_audit.model import Evidence

MOST_PAGES = 15
USUAL_SIZE = 200
LARGEST_SIZE = 1_000
_PAGES_WANTED = 5
_SHARE_OF_REQUESTS = 4  # a walk, and the second one that confirms what it shows, leave half of the run to others
_MOST_BYTES = 48 * 1024 * 1024  # a walk to the end of a long list may read this much; others want to read as well
_MOST_SECONDS = 90
_MOST_PLACES = 20

Stop = Literal["end", "budget", "loop", "other system", "no way on"]


class Walk(Struct, frozen=True):
    """One walk: what came, and why it stopped.

    `size` is what each page was asked to hold, None where the vendor has no word for it; `default_size` what a page
    holds that is asked for without a size, `served_size` the most that one held. `total` is what was announced at the
    start. `records` came in all, `ids` tells them apart, each as a number of eight bytes. `places` are the first pages
    and the last.
    """

    kind: str
    size: int | None
    default_size: int
    total: int | None
    pages: int
    filled_pages: int
    served_size: int
    records: int
    ids: frozenset[int]
    places: tuple[Evidence, ...]
    stop: Stop

    @property
    def repeated(self) -> int:
        """How many records came more than once, counting each time after the first; what a loop brings is left out."""
        return 0 if self.stop == "loop" else self.records - len(self.ids)

    @property
    def missing(self) -> int:
        """How many of the announced records never came; 0 where the walk did not reach the end."""
        if self.stop != "end" or self.total is None:
            return 0
        return max(0, self.total - len(self.ids))


class _Way:
    """A walk under way."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.pages = self.filled_pages = self.served_size = self.records = 0
        self.ids: set[int] = set()
        self.places: list[Evidence] = []
        self._began = 0.0
        self._now = 0.0

    def take(self, page: Page, ids: list[int]) -> bool:
        """Note a page and what tells its records apart; returns whether it brought anything new, or nothing at all."""
        self._now = datetime.fromisoformat(page.exchange.started).timestamp()
        if not self.pages:
            self.total, self._began = page.total, self._now
        self.pages += 1
        self.filled_pages += bool(page.records)
        self.served_size = max(self.served_size, len(page.records))
        self.records += len(page.records)
        self.places[_MOST_PLACES - 1 :] = [page.evidence]
        known = len(self.ids)
        self.ids.update(ids)
        return not ids or len(self.ids) > known

    @property
    def seconds(self) -> float:
        """How long it has taken from the first page to the last."""
        return self._now - self._began


async def walk(ctx: Context, kind: str, size: int | None, most_pages: int | None = None) -> Walk:
    """Walk the list of a kind. Stops at a page that brings nothing new, or whose successor is on another system.

    `most_pages` is by default as many as a whole walk needs, where the run can afford it.
    """
    first = await ctx.first_page(kind)
    most_pages = most_pages or _pages_to_walk(ctx, first, size)
    way = _Way()
    stop: Stop = "loop"
    async for page in ctx.api.pages(kind, size=size):
        if not way.take(page, _ids(ctx, kind, page)):
            break
        if page.next is None:
            stop = "no way on" if page.is_part else "end"
        elif _leads_elsewhere(page):
            stop = "other system"
            break
        elif way.pages >= most_pages or way.seconds > _MOST_SECONDS:
            stop = "budget"
            break
    return Walk(
        kind=kind,
        size=size,
        default_size=len(first.records),
        total=way.total,
        pages=way.pages,
        filled_pages=way.filled_pages,
        served_size=way.served_size,
        records=way.records,
        ids=frozenset(way.ids),
        places=tuple(way.places),
        stop=stop,
    )


def _pages_to_walk(ctx: Context, first: Page, size: int | None) -> int:
    """All pages of a list where the budget allows it, and otherwise as many as show how its paging works."""
    if not first.total or not first.records:
        return MOST_PAGES
    needed = -(-first.total // (size or len(first.records))) + 1
    size_in_bytes = first.total * len(first.exchange.text) / len(first.records)
    is_affordable = needed <= ctx.vendor.requests // _SHARE_OF_REQUESTS and size_in_bytes <= _MOST_BYTES
    return max(needed, MOST_PAGES) if is_affordable else MOST_PAGES


def _ids(ctx: Context, kind: str, page: Page) -> list[int]:
    """What tells the records of a page apart: their ids, or all that they hold where they have none."""
    name = ctx.resource(kind).id_field
    return [_as_number(_identity(record, name)) for record in page.records]


def _as_number(text: str) -> int:
    """Eight bytes in the place of a text of any length."""
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest)


def size_for(ctx: Context, kind: str, page: Page) -> int | None:
    """A page size that makes a walk of some five pages.

    It is no more than the usual working size, unless a list is so long that only larger pages reach its end.
    """
    if ctx.api.size_parameter(kind) is None:
        return None
    smallest, documented = _sizes(ctx, kind)
    wanted = min(LARGEST_SIZE, max(USUAL_SIZE, -(-(page.total or 0) // MOST_PAGES))) if documented else USUAL_SIZE
    largest = min(documented or USUAL_SIZE, wanted)
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
