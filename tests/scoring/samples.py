"""A guide small enough to calculate by hand, and short ways to make findings and cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cmms_audit.guide import Absence, Group, Guide, Question, RedFlag, Scenario
from cmms_audit.model import Basis, Claim, Finding, Reason, Sends, Severity, Verdict
from cmms_audit.scoring import Scorecard, score

TODAY = date(2026, 11, 22)


def question(name: str, *aspects: str, parent: str | None = None) -> Question:
    return Question(
        id=name,
        group=name.split(".")[0],
        title=f"Title of {name}",
        question="?",
        why="why",
        good="good",
        ask="ask",
        clause="clause",
        absence=Absence.FEATURE,
        parent=parent,
        aspects={aspect: f"Aspect {aspect}" for aspect in aspects},
        checks={},
    )


def red_flag(name: str, otherwise: Severity, *questions: str, **more: Any) -> RedFlag:
    settings: dict[str, Any] = {"severity": {}, "if_absent": None, "if_over_capacity": None, "from_claims": False}
    return RedFlag(
        id=name, title=f"Flag {name}", why="why", remedy="remedy", otherwise=otherwise, questions=questions,
        **{**settings, **more},
    )  # fmt: skip


def scenario(name: str, **weights: int) -> Scenario:
    """Weights by question id, its dot written as two underscores and its hyphens as one."""
    plain = {key.replace("__", ".").replace("_", "-"): weight for key, weight in weights.items()}
    return Scenario(name, f"Scenario {name}", "flow", "needs", "failure", "impact", plain, ())


QUESTIONS = (
    question("auth.method", "strangers", "transport"),
    question("auth.scopes", "matrix"),
    question("webhooks.supported", "events"),
    question("webhooks.delivery", "retry", parent="webhooks.supported"),
    question("operations.concurrency", "lock"),
)

GUIDE = Guide(
    groups=(
        Group("auth", "Access", "strangers", ("auth.method", "auth.scopes")),
        Group("webhooks", "Events", "silence", ("webhooks.supported", "webhooks.delivery")),
        Group("operations", "Operation", "loss", ("operations.concurrency",)),
    ),
    questions={each.id: each for each in QUESTIONS},
    flags={
        flag.id: flag
        for flag in (
            red_flag("lost-update", Severity.MINOR, "operations.concurrency", severity={"erp": Severity.CRITICAL}),
            red_flag("anonymous-access", Severity.CRITICAL, "auth.method"),
            red_flag("generic-errors", Severity.SERIOUS, "auth.scopes"),
            red_flag("no-webhook-retry", Severity.SERIOUS, "webhooks.delivery", if_absent="webhooks.supported"),
            red_flag("no-limits", Severity.SERIOUS, "auth.scopes", if_over_capacity=Severity.CRITICAL),
            red_flag("claim-contradicted", Severity.SERIOUS, from_claims=True),
        )
    },
    scenarios={
        "erp": scenario(
            "erp", auth__method=4, auth__scopes=5, webhooks__supported=2, webhooks__delivery=2,
            operations__concurrency=5,
        ),
        "bi": scenario(
            "bi", auth__method=3, auth__scopes=1, webhooks__supported=0, webhooks__delivery=0,
            operations__concurrency=0,
        ),
    },
    version="test",
    sha256="0" * 64,
)  # fmt: skip

ASPECTS = {each.id: tuple(each.aspects) for each in QUESTIONS}


def finding(
    verdict: Verdict,
    basis: Basis = Basis.OBSERVED,
    on: str = "auth.method",
    aspect: str = "",
    **more: Any,
) -> Finding:
    """A finding as the engine signs it: seen by a live check, or read by one that sends nothing."""
    sends = Sends.READS if basis is Basis.OBSERVED else Sends.NOTHING
    named = aspect or ASPECTS[on][0]
    settings: dict[str, Any] = {"summary": f"{verdict} {basis}", "check": f"check.{named}-{basis}", "sends": sends}
    return Finding(verdict, basis, question=on, aspect=named, **{**settings, **more})


def unknown(reason: Reason, sends: Sends = Sends.READS, on: str = "auth.method", aspect: str = "") -> Finding:
    return finding(
        Verdict.UNKNOWN, Basis.NONE, on, aspect, reason=reason, sends=sends, check=f"check.{reason}", summary=reason
    )


def everything(verdict: Verdict, basis: Basis = Basis.OBSERVED) -> list[Finding]:
    """One finding for every aspect of every question."""
    return [
        finding(verdict, basis, name, aspect, check=f"{name}-{aspect}") for name in ASPECTS for aspect in ASPECTS[name]
    ]


def claim(on: str, answer: Any = "yes", proven: bool = False, **numbers: float) -> Claim:
    return Claim(on, answer, numbers, proven=proven)


def card(findings: Sequence[Finding], scenarios: Sequence[str] = ("erp", "bi"), **more: Any) -> Scorecard:
    claims: Mapping[str, Claim] = {each.question: each for each in more.pop("claims", ())}
    settings: dict[str, Any] = {
        "waivers": (),
        "today": TODAY,
        "offline": False,
        "narrowed": False,
        "hollow": None,
        "capacity": (),
        "event_delivery": False,
    }
    return score(findings, more.pop("guide", GUIDE), scenarios=scenarios, claims=claims, **{**settings, **more})
