"""The question framework as typed values: groups, questions, red flags and scenarios.

Read from checks/ and profiles/. Prose, weights and severities are data; what they mean together is
scoring's business.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit import documents
from cmms_audit.documents import Document
from cmms_audit.errors import InputError
from cmms_audit.guide_rules import broken_rules
from cmms_audit.model import Severity

RUBRIC_VERSION = "1.0"


class Absence(StrEnum):
    """What it means that a specification does not mention the thing a question asks for.

    FEATURE: the thing is part of the API, so it is not there. OUTSIDE: vendors usually provide it elsewhere
    (a portal, a contract), so nothing is known.
    """

    FEATURE = "feature"
    OUTSIDE = "outside"


class CheckText(Struct, frozen=True):
    """What a reader is told of one check: its titles when it holds and fails, why, how, and the remedy."""

    id: str
    passes: str
    fails: str
    why: str
    how: str
    remedy: str


class Question(Struct, frozen=True):
    """One question to a vendor, in words for a maintenance leader.

    `aspects` are the parts that the answer is made of, `checks` the texts of the checks by id. `parent` is
    the question without which this one cannot be met.
    """

    id: str
    group: str
    title: str
    question: str
    why: str
    good: str
    ask: str
    clause: str
    absence: Absence
    parent: str | None
    aspects: Mapping[str, str]
    checks: Mapping[str, CheckText]


class Group(Struct, frozen=True):
    """Questions that protect against the same kind of failure; `questions` are ids, in order."""

    id: str
    title: str
    protects_against: str
    questions: tuple[str, ...]


class RedFlag(Struct, frozen=True):
    """A warning sign and what it costs.

    `severity` by scenario, `otherwise` in every other one; `questions` are those whose checks look for it.
    `if_absent` names a question: where the scenarios weigh it and the API has no such feature, the flag is
    raised. `if_over_capacity` is the severity in a scenario whose volumes do not fit. `from_claims` says that
    contradicted claims raise it.
    """

    id: str
    title: str
    why: str
    remedy: str
    severity: Mapping[str, Severity]
    otherwise: Severity
    questions: tuple[str, ...]
    if_absent: str | None
    if_over_capacity: Severity | None
    from_claims: bool

    def severity_in(self, scenario: str) -> Severity:
        """What the flag costs in a scenario."""
        return self.severity.get(scenario, self.otherwise)


class Scenario(Struct, frozen=True):
    """One kind of integration: what flows, what it needs, what its failure means, what each question weighs.

    `weights` are 0 to 5 by question id; `capacity` names the needs that are held against the limits.
    """

    id: str
    title: str
    flow: str
    needs: str
    failure: str
    impact: str
    weights: Mapping[str, int]
    capacity: tuple[str, ...]


class Guide(Struct, frozen=True):
    """Everything that the audit asks, in the order of the report; `sha256` is over the files it came from."""

    groups: tuple[Group, ...]
    questions: Mapping[str, Question]
    flags: Mapping[str, RedFlag]
    scenarios: Mapping[str, Scenario]
    version: str
    sha256: str

    def check_text(self, check_id: str) -> CheckText | None:
        """The prose of a check; None where nobody wrote any, as for a user's own check."""
        return next((each.checks[check_id] for each in self.questions.values() if check_id in each.checks), None)


def load_guide(
    checks_folder: Path,
    profiles_folder: Path,
    *,
    more_checks: Sequence[Path] = (),
    more_profiles: Sequence[Path] = (),
) -> Guide:
    """Read the guide from the shipped folders, with what a user's own folders add.

    `checks_folder` holds one folder a group, each with a group.yaml, and red-flags.yaml; `profiles_folder`
    holds scenarios/. A group.yaml in one of the user's `more_checks` may add texts for checks of existing
    questions; a scenario in `more_profiles` takes the place of the shipped one of its id.

    Raises InputError with every problem of every file.
    """
    groups = _read_all(_files(checks_folder, "*/group.yaml"), "group")
    flags = _read_all([checks_folder / "red-flags.yaml"], "red-flags")
    scenarios = _read_all(_files(profiles_folder, "scenarios/*.yaml"), "scenario")
    additions = _read_all(
        [path for folder in more_checks for path in _files(folder, "*/group.yaml")], "group-additions"
    )
    own = _read_all([path for folder in more_profiles for path in _files(folder, "scenarios/*.yaml")], "scenario")

    problems = broken_rules(groups, flags, [*scenarios, *own], additions)
    if problems:
        raise InputError(*problems)

    questions = _with_additions(dict(_questions(_by_position(groups))), additions)
    return Guide(
        groups=tuple(_group(document.value) for document in _by_position(groups)),
        questions=questions,
        flags={name: _flag(name, value) for name, value in flags[0].value["flags"].items()},
        scenarios=_scenarios(scenarios, own),
        version=RUBRIC_VERSION,
        sha256=_sha256([*groups, *flags, *scenarios, *additions, *own]),
    )


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _read_all(paths: Sequence[Path], schema: str) -> list[Document]:
    """Read files that must follow one schema. Raises InputError with the problems of all of them."""
    read = [documents.read(path) for path in paths]
    problems = [problem for document in read for problem in documents.validate(document, schema)]
    if problems:
        raise InputError(*problems)
    return read


def _by_position(read: Sequence[Document]) -> list[Document]:
    return sorted(read, key=lambda document: int(document.value["position"]))


def _group(value: Mapping[str, Any]) -> Group:
    return Group(value["id"], value["title"], value["protects_against"], tuple(value["questions"]))


def _questions(groups: Sequence[Document]) -> Iterator[tuple[str, Question]]:
    for document in groups:
        for name, value in document.value["questions"].items():
            yield name, _question(name, document.value["id"], value)


def _question(name: str, group: str, value: Mapping[str, Any]) -> Question:
    return Question(
        id=name,
        group=group,
        title=value["title"],
        question=value["question"],
        why=value["why"],
        good=value["good"],
        ask=value["ask"],
        clause=value["clause"],
        absence=Absence(value["absence"]),
        parent=value.get("parent"),
        aspects=dict(value["aspects"]),
        checks=_check_texts(value["checks"]),
    )


def _check_texts(values: Mapping[str, Any]) -> dict[str, CheckText]:
    return {name: CheckText(id=name, **value) for name, value in values.items()}


def _with_additions(questions: dict[str, Question], additions: Sequence[Document]) -> dict[str, Question]:
    for document in additions:
        for name, value in document.value["questions"].items():
            known = questions[name]
            questions[name] = replace(known, checks={**known.checks, **_check_texts(value["checks"])})
    return questions


def _flag(name: str, value: Mapping[str, Any]) -> RedFlag:
    severities = {scenario: Severity(word) for scenario, word in value["severity"].items()}
    over_capacity = value.get("if_over_capacity")
    return RedFlag(
        id=name,
        title=value["title"],
        why=value["why"],
        remedy=value["remedy"],
        otherwise=severities.pop("otherwise"),
        severity=severities,
        questions=tuple(value["questions"]),
        if_absent=value.get("if_absent"),
        if_over_capacity=Severity(over_capacity) if over_capacity else None,
        from_claims=value.get("from_claims", False),
    )


def _scenarios(shipped: Sequence[Document], own: Sequence[Document]) -> dict[str, Scenario]:
    in_order = (*_by_position(shipped), *_by_position(own))
    return {document.value["id"]: _scenario(document.value) for document in in_order}


def _scenario(value: Mapping[str, Any]) -> Scenario:
    return Scenario(
        id=value["id"],
        title=value["title"],
        flow=value["flow"],
        needs=value["needs"],
        failure=value["failure"],
        impact=value["impact"],
        weights=dict(value["weights"]),
        capacity=tuple(value["capacity"]),
    )


def _sha256(read: Sequence[Document]) -> str:
    """A hash over what the files say; where they lie, comments and line ends do not change it."""
    said = json.dumps([document.value for document in read], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()
