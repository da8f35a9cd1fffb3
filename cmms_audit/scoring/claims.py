"""The vendor's claims held against what was found: by tests that checks made, or else by the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cmms_audit.model import Basis, Claim, Finding, Verdict
from cmms_audit.scoring.card import ClaimResult, QuestionResult
from cmms_audit.scoring.questions import claim_in_words

_SEEN_OR_READ = (Basis.OBSERVED, Basis.DOCUMENTED)


class JudgedClaim(Struct, frozen=True):
    """A claim's result, with the basis and the checks of what it was held against."""

    result: ClaimResult
    basis: Basis
    checks: tuple[str, ...]


def judge_claims(
    heard: Sequence[Finding], questions: Sequence[QuestionResult], claims: Mapping[str, Claim]
) -> tuple[JudgedClaim, ...]:
    """Every claim beside what was found, in the guide's order.

    `heard` are the findings that no stronger one outranks: what they say of a claim counts. A claim that no
    check tested is held against the verdict of its question.
    """
    judged: list[JudgedClaim] = []
    for question in questions:
        tests = _tested_by_checks(question.id, heard)
        judged += tests
        claim = claims.get(question.id)
        if claim and not any(test.result.contradicted for test in tests):
            by_verdict = _held_against_verdict(claim, question)
            if by_verdict.result.contradicted or not tests:
                judged.append(by_verdict)
    return tuple(judged)


def _tested_by_checks(question: str, heard: Sequence[Finding]) -> list[JudgedClaim]:
    tested: dict[ClaimResult, JudgedClaim] = {}
    for finding in heard:
        for test in finding.claims:
            if test.question == question:
                result = ClaimResult(question, test.claimed, test.observed, test.contradicted, tested=True)
                tested.setdefault(result, JudgedClaim(result, finding.basis, (finding.check,)))
    return list(tested.values())


def _held_against_verdict(claim: Claim, question: QuestionResult) -> JudgedClaim:
    """A yes against a not_met is contradicted, unless that only says that there is no such feature.

    Numbers are tested by checks that know what they count; a verdict can only belie them by what was seen.
    """
    held = question.basis in _SEEN_OR_READ and not question.absent and bool(question.findings)
    says_yes = claim.answer in {"yes", None}
    belied = held and says_yes and question.verdict is Verdict.NOT_MET
    contradicted = belied and (not claim.numbers or question.basis is Basis.OBSERVED)
    tested = contradicted or (held and not claim.numbers)
    observed = question.summary if tested else "nothing was found to hold it against"
    result = ClaimResult(question.id, claim_in_words(claim), observed, contradicted, tested)
    return JudgedClaim(result, question.basis, question.findings)
