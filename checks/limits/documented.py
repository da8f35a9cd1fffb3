"""limits.documented: whether the limits are published as numbers, and whether the live system counts by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery import (
    Api,
    Context,
    CouldNotLook,
    Documentation,
    DocumentationPage,
    Finding,
    Prose,
    RateFacts,
    StatedLimit,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    stated_limits,
    unknown,
)
from cmms_audit.model import Basis, Exchange, HasEvidence, Reason, Severity

from ..data._counted import counted
from ..data._gates import access
from . import _burst, _lists, _numbers

READS_IN_A_ROW = 3
_LONG_WINDOW = 60.0  # seconds; a shorter one may start anew between two reads
_MOST_PLACES = 5
_NEARLY_ALL = 0.9
_CLOSED = ("refused", "behind a form", "not there")


class Published(Struct, frozen=True):
    """What the documents that could be read say: a limit for each window in seconds, where, and all their text.

    `stated` are all that they state for the API as a whole; `limits` are the lowest of those.
    """

    limits: Mapping[int, StatedLimit]
    places: tuple[HasEvidence, ...]
    texts: tuple[Prose, ...]
    stated: tuple[StatedLimit, ...] = ()

    @property
    def numbers(self) -> dict[int, int]:
        """The number of calls for each window."""
        return {window: limit.count for window, limit in self.limits.items()}


@check(
    question="limits.documented",
    id="limits.numbers-published",
    aspect="numbers",
    sends="nothing",
    flags=("no-published-rate-limits",),
)
def numbers_published(ctx: Context) -> Finding:
    """The specification states the limits as numbers: per minute, hour and day, or that no other applies."""
    published = _in_specification(ctx)
    if published.numbers:
        return _judge_numbers(ctx, published)
    whole = ctx.spec.evidence_at("")
    if ctx.vendor.docs_url or not ctx.spec.whole or not ctx.spec.tells("limits.documented"):
        return unknown("the specification states no rate limit as a number; other documents may", whole)
    return _judge_silence(ctx, published, whole)


def _in_specification(ctx: Context) -> Published:
    general = _numbers.general_limits(ctx)
    sure = _numbers.for_all(each.limit for each in general)
    places = tuple(each for each in general if sure.get(each.limit.window) == each.limit)
    texts = tuple(each for each in ctx.spec.prose() if not each.of_operation) if ctx.has_spec else ()
    return Published(sure, places[:_MOST_PLACES], texts, tuple(each.limit for each in general))


def _judge_numbers(ctx: Context, published: Published, *seen: Exchange) -> Finding:
    """Numbers for minute, hour and day are enough, and so are fewer where the documents say that no other applies.

    `seen` are answers whose headers state limits too: then the numbers were met on the wire.
    """
    words = _numbers.in_words(published.numbers) + _numbers.more_for_some(published.numbers, published.stated)
    facts = _numbers.facts_of(published.numbers)
    places, basis = (*published.places, *seen), Basis.OBSERVED if seen else Basis.DOCUMENTED
    detail = " ".join(filter(None, (_numbers.quoted(published.limits.values()), _numbers.beside_rates(ctx))))
    missing = _numbers.missing_windows(published.numbers)
    if not missing or _numbers.says_no_other(published.texts):
        finding = met(f"published are {words}", *places, basis=basis, detail=detail, facts=facts)
    else:
        summary = f"published are {words}; nothing is said of a limit per {' or '.join(missing)}"
        finding = partial(summary, *places, basis=basis, detail=detail, facts=facts)
    finding = finding.clears("no-published-rate-limits")
    return _numbers.hold_claims_against(finding, ctx.claim, published.numbers, "in the documents")


def _judge_silence(ctx: Context, published: Published, *places: HasEvidence) -> Finding:
    """Nothing that the vendor file names as published states a number for the whole API."""
    single = ctx.published_limits() if ctx.has_spec else ()
    if single:
        summary = "numbers are published for single operations only, not for the API as a whole"
        return partial(summary, *single[:3], detail=_numbers.quoted(each.limit for each in single[:3]))
    elsewhere = _numbers.page_on_limits(ctx)
    if elsewhere:
        summary = "the specification points to another page for its rate limits, which was not read"
        detail = "Name the page in the vendor file (docs_url) and run again. " + elsewhere.text[:300]
        return unknown(summary, elsewhere, detail=detail)
    if _numbers.says_no_limit(published.texts):
        summary = "the documents say that there is no rate limit; have that written into the contract"
        return partial(summary, *places, basis=Basis.DOCUMENTED)
    counter = _numbers.counter(ctx)
    if counter:
        summary = "answers are documented to carry headers that count the calls left, but no document states the number"
        return partial(summary, counter, *places, basis=Basis.DOCUMENTED)
    finding = not_met(
        "no document that was read states a rate limit as a number",
        *places,
        basis=Basis.DOCUMENTED,
        detail="If limits are published on another page, name it in the vendor file (docs_url) and run again.",
        absence=True,
    )
    return finding.raises("no-published-rate-limits")


@check(
    question="limits.documented",
    id="limits.numbers-seen",
    aspect="numbers",
    sends="reads",
    flags=("no-published-rate-limits",),
)
async def numbers_seen(ctx: Context) -> Finding:
    """The specification, the public documentation pages or the headers of live answers state the limits as numbers."""
    documentation = await _documentation(ctx)
    pages = documentation.pages if documentation and documentation.readable else ()
    published = _with_pages(_in_specification(ctx), pages)
    answer = (await _reads_in_a_row(ctx))[0]
    in_headers = ctx.rate_headers(answer)
    if published.numbers:
        bears_out = in_headers.limit and not _below_all(ctx, in_headers, published.numbers)
        return _judge_numbers(ctx, published, *([answer] if bears_out else []))
    if in_headers.limit:
        return _judge_headers_alone(ctx, in_headers, answer)
    if ctx.vendor.docs_url and not pages and not _is_closed(documentation):
        summary = "the specification states no rate limit, and the documentation pages could not be read"
        return unknown(summary, answer, reason=Reason.RESOURCE_NOT_FOUND)
    if not pages and not (ctx.has_spec and ctx.spec.whole and ctx.spec.tells("limits.documented")):
        return unknown("no whole document could be read, so nobody can say that no rate limit is published", answer)
    return _judge_silence(ctx, published, answer, *pages[:_MOST_PLACES])


def _judge_headers_alone(ctx: Context, facts: RateFacts, answer: Exchange) -> Finding:
    stated = _numbers.header_windows(facts)
    words = _numbers.in_words(stated) if stated else f"{facts.limit:,.10g} calls"
    summary = f"live answers state a limit ({words}), but no document publishes it"
    finding = partial(summary, answer, facts=_numbers.facts_of(stated))
    return _numbers.hold_claims_against(finding, ctx.claim, stated, "in the answers")


async def _documentation(ctx: Context) -> Documentation | None:
    """The documentation pages; None where none is named or no answer came."""
    try:
        return await ctx.documentation()
    except CouldNotLook:
        return None


def _is_closed(documentation: Documentation | None) -> bool:
    """Whether the documentation is refused, or is a form to fill in first, so that nothing in it is published."""
    return documentation is not None and access(documentation.front.exchange) in _CLOSED


def _with_pages(published: Published, pages: Sequence[DocumentationPage]) -> Published:
    """What the specification says, completed by what the documentation pages say."""
    limits, places, everything = dict(published.limits), list(published.places), list(published.stated)
    for page in pages:
        stated = _numbers.general(stated_limits(page.text))
        everything += stated
        found = _numbers.for_all(stated)
        new = {window: limit for window, limit in found.items() if window not in limits}
        limits |= new
        places += [page] if new else []
    texts = (*published.texts, *(Prose(page.text, page) for page in pages))
    return Published(limits, tuple(places), texts, tuple(everything))


@check(
    question="limits.documented",
    id="limits.headers-agree",
    aspect="numbers",
    sends="reads",
    flags=("no-published-rate-limits", "undocumented-behaviour"),
)
async def headers_agree(ctx: Context) -> Finding:
    """The headers of live answers state the published limits, and what is left goes down with every call."""
    answers = await _reads_in_a_row(ctx)
    facts = [ctx.rate_headers(answer) for answer in answers]
    if not any(each.policies for each in facts):
        return not_applicable("live answers say nothing of limits, so there is nothing to hold against the documents")
    stated = _numbers.header_windows(facts[0])
    documentation = await _documentation(ctx)
    published = _with_pages(_in_specification(ctx), documentation.pages if documentation else ())
    finding = _disagreement(facts, stated, published.numbers, answers)
    below_all = _below_all(ctx, facts[0], published.numbers)
    if finding is None and below_all:
        finding = _judge_without_window(published, below_all, answers[0])
    if finding is None and not set(stated) & set(published.numbers):
        return not_applicable("live answers count the calls that are left; no document states the same limit", *answers)
    if finding is None:
        finding = _confirmed(ctx, published, "live answers state the same, and count the calls that are left", *answers)
    return _numbers.hold_claims_against(finding, ctx.claim, stated, "in the answers")


def _below_all(ctx: Context, facts: RateFacts, published: Mapping[int, int]) -> float | None:
    """A limit of the headers, its window not named, that lies below every published and claimed number; or none."""
    claimed = [number for name, number in (ctx.claim.numbers if ctx.claim else {}).items() if name.startswith("per_")]
    promised = [*published.values(), *claimed]
    unnamed = [each.limit for each in facts.policies if each.limit and not each.window_seconds]
    lowest = min(unnamed, default=None)
    return lowest if lowest and promised and lowest < min(promised) else None


def _judge_without_window(published: Published, limit: float, answer: Exchange) -> Finding:
    """A low number that may belong to a short window: a doubt about what was promised, and no proof against it."""
    promised = f"published are {_numbers.in_words(published.numbers)}" if published.numbers else "more is claimed"
    finding = partial(
        f"live answers state a limit of {limit:,.10g} calls without saying in what time; {promised}",
        answer,
        detail="Ask the vendor in what time that number of calls may be made, and hold it against what was promised.",
    )
    return finding.clears("no-published-rate-limits") if published.numbers else finding


def _confirmed(ctx: Context, published: Published, how: str, *seen: Exchange) -> Finding:
    """What the documents say, now met on the wire; traffic that bears them out does not complete them."""
    finding = _judge_numbers(ctx, published, *seen)
    return replace(finding, summary=f"{finding.summary}; {how}")


def _disagreement(
    facts: Sequence[RateFacts], stated: Mapping[int, int], published: Mapping[int, int], answers: Sequence[Exchange]
) -> Finding | None:
    """Where the headers differ from the documents, or do not count; None where they do neither."""
    lower = {window: count for window, count in stated.items() if count < published.get(window, count)}
    higher = {window: count for window, count in stated.items() if count > published.get(window, count)}
    facts_of_stated = _numbers.facts_of(stated)
    if lower:
        wrote = _numbers.in_words({window: published[window] for window in lower})
        summary = f"live answers allow {_numbers.in_words(lower)}, the documents promise {wrote}"
        return not_met(summary, answers[0], facts=facts_of_stated).raises("undocumented-behaviour", Severity.MINOR)
    if _never_counts(facts):
        return not_met(f"in {len(answers)} reads in a row the number of calls left never went down", *answers)
    if higher:
        wrote = _numbers.in_words({window: published[window] for window in higher})
        summary = f"live answers allow {_numbers.in_words(higher)}, the documents only {wrote}"
        return partial(summary, answers[0], facts=facts_of_stated)
    return None


def _never_counts(facts: Sequence[RateFacts]) -> bool:
    """Whether every limit of a long window is reported untouched, full, in each of the answers."""
    left = [
        (policy.limit, policy.remaining)
        for each in facts
        for policy in each.policies
        if policy.remaining is not None and (policy.window_seconds or policy.reset_seconds or 0) >= _LONG_WINDOW / 2
    ]
    return bool(left) and all(remaining == limit for limit, remaining in left)


@check(
    question="limits.documented",
    id="limits.observed-limit",
    aspect="numbers",
    sends="burst",
    flags=("no-published-rate-limits",),
)
async def observed_limit(ctx: Context) -> Finding:
    """In a burst, as many calls are served as the documents promise before the first one is refused."""
    try:
        burst = await _burst.sent(ctx)
    except CouldNotLook as why:
        return not_applicable(why.summary, *why.evidence)
    first_unserved = burst.refused or burst.silent
    if first_unserved is None or burst.allowed is None:
        return not_applicable("the burst did not show where the limit lies", *burst.last_served)
    promised = f"{counted(burst.limit, 'call')} {_numbers.per(burst.window)}"
    published = _in_specification(ctx)
    if burst.served >= _NEARLY_ALL * burst.allowed:
        how = f"of {promised}, {burst.served:,} were served before the first refusal"
        return (
            _confirmed(ctx, published, how, first_unserved)
            if published.numbers
            else not_applicable(how, first_unserved)
        )
    summary = f"of {promised}, only {burst.served:,} were served before the first refusal"
    finding = not_met(summary, first_unserved, *burst.last_served)
    claimed = ctx.claim is not None and burst.allowed == burst.limit
    return (
        _numbers.hold_claims_against(finding, ctx.claim, {burst.window: burst.served}, "served") if claimed else finding
    )


async def _reads_in_a_row(ctx: Context) -> list[Exchange]:
    """A few reads of one list, one after the other, shared by those who look at headers."""
    path = (await _lists.readable(ctx)).path

    async def read(api: Api) -> list[Exchange]:
        return [await api.get(path) for _ in range(READS_IN_A_ROW)]

    return await ctx.shared("reads in a row", read)
