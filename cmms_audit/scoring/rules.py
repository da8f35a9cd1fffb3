"""The whole way from findings to a scorecard. Pure: the same findings, in any order, give the same card."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from msgspec import Struct

from cmms_audit.capacity import CapacityEstimate
from cmms_audit.guide import Guide
from cmms_audit.model import Claim, Finding
from cmms_audit.scoring.card import (
    FlagResult,
    QuestionResult,
    Rubric,
    Score,
    Scorecard,
    WaivedScore,
)
from cmms_audit.scoring.claims import JudgedClaim, judge_claims
from cmms_audit.scoring.flags import Surroundings, heard_findings, judge_flags
from cmms_audit.scoring.grading import (
    capped,
    caps_of,
    coverage,
    grade_of,
    group_scores,
    score_range,
    weighed,
    why_withheld,
)
from cmms_audit.scoring.questions import judge_findings, judge_questions
from cmms_audit.scoring.scenarios import judge_scenario
from cmms_audit.scoring.waivers import active_targets, judge_waivers, waived_questions, without_waived
from cmms_audit.vendor import Waiver


class _Circumstances(Struct, frozen=True):
    """Everything that a score depends on beside the findings."""

    guide: Guide
    scenarios: Sequence[str]
    claims: Mapping[str, Claim]
    narrowed: bool
    hollow: str | None
    capacity: Sequence[CapacityEstimate]
    event_delivery: bool


class _Judged(Struct, frozen=True):
    """Questions, claims and flags, before any number."""

    questions: tuple[QuestionResult, ...]
    claims: tuple[JudgedClaim, ...]
    flags: tuple[FlagResult, ...]


def score(
    findings: Sequence[Finding],
    guide: Guide,
    *,
    scenarios: Sequence[str],
    claims: Mapping[str, Claim],
    waivers: Sequence[Waiver],
    today: date,
    offline: bool,
    narrowed: bool,
    hollow: str | None,
    capacity: Sequence[CapacityEstimate],
    event_delivery: bool,
) -> Scorecard:
    """Score one audit by the rules of the guide.

    `findings` are those of every check of the battery, in any order; `scenarios` the ids of the chosen
    ones; `claims` the vendor's answers by question id. `waivers` count up to and including their date, held
    against `today`. `offline`: nothing was sent, so no scenario is a go. `narrowed`: --only or --skip left
    checks out, so there is no grade; nor is there where `hollow` says why the run saw nothing that counts.
    `capacity` is what the capacity model says: a volume that does not fit makes some flags graver.
    `event_delivery`: the API tells of events by another way than webhooks.
    """
    findings = sorted(findings, key=lambda each: (each.check, each.subject, each.summary, repr(each)))
    around = _Circumstances(guide, scenarios, claims, narrowed, hollow, capacity, event_delivery)
    targets = active_targets(waivers, today)
    judged = _judge(findings, around, targets)
    chosen = [guide.scenarios[name] for name in scenarios]
    return Scorecard(
        rubric=Rubric(guide.version, guide.sha256),
        score=_score(judged, around, _waived_score(findings, around, targets) if targets else None),
        coverage=coverage(weighed(judged.questions)),
        groups=group_scores(judged.questions, guide),
        questions=judged.questions,
        red_flags=judged.flags,
        claims=tuple(claim.result for claim in judged.claims),
        scenarios=tuple(
            judge_scenario(each, judged.questions, judged.flags, offline=offline, capacity=capacity) for each in chosen
        ),
        waivers=judge_waivers(waivers, today, findings, judged.questions, judged.flags),
        capacity=tuple(capacity),
    )


def _judge(findings: Sequence[Finding], around: _Circumstances, waived: Collection[str]) -> _Judged:
    chosen = [around.guide.scenarios[name] for name in around.scenarios]
    aspects = judge_findings(findings, around.guide, around.claims)
    questions = judge_questions(aspects, around.guide, chosen, waived)
    heard = heard_findings(findings, aspects)
    claims = judge_claims(heard, questions, around.claims)
    surroundings = Surroundings(
        questions={question.id: question for question in questions},
        claims=claims,
        capacity=around.capacity,
        scenarios=around.scenarios,
        event_delivery=around.event_delivery,
        waived=waived,
    )
    return _Judged(questions, claims, judge_flags(around.guide, findings, heard, surroundings))


def _score(judged: _Judged, around: _Circumstances, waived: WaivedScore | None) -> Score:
    counted = weighed(judged.questions)
    low_to_high = score_range(counted)
    withheld = why_withheld(counted, narrowed=around.narrowed, hollow=around.hollow)
    raw_grade = None if withheld or low_to_high.low is None else grade_of(low_to_high.low)
    caps = caps_of(judged.flags)
    return Score(
        low=low_to_high.low,
        high=low_to_high.high,
        grade=capped(raw_grade, caps) if raw_grade else None,
        raw_grade=raw_grade,
        waived=waived,
        caps=caps,
        withheld=withheld,
    )


def _waived_score(findings: Sequence[Finding], around: _Circumstances, targets: Collection[str]) -> WaivedScore:
    """The score without what active waivers name: findings, questions, and the caps of flags."""
    judged = _judge(without_waived(findings, targets), around, targets)
    left_out = waived_questions(findings, targets)
    rest = _Judged(
        questions=tuple(question for question in judged.questions if question.id not in left_out),
        claims=judged.claims,
        flags=tuple(flag for flag in judged.flags if not flag.waived),
    )
    score = _score(rest, around, None)
    return WaivedScore(score.low, score.high, score.grade)
