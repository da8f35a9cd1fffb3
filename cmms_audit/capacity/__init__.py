"""What an integration needs, held against the limits and page sizes that were found.

Pure arithmetic over the numbers that findings carry, with the working shown in words; it judges no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cmms_audit.capacity.answer import CapacityEstimate
from cmms_audit.capacity.loads import Asked, Loads
from cmms_audit.capacity.measured import Measured, measure
from cmms_audit.guide import Scenario
from cmms_audit.model import Finding

__all__ = ["CapacityEstimate", "Measured", "estimate", "measure"]


def estimate(
    findings: Sequence[Finding], scenarios: Iterable[Scenario], volumes: Mapping[str, float]
) -> tuple[CapacityEstimate, ...]:
    """Hold each scenario's needs against what was found.

    `findings` are read as `measure` says. Each of the `scenarios` names its needs. `volumes` are the vendor file's
    own; a need without its volume is left out, but for a first load of history, which then is worked out for a
    round number of records.
    """
    measured = measure(findings)
    estimates = []
    for scenario in scenarios:
        loads = Loads(volumes, measured, frozenset(scenario.capacity))
        for kind in scenario.capacity:
            asked = loads.held_against(kind)
            if asked:
                estimates.append(_named(scenario.id, kind, asked))
    return tuple(estimates)


def _named(scenario: str, kind: str, asked: Asked) -> CapacityEstimate:
    answer = asked.answer
    return CapacityEstimate(
        scenario=scenario,
        need=asked.need,
        estimate_minutes=answer.minutes,
        fits=answer.fits,
        because=answer.because,
        kind=kind,
        window_minutes=asked.window / 60 if asked.window else None,
        binds=answer.binds,
        working=answer.working,
        would_fit=answer.would_fit,
    )
