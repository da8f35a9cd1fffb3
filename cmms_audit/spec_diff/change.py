"""What a comparison says: single changes with both their places, and all of them together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from cmms_audit.model import Evidence


class Level(StrEnum):
    """How much a change costs an integration that worked before, worst first."""

    BREAKING = "breaking"
    RISKY = "risky"
    COMPATIBLE = "compatible"


class Change(Struct, frozen=True):
    """One difference between two descriptions.

    `kind` is a word of `rules.RULES`; `subject` the place that changed ("GET /work-orders query limit",
    "schema WorkOrder.status"), never wording or values, and `group` the operation or schema that it belongs to.
    `direction` says who meets it: callers in what they send ("input"), readers in what they get ("output"), or "both".
    `announced` tells whether the old document marked the thing as going away. `operations` are some of the operations
    that use it, `touches` how many there are; both are empty where the subject is itself an operation's.
    `old` and `new` are the places in the two documents; None on the side that has none.
    """

    kind: str
    level: Level
    group: str
    subject: str
    says: str
    consequence: str
    direction: str
    announced: bool
    operations: tuple[str, ...]
    touches: int
    old: Evidence | None
    new: Evidence | None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stay the same when wording, values and the order of the document change."""
        return hashlib.sha256(f"{self.kind}\n{self.subject}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Side(Struct, frozen=True):
    """One of the two descriptions: how it calls itself, where it came from, the hash of its bytes, how many calls."""

    source: str
    title: str
    version: str
    path_version: str
    language: str
    sha256: str
    calls: int

    def file_of(self, place: Evidence) -> tuple[str, str]:
        """The file that a place in this description is in, and the pointer in that file.

        A pointer into another file than the main one starts with that file's name.
        """
        name, hash_mark, pointer = (place.pointer or "").partition("#")
        if name.startswith("/") or not hash_mark:
            return self.source, place.pointer or ""
        return self.source[: self.source.rfind("/") + 1] + name, pointer


class SpecDiff(Struct, frozen=True):
    """All changes from an old description to a new one, worst first.

    `left_out` counts changes that are known and not listed, the least grave ones; `unseen` what was not compared at
    all, because there is too much of it: where it is not 0, nobody can say that nothing breaks.
    """

    old: Side
    new: Side
    changes: tuple[Change, ...]
    left_out: int = 0
    unseen: int = 0

    @property
    def counts(self) -> Mapping[Level, int]:
        """How many changes there are of each level."""
        return {level: sum(change.level is level for change in self.changes) for level in Level}

    def of(self, level: Level) -> tuple[Change, ...]:
        """The changes of one level."""
        return tuple(change for change in self.changes if change.level is level)

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break an integration."""
        return self.of(Level.BREAKING)

    @property
    def risky(self) -> tuple[Change, ...]:
        """The changes that may break one."""
        return self.of(Level.RISKY)

    @property
    def same_version(self) -> bool:
        """Whether both descriptions carry the same version, in their heads and in their addresses."""
        return _plain(self.old.version) == _plain(self.new.version) and not self.new_address

    @property
    def new_address(self) -> bool:
        """Whether the version in the address changed, so that the old one can stay as it was."""
        return self.old.path_version != self.new.path_version

    @property
    def breaks_silently(self) -> bool:
        """Whether something breaks although the version is the same."""
        return self.same_version and self.counts[Level.BREAKING] > 0


def _plain(version: str) -> str:
    """A version for comparing: "v1", "1" and "1.0" are the same."""
    return re.sub(r"(?:\.0)+$", "", version.strip().lower().removeprefix("v"))
