"""How a credential that may only read is answered when it writes: refused, refused poorly, let in, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import Finding, Trial, met, not_met, partial, pattern, unknown
from cmms_audit.model import Exchange, Reason

from . import _strangers

_CORE = ("create", "update", "delete")
_READ_OF_A_BODY = 4_000
_MISSING_RIGHT = pattern(r"insufficient|scope|permission|privilege|read[- _]?only|forbidden", re.IGNORECASE)
FLAG = "scopes-not-enforced"


def judge(trials: Sequence[Trial], places: Sequence[Exchange]) -> Finding:
    """Judge what came of every kind of write; `places` show that the credential reads."""
    seen = [each.exchange for each in trials if each.exchange]
    detail = "; ".join(f"{each.what}: {_in_words(each)}" for each in trials)
    let_in = [each for each in trials if each.done]
    if let_in:
        says = f"a credential that may only read is let in when it writes ({_named(let_in)})"
        return not_met(says, *(each.exchange for each in let_in if each.exchange), *places, detail=detail).raises(FLAG)
    refused = [each for each in trials if _is_refused(each)]
    if not refused:
        return _tells_nothing(trials, seen, detail)
    says = f"a credential that may only read is refused when it writes ({_named(refused)})"
    open_ones = [each for each in trials if each.what in _CORE and each not in refused]
    if open_ones:
        summary = f"{says}; whether also on {_named(open_ones)} could not be told"
        return partial(summary, *seen, *places, detail=detail)
    poor = [each for each in refused if each.exchange and not is_told(each.exchange)]
    if poor:
        told = _in_words(poor[0])
        finding = partial(
            f"{says}, but not told so: {told}, as if it were no credential", *seen, *places, detail=detail
        )
        return finding.clears(FLAG)
    return met(says, *seen, *places, detail=detail).clears(FLAG)


def _tells_nothing(trials: Sequence[Trial], seen: Sequence[Exchange], detail: str) -> Finding:
    if any(_strangers.is_busy(each) for each in seen):
        says = "a credential that may only read was neither refused nor let in when it wrote; the system was busy"
        return unknown(says, *seen, reason=Reason.CONNECTIVITY, detail=detail)
    says = "no write of a credential that may only read got as far as its permissions"
    return unknown(f"{says} ({_in_words(trials[0])})", *seen, reason=Reason.NOT_PERMITTED, detail=detail)


def is_told(exchange: Exchange) -> bool:
    """Whether a refusal tells a missing permission from a bad credential: by its status, or in so many words.

    A 401 makes programs fetch another token and try again (RFC 6750, 3.1), unless it says what is missing.
    """
    if exchange.status in (403, 404):
        return True
    said = f"{exchange.header('www-authenticate') or ''} {exchange.text[:_READ_OF_A_BODY]}"
    return exchange.status == 401 and _MISSING_RIGHT.search(said) is not None


def _is_refused(trial: Trial) -> bool:
    """Whether it was turned away for what the credential may do; what does not exist may just not be found."""
    if trial.exchange is None:
        return False
    if trial.at_nothing:
        return trial.exchange.status in (401, 403)
    return trial.exchange.status in (401, 403, 404) or trial.refused_in_text


def _in_words(trial: Trial) -> str:
    if trial.exchange is None:
        return f"not tried, {trial.says}"
    let_in = ", and it took effect" if trial.done else ""
    in_text = ", with a refusal in the text" if trial.refused_in_text else ""
    return f"answered with {trial.exchange.status}{let_in}{in_text}"


def _named(trials: Sequence[Trial]) -> str:
    return ", ".join(each.what for each in trials)
