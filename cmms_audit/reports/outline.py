"""Reads a report (report.json as a dict) the way a person does: what is worst first, and what to do next.

Shared by every format for readers, so that they cannot tell different stories. Pure; decides no verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.reports import words

Report = Mapping[str, Any]
Item = Mapping[str, Any]

VERDICT_ORDER = ("not_met", "unknown", "partial", "met", "not_applicable")
MOST_PLACES = 40
"""Pieces of evidence of one finding that a report for readers names; the rest stand in report.json."""

_ALL_ALLOWED = "--allow writes,burst,webhooks"


class Condition(Struct, frozen=True):
    """Something to settle before an integration is relied on.

    `target` is the id of a question or red flag, `state` its verdict ("raised" for a flag). `todo` says in words what
    kind of text `text` is: what to ask the vendor, or what to write into the contract.
    """

    target: str
    title: str
    state: str
    todo: str
    text: str


def conditions(report: Report, targets: Sequence[str]) -> list[Condition]:
    """The conditions behind these ids of questions and red flags, in their order."""
    questions = {each["id"]: each for each in report["questions"]}
    raised = {each["id"]: each for each in report["red_flags"]}
    found = []
    for target in targets:
        if target in questions:
            found.append(_condition_of_question(questions[target]))
        elif target in raised:
            flag = raised[target]
            found.append(Condition(target, flag["title"], "raised", "Ask for", flag["remedy"]))
    return found


def _condition_of_question(question: Item) -> Condition:
    """What is open is asked, what is short is written into the contract, what is only promised is to be shown."""
    identity = (question["id"], question["title"], question["verdict"])
    if question["verdict"] == "unknown" or question["basis"] == "claimed":
        return Condition(*identity, "Ask", question["ask"])
    if question["verdict"] == "met":
        return Condition(*identity, "Have it shown on a running system", "")
    return Condition(*identity, "For the contract", question["clause"])


def in_the_way(report: Report, scenario: Item) -> list[Condition]:
    """What makes a scenario a no-go."""
    return conditions(report, scenario["blockers"])


def still_needed(report: Report, scenario: Item) -> list[Condition]:
    """What else a go would need."""
    return conditions(report, [target for target in scenario["conditions"] if target not in scenario["blockers"]])


def questions_by_group(report: Report) -> list[tuple[Item, list[Item]]]:
    """Every group with its questions, in the order of the report."""
    return [
        (group, [each for each in report["questions"] if each["group"] == group["id"]]) for group in report["groups"]
    ]


def flags(report: Report, state: str) -> list[Item]:
    """The red flags in one state, the most severe first."""
    chosen = [each for each in report["red_flags"] if each["state"] == state]
    return sorted(chosen, key=lambda flag: _severity_rank(flag["severity"]))


def findings_by_question(report: Report) -> dict[str, list[Item]]:
    """The findings of each question: those that carry its verdict first, then the worst first."""
    carrying = {each["id"]: set(each["findings"]) for each in report["questions"]}
    found: dict[str, list[Item]] = {each["id"]: [] for each in report["questions"]}
    for finding in report["findings"]:
        found.setdefault(finding["question"], []).append(finding)
    for question, findings in found.items():
        carriers = carrying.get(question, set())
        findings.sort(key=lambda each: (each["check"] not in carriers, VERDICT_ORDER.index(each["verdict"])))
    return found


def findings_by_check(report: Report) -> dict[str, list[Item]]:
    """The findings of each check, by the check's id."""
    found: dict[str, list[Item]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def verdict_counts(report: Report) -> Counter[str]:
    """How many questions have each verdict."""
    return Counter(each["verdict"] for each in report["questions"])


def open_questions(report: Report) -> list[Item]:
    """The questions that nobody has answered, the heaviest first: what to send the vendor."""
    unanswered = [each for each in report["questions"] if each["verdict"] == "unknown"]
    return sorted(unanswered, key=lambda question: -question["weight"])


def severities(report: Report, flag: Item) -> list[tuple[str, list[str]]]:
    """What a flag costs: each severity, the worst first, with the titles of the scenarios that it has there."""
    scenarios = {each["id"]: each["title"] for each in report["scenarios"]}
    costs: dict[str, list[str]] = {severity: [] for severity in words.SEVERITY_ORDER}
    for scenario, severity in flag["by_scenario"].items():
        costs[severity].append(scenarios.get(scenario, scenario))
    return [(severity, where) for severity, where in costs.items() if where]


def titles(report: Report) -> dict[str, str]:
    """The title of every question and red flag, by id."""
    return {each["id"]: each["title"] for each in (*report["questions"], *report["red_flags"])}


class Load(Struct, frozen=True):
    """A volume that has to fit, and the integrations that need it; `state` is a key of `words.FITS`.

    `time` is how long it takes, as far as anybody can tell; `working` is the arithmetic; each of `would_fit` alone
    would be enough.
    """

    need: str
    needed_by: tuple[str, ...]
    state: str
    time: str
    because: str
    working: tuple[str, ...]
    would_fit: tuple[str, ...]


def loads(report: Report) -> list[Load]:
    """Every volume that was held against the API; one that several integrations need in the same way is told once."""
    titles = {each["id"]: each["title"] for each in report["scenarios"]}
    found: dict[tuple[Any, ...], Load] = {}
    for each in report["capacity"]:
        key = (each["need"], each["because"], *each["working"])
        others = found[key].needed_by if key in found else ()
        found[key] = Load(
            need=each["need"],
            needed_by=(*others, titles.get(each["scenario"], each["scenario"])),
            state=_fit(each),
            time=each["estimate"] or "",
            because=each["because"],
            working=tuple(each["working"]),
            would_fit=tuple(each["would_fit"]),
        )
    return list(found.values())


def _fit(each: Item) -> str:
    if each["fits"] is not None:
        return "fits" if each["fits"] else "too_much"
    timed = each["kind"] in {"pull", "history"} and each["estimate_minutes"] is not None
    return "no_time" if timed and each["window_minutes"] is None else "unknown"


def ways_out(load: Load) -> str:
    """What would make a volume fit, in a sentence; empty where it fits, or nobody knows that it does not."""
    if load.state != "too_much":
        return ""
    if load.would_fit:
        return f"It would fit with {', or with '.join(load.would_fit)}."
    return "No single change is enough: ask for larger pages and higher limits, or for an export of the whole."


def next_steps(report: Report) -> list[str]:
    """What to do after reading, the most pressing first, each a sentence."""
    steps = [
        f"Settle before signing: {flag['title']}." for flag in flags(report, "raised") if flag["severity"] != "minor"
    ]
    unanswered = open_questions(report)
    if unanswered:
        steps.append(f"Send the vendor {words.counted(len(unanswered), 'question')} that nobody has answered yet.")
    weak = [each for each in report["questions"] if each["verdict"] in {"not_met", "partial"} and each["clause"]]
    if weak:
        steps.append(f"Put {words.counted(len(weak), 'clause')} into the contract, one for each gap that was found.")
    too_much = dict.fromkeys(load.need for load in loads(report) if load.state == "too_much")
    if too_much:
        steps.append(f"Settle how your volume is to fit: {'; '.join(too_much)}.")
    steps.extend(_unseen(report))
    steps.extend(_wider_look(report))
    return steps


def _unseen(report: Report) -> list[str]:
    """A step for each integration that lacks nothing but having been seen at work."""
    too_much = {each["scenario"] for each in report["capacity"] if each["fits"] is False}
    return [
        f"Have it shown at work before you rely on it for {scenario['title']}: {' '.join(scenario['remarks'])}"
        for scenario in report["scenarios"]
        if scenario["verdict"] != "go"
        and scenario["remarks"]
        and not scenario["blockers"]
        and not scenario["conditions"]
        and scenario["id"] not in too_much
    ]


def _wider_look(report: Report) -> list[str]:
    """Steps that let the next run see more."""
    if report["permissions"]["offline"]:
        return ["Run the audit again with a credential for the vendor's sandbox: so far only documents were read."]
    if any(each["reason"] == "not-permitted" for each in report["findings"]):
        return [f"Run it again against a sandbox with {_ALL_ALLOWED}: some checks had no permission to look."]
    return []


def _severity_rank(severity: str | None) -> int:
    return words.SEVERITY_ORDER.index(severity) if severity else len(words.SEVERITY_ORDER)


def cited_exchanges(findings: Sequence[Item]) -> dict[int, list[Item]]:
    """Which findings point at which exchange, by the exchange's number; of each finding the places that are named."""
    cited: dict[int, list[Item]] = {}
    for finding in findings:
        for evidence in finding["evidence"][:MOST_PLACES]:
            if evidence["kind"] == "exchange":
                cited.setdefault(evidence["id"], []).append(finding)
    return cited
