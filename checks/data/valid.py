"""data.documented: whether the description itself is in order, so that programs can be made from it."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, ProblemGroup, check, met, not_applicable, not_met, partial
from cmms_audit.model import Severity

from ._counted import counted

QUESTION = "data.documented"

_MOST_GROUPS = 25


@check(
    question=QUESTION,
    id="data.document-valid",
    aspect="schema",
    sends="nothing",
    decisive=False,
    severity="minor",
)
def document_valid(ctx: Context) -> list[Finding]:
    """Holds the description against the official schema of its version and further rules; one finding a rule."""
    groups = ctx.spec.faults
    if not groups and ctx.spec.written_in.converted:
        name = ctx.spec.written_in.name
        says = f"the form of {_a(name)} is not checked here; only descriptions in OpenAPI and Swagger are held"
        return [not_applicable(f"{says} against the official schema of their version")]
    if not groups:
        return [met("the description is in order by the official schema of its version", ctx.spec.evidence_at(""))]
    findings = [_finding(group) for group in groups[:_MOST_GROUPS]]
    if len(groups) > _MOST_GROUPS:
        findings.append(_summed_up(groups[_MOST_GROUPS:]))
    return findings


def _a(name: str) -> str:
    if name.endswith("metadata"):
        return name
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def _finding(group: ProblemGroup) -> Finding:
    says = f"{group.says} ({_count(group)}). {group.consequence}"
    judge = partial if group.severity is Severity.MINOR else not_met
    facts = {"places": float(group.count)}
    return judge(says, *group.places, detail="\n".join(group.examples), subject=group.rule, facts=facts)


def _count(group: ProblemGroup) -> str:
    least = "at least " if group.capped else ""
    return f"{least}{counted(group.count, 'place')}"


def _summed_up(rest: tuple[ProblemGroup, ...]) -> Finding:
    places = sum(group.count for group in rest)
    says = f"{counted(len(rest), 'further sort')} of smaller faults, in {counted(places, 'place')}"
    detail = "\n".join(f"{group.says} ({_count(group)})" for group in rest)
    return partial(says, *(group.places[0] for group in rest), detail=detail, subject="further-faults")
