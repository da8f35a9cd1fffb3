"""What is wrong with an API description: faults while they are collected, and groups of them for a reader.

A description may break one rule ten thousand times. Every fault is counted; only the first of each rule keep their
place, and a line is looked up for those alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from cmms_audit.model import Evidence, Severity
from cmms_audit.spec.library import SpecFile

MOST_PLACES = 10
_MOST_KEPT = 200
_MOST_EXAMPLES = 5
_LONGEST_NAME = 120
_GRAVEST_FIRST = tuple(Severity)


class SpecProblem(Struct, frozen=True):
    """A place that could not be read as it is written; `unread` where a part of the API stays unknown for it."""

    rule: str
    what: str
    evidence: Evidence
    unread: bool = False


class ProblemGroup(Struct, frozen=True):
    """All faults of one rule.

    `says` and `consequence` are for a maintenance leader, `examples` for whoever corrects the document. `count` is
    the true total, or a lower bound where looking was `capped`; `places` are the first few of them.
    """

    rule: str
    says: str
    consequence: str
    severity: Severity
    count: int
    places: tuple[Evidence, ...]
    examples: tuple[str, ...]
    unread: bool = False
    capped: bool = False


class Fault(Struct, frozen=True):
    """One fault: the rule that it breaks, what is wrong in words, and where. `line` where no pointer leads there."""

    rule: str
    what: str
    file: SpecFile
    pointer: str
    line: int | None = None

    @property
    def evidence(self) -> Evidence:
        """The place; in another file than the main one, the pointer starts with that file's name."""
        pointer = f"{self.file.name}#{self.pointer}" if self.file.name else self.pointer
        line = self.line if self.line is not None else self.file.document.line(self.pointer)
        return Evidence("spec", pointer=pointer, line=line)


class FaultBook:
    """Takes down faults: counts them all, and keeps the first two hundred of each rule."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: dict[str, list[Fault]] = {}
        self.capped: set[str] = set()

    def copy(self) -> FaultBook:
        """Another one that holds the same, to be added to."""
        other = FaultBook()
        other.counts.update(self.counts)
        other.kept = {rule: list(faults) for rule, faults in self.kept.items()}
        other.capped |= self.capped
        return other

    def room_for(self, rule: str) -> bool:
        """Count one more fault of a rule; whether its place is to be kept as well."""
        self.counts[rule] += 1
        return self.counts[rule] <= _MOST_KEPT

    def keep(self, fault: Fault) -> None:
        """Keep the place of a fault that was counted."""
        self.kept.setdefault(fault.rule, []).append(fault)

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep its place where there is room."""
        if self.room_for(fault.rule):
            self.keep(fault)

    def faults(self, rules: Iterable[str]) -> list[Fault]:
        """The kept faults of some rules."""
        return [fault for rule in rules for fault in self.kept.get(rule, ())]


def shown(name: object) -> str:
    """A name or value that the vendor chose, fit for a sentence."""
    text = " ".join((name if isinstance(name, str) else json.dumps(name, ensure_ascii=False, default=str)).split())
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def gravest_first(groups: Iterable[ProblemGroup]) -> tuple[ProblemGroup, ...]:
    """Groups in the order in which a reader should meet them."""
    ranked = sorted(groups, key=lambda group: (_GRAVEST_FIRST.index(group.severity), not group.unread, -group.count))
    return tuple(ranked)


def first_examples(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The first few different things that are wrong, in words."""
    return tuple(dict.fromkeys(fault.what for fault in faults))[:_MOST_EXAMPLES]
