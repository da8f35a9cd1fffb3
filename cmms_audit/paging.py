"""Reads an answer as a page of a list: its records, what the vendor announces, and where the next page is.

Pure: it knows the dialect's words for paging and sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct

from cmms_audit.dialect import Dialect
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Evidence, Exchange, Reason
from cmms_audit.patterns import pattern
from cmms_audit.spec.json_api import plain_record
from cmms_audit.spec.resources import Resource

Params = Sequence[tuple[str, str]]

_LINK = pattern(r"<([^<>]{1,4000})>\s*;([^,<>]{0,300})")
_NEXT = pattern(r"rel\s*=\s*\"?next\b")
_MOST_DIGITS = 15
_NUMBER = pattern(rf"[0-9]{{1,{_MOST_DIGITS}}}")


class Next(Struct, frozen=True):
    """How to ask for the following page: an address that the vendor gave, or parameters to send again."""

    url: str | None = None
    params: Params = ()


class Page(Struct, frozen=True):
    """One page of a list as the vendor served it.

    `records` are the members that are objects, with their fields on one level; `served` the same as they came; `total`
    what the vendor announces, None where it announces nothing or what cannot be; `next` where the following page is to
    be had, None on the last one.
    """

    exchange: Exchange
    records: tuple[dict[str, Any], ...]
    total: int | None
    next: Next | None
    served: tuple[dict[str, Any], ...]

    @property
    def evidence(self) -> Evidence:
        """The exchange that brought the page."""
        return self.exchange.evidence


def read_page(exchange: Exchange, asked: Params, resource: Resource, dialect: Dialect) -> Page:
    """Read an answer as a page of a resource; `asked` are the parameters that brought it.

    Raises CouldNotLook where it is a refusal, a failure, or holds no list of records.
    """
    _refuse_failure(exchange)
    body = exchange.json
    records = _records(body, resource, dialect)
    if records is None:
        raise CouldNotLook(
            Reason.VENDOR_SILENT, "the answer holds no list of records that could be recognised", exchange
        )
    total = _first_number(body, dialect.paging.totals)
    if total is None:
        total = _header_number(exchange, dialect.paging.headers)
    following = _next(resource, dialect, exchange, len(records), asked, total)
    return Page(exchange, tuple(map(plain_record, records)), total, following, served=records)


def documented_parameter(resource: Resource, names: Sequence[str]) -> str | None:
    """The first of these names that the specification has as a query parameter of the list, as it is written there."""
    if resource.list is None:
        return None
    offered = {each.name.lower(): each.name for each in resource.list.parameters if each.where == "query"}
    return next((offered[name.lower()] for name in names if name.lower() in offered), None)


def at(body: Any, dotted: str) -> Any:
    """The member of a JSON value under a dotted name ("meta.total"), None where there is none.

    A name that itself holds a dot ("@odata.nextLink") is looked for whole first.
    """
    if isinstance(body, dict) and dotted in body:
        return body[dotted]
    value = body
    for part in dotted.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _refuse_failure(exchange: Exchange) -> None:
    status = exchange.status
    if exchange.ok:
        return
    if status in (401, 403):
        raise CouldNotLook(Reason.CREDENTIAL, f"the credential was refused with {status}", exchange)
    if status == 404:
        raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, "the address is unknown to the vendor's system (404)", exchange)
    raise CouldNotLook(Reason.CONNECTIVITY, f"the list was answered with status {status}", exchange)


def _records(body: Any, resource: Resource, dialect: Dialect) -> tuple[dict[str, Any], ...] | None:
    if isinstance(body, list):
        return _objects(body)
    if not isinstance(body, dict):
        return None
    containers = ([resource.container] if resource.container else []) + list(dialect.paging.containers)
    for container in containers:
        value = at(body, container)
        if isinstance(value, list):
            return _objects(value)
    lists = [value for value in body.values() if isinstance(value, list)]
    return _objects(lists[0]) if len(lists) == 1 else None


def _objects(values: list[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(value for value in values if isinstance(value, dict))


def _next(
    resource: Resource, dialect: Dialect, exchange: Exchange, count: int, asked: Params, total: int | None
) -> Next | None:
    """Where the next page is: a link in body or header, a cursor, a page number or an offset, in this order."""
    paging, body = dialect.paging, exchange.json
    link = _first_text(body, paging.next_links) or _link_header(exchange)
    if link:
        return Next(url=_joined(exchange.request.url, link))
    cursor = _first_text(body, paging.next_cursors)
    if cursor:
        name = documented_parameter(resource, paging.cursor) or paging.cursor[0]
        return Next(params=_replaced(asked, name, cursor))
    more = _says_more(body, dialect)
    if not count or more is False:
        return None
    # A vendor that says "there is more" may call the number on this page the total.
    return _counted_next(resource, dialect, count, asked, None if more else total)


def _says_more(body: Any, dialect: Dialect) -> bool | None:
    """What a page says of itself: that more follow, that it is the last (also by an empty next), or nothing."""
    if not isinstance(body, dict):
        return None
    paging = dialect.paging
    said = [value for name in paging.has_more if isinstance(value := at(body, name), bool)]
    if said:
        return said[0]
    empty_next = any(name in body and not body[name] for name in (*paging.next_links, *paging.next_cursors))
    return False if body.get("last") is True or empty_next else None


def _counted_next(resource: Resource, dialect: Dialect, count: int, asked: Params, total: int | None) -> Next | None:
    given = dict(asked)
    offset = documented_parameter(resource, dialect.paging.offset)
    if offset:
        reached = _number(given.get(offset), 0) + count
        ended = total is not None and reached >= total
        return None if ended else Next(params=_replaced(asked, offset, str(reached)))
    page = documented_parameter(resource, dialect.paging.page)
    if page:
        first = _first_page_number(resource, page)
        current = _number(given.get(page), first)
        ended = total is not None and (current - first + 1) * count >= total
        return None if ended else Next(params=_replaced(asked, page, str(current + 1)))
    return None


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else otherwise


def _first_page_number(resource: Resource, page: str) -> int:
    parameters = resource.list.parameters if resource.list else ()
    schema = next((each.schema for each in parameters if each.name == page), None)
    starts_at_zero = schema is not None and 0 in (schema.default, schema.minimum)
    return 0 if starts_at_zero else 1


def _replaced(params: Params, name: str, value: str) -> Params:
    return [*((key, old) for key, old in params if key != name), (name, value)]


def _first_text(body: Any, names: Sequence[str]) -> str | None:
    """The first member that is a text or a number, and not empty."""
    for name in names:
        value = at(body, name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _first_number(body: Any, names: Sequence[str]) -> int | None:
    values = (at(body, name) for name in names)
    return next((value for value in values if _is_count(value)), None)


def _is_count(value: Any) -> bool:
    """Whether a value can be a number of records: whole, not negative, and not absurdly long."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MOST_DIGITS


def _header_number(exchange: Exchange, names: Sequence[str]) -> int | None:
    values = (exchange.header(name) for name in names)
    return next((int(value) for value in values if value and _NUMBER.fullmatch(value)), None)


def _link_header(exchange: Exchange) -> str | None:
    """The next link of RFC 8288: `Link: <...>; rel="next"`."""
    for target, attributes in _LINK.findall(exchange.header("link") or ""):
        if _NEXT.search(attributes):
            return str(target)
    return None


def _joined(address: str, link: str) -> str:
    """A link of an answer as a full address; as it stands where it is no address at all."""
    try:
        return urljoin(address, link)
    except ValueError:
        return link
