"""The gates of a CI run: what makes an audit that ran fail. Pure functions over report.json."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

CONTRADICTED = "claim-contradicted"
_ORDER = ("not_met", "unknown", "partial", "met")


class Gate(StrEnum):
    """What `--fail-on` can name."""

    RED_FLAG = "red-flag"
    REGRESSION = "regression"
    CONTRADICTION = "contradiction"
    UNKNOWN = "unknown"


def failures(
    report: Mapping[str, Any],
    *,
    fail_under: float | None = None,
    fail_on: Sequence[Gate] = (),
    baseline: Mapping[str, Any] | None = None,
) -> list[str]:
    """Every gate that did not hold, in plain words; an empty list where all held.

    What an active waiver accepts fails no gate but the score, which the waiver leaves as it is.
    """
    accepted = {waiver["target"] for waiver in report["waivers"] if waiver["state"] == "active"}
    found = [] if fail_under is None else _score_failure(report["score"], fail_under)
    contradictions = [] if CONTRADICTED in accepted else [each for each in report["claims"] if each["contradicted"]]
    if Gate.RED_FLAG in fail_on:
        found += [
            f"red flag: {each['id']}" for each in report["red_flags"] if each["raised"] and each["id"] not in accepted
        ]
    if Gate.CONTRADICTION in fail_on:
        found += [
            f"contradicted claim: {each['question']}" for each in contradictions if each["question"] not in accepted
        ]
    if Gate.UNKNOWN in fail_on:
        found += [
            f"open question: {each['id']}"
            for each in report["questions"]
            if each["verdict"] == "unknown" and each["id"] not in accepted
        ]
    if Gate.REGRESSION in fail_on and baseline is not None:
        found += regressions(baseline, report, accepted)
    return found


def regressions(baseline: Mapping[str, Any], report: Mapping[str, Any], accepted: Collection[str] = ()) -> list[str]:
    """What is worse than in the baseline: findings by fingerprint, and red flags that were not raised before.

    `accepted` are the targets of active waivers: fingerprints, questions and red flags that fail nothing.
    """
    before = {each["fingerprint"]: each["verdict"] for each in baseline["findings"]}
    raised_before = {each["id"] for each in baseline["red_flags"] if each["raised"]}
    findings = [each for each in report["findings"] if not {each["fingerprint"], each["question"]} & set(accepted)]
    worse = [
        f"worse than the baseline: {each['check']} was {before[each['fingerprint']]}, is {each['verdict']}"
        for each in findings
        if each["fingerprint"] in before and _worse(each["verdict"], before[each["fingerprint"]])
    ]
    new = [
        f"not in the baseline: {each['check']} is {each['verdict']}: {each['summary']}"
        for each in findings
        if each["fingerprint"] not in before and each["verdict"] == "not_met"
    ]
    flags = [
        f"red flag that the baseline does not have: {each['id']}"
        for each in report["red_flags"]
        if each["raised"] and each["id"] not in {*raised_before, *accepted}
    ]
    return worse + new + flags


def _worse(now: str, before: str) -> bool:
    return now in _ORDER and before in _ORDER and _ORDER.index(now) < _ORDER.index(before)


def _score_failure(score: Mapping[str, Any], least: float) -> list[str]:
    if score["withheld"]:
        return [f"no score to hold against {least:g}: {score['withheld']}"]
    if score["value"] is None or score["value"] < least:
        return [f"score {score['value']} is under {least:g}"]
    return []
