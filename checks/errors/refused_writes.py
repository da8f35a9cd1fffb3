"""errors.structure: whether wrong writes are refused as clearly as wrong reads, each made with records of our own."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.battery import Context, CouldNotLook, Finding, check, not_met, unknown
from cmms_audit.model import Reason

from ..data._counted import counted
from ._judged import judge_as_documented, judge_leaks, judge_shapes, listing, never_answered
from ._provoked import Provoked, provoked
from ._wrong_writes import wrong_writes

_CANNOT_BE = ("body", "type", "missing", "permission")  # mistakes after which no record should have been made
_LONGEST = 300.0  # seconds; a question that is never answered takes its time


@check(
    question="errors.structure",
    id="errors.refused-writes",
    aspect="shape",
    sends="writes",
    flags=("generic-errors",),
    exclusive=True,
    timeout=_LONGEST,
)
async def refused_writes(ctx: Context) -> Finding:
    """Wrong creates and wrong calls of our own records are refused clearly, in the shape of the other errors."""
    answers = await wrong_writes(ctx)
    silent = [each for each in answers if each.is_silent]
    if silent:
        return never_answered(silent)
    errors = [each for each in answers if each.is_error]
    accepted = [each for each in answers if each.wrong in _CANNOT_BE and each.exchange.ok and not each.is_error]
    if not errors and not accepted:
        return _not_looked_at(answers)
    if not errors:
        says = f"{counted(len(accepted), 'create')} with a mistake in it was refused by nobody"
        return not_met(says, *accepted, detail=listing(answers))
    more = [f"{counted(len(accepted), 'create')} with a mistake in it passed"] if accepted else []
    return judge_shapes(errors, beside=await _of_reads(ctx), more=more)


async def _of_reads(ctx: Context) -> list[Provoked]:
    """The errors that wrong reads brought; none where there were none to ask."""
    try:
        return [each for each in await provoked(ctx) if each.is_error]
    except CouldNotLook:
        return []


def _not_looked_at(answers: Sequence[Provoked]) -> Finding:
    barred = [each for each in answers if each.is_barred]
    if barred:
        says = f"the credential may not create records ({barred[0].exchange.status}), so no mistake was looked at"
        return unknown(says, *barred, reason=Reason.CREDENTIAL)
    says = f"{answers[0].asked} was answered {answers[0].exchange.status}, which does not tell how mistakes are refused"
    return unknown(says, *answers, reason=Reason.CONNECTIVITY)


@check(
    question="errors.structure",
    id="errors.refused-writes-as-documented",
    aspect="shape",
    sends="writes",
    flags=("undocumented-behaviour",),
    exclusive=True,
    timeout=_LONGEST,
)
async def refused_writes_as_documented(ctx: Context) -> Finding:
    """The errors of wrong writes are held against the schemas that the document gives for them."""
    return judge_as_documented(ctx, [each for each in await wrong_writes(ctx) if each.is_error])


@check(
    question="errors.structure",
    id="errors.no-leak-in-writes",
    aspect="leak",
    sends="writes",
    flags=("stack-trace-leak",),
    exclusive=True,
    timeout=_LONGEST,
)
async def no_leak_in_writes(ctx: Context) -> Finding:
    """No error of a wrong write shows a stack trace, a database statement, a path on the server or the credential."""
    return judge_leaks(await wrong_writes(ctx))
