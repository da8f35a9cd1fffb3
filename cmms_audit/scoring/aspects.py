"""From the findings of one question to the verdict of each of its aspects.

The strongest basis wins; among findings of that basis, the worst verdict. A claim stands in only where
neither traffic nor document has an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from msgspec import Struct

from cmms_audit.guide import Question
from cmms_audit.model import Basis, Claim, Finding, Reason, Sends, Verdict

COULD_NOT_LOOK = frozenset({Reason.NOT_PERMITTED, Reason.OFFLINE, Reason.SKIPPED})

_WORST_FIRST = (Verdict.NOT_MET, Verdict.UNKNOWN, Verdict.PARTIAL, Verdict.MET, Verdict.NOT_APPLICABLE)
_WEAKEST_FIRST = (Basis.NONE, Basis.CLAIMED, Basis.DOCUMENTED, Basis.OBSERVED)


class Rank(IntEnum):
    """How strong a finding's word is within its aspect; the highest rank alone is heard."""

    DID_NOT_LOOK = 0
    FOUND_SILENCE = 1
    CLAIMED = 2
    DOCUMENTED = 3
    OBSERVED = 4


_RANK_OF_BASIS = {
    Basis.OBSERVED: Rank.OBSERVED,
    Basis.DOCUMENTED: Rank.DOCUMENTED,
    Basis.CLAIMED: Rank.CLAIMED,
    Basis.NONE: Rank.FOUND_SILENCE,
}


class JudgedAspect(Struct, frozen=True):
    """An aspect's verdict and the findings that are heard on it.

    `standing` are the findings of the highest rank; `claim` is the vendor's word where that stands in for
    them.
    """

    name: str
    title: str
    verdict: Verdict
    basis: Basis
    standing: tuple[Finding, ...]
    claim: Claim | None = None

    @property
    def carriers(self) -> tuple[Finding, ...]:
        """The findings whose verdict became the aspect's; none where a claim stands in."""
        if self.claim:
            return ()
        return tuple(finding for finding in self.standing if capped_verdict(finding) is self.verdict)

    @property
    def reason(self) -> Reason | None:
        """Why there is no answer; None where there is one."""
        return next((finding.reason for finding in self.carriers if finding.reason), None)

    @property
    def absent(self) -> bool:
        """Whether it is not met because there is no such feature, as documented or as the vendor admits.

        Where anything was found of it, however little, it is not absent.
        """
        if self.verdict is not Verdict.NOT_MET:
            return False
        answers = (finding for finding in self.standing if finding.verdict is not Verdict.UNKNOWN)
        return self.claim is not None or all(finding.absence for finding in answers)


def judge_aspects(question: Question, findings: Sequence[Finding], claim: Claim | None) -> tuple[JudgedAspect, ...]:
    """Judge every aspect of a question that a decisive check spoke to, in the guide's order.

    `findings` are those of this question. Where no check spoke at all, a claim is judged as an aspect of
    its own.
    """
    decisive = [finding for finding in findings if finding.decisive]
    names = dict.fromkeys([*question.aspects, *(finding.aspect for finding in decisive)])
    judged = []
    for name in names:
        spoken = [finding for finding in decisive if finding.aspect == name]
        if spoken:
            judged.append(_judge(name, question.aspects.get(name, name), spoken, claim))
    if not judged and claim:
        return (_judge("claim", "The vendor's own answer", (), claim),)
    return tuple(judged)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts, "does not apply" counting as best."""
    return min(verdicts, key=_WORST_FIRST.index)


def weakest(bases: Iterable[Basis]) -> Basis:
    """The weakest of some bases."""
    return min(bases, key=_WEAKEST_FIRST.index)


def strongest(bases: Iterable[Basis]) -> Basis:
    """The strongest of some bases; none where there are none."""
    return max(bases, key=_WEAKEST_FIRST.index, default=Basis.NONE)


def capped_verdict(finding: Finding) -> Verdict:
    """A finding's verdict; what is only claimed is never more than partial."""
    if finding.verdict is Verdict.MET and finding.basis is Basis.CLAIMED:
        return Verdict.PARTIAL
    return finding.verdict


def _judge(name: str, title: str, findings: Sequence[Finding], claim: Claim | None) -> JudgedAspect:
    applicable = [finding for finding in findings if finding.verdict is not Verdict.NOT_APPLICABLE]
    if findings and not applicable:
        return JudgedAspect(name, title, Verdict.NOT_APPLICABLE, Basis.NONE, tuple(findings))
    highest = max((_rank(finding, claim) for finding in applicable), default=Rank.DID_NOT_LOOK)
    if claim and highest < Rank.CLAIMED:
        return JudgedAspect(name, title, claim_verdict(claim), _claim_basis(claim), (), claim)
    standing = tuple(finding for finding in applicable if _rank(finding, claim) == highest)
    verdict = worst(capped_verdict(finding) for finding in standing)
    carried_by = (finding.basis for finding in standing if capped_verdict(finding) is verdict)
    basis = Basis.NONE if verdict is Verdict.UNKNOWN else weakest(carried_by)
    return JudgedAspect(name, title, verdict, basis, standing)


def _rank(finding: Finding, claim: Claim | None) -> Rank:
    if finding.verdict is Verdict.UNKNOWN:
        return _rank_of_unknown(finding)
    if finding.absence and finding.basis is Basis.DOCUMENTED and claim and claim.answer != "no":
        return Rank.FOUND_SILENCE
    return _RANK_OF_BASIS[finding.basis]


def _rank_of_unknown(finding: Finding) -> Rank:
    """An unknown stands where its check could have reached: a live look that failed outranks a document.

    Silence of a document, and a resource that nobody could find, outrank nothing.
    """
    if finding.reason in COULD_NOT_LOOK:
        return Rank.DID_NOT_LOOK
    if finding.reason is Reason.RESOURCE_NOT_FOUND:
        return Rank.FOUND_SILENCE
    if finding.sends is not Sends.NOTHING:
        return Rank.OBSERVED
    return Rank.FOUND_SILENCE if finding.reason is Reason.VENDOR_SILENT else Rank.DOCUMENTED


def claim_verdict(claim: Claim) -> Verdict:
    """A vendor's word lifts an aspect to partial at most."""
    return Verdict.NOT_MET if claim.answer == "no" else Verdict.PARTIAL


def _claim_basis(claim: Claim) -> Basis:
    return Basis.DOCUMENTED if claim.proven and claim.answer != "no" else Basis.CLAIMED
