"""errors.structure: whether a developer can tell from an error what went wrong, and where."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, Operation, check, met, not_met, partial, unknown
from cmms_audit.model import Reason

from ._documented import (
    described_errors,
    error_responses,
    habits,
    hides_errors,
    judged_operations,
    lists_codes,
    undescribed,
)
from ._judged import judge_as_documented, judge_leaks, judge_shapes, listing, never_answered
from ._provoked import provoked, unanswered

_HALF = 0.5
_HARDLY_ANY = 0.1


@check(question="errors.structure", id="errors.documented", aspect="shape", sends="nothing")
def documented(ctx: Context) -> Finding:
    """How many operations describe their errors, and whether the description has a code, a message, a field."""
    operations = judged_operations(ctx)
    detail = str(habits(operations))
    with_status = [op for op in operations if error_responses(op)]
    with_body = [op for op in operations if described_errors(op)]
    if len(with_body) < _HARDLY_ANY * len(operations) or not with_body:
        says = f"{len(with_body)} of {len(operations)} operations describe errors, {len(with_status)} list their status"
        if lists_codes(ctx.spec):
            return partial(f"{says}; the codes are listed in words only", ctx.spec.evidence_at("/info"), detail=detail)
        few = not with_status or len(with_status) < _HALF * len(operations)
        return ctx.absent(says) if few else partial(says, error_responses(with_status[0])[0], detail=detail)
    lacks = undescribed(ctx)
    says = f"{len(with_body)} of {len(operations)} operations describe the body of their errors"
    place = described_errors(with_body[0])[0]
    if lacks:
        return partial(f"{says}, but {' and '.join(lacks)}", place, detail=detail)
    says = f"{says}, with a code, a message and the field at fault, and the codes are listed"
    return met(says, place, detail=detail)


@check(question="errors.structure", id="errors.success-means-success", aspect="shape", sends="nothing", decisive=False)
def success_means_success(ctx: Context) -> Finding:
    """Looks for signs that an error can come as an answer with status 200."""
    sign = hides_errors(ctx)
    if isinstance(sign, Operation):
        says = "answers with status 200 have both a mark of success and a place for an error: the status may not tell"
        return partial(says, sign)
    if sign:
        says = "the document says that errors can come with status 200"
        return partial(says, sign, detail=f"“{sign.text[:300]}”")
    operations = judged_operations(ctx)
    described = [answers[0] for each in operations if (answers := error_responses(each))]
    if len(described) < _HALF * len(operations) or not described:
        return unknown("too few errors are described to tell whether they have statuses of their own")
    says = "errors are described with statuses of their own, and nothing hints at errors inside a success"
    return met(says, described[0])


@check(question="errors.structure", id="errors.provoked", aspect="shape", sends="reads", flags=("generic-errors",))
async def provoked_errors(ctx: Context) -> Finding:
    """Wrong questions are asked; their errors are compared: JSON, code, message, what was at fault, one shape."""
    silent = await unanswered(ctx)
    if silent:
        return never_answered(silent)
    answers = await provoked(ctx)
    errors = [each for each in answers if each.is_error]
    if not errors and not any(each.exchange.status != 429 and each.wrong != "media type" for each in answers):
        says = "the wrong questions were put off (429), so no error was seen"
        return unknown(says, *answers, reason=Reason.CONNECTIVITY)
    if not errors:
        return not_met(f"none of {len(answers)} wrong questions was refused", *answers, detail=listing(answers))
    return judge_shapes(errors)


@check(
    question="errors.structure",
    id="errors.as-documented",
    aspect="shape",
    sends="reads",
    flags=("undocumented-behaviour",),
)
async def as_documented(ctx: Context) -> Finding:
    """The provoked errors are held against the schemas that the document gives for them."""
    return judge_as_documented(ctx, [each for each in await provoked(ctx) if each.is_error])


@check(
    question="errors.structure",
    id="errors.no-leak",
    aspect="leak",
    sends="reads",
    flags=("stack-trace-leak",),
)
async def no_leak(ctx: Context) -> Finding:
    """No provoked error shows a stack trace, a database statement, a path on the server or the credential."""
    return judge_leaks(await provoked(ctx))
