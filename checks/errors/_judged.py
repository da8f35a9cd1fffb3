"""Judges errors that were provoked, by reads or by writes: their shape, their description, what they give away."""

from __future__ import annotations

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
    unknown,
)
from cmms_audit.model import Severity

from ._documented import undescribed
from ._flaws import Pairs, flaws, is_unreadable, names_fault, promised
from ._leaks import hints, leaks
from ._provoked import Provoked
from ._shapes import correlation_id, hides_an_error, read_error

_LONGEST_CODE = 100


def never_answered(silent: Sequence[Provoked]) -> Finding:
    """The finding where a wrong question got no answer, although right ones do."""
    says = f"{silent[0].asked} is never answered, although the system answers other calls"
    return not_met(says, *silent, detail="\n".join(f"{each.asked}: {each.exchange.failure}" for each in silent))


def judge_shapes(errors: Sequence[Provoked], *, beside: Sequence[Provoked] = (), more: Sequence[str] = ()) -> Finding:
    """Whether errors are JSON of one shape with code, message and what was at fault; raises or clears generic-errors.

    `beside` are errors of another kind, which should have the same shape; `more` flaws that were found elsewhere.
    """
    pairs = [(each, read_error(each.exchange)) for each in errors]
    found = [*more, *flaws(pairs), *_other_shapes(pairs, beside)]
    detail = listing(errors)
    if _generic(pairs):
        says = f"{len(errors)} errors were provoked; none has a code or names the field or record at fault"
        return not_met(says, *errors, detail=detail).raises("generic-errors")
    if _broken(pairs):
        return not_met("; ".join(found), *errors, detail=detail).clears("generic-errors")
    if found:
        says = f"{len(errors)} errors were provoked; {'; '.join(found)}"
        finding = partial(says, *errors, detail=detail)
        return finding.clears("generic-errors") if _telling(pairs) else finding
    says = (
        f"all {len(errors)} errors that were provoked are JSON of one shape, with code, message and what was at fault"
    )
    return met(says, *errors, detail=detail).clears("generic-errors")


def judge_as_documented(ctx: Context, errors: Sequence[Provoked]) -> Finding:
    """Whether errors have the bodies that the document gives for them; departures raise undocumented-behaviour."""
    described = [(each, response) for each in errors if (response := promised(each))]
    if not described and ctx.has_spec and errors:
        return partial("the document describes no body for the errors that were provoked", *errors)
    if not described:
        return not_applicable("there is no described error to hold against a provoked one", *errors)
    departures = [(each, _departures(each, response)) for each, response in described]
    broken = [(each, found) for each, found in departures if found]
    if not broken:
        says = f"all {len(described)} errors that were provoked have the body that the document promises"
        lacks, detail = undescribed(ctx), _not_described(errors)
        if lacks:
            return partial(f"{says}, but {' and '.join(lacks)}", *errors, detail=detail)
        return met(says, *errors, detail=detail)
    serious = any(each.serious for _, found in broken for each in found)
    says = f"{len(broken)} of {len(described)} provoked errors depart from the body that the document promises"
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
    if leaking:
        kinds = list(dict.fromkeys(what for _, found in leaking for what in found))
        says = f"{len(leaking)} of {len(answers)} answers to wrong questions show {' and '.join(kinds)}"
        detail = "\n".join(f"{each.asked}: {', '.join(found)}" for each, found in leaking)
        return not_met(says, *(each for each, _ in leaking), detail=detail).raises("stack-trace-leak")
    hinting = [(each, found) for each in errors if (found := hints(each.exchange))]
    if hinting:
        what = dict.fromkeys(told for _, found in hinting for told in found)
        says = f"{len(hinting)} of {len(errors)} errors show {' and '.join(what)}"
        return partial(says, *(each for each, _ in hinting)).clears("stack-trace-leak")
    says = f"none of {len(errors)} errors that were provoked shows the inside of the vendor's program"
    return met(says, *errors).clears("stack-trace-leak")


def listing(answers: Sequence[Provoked]) -> str:
    """Each wrong question and its answer, one a line."""
    return "\n".join(f"{each.asked}: {_in_words(each)}" for each in answers)


def _generic(pairs: Pairs) -> bool:
    """Whether no error says more than its status: no code anywhere, and never the parameter or id that was wrong.

    Where only records were asked for that do not exist, "not found" says all that there is to say.
    """
    return not _telling(pairs) and any(each.word and each.wrong != "record" for each, _ in pairs)


def _telling(pairs: Pairs) -> bool:
    """Whether any error has a code, or names the parameter or id that was wrong."""
    return any((body and body.code) or names_fault(each, body) for each, body in pairs)


def _broken(pairs: Pairs) -> bool:
    unreadable = sum(is_unreadable(each, body) for each, body in pairs)
    return unreadable > len(pairs) / 2 or any(hides_an_error(each.exchange) for each, _ in pairs)


def _in_words(answer: Provoked) -> str:
    body = read_error(answer.exchange)
    code = f"code {body.code[:_LONGEST_CODE]}" if body and body.code else "no code"
    tracked = "with a request id" if correlation_id(answer.exchange) else "without a request id"
    return f"{answer.exchange.status} {answer.exchange.media_type or 'without a body'}, {code}, {tracked}"


def _other_shapes(pairs: Pairs, beside: Sequence[Provoked]) -> list[str]:
    known = [body.shape for each in beside if (body := read_error(each.exchange))]
    others = [body for _, body in pairs if body and not any(body.shape.is_like(shape) for shape in known)]
    return [f"{len(others)} have another shape than the errors of reads"] if known and others else []


def _not_described(errors: Sequence[Provoked]) -> str:
    """The errors whose status the document does not describe at their address; what it leaves out it promises not."""
    left_out = [each for each in errors if each.operation and not promised(each)]
    listed = "\n".join(f"{each.asked}: {each.exchange.status}" for each in left_out)
    return f"Without a described body:\n{listed}" if listed else ""


def _departures(error: Provoked, response: ResponseDoc) -> list[Drift]:
    if error.exchange.json is None:
        says = f"JSON is promised, {error.exchange.media_type or 'nothing'} came"
        return [Drift("", "wrong-type", says, serious=True)]
    return drift(response.schema, error.exchange.json) if response.schema else []
