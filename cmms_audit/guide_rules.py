"""What no schema can say about the guide's files: that they name only questions and scenarios that exist.

Each rule yields every breach, with file and line and the nearest right word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cmms_audit.documents import Document, nearest, pointer_join
from cmms_audit.errors import Problem


def broken_rules(
    groups: Sequence[Document],
    flags: Sequence[Document],
    scenarios: Sequence[Document],
    additions: Sequence[Document],
) -> list[Problem]:
    """Every breach in files that each follow their schema."""
    questions = [name for document in groups for name in document.value["questions"]]
    return [
        *_misplaced_questions(groups),
        *_repeated_checks([*groups, *additions]),
        *_unknown_parents(groups),
        *_unknown_in_flags(flags, questions, [document.value["id"] for document in scenarios]),
        *_wrong_weights(scenarios, questions),
        *_unknown_in_additions(additions, questions),
    ]


def _misplaced_questions(groups: Sequence[Document]) -> Iterator[Problem]:
    for document in groups:
        group = document.value["id"]
        for name in document.value["questions"]:
            if not name.startswith(f"{group}."):
                what = f"question {name} is in the group {group}"
                yield _problem(document, ["questions", name], what, f"begin its id with {group}.")


def _repeated_checks(documents: Sequence[Document]) -> Iterator[Problem]:
    seen: set[str] = set()
    for document in documents:
        for question, value in document.value["questions"].items():
            for check in value["checks"]:
                if check in seen:
                    place = ["questions", question, "checks", check]
                    yield _problem(document, place, f"check {check} is described twice", "keep one")
                seen.add(check)


def _unknown_parents(groups: Sequence[Document]) -> Iterator[Problem]:
    """A parent stands above its children, in the same file, so that it is judged before them."""
    for document in groups:
        above: list[str] = []
        for name, value in document.value["questions"].items():
            if "parent" in value:
                place = ["questions", name, "parent"]
                yield from _unknown(document, place, [value["parent"]], above, "question above this one called")
            above.append(name)


def _unknown_in_flags(
    flags: Sequence[Document], questions: Collection[str], scenarios: Collection[str]
) -> Iterator[Problem]:
    for document in flags:
        for name, value in document.value["flags"].items():
            named = [*value["questions"], *([value["if_absent"]] if "if_absent" in value else [])]
            yield from _unknown(document, ["flags", name], named, questions, "question")
            place = ["flags", name, "severity"]
            yield from _unknown(document, place, value["severity"], [*scenarios, "otherwise"], "scenario")


def _wrong_weights(scenarios: Sequence[Document], questions: Sequence[str]) -> Iterator[Problem]:
    for document in scenarios:
        weights: dict[str, Any] = document.value["weights"]
        yield from _unknown(document, ["weights"], weights, questions, "question")
        missing = ", ".join(name for name in questions if name not in weights)
        if missing:
            advice = "0 means that it does not matter here"
            yield _problem(document, ["weights"], f"no weight is given for {missing}", advice)


def _unknown_in_additions(additions: Sequence[Document], questions: Collection[str]) -> Iterator[Problem]:
    for document in additions:
        yield from _unknown(document, ["questions"], document.value["questions"], questions, "question")


def _unknown(
    document: Document, place: Sequence[str], words: Collection[str], choices: Collection[str], noun: str
) -> Iterator[Problem]:
    for word in words:
        if word not in choices:
            right = nearest(word, choices)
            yield _problem(document, place, f"there is no {noun} {word!r}", f"did you mean {right}?" if right else "")


def _problem(document: Document, place: Sequence[str], what: str, advice: str) -> Problem:
    return Problem(document.where(pointer_join("", *place)), what, advice)
