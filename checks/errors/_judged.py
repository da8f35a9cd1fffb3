"""Judges errors that were provoked, by reads or by writes: their shape, their description, what they give away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Drift,
    Finding,
    ResponseDoc,
    drift,
    met,
    not_applicable,
    not_met,
    partial,
    squeezed,
    unknown,
)
from cmms_audit.model import Severity

from ._documented import undescribed
from ._leaks import leaks
from ._provoked import Provoked
from ._shapes import ErrorBody, correlation_id, hides_an_error, is_html, read_error


def never_answered(silent: Sequence[Provoked]) -> Finding:
    """The finding where a wrong question got no answer, although right ones do."""
    says = f"{silent[0].asked} is never answered, although the system answers other calls"
    return not_met(says, *silent, detail="\n".join(f"{each.asked}: {each.exchange.failure}" for each in silent))


def judge_shapes(errors: Sequence[Provoked], *, beside: Sequence[Provoked] = (), more: Sequence[str] = ()) -> Finding:
    """Whether errors are JSON of one shape with code, message and what was at fault; raises or clears generic-errors.

    `beside` are errors of another kind, which should have the same shape; `more` flaws that were found elsewhere.
    """
    bodies = [read_error(each.exchange) for each in errors]
    flaws = [*more, *_flaws(errors, bodies), *_other_shapes(bodies, beside)]
    detail = listing(errors)
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


def judge_as_documented(ctx: Context, errors: Sequence[Provoked]) -> Finding:
    """Whether errors have the bodies that the document gives for them; departures raise undocumented-behaviour."""
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


def judge_leaks(answers: Sequence[Provoked]) -> Finding:
    """Whether an answer to a wrong question shows the inside of the program; raises or clears stack-trace-leak."""
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


def listing(answers: Sequence[Provoked]) -> str:
    """Each wrong question and its answer, one a line."""
    return "\n".join(f"{each.asked}: {_in_words(each)}" for each in answers)


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
    if _unstable(pairs):
        flaws.append("the same mistake made twice gets two different codes")
    return [*flaws, f"there are {len(shapes)} different shapes"] if len(shapes) > 1 else flaws


def _names_fault(error: Provoked, body: ErrorBody | None) -> bool:
    """Whether an error repeats the parameter or the id that was wrong."""
    if not error.word or body is None:
        return False
    return error.word in error.exchange.text or squeezed(error.word) in map(squeezed, body.fields)


def _in_words(answer: Provoked) -> str:
    body = read_error(answer.exchange)
    code = f"code {body.code}" if body and body.code else "no code"
    tracked = "with a request id" if correlation_id(answer.exchange) else "without a request id"
    return f"{answer.exchange.status} {answer.exchange.media_type or 'without a body'}, {code}, {tracked}"


def _unstable(pairs: Sequence[tuple[Provoked, ErrorBody | None]]) -> bool:
    """Whether one mistake, made twice in the same place, gets two codes."""
    codes = defaultdict(set)
    for each, body in pairs:
        if body and body.code:
            codes[each.wrong, each.word, each.operation.pointer if each.operation else "", each.exchange.status].add(
                body.code
            )
    return any(len(found) > 1 for found in codes.values())


def _other_shapes(bodies: Sequence[ErrorBody | None], beside: Sequence[Provoked]) -> list[str]:
    known = {body.shape for each in beside if (body := read_error(each.exchange))}
    others = [body for body in bodies if body and body.shape not in known]
    return [f"{len(others)} have another shape than the errors of reads"] if known and others else []


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
