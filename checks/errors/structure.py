"""errors.structure: whether a developer can tell from an error what went wrong, and where."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Drift,
    Finding,
    Operation,
    ResponseDoc,
    check,
    drift,
    met,
    not_applicable,
    not_met,
    partial,
    squeezed,
    unknown,
)
from cmms_audit.model import Reason, Severity

from ._documented import (
    described_errors,
    error_responses,
    habits,
    hides_errors,
    judged_operations,
    lists_codes,
    undescribed,
)
from ._leaks import leaks
from ._provoked import Provoked, provoked
from ._shapes import ErrorBody, correlation_id, hides_an_error, is_html, read_error

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
    answers = await provoked(ctx)
    errors = [each for each in answers if each.is_error]
    if not errors and not any(each.exchange.status != 429 and each.wrong != "media type" for each in answers):
        says = "the wrong questions were put off (429), so no error was seen"
        return unknown(says, *answers, reason=Reason.CONNECTIVITY)
    if not errors:
        return not_met(f"none of {len(answers)} wrong questions was refused", *answers, detail=_listing(answers))
    bodies = [read_error(each.exchange) for each in errors]
    flaws = _flaws(errors, bodies)
    detail = _listing(errors)
    if _generic(errors, bodies):
        says = f"{len(errors)} errors were provoked; none has a code or names the field or record at fault"
        return not_met(says, *errors, detail=detail).raises("generic-errors")
    if _broken(errors, bodies):
        return not_met("; ".join(flaws), *errors, detail=detail).clears("generic-errors")
    if flaws:
        says = f"{len(errors)} errors were provoked; {'; '.join(flaws)}"
        return partial(says, *errors, detail=detail).clears("generic-errors")
    says = (
        f"all {len(errors)} errors that were provoked are JSON of one shape, with code, message and what was at fault"
    )
    return met(says, *errors, detail=detail).clears("generic-errors")


def _generic(errors: Sequence[Provoked], bodies: Sequence[ErrorBody | None]) -> bool:
    """Whether no error says more than its status: no code anywhere, and never the parameter or id that was wrong."""
    told = [each for each, body in zip(errors, bodies, strict=True) if (body and body.code) or _names_fault(each, body)]
    return not told and any(each.word for each in errors)


def _broken(errors: Sequence[Provoked], bodies: Sequence[ErrorBody | None]) -> bool:
    unreadable = sum(body is None for body in bodies)
    return unreadable > len(errors) / 2 or any(hides_an_error(each.exchange) for each in errors)


def _flaws(errors: Sequence[Provoked], bodies: Sequence[ErrorBody | None]) -> list[str]:
    pairs = list(zip(errors, bodies, strict=True))
    read = [body for body in bodies if body]
    shapes = {body.shape for body in read}
    counted = (
        (sum(hides_an_error(each.exchange) for each in errors), "are hidden in an answer that says success"),
        (sum(is_html(each.exchange) for each in errors), "are web pages instead of JSON"),
        (sum(body is None and not is_html(each.exchange) for each, body in pairs), "say nothing in their body"),
        (sum(each.exchange.status >= 500 for each in errors), "blame the server (5xx) for the caller's mistake"),
        (sum(body.code is None for body in read), "have no code for programs"),
        (sum(body.message is None for body in read), "have no message for people"),
        (
            sum(bool(each.word) and not _names_fault(each, body) for each, body in pairs),
            "do not name what was at fault",
        ),
    )
    flaws = [f"{number} of {len(errors)} {says}" for number, says in counted if number]
    if not any(correlation_id(each.exchange) for each in errors):
        flaws.append("none carries an id under which it could be reported")
    return [*flaws, f"there are {len(shapes)} different shapes"] if len(shapes) > 1 else flaws


def _names_fault(error: Provoked, body: ErrorBody | None) -> bool:
    """Whether an error repeats the parameter or the id that was wrong."""
    if not error.word or body is None:
        return False
    return error.word in error.exchange.text or squeezed(error.word) in map(squeezed, body.fields)


def _listing(answers: Sequence[Provoked]) -> str:
    return "\n".join(f"{each.asked}: {_in_words(each)}" for each in answers)


def _in_words(answer: Provoked) -> str:
    body = read_error(answer.exchange)
    code = f"code {body.code}" if body and body.code else "no code"
    tracked = "with a request id" if correlation_id(answer.exchange) else "without a request id"
    return f"{answer.exchange.status} {answer.exchange.media_type or 'without a body'}, {code}, {tracked}"


@check(
    question="errors.structure",
    id="errors.as-documented",
    aspect="shape",
    sends="reads",
    flags=("undocumented-behaviour",),
)
async def as_documented(ctx: Context) -> Finding:
    """The provoked errors are held against the schemas that the document gives for them."""
    errors = [each for each in await provoked(ctx) if each.is_error]
    promised = [(each, response) for each in errors if (response := _promised(each))]
    if not promised and ctx.has_spec and errors:
        return partial("the document describes no body for the errors that were provoked", *errors)
    if not promised:
        return not_applicable("there is no described error to hold against a provoked one", *errors)
    departures = [(each, _departures(each, response)) for each, response in promised]
    broken = [(each, found) for each, found in departures if found]
    if not broken:
        says = f"all {len(promised)} errors that were provoked have the body that the document promises"
        lacks = undescribed(ctx)
        return partial(f"{says}, but {' and '.join(lacks)}", *errors) if lacks else met(says, *errors)
    serious = any(each.serious for _, found in broken for each in found)
    says = f"{len(broken)} of {len(promised)} provoked errors depart from the body that the document promises"
    detail = "\n".join(f"{each.asked}: {found[0].says}" for each, found in broken)
    verdict = not_met if serious else partial
    finding = verdict(says, *(each for each, _ in broken), detail=detail)
    return finding.raises("undocumented-behaviour", Severity.SERIOUS if serious else Severity.MINOR)


def _promised(error: Provoked) -> ResponseDoc | None:
    """The documented answer that this error should be: of its status, its class, or the default."""
    status = str(error.exchange.status)
    responses = {each.status.upper(): each for each in error.operation.responses} if error.operation else {}
    found = responses.get(status) or responses.get(f"{status[0]}XX") or responses.get("DEFAULT")
    return found if found and found.schema else None


def _departures(error: Provoked, response: ResponseDoc) -> list[Drift]:
    if error.exchange.json is None:
        says = f"JSON is promised, {error.exchange.media_type or 'nothing'} came"
        return [Drift("", "wrong-type", says, serious=True)]
    return drift(response.schema, error.exchange.json) if response.schema else []


@check(
    question="errors.structure",
    id="errors.no-leak",
    aspect="leak",
    sends="reads",
    flags=("stack-trace-leak",),
)
async def no_leak(ctx: Context) -> Finding:
    """No provoked error shows a stack trace, a database statement, a path on the server or the credential."""
    answers = await provoked(ctx)
    leaking = [(each, found) for each in answers if (found := leaks(each.exchange))]
    errors = [each for each in answers if each.is_error and each.exchange.status >= 400 and each.exchange.text.strip()]
    if not leaking and not errors:
        return unknown("no wrong question was answered with an error whose text could be read", *answers)
    if not leaking:
        says = f"none of {len(errors)} errors that were provoked shows the inside of the vendor's program"
        return met(says, *errors).clears("stack-trace-leak")
    kinds = list(dict.fromkeys(what for _, found in leaking for what in found))
    says = f"{len(leaking)} of {len(answers)} answers to wrong questions show {' and '.join(kinds)}"
    detail = "\n".join(f"{each.asked}: {', '.join(found)}" for each, found in leaking)
    return not_met(says, *(each for each, _ in leaking), detail=detail).raises("stack-trace-leak")
