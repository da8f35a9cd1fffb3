"""limits.documented: whether the limits are published as numbers, and whether the live system counts by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery import (
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
    sure_limits,
    unknown,
)
from cmms_audit.model import Basis, Exchange, HasEvidence, Reason, Severity

from ..data._counted import counted
from ..data._gates import access
from . import _burst, _lists, _numbers

_MOST_PLACES = 5
_NEARLY_ALL = 0.9
_CLOSED = ("refused", "behind a form", "not there")


class Published(Struct, frozen=True):
    """What the documents that could be read say: a limit for each window in seconds, where, and all their text.

    `stated` are all that they state beside those of named addresses; `limits` are the lowest of those that hold for
    reading, `writing` of those that hold for writing.
    """

    limits: Mapping[int, StatedLimit]
    writing: Mapping[int, StatedLimit]
    places: tuple[HasEvidence, ...]
    texts: tuple[Prose, ...]
    stated: tuple[StatedLimit, ...]

    @property
    def numbers(self) -> dict[int, int]:
        """The number of calls for each window that reading can count on."""
        return _numbers.counts(self.limits)

    @property
    def in_words(self) -> str:
        """What is published, in a phrase: how many calls, for whom, and for which."""
        more = _numbers.more_for_some(self.numbers, self.stated)
        return _numbers.in_words(self.numbers) + more + _numbers.for_which_calls(self.limits, self.writing)

    @property
    def facts(self) -> dict[str, float]:
        """The numbers for the capacity model."""
        return _numbers.facts_of_stated(self.limits, self.writing)


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
        return unknown("the specification states no rate limit for all calls as a number; other documents may", whole)
    return _judge_silence(ctx, published, whole)


def _in_specification(ctx: Context) -> Published:
    general = _numbers.general_limits(ctx)
    stated = tuple(each.limit for each in general)
    sure, writing = sure_limits(stated), sure_limits(stated, writing=True)
    places = tuple(each for each in general if sure.get(each.limit.window) == each.limit)
    texts = tuple(each for each in ctx.spec.prose() if not each.of_operation) if ctx.has_spec else ()
    return Published(sure, writing, places[:_MOST_PLACES], texts, stated)


def _judge_numbers(ctx: Context, published: Published, *seen: Exchange) -> Finding:
    """Numbers for minute, hour and day are enough, and so are fewer where the documents say that no other applies.

    `seen` are answers whose headers state limits too: then the numbers were met on the wire.
    """
    words, facts = published.in_words, published.facts
    places, basis = (*published.places, *seen), Basis.OBSERVED if seen else Basis.DOCUMENTED
    besides = (_numbers.beside_rates(ctx), _numbers.beside_calls(published.texts))
    detail = " ".join(filter(None, (_numbers.quoted(published.limits.values()), *besides)))
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
    stated = (*published.stated, *(each.limit for each in single))
    if stated:
        some = "some calls, or as an example, only" if published.stated else "single operations only"
        summary = f"numbers are published for {some}, not for the API as a whole"
        places, basis = single[:3] or places, Basis.DOCUMENTED
        return partial(summary, *places, basis=basis, detail=_numbers.quoted(stated), facts=published.facts)
    time = _numbers.computing_time(published.texts)
    if time:
        summary = "what is limited is how long answers take to compute: nobody can tell how many calls that allows"
        return partial(summary, time, *places, basis=Basis.DOCUMENTED, detail=time.text[:300])
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
    answer = await _an_answer(ctx)
    in_headers = ctx.rate_headers(answer)
    if published.numbers:
        calls = in_headers.of_calls
        bears_out = calls.limit and not _below_all(ctx, calls, published.numbers)
        return _judge_numbers(ctx, published, *([answer] if bears_out else []))
    if in_headers.limit:
        return _judge_headers_alone(ctx, published, in_headers, answer)
    if ctx.vendor.docs_url and not pages and not _is_closed(documentation):
        summary = "the specification states no rate limit, and the documentation pages could not be read"
        return unknown(summary, answer, reason=Reason.RESOURCE_NOT_FOUND)
    if not pages and not (ctx.has_spec and ctx.spec.whole and ctx.spec.tells("limits.documented")):
        return unknown("no whole document could be read, so nobody can say that no rate limit is published", answer)
    return _judge_silence(ctx, published, answer, *pages[:_MOST_PLACES])


def _judge_headers_alone(ctx: Context, published: Published, facts: RateFacts, answer: Exchange) -> Finding:
    time = _numbers.computing_time(published.texts)
    if time or not facts.of_calls.limit:
        return _judge_another_unit(facts, answer, time)
    facts = facts.of_calls
    stated = _numbers.header_windows(facts)
    words = _numbers.in_words(stated) if stated else f"{facts.limit:,.10g} calls"
    summary = f"live answers state a limit ({words}), but no document publishes it"
    finding = partial(summary, answer, facts=_numbers.facts_of(stated))
    return _numbers.hold_claims_against(finding, ctx.claim, stated, "in the answers")


def _judge_another_unit(facts: RateFacts, answer: Exchange, time: Prose | None) -> Finding:
    """Headers that count something, but hardly calls; `time` is the sentence that says what."""
    unit = "the time that answers take to compute" if time else "something else than calls"
    summary = (
        f"live answers state a limit of {facts.limit:,.10g}, which is {unit}: nobody can tell how many calls it allows"
    )
    places = (answer, time) if time else (answer,)
    return partial(summary, *places, detail=time.text[:300] if time else "")


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
    limits, writing = dict(published.limits), dict(published.writing)
    places, everything = list(published.places), list(published.stated)
    for page in pages:
        stated = _numbers.general(stated_limits(page.text))
        everything += stated
        found = sure_limits(stated)
        places += [page] if found.keys() - limits.keys() else []
        limits = found | limits
        writing = sure_limits(stated, writing=True) | writing
    texts = (*published.texts, *(Prose(page.text, page) for page in pages))
    return Published(limits, writing, tuple(places), texts, tuple(everything))


@check(
    question="limits.documented",
    id="limits.headers-agree",
    aspect="numbers",
    sends="reads",
    flags=("no-published-rate-limits", "undocumented-behaviour"),
)
async def headers_agree(ctx: Context) -> Finding:
    """The headers of live answers state the published limits."""
    answer = await _an_answer(ctx)
    facts = ctx.rate_headers(answer).of_calls
    if not facts.policies:
        return not_applicable("live answers state no limit on calls, so there is nothing to hold against the documents")
    stated = _numbers.header_windows(facts)
    documentation = await _documentation(ctx)
    published = _with_pages(_in_specification(ctx), documentation.pages if documentation else ())
    finding = _disagreement(stated, published, answer)
    below_all = _below_all(ctx, facts, published.numbers)
    if finding is None and below_all:
        finding = _judge_without_window(published, below_all, answer)
    if finding is None and not set(stated) & set(published.numbers):
        return not_applicable("no document states the limit that live answers state", answer)
    if finding is None:
        finding = _borne_out(ctx, published, stated, answer)
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


def _borne_out(ctx: Context, published: Published, stated: Mapping[int, int], answer: Exchange) -> Finding:
    """What the documents say where live answers state the same, be it what only some may use, such as a dearer plan."""
    numbers = published.numbers
    of_some = {window: count for window, count in stated.items() if count > numbers.get(window, count)}
    if not of_some:
        return _confirmed(ctx, published, "live answers state the same", answer)
    finding = _confirmed(ctx, published, f"live answers state {_numbers.in_words(of_some)}, as published", answer)
    return replace(finding, facts={**finding.facts, **_numbers.facts_of(of_some)})


def _disagreement(stated: Mapping[int, int], documents: Published, answer: Exchange) -> Finding | None:
    """Where the headers differ from the documents; None where they state one of the published numbers."""
    published = documents.numbers
    promised = {(each.window, each.count) for each in documents.stated if each.holds_for_reading}
    lower = {window: count for window, count in stated.items() if count < published.get(window, count)}
    more = {window: count for window, count in stated.items() if count > published.get(window, count)}
    higher = {window: count for window, count in more.items() if (window, count) not in promised}
    facts_of_stated = _numbers.facts_of(stated)
    if lower:
        wrote = _numbers.in_words({window: published[window] for window in lower})
        summary = f"live answers allow {_numbers.in_words(lower)}, the documents promise {wrote}"
        return not_met(summary, answer, facts=facts_of_stated).raises("undocumented-behaviour", Severity.MINOR)
    if higher:
        wrote = _numbers.in_words({window: published[window] for window in higher})
        summary = f"live answers allow {_numbers.in_words(higher)}, the documents only {wrote}"
        return partial(summary, answer, facts=facts_of_stated)
    return None


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
    if burst.allowed != burst.limit:  # some calls had been used before
        return not_met(summary, first_unserved, *burst.last_served)
    real = {burst.window: burst.served}
    finding = not_met(summary, first_unserved, *burst.last_served, facts=_numbers.facts_of(real))
    return _numbers.hold_claims_against(finding, ctx.claim, real, "served")


async def _an_answer(ctx: Context) -> Exchange:
    """A live answer to look at the headers of: the first page of a list, which is read anyway."""
    resource = await _lists.readable(ctx)
    return (await ctx.first_page(resource.kind)).exchange
