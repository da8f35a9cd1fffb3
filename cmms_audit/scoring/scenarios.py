"""Whether each kind of integration can be built: go, conditional (and on what), or no-go (and why).

Judged on scores before any cap, by the weights and severities of that scenario alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cmms_audit.capacity import CapacityEstimate
from cmms_audit.guide import Scenario
from cmms_audit.model import Basis, Severity, Verdict
from cmms_audit.scoring.card import FlagResult, QuestionResult, ScenarioResult, ScenarioVerdict, rounded
from cmms_audit.scoring.grading import Weighed, score_range, weighed_in

GO_AT_LEAST = 75
NO_GO_BELOW = 40
DECISIVE_WEIGHT = 5

_WORKS = (Verdict.MET, Verdict.PARTIAL)


def judge_scenario(
    scenario: Scenario,
    questions: Sequence[QuestionResult],
    flags: Sequence[FlagResult],
    *,
    offline: bool,
    capacity: Sequence[CapacityEstimate] = (),
) -> ScenarioResult:
    """The verdict on one scenario. An offline run never ends in a go: nothing was seen working.

    A volume that does not fit by what the capacity model says is a remark, and no matter of the verdict: it depends
    on the plant as much as on the API.
    """
    counted = weighed_in(questions, scenario.id)
    low_to_high = score_range(counted)
    critical = _raised(flags, scenario.id, Severity.CRITICAL)
    hopeless = low_to_high.high is not None and low_to_high.high < NO_GO_BELOW
    conditions = _conditions(counted, [*critical, *_raised(flags, scenario.id, Severity.SERIOUS)])
    missing = _missing_for_a_go(counted, offline)
    if critical or hopeless:
        verdict = ScenarioVerdict.NO_GO
    elif conditions or missing:
        verdict = ScenarioVerdict.CONDITIONAL
    else:
        verdict = ScenarioVerdict.GO
    return ScenarioResult(
        id=scenario.id,
        title=scenario.title,
        flow=scenario.flow,
        failure=scenario.failure,
        verdict=verdict,
        low=low_to_high.low,
        high=low_to_high.high,
        blockers=(*critical, *(_unsettled(counted, Verdict.NOT_MET) if hopeless else ())),
        conditions=conditions,
        remarks=(*missing, *_too_much(scenario, capacity)),
    )


def _raised(flags: Sequence[FlagResult], scenario: str, severity: Severity) -> list[str]:
    return [flag.id for flag in flags if flag.raised and flag.by_scenario[scenario] is severity]


def _unsettled(counted: Weighed, *verdicts: Verdict) -> list[str]:
    """The questions that matter most and have one of these verdicts."""
    return [each.id for weight, each in counted if weight == DECISIVE_WEIGHT and each.verdict in verdicts]


def _conditions(counted: Weighed, flags: Sequence[str]) -> tuple[str, ...]:
    """Flags to clear, decisive questions to settle, and what else it takes to reach the score of a go."""
    decisive = _unsettled(counted, Verdict.NOT_MET, Verdict.UNKNOWN)
    return (*flags, *decisive, *_missing_points(counted, decisive))


def _missing_points(counted: Weighed, settled: Sequence[str]) -> list[str]:
    """Further questions, the most costly first, that would lift the score to a go if they were met."""
    weights = {each.id: weight for weight, each in counted}
    improved = {each.id: _as_met(each) if each.id in settled else each for _, each in counted}
    needed: list[str] = []
    costly_first = sorted(counted, key=lambda pair: -pair[0] * (1 - improved[pair[1].id].points))
    for _, question in costly_first:
        low = score_range([(weights[name], each) for name, each in improved.items()]).low
        if low is None or low >= GO_AT_LEAST:
            break
        improved[question.id] = _as_met(question)
        needed.append(question.id)
    return needed


def _as_met(question: QuestionResult) -> QuestionResult:
    return replace(question, verdict=Verdict.MET, basis=Basis.OBSERVED, points=1.0)


def _missing_for_a_go(counted: Weighed, offline: bool) -> tuple[str, ...]:
    """What else a go needs, in words."""
    remarks = []
    low = score_range(counted).low
    if low is None:
        remarks.append("This scenario gives no question any weight.")
    elif low < GO_AT_LEAST:
        remarks.append(f"The score is {rounded(low)}; a go needs {GO_AT_LEAST}.")
    decisive = [each for weight, each in counted if weight == DECISIVE_WEIGHT]
    seen = sum(each.basis is Basis.OBSERVED and each.verdict in _WORKS for each in decisive)
    if 2 * seen < len(decisive):
        shown = "1 was" if seen == 1 else f"{seen} were"
        remarks.append(f"Of the {len(decisive)} questions that matter most, {shown} seen working; a go needs half.")
    if offline:
        remarks.append("Only documents were read; a go needs an audit of a running system.")
    return tuple(remarks)


def _too_much(scenario: Scenario, capacity: Sequence[CapacityEstimate]) -> Iterator[str]:
    for each in capacity:
        if each.scenario == scenario.id and each.fits is False:
            yield f"Your volume does not fit ({each.need}): {each.because}."
