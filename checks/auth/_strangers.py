"""How lists of records answer somebody who should not get in: refused, hidden, a login page, empty, or handed over.

Sorts answers and judges them; who asks, and with what, is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from cmms_audit.battery import Context, CouldNotLook, Finding, met, not_met, partial, pattern, unknown
from cmms_audit.model import Evidence, Exchange, Reason

from ._lists import lists

MOST_LISTS = 8
KEY_HEADER = pattern(r"(?!authorization$)(?=.*(?:key|token|auth|secret|api))[a-z0-9-]{1,60}", re.IGNORECASE)
_LOGIN = pattern(r"log.?in|sign.?in|password|sso|saml|oauth|authoriz", re.IGNORECASE)
_REFUSAL = pattern(r"unauth|not auth|forbidden|denied|credential|token|api.?key|log.?in|sign.?in", re.IGNORECASE)
_READ_OF_A_BODY = 4_000


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
    """What a stranger got from the list of one kind of records."""

    kind: str
    reply: Reply
    exchange: Exchange

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


async def ask_lists(
    ctx: Context,
    ask: Callable[[str], Awaitable[Exchange]],
    most: int = MOST_LISTS,
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


async def ask_in_turn(ctx: Context, asks: Sequence[Callable[[str], Awaitable[Exchange]]]) -> list[Answer]:
    """Let several strangers take turns, so that each asks a list and each list is asked; then who was let in, all.

    Raises CouldNotLook as ask_lists.
    """
    kinds = [resource.kind for resource in lists(ctx)[:MOST_LISTS]]
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
        return Reply.ERROR_IN_SUCCESS if _REFUSAL.search(body) else Reply.UNCLEAR
    if page.records:
        return Reply.RECORDS
    return Reply.EMPTY if await _main_records(ctx, kind) else Reply.UNCLEAR


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
        return [_leak(answer, stranger) for answer in _one_each(leaks)]
    busy = [answer for answer in answers if answer.reply is Reply.BUSY]
    if busy:
        status = busy[0].exchange.status or "none"
        says = f"{stranger} is {Reply.BUSY} (status {status}; {_kinds(busy)}), which is no refusal"
        return unknown(says, *answers, reason=Reason.CONNECTIVITY)
    poor = [answer for answer in answers if answer.reply in _POOR_REFUSALS]
    turned_away = [answer for answer in answers if answer.reply in _TURNED_AWAY]
    if poor:
        says = f"{stranger} gets no data, but is {poor[0].reply} ({_kinds(poor)})"
        return partial(f"{says}, so a broken credential looks like an empty plant", *poor)
    if not turned_away:
        return unknown(f"no list answered {stranger} in a way that tells whether it is protected", *answers)
    says = f"{stranger} is turned away from {_counted(turned_away, answers)}"
    return met(says, *answers, detail=_detail(answers))


def all_refused(answers: Iterable[Answer]) -> bool:
    """Whether every list that the real credential can read refuses in so many words, or sends to a login."""
    replies = {answer.reply for answer in answers} - {Reply.CLOSED_TO_ALL}
    return bool(replies) and replies <= {*_TURNED_AWAY, Reply.SENT_TO_LOGIN}


def _leak(answer: Answer, stranger: str) -> Finding:
    summary = f"the list of {_plain(answer.kind)} is handed over to {stranger}"
    return not_met(summary, answer, subject=answer.kind).raises("anonymous-access")


def _one_each(answers: Iterable[Answer]) -> list[Answer]:
    return list({answer.kind: answer for answer in answers}.values())


def _counted(some: Sequence[Answer], answers: Sequence[Answer]) -> str:
    kinds, all_kinds = _one_each(some), _one_each(answers)
    if len(kinds) == len(all_kinds):
        return f"the list of {_plain(kinds[0].kind)}" if len(kinds) == 1 else f"all {len(kinds)} lists that were tried"
    return f"{len(kinds)} of {len(all_kinds)} lists that were tried"


def _detail(answers: Sequence[Answer]) -> str:
    statuses = ", ".join(dict.fromkeys(f"{_plain(answer.kind)} {answer.exchange.status}" for answer in answers))
    refusals = [answer.exchange for answer in answers if answer.reply is Reply.REFUSED]
    silent = [exchange for exchange in refusals if not exchange.header("www-authenticate")]
    missing = " The answers do not say how to log in (no WWW-Authenticate header)." if silent else ""
    return f"Statuses: {statuses}.{missing}"


def _kinds(answers: Iterable[Answer]) -> str:
    return ", ".join(_plain(answer.kind) for answer in _one_each(answers))


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
