"""operations.pagination: whether walking all pages gives every record once, and ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import Context, Finding, Page, check, met, not_applicable, not_met, partial, pattern, unknown
from cmms_audit.model import Reason

from ._lists import described_list, readable_kind
from ._paging import PagesDescribed, pages_described
from ._probes import bad_pages
from ._refusals import Outcome, not_told, refused_inside, still_answers
from ._walks import Walk, size_for, walk
from ._words import prose_about, quoted

QUESTION = "operations.pagination"
FLAG = "records-lost-in-pagination"

_ABOUT_PAGES = pattern(r"\bpagina|\bnext page\b|\bpage (?:size|number)\b", re.IGNORECASE)
_FEWEST_PAGES = 2
_MOST_PAGES_OF_SMALLER = 6
_MOST_PAGES_TWICE = 6


@check(question=QUESTION, id="operations.pages-documented", aspect="walk", sends="nothing")
def pages_documented(ctx: Context) -> Finding:
    """Looks for the way to the next page, the page size and the order of records in the description of the list."""
    resource = described_list(ctx)
    pages = pages_described(ctx, resource)
    prose = prose_about(ctx, _ABOUT_PAGES, resource) if pages is None else []
    if pages is None and prose:
        says = f"paging of the list at {resource.path} is described in words only"
        return partial(says, resource, prose[0], detail=quoted(prose[0]))
    if pages is None:
        return ctx.absent(f"the list at {resource.path} shows no way to a next page", resource)
    lacks = {"the page size cannot be set": bool(pages.sizes), "the order of records is not stated": bool(pages.order)}
    missing = [lack for lack, there in lacks.items() if not there]
    says = f"the list at {resource.path} is cut into pages that follow each other by {pages.step}"
    if missing:
        finding = partial(f"{says}, but {' and '.join(missing)}", resource, detail=str(pages))
    else:
        finding = met(says, resource, *pages.sizes, detail=str(pages))
    return _held_against_claim(ctx, finding, pages)


def _held_against_claim(ctx: Context, finding: Finding, pages: PagesDescribed) -> Finding:
    """The vendor's own word on the largest page beside the documented one."""
    claimed = ctx.claim.numbers.get("max_page_size") if ctx.claim else None
    if claimed is None or pages.maximum is None:
        return finding
    observed, too_few = f"{pages.maximum} a page", pages.maximum < claimed
    return finding.tests_claim(QUESTION, claimed=f"{claimed:g} a page", observed=observed, contradicted=too_few)


@check(
    question=QUESTION,
    id="operations.every-record-once",
    aspect="walk",
    sends="reads",
    severity="critical",
    flags=(FLAG,),
    exclusive=True,
    timeout=240,
)
async def every_record_once(ctx: Context) -> Finding:
    """Walks a list page by page; a discrepancy is raised only where a second walk shows it too."""
    pages = {kind: page for kind, page in (await ctx.first_pages()).items() if page.records}
    if not pages:
        return not_applicable("the lists that could be read hold no records to walk through")
    kind, page = next(iter(pages.items()))
    first = await walk(ctx, kind, size_for(ctx, kind, page))
    flaws = _flaws(first)
    if flaws:
        second = await walk(ctx, kind, first.size)
        return _judge_flaws(first, second, [flaw for flaw in flaws if flaw in _flaws(second)])
    if first.stop == "no way on":
        says = f"{first.records} {first.kind.replace('_', ' ')} came of more, and no way to the others is described"
        return unknown(says, *first.places, reason=Reason.VENDOR_SILENT)
    if first.filled_pages < _FEWEST_PAGES:
        return not_applicable("the list is too short to have a second page", *first.places)
    if first.total is None and first.stop == "end" and first.pages <= _MOST_PAGES_TWICE:
        return await _judge_without_total(ctx, first)
    if first.stop == "budget":
        return await _judge_long_list(ctx, first, {name: each for name, each in pages.items() if name != kind})
    return _judge_sizes(first, "and the list ended")


def _flaws(walked: Walk) -> list[str]:
    """The kinds of discrepancy that a walk showed."""
    flaws = {
        "records came twice": walked.repeated > 0,
        "announced records never came": walked.missing > 0,
        "the list does not end, its pages repeat": walked.stop == "loop",
        "the address of the next page leads to another system": walked.stop == "other system",
    }
    return [flaw for flaw, there in flaws.items() if there]


def _judge_flaws(first: Walk, second: Walk, flaws: Sequence[str]) -> Finding:
    places = [*first.places, *second.places]
    facts = {"records": float(len(first.ids)), "repeated": float(first.repeated), "missing": float(first.missing)}
    plain = first.kind.replace("_", " ")
    if not flaws:
        says = f"a first walk through the {plain} did not add up, a second one did: they may have changed meanwhile"
        return partial(says, *places, facts=facts)
    counts = f"{len(first.ids)} records on {first.pages} pages, {first.repeated} repeated, {first.missing} missing"
    finding = not_met(f"walking through the {plain}, {' and '.join(flaws)} ({counts})", *places, facts=facts)
    leads_elsewhere_only = flaws == ["the address of the next page leads to another system"]
    return finding if leads_elsewhere_only else finding.raises(FLAG)


async def _judge_without_total(ctx: Context, first: Walk) -> Finding:
    """Where no total is announced, a walk with another page size must bring the same records."""
    if first.size is None or first.size < 2:
        return _judge_sizes(first, "and the list ended; no total is announced to compare with")
    other = await walk(ctx, first.kind, max(1, first.size // 2), most_pages=3 * _MOST_PAGES_TWICE)
    if other.stop == "end" and other.ids != first.ids:
        again = await walk(ctx, first.kind, first.size)
        if again.ids != other.ids:
            differ = len(again.ids ^ other.ids)
            says = f"two page sizes bring different records: {differ} of them came with one size only"
            return not_met(says, *first.places, *other.places, *again.places).raises(FLAG)
    return _judge_sizes(first, "and the list ended; a walk with another page size brought the same")


async def _judge_long_list(ctx: Context, first: Walk, others: dict[str, Page]) -> Finding:
    """The list is longer than this audit may read: a shorter one is walked to its end."""
    announced = {kind: page.total for kind, page in others.items() if page.total and page.total > 1}
    if announced:
        kind = min(announced, key=lambda each: announced[each])
        shorter = await walk(ctx, kind, size_for(ctx, kind, others[kind]), most_pages=_MOST_PAGES_OF_SMALLER)
        flaws = _flaws(shorter)
        if flaws:
            again = await walk(ctx, kind, shorter.size, most_pages=_MOST_PAGES_OF_SMALLER)
            return _judge_flaws(shorter, again, [flaw for flaw in flaws if flaw in _flaws(again)])
        if shorter.stop == "end" and shorter.filled_pages >= _FEWEST_PAGES:
            return _judge_sizes(first, f"as far as was looked; the {kind.replace('_', ' ')} were walked to their end")
    return _judge_sizes(first, "as far as was looked; the list is longer than the budget of this audit")


def _judge_sizes(walked: Walk, ending: str) -> Finding:
    """The walk adds up; what is left is whether the page size that was asked for was served."""
    says = f"{walked.records} {walked.kind.replace('_', ' ')} on {walked.pages} pages came once each, {ending}"
    facts = {"records": float(walked.records), "pages": float(walked.pages)}
    if walked.size is not None and walked.served_size > walked.size and walked.served_size == walked.default_size:
        says += f"; pages of {walked.size} were asked for, but the size is ignored: {walked.served_size} came"
        return not_met(says, *walked.places, facts=facts).clears(FLAG)
    if walked.size is not None and walked.served_size != walked.size:
        says += f"; pages of {walked.size} were asked for, {walked.served_size} a page were served"
        return partial(says, *walked.places, facts=facts).clears(FLAG)
    return met(says, *walked.places, facts=facts).clears(FLAG)


@check(question=QUESTION, id="operations.bad-page-refused", aspect="limits", sends="reads")
async def bad_page_refused(ctx: Context) -> Finding:
    """Asks for impossible pages (words, negatives, more than the maximum) and looks whether they are refused."""
    kind = readable_kind(ctx)
    first = await ctx.first_page(kind)
    probes = await bad_pages(ctx, kind, first)
    if not probes:
        return not_applicable("the list has no parameter of paging that could be given a wrong value", first)
    detail = "\n".join(map(str, probes))
    crashed = [each for each in probes if each.outcome is Outcome.FAILED]
    accepted = [each for each in probes if each.outcome is Outcome.ACCEPTED]
    refused = [each for each in probes if each.outcome is Outcome.REFUSED]
    if crashed and await still_answers(ctx, kind):
        says = f"{len(crashed)} of {len(probes)} impossible pages make the server fail (500) instead of being refused"
        return not_met(says, *probes, detail=detail)
    if accepted and not refused:
        says = f"none of {len(probes)} impossible pages is refused: what is asked for is ignored"
        return not_met(says, *probes, detail=detail)
    if accepted:
        says = (
            f"{len(accepted)} of {len(probes)} impossible pages are answered as if all were well: {accepted[0].asked}"
        )
        return partial(says, *probes, detail=detail)
    if len(refused) < len(probes):
        return not_told([each for each in probes if each not in refused], detail)
    inside = refused_inside(probes)
    verdict = partial if inside else met
    says = f"all {len(probes)} impossible pages are refused or cut to the documented size{inside}"
    return verdict(says, *probes, detail=detail)
