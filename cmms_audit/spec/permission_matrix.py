"""The permission matrix of a description: groups of operations by permission, reading and writing apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, field

from cmms_audit.spec.collections import is_placeholder, path_steps
from cmms_audit.spec.index import Spec
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.permissions import NamedIn, Needed, needed_permissions

_LONGEST_GROUP = 120


class Access(Struct, frozen=True):
    """How many operations something opens, for reading and for changing data."""

    reads: int = 0
    writes: int = 0

    @property
    def letters(self) -> str:
        """R, W, RW, or nothing."""
        return ("R" if self.reads else "") + ("W" if self.writes else "")

    def plus(self, operation: Operation) -> Access:
        """With one operation more."""
        return Access(self.reads + (not operation.writes), self.writes + operation.writes)


class MatrixRow(Struct, frozen=True):
    """A group of operations: what each permission opens, what names none, and what anybody may call."""

    group: str
    cells: Mapping[str, Access]
    unnamed: Access
    anybody: Access


class PermissionMatrix(Struct, frozen=True):
    """Rows in the order of the document; `scopes` by how many operations they open, the widest first.

    `named` operations name a permission and are protected, `without` are protected and name none, `worded` those among
    them that speak of one in words; `places` says where permissions are named, by number of operations.
    """

    scopes: Mapping[str, Access]
    rows: tuple[MatrixRow, ...]
    named: tuple[Operation, ...]
    without: tuple[Operation, ...]
    worded: tuple[Operation, ...]
    places: Mapping[NamedIn, int]

    @property
    def only_reading(self) -> frozenset[str]:
        """Permissions that open no operation that changes data."""
        return frozenset(name for name, access in self.scopes.items() if not access.writes)

    @property
    def only_writing(self) -> frozenset[str]:
        """Permissions that open no operation that reads."""
        return frozenset(name for name, access in self.scopes.items() if not access.reads)


class _Row(Struct):
    cells: dict[str, Access] = field(default_factory=lambda: defaultdict(Access))
    unnamed: Access = Access()
    anybody: Access = Access()


@lru_cache(maxsize=4)
def permission_matrix(spec: Spec) -> PermissionMatrix:
    """The matrix of all operations. Where the document protects none, it says nothing of who may call: all count."""
    silent = all(operation.is_open for operation in spec.operations)
    rows: dict[str, _Row] = defaultdict(_Row)
    scopes: dict[str, Access] = defaultdict(Access)
    sorted_in: dict[str, list[Operation]] = defaultdict(list)
    places: Counter[NamedIn] = Counter()
    for operation in spec.operations:
        row = rows[group_of(operation)]
        if operation.is_open and not silent:
            row.anybody = row.anybody.plus(operation)
            continue
        needed = needed_permissions(operation)
        for scope in needed.scopes:
            scopes[scope] = scopes[scope].plus(operation)
            row.cells[scope] = row.cells[scope].plus(operation)
        if not needed.scopes:
            row.unnamed = row.unnamed.plus(operation)
        if needed.named_in:
            places[needed.named_in] += 1
        sorted_in[_kind(needed)].append(operation)
    return PermissionMatrix(
        scopes=dict(sorted(scopes.items(), key=lambda item: (-item[1].reads - item[1].writes, item[0]))),
        rows=tuple(MatrixRow(name, dict(row.cells), row.unnamed, row.anybody) for name, row in rows.items()),
        named=tuple(sorted_in["named"]),
        without=(*sorted_in["worded"], *sorted_in["silent"]),
        worded=tuple(sorted_in["worded"]),
        places=places,
    )


def _kind(needed: Needed) -> str:
    return "named" if needed.scopes else "worded" if needed.worded else "silent"


def group_of(operation: Operation) -> str:
    """The row of an operation: its first heading, or the path of its collection."""
    heading = next(iter(operation.tags), "").strip()
    if heading:
        return heading[:_LONGEST_GROUP]
    steps = list(path_steps(operation.path))
    while steps and is_placeholder(steps[-1]):
        steps.pop()
    return ("/" + "/".join(steps))[:_LONGEST_GROUP]
