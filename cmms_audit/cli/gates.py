"""The gates of a CI run: what makes an audit that ran fail, judged from report.json."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from cmms_audit.cli import exits
from cmms_audit.cli.options import chosen, split
from cmms_audit.cli.progress import say
from cmms_audit.errors import InputError

CONTRADICTED = "claim-contradicted"
_ORDER = ("not_met", "unknown", "partial", "met")


class Gate(StrEnum):
    """What `--fail-on` can name."""

    RED_FLAG = "red-flag"
    REGRESSION = "regression"
    CONTRADICTION = "contradiction"
    UNKNOWN = "unknown"


class Gates(Struct, frozen=True):
    """The gates that were asked for."""

    fail_under: float | None = None
    fail_on: tuple[Gate, ...] = ()
    baseline: Mapping[str, Any] | None = None

    def exit_code(self, report: Mapping[str, Any]) -> int:
        """The exit code of an audit that ran; each gate that did not hold is said."""
        failed = failures(report, fail_under=self.fail_under, fail_on=self.fail_on, baseline=self.baseline)
        for each in failed:
            say(f"gate failed: {each}")
        return exits.EXIT_GATE_FAILED if failed else exits.EXIT_OK


def asked_gates(fail_under: float | None, fail_on: Sequence[str] | None, baseline: Path | None) -> Gates:
    """The gates that the command line asks for. Raises InputError for an unknown one, or without what it needs."""
    words = chosen("--fail-on", split(fail_on), [gate.value for gate in Gate])
    gates = tuple(Gate(word) for word in words)
    if Gate.REGRESSION in gates and baseline is None:
        raise InputError("--fail-on regression compares with an earlier report; name it with --baseline")
    return Gates(fail_under, gates, _read_baseline(baseline) if baseline else None)


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


def _read_baseline(path: Path) -> dict[str, Any]:
    """An earlier report.json. Raises InputError where the file is missing or is no report of this tool."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"--baseline {path}: it cannot be read: {error}") from None
    if not isinstance(report, dict) or report.get("schema_version") != 1 or "findings" not in report:
        raise InputError(f"--baseline {path}: this is no report.json of an earlier audit")
    return report
