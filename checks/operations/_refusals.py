"""What an answer to a question that cannot be meant says: refused, a failure of the server, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from cmms_audit.battery import Context, CouldNotLook, Finding, unknown
from cmms_audit.model import Evidence, Exchange, Reason

from ..errors._shapes import hides_an_error

# The credential, what was paid for, the address that is answered to, or the moment; 420 and 430 are limits of some.
NOT_THE_QUESTION = frozenset({401, 402, 403, 407, 408, 420, 421, 425, 426, 429, 430, 451})


class Outcome(StrEnum):
    """How the vendor took a wrong question; what tells nothing is an answer to something else, such as a pause."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    FAILED = "the server failed"
    UNCLEAR = "tells nothing"


class Asked(Protocol):
    """A wrong question and its answer."""

    @property
    def asked(self) -> str:
        """The question in words."""
        ...

    @property
    def exchange(self) -> Exchange:
        """The answer."""
        ...

    @property
    def outcome(self) -> Outcome:
        """What the answer says."""
        ...

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        ...


def is_refused(exchange: Exchange) -> bool:
    """Whether the question itself is refused: not the credential (401, 403), and not the moment (429, 5xx).

    Some refuse inside an answer that says success.
    """
    blames_the_question = 400 <= exchange.status < 500 and exchange.status not in NOT_THE_QUESTION
    return blames_the_question or hides_an_error(exchange)


def outcome_of_refusal(exchange: Exchange) -> Outcome | None:
    """What an answer that is no success says; None for a success.

    A server that is merely busy (502, 503, 504) did not fail over the question.
    """
    if is_refused(exchange):
        return Outcome.REFUSED
    if exchange.ok:
        return None
    return Outcome.FAILED if exchange.status == 500 else Outcome.UNCLEAR


def refused_inside(answers: Sequence[Asked]) -> str:
    """Where a refusal stands only inside an answer that says success, the end of a sentence that says so; else ""."""
    inside = sum(hides_an_error(each.exchange) for each in answers)
    if not inside:
        return ""
    how_many = "" if inside == len(answers) else f"{inside} of them "
    return f", but {how_many}inside an answer that says success, where a program that goes by the status does not look"


async def still_answers(ctx: Context, kind: str) -> bool:
    """Whether a list can be read just now, so that a failure before must have been the question's fault."""
    try:
        await ctx.api.page(kind)
    except CouldNotLook:
        return False
    return True


def not_told(answers: Sequence[Asked], detail: str) -> Finding:
    """The finding where these answers to wrong questions settle nothing."""
    first = answers[0].exchange
    says = f"{answers[0].asked} was answered {first.status}, which does not tell whether it is refused"
    return unknown(says, *answers, reason=_reason(first), detail=detail)


def _reason(exchange: Exchange) -> Reason:
    if exchange.ok:
        return Reason.VENDOR_SILENT
    return Reason.CREDENTIAL if exchange.status in (401, 403) else Reason.CONNECTIVITY
