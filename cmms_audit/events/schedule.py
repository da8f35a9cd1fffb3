"""How the gaps between the tries of an event grow, and whether the sender has given up."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median

_LIKE = 0.25  # part of a gap by which gaps of one length may differ
_HARDLY = 0.08  # seconds that a gap may be off in any case: a busy machine
_LEAST_GROWTH = 1.3
_MANY = 4  # gaps
_LATER_GROWTH = 1.5  # times that the later half of irregular gaps is longer, where they grow on the whole
_LEAST_OF_HALVES = 3  # gaps that have two halves
_DOUBLE = 2.0
_PATIENCE = 3.0  # times the gap that was due: after that nothing more is expected


class Growth(StrEnum):
    """The shape of a schedule of tries."""

    NONE = "no second try"
    ONE = "one more try"
    FIXED = "fixed gaps"
    LINEAR = "gaps that grow by the same length"
    EXPONENTIAL = "gaps that grow exponentially"
    GROWING = "growing gaps"
    IRREGULAR = "irregular gaps"


BACKS_OFF = (Growth.LINEAR, Growth.EXPONENTIAL, Growth.GROWING)


def growth_of(gaps: Sequence[float]) -> Growth:
    """The shape of the gaps (seconds) between tries. Two gaps are the least that show one.

    Where there are many, the first may be out of line: a sender may begin with a try at once, or with a slow one. Gaps
    that vary by chance, so that not all receivers are tried at once, grow where the later ones are longer on the whole.
    """
    if len(gaps) < 2:
        return Growth.ONE if gaps else Growth.NONE
    growth = _shape(gaps)
    if growth is Growth.IRREGULAR and len(gaps) >= _MANY:
        growth = _shape(gaps[1:])
    return Growth.GROWING if growth is Growth.IRREGULAR and _grow_on_the_whole(gaps) else growth


def _grow_on_the_whole(gaps: Sequence[float]) -> bool:
    half = len(gaps) // 2
    return len(gaps) >= _LEAST_OF_HALVES and sum(gaps[-half:]) >= _LATER_GROWTH * sum(gaps[:half]) + _HARDLY


def _shape(gaps: Sequence[float]) -> Growth:
    if all(_alike(gap, median(gaps)) for gap in gaps):
        return Growth.FIXED
    ratios = [after / max(before, 1e-6) for before, after in pairwise(gaps)]
    if all(ratio >= _LEAST_GROWTH for ratio in ratios) and all(
        _alike(after, before * median(ratios)) for before, after in pairwise(gaps)
    ):
        return Growth.EXPONENTIAL
    steps = [after - before for before, after in pairwise(gaps)]
    if min(steps) > _HARDLY and all(_alike(step, median(steps)) for step in steps):
        return Growth.LINEAR
    if all(after > before - _HARDLY for before, after in pairwise(gaps)) and gaps[-1] > gaps[0] * _LEAST_GROWTH:
        return Growth.GROWING
    return Growth.IRREGULAR


def next_gap(gaps: Sequence[float]) -> float:
    """How long the next gap would be, in seconds, as the schedule has gone so far."""
    match growth_of(gaps):
        case Growth.EXPONENTIAL:
            return gaps[-1] * median(after / max(before, 1e-6) for before, after in pairwise(gaps))
        case Growth.LINEAR | Growth.GROWING:
            return gaps[-1] + max(after - before for before, after in pairwise(gaps))
        case _:
            return max(gaps, default=0.0)


def has_given_up(gaps: Sequence[float], silence: float) -> bool:
    """Whether so many seconds without another try mean that none will come.

    Only gaps that grow by a rule tell when the next try was due; after some quick ones a sender may pause for an hour.
    """
    follows_a_rule = growth_of(gaps) in (Growth.EXPONENTIAL, Growth.LINEAR)
    return follows_a_rule and silence > _PATIENCE * next_gap(gaps) + 2 * _HARDLY


def begins_as_documented(gaps: Sequence[float], first_gap: float | None) -> bool:
    """Whether the first gap is, more or less, the one that documents name, in the same seconds."""
    return bool(gaps) and first_gap is not None and first_gap / _DOUBLE <= gaps[0] <= first_gap * _DOUBLE


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= max(_LIKE * max(one, other), _HARDLY)
