"""auth.audit-log: whether every call can be found in a log, with its time, who made it, and what was sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Page,
    Schema,
    check,
    met,
    not_met,
    partial,
    pattern,
    sentences,
    squeezed,
    unknown,
)
from cmms_audit.model import Exchange, Reason

from ._lists import lists

WAIT_SECONDS = 8.0
PAUSE_SECONDS = 2.0
MOST_PAGES = 3
CLOCKS_MAY_DIFFER = timedelta(minutes=5)

_TIME = pattern(
    r"time|date|^when$|^ts$|(?:created|occurred|logged|performed|happened|requested|received|called)(?:at|on)$"
)
_IDENTITY = pattern(
    r"user(?!agent)|actor|client(?!ip|addr)|caller|identity|^app|account|principal|credential|apikey|^who$"
)
_CONTENT = pattern(r"summary|payload|body|query|param|content|change|data|diff|detail|message")
_PARTS = {"its time": _TIME, "who made it": _IDENTITY, "what was sent": _CONTENT}

_LOG_WORDS = pattern(
    r"\baudit[- ](?:log|trail)s?\b.{0,80}\b(?:api|calls?|requests?|changes?|actions?|access|every|all)\b"
    r"|\b(?:api|calls?|requests?|changes?|actions?|access)\b.{0,80}\baudit[- ](?:log|trail)s?\b"
    r"|\b(?:every|each|all) (?:api )?(?:calls?|requests?)\b.{0,30}\b(?:is|are) (?:logged|recorded)\b",
    re.IGNORECASE,
)
_DENIED = pattern(r"\b(?:no|not|without|never)\b", re.IGNORECASE)
_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "x-trace-id", "traceid")
_ID_PARAMETER = pattern(r"^x?(?:request|correlation|trace)(?:id|identifier)$")
_SINCE_PARAMETER = pattern(r"(?:since|after|from|start|gte)(?:time|date|at)?$")
_CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LEAST_ID = 6


@check(question="auth.audit-log", id="auth.audit-log-offered", aspect="log", sends="nothing")
def audit_log_offered(ctx: Context) -> Finding:
    """A log of calls can be read through the API; whether our own calls are in it needs a live look."""
    if not ctx.has("audit_log"):
        return _judge_words(ctx)
    log = ctx.resource("audit_log")
    if log.record is None or not log.record.properties:
        return partial(f"a log can be read at {log.path}, but what its entries hold is not described", log)
    missing = _missing_parts(_names(log.record))
    lack = f", but its entries do not show {' or '.join(missing)}" if missing else ""
    return partial(f"a log can be read at {log.path}{lack}; that every call is in it has to be seen", log, log.record)


def _judge_words(ctx: Context) -> Finding:
    """Where no operation reads a log, what the general texts say of one."""
    general = (each for each in ctx.spec.prose() if not each.of_operation)
    said = [each for each in sentences(general, _LOG_WORDS) if not _DENIED.search(each.text)]
    if said:
        summary = "the documents speak of a log of calls or changes, but no operation reads it"
        return partial(summary, said[0], detail=f"It says: “{said[0].text[:400]}”")
    return ctx.absent("the specification describes no log of calls that you could read")


def _names(schema: Schema) -> list[str]:
    """Names of two levels of fields."""
    inner = [field.name for each in schema.fields() for field in each.schema.fields()]
    return [*(field.name for field in schema.fields()), *inner]


def _missing_parts(names: Sequence[str]) -> list[str]:
    plain = [squeezed(name) for name in names]
    return [part for part, words in _PARTS.items() if not any(words.search(name) for name in plain)]


@check(question="auth.audit-log", id="auth.own-call-logged", aspect="log", sends="reads")
async def own_call_logged(ctx: Context) -> Finding:
    """A call of our own turns up in the log within a short wait, with its time, who made it, and what was sent."""
    if not ctx.has("audit_log"):
        return unknown("not tried: no log of calls was found", reason=Reason.RESOURCE_NOT_FOUND)
    own_id = f"audit-{ctx.random.getrandbits(64):016x}"
    call = await ctx.api.get(lists(ctx)[0].path, headers={"X-Request-Id": own_id})
    ids = _ids_of(call, own_id)
    waited = 0.0
    while True:
        async for page in _pages_of_log(ctx, _narrowed(ctx, call, ids)):
            entry = next((record for record in page.records if _is_about(record, call, ids)), None)
            if entry is not None:
                return _judge_entry(entry, call, page)
        if waited >= WAIT_SECONDS:
            return await _judge_missing(ctx, call)
        await ctx.clock.sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def _judge_entry(entry: Mapping[str, Any], call: Exchange, page: Page) -> Finding:
    filled = [name for name, value in _members(entry) if value not in (None, "", [], {})]
    missing = _missing_parts(filled)
    if missing:
        return partial(f"our own call is in the log, but the entry does not show {' or '.join(missing)}", page, call)
    return met("our own call is in the log, with its time, who made it, and what was sent", page, call)


async def _judge_missing(ctx: Context, call: Exchange) -> Finding:
    within = f"within {WAIT_SECONDS:g} seconds"
    async for page in _pages_of_log(ctx, []):
        if page.records:
            summary = f"there is a log, but our own call, which only read, did not turn up in it {within}"
            return partial(summary, page, call)
        return not_met(f"there is a log, but it stayed empty {within} of our own call", page, call)
    raise AssertionError("a log has at least one page")


def _ids_of(call: Exchange, own_id: str) -> tuple[str, ...]:
    """The numbers under which the call may be logged: the one that we gave it, and those that the vendor gave it."""
    given = (call.header(name) for name in _ID_HEADERS)
    return tuple(dict.fromkeys((own_id, *(value for value in given if value and len(value) >= _LEAST_ID))))


async def _pages_of_log(ctx: Context, params: Sequence[tuple[str, str]]) -> AsyncIterator[Page]:
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


def _narrowed(ctx: Context, call: Exchange, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Parameters that search the log by the call's number, where it got one, or else by its time."""
    listing = ctx.resource("audit_log").list
    offered = (
        {squeezed(each.name): each.name for each in listing.parameters if each.where == "query"} if listing else {}
    )
    by_id = next((name for plain, name in offered.items() if _ID_PARAMETER.match(plain)), None)
    if by_id and len(ids) > 1:
        return [(by_id, ids[-1])]
    since = next((name for plain, name in offered.items() if _SINCE_PARAMETER.search(plain)), None)
    earliest = datetime.fromisoformat(call.started).astimezone(UTC) - CLOCKS_MAY_DIFFER
    return [(since, earliest.strftime("%Y-%m-%dT%H:%M:%SZ"))] if since else []


def _is_about(record: Mapping[str, Any], call: Exchange, ids: Sequence[str]) -> bool:
    """Whether an entry carries the call's number; or its path, at about its time, and no method that changes data."""
    texts = [str(value) for _, value in _members(record)]
    if any(each in text for text in texts for each in ids):
        return True
    path = urlsplit(call.request.url).path
    same_path = any(text.split("?")[0].endswith(path) for text in texts)
    return same_path and not _CHANGING_METHODS & set(texts) and any(_is_recent(text, call) for text in texts)


def _is_recent(text: str, call: Exchange) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return abs(moment - datetime.fromisoformat(call.started)) <= CLOCKS_MAY_DIFFER


def _members(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of an entry, those of members that are objects included."""
    for name, value in record.items():
        yield str(name), value
        if isinstance(value, dict):
            yield from ((str(inner), each) for inner, each in value.items())
