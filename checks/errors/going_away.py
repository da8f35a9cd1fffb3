"""errors.versioning: what live answers say of their own end: since when they are deprecated, and when they are gone."""

from __future__ import annotations

from msgspec import Struct

from cmms_audit.battery import Context, Finding, check, met, not_applicable, not_met, partial
from cmms_audit.model import Exchange

from ._withdrawals import Announced, announced
from .versioning import A_YEAR, FLAG, LEAST_NOTICE, QUESTION


class _Shortcoming(Struct, frozen=True):
    """What is wrong with an announcement, in plain words; `too_late` says that it comes with too little notice."""

    each: Announced
    says: str
    too_late: bool = False


@check(question=QUESTION, id="errors.withdrawals-announced", aspect="withdrawal", sends="reads", flags=(FLAG,))
async def withdrawals_announced(ctx: Context) -> Finding:
    """Reads Deprecation (RFC 9745) and Sunset (RFC 8594) in live answers: since when, until when, in which form."""
    pages = await ctx.first_pages()
    exchanges = {ctx.resource(kind).path: page.exchange for kind, page in pages.items()}
    found = [each for path, exchange in exchanges.items() if (each := announced(path, exchange))]
    if not found:
        return _judge_silence(ctx, exchanges)
    detail = "\n".join(each.in_words for each in found)
    wrong = [each for each in map(_shortcoming, found) if each]
    worst = next((each for each in wrong if each.too_late), wrong[0] if wrong else None)
    if worst is None:
        says = f"what is to be withdrawn says so at least {A_YEAR} days ahead"
        return met(says, *(each.exchange for each in found), detail=detail)
    places = [worst.each.exchange, *(each.exchange for each in found)]
    if worst.too_late:
        return not_met(worst.says, *places, detail=detail).raises(FLAG)
    return partial(worst.says, *places, detail=detail)


def _shortcoming(each: Announced) -> _Shortcoming | None:
    """The worst that can be said of one announcement; None where it is as it should be."""
    if each.gone is None:
        where = f", but names a page ({each.page})" if each.page else ""
        return _Shortcoming(each, f"{each.path} is to be withdrawn, and its answers do not say when{where}")
    if each.since and each.gone < each.since:
        says = f"is gone ({each.gone:%Y-%m-%d}) before it is deprecated ({each.since:%Y-%m-%d})"
        return _Shortcoming(each, f"by its own dates {each.path} {says}: one of them must be wrong")
    if each.days_left < 0:
        says = f"{each.path} was to be gone on {each.gone:%Y-%m-%d} and still answers"
        return _Shortcoming(each, f"{says}: nobody can say for how long")
    if each.notice is None and each.days_left < LEAST_NOTICE:
        return _Shortcoming(each, f"{each.path} will be gone in {each.days_left} days, and does not say since when")
    notice = each.days_left if each.notice is None else each.notice
    says = f"{each.path} is to be withdrawn with {notice} days of notice"
    if notice < LEAST_NOTICE:
        return _Shortcoming(each, f"{says}; {LEAST_NOTICE} are the least", too_late=True)
    if each.odd:
        return _Shortcoming(each, f"{each.path} says when it will be gone, but {each.odd[0]}")
    return _Shortcoming(each, says) if notice < A_YEAR else None


def _judge_silence(ctx: Context, exchanges: dict[str, Exchange]) -> Finding:
    """No answer says that it will be withdrawn; the document may say otherwise, and headers are no duty."""
    lists = {each.path for each in ctx.resources.values() if each.list and each.list.deprecated}
    hushed = [path for path in exchanges if path in lists]
    if hushed:
        says = f"the document marks {hushed[0]} as going away; its answers do not repeat that"
        return not_applicable(says, *(exchanges[path] for path in hushed))
    return not_applicable("no answer says that it is to be withdrawn", next(iter(exchanges.values())))
