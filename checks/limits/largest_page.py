"""limits.bulk: the largest page that is really served, held against what is documented and what is claimed."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery import Context, Finding, Page, Resource, check, not_met, partial
from cmms_audit.model import Basis, Exchange, Severity, Verdict

from ..errors._shapes import hides_an_error
from ..operations._refusals import NOT_THE_QUESTION
from . import _lists, _page_sizes
from ._lists import PageSize

SMALLER_TRIES = (500, 200, 100)
SMALL_PAGE = 2
MOST_TO_ASK_FOR = 2_000
_NO_WORD_ON_SIZE = NOT_THE_QUESTION | {404}  # refusals that are not about how many records were asked for


class Served(Struct, frozen=True):
    """The largest page that was got: how many were asked for, and whether the vendor holds more than came.

    `refused` is the answer to the smallest size that was not served, and `refused_size` that size, where one was not.
    """

    asked: int
    page: Page
    more_exist: bool
    refused: Exchange | None = None
    refused_size: int = 0

    @property
    def count(self) -> int:
        """How many records came."""
        return len(self.page.records)

    @property
    def seconds(self) -> float:
        """How long the page took."""
        return self.page.exchange.elapsed

    @property
    def most(self) -> int | None:
        """The most that is served in a page, where that was seen."""
        if self.count < self.asked and self.more_exist:
            return self.count
        return self.refused_size - 1 if self.is_refusal else None

    @property
    def is_refusal(self) -> bool:
        """Whether the size was refused; a failure of the system may be gone at the next try."""
        return self.refused is not None and self.refused.status < 500


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
    if served.refused and size.maximum:
        return _judge_broken_promise(ctx, served, served.refused, resource, size)
    if served.count < served.asked and served.more_exist:
        return await _judge_cut(ctx, resource, served, size)
    if served.count < served.asked:
        return _judge_few(served, resource, size)
    beyond = await _ask_beyond(ctx, resource, size, served)
    finding = _page_sizes.judge(_came(served, resource), served.count, served.page, seconds=served.seconds)
    if beyond is None:
        return _hold_claim_against(ctx, finding, served.count, served.most)
    finding, most = _judge_beyond(ctx, finding, beyond, resource, size)
    return _hold_claim_against(ctx, finding, served.count, most)


async def _served(ctx: Context, resource: Resource, asked: int, page: Page) -> Served:
    announced = page.is_part or (page.total or 0) > len(page.records)
    return Served(asked, page, announced or await _next_brings_more(ctx, resource, page))


async def _next_brings_more(ctx: Context, resource: Resource, page: Page) -> bool:
    """Whether the next page holds records; that there is an address to ask for it proves nothing."""
    if page.next is None:
        return False
    answer = await ctx.api.get(page.next.url or resource.path, params=page.next.params)
    following = ctx.api.read_page(resource.kind, answer).records if answer.ok else ()
    return bool(following) and following != page.records


async def _largest(ctx: Context, resource: Resource, size: PageSize) -> Served:
    """Ask for the documented maximum, at most 1,000; where that is refused, for less."""
    refused, refused_size = None, 0
    for asked in _sizes_to_try(ctx, size):
        params = size.asking(asked)
        answer = await ctx.api.get(resource.path, params=params)
        is_served = answer.ok and not hides_an_error(answer)
        if is_served or answer.status in _NO_WORD_ON_SIZE:
            break
        refused, refused_size = answer, asked
    served = await _served(ctx, resource, asked, ctx.api.read_page(resource.kind, answer, params))
    return replace(served, refused=refused, refused_size=refused_size)


def _sizes_to_try(ctx: Context, size: PageSize) -> Iterator[int]:
    """The documented maximum, at most 1,000; then smaller ones, that which is claimed among them."""
    first = min(size.maximum or _page_sizes.REFERENCE, _page_sizes.REFERENCE)
    claimed = _page_sizes.claimed(ctx.claim) or 0
    smaller = {*SMALLER_TRIES, *([int(claimed)] if SMALL_PAGE <= claimed < first else [])}
    yield first
    yield from sorted((each for each in smaller if each < first), reverse=True)


def _hold_claim_against(ctx: Context, finding: Finding, count: int, most: int | None) -> Finding:
    """Hold the claim against a page of `count` records that came, and the `most` that can come, where that was seen.

    A claim of more than was asked for is neither proven nor contradicted by a full page.
    """
    claimed = _page_sizes.claimed(ctx.claim)
    if claimed is None or (claimed > count and (most is None or most >= claimed)):
        return finding
    return finding.tests_claim(
        "limits.bulk",
        claimed=_page_sizes.in_words(claimed),
        observed=f"{_page_sizes.in_words(count)}, served",
        contradicted=count < claimed,
    )


def _came(served: Served, resource: Resource) -> str:
    return f"{_page_sizes.plain(resource)}: {_page_sizes.in_time(served.count, served.seconds)}"


def _judge_fixed(ctx: Context, served: Served, resource: Resource) -> Finding:
    """The vendor alone decides how large a page is."""
    where = _page_sizes.plain(resource)
    if not served.more_exist:
        summary = f"{where}: all {served.count} records came in one answer; a page cannot be made larger"
        return partial(summary, served.page)
    summary = f"{_came(served, resource)}, and the size cannot be chosen"
    finding = _page_sizes.judge(summary, served.count, served.page, seconds=served.seconds)
    return _hold_claim_against(ctx, finding, served.count, served.count)


def _judge_broken_promise(
    ctx: Context, served: Served, refused: Exchange, resource: Resource, size: PageSize
) -> Finding:
    """The documented maximum, or as much of it as was asked for, is refused."""
    promised = f"of up to {size.maximum:,} records, as documented, {served.refused_size:,} are not served"
    how = "an error inside an answer that says success" if refused.ok else f"status {refused.status}"
    summary = f"{_came(served, resource)}; {promised} ({how})"
    full = served.count == served.asked or served.more_exist
    taken = served.count if full else served.asked
    finding = _page_sizes.judge(summary, taken, served.page, refused, size.parameter, seconds=served.seconds)
    finding = finding if full else replace(finding, facts={})
    finding = _hold_claim_against(ctx, finding, served.count, served.most)
    return finding.raises("undocumented-behaviour", Severity.MINOR) if served.is_refusal else finding


async def _judge_cut(ctx: Context, resource: Resource, served: Served, size: PageSize) -> Finding:
    """Fewer records came than were asked for, although there are more: the size was cut, or ignored."""
    small = await ctx.api.page(resource.kind, params=size.asking(SMALL_PAGE))
    where = _page_sizes.plain(resource)
    if len(small.records) > SMALL_PAGE:
        summary = f"{where}: the page size is ignored: {SMALL_PAGE} were asked for, {len(small.records)} came"
        facts = _page_sizes.facts_of(served.count, served.seconds)
        return _hold_claim_against(ctx, not_met(summary, small, served.page, facts=facts), served.count, served.count)
    told = "as the answer says" if served.page.is_part else "and nothing says so"
    promised = f"although {size.maximum:,} are documented" if size.maximum else told
    summary = f"{where}: {served.asked:,} records were asked for, {served.count:,} came, {promised}"
    finding = _page_sizes.judge(summary, served.count, served.page, seconds=served.seconds)
    finding = _hold_claim_against(ctx, finding, served.count, served.count)
    return finding.raises("undocumented-behaviour", Severity.MINOR) if size.maximum else finding


def _judge_few(served: Served, resource: Resource, size: PageSize) -> Finding:
    """The vendor holds fewer records than one page can carry, so only the document tells how large a page may be."""
    where = _page_sizes.plain(resource)
    summary = f"{where}: all {served.count} records came in one page, so a larger one could not be tried"
    if size.maximum is None:
        return partial(f"{summary}, and how large it may be is not said", served.page)
    documented = _page_sizes.judge(summary, size.maximum, served.page, size.parameter)
    return replace(documented, basis=Basis.DOCUMENTED)


async def _ask_beyond(ctx: Context, resource: Resource, size: PageSize, served: Served) -> Exchange | None:
    """The answer to a page of one more than the maximum; None where it would tell nothing."""
    if size.maximum is None or size.maximum > MOST_TO_ASK_FOR or not served.more_exist:
        return None
    answer = await ctx.api.provoke(resource.path, params=size.asking(size.maximum + 1))
    return None if answer.status in _NO_WORD_ON_SIZE else answer


def _judge_beyond(
    ctx: Context, finding: Finding, answer: Exchange, resource: Resource, size: PageSize
) -> tuple[Finding, int | None]:
    """More than the maximum may be refused, or cut as documented; cut in silence is a limitation, ignored a fault.

    With the finding goes the most that is served in a page, where the answer shows that.
    """
    maximum = size.maximum or 0
    seen = replace(finding, evidence=(*finding.evidence, answer.evidence))
    if hides_an_error(answer):
        return _limited(seen, "a larger size is refused, but inside an answer that says success"), maximum
    if 400 <= answer.status < 500:
        return replace(seen, detail="A larger size is refused."), maximum
    if not answer.ok:
        return _limited(seen, f"a size above the maximum fails with status {answer.status}"), maximum
    count = len(ctx.api.read_page(resource.kind, answer).records)
    if count > maximum:
        return replace(seen, detail="More than the documented maximum is served; nobody has promised it."), None
    if count < maximum:
        summary = f"{finding.summary}; a size above the maximum is ignored, and {count} records come instead"
        return not_met(summary, answer, facts=finding.facts), maximum
    if size.clamps:
        return replace(seen, detail="A larger size is cut, as documented."), maximum
    return _limited(seen, "a size above the maximum is cut down without a word"), maximum


def _limited(finding: Finding, how: str) -> Finding:
    """A finding that is partial at best, for one more reason."""
    verdict = Verdict.PARTIAL if finding.verdict is Verdict.MET else finding.verdict
    return replace(finding, verdict=verdict, summary=f"{finding.summary}; {how}")
