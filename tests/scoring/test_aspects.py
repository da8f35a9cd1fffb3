"""One aspect: the strongest basis is heard, the worst verdict of it wins, and claims stand in where nothing answers."""

from __future__ import annotations

import pytest

from cmms_audit.model import Basis, Claim, Finding, Reason, Sends, Verdict
from cmms_audit.scoring.aspects import judge_aspects
from tests.scoring.samples import QUESTIONS, claim, finding, unknown

MET, PARTIAL, NOT_MET, UNKNOWN = Verdict.MET, Verdict.PARTIAL, Verdict.NOT_MET, Verdict.UNKNOWN
OBSERVED, DOCUMENTED, CLAIMED, NONE = Basis.OBSERVED, Basis.DOCUMENTED, Basis.CLAIMED, Basis.NONE
STATIC = Sends.NOTHING

YES, PARTLY, NO = claim("auth.method", "yes"), claim("auth.method", "partly"), claim("auth.method", "no")
NUMBERS = claim("auth.method", None, per_hour=1000)
PROVEN = claim("auth.method", "yes", proven=True)
PROVEN_NO = claim("auth.method", "no", proven=True)
ABSENT = finding(NOT_MET, DOCUMENTED, absence=True)
SILENT_DOCUMENT = unknown(Reason.VENDOR_SILENT, STATIC)

CASES: dict[str, tuple[list[Finding], Claim | None, Verdict, Basis]] = {
    "traffic beats a better document": ([finding(NOT_MET), finding(MET, DOCUMENTED)], None, NOT_MET, OBSERVED),
    "traffic beats a worse document": ([finding(MET), finding(NOT_MET, DOCUMENTED)], None, MET, OBSERVED),
    "a document beats a check's reading of a claim": (
        [finding(MET, DOCUMENTED), finding(NOT_MET, CLAIMED)], None, MET, DOCUMENTED),
    "of equal basis the worst wins": ([finding(MET), finding(PARTIAL)], None, PARTIAL, OBSERVED),
    "an open look is worse than a limitation": ([finding(PARTIAL), unknown(Reason.BUDGET)], None, UNKNOWN, NONE),
    "a gap is worse than an open look": ([finding(NOT_MET), unknown(Reason.TIMEOUT)], None, NOT_MET, OBSERVED),
    "who may not look leaves it to the document": (
        [unknown(Reason.NOT_PERMITTED), finding(MET, DOCUMENTED)], None, MET, DOCUMENTED),
    "an offline run leaves it to the document": (
        [unknown(Reason.OFFLINE), finding(PARTIAL, DOCUMENTED)], None, PARTIAL, DOCUMENTED),
    "a skipped check leaves it to the claim": ([unknown(Reason.SKIPPED)], YES, PARTIAL, CLAIMED),
    "who may not look is open where nobody else answers": ([unknown(Reason.NOT_PERMITTED)], None, UNKNOWN, NONE),
    "a live look that timed out outranks the document": (
        [unknown(Reason.TIMEOUT), finding(MET, DOCUMENTED)], None, UNKNOWN, NONE),
    "a live look that timed out outranks the claim": ([unknown(Reason.TIMEOUT)], YES, UNKNOWN, NONE),
    "a live system that stays silent outranks the document": (
        [unknown(Reason.VENDOR_SILENT), finding(MET, DOCUMENTED)], None, UNKNOWN, NONE),
    "a silent document yields to traffic": ([SILENT_DOCUMENT, finding(MET)], None, MET, OBSERVED),
    "a silent document yields to another document": (
        [SILENT_DOCUMENT, finding(MET, DOCUMENTED)], None, MET, DOCUMENTED),
    "a silent document yields to a claim": ([SILENT_DOCUMENT], YES, PARTIAL, CLAIMED),
    "a resource nobody found yields to a claim": ([unknown(Reason.RESOURCE_NOT_FOUND)], YES, PARTIAL, CLAIMED),
    "a resource nobody found yields to the document": (
        [unknown(Reason.RESOURCE_NOT_FOUND), finding(MET, DOCUMENTED)], None, MET, DOCUMENTED),
    "a broken reader outranks a claim": ([unknown(Reason.DEFECT, STATIC)], YES, UNKNOWN, NONE),
    "a broken reader yields to traffic": ([unknown(Reason.DEFECT, STATIC), finding(MET)], None, MET, OBSERVED),
    "a yes is worth partial": ([SILENT_DOCUMENT], YES, PARTIAL, CLAIMED),
    "a partly is worth partial": ([SILENT_DOCUMENT], PARTLY, PARTIAL, CLAIMED),
    "numbers without an answer are a yes": ([SILENT_DOCUMENT], NUMBERS, PARTIAL, CLAIMED),
    "a no is a gap": ([SILENT_DOCUMENT], NO, NOT_MET, CLAIMED),
    "a proven yes counts as documented": ([SILENT_DOCUMENT], PROVEN, PARTIAL, DOCUMENTED),
    "a proof makes no difference to a no": ([SILENT_DOCUMENT], PROVEN_NO, NOT_MET, CLAIMED),
    "a claim does not replace a document": ([finding(NOT_MET, DOCUMENTED)], YES, NOT_MET, DOCUMENTED),
    "a documented absence yields to a claim": ([ABSENT], YES, PARTIAL, CLAIMED),
    "a documented absence stands beside a no": ([ABSENT], NO, NOT_MET, DOCUMENTED),
    "an observed absence does not yield to a claim": ([finding(NOT_MET, absence=True)], YES, NOT_MET, OBSERVED),
    "a check that reads the claim knows it better": ([finding(NOT_MET, CLAIMED)], YES, NOT_MET, CLAIMED),
    "what is only claimed is never met": ([finding(MET, CLAIMED)], None, PARTIAL, CLAIMED),
    "what does not apply is left out": (
        [finding(Verdict.NOT_APPLICABLE, NONE), finding(MET, DOCUMENTED)], None, MET, DOCUMENTED),
    "an aspect of which nothing applies does not apply": (
        [finding(Verdict.NOT_APPLICABLE, NONE)], YES, Verdict.NOT_APPLICABLE, NONE),
    "no check at all leaves the claim": ([], YES, PARTIAL, CLAIMED),
    "a check that decides nothing decides nothing": (
        [finding(NOT_MET, decisive=False), finding(MET, DOCUMENTED)], None, MET, DOCUMENTED),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_aspect(case: str) -> None:
    findings, spoken, verdict, basis = CASES[case]
    (judged,) = judge_aspects(QUESTIONS[0], findings, spoken)
    assert (judged.verdict, judged.basis) == (verdict, basis)


def test_aspects_come_in_the_guides_order_and_only_where_a_check_spoke() -> None:
    spoken = [finding(MET, aspect="transport"), finding(MET, aspect="of-a-users-own"), finding(MET, aspect="strangers")]
    judged = judge_aspects(QUESTIONS[0], spoken, None)
    assert [aspect.name for aspect in judged] == ["strangers", "transport", "of-a-users-own"]
    assert judge_aspects(QUESTIONS[0], [], None) == ()


def test_carriers_are_those_of_the_verdict() -> None:
    (judged,) = judge_aspects(QUESTIONS[0], [finding(MET, check="a"), finding(PARTIAL, check="b")], None)
    assert [each.check for each in judged.standing] == ["a", "b"]
    assert [each.check for each in judged.carriers] == ["b"]
