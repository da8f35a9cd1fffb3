"""The words a check answers with. A verdict without evidence is refused: nothing is met on nobody's word."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from cmms_audit.model import Basis, Evidence, Finding, HasEvidence, Reason, Verdict

_BASIS_OF = {
    "exchange": Basis.OBSERVED,
    "delivery": Basis.OBSERVED,
    "spec": Basis.DOCUMENTED,
    "claim": Basis.CLAIMED,
}
_STRENGTH = (Basis.OBSERVED, Basis.DOCUMENTED, Basis.CLAIMED)


def met(
    summary: str,
    *evidence: HasEvidence,
    basis: Basis | None = None,
    detail: str = "",
    subject: str = "",
    facts: Mapping[str, float] | None = None,
) -> Finding:
    """It holds. `basis` is that of the strongest evidence unless it is given."""
    return _finding(Verdict.MET, summary, evidence, basis, detail, subject, facts)


def partial(
    summary: str,
    *evidence: HasEvidence,
    basis: Basis | None = None,
    detail: str = "",
    subject: str = "",
    facts: Mapping[str, float] | None = None,
) -> Finding:
    """It works, with a limitation that the buyer must plan for: the summary names it."""
    return _finding(Verdict.PARTIAL, summary, evidence, basis, detail, subject, facts)


def not_met(
    summary: str,
    *evidence: HasEvidence,
    basis: Basis | None = None,
    detail: str = "",
    subject: str = "",
    facts: Mapping[str, float] | None = None,
    absence: bool = False,
) -> Finding:
    """It is missing or wrong. `absence` says that the feature is not there at all, which contradicts no claim."""
    finding = _finding(Verdict.NOT_MET, summary, evidence, basis, detail, subject, facts)
    return replace(finding, absence=absence)


def unknown(
    summary: str,
    *evidence: HasEvidence,
    reason: Reason = Reason.VENDOR_SILENT,
    detail: str = "",
    subject: str = "",
    facts: Mapping[str, float] | None = None,
) -> Finding:
    """Nothing that was seen answers it; `reason` says why."""
    return Finding(
        Verdict.UNKNOWN,
        Basis.NONE,
        summary,
        reason=reason,
        detail=detail,
        subject=subject,
        evidence=tuple(each.evidence for each in evidence),
        facts=dict(facts or {}),
    )


def not_applicable(summary: str, *evidence: HasEvidence, subject: str = "") -> Finding:
    """It cannot matter here, for the reason that the summary names."""
    return Finding(
        Verdict.NOT_APPLICABLE,
        Basis.NONE,
        summary,
        subject=subject,
        evidence=tuple(each.evidence for each in evidence),
    )


def _finding(
    verdict: Verdict,
    summary: str,
    evidence: tuple[HasEvidence, ...],
    basis: Basis | None,
    detail: str,
    subject: str,
    facts: Mapping[str, float] | None,
) -> Finding:
    places = tuple(dict.fromkeys(each.evidence for each in evidence))
    if not places:
        raise ValueError(f"a verdict of {verdict} needs evidence: {summary}")
    return Finding(
        verdict,
        basis or strongest_basis(places),
        summary,
        detail=detail,
        subject=subject,
        evidence=places,
        facts=dict(facts or {}),
    )


def strongest_basis(places: tuple[Evidence, ...]) -> Basis:
    """The basis of the strongest piece of evidence."""
    return min((_BASIS_OF[place.kind] for place in places), key=_STRENGTH.index)
