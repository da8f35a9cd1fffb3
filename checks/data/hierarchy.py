"""data.hierarchy: whether every cost finds its way from component to system, building, site and account."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Field,
    Finding,
    Page,
    Schema,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Exchange, HasEvidence

from ._links import Reference, described_steps, levels, live_references, missing_steps, reference_id

QUESTION = "data.hierarchy"

_MOST_LOOKED_UP = 6
_PLACED = ("work_orders", "assets")
_NO_ACCOUNT_YET = pattern(r"department|project", re.IGNORECASE)
_LONGEST_TEXT = 2_000
_NUMBER_NAME = pattern(r"(?:number|num|no|code|tag|serial|ref|reference)$", re.IGNORECASE)
_UNIQUE = pattern(r"\bunique|\bno two\b|\balready (?:exists|in use|taken)\b|\bduplicate", re.IGNORECASE)
_NOT_UNIQUE = pattern(r"\bnot (?:necessarily |always |be |required to be )?unique\b", re.IGNORECASE)
_WITHIN_SITE = pattern(
    r"\b(?:per|within|in|for each|for every|at) (?:a |an |the |each |every |one |its )?"
    r"(?:site|location|plant|facility|building|organi[sz]ation)\b",
    re.IGNORECASE,
)
_WITH_ACCOUNTS = ("work_orders", "assets", "locations", "sites", "purchase_orders", "labor")


@check(question=QUESTION, id="data.hierarchy-documented", aspect="chain", sends="nothing")
def hierarchy_documented(ctx: Context) -> Finding:
    """Looks for the steps from a component to its asset, from an asset to its place, and from a place to its site."""
    ctx.resource("assets")
    steps = list(described_steps(ctx))
    if not any(step.kind == "assets" for step in steps):
        return ctx.absent("assets are described without a parent, a location or a site")
    missing = missing_steps((step.kind, step.leads_to) for step in steps)
    detail = "\n".join([*map(str, steps), *levels(ctx, steps)])
    places = [step.field for step in steps]
    if missing:
        return partial(f"the chain is described only in part: {'; '.join(missing)}", *places, detail=detail)
    return met("assets nest, name their place, and places lead further up", *places, detail=detail)


@check(question=QUESTION, id="data.site-ids-documented", aspect="sites", sends="nothing")
def site_ids_documented(ctx: Context) -> Finding:
    """Looks for the field that names the site on work orders and on assets."""
    kinds = [kind for kind in _PLACED if ctx.has(kind)]
    records = {kind: ctx.resource(kind).record for kind in kinds or _PLACED[:1]}
    with_site = {kind: field for kind, record in records.items() if (field := ctx.field(record, "site"))}
    if not with_site:
        return ctx.absent(f"{_plain(kinds)} are described without a field that names their site")
    missing = [kind for kind in kinds if kind not in with_site]
    if missing:
        return partial(f"{_plain(list(with_site))} name their site, {_plain(missing)} do not", *with_site.values())
    return met(f"{_plain(kinds)} name their site", *with_site.values())


@check(question=QUESTION, id="data.site-ids-present", aspect="sites", sends="reads")
async def site_ids_present(ctx: Context) -> Finding:
    """Counts live work orders and assets whose site is missing or empty."""
    pages = await ctx.first_pages(_PLACED)
    records = [(kind, record) for kind, page in pages.items() for record in page.records]
    if not records:
        return not_applicable("there are no live work orders or assets to look at", *pages.values())
    without = [kind for kind, record in records if reference_id(ctx.value(record, "site")) is None]
    if not without:
        return met(f"all {len(records)} live records that were read name their site", *pages.values())
    says = f"{len(without)} of {len(records)} live {_plain(sorted(set(without)))} name no site"
    if len(without) < len(records):
        return partial(says, *pages.values())
    return not_met(says, *pages.values())


@check(question=QUESTION, id="data.parents-resolve", aspect="chain", sends="reads")
async def parents_resolve(ctx: Context) -> Finding:
    """Follows references of live records, at least one of each kind, to the records that they name."""
    pages = await ctx.first_pages((*_PLACED, "locations", "sites"))
    known = {kind: _ids(ctx, kind, page) for kind, page in pages.items()}
    references = list(live_references(ctx, pages))
    if not references:
        return not_applicable("no live record that was read refers to another", *pages.values())
    unseen = [each for each in _one_of_each(references) if each.id not in known.get(each.leads_to, ())]
    looked_up = await _looked_up(ctx, unseen[:_MOST_LOOKED_UP])
    dangling = [(each, answer) for each, answer in looked_up if answer.status in (404, 410)]
    seen = [each for each in references if each.id in known.get(each.leads_to, ())]
    followed = len(seen) + len(looked_up)
    if dangling:
        says = f"{len(dangling)} of {followed} references that were followed lead to no record"
        detail = "\n".join(f"{each.kind}.{each.name} names {each.id}, which is unknown" for each, _ in dangling)
        return not_met(says, *(answer for _, answer in dangling), detail=detail)
    resolved = [answer for _, answer in looked_up if answer.ok]
    if not seen and not resolved:
        return not_applicable("the records that live records refer to could not be looked up", *pages.values())
    says = f"all {followed} references that were followed lead to a record"
    described = [(step.kind, step.leads_to) for step in described_steps(ctx)]
    missing = missing_steps([*described, *((each.kind, each.leads_to) for each in references)])
    if missing:
        return partial(f"{says}, but {'; '.join(missing)}", *pages.values(), *resolved)
    return met(says, *pages.values(), *resolved)


def _ids(ctx: Context, kind: str, page: Page) -> frozenset[str]:
    name = ctx.resource(kind).id_field
    return frozenset(str(record[name]) for record in page.records if name in record) if name else frozenset()


def _one_of_each(references: Sequence[Reference]) -> list[Reference]:
    """Different references, taking one of each step before a second of any."""
    by_step: dict[tuple[str, str], dict[str, Reference]] = {}
    for each in references:
        by_step.setdefault((each.kind, each.name), {}).setdefault(each.id, each)
    columns = [list(found.values()) for found in by_step.values()]
    longest = max(map(len, columns), default=0)
    return [column[row] for row in range(longest) for column in columns if row < len(column)]


async def _looked_up(ctx: Context, references: Sequence[Reference]) -> list[tuple[Reference, Exchange]]:
    found = []
    for each in references:
        try:
            found.append((each, await ctx.api.record(each.leads_to, each.id)))
        except CouldNotLook:
            continue
    return found


@check(question=QUESTION, id="data.account-code", aspect="accounts", sends="nothing")
def account_code(ctx: Context) -> Finding:
    """Looks for an account or cost-centre code on work orders, assets, places, orders and labour."""
    kinds = [kind for kind in _WITH_ACCOUNTS if ctx.has(kind)]
    found = {kind: field for kind in kinds if (field := _account(ctx, ctx.resource(kind).record))}
    if not found:
        return ctx.absent(f"no account or cost centre is described on {_plain(kinds) or 'any record'}")
    names = ", ".join(f"{kind}.{field.name}" for kind, field in found.items())
    if all(_NO_ACCOUNT_YET.search(field.name) for field in found.values()):
        return partial(f"no account is described, only what one can be looked up by: {names}", *found.values())
    return met(f"an account or cost centre is within reach: {names}", *found.values())


def _account(ctx: Context, record: Schema | None) -> Field | None:
    """The account field of a record, or of an object that it holds."""
    own = ctx.field(record, "account")
    inner = (ctx.field(field.schema, "account") for field in record.fields()) if record else ()
    return own or next((field for field in inner if field), None)


@check(question=QUESTION, id="data.account-seen", aspect="accounts", sends="reads")
async def account_seen(ctx: Context) -> Finding:
    """Counts the live records that carry an account or cost-centre code where the document describes one."""
    kinds = [kind for kind in _WITH_ACCOUNTS if ctx.has(kind) and ctx.field(ctx.resource(kind).record, "account")]
    pages = await ctx.first_pages(kinds)
    records = [(kind, record) for kind, page in pages.items() for record in page.records]
    filled = [kind for kind, record in records if ctx.value(record, "account") not in (None, "", {}, [])]
    fields = [field for kind in kinds if (field := ctx.field(ctx.resource(kind).record, "account"))]
    if not records or all(_NO_ACCOUNT_YET.search(field.name) for field in fields):
        return not_applicable("there are no live records that should carry an account", *pages.values())
    says = f"{len(filled)} of {len(records)} live {_plain(list(pages))} carry an account or cost centre"
    if not filled:
        return partial(f"{says}, although one is described", *pages.values())
    return met(says, *pages.values())


@check(question=QUESTION, id="data.asset-numbers-described", aspect="chain", sends="nothing", decisive=False)
def asset_numbers_described(ctx: Context) -> Finding:
    """Looks for what the document says of the uniqueness of asset numbers, for one site or for all."""
    assets = ctx.resource("assets")
    told = [each for each in (assets.record.fields() if assets.record else ()) if _tells_of_uniqueness(each)]
    if told:
        return _judge_uniqueness(told[0].name, told[0].schema.description[:_LONGEST_TEXT], told[0])
    refusals = [each for each in (assets.create.responses if assets.create else ()) if each.status == "409"]
    if refusals and _UNIQUE.search(refusals[0].description[:_LONGEST_TEXT]):
        return _judge_uniqueness("a second one is refused", refusals[0].description[:_LONGEST_TEXT], refusals[0])
    return unknown("nothing says whether asset numbers are unique, and whether for a site or for all of them", assets)


def _tells_of_uniqueness(field: Field) -> bool:
    return bool(_NUMBER_NAME.search(field.name) and _UNIQUE.search(field.schema.description[:_LONGEST_TEXT]))


def _judge_uniqueness(what: str, text: str, place: HasEvidence) -> Finding:
    detail = f"“{' '.join(text.split())[:300]}”"
    if _NOT_UNIQUE.search(text):
        return partial(f"asset numbers are said not to be unique ({what})", place, detail=detail)
    if _WITHIN_SITE.search(text):
        says = f"asset numbers are unique only within a site ({what}): always send it along"
        return partial(says, place, detail=detail)
    return met(f"asset numbers are said to be unique ({what})", place, detail=detail)


@check(question=QUESTION, id="data.asset-numbers-unique", aspect="chain", sends="reads", decisive=False)
async def asset_numbers_unique(ctx: Context) -> Finding:
    """Looks for asset numbers that occur twice, and whether the site tells such assets apart."""
    page = await ctx.first_page("assets")
    numbers = [
        (str(number), reference_id(ctx.value(record, "site")))
        for record in page.records
        if (number := ctx.value(record, "number")) not in (None, "")
    ]
    if not numbers:
        return not_applicable("live assets carry no number", page)
    if len({number for number, _ in numbers}) == len(numbers):
        return met(f"the numbers of all {len(numbers)} live assets that were read are different", page)
    if len(set(numbers)) == len(numbers):
        return partial("asset numbers are unique only within a site: always send the site along", page)
    return not_met(f"{len(numbers) - len(set(numbers))} of {len(numbers)} asset numbers occur twice at one site", page)


def _plain(kinds: Sequence[str]) -> str:
    return " and ".join(kind.replace("_", " ") for kind in kinds)
