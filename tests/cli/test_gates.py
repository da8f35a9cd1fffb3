"""The gates of a CI run, over reports as short as they can be."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.cli.gates import Gate, failures, regressions


def report(**members: Any) -> dict[str, Any]:
    empty = {"waivers": [], "red_flags": [], "claims": [], "questions": [], "findings": []}
    return {"score": {"value": 80.0, "withheld": None}, **empty, **members}


def flag(name: str, raised: bool = True) -> dict[str, Any]:
    return {"id": name, "raised": raised}


def finding(verdict: str, fingerprint: str = "f" * 16) -> dict[str, Any]:
    return {
        "check": "auth.probe",
        "question": "auth.method",
        "fingerprint": fingerprint,
        "verdict": verdict,
        "summary": "so it is",
    }


def waiver(target: str, state: str = "active") -> dict[str, Any]:
    return {"target": target, "state": state}


def test_without_gates_nothing_fails() -> None:
    assert failures(report(red_flags=[flag("anonymous-access")])) == []


@pytest.mark.parametrize(("least", "fails"), [(80, False), (80.1, True)])
def test_a_score_under_the_bar_fails(least: float, fails: bool) -> None:
    assert bool(failures(report(), fail_under=least)) is fails


def test_a_withheld_score_fails_any_bar() -> None:
    withheld = report(score={"value": 95.0, "withheld": "too little was seen"})

    assert failures(withheld, fail_under=1)


@pytest.mark.parametrize(
    ("gate", "members", "targets"),
    [
        (Gate.RED_FLAG, {"red_flags": [flag("lost-update")]}, ["lost-update"]),
        (Gate.UNKNOWN, {"questions": [{"id": "auth.method", "verdict": "unknown"}]}, ["auth.method"]),
        (
            Gate.CONTRADICTION,
            {"claims": [{"question": "limits.bulk", "contradicted": True}]},
            ["limits.bulk", "claim-contradicted"],
        ),
    ],
)
def test_a_gate_fails_unless_an_active_waiver_accepts_it(
    gate: Gate, members: dict[str, Any], targets: list[str]
) -> None:
    assert failures(report(**members), fail_on=[gate])
    for target in targets:
        assert not failures(report(**members, waivers=[waiver(target)]), fail_on=[gate])
        assert failures(report(**members, waivers=[waiver(target, "expired")]), fail_on=[gate])


@pytest.mark.parametrize(
    ("before", "now", "worse"),
    [
        ("met", "partial", True),
        ("partial", "unknown", True),
        ("unknown", "not_met", True),
        ("not_met", "met", False),
        ("met", "met", False),
        ("met", "not_applicable", False),
    ],
)
def test_a_finding_is_held_against_its_own_past(before: str, now: str, worse: bool) -> None:
    earlier, later = report(findings=[finding(before)]), report(findings=[finding(now)])

    assert bool(regressions(earlier, later)) is worse


def test_a_new_gap_and_a_new_flag_are_regressions_unless_accepted() -> None:
    later = report(findings=[finding("not_met", "e" * 16)], red_flags=[flag("lost-update"), flag("old")])
    earlier = report(red_flags=[flag("lost-update", raised=False), flag("old")])

    assert len(regressions(earlier, later)) == 2
    assert not regressions(earlier, later, ["auth.method", "lost-update"])
    assert not regressions(earlier, later, ["e" * 16, "lost-update"])
