"""Whether a run shows anything: one that was refused throughout, or could pay for too little, deserves no score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cmms_audit.model import Exchange, Finding, Purpose, Reason, Sends

_HOLLOW_SHARE = 0.9
_HOLLOW_LEAST = 5
_UNPAID_SHARE = 0.5


def hollow(exchanges: Iterable[Exchange], findings: Sequence[Finding]) -> str | None:
    """Why a run shows nothing although it ran; None where it does show something.

    Either nearly every request that expected success was refused (those that were meant to be refused, by strangers
    and wrong questions, do not count), or the budget was spent before most of the live checks could look.
    """
    return _mostly_refused(exchanges) or _mostly_unpaid(findings)


def _mostly_unpaid(findings: Sequence[Finding]) -> str | None:
    could_not = (Reason.OFFLINE, Reason.NOT_PERMITTED, Reason.SKIPPED)
    live = [each for each in findings if each.sends is not Sends.NOTHING and each.reason not in could_not]
    unpaid = sum(each.reason is Reason.BUDGET for each in live)
    if not live or unpaid < _UNPAID_SHARE * len(live):
        return None
    return f"the budget of the run, or the vendor's own limits, left {unpaid} of {len(live)} live checks without a look"


def _mostly_refused(exchanges: Iterable[Exchange]) -> str | None:
    served = [200 <= each.status < 400 for each in exchanges if _expected_success(each)]
    refused = served.count(False)
    if len(served) < _HOLLOW_LEAST or refused < _HOLLOW_SHARE * len(served):
        return None
    return f"{refused} of {len(served)} requests that should have succeeded were refused"


def _expected_success(exchange: Exchange) -> bool:
    return exchange.purpose is Purpose.API and exchange.role == "main" and exchange.reason is not Reason.INTERRUPTED
