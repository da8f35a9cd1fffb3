"""What holds for any findings whatever."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.model import Basis, Claim, Finding, Reason, Sends, Severity, Verdict
from cmms_audit.scoring import Scorecard
from tests.scoring.samples import ASPECTS, GUIDE, card

CALMLY = settings(deadline=None, max_examples=60)
KNOWN = [Verdict.NOT_MET, Verdict.PARTIAL, Verdict.MET]
CHECKS = [f"check.{number}" for number in range(4)]

places = st.sampled_from([(question, aspect) for question, aspects in ASPECTS.items() for aspect in aspects])
bases = st.sampled_from([Basis.OBSERVED, Basis.DOCUMENTED, Basis.CLAIMED])


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    question, aspect = draw(places)
    verdict = draw(st.sampled_from(list(Verdict)))
    known = verdict in KNOWN
    finding = Finding(
        verdict=verdict,
        basis=draw(bases) if known else Basis.NONE,
        summary=draw(st.sampled_from(["one", "two"])),
        check=draw(st.sampled_from(CHECKS)),
        question=question,
        aspect=aspect,
        severity=draw(st.sampled_from(list(Severity))),
        decisive=draw(st.booleans()),
        sends=draw(st.sampled_from(list(Sends))),
        reason=draw(st.sampled_from(list(Reason))) if verdict is Verdict.UNKNOWN else None,
        absence=verdict is Verdict.NOT_MET and draw(st.booleans()),
    )
    for flag in draw(st.lists(st.sampled_from(list(GUIDE.flags)), max_size=2)):
        finding = finding.raises(flag) if draw(st.booleans()) else finding.clears(flag)
    return finding


claims = st.builds(
    Claim,
    question=st.sampled_from(list(ASPECTS)),
    answer=st.sampled_from(["yes", "no", "partly", None]),
    proven=st.booleans(),
)
batteries = st.lists(findings(), max_size=12)
claim_lists = st.lists(claims, max_size=3)


def ranges(scorecard: Scorecard) -> list[tuple[float | None, float | None]]:
    """The low and high ends of the whole, every group and every scenario."""
    return [(each.low, each.high) for each in (scorecard.score, *scorecard.groups, *scorecard.scenarios)]


@CALMLY
@given(batteries, claim_lists)
def test_low_is_never_above_high_and_both_are_percentages(found: list[Finding], said: list[Claim]) -> None:
    for low, high in ranges(card(found, claims=said)):
        assert (low is None) == (high is None)
        if low is not None and high is not None:
            assert 0 <= low <= high <= 100


@CALMLY
@given(batteries, claim_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_findings_makes_no_difference(found: list[Finding], said: list[Claim], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert card(shuffled, claims=said) == card(found, claims=said)


@CALMLY
@given(batteries, claim_lists, st.data())
def test_a_better_answer_on_the_same_basis_never_lowers_a_score(
    found: list[Finding], said: list[Claim], data: st.DataObject
) -> None:
    improvable = [number for number, each in enumerate(found) if each.verdict in KNOWN[:2]]
    if not improvable:
        return
    number = data.draw(st.sampled_from(improvable))
    better = data.draw(st.sampled_from(KNOWN[KNOWN.index(found[number].verdict) + 1 :]))
    # An absence is not a bad answer but the lack of one, and may yield to a claim: that is compared elsewhere.
    before = [*found[:number], replace(found[number], absence=False), *found[number + 1 :]]
    after = [*found[:number], replace(found[number], absence=False, verdict=better), *found[number + 1 :]]
    for (low, high), (new_low, new_high) in zip(
        ranges(card(before, claims=said)), ranges(card(after, claims=said)), strict=True
    ):
        if low is not None and high is not None:
            assert new_low is not None
            assert new_low >= low
            assert new_high is not None
            assert new_high >= high


@CALMLY
@given(batteries)
def test_nothing_counts_as_met_without_a_check_that_says_so(found: list[Finding]) -> None:
    met = {each.check for each in found if each.verdict is Verdict.MET}
    for question in card(found).questions:
        if question.verdict is Verdict.MET:
            assert question.findings
            assert set(question.findings) <= met


@CALMLY
@given(batteries, claim_lists)
def test_coverage_adds_up_to_the_whole(found: list[Finding], said: list[Claim]) -> None:
    coverage = card(found, claims=said).coverage
    assert abs(coverage.observed + coverage.documented + coverage.claimed + coverage.none - 1) < 1e-9


@CALMLY
@given(batteries, claim_lists)
def test_the_grade_is_never_better_than_the_raw_one(found: list[Finding], said: list[Claim]) -> None:
    score = card(found, claims=said).score
    if score.grade and score.raw_grade:
        assert score.grade >= score.raw_grade
    assert (score.grade is None) == (score.withheld is not None)


@CALMLY
@given(batteries, claim_lists)
def test_the_sum_can_be_redone_from_the_questions(found: list[Finding], said: list[Claim]) -> None:
    scorecard = card(found, claims=said)
    counted = [each for each in scorecard.questions if each.verdict is not Verdict.NOT_APPLICABLE]
    total = sum(each.weight for each in counted)
    if scorecard.score.low is None or scorecard.score.high is None:
        assert total == 0
        return
    assert abs(scorecard.score.low - 100 * sum(each.weight * each.points for each in counted) / total) < 1e-6
    assert abs(scorecard.score.high - 100 * sum(each.weight * each.points_high for each in counted) / total) < 1e-6


@CALMLY
@given(batteries)
def test_an_offline_run_is_never_a_go(found: list[Finding]) -> None:
    assert all(each.verdict != "go" for each in card(found, offline=True).scenarios)
