"""operations.query: whether filters, sorting and a choice of fields work, and whether wrong ones are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cmms_audit.battery import (
    Context,
    Finding,
    Parameter,
    Prose,
    Resource,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    squeezed,
)

from ._filters import Trial, tried_filters, tried_selection, tried_sorting
from ._lists import Offer, described_list, offer, query_parameters, readable_kind
from ._refusals import Outcome, not_told, refused_inside, still_answers
from ._words import prose_about
from ._wrong_queries import wrong_queries

QUESTION = "operations.query"

_ABOUT_FILTERS = pattern(r"\bfilter(?:s|ing|ed)?\b", re.IGNORECASE)
_OPERATOR = pattern(
    r"(?:__|\[|\.|:)[a-z]{1,20}\]?|_(?:gte?|lte?|in|not|ne|n|contains|after|before|from|to|min|max)", re.IGNORECASE
)
_BOTH_WAYS = pattern(r"\bdesc|\bminus\b|\bprefix|[\"'`]-|\breverse", re.IGNORECASE)
_DIRECTIONS = ({"asc", "desc"}, {"ascending", "descending"})
_MOST_SHOWN = 12
_WANTED_FILTERS = {
    "status": ("status",),
    "priority or assignee": ("priority", "assignee"),
    "site, place or asset": ("site", "location", "asset"),
}


@check(question=QUESTION, id="operations.filters-documented", aspect="filters", sends="nothing")
def filters_documented(ctx: Context) -> Finding:
    """Looks for filters by status, site and date, for sorting and for a choice of fields in the list of work orders."""
    resource = described_list(ctx)
    offered = offer(ctx, resource)
    parameters = _parameters(offered)
    prose = prose_about(ctx, _ABOUT_FILTERS, resource)
    if not parameters and not prose:
        return ctx.absent(
            f"the list at {resource.path} is described without filters, sorting or a choice of fields", resource
        )
    lacks = lacking(offered, filters_in_prose=bool(prose))
    detail = "\n".join(_in_words(offered, query_parameters(resource.list))) or "offered: in words only"
    places: list[Resource | Prose] = [resource, *prose[:1]]
    if lacks:
        return partial(
            f"the list at {resource.path} lacks {', '.join(lacks)}",
            *places,
            detail=detail,
        )
    return met(f"the list at {resource.path} can be filtered, sorted and cut to chosen fields", *places, detail=detail)


def _in_words(offered: Offer, parameters: Sequence[Parameter]) -> Iterator[str]:
    """What a list offers, line by line: the filters with their operators, the dates, sorting, the choice of fields."""
    for concept, parameter in offered.by_concept.items():
        operators = _operators(parameter, parameters)
        yield f"by {concept}: {parameter.name}{f' (also {operators})' if operators else ''}"
    if offered.by_date:
        yield f"by date: {', '.join(each.name for each in offered.by_date[:_MOST_SHOWN])}"
    if offered.language:
        yield f"by a filter language: {offered.language.name}"
    if offered.sort:
        both = "in both directions" if _sorts_both_ways(offered.sort, parameters) else "direction not described"
        yield f"sorting: {', '.join(each.name for each in offered.sort)}, {both}"
    if offered.select:
        yield f"choice of fields: {offered.select.name}"


def _operators(parameter: Parameter, parameters: Sequence[Parameter]) -> str:
    """Other parameters on the same field, such as status__n or priority[gte]; at most six."""
    longer = [name for each in parameters if _OPERATOR.fullmatch((name := each.name).removeprefix(parameter.name))]
    return ", ".join([name for name in longer if name.startswith(parameter.name)][:6])


def _sorts_both_ways(sort: Sequence[Parameter], parameters: Sequence[Parameter]) -> bool:
    """Whether the order can be turned round: by the values for sorting, or by a parameter of its own for that."""
    if any({value.lower() for value in _choices(each)} in _DIRECTIONS for each in parameters):
        return True
    for each in sort:
        values = _choices(each)
        told = any(value.startswith("-") or value.lower().startswith("desc") for value in values)
        if told or _BOTH_WAYS.search(each.description[:2_000]) or squeezed(each.name) == "ordering":
            return True
    return False


def _choices(parameter: Parameter) -> list[str]:
    return [str(value) for value in (parameter.schema.items or parameter.schema).enum or ()]


def _parameters(offered: Offer) -> list[Parameter]:
    single = [each for each in (offered.language, offered.select) if each]
    return list(dict.fromkeys([*offered.by_concept.values(), *offered.by_date, *offered.sort, *single]))


def lacking(offered: Offer, *, filters_in_prose: bool) -> list[str]:
    """What a client cannot ask of a list; a filter language, or filters in prose, stand for filters by field."""
    lacks = []
    if offered.language is None and not filters_in_prose:
        wanted = {
            f"a filter by {name}": any(each in offered.by_concept for each in concepts)
            for name, concepts in _WANTED_FILTERS.items()
        }
        lacks = [lack for lack, there in {**wanted, "a filter by date": bool(offered.by_date)}.items() if not there]
    if not offered.sort:
        lacks.append("sorting")
    if offered.select is None:
        lacks.append("a choice of fields")
    return lacks


@check(question=QUESTION, id="operations.filter-works", aspect="filters", sends="reads")
async def filter_works(ctx: Context) -> Finding:
    """Filters by values of live records, sorts and selects, and looks at every record that comes back."""
    kind = readable_kind(ctx)
    first = await ctx.first_page(kind)
    offered = offer(ctx, ctx.resource(kind))
    trials = [
        *await tried_filters(ctx, kind, first, offered),
        *await tried_sorting(ctx, kind, first, offered),
        *await tried_selection(ctx, kind, first, offered),
    ]
    told = [each for each in trials if each.works is not None]
    if not told:
        return not_applicable("no filter, sorting or choice of fields could be tried on live records", first)
    return _judge_trials(ctx, ctx.resource(kind), offered, told)


def _judge_trials(ctx: Context, resource: Resource, offered: Offer, trials: list[Trial]) -> Finding:
    detail = "\n".join(map(str, trials))
    failed = [each for each in trials if not each.works]
    if failed:
        says = f"{len(failed)} of {len(trials)} ways to narrow the list at {resource.path} do not work: {failed[0]}"
        return not_met(says, *trials, detail=detail)
    lacks = lacking(offered, filters_in_prose=bool(prose_about(ctx, _ABOUT_FILTERS, resource)))
    says = f"{len(trials)} ways to filter, sort and select were tried, and every record that came back fits"
    if lacks:
        return partial(f"{says}; the list lacks {', '.join(lacks)}", *trials, detail=detail)
    return met(says, *trials, detail=detail)


@check(question=QUESTION, id="operations.wrong-query-refused", aspect="refusal", sends="reads")
async def wrong_query_refused(ctx: Context) -> Finding:
    """Sends filters that cannot be meant (unknown names, impossible values) and looks whether they are refused."""
    kind = readable_kind(ctx)
    first = await ctx.first_page(kind)
    questions = await wrong_queries(ctx, kind, first)
    detail = "\n".join(map(str, questions))
    crashed = [each for each in questions if each.outcome is Outcome.FAILED]
    ignored = [each for each in questions if each.outcome is Outcome.ACCEPTED]
    refused = [each for each in questions if each.outcome is Outcome.REFUSED]
    if crashed and await still_answers(ctx, kind):
        says = f"{len(crashed)} of {len(questions)} wrong filters make the server fail (500)"
        return not_met(says, *crashed, detail=detail)
    if ignored and not refused:
        says = f"{len(ignored)} of {len(questions)} wrong filters are ignored and none is refused"
        return not_met(says, *ignored, detail=detail)
    if ignored:
        says = f"{len(ignored)} of {len(questions)} wrong filters are ignored: {ignored[0].asked}"
        return partial(says, *questions, detail=detail)
    if len(refused) < len(questions):
        return not_told([each for each in questions if each not in refused], detail)
    inside = refused_inside(questions)
    verdict = partial if inside else met
    return verdict(f"all {len(questions)} wrong filters are refused{inside}", *questions, detail=detail)
