"""From question results to numbers: weighted ranges, coverage, grades and what keeps them down.

Sums are exact fractions, so that no order of adding changes a digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from cmms_audit.guide import Guide
from cmms_audit.model import Basis, Severity, Verdict
from cmms_audit.scoring.card import Cap, Coverage, FlagResult, Grade, GroupScore, QuestionResult, Range
from cmms_audit.scoring.questions import highest_points, points

LEAST_COVERAGE = Fraction(40, 100)

_GRADES = ((90, Grade.A), (75, Grade.B), (60, Grade.C), (40, Grade.D))
_BEST_FIRST = tuple(Grade)

Weighed = Sequence[tuple[int, QuestionResult]]


def weighed(questions: Iterable[QuestionResult]) -> Weighed:
    """Each question that counts, with its weight over all chosen scenarios."""
    return [(each.weight, each) for each in questions if _counts(each, each.weight)]


def weighed_in(questions: Iterable[QuestionResult], scenario: str) -> Weighed:
    """Each question that counts in one scenario, with its weight there."""
    return [(each.weights[scenario], each) for each in questions if _counts(each, each.weights[scenario])]


def _counts(question: QuestionResult, weight: int) -> bool:
    return weight > 0 and question.verdict is not Verdict.NOT_APPLICABLE


def score_range(questions: Weighed) -> Range:
    """100 x sum(weight x points) / sum(weight), from low to high; None where nothing weighs."""
    total = sum(weight for weight, _ in questions)
    if not total:
        return Range(None, None)
    low = sum(weight * points(each.verdict, each.basis) for weight, each in questions)
    high = sum(weight * highest_points(each.verdict, each.basis) for weight, each in questions)
    return Range(float(100 * low / total), float(100 * high / total))


def group_scores(questions: Sequence[QuestionResult], guide: Guide) -> tuple[GroupScore, ...]:
    """The score of every group, by the weights over all chosen scenarios."""
    scores = []
    for group in guide.groups:
        counted = weighed(each for each in questions if each.group == group.id)
        low_to_high = score_range(counted)
        weight = sum(weight for weight, _ in counted)
        scores.append(GroupScore(group.id, group.title, low_to_high.low, low_to_high.high, weight))
    return tuple(scores)


def coverage(questions: Weighed) -> Coverage:
    """How much of the weight is observed, documented, claimed or open; all is open where nothing weighs."""
    return Coverage(*(float(_share(questions, basis)) for basis in Basis))


def _share(questions: Weighed, *bases: Basis) -> Fraction:
    total = sum(weight for weight, _ in questions)
    if not total:
        return Fraction(Basis.NONE in bases)
    return Fraction(sum(weight for weight, each in questions if each.basis in bases), total)


def why_withheld(questions: Weighed, *, narrowed: bool, hollow: str | None) -> str | None:
    """Why no grade may be given; None where one may.

    `narrowed`: only a part of the battery ran; `hollow`: in words, why the run saw nothing that counts.
    """
    if hollow:
        return hollow
    if narrowed:
        return "only a part of the questions was looked at (--only or --skip), and a grade is for the whole"
    if not questions:
        return "no chosen scenario gives any question a weight"
    seen = _share(questions, Basis.OBSERVED, Basis.DOCUMENTED)
    if seen < LEAST_COVERAGE:
        return (
            f"only {int(100 * seen)} % of the weight could be seen working or read in a document; "
            f"a grade needs {int(100 * LEAST_COVERAGE)} %"
        )
    return None


def grade_of(score: float) -> Grade:
    """The grade of a score before any cap."""
    return next((grade for least, grade in _GRADES if score >= least), Grade.F)


def caps_of(flags: Sequence[FlagResult]) -> tuple[Cap, ...]:
    """What raised flags leave at best: one serious C, one critical D, two critical F; hardest cap first."""
    critical = [flag for flag in flags if flag.raised and flag.severity is Severity.CRITICAL]
    serious = [flag for flag in flags if flag.raised and flag.severity is Severity.SERIOUS]
    hardest = Grade.F if len(critical) > 1 else Grade.D
    together = f"one of {len(critical)} critical red flags" if len(critical) > 1 else "a critical red flag"
    return (
        *(Cap(hardest, flag.id, f"{flag.title} ({together})") for flag in critical),
        *(Cap(Grade.C, flag.id, f"{flag.title} (a serious red flag)") for flag in serious),
    )


def capped(grade: Grade, caps: Iterable[Cap]) -> Grade:
    """The grade that the caps leave."""
    return max([grade, *(cap.grade for cap in caps)], key=_BEST_FIRST.index)
