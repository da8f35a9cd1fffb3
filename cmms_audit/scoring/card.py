"""The scorecard: everything that scoring concludes, as values, member for member what report.json publishes.

Values only. How they come about stands in the other modules of this package; how they are printed is the
reports' business. Numbers are exact here and are rounded on output, with `rounded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from cmms_audit.capacity import CapacityEstimate
from cmms_audit.model import Basis, FlagState, Reason, Severity, Verdict


class Grade(StrEnum):
    """School grades, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    F = "F"


class ScenarioVerdict(StrEnum):
    """Whether an integration of this kind can be built on this API."""

    GO = "go"
    CONDITIONAL = "conditional"
    NO_GO = "no-go"


class WaiverState(StrEnum):
    """Whether a waiver counts today. `not_needed`: nothing that it names is wrong (any more)."""

    ACTIVE = "active"
    EXPIRED = "expired"
    NOT_NEEDED = "not_needed"


class Range(Struct, frozen=True):
    """A score from 0 to 100: `low` counts an open question as 0, `high` as 1; None where nothing weighs."""

    low: float | None
    high: float | None


class Cap(Struct, frozen=True):
    """A red flag that keeps the grade down, with the best grade it leaves and why."""

    grade: Grade
    flag: str
    reason: str


class WaivedScore(Struct, frozen=True):
    """What the score would be if everything under an active waiver were left out."""

    low: float | None
    high: float | None
    grade: Grade | None


class Score(Struct, frozen=True):
    """The score of the whole API; `grade` and `raw_grade` are None where `withheld` says why there is none."""

    low: float | None
    high: float | None
    grade: Grade | None
    raw_grade: Grade | None
    waived: WaivedScore | None
    caps: tuple[Cap, ...]
    withheld: str | None

    @property
    def value(self) -> float | None:
        """The score that counts: the low end of the range."""
        return self.low


class Coverage(Struct, frozen=True):
    """Shares of the weight (together 1) by what the answers stand on; `none` is that of open questions."""

    observed: float
    documented: float
    claimed: float
    none: float


class GroupScore(Struct, frozen=True):
    """The score of one group of questions; `weight` is the sum of the weights that went into it."""

    id: str
    title: str
    low: float | None
    high: float | None
    weight: int

    @property
    def score(self) -> float | None:
        """The score that counts: the low end of the range."""
        return self.low


class AspectResult(Struct, frozen=True):
    """One aspect of a question: its verdict, and the checks that carry it.

    `verdict` is not_applicable where the aspect cannot matter and was left out. `checks` are check ids;
    empty where the vendor's claim stands in. `summary` is the carriers' own words. `reason` says why there
    is no answer, where there is none.
    """

    name: str
    title: str
    verdict: Verdict
    basis: Basis
    reason: Reason | None
    summary: str
    checks: tuple[str, ...]
    claimed: bool


class QuestionResult(Struct, frozen=True):
    """The answer to one question, with all that it takes to follow the number.

    `weights` by chosen scenario, `weight` the highest of them; `points` from 0 to 1, `points_high` what it
    would be if an open question were answered well; `findings` the ids of the checks that carry its
    verdict; `absent` whether it is not met because there is no such feature; `waived` whether an active
    waiver names it.
    """

    id: str
    group: str
    title: str
    question: str
    why: str
    good: str
    ask: str
    clause: str
    weights: Mapping[str, int]
    weight: int
    points: float
    points_high: float
    verdict: Verdict
    basis: Basis
    reason: Reason | None
    summary: str
    absent: bool
    aspects: tuple[AspectResult, ...]
    findings: tuple[str, ...]
    waived: bool


class FlagResult(Struct, frozen=True):
    """The state of one red flag.

    `severity` is the highest over the chosen scenarios, `by_scenario` each of them: what it costs, or,
    where the flag is not raised, would cost. `findings` are ids of checks; `why` and `remedy` are the
    guide's words.
    """

    id: str
    title: str
    state: FlagState
    basis: Basis
    reason: Reason | None
    severity: Severity
    by_scenario: Mapping[str, Severity]
    summary: str
    why: str
    remedy: str
    findings: tuple[str, ...]
    waived: bool

    @property
    def raised(self) -> bool:
        """Whether the flag was raised."""
        return self.state is FlagState.RAISED


class ClaimResult(Struct, frozen=True):
    """A claim of the vendor beside what was found; `tested` is False where nothing was found."""

    question: str
    claimed: str
    observed: str
    contradicted: bool
    tested: bool


class ScenarioResult(Struct, frozen=True):
    """Whether one kind of integration can be built, and if not, what stands in the way.

    `blockers` are the flags and questions behind a no-go, `conditions` those to settle before a go, both by
    id, the most pressing first; `remarks` say in plain words what else a go needs, and which volume does not fit.
    """

    id: str
    title: str
    flow: str
    failure: str
    verdict: ScenarioVerdict
    low: float | None
    high: float | None
    blockers: tuple[str, ...]
    conditions: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def score(self) -> float | None:
        """The score that counts: the low end of the range."""
        return self.low


class WaiverResult(Struct, frozen=True):
    """A waiver and whether it counts today; `target` is a question, a flag or a finding's fingerprint."""

    target: str
    reason: str
    until: date
    approved_by: str | None
    state: WaiverState


class Rubric(Struct, frozen=True):
    """Which questions, weights and rules were used: a version, and the SHA-256 of what their files say."""

    version: str
    sha256: str


class Scorecard(Struct, frozen=True):
    """Everything that scoring concludes about one audit."""

    rubric: Rubric
    score: Score
    coverage: Coverage
    groups: tuple[GroupScore, ...]
    questions: tuple[QuestionResult, ...]
    red_flags: tuple[FlagResult, ...]
    claims: tuple[ClaimResult, ...]
    scenarios: tuple[ScenarioResult, ...]
    waivers: tuple[WaiverResult, ...]
    capacity: tuple[CapacityEstimate, ...]


def rounded(number: float | None, digits: Literal[1, 2] = 1) -> float | None:
    """A number as it is printed: half up (71.25 becomes 71.3), `digits` decimals; None stays None."""
    if number is None:
        return None
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
