"""errors.versioning: what live answers say of themselves: that they will be withdrawn, and which version they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

from cmms_audit.battery import Context, Finding, check, met, not_applicable, not_met, partial, pattern
from cmms_audit.model import Evidence, Exchange

from ._versions import header_version, path_version
from .versioning import A_YEAR, FLAG, LEAST_NOTICE, QUESTION

_STRUCTURED = pattern(r"@(-?\d{1,12})")
_ISO = pattern(r"\d{4}-\d\d-\d\d(?:[T ][0-9:.+Z-]{5,30})?")
_MAJOR = pattern(r"v?(\d{1,4})(?:[._-]\d{1,5}){0,3}", re.IGNORECASE)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_DAY = 86_400
_YEAR = 4  # digits; a version that is a date is not held against one that is a number


class _Announced(Struct, frozen=True):
    """What one answer says of its end: since when it is deprecated, when it is gone, and what is odd in its form."""

    path: str
    since: datetime | None
    gone: datetime | None
    odd: tuple[str, ...]
    exchange: Exchange

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    @property
    def days(self) -> int | None:
        """The notice given: from when it was said, or from this very answer, to the end; None without an end."""
        if self.gone is None:
            return None
        asked = datetime.fromisoformat(self.exchange.started)
        return round((self.gone - (self.since or asked)).total_seconds() / _DAY)


@check(question=QUESTION, id="errors.withdrawals-announced", aspect="notice", sends="reads", flags=(FLAG,))
async def withdrawals_announced(ctx: Context) -> Finding:
    """Reads Deprecation (RFC 9745) and Sunset (RFC 8594) in live answers: since when, until when, in which form."""
    pages = await ctx.first_pages()
    exchanges = {ctx.resource(kind).path: page.exchange for kind, page in pages.items()}
    announced = [each for path, exchange in exchanges.items() for each in _announced(path, exchange)]
    if not announced:
        return _judge_silence(ctx, exchanges)
    detail = "\n".join(_in_words(each) for each in announced)
    dated = sorted((each for each in announced if each.days is not None), key=lambda each: each.days or 0)
    shortest = dated[0].days if dated else None
    if dated and shortest is not None and shortest < LEAST_NOTICE:
        says = (
            f"{dated[0].path} is to be withdrawn, with {max(0, shortest)} days of notice; {LEAST_NOTICE} are the least"
        )
        if dated[0].since is None:  # what was said before this answer is not known
            return partial(f"{dated[0].path} will be gone in {max(0, shortest)} days", *dated, detail=detail)
        return not_met(says, *dated, detail=detail).raises(FLAG)
    if len(dated) < len(announced):
        undated = next(each for each in announced if each.days is None)
        return partial(f"{undated.path} is to be withdrawn, and its answers do not say when", *announced, detail=detail)
    odd = next((each for each in announced if each.odd), None)
    if odd:
        return partial(f"{odd.path} says when it will be gone, but {odd.odd[0]}", *announced, detail=detail)
    if shortest is not None and shortest < A_YEAR:
        return partial(f"{dated[0].path} is to be withdrawn with {shortest} days of notice", *dated, detail=detail)
    return not_applicable(f"what is to be withdrawn says so at least {A_YEAR} days ahead", *announced)


def _judge_silence(ctx: Context, exchanges: dict[str, Exchange]) -> Finding:
    """No answer says that it will be withdrawn; the document may say otherwise, and headers are no duty."""
    lists = {each.path for each in ctx.resources.values() if each.list and each.list.deprecated}
    hushed = [path for path in exchanges if path in lists]
    if hushed:
        says = f"the document marks {hushed[0]} as going away; its answers do not repeat that"
        return not_applicable(says, *(exchanges[path] for path in hushed))
    return not_applicable("no answer says that it is to be withdrawn", next(iter(exchanges.values())))


def _announced(path: str, exchange: Exchange) -> Iterator[_Announced]:
    deprecation, sunset = exchange.header("deprecation"), exchange.header("sunset")
    if (deprecation or "false").strip().lower() in ("false", "?0") and not sunset:
        return
    since, odd_since = _read(deprecation or "", structured=True)
    gone, odd_gone = _read(sunset or "", structured=False)
    odd = [f"Deprecation {odd_since}"] if odd_since else []
    odd += [f"Sunset {odd_gone}"] if odd_gone else []
    yield _Announced(path, since, gone, tuple(odd), exchange)


def _read(text: str, *, structured: bool) -> tuple[datetime | None, str]:
    """A moment, and what is wrong with the way in which it is written: `structured` @seconds, or else an HTTP date.

    Older drafts of what became RFC 9745 had "true" or an HTTP date; either header is also seen in the other's form.
    """
    text = text.strip()[:100]
    if not text:
        return None, ""
    if text.lower() in ("true", "?1"):
        return None, "says only that it is so, not since when" if structured else "does not say when"
    found = _STRUCTURED.fullmatch(text)
    if found:
        moment = datetime.fromtimestamp(int(found[1]), UTC) if 0 <= int(found[1]) < _LATEST else None
        return moment, "" if structured and moment else "is no date as the standard has it"
    moment = _http_date(text)
    if moment:
        return moment, "is written as an older draft has it" if structured else ""
    return _iso_date(text), "is no date as the standard has it"


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso_date(text: str) -> datetime | None:
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_words(announced: _Announced) -> str:
    since = f"deprecated since {announced.since:%Y-%m-%d}" if announced.since else "deprecated, not said since when"
    gone = f"gone on {announced.gone:%Y-%m-%d}" if announced.gone else "not said when it will be gone"
    link = "; a page explains it" if 'rel="' in (announced.exchange.header("link") or "") else ""
    return "; ".join([f"{announced.path}: {since}, {gone}{link}", *announced.odd])


@check(question=QUESTION, id="errors.version-agrees", aspect="version", sends="reads", decisive=False)
async def version_agrees(ctx: Context) -> Finding:
    """Holds the version that live answers name against those of the document: its own, and that of its addresses."""
    pages = await ctx.first_pages()
    exchange = next(iter(pages.values())).exchange
    live = header_version(exchange)
    version = _MAJOR.fullmatch(live[1].strip()[:40]) if live else None
    if live is None or version is None or not ctx.has_spec:
        return not_applicable("live answers name no version that could be held against the document", exchange)
    texts = [path_version(exchange.request.url), path_version(ctx.vendor.base_url), ctx.spec.version]
    described = [match[1] for text in texts if text and (match := _MAJOR.fullmatch(text.strip()[:40]))]
    described = [each for each in described if (len(each) == _YEAR) == (len(version[1]) == _YEAR)]
    if not described:
        return not_applicable("the document names no version that could be held against live answers", exchange)
    if version[1] in described:
        return met(f"live answers name the version that is described ({live[0]}: {live[1][:40]})", exchange)
    says = f"live answers name version {live[1][:40]}, described is {described[0]}"
    return partial(f"{says}: ask which one the document is of", exchange, ctx.spec.evidence_at("/info"))
