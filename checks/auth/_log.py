"""Looks for a call of our own in the vendor's log of calls, for a limited time.

By the numbers that the call was given, by a text that it sent, by the record that it made, or by its path and time.
What an entry tells is judged in `_entries`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.battery import Context, CouldNotLook, Page, pattern, squeezed
from cmms_audit.model import Exchange, Reason

PAUSE_SECONDS = 2.0
WAIT_SECONDS = 8.0
_LOOKS = int(WAIT_SECONDS / PAUSE_SECONDS)
MOST_PAGES = 3
CLOCKS_MAY_DIFFER = timedelta(minutes=5)

_ID_HEADER = pattern(
    r"(?:request|correlation|trace|transaction|activity|operation)(?:id|identifier)$"
    r"|^(?:cfray|traceparent|xcloudtracecontext)$"
)
_ID_MEMBER = pattern(r"^(?:request|correlation|trace|transaction)(?:id|identifier)$")
_ID_PARAMETER = pattern(r"^x?(?:request|correlation|trace)(?:id|identifier)$")
_SINCE_PARAMETER = pattern(r"(?:since|after|from|start|gte)(?:time|date|at)?$")
_CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_METHODS = _CHANGING_METHODS | {"GET", "HEAD", "OPTIONS"}
_BESIDE_DATA = ("meta", "metadata", "_meta")
_LEAST_ID = 6
_TELLING_ID = 8
_LEAST_RECORD_ID = 3
_EPOCH_SECONDS, _EPOCH_MILLISECONDS, _EPOCH_ENDS = 1e9, 1e11, 1e13  # the years 2001 and 5138; 1973, and 2286


class OwnCall(Struct, frozen=True):
    """A call of our own: its answer, the number that we gave it, and what it sent, of which `marker` is a part.

    `record_id` is that of the record that it made.
    """

    exchange: Exchange
    own_id: str
    marker: str = ""
    record_id: str = ""
    sent: Mapping[str, Any] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The numbers under which it may be logged: ours first, then those that the vendor gave it."""
        return tuple(dict.fromkeys((self.own_id, *given_ids(self.exchange))))


class Search(Struct, frozen=True):
    """What came of looking for a call: its entry, or none, and the page on which it stands or should have stood.

    `would_show` says whether an entry that was there would have been seen.
    """

    page: Page
    entry: Mapping[str, Any] | None = None
    would_show: bool = True


Rank = Callable[[Mapping[str, Any], OwnCall], tuple[float, ...] | None]


def new_id(ctx: Context) -> str:
    """A number for a call of our own, to be sent as X-Request-Id."""
    return f"audit-{ctx.random.getrandbits(64):016x}"


def given_ids(exchange: Exchange) -> tuple[str, ...]:
    """The numbers of the call that an answer carries, in its headers or its body."""
    headers = exchange.response.headers if exchange.response else ()
    found = [value for name, value in headers if _ID_HEADER.search(squeezed(name))]
    return tuple(dict.fromkeys(each for each in (*found, *_in_body(exchange)) if len(each) >= _LEAST_ID))


def _in_body(exchange: Exchange) -> Iterator[str]:
    """Numbers in the body of an error, or beside the data: a record may have a request_id of another meaning."""
    body = exchange.json
    if not isinstance(body, dict):
        return
    beside = {name: body[name] for name in _BESIDE_DATA if isinstance(body.get(name), dict)}
    for name, value in members(beside if exchange.ok else body):
        if _ID_MEMBER.match(squeezed(name)) and isinstance(value, str):
            yield value


async def search(ctx: Context, call: OwnCall, is_ours: Rank) -> Search:
    """Look for the entry of a call until it is there, or for some seconds; the last time in the log as it stands.

    Where nothing but path and time tell which entry it is, the one is taken that `is_ours` ranks first, of those for
    which it gives a rank. Raises CouldNotLook where the log cannot be read.
    """
    for _ in range(_LOOKS):
        looked = await _look(ctx, call, is_ours, _narrowed(ctx, call))
        if looked.entry is not None:
            return looked
        await ctx.clock.sleep(PAUSE_SECONDS)
    return await _look(ctx, call, is_ours, [])


async def _look(ctx: Context, call: OwnCall, is_ours: Rank, params: Sequence[tuple[str, str]]) -> Search:
    log = ctx.resource("audit_log").path
    read: list[Page] = []
    likely: list[tuple[tuple[float, ...], Page, Mapping[str, Any]]] = []
    async for page in _pages(ctx, params):
        read.append(page)
        about = [record for record in page.records if not _is_about_another(record, call, log)]
        named = next((record for record in about if _is_named(record, call)), None)
        if named is not None:
            return Search(page, named)
        ranked = [(is_ours(record, call), record) for record in about if _is_like(record, call)]
        likely += [(rank, page, record) for rank, record in ranked if rank is not None]
    if likely:
        _, page, entry = min(likely, key=lambda each: each[0])
        return Search(page, entry)
    return Search(read[0], would_show=_would_show(read, call))


def _would_show(read: Sequence[Page], call: OwnCall) -> bool:
    """Whether these pages are the whole log, or its newest entries."""
    if read[-1].next is None:
        return True
    times = [_moment_in(record) for page in read for record in page.records]
    known = [each for each in times if each is not None]
    newest_first = len(known) > 1 and known[0] > known[-1]
    return newest_first or any(is_recent(each, call) for each in known)


def _moment_in(record: Mapping[str, Any]) -> datetime | None:
    found = (moment_of(value) for _, value in members(record))
    return next((each if each.tzinfo else each.replace(tzinfo=UTC) for each in found if each), None)


async def _pages(ctx: Context, params: Sequence[tuple[str, str]]) -> AsyncIterator[Page]:
    """The first pages of the log. Raises CouldNotLook where the credential may not read it."""
    left = MOST_PAGES
    try:
        async for page in ctx.api.pages("audit_log", params=params):
            yield page
            left -= 1
            if not left:
                return
    except CouldNotLook as why:
        if why.reason is not Reason.CREDENTIAL:
            raise
        says = "the credential given for this audit may not read the log of calls"
        raise CouldNotLook(Reason.NOT_PERMITTED, says, *why.evidence) from None


def _narrowed(ctx: Context, call: OwnCall) -> list[tuple[str, str]]:
    """Parameters that search the log by the call's number, where it got one, or else by its time."""
    listing = ctx.resource("audit_log").list
    offered = (
        {squeezed(each.name): each.name for each in listing.parameters if each.where == "query"} if listing else {}
    )
    by_id = next((name for plain, name in offered.items() if _ID_PARAMETER.match(plain)), None)
    given = _named_like(by_id, call.exchange) if by_id else None
    if by_id and given:
        return [(by_id, given)]
    since = next((name for plain, name in offered.items() if _SINCE_PARAMETER.search(plain)), None)
    earliest = started(call).astimezone(UTC) - CLOCKS_MAY_DIFFER
    return [(since, earliest.strftime("%Y-%m-%dT%H:%M:%SZ"))] if since else []


def _named_like(parameter: str, exchange: Exchange) -> str | None:
    """The number that an answer carries under the name of a parameter, with or without an X before it; else any."""
    wanted = squeezed(parameter).removeprefix("x")
    headers = exchange.response.headers if exchange.response else ()
    same = [value for name, value in headers if squeezed(name).removeprefix("x") == wanted]
    return next(iter((*same, *given_ids(exchange))), None)


def _is_about_another(record: Mapping[str, Any], call: OwnCall, log: str) -> bool:
    """Whether an entry names another method, or is about a look into the log itself, which repeats our numbers."""
    texts = _texts(record)
    other_methods = _METHODS - {call.exchange.request.method}
    return bool(other_methods & set(texts)) or any(text.split("?")[0].endswith(log) for text in texts)


def _is_named(record: Mapping[str, Any], call: OwnCall) -> bool:
    """Whether an entry carries one of the call's numbers, the text that it sent, or the record that it just made."""
    texts = _texts(record)
    if any(_bears(text, number) for text in texts for number in call.ids if number):
        return True
    if call.marker and any(call.marker in text for text in texts):
        return True
    telling = len(call.record_id) >= _LEAST_RECORD_ID and call.record_id in texts
    return telling and any(is_recent(value, call) for value in texts)


def _bears(text: str, number: str) -> bool:
    """Whether a text is a number of the call, or holds it; a short one stands in many a text that is about others."""
    return text == number or (len(number) >= _TELLING_ID and number in text)


def _is_like(record: Mapping[str, Any], call: OwnCall) -> bool:
    """Whether an entry has the path of the call, at about its time, and the method of a write."""
    texts = _texts(record)
    method = call.exchange.request.method
    path = urlsplit(call.exchange.request.url).path
    if method in _CHANGING_METHODS and method not in texts:
        return False
    return any(text.split("?")[0].endswith(path) for text in texts) and any(is_recent(value, call) for value in texts)


def _texts(record: Mapping[str, Any]) -> list[str]:
    return [str(value) for _, value in members(record)]


def is_recent(value: object, call: OwnCall) -> bool:
    """Whether a value is a moment at about the time of the call; one without a time zone is read as UTC."""
    moment = moment_of(value)
    if moment is None:
        return False
    return abs((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - started(call)) <= CLOCKS_MAY_DIFFER


def moment_of(value: object) -> datetime | None:
    """The moment that a value names: a date with a time, or seconds or milliseconds since 1970; None where none."""
    if isinstance(value, datetime):
        return value
    try:
        number = float(str(value))
    except ValueError:
        return _written_moment(str(value))
    if not _EPOCH_SECONDS < number < _EPOCH_ENDS:
        return None
    return datetime.fromtimestamp(number / 1000 if number >= _EPOCH_MILLISECONDS else number, UTC)


def _written_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if ":" in text else None
    except ValueError:
        return None


def started(call: OwnCall) -> datetime:
    """When the call was made."""
    return datetime.fromisoformat(call.exchange.started)


def members(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of an entry, those of members that are objects included."""
    for name, value in record.items():
        yield str(name), value
        if isinstance(value, dict):
            yield from ((str(inner), each) for inner, each in value.items())
