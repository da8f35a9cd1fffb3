"""How lists and single records answer somebody who should not get in: refused, hidden, a login page, or handed over.

Sorts answers and judges them; who asks, and with what, is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Page,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    says_error,
    unknown,
)
from cmms_audit.model import Evidence, Exchange, Reason

from ._lists import MOST_TRIED, lists

_MOST_LISTS = 8
_RECORDS = 2
KEY_HEADER = pattern(r"(?!authorization$)(?=.*(?:key|token|auth|secret|api))[a-z0-9-]{1,60}", re.IGNORECASE)
_LOGIN = pattern(r"log.?in|sign.?in|password|sso|saml|oauth|authoriz", re.IGNORECASE)
_REFUSAL = pattern(r"unauth|not auth|forbidden|denied|credential|token|api.?key|log.?in|sign.?in", re.IGNORECASE)
_READ_OF_A_BODY = 4_000
_MOST_OBJECTS = 20  # of a list in the answer to a question for one record

Record = Mapping[str, Any]


class Reply(StrEnum):
    """What a stranger gets."""

    REFUSED = "refused with 401"
    HIDDEN = "turned away with another status"
    SENT_TO_LOGIN = "sent to a login page"
    CLOSED_TO_ALL = "turned away like the real credential"
    LOGIN = "shown a login page as if all were well"
    ERROR_IN_SUCCESS = "refused in the text, under a status of success"
    EMPTY = "given an empty list, where the real credential sees records"
    RECORDS = "given records"
    BUSY = "put off, or met with a failure"
    UNCLEAR = "answered in a way that tells nothing"


_TURNED_AWAY = (Reply.REFUSED, Reply.HIDDEN)
_POOR_REFUSALS = (Reply.SENT_TO_LOGIN, Reply.LOGIN, Reply.ERROR_IN_SUCCESS, Reply.EMPTY)


class Answer(Struct, frozen=True):
    """What a stranger got from the list of one kind of records, or where it is `single` from one record of it."""

    kind: str
    reply: Reply
    exchange: Exchange
    single: bool = False

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence


def is_busy(exchange: Exchange) -> bool:
    """Whether an answer says nothing of access: too many calls (429), or a failure of the server (5xx)."""
    return exchange.status == 429 or exchange.status >= 500


def is_refusal(exchange: Exchange) -> bool:
    """Whether a status, and in doubt the text, keeps a stranger out: 401, 403, 404, the way to a login, or the like."""
    if exchange.status in (401, 403, 404):
        return True
    if 300 <= exchange.status < 400:
        return _LOGIN.search(exchange.header("location") or "") is not None
    is_clients_fault = 400 <= exchange.status < 500 and not is_busy(exchange)
    return is_clients_fault and _REFUSAL.search(exchange.text[:_READ_OF_A_BODY]) is not None


def is_let_in(exchange: Exchange) -> bool:
    """Whether a list was opened: a page for people, an error or a mere word under a status of success opens nothing."""
    body = exchange.json
    holds = isinstance(body, list) or (
        isinstance(body, dict) and any(isinstance(e, dict | list) for e in body.values())
    )
    return exchange.ok and holds and not says_error(exchange)


async def ask_lists(
    ctx: Context,
    ask: Callable[[str], Awaitable[Exchange]],
    most: int = _MOST_LISTS,
    among: Sequence[str] | None = None,
) -> list[Answer]:
    """Ask the lists of the vendor's resources (`among` these kinds), the telling ones first, and sort what comes.

    Raises CouldNotLook where there is no list to ask, or the very first gets no answer; what was learnt before a later
    one fails is kept.
    """
    answers: list[Answer] = []
    for resource in [each for each in lists(ctx) if among is None or each.kind in among][:most]:
        try:
            exchange = await ask(resource.path)
        except CouldNotLook as why:
            if not answers:
                raise
            sent = [each for each in why.evidence if isinstance(each, Exchange)]
            answers += [Answer(resource.kind, Reply.BUSY, each) for each in sent]
            break
        answers.append(Answer(resource.kind, await _sorted_reply(ctx, resource.kind, exchange), exchange))
    return answers


async def without_credential(ctx: Context) -> list[Answer]:
    """What the lists answer to a caller without any credential; asked once, whoever wants to know.

    Raises CouldNotLook as ask_lists.
    """
    return await ctx.shared("lists shown to strangers", lambda api: ask_lists(ctx, api.as_stranger))


async def ask_records(ctx: Context, ask: Callable[[str], Awaitable[Exchange]]) -> list[Answer]:
    """Ask for a single record of the first kinds of which the real credential sees some, and sort what comes."""
    answers: list[Answer] = []
    for kind, record_id in await seen_ids(ctx):
        with suppress(CouldNotLook):
            exchange = await ask(ctx.api.record_path(kind, record_id))
            ours = (await ctx.first_page(kind)).records[0]
            answers.append(Answer(kind, _reply_of_record(record_id, ours, exchange), exchange, single=True))
    return answers


async def seen_ids(ctx: Context) -> list[tuple[str, str]]:
    """Two kinds of records with an address for each, and the id of the first one that the real credential sees."""
    found: list[tuple[str, str]] = []
    for resource in lists(ctx)[:MOST_TRIED]:
        if len(found) == _RECORDS:
            break
        if resource.read is None:
            continue
        with suppress(CouldNotLook):
            records = (await ctx.first_page(resource.kind)).records
            record_id = records[0].get(resource.id_field or "id") if records else None
            if isinstance(record_id, str | int):
                found.append((resource.kind, str(record_id)))
    return found


async def ask_in_turn(ctx: Context, asks: Sequence[Callable[[str], Awaitable[Exchange]]], most: int) -> list[Answer]:
    """Let several strangers take turns at the first lists, so that each asks one and each is asked; then who was let
    in, all.

    Raises CouldNotLook as ask_lists.
    """
    kinds = [resource.kind for resource in lists(ctx)[:most]]
    asked: dict[int, list[str]] = {}
    for turn in range(max(len(asks), len(kinds))):
        asked.setdefault(turn % len(asks), []).append(kinds[turn % len(kinds)])
    answers: list[Answer] = []
    for number, ask in enumerate(asks):
        found = await ask_lists(ctx, ask, among=asked[number])
        if any(each.reply is Reply.RECORDS for each in found):
            found += await ask_lists(ctx, ask, among=[kind for kind in kinds if kind not in asked[number]])
        answers += found
    return answers


async def _sorted_reply(ctx: Context, kind: str, exchange: Exchange) -> Reply:
    if exchange.ok:
        return await _reply_of_success(ctx, kind, exchange)
    if is_busy(exchange):
        return Reply.BUSY
    if not is_refusal(exchange):
        return Reply.UNCLEAR
    if exchange.status == 401:
        return Reply.REFUSED
    if exchange.status < 400:
        return Reply.SENT_TO_LOGIN
    if exchange.status in (403, 404) and await _main_records(ctx, kind) is None:
        return Reply.CLOSED_TO_ALL
    return Reply.HIDDEN


async def _reply_of_success(ctx: Context, kind: str, exchange: Exchange) -> Reply:
    body = exchange.text[:_READ_OF_A_BODY]
    if "html" in exchange.media_type:
        return Reply.LOGIN if _LOGIN.search(body) else Reply.UNCLEAR
    try:
        page = ctx.api.read_page(kind, exchange)
    except CouldNotLook:
        return _reply_without_records(exchange)
    if await _holds_records(ctx, kind, page):
        return Reply.RECORDS
    if page.records:
        return _reply_without_records(exchange)
    return Reply.EMPTY if await _main_records(ctx, kind) else Reply.UNCLEAR


async def _holds_records(ctx: Context, kind: str, page: Page) -> bool:
    """Whether the list in an answer is one of records: a list of what is wrong looks like it, but for the names in it.

    An answer that says of itself that the call failed has to hold one of those records that the real credential sees.
    """
    failed = says_error(page.exchange)
    try:
        ours = (await ctx.first_page(kind)).records
    except CouldNotLook:
        ours = ()
    if not ours:
        return bool(page.records) and not failed
    names = frozenset(name for each in ours for name in each)
    like_ours = [each for each in page.records if _are_mostly_in(each, names)]
    id_field = ctx.resource(kind).id_field or "id"
    known = {str(each[id_field]) for each in ours if each.get(id_field) is not None}
    return any(str(each.get(id_field)) in known for each in like_ours) if failed else bool(like_ours)


def _are_mostly_in(names: Collection[str], others: Collection[str]) -> bool:
    """Whether more than half of some names are among others."""
    return 2 * sum(name in others for name in names) > len(names)


def _reply_without_records(exchange: Exchange) -> Reply:
    """What a status of success without any record is: a refusal in the text, or nothing that is understood."""
    refused = says_error(exchange) or _REFUSAL.search(exchange.text[:_READ_OF_A_BODY])
    return Reply.ERROR_IN_SUCCESS if refused else Reply.UNCLEAR


def _reply_of_record(record_id: str, ours: Record, exchange: Exchange) -> Reply:
    """The same for a single record: handed over where its id comes back in the answer, and not in a refusal."""
    if is_busy(exchange):
        return Reply.BUSY
    if not exchange.ok:
        is_login = 300 <= exchange.status < 400
        refused = Reply.REFUSED if exchange.status == 401 else Reply.SENT_TO_LOGIN if is_login else Reply.HIDDEN
        return refused if is_refusal(exchange) else Reply.UNCLEAR
    body = exchange.text[:_READ_OF_A_BODY]
    if "html" in exchange.media_type:
        return Reply.LOGIN if _LOGIN.search(body) else Reply.UNCLEAR
    named = [each for each in objects_in(exchange.json) if len(each) > 1 and record_id in map(str, each.values())]
    told_off = _reply_without_records(exchange) is Reply.ERROR_IN_SUCCESS
    if any(not told_off or _are_mostly_in(ours, each) for each in named):
        return Reply.RECORDS
    return _reply_without_records(exchange)


def objects_in(body: object) -> list[Record]:
    """What in an answer may be a single record: the answer itself, and what it wraps, be it in a list."""
    outer = body[:_MOST_OBJECTS] if isinstance(body, list) else [body]
    whole = [each for each in outer if isinstance(each, dict)]
    inner = [value for each in whole[:1] for value in each.values()]
    listed = [item for value in inner if isinstance(value, list) for item in value[:_MOST_OBJECTS]]
    return [*whole, *(each for each in (*inner, *listed) if isinstance(each, dict))]


async def _main_records(ctx: Context, kind: str) -> int | None:
    """How many records the real credential sees on the first page; None where it sees no page."""
    try:
        return len((await ctx.first_page(kind)).records)
    except CouldNotLook:
        return None


def judge(answers: Sequence[Answer], stranger: str) -> Finding | list[Finding]:
    """Judge the answers to a `stranger` ("a caller without a credential"): one finding for each list that leaks.

    Clears no flag: that one stranger is refused says nothing of others.
    """
    leaks = [answer for answer in answers if answer.reply is Reply.RECORDS]
    if leaks:
        return [_leak([each for each in leaks if _place(each) == _place(one)], stranger) for one in _one_each(leaks)]
    turned_away = [answer for answer in answers if answer.reply in _TURNED_AWAY]
    busy = [answer for answer in answers if answer.reply is Reply.BUSY]
    if busy and not (turned_away and all(answer.exchange.status == 429 for answer in busy)):
        status = busy[0].exchange.status or "none"
        says = f"{stranger} is {Reply.BUSY} (status {status}; {_kinds(busy)}), which is no refusal"
        return unknown(says, *answers, reason=Reason.CONNECTIVITY)
    poor = [answer for answer in answers if answer.reply in _POOR_REFUSALS]
    if poor:
        says = f"{stranger} gets no data, but is {poor[0].reply} ({_kinds(poor)})"
        return partial(f"{says}, so a broken credential looks like an empty plant", *poor)
    if not turned_away:
        return unknown(f"no list answered {stranger} in a way that tells whether it is protected", *answers)
    says = f"{stranger} is turned away from {_counted(turned_away, answers)}"
    if busy:
        says += f"; the rest counts strangers, and put them off (status 429; {_kinds(busy)})"
    return met(says, *answers, detail=_detail(answers))


def judge_alike(answers: Sequence[Answer]) -> Finding:
    """Judge whether all lists that the real credential can read turn a stranger away in the same way."""
    refused = [each for each in answers if each.reply in (*_TURNED_AWAY, Reply.SENT_TO_LOGIN)]
    if len(refused) < 2:
        return not_applicable("fewer than two lists turn a stranger away, so there is nothing to compare", *answers)
    ways = {(each.exchange.status, "html" in each.exchange.media_type) for each in refused}
    if len(ways) == 1:
        status = refused[0].exchange.status
        return met(f"all {len(refused)} lists turn a stranger away in the same way (status {status})", *refused)
    says = "lists turn a stranger away in different ways, so a program cannot tell that its credential is missing"
    return partial(f"{says}: {_statuses(refused)}", *refused)


def all_refused(answers: Iterable[Answer]) -> bool:
    """Whether every list that the real credential can read refuses in so many words, or sends to a login."""
    replies = {answer.reply for answer in answers} - {Reply.CLOSED_TO_ALL}
    return bool(replies) and replies <= {*_TURNED_AWAY, Reply.SENT_TO_LOGIN}


def _leak(answers: Sequence[Answer], stranger: str) -> Finding:
    """The finding of one list, or one record of it, that was handed over, be it to one stranger or to several."""
    answer = answers[0]
    what = f"a single record of the {_plain(answer.kind)}" if answer.single else f"the list of {_plain(answer.kind)}"
    subject = f"{answer.kind} record" if answer.single else answer.kind
    ways = dict.fromkeys(str(each.exchange.notes["tampered"]) for each in answers if "tampered" in each.exchange.notes)
    detail = f"What was changed, and let in all the same: {'; '.join(ways)}." if ways else ""
    summary = f"{what} is handed over to {stranger}"
    return not_met(summary, *answers, detail=detail, subject=subject).raises("anonymous-access")


def _one_each(answers: Iterable[Answer]) -> list[Answer]:
    return list({(answer.kind, answer.single): answer for answer in answers}.values())


def _counted(some: Sequence[Answer], answers: Sequence[Answer]) -> str:
    kinds, all_kinds = (_one_each(each for each in group if not each.single) for group in (some, answers))
    besides = " and from single records" if any(each.single for each in some) else ""
    if len(kinds) == len(all_kinds) == 1:
        return f"the list of {_plain(kinds[0].kind)}{besides}"
    counted = f"all {len(kinds)}" if len(kinds) == len(all_kinds) else f"{len(kinds)} of {len(all_kinds)}"
    return f"{counted} lists that were tried{besides}"


def _detail(answers: Sequence[Answer]) -> str:
    refusals = [answer.exchange for answer in answers if answer.reply is Reply.REFUSED]
    silent = [exchange for exchange in refusals if not exchange.header("www-authenticate")]
    missing = " The answers do not say how to log in (no WWW-Authenticate header)." if silent else ""
    hidden = [answer for answer in answers if answer.reply is Reply.HIDDEN]
    habit = " Another status than 401 is a habit, and keeps strangers out as well." if hidden else ""
    return f"Statuses: {_statuses(answers)}.{habit}{missing}"


def _statuses(answers: Iterable[Answer]) -> str:
    return ", ".join(dict.fromkeys(f"{_place(answer)} {answer.exchange.status}" for answer in answers))


def _kinds(answers: Iterable[Answer]) -> str:
    return ", ".join(_place(answer) for answer in _one_each(answers))


def _place(answer: Answer) -> str:
    return f"one of the {_plain(answer.kind)}" if answer.single else _plain(answer.kind)


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
