"""limits.bulk: whether history can be pulled in large pages, and whether many records can be written in one call."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Operation,
    Page,
    Resource,
    Schema,
    check,
    met,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Basis, Claim, Exchange, HasEvidence, Severity, Verdict

from . import _lists
from ._lists import PageSize

REFERENCE = 1_000
SMALLER_TRIES = (500, 200, 100)
SMALL_PAGE = 2
MOST_TO_ASK_FOR = 2_000
_MOST_LISTS = 8
_MOST_LOOKED_AT = 50
_BULK_NAME = pattern(
    r"(?:^|[:_-]|(?<=[a-z])(?=[BM]))\$?(?i:bulk|batch|batches|mass|multiple)"
    r"(?i:[-_]?(?:creat|updat|writ|insert|upsert|delet|import|edit|patch|sav|operation|request|add|modif)\w{0,5})?$"
)
_IMPORT_NAME = pattern(r"^(?:import|imports|upload-?csv|bulk-?import)$", re.IGNORECASE)
_MOST_RECORDS = pattern(
    r"\b(?:max(?:imum)?|up to|at most|(?:no|not) more than|limit(?:ed)? (?:of|to)|not exceed)\b\D{0,25}?"
    r"(\d{1,3}(?:,\d{3})+|\d{1,6})\s(?:[a-z-]{2,15}\s){0,2}?"
    r"(?:items|records|objects|entries|elements|operations|requests|rows|orders|assets|readings|entities)\b",
    re.IGNORECASE,
)


@check(question="limits.bulk", id="limits.page-size-documented", aspect="pages", sends="nothing")
def page_size_documented(ctx: Context) -> Finding:
    """The page size of the list of work orders can be chosen, and its maximum is stated; 1,000 is the reference."""
    resource = _documented_list(ctx)
    if resource is None:
        return ctx.absent("the specification describes no list of records, only single ones")
    size = _lists.page_size(ctx, resource)
    if size is None:
        return _judge_without_parameter(ctx, resource)
    name = f"{_plain(resource)}: the page size can be set with {size.parameter.name}"
    detail = _of_the_others(ctx, resource)
    if size.maximum is None:
        return partial(f"{name}, but how large it may be is not said", size.parameter, detail=detail)
    finding = _judge_size(f"{name}, up to {size.maximum:,} records", size.maximum, size.place, size.parameter)
    finding = replace(finding, detail=detail)
    return _hold_claim_against(finding, ctx.claim, size.maximum, "documented")


def _of_the_others(ctx: Context, judged: Resource) -> str:
    """What the lists of the other resources say of their page size, for whoever plans a pull of those."""
    told = []
    for each in _lists.lists(ctx):
        if each.kind != judged.kind and each.list:
            size = _lists.page_size(ctx, each)
            most = (
                "no page size" if size is None else f"up to {size.maximum:,}" if size.maximum else "no maximum stated"
            )
            told.append(f"{_plain(each)} {most}")
    return f"Other lists: {', '.join(told[:_MOST_LISTS])}." if told else ""


def _documented_list(ctx: Context) -> Resource | None:
    listed = _lists.lists(ctx)
    nested = [each for each in ctx.resources.values() if each.list]
    return next(iter((*listed, *nested)), None)


def _judge_without_parameter(ctx: Context, resource: Resource) -> Finding:
    if _lists.has_paging(ctx, resource):
        return partial(f"{_plain(resource)}: records come in pages, but their size cannot be chosen", resource)
    return unknown(f"{_plain(resource)}: the specification does not say how many records one call returns", resource)


def _judge_size(summary: str, size: int, *places: HasEvidence, seconds: float | None = None) -> Finding:
    """A page of 1,000 is met, a single record a call not met, anything between a limitation.

    `seconds` is how long the page took, where it was really served; else the size is documented only.
    """
    facts = {"page_size_documented": float(size)}
    if seconds is not None:
        facts = {"page_size_served": float(size), "seconds_per_page": round(seconds, 4)}
    if size >= REFERENCE:
        return met(summary, *places, facts=facts)
    judge = partial if size > 1 else not_met
    return judge(f"{summary}; {REFERENCE:,} is the reference", *places, facts=facts)


def _hold_claim_against(finding: Finding, claim: Claim | None, size: int, how: str) -> Finding:
    claimed = claim.numbers.get("max_page_size") if claim else None
    if claimed is None:
        return finding
    return finding.tests_claim(
        "limits.bulk",
        claimed=f"{claimed:,.10g} records a page",
        observed=f"{size:,} records a page, {how}",
        contradicted=size < claimed,
    )


class Served(Struct, frozen=True):
    """The largest page that was got: how many were asked for, and whether the vendor holds more than came."""

    asked: int
    page: Page
    more_exist: bool

    @property
    def count(self) -> int:
        """How many records came."""
        return len(self.page.records)


async def _served(ctx: Context, resource: Resource, asked: int, page: Page) -> Served:
    return Served(asked, page, (page.total or 0) > len(page.records) or await _next_brings_more(ctx, resource, page))


async def _next_brings_more(ctx: Context, resource: Resource, page: Page) -> bool:
    """Whether the next page holds records; that there is an address to ask for it proves nothing."""
    if page.next is None:
        return False
    answer = await ctx.api.get(page.next.url or resource.path, params=page.next.params)
    following = ctx.api.read_page(resource.kind, answer).records if answer.ok else ()
    return bool(following) and following != page.records


@check(
    question="limits.bulk",
    id="limits.largest-page-served",
    aspect="pages",
    sends="reads",
    flags=("undocumented-behaviour",),
)
async def largest_page_served(ctx: Context) -> Finding:
    """The largest page is really served, up to 1,000 records; a greater size is refused, or cut as documented."""
    resource = await _lists.readable(ctx)
    size = _lists.page_size(ctx, resource)
    if size is None:
        page = await ctx.first_page(resource.kind)
        return _judge_fixed(ctx, await _served(ctx, resource, 0, page), resource)
    served = await _largest(ctx, resource, size)
    if served.count < served.asked and served.more_exist:
        return await _judge_cut(ctx, resource, served, size)
    if served.count < served.asked:
        return _judge_few(served, resource, size)
    finding = _judge_served(ctx, served, resource)
    beyond = await _ask_beyond(ctx, resource, size, served)
    return _judge_beyond(ctx, finding, beyond, resource, size) if beyond else finding


def _judge_fixed(ctx: Context, served: Served, resource: Resource) -> Finding:
    """The vendor alone decides how large a page is."""
    if not served.more_exist:
        summary = f"{_plain(resource)}: all {served.count} records came in one answer; a page cannot be made larger"
        return partial(summary, served.page)
    summary = f"{_plain(resource)}: {served.count:,} records come in one call, and the size cannot be chosen"
    finding = _judge_size(summary, served.count, served.page, seconds=served.page.exchange.elapsed)
    return _hold_claim_against(finding, ctx.claim, served.count, "served")


async def _largest(ctx: Context, resource: Resource, size: PageSize) -> Served:
    """Ask for the documented maximum, at most 1,000; where none is stated and 1,000 are refused, for less."""
    first = min(size.maximum or REFERENCE, REFERENCE)
    tries = (first,) if size.maximum else (first, *SMALLER_TRIES)
    for position, asked in enumerate(tries):
        try:
            page = await ctx.api.page(resource.kind, size=asked)
        except CouldNotLook:
            if position == len(tries) - 1:
                raise
        else:
            return await _served(ctx, resource, asked, page)
    raise AssertionError("there is always a size to try")


async def _judge_cut(ctx: Context, resource: Resource, served: Served, size: PageSize) -> Finding:
    """Fewer records came than were asked for, although there are more: the size was cut, or ignored."""
    small = await ctx.api.page(resource.kind, size=SMALL_PAGE)
    where = _plain(resource)
    if len(small.records) > SMALL_PAGE:
        summary = f"{where}: the page size is ignored: {SMALL_PAGE} were asked for, {len(small.records)} came"
        return not_met(summary, small, served.page, facts={"page_size_served": float(served.count)})
    promised = f"although {size.maximum:,} are documented" if size.maximum else "and nothing says so"
    summary = f"{where}: {served.asked:,} records were asked for, {served.count:,} came, {promised}"
    finding = _judge_size(summary, served.count, served.page, seconds=served.page.exchange.elapsed)
    finding = _hold_claim_against(finding, ctx.claim, served.count, "served")
    return finding.raises("undocumented-behaviour", Severity.MINOR) if size.maximum else finding


def _judge_few(served: Served, resource: Resource, size: PageSize) -> Finding:
    """The vendor holds fewer records than one page can carry, so only the document tells how large a page may be."""
    summary = f"{_plain(resource)}: all {served.count} records came in one page, so a larger one could not be tried"
    if size.maximum is None:
        return partial(f"{summary}, and how large it may be is not said", served.page)
    documented = _judge_size(summary, size.maximum, served.page, size.parameter)
    return replace(documented, basis=Basis.DOCUMENTED)


def _judge_served(ctx: Context, served: Served, resource: Resource) -> Finding:
    seconds = served.page.exchange.elapsed
    summary = f"{_plain(resource)}: a page of {served.count:,} records came in {seconds:.1f} seconds"
    finding = _judge_size(summary, served.count, served.page, seconds=seconds)
    return _hold_claim_against(finding, ctx.claim, served.count, "served")


async def _ask_beyond(ctx: Context, resource: Resource, size: PageSize, served: Served) -> Exchange | None:
    """The answer to a page of one more than the maximum; None where it would tell nothing."""
    if size.maximum is None or size.maximum > MOST_TO_ASK_FOR or not served.more_exist:
        return None
    return await ctx.api.provoke(resource.path, params=((size.parameter.name, str(size.maximum + 1)),))


def _judge_beyond(ctx: Context, finding: Finding, answer: Exchange, resource: Resource, size: PageSize) -> Finding:
    """More than the maximum may be refused, or cut as documented; cut in silence is a limitation, ignored a fault."""
    maximum = size.maximum or 0
    if 400 <= answer.status < 500:
        return replace(finding, evidence=(*finding.evidence, answer.evidence), detail="A larger size is refused.")
    if not answer.ok:
        return _limited(finding, f"a size above the maximum fails with status {answer.status}", answer)
    count = len(ctx.api.read_page(resource.kind, answer).records)
    if count > maximum:
        return _limited(finding, f"more than the documented maximum of {maximum:,} is served", answer)
    if count < maximum:
        summary = f"{finding.summary}; a size above the maximum is ignored, and {count} records come instead"
        return replace(not_met(summary, answer, facts=finding.facts), claims=finding.claims)
    if size.clamps:
        return replace(
            finding, evidence=(*finding.evidence, answer.evidence), detail="A larger size is cut, as documented."
        )
    return _limited(finding, "a size above the maximum is cut down without a word", answer)


def _limited(finding: Finding, how: str, answer: Exchange) -> Finding:
    """A finding that is partial at best, for one more reason."""
    verdict = Verdict.PARTIAL if finding.verdict is Verdict.MET else finding.verdict
    evidence = (*finding.evidence, answer.evidence)
    return replace(finding, verdict=verdict, summary=f"{finding.summary}; {how}", evidence=evidence)


@check(question="limits.bulk", id="limits.bulk-writes-documented", aspect="bulk", sends="nothing", decisive=False)
def bulk_writes_documented(ctx: Context) -> Finding:
    """The specification describes operations that take a list of records to create or change."""
    bulk = [each for each in ctx.spec.operations if each.writes and _takes_many(ctx, each)]
    if not bulk:
        return ctx.absent("the specification describes no operation that writes several records in one call")
    most = max((_most_items(each) or 0 for each in bulk[:_MOST_LOOKED_AT]), default=0)
    facts = {"bulk_write_size": float(most)} if most else {}
    up_to = f", up to {most:,} at a time" if most else ""
    named = f"{bulk[0].method} {bulk[0].path}"
    subject = "1 operation writes" if len(bulk) == 1 else f"{len(bulk)} operations write"
    return met(f"{subject} several records in one call{up_to}, such as {named}", *bulk[:3], facts=facts)


def _takes_many(ctx: Context, operation: Operation) -> bool:
    """A body that is a list of records, a path that says so, or a change of a whole collection at once."""
    steps = [step for step in operation.path.rstrip("/").split("/") if step and not step.startswith("{")]
    if any(_BULK_NAME.search(step) for step in steps[-2:]) and _is_last_or_above_records(ctx, steps, operation):
        return True
    collections = {each.path.rstrip("/") for each in ctx.resources.values() if each.read and each.container is not None}
    parent, _, last = operation.path.rstrip("/").rpartition("/")
    if _IMPORT_NAME.match(last) and operation.method == "POST" and parent in collections:
        return True
    if operation.method in ("PUT", "PATCH") and operation.path.rstrip("/") in collections:
        return True
    return bool(operation.request and "array" in operation.request.types and _holds_records(operation.request))


def _is_last_or_above_records(ctx: Context, steps: list[str], operation: Operation) -> bool:
    """Whether the word for bulk ends the path (/assets/bulk), or stands before a collection (/bulk/assets)."""
    if steps and _BULK_NAME.search(steps[-1]):
        return True
    known = {each.path.rstrip("/").rpartition("/")[2].lower() for each in ctx.resources.values()}
    return steps[-1].lower() in known and not operation.path.rstrip("/").endswith("}")


def _holds_records(schema: Schema) -> bool:
    """Whether a list holds objects, and not the steps of a JSON Patch (RFC 6902), which change a single record."""
    names = schema.items.properties.keys() if schema.items else set()
    return bool(names) and "op" not in names


def _most_items(operation: Operation) -> int | None:
    """The documented number of records that fit into one call: of the list in its body, or in its description."""
    schemas = [operation.request, *(field.schema for field in operation.request.fields())] if operation.request else []
    stated = (each.raw.get("maxItems") for each in schemas if isinstance(each.raw, dict) and "array" in each.types)
    in_schema = next((most for most in stated if isinstance(most, int) and 1 < most <= _lists.LARGEST_MAXIMUM), None)
    texts = (operation.description[:4_000], *(each.description[:1_000] for each in schemas))
    said = (int(match[1].replace(",", "")) for text in texts if (match := _MOST_RECORDS.search(text)))
    return in_schema or next((most for most in said if most > 1), None)


def _plain(resource: Resource) -> str:
    """What a list is called in a sentence; one that only stands in for it goes by its path."""
    plain = resource.kind.replace("_", " ")
    return f"{resource.path} (the nearest to {plain})" if resource.nearest else plain
