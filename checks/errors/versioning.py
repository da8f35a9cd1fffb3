"""errors.versioning: whether an integration outlives the vendor's releases, and how long the warning is."""

from __future__ import annotations

import re

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Prose,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Basis, Claim, Verdict

from ._documented import judged_operations
from ._notice import Notice, longest_notice, notice_in_releases
from ._versions import chosen_carrier, documented_carrier, documented_in_answers, header_version, live_carrier

FLAG = "no-versioning-policy"
QUESTION = "errors.versioning"
A_YEAR = 365
LEAST_NOTICE = 90

_ABOUT_VERSIONS = pattern(
    r"\bversioning\b|\bversioned\b|\bbackwards?[ -]compatib|\bbreaking changes?\b|\bAPI versions?\b", re.I
)
_DATED = pattern(
    r"\b20\d\d-\d\d|\bQ[1-4] 20\d\d|\b\d{1,2}[./]\d{1,2}[./]20\d\d"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? (?:\d{1,2},? )?20\d\d",
    re.I,
)


@check(question=QUESTION, id="errors.version-in-address", aspect="version", sends="nothing", flags=(FLAG,))
def version_in_address(ctx: Context) -> Finding:
    """Looks for a version in the path, a header, a parameter or the media type of the documented operations."""
    operations = judged_operations(ctx)
    carrier = documented_carrier(ctx, operations)
    if carrier:
        return met(f"each call names the version that it was written for, {carrier.says}", carrier)
    answered = documented_in_answers(operations)
    if answered:
        return partial(f"answers name their version {answered.says}, but no call can choose one", answered)
    policy = next(iter(ctx.sentences(_ABOUT_VERSIONS)), None)
    if policy:
        says = "the document speaks of versions, but no address, header or media type carries one"
        return partial(says, policy, detail=policy.text[:300])
    label = f", although the document calls itself version {ctx.spec.version}" if ctx.spec.version else ""
    finding = ctx.absent(f"no address, header or media type carries a version{label}")
    return finding.raises(FLAG) if finding.verdict is Verdict.NOT_MET else finding


@check(question=QUESTION, id="errors.version-seen", aspect="version", sends="reads")
async def version_seen(ctx: Context) -> Finding:
    """Looks for the version in the address of a call that was answered, in its answer, and for a way to choose it."""
    pages = await ctx.first_pages()
    exchange = next(iter(pages.values())).exchange
    carrier = live_carrier(exchange)
    if carrier:
        return met(f"calls that are answered name their version in {carrier}", exchange)
    header = header_version(exchange)
    if header is None:
        return not_applicable("neither the address of a call nor its answer names a version", exchange)
    named = f"answers name their version ({header[0]}: {header[1][:40]})"
    chosen = chosen_carrier(ctx)
    if chosen:
        return met(f"{named}, and each call can choose one {chosen.says}", exchange, chosen)
    return partial(f"{named}, but no call can choose one: it changes when the vendor changes it", exchange)


@check(question=QUESTION, id="errors.notice-stated", aspect="notice", sends="nothing", flags=(FLAG,))
def notice_stated(ctx: Context) -> Finding:
    """Reads the specification, then the vendor's claim, for the notice that is given before a breaking change."""
    notice = longest_notice(ctx.spec.prose()) if ctx.has_spec else None
    if notice and notice.sure:
        return _judge_notice(notice, ctx.claim)
    claim = ctx.claim
    days = claim.numbers.get("notice_days") if claim else None
    if claim and days is not None and days < LEAST_NOTICE:
        return not_met(f"the vendor promises only {days:g} days of notice", claim).raises(FLAG)
    if claim and claim.answer == "no":
        return not_met("the vendor says that it gives no notice of breaking changes", claim).raises(FLAG)
    in_releases = notice_in_releases(ctx.spec.prose()) if ctx.has_spec else None
    if in_releases:
        says = "notice is counted in releases, and nothing says how many days apart they are"
        return unknown(says, in_releases, detail=f"“{in_releases.text[:300]}”")
    return unknown("the specification does not say how long before a breaking change notice is given")


@check(question=QUESTION, id="errors.notice-period", aspect="notice", sends="reads", flags=(FLAG,))
async def notice_period(ctx: Context) -> Finding:
    """Reads the public documentation for the notice that is given before a breaking change."""
    if ctx.vendor.docs_url is None:
        return not_applicable("the vendor file names no public documentation (docs_url) to read")
    documentation = await ctx.documentation()
    if not documentation.readable:
        return not_applicable("the public documentation holds no text that could be read", documentation.front)
    notice = longest_notice(Prose(page.text, page.evidence) for page in documentation.pages)
    if notice and notice.sure:
        return _judge_notice(notice, ctx.claim)
    if notice:
        says = "the public documentation names a period, but not clearly as notice of changes to the API"
        return unknown(says, notice, detail=f"“{notice.quotation[:300]}”")
    if ctx.has_spec and longest_notice(ctx.spec.prose()):
        return not_applicable(
            "the specification states the notice, the public documentation does not", documentation.front
        )
    count = len(documentation.pages)
    read = "1 page of public documentation names" if count == 1 else f"{count} pages of public documentation name"
    says = f"{read} no notice period for breaking changes"
    return not_met(says, *documentation.pages, basis=Basis.DOCUMENTED, absence=True).raises(FLAG)


def _judge_notice(notice: Notice, claim: Claim | None) -> Finding:
    says = f"{notice.days} days of notice before breaking changes" if notice.days else "changes may come without notice"
    detail = f"“{notice.quotation[:300]}”"
    if notice.days >= A_YEAR:
        finding = met(f"{says} are promised", notice, basis=Basis.DOCUMENTED, detail=detail).clears(FLAG)
    elif notice.days >= LEAST_NOTICE:
        says = f"{says} are promised; a year is what a plant needs to plan for"
        finding = partial(says, notice, basis=Basis.DOCUMENTED, detail=detail).clears(FLAG)
    else:
        says = f"{says}; {LEAST_NOTICE} days are the least"
        finding = not_met(says, notice, basis=Basis.DOCUMENTED, detail=detail).raises(FLAG)
    claimed = claim.numbers.get("notice_days") if claim else None
    if claimed is None:
        return finding
    return finding.tests_claim(
        QUESTION, claimed=f"{claimed:g} days", observed=f"{notice.days} days", contradicted=notice.days < claimed
    )


@check(question=QUESTION, id="errors.deprecations-dated", aspect="withdrawal", sends="nothing")
def deprecations_dated(ctx: Context) -> Finding:
    """Operations that are marked as going away should say when."""
    going = [each for each in ctx.spec.operations if each.deprecated] if ctx.has_spec else []
    if not going and ctx.has_spec and not ctx.spec.tells(QUESTION):
        says = f"a document written as {ctx.spec.written_in.name} need not mark what is going away"
        return unknown(says, ctx.spec.evidence_at(""))
    if not going:
        return not_applicable("no document marks an operation as going away")
    undated = [
        each for each in going if not _DATED.search(f"{each.summary} {each.description}") and not _has_sunset(each)
    ]
    if not undated:
        return met(f"all {len(going)} operations that are marked as going away say when", *going[:5])
    says = f"{len(undated)} of {len(going)} operations that are marked as going away do not say when"
    return partial(says, *undated[:5], detail="\n".join(f"{each.method} {each.path}" for each in undated[:20]))


def _has_sunset(operation: Operation) -> bool:
    headers = {name.lower() for response in operation.responses for name in response.headers}
    return "sunset" in headers or any("sunset" in name for name in operation.extensions)
