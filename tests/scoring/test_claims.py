"""What the vendor said, beside what was found."""

from __future__ import annotations

from cmms_audit.model import Basis, FlagState, Reason, Verdict
from cmms_audit.scoring import ClaimResult, Scorecard
from tests.scoring.samples import card, claim, finding, unknown

MET, PARTIAL, NOT_MET = Verdict.MET, Verdict.PARTIAL, Verdict.NOT_MET
DOCUMENTED = Basis.DOCUMENTED
YES = claim("auth.scopes", "yes")


def only_claim(scorecard: Scorecard) -> ClaimResult:
    (result,) = scorecard.claims
    return result


def contradiction(scorecard: Scorecard) -> FlagState:
    return next(flag.state for flag in scorecard.red_flags if flag.id == "claim-contradicted")


def test_a_yes_against_a_gap_that_was_seen_is_contradicted() -> None:
    scorecard = card([finding(NOT_MET, on="auth.scopes", summary="writes were let in")], claims=[YES])
    result = only_claim(scorecard)
    assert (result.contradicted, result.tested) == (True, True)
    assert (result.claimed, result.observed) == ("yes", "writes were let in")
    assert contradiction(scorecard) is FlagState.RAISED


def test_a_yes_against_a_documented_gap_is_contradicted() -> None:
    assert only_claim(card([finding(NOT_MET, DOCUMENTED, "auth.scopes")], claims=[YES])).contradicted


def test_a_no_or_a_partly_is_not_contradicted_by_a_gap() -> None:
    for answer in ("no", "partly"):
        scorecard = card([finding(NOT_MET, on="auth.scopes")], claims=[claim("auth.scopes", answer)])
        assert not only_claim(scorecard).contradicted
        assert contradiction(scorecard) is FlagState.CLEAR


def test_an_absent_feature_contradicts_no_claim() -> None:
    for basis in (Basis.OBSERVED, DOCUMENTED):
        scorecard = card([finding(NOT_MET, basis, "auth.scopes", absence=True)], claims=[YES])
        assert not only_claim(scorecard).contradicted
        assert contradiction(scorecard) is FlagState.NOT_TESTED


def test_a_claim_that_holds_clears_the_flag() -> None:
    scorecard = card([finding(PARTIAL, on="auth.scopes")], claims=[YES])
    assert only_claim(scorecard).tested
    assert contradiction(scorecard) is FlagState.CLEAR


def test_a_claim_that_nobody_could_hold_against_anything_is_not_tested() -> None:
    for findings in ([], [unknown(Reason.TIMEOUT, on="auth.scopes")]):
        scorecard = card(findings, claims=[YES])
        assert not only_claim(scorecard).tested
        assert contradiction(scorecard) is FlagState.NOT_TESTED


def test_numbers_are_tested_by_checks() -> None:
    counted = finding(MET, on="auth.scopes", check="counter").tests_claim(
        "auth.scopes", claimed="1000/h", observed="600/h", contradicted=True
    )
    scorecard = card([counted], claims=[claim("auth.scopes", None, per_hour=1000)])
    assert only_claim(scorecard) == ClaimResult("auth.scopes", "1000/h", "600/h", contradicted=True, tested=True)
    flag = next(flag for flag in scorecard.red_flags if flag.id == "claim-contradicted")
    assert (flag.raised, flag.findings, flag.basis) == (True, ("counter",), Basis.OBSERVED)


def test_a_test_against_the_document_is_not_heard_where_traffic_answers() -> None:
    read = finding(NOT_MET, DOCUMENTED, "auth.scopes").tests_claim(
        "auth.scopes", claimed="1000/h", observed="600/h", contradicted=True
    )
    scorecard = card([read, finding(MET, on="auth.scopes")], claims=[YES])
    assert contradiction(scorecard) is FlagState.CLEAR


def test_a_number_that_holds_does_not_hide_a_yes_that_does_not() -> None:
    holds = finding(NOT_MET, on="auth.scopes").tests_claim(
        "auth.scopes", claimed="1000/h", observed="1000/h", contradicted=False
    )
    scorecard = card([holds], claims=[YES])
    assert [result.contradicted for result in scorecard.claims] == [False, True]


def test_no_claims_no_contradiction() -> None:
    scorecard = card([finding(NOT_MET, on="auth.scopes")])
    assert scorecard.claims == ()
    assert contradiction(scorecard) is FlagState.NOT_TESTED


def test_a_yes_with_numbers_is_belied_by_what_was_seen_but_not_by_what_was_read() -> None:
    numbered = claim("auth.scopes", "yes", notice_days=30)

    read = only_claim(card([finding(NOT_MET, DOCUMENTED, "auth.scopes")], claims=[numbered]))
    seen = only_claim(card([finding(NOT_MET, on="auth.scopes")], claims=[numbered]))

    assert (read.contradicted, read.tested) == (False, False)
    assert (seen.contradicted, seen.tested) == (True, True)


def test_numbers_that_no_check_tested_are_not_called_tested() -> None:
    numbered = claim("auth.scopes", None, per_minute=600)

    assert not only_claim(card([finding(MET, on="auth.scopes")], claims=[numbered])).tested
