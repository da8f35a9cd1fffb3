"""The report dict: stable, complete, and held to the published schema."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from cmms_audit.documents import load_schema
from cmms_audit.model import Basis, Evidence, Finding, Reason, Verdict
from cmms_audit.reports import words
from cmms_audit.reports.document import SUMMARY_LIMIT, build
from cmms_audit.reports.json import render_json
from cmms_audit.scoring.grading import grade_of
from tests.reports import fixture

SCHEMA = Draft202012Validator(load_schema("report"), format_checker=Draft202012Validator.FORMAT_CHECKER)

# What formats.md promises to the outside world; more may be there.
PROMISED = {
    "": "schema_version tool started_at finished_at complete vendor rubric permissions score coverage groups questions "
    "red_flags findings claims scenarios waivers capacity mapping traffic",
    "tool": "name version",
    "vendor": "name product base_url spec_version spec_sha256 dialect",
    "rubric": "version sha256",
    "permissions": "writes burst webhooks offline",
    "score": "value low high grade raw_grade waived caps withheld",
    "coverage": "observed documented claimed none",
    "groups": "id score",
    "questions": "id group title weights points verdict basis summary findings ask clause",
    "red_flags": "id raised state basis reason severity by_scenario summary findings",
    "findings": "check fingerprint question verdict basis reason severity summary detail remedy evidence",
    "claims": "question claimed observed contradicted",
    "scenarios": "id verdict score blockers",
    "waivers": "target reason until approved_by state",
    "capacity": "scenario need estimate_minutes fits because",
    "mapping": "need found type seen_live",
    "traffic": "requests writes bytes seconds created deleted left_behind",
}


def built(*findings: Finding) -> dict[str, Any]:
    return build(fixture.run_facts(), fixture.scorecard(), findings, fixture.guide())


def finding(**values: Any) -> Finding:
    told = {"check": "auth.scope-is-enforced", "question": "auth.scopes", "aspect": "whole", "summary": "it was tried"}
    return Finding(**{"verdict": Verdict.MET, "basis": Basis.OBSERVED, **told, **values})


def part(report: dict[str, Any], name: str) -> dict[str, Any]:
    found = report[name] if name else report
    return found[0] if isinstance(found, list) else found


def test_the_report_keeps_to_the_published_schema() -> None:
    report = json.loads(render_json(fixture.report()))

    assert [error.message for error in SCHEMA.iter_errors(report)] == []


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_member_is_there_and_the_schema_misses_it_if_not(name: str) -> None:
    for member in PROMISED[name].split():
        report = copy.deepcopy(fixture.report())
        del part(report, name)[member]

        assert not SCHEMA.is_valid(json.loads(render_json(report))), f"{name}.{member}"


def test_a_later_version_may_add_members() -> None:
    report = fixture.report() | {"weather": "fine"}

    assert SCHEMA.is_valid(json.loads(render_json(report)))


def test_a_raised_flag_says_so_twice_or_the_schema_refuses_it() -> None:
    report = json.loads(render_json(fixture.report()))
    report["red_flags"][0]["raised"] = not report["red_flags"][0]["raised"]

    assert not SCHEMA.is_valid(report)


def test_the_order_in_which_checks_finished_changes_no_byte() -> None:
    findings = [*fixture.findings(), finding(subject="assets"), finding(subject="sites")]
    expected = render_json(built(*findings))

    for seed in range(5):
        random.Random(seed).shuffle(findings)
        assert render_json(built(*findings)) == expected


def test_findings_stand_in_the_order_of_the_questions() -> None:
    report = fixture.report()
    order = [each["id"] for each in report["questions"]]

    positions = [order.index(each["question"]) for each in report["findings"]]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        (Verdict.MET, "A read-only credential cannot write"),
        (Verdict.PARTIAL, "A read-only credential can write"),
        (Verdict.NOT_MET, "A read-only credential can write"),
        (Verdict.UNKNOWN, "Limited access, as a whole"),
    ],
)
def test_a_finding_has_a_title_that_fits_its_verdict(verdict: Verdict, title: str) -> None:
    reason = Reason.TIMEOUT if verdict is Verdict.UNKNOWN else None

    assert built(finding(verdict=verdict, reason=reason))["findings"][0]["title"] == title


def test_a_check_that_nobody_described_is_named_by_its_id() -> None:
    assert built(finding(check="own.check", aspect="own"))["findings"][0]["title"] == "own.check"


def test_the_guide_lends_its_remedy_where_the_finding_has_none() -> None:
    assert "checked on every call" in built(finding())["findings"][0]["remedy"]
    assert built(finding(remedy="ask twice"))["findings"][0]["remedy"] == "ask twice"


def test_a_number_that_json_does_not_have_is_left_out() -> None:
    report = built(finding(facts={"gap": float("inf"), "page": 100.0}))

    assert report["findings"][0]["facts"] == {"page": 100.0}


def test_a_summary_of_a_hundred_thousand_letters_is_cut() -> None:
    report = built(finding(summary="x" * 100_000, detail="y" * 100_000))

    assert len(report["findings"][0]["summary"]) == SUMMARY_LIMIT
    assert (
        len(render_json(built(finding(summary="x" * 100_000)))) < len(render_json(built(finding()))) + 2 * SUMMARY_LIMIT
    )


def test_control_and_bidirectional_characters_are_escapes_in_the_file() -> None:
    hostile = "\x1b[31m \u202e \u200b \x9b \u2028 \ud800 \U000e0041 \ufeff"
    text = render_json(built(finding(summary=hostile)))

    assert not set(hostile) - {" ", "[", "3", "1", "m"} & set(text)
    assert json.loads(text)["findings"][0]["summary"] == hostile
    text.encode("utf-8")


def test_letters_of_every_language_stay_readable_in_the_file() -> None:
    assert "Wartungsaufträge 保全 «main.value»" in render_json(
        built(finding(summary="Wartungsaufträge 保全 «main.value»"))
    )


def test_times_are_given_in_utc() -> None:
    assert fixture.report()["started_at"] == "2026-11-22T09:30:00.000Z"
    assert fixture.report()["traffic"]["seconds"] == 21.4


def test_numbers_are_rounded_half_up_on_output_only() -> None:
    card = fixture.scorecard()
    card = replace(card, score=replace(card.score, low=71.25, high=80.04))

    score = build(fixture.run_facts(), card, [], fixture.guide())["score"]
    assert (score["value"], score["low"], score["high"]) == (71.3, 71.3, 80.0)


def test_the_printed_grade_boundaries_are_those_of_scoring() -> None:
    for grade, floor in words.GRADE_FLOORS:
        assert grade_of(floor) == grade


def test_a_finding_offers_the_line_of_its_first_exchange_that_can_be_repeated() -> None:
    seen = tuple(Evidence("exchange", id=number) for number in (5, 6, 7))
    finding = replace(fixture.findings()[0], evidence=(Evidence("claim", question="auth.method"), *seen))

    def told(lines: dict[int, str]) -> Any:
        return build(fixture.run_facts(), fixture.scorecard(), [finding], fixture.guide(), lines)["findings"][0]

    assert told({6: "curl six", 7: "curl seven"})["reproduce"] == "curl six"
    assert told({1: "curl one"})["reproduce"] is None
