"""Findings to aspects, questions, red flags, scenarios and a grade, by the rules of the guide.

What other floors use; how a number comes about stands in the modules beside this one.
"""

from cmms_audit.scoring.card import (
    AspectResult,
    Cap,
    ClaimResult,
    Coverage,
    FlagResult,
    Grade,
    GroupScore,
    QuestionResult,
    Range,
    Rubric,
    ScenarioResult,
    ScenarioVerdict,
    Score,
    Scorecard,
    WaivedScore,
    WaiverResult,
    WaiverState,
    rounded,
)
from cmms_audit.scoring.rules import score

__all__ = [
    "AspectResult",
    "Cap",
    "ClaimResult",
    "Coverage",
    "FlagResult",
    "Grade",
    "GroupScore",
    "QuestionResult",
    "Range",
    "Rubric",
    "ScenarioResult",
    "ScenarioVerdict",
    "Score",
    "Scorecard",
    "WaivedScore",
    "WaiverResult",
    "WaiverState",
    "rounded",
    "score",
]
