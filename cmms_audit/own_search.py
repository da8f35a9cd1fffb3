"""Finds records of our own by their marker: through the vendor's search, newest first, or page by page.

Reads only. A record counts as ours where one of its own texts holds the marker whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from msgspec import Struct

from cmms_audit.api import Api
from cmms_audit.dialect import Dialect, squeezed
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose
from cmms_audit.paging import Next, Page, Params, documented_parameter, read_page
from cmms_audit.patterns import pattern
from cmms_audit.spec.operations import Parameter
from cmms_audit.spec.resources import Resource
from cmms_audit.wire.ledger import PLACE, plain_id

_MARKER = pattern(r"cmms-audit[ -][0-9a-z]{1,16}-[0-9a-f]{8}-[0-9]{1,6}")
_MOST_PAGES = 20
_USUAL_SIZE = 100
_NEWEST = 200
_LARGEST_SIZE = 1_000
_STATUSES_OF_DELETED = frozenset(("deleted", "removed", "archived", "inactive"))
_WORD_SEARCHES = ("q", "search", "query")


class Found(Struct, frozen=True):
    """The records that bear a marker; `complete`: none can have been overlooked; `last`: what was asked last."""

    records: tuple[dict[str, Any], ...]
    complete: bool
    last: Exchange | None = None


def record_in(body: Any, dialect: Dialect) -> dict[str, Any]:
    """The one record that an answer holds, out of what it may be wrapped in; empty where there is none."""
    if not isinstance(body, dict):
        return {}
    if dialect.field_in("id", body):
        return body
    return next((body[name] for name in dialect.paging.wrappers if isinstance(body.get(name), dict)), body)


def new_marker(series: str, number: int) -> str:
    """The text that marks one record; `series` is that of the run and of whoever makes the record."""
    return f"cmms-audit {series}-{number}"


def is_marker(text: str) -> bool:
    """Whether a text is one that marks our records: no record is deleted for any other."""
    return _MARKER.fullmatch(text) is not None


def bears(record: dict[str, Any], marker: str) -> bool:
    """Whether one of a record's own texts holds the marker whole (not as the beginning of a longer number)."""
    return any(holds(value, marker) for value in record.values() if isinstance(value, str))


def holds(text: str, marker: str) -> bool:
    """Whether a text holds the marker whole."""
    rest = text.casefold().split(marker.casefold())[1:]
    return any(not piece[:1].isalnum() for piece in rest)


def is_marked_deleted(record: dict[str, Any], dialect: Dialect) -> bool:
    """Whether a record that is still shown says of itself that it was deleted."""
    for name in dialect.fields.get("deleted", ()):
        value = next((record[each] for each in record if squeezed(each) == squeezed(name)), None)
        if value is False if "active" in name else value not in (None, False, "", 0):
            return True
    status = dialect.field_in("status", record)
    return status is not None and squeezed(str(record[status])) in _STATUSES_OF_DELETED


def record_pattern(api: Api, kind: str) -> str:
    """The address of one record of a kind, with `PLACE` for its id; empty where the document has none."""
    resource = api.resources.get(kind)
    operation = resource and (resource.read or resource.delete or resource.update)
    if operation is None:
        return ""
    before, brace, rest = operation.path.rpartition("{")
    after = rest.partition("}")[2]
    return "" if not brace or "{" in before or "{" in after else api.address(before + PLACE + after)


def address_of(api: Api, kind: str, url: str, record: dict[str, Any]) -> str | None:
    """The address of a record of a list; None where it names no id."""
    resource = api.resources.get(kind)
    field = (resource.id_field if resource else None) or api.dialect.field_in("id", record)
    value = record.get(field) if field else None
    name = plain_id(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if name is None:
        return None
    template = record_pattern(api, kind) or url.rstrip("/") + "/" + PLACE
    return template.replace(PLACE, quote(name, safe="", errors="replace"))


async def find_own(api: Api, kind: str, url: str, marker: str, purpose: Purpose) -> Found:
    """Look for every record of a collection (`url`) that bears a marker. A refused way of asking is passed over."""
    resource = api.resources.get(kind) or Resource(kind, urlsplit(url).path)
    searcher = _Searcher(api, resource, url, purpose)
    found = Found((), complete=False)
    for params, most, newest in _ways(resource, api.dialect, marker):
        try:
            found = await searcher.look(marker, params, most, newest=newest)
        except CouldNotLook:
            continue
        if found.records or found.complete:
            return found
    return found


def _ways(resource: Resource, dialect: Dialect, marker: str) -> Iterator[tuple[Params, int, bool]]:
    """How to ask, the quickest first: parameters, the most pages, and whether the newest should come first."""
    offered = {each.name.lower(): each for each in _query_parameters(resource)}
    search = next((offered[name] for name in _WORD_SEARCHES if name in offered and name in dialect.filter), None)
    if search and not search.schema.enum:
        yield [(search.name, marker)], 1, False
    for name, value in _newest_first(resource, dialect):
        yield [(name, value), *_size(resource, dialect, _NEWEST)], 1, True
    yield _size(resource, dialect, _LARGEST_SIZE), _MOST_PAGES, False


def _query_parameters(resource: Resource) -> list[Parameter]:
    return [each for each in resource.list.parameters if each.where == "query"] if resource.list else []


def _size(resource: Resource, dialect: Dialect, most: int) -> Params:
    name = documented_parameter(resource, dialect.paging.size)
    if name is None:
        return []
    schema = next(each.schema for each in _query_parameters(resource) if each.name == name)
    largest = min(int(schema.maximum), most) if schema.maximum and schema.maximum >= 1 else _USUAL_SIZE
    return [(name, str(largest))]


def _newest_first(resource: Resource, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """The sort parameter with a value that puts the newest first, where one is listed, or its form can be guessed."""
    name = documented_parameter(resource, dialect.sort)
    created = dialect.field_in("created", resource.record.properties) if resource.record else None
    if name is None or created is None:
        return
    schema = next(each.schema for each in _query_parameters(resource) if each.name == name)
    listed = (schema.items.enum if schema.items else None) or schema.enum or ()
    for value in listed:
        if (
            isinstance(value, str)
            and squeezed(value.lstrip("-")).startswith(squeezed(created))
            and _is_downwards(value)
        ):
            yield name, value
            return
    if not listed:
        yield name, f"-{created}"


def _is_downwards(value: str) -> bool:
    return value.startswith("-") or value.lower().endswith("desc")


class _Searcher:
    """Walks one collection."""

    def __init__(self, api: Api, resource: Resource, url: str, purpose: Purpose) -> None:
        self._api = api
        self._resource = resource
        self._url = url
        self._purpose = purpose

    async def look(self, marker: str, params: Params, most: int, *, newest: bool) -> Found:
        """Read up to `most` pages. Raises CouldNotLook where a page cannot be read."""
        records: list[dict[str, Any]] = []
        ended = in_order = False
        last = None
        async for page in self._pages(params, most):
            last = page.exchange
            records += (each for each in page.records if bears(each, marker))
            ended = page.next is None and not page.is_part
            in_order = newest and self._falls(page)
        searched = bool(params) and params[0][1] == marker  # what a search leaves out may only not be indexed yet
        return Found(tuple(self._once(records)), complete=(ended and not searched) or in_order, last=last)

    def _once(self, records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The records without repetitions: pages may overlap."""
        seen: set[str] = set()
        for each in records:
            address = address_of(self._api, self._resource.kind, self._url, each)
            if address is None or address not in seen:
                yield each
            seen.add(address or "")

    async def _pages(self, params: Params, most: int) -> AsyncIterator[Page]:
        step = Next(params=params)
        for _ in range(most):
            asked = parse_qsl(urlsplit(step.url).query) if step.url else step.params
            exchange = await self._api.get(
                step.url or self._url, params=() if step.url else asked, purpose=self._purpose
            )
            page = read_page(exchange, asked, self._resource, self._api.dialect)
            yield page
            if page.next is None or page.next == step or not page.records:
                return
            step = page.next

    def _falls(self, page: Page) -> bool:
        """Whether the records of a page really come newest first."""
        name = self._api.dialect.field_in("created", page.records[0]) if page.records else None
        moments = [str(each.get(name)) for each in page.records] if name else []
        return len(moments) > 1 and moments == sorted(moments, reverse=True) and moments[0] != moments[-1]
