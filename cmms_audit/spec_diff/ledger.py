"""Keeps what a comparison notes, and works out at the end whom each note concerns.

A place is a part of an operation, or something that many operations share, such as a named schema. Shared places are
compared once; links between places tell afterwards which operations use them, for what they send or what they get.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator

from msgspec import Struct, field

from cmms_audit.model import HasEvidence
from cmms_audit.patterns import pattern
from cmms_audit.spec_diff.change import Change, Level
from cmms_audit.spec_diff.rules import RULES, Rule

IN, OUT = 1, 2
BOTH = IN | OUT
EVERYBODY = 1
"""Users of what concerns every call: which operations they are is not told."""

_MOST_NOTES = 20_000
_MOST_CHANGES = 5_000
_MOST_OPERATIONS_TOLD_APART = 4_000
_MOST_STEPS = 1_000_000
_SHOWN_OPERATIONS = 3
_LONGEST_SUBJECT = 1_000
_PLAIN = pattern(r"[^\s\".\[\]|*]+")
_DIRECTIONS = {IN: "input", OUT: "output", BOTH: "both"}
_WORST_FIRST = tuple(Level)


class Place(Struct, eq=False):
    """Where changes are noted. `senders` and `readers` are the operations that use it, a bit for each.

    `joint` stands between the label and the path of a field below it; `shared` places belong to no one operation.
    """

    label: str
    group: str
    joint: str
    shared: bool
    senders: int = 0
    readers: int = 0
    links: dict[Place, int] = field(default_factory=dict)

    def subject(self, path: str, aspect: str) -> str:
        """The name of something below this place: a field's path, and what of it changed."""
        joint = "" if not path or (path[0] == "[" and self.joint == ".") else self.joint
        name = f"{self.label}{joint}{path}" + (f" {aspect}" if aspect else "")
        return name if len(name) <= _LONGEST_SUBJECT else f"{name[:500]}…{name[-499:]}"


class Note(Struct, frozen=True):
    """A change before it is known whom it concerns; `sides` narrows that, where only callers or readers can care."""

    kind: str
    place: Place
    path: str
    aspect: str
    old: HasEvidence | None
    new: HasEvidence | None
    what: str
    was: str
    now: str
    sides: int
    announced: bool


class Ledger:
    """All notes and places of one comparison."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._places: list[Place] = []
        self._operations: list[str] = []
        self._harmless_dropped = 0
        self.unseen = 0
        """How many places were never compared, or notes not kept that might have told of a break."""

    def operation(self, label: str) -> int:
        """Make an operation known; returns the bit that stands for it."""
        self._operations.append(label)
        return 1 << min(len(self._operations) - 1, _MOST_OPERATIONS_TOLD_APART - 1)

    def place(
        self,
        label: str,
        group: str,
        *,
        joint: str = " ",
        shared: bool = False,
        senders: int = 0,
        readers: int = 0,
    ) -> Place:
        """Open a place; see `Place` for the arguments."""
        made = Place(label, group, joint, shared, senders, readers)
        self._places.append(made)
        return made

    def note(
        self,
        kind: str,
        place: Place,
        old: HasEvidence | None,
        new: HasEvidence | None,
        *,
        path: str = "",
        aspect: str = "",
        what: str = "",
        was: str = "",
        now: str = "",
        sides: int = BOTH,
        announced: bool = False,
    ) -> None:
        """Note a change of a kind at a place; `old` and `new` are the nodes that show it."""
        harmless = _is_harmless(RULES[kind])
        if len(self._notes) < (_MOST_NOTES if harmless else 2 * _MOST_NOTES):  # what is harmless crowds out no break
            self._notes.append(Note(kind, place, path, aspect, old, new, what, was, now, sides, announced))
        elif harmless:
            self._harmless_dropped += 1
        else:
            self.unseen += 1

    def changes(self) -> tuple[tuple[Change, ...], int]:
        """The changes, worst first and by subject, and how many were left out."""
        self._spread()
        found: dict[tuple[str, str], tuple[Level, str, int, Note]] = {}
        for note in self._notes:
            level, sides = _level(note)
            if level is not None:
                subject = note.place.subject(note.path, note.aspect)
                found.setdefault((note.kind, subject), (level, subject, sides, note))
        ordered = sorted(found.values(), key=lambda each: (_WORST_FIRST.index(each[0]), each[1], each[3].kind))
        kept = ordered[:_MOST_CHANGES]
        return tuple(self._change(*each) for each in kept), self._harmless_dropped + len(ordered) - len(kept)

    def _spread(self) -> None:
        """Tell every shared place which operations use it, by following the links from place to place."""
        waiting = deque(place for place in self._places if place.senders or place.readers)
        queued = set(waiting)
        steps = 0
        while waiting and steps < _MOST_STEPS:
            place = waiting.popleft()
            queued.discard(place)
            for target, sides in place.links.items():
                steps += 1
                senders = target.senders | (place.senders if sides & IN else 0)
                readers = target.readers | (place.readers if sides & OUT else 0)
                if (senders, readers) != (target.senders, target.readers):
                    target.senders, target.readers = senders, readers
                    if target not in queued:
                        queued.add(target)
                        waiting.append(target)

    def _change(self, level: Level, subject: str, sides: int, note: Note) -> Change:
        rule, place = RULES[note.kind], note.place
        users = (place.senders if sides & IN else 0) | (place.readers if sides & OUT else 0) if place.shared else 0
        return Change(
            kind=note.kind,
            level=level,
            group=place.group,
            subject=subject,
            says=_sentence(rule, sides).format(what=note.what, old=note.was, new=note.now),
            consequence=_consequence(rule, level, sides),
            direction=_DIRECTIONS[sides],
            announced=note.announced,
            operations=tuple(self._names(users)),
            touches=users.bit_count(),
            old=note.old.evidence if note.old else None,
            new=note.new.evidence if note.new else None,
        )

    def _names(self, users: int) -> Iterator[str]:
        for _ in range(_SHOWN_OPERATIONS):
            if users:
                lowest = users & -users
                yield self._operations[lowest.bit_length() - 1]
                users ^= lowest


def _level(note: Note) -> tuple[Level | None, int]:
    """How bad a change is for the worst-off of those whom it concerns, and who they are."""
    rule = RULES[note.kind]
    sides = 0
    if note.sides & IN and note.place.senders and rule.for_callers:
        sides |= IN
    if note.sides & OUT and note.place.readers and rule.for_readers:
        sides |= OUT
    levels = [level for side, level in ((IN, rule.for_callers), (OUT, rule.for_readers)) if level and sides & side]
    return min(levels, key=_WORST_FIRST.index, default=None), sides


def _is_harmless(rule: Rule) -> bool:
    return all(level in (None, Level.COMPATIBLE) for level in (rule.for_callers, rule.for_readers))


def _sentence(rule: Rule, sides: int) -> str:
    return rule.says_to_readers if sides == OUT and rule.says_to_readers else rule.says


def _consequence(rule: Rule, level: Level, sides: int) -> str:
    """What it means for those whom it hits worst."""
    told = []
    if sides & IN and rule.for_callers is level:
        told.append(rule.callers)
    if sides & OUT and rule.for_readers is level:
        told.append(rule.readers)
    return " ".join(dict.fromkeys(told))


def named(name: str) -> str:
    """A name as part of a subject: quoted where it holds what subjects are put together with."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def below(path: str, name: str) -> str:
    """The path of a field below another."""
    return f"{path}.{named(name)}" if path else named(name)


def shown(value: object, limit: int = 80) -> str:
    """A value of a document in a few words."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def listed(values: list[str], limit: int = 12) -> str:
    """Values side by side, the first ones where there are many."""
    more = f" and {len(values) - limit} more" if len(values) > limit else ""
    return ", ".join(values[:limit]) + more
