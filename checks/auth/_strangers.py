"""How lists of records answer somebody who should not get in: refused, hidden, a login page, empty, or handed over.

Sorts answers and judges them; who asks, and with what, is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cmms_audit.battery import Context, CouldNotLook, Finding, met, not_met, partial, unknown
from cmms_audit.model import Evidence, Exchange

from ._lists import lists

MOST_LISTS = 8
_LOGIN = re.compile(r"log.?in|sign.?in|password|sso|saml|oauth|authoriz", re.IGNORECASE)
_REFUSAL = re.compile(r"unauth|not auth|forbidden|denied|credential|token|api.?key|log.?in|sign.?in", re.IGNORECASE)
_READ_OF_A_BODY = 4_000


class Reply(StrEnum):
    """What a stranger gets."""

    REFUSED = "refused with 401"
    HIDDEN = "turned away with another status"
    LOGIN = "shown a login page as if all were well"
    ERROR_IN_SUCCESS = "refused in the text, under a status of success"
    EMPTY = "given an empty list, where the real credential sees records"
    RECORDS = "given records"
    UNCLEAR = "answered in a way that tells nothing"


_POOR_REFUSALS = (Reply.LOGIN, Reply.ERROR_IN_SUCCESS, Reply.EMPTY)


@dataclass(frozen=True)
class Answer:
    """What a stranger got from the list of one kind of records."""

    kind: str
    reply: Reply
    exchange: Exchange

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence


async def ask_lists(ctx: Context, ask: Callable[[str], Awaitable[Exchange]], most: int = MOST_LISTS) -> list[Answer]:
    """Ask the lists of the vendor's resources, the telling ones first, and sort what comes.

    Raises CouldNotLook where there is no list to ask, or the very first gets no answer; what was learnt before a later
    one fails is kept.
    """
    answers: list[Answer] = []
    for resource in lists(ctx)[:most]:
        try:
            exchange = await ask(resource.path)
        except CouldNotLook:
            if not answers:
                raise
            break
        answers.append(Answer(resource.kind, await _sorted_reply(ctx, resource.kind, exchange), exchange))
    return answers


async def _sorted_reply(ctx: Context, kind: str, exchange: Exchange) -> Reply:
    if exchange.status == 401:
        return Reply.REFUSED
    if exchange.ok:
        return await _reply_of_success(ctx, kind, exchange)
    if 300 <= exchange.status < 400:
        return Reply.LOGIN if _LOGIN.search(exchange.header("location") or "") else Reply.UNCLEAR
    if exchange.status in (403, 404):
        return Reply.HIDDEN if await _main_records(ctx, kind) is not None else Reply.UNCLEAR
    if 400 <= exchange.status < 500 and exchange.status != 429 and _REFUSAL.search(exchange.text[:_READ_OF_A_BODY]):
        return Reply.HIDDEN
    return Reply.UNCLEAR


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
    """Judge the answers to a `stranger` ("a caller without a credential"): one finding for each list that leaks."""
    leaks = [answer for answer in answers if answer.reply is Reply.RECORDS]
    if leaks:
        return [_leak(answer, stranger) for answer in _one_each(leaks)]
    poor = [answer for answer in answers if answer.reply in _POOR_REFUSALS]
    turned_away = [answer for answer in answers if answer.reply in (Reply.REFUSED, Reply.HIDDEN)]
    if poor:
        says = f"{stranger} gets no data, but is {poor[0].reply} ({_kinds(poor)})"
        return partial(f"{says}, so a broken credential looks like an empty plant", *poor).clears("anonymous-access")
    if not turned_away:
        return unknown(f"no list answered {stranger} in a way that tells whether it is protected", *answers)
    return met(
        f"{stranger} is turned away from {_counted(turned_away, answers)}", *answers, detail=_detail(answers)
    ).clears("anonymous-access")


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
