"""Decides which checks will look and which cannot, and in what order; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from msgspec import Struct

from cmms_audit.battery.check import Check
from cmms_audit.errors import InputError
from cmms_audit.model import Reason, Sends
from cmms_audit.permissions import Permissions


class Planned(Struct, frozen=True):
    """A check and, where it will not look, the reason."""

    check: Check
    withheld: Reason | None = None


class Plan(Struct, frozen=True):
    """The whole battery in the order of its phases: at once, side by side, alone, bursts last.

    Those that are `watching` for events begin before all others that ask, and end after them.
    """

    at_once: tuple[Planned, ...]
    side_by_side: tuple[Planned, ...]
    alone: tuple[Planned, ...]
    bursts: tuple[Planned, ...]
    watching: tuple[Planned, ...] = ()

    @property
    def all(self) -> tuple[Planned, ...]:
        """Every check of the battery, whether it will look or not."""
        return (*self.at_once, *self.side_by_side, *self.alone, *self.bursts, *self.watching)


def make_plan(
    checks: Sequence[Check],
    permissions: Permissions,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    cannot_reach: Reason | None = None,
    unheard: Mapping[str, Reason] = MappingProxyType({}),
) -> Plan:
    """Plan a run.

    `only` and `skip` are globs on check or question ids. `cannot_reach` withholds every check that sends anything,
    because the vendor could not be reached or refused the credential. `unheard` withholds single checks, by id: those
    of an earlier run that have no answer there.
    Raises InputError for a pattern that matches nothing.
    """
    _refuse_idle_patterns(checks, (*only, *skip))
    planned = [
        Planned(each, unheard.get(each.id) or _withheld(each, permissions, only, skip, cannot_reach)) for each in checks
    ]

    def phase(wanted: int) -> tuple[Planned, ...]:
        return tuple(each for each in planned if _phase(each.check) == wanted)

    return Plan(phase(0), phase(1), phase(2), phase(3), phase(4))


def _withheld(
    declared: Check,
    permissions: Permissions,
    only: Sequence[str],
    skip: Sequence[str],
    cannot_reach: Reason | None,
) -> Reason | None:
    if (only and not _matches(declared, only)) or _matches(declared, skip):
        return Reason.SKIPPED
    if declared.sends is Sends.NOTHING:
        return None
    if permissions.offline:
        return Reason.OFFLINE
    if not permissions.allows(declared.sends):
        return Reason.NOT_PERMITTED
    return cannot_reach


def _matches(declared: Check, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in (declared.id, declared.question))


def _phase(declared: Check) -> int:
    if declared.sends is Sends.NOTHING:
        return 0
    if declared.sends is Sends.BURST:
        return 3
    if declared.sends is Sends.WEBHOOKS:
        return 4
    return 2 if declared.exclusive else 1


def _refuse_idle_patterns(checks: Sequence[Check], patterns: Sequence[str]) -> None:
    idle = [pattern for pattern in patterns if not any(_matches(each, (pattern,)) for each in checks)]
    if idle:
        names = ", ".join(repr(pattern) for pattern in idle)
        raise InputError(f"no check and no question is called {names}; `cmms-audit checks list` shows them all")
