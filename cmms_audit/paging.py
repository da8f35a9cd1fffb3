"""Reads an answer as a page of a list: its records, what the vendor announces, and where the next page is.

Pure: it knows the dialect's words for paging and sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct

from cmms_audit.dialect import Dialect
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Evidence, Exchange, Reason
from cmms_audit.patterns import pattern
from cmms_audit.spec.json_api import plain_record
from cmms_audit.spec.operations import Parameter
from cmms_audit.spec.records import holder_of_any, only_list
from cmms_audit.spec.resources import Resource

Params = Sequence[tuple[str, str]]

_LINK = pattern(r"<([^<>]{1,4000})>\s*;([^,<>]{0,300})")
_NEXT = pattern(r"rel\s*=\s*\"?next\b")
_MOST_DIGITS = 15
_LONGEST_TEXT = 2_000
_PARTIAL, _NOT_SATISFIABLE = 206, 416
_NUMBER = pattern(rf"[0-9]{{1,{_MOST_DIGITS}}}")
_CONTENT_RANGE = pattern(
    rf"(?:([A-Za-z][\w.-]{{0,60}})[ =:]{{1,3}})?"
    rf"(?:([0-9]{{1,{_MOST_DIGITS}}})-([0-9]{{1,{_MOST_DIGITS}}})|\*)/(?:([0-9]{{1,{_MOST_DIGITS}}})|\*)"
)
_OF_RECORDS = pattern(
    r"\b(?:records?|items?|results?|elements?|objects?|rows?|entries|pag(?:es?|inat\w+))\b", re.IGNORECASE
)
_FROM_TO = pattern(r"(?<![\w.-])([0-9]{1,6}) ?- ?([0-9]{1,6})(?![\w-])")


class Next(Struct, frozen=True):
    """How to ask for the following page: an address that the vendor gave, or parameters to send again."""

    url: str | None = None
    params: Params = ()


class Page(Struct, frozen=True):
    """One page of a list as the vendor served it.

    `records` are the members that are objects, with their fields on one level; `served` the same as they came; `total`
    what the vendor announces, None where it announces nothing or what cannot be; `next` where the following page is to
    be had, None on the last one. `is_part`: the vendor says that it ends before the last record does (Content-Range).
    """

    exchange: Exchange
    records: tuple[dict[str, Any], ...]
    total: int | None
    next: Next | None
    served: tuple[dict[str, Any], ...]
    is_part: bool = False

    @property
    def evidence(self) -> Evidence:
        """The exchange that brought the page."""
        return self.exchange.evidence


class _ContentRange(Struct, frozen=True):
    """The records of an answer, as its Content-Range counts them from 0 (RFC 9110, 14.4): the first, and all there are.

    Either is None where the vendor leaves it open.
    """

    first: int | None
    total: int | None


def read_page(exchange: Exchange, asked: Params, resource: Resource, dialect: Dialect) -> Page:
    """Read an answer as a page of a resource; `asked` are the parameters that brought it.

    Raises CouldNotLook where it is a refusal, a failure, or holds no list of records.
    """
    said = _content_range(exchange)
    if said and _is_beyond_the_end(exchange, asked, said.total, dialect):
        return Page(exchange, (), said.total, None, served=())
    _refuse_failure(exchange)
    body = exchange.json
    records = _records(body, resource, dialect)
    if records is None:
        raise CouldNotLook(
            Reason.VENDOR_SILENT, "the answer holds no list of records that could be recognised", exchange
        )
    total = said.total if said else None
    if total is None:
        total = _first_number(body, dialect.paging.totals)
    if total is None:
        total = _header_number(exchange, dialect.paging.headers)
    following = _next(resource, dialect, exchange, len(records), asked, total)
    is_part = _says_more(body, dialect) is not False and _ends_early(exchange, len(records))
    return Page(exchange, tuple(map(plain_record, records)), total, following, served=records, is_part=is_part)


def documented_parameter(resource: Resource, names: Sequence[str]) -> str | None:
    """The first of these names that the specification has as a query parameter of the list, as it is written there."""
    if resource.list is None:
        return None
    offered = {each.name.lower(): each.name for each in resource.list.parameters if each.where == "query"}
    return next((offered[name.lower()] for name in names if name.lower() in offered), None)


def documented_range(resource: Resource, dialect: Dialect) -> Parameter | None:
    """The query parameter of a list that takes the numbers of the first and the last record of a page (0-49), if any.

    Another one of that name (a range of days) is none: its default, example or description must show such numbers.
    """
    name = documented_parameter(resource, dialect.paging.range)
    parameter = resource.list.parameter(name) if resource.list and name else None
    if parameter is None:
        return None
    told = [text for text in (parameter.description, parameter.schema.description) if _OF_RECORDS.search(text)]
    shown = (parameter.schema.default, parameter.schema.example, *told)
    texts = (text[:_LONGEST_TEXT] for text in shown if isinstance(text, str))
    numbers = (pair for text in texts for pair in _FROM_TO.findall(text))
    return parameter if any(int(first) < int(last) for first, last in numbers) else None


def size_params(resource: Resource, dialect: Dialect, size: int) -> Params:
    """What asks for the first page with this many records; nothing where the vendor has no word for it."""
    name = documented_parameter(resource, dialect.paging.size)
    if name:
        return ((name, str(size)),)
    by_range = documented_range(resource, dialect)
    return ((by_range.name, f"0-{size - 1}"),) if by_range else ()


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


def _is_beyond_the_end(exchange: Exchange, asked: Params, total: int | None, dialect: Dialect) -> bool:
    """Whether a page is refused because the last record of all comes before it (RFC 9110, 15.5.17)."""
    if exchange.status != _NOT_SATISFIABLE or total is None:
        return False
    starts = {name.lower() for name in (*dialect.paging.range, *dialect.paging.offset)}
    numbers = (_NUMBER.match(value) for name, value in asked if name.lower() in starts)
    return any(int(number[0]) >= total for number in numbers if number)


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
        value = _list_at(body, container)
        if value is not None:
            return _objects(value)
    only = only_list(body)
    if only is not None:
        return _objects(body[only])
    return () if _embeds_nothing(body) else None


def _list_at(body: dict[str, Any], container: str) -> list[Any] | None:
    """The list under the name of a container, which may leave the last step open (_embedded.*)."""
    holder = holder_of_any(container)
    value = at(body, holder or container)
    if holder and isinstance(value, dict):
        value = value.get(only_list(value))
    return value if isinstance(value, list) else None


def _embeds_nothing(body: dict[str, Any]) -> bool:
    """Whether an answer is an empty list of HAL, as Spring makes it: links, numbers of the page, and nothing else."""
    others = [value for name, value in body.items() if name != "_links"]
    counts = [isinstance(each, dict) and all(isinstance(number, int) for number in each.values()) for each in others]
    return isinstance(body.get("_links"), dict) and all(counts)


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
    counted = _counted_next(resource, dialect, count, asked, None if more else total)
    return counted or _range_next(resource, dialect, exchange, count, asked)


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


def _range_next(resource: Resource, dialect: Dialect, exchange: Exchange, count: int, asked: Params) -> Next | None:
    """The numbers of the records after those that an answer says it holds."""
    name, said = documented_parameter(resource, dialect.paging.range), _content_range(exchange)
    if name is None or said is None or said.first is None or not _ends_early(exchange, count):
        return None
    reached = said.first + count
    return Next(params=_replaced(asked, name, f"{reached}-{reached + count - 1}"))


def _ends_early(exchange: Exchange, count: int) -> bool:
    """Whether the Content-Range of an answer with this many records says that the list goes on.

    A 206 that leaves open how many there are is a part of something, too.
    """
    said = _content_range(exchange)
    if said is None or not count:
        return False
    return exchange.status == _PARTIAL if said.total is None else (said.first or 0) + count < said.total


def _content_range(exchange: Exchange) -> _ContentRange | None:
    """What the Content-Range of an answer says; None where it has none, or one that counts bytes or makes no sense."""
    match = _CONTENT_RANGE.fullmatch((exchange.header("content-range") or "").strip()[:_LONGEST_TEXT])
    if match is None or (match[1] or "").lower() == "bytes":
        return None
    first, last, total = (int(each) if each else None for each in match.groups()[1:])
    if last is not None and total is not None and last > total:
        return None
    return _ContentRange(first, total)


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
