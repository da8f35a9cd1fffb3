"""auth.method: whether a credential of another customer of the vendor is kept away from our records.

What the other customer is given is recorded with marks in the place of values, against which ours are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.battery import (
    RECORD_KINDS,
    Api,
    Context,
    CouldNotLook,
    Finding,
    Resource,
    check,
    met,
    not_applicable,
    not_met,
    unknown,
    veiled,
)
from cmms_audit.model import Exchange, Reason

from . import _roles, _strangers, _tokens
from ._strangers import objects_in

_ROLE = "other_tenant"
_WHAT = "one of another customer of the vendor"
_NOTHING_TO_ASK_FOR = "no record was seen that another customer could ask for by its id"


class _Looks(Struct, frozen=True):
    """What another customer gets: lists, and single records of ours, by their kinds.

    `opened` are the kinds of which it was given our record by its id, `listing` those whose list holds records like
    ours. `works`: it was given a list or a record, be it one of its own, so that the credential is seen to be good.
    """

    lists: Mapping[str, Exchange]
    singles: Mapping[str, Exchange]
    opened: frozenset[str]
    listing: frozenset[str]
    works: bool

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All answers."""
        return *self.lists.values(), *self.singles.values()


@check(question="auth.method", id="auth.other-tenant-refused", aspect="strangers", sends="reads", severity="critical")
async def other_tenant_refused(ctx: Context) -> Finding | list[Finding]:
    """A credential of another customer finds none of our records, neither in its lists nor by their ids."""
    if _ROLE not in ctx.vendor.roles:
        return _roles.not_given(_ROLE, _WHAT)
    looks = await _looks(ctx)
    return _judge(looks) if looks else not_applicable(_NOTHING_TO_ASK_FOR)


async def _looks(ctx: Context) -> _Looks | None:
    """What another customer gets, asked for once; None where no record of ours was seen that it could ask for."""
    seen = await _strangers.seen_ids(ctx)
    return await ctx.shared("what another customer sees", lambda api: _look(ctx, api, seen)) if seen else None


async def _look(ctx: Context, api: Api, seen: Sequence[tuple[str, str]]) -> _Looks:
    lists = {kind: await _tokens.shown_by(api, ctx.resource(kind).path, _ROLE) for kind, _ in seen}
    singles = {kind: await _tokens.shown_by(api, api.record_path(kind, id_), _ROLE) for kind, id_ in seen}
    ours = {kind: (await ctx.first_page(kind)).records for kind, _ in seen}
    opened = {kind for kind, each in singles.items() if each.ok and _is_among(ours[kind][0], objects_in(each.json))}
    theirs = {kind: _records(ctx, kind, listed) for kind, listed in lists.items()}
    listing = {kind for kind, records in theirs.items() if any(_is_among(each, records) for each in ours[kind])}
    works = bool(opened) or any(_strangers.is_let_in(each) for each in lists.values())
    return _Looks(lists, singles, frozenset(opened), frozenset(listing), works)


def _records(ctx: Context, kind: str, listed: Exchange) -> Sequence[Mapping[str, Any]]:
    """The records of a list that the other customer was given; none where it was refused."""
    try:
        return ctx.api.read_page(kind, listed).records
    except CouldNotLook:
        return ()


def _is_among(ours: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the others is our record: two customers may both have a work order 1, but with other contents."""
    return any(_is_same(ours, other) for other in others)


def _is_same(ours: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    common = [name for name in ours if name in other and not isinstance(ours[name], dict | list)]
    return len(common) > 1 and all(veiled(ours[name]) == other[name] for name in common)


def _judge(looks: _Looks) -> Finding | list[Finding]:
    busy = next((each for each in looks.exchanges if _strangers.is_busy(each)), None)
    if busy:
        return _put_off(busy, *looks.exchanges)
    if not looks.works:
        says = "the credential of the other customer opens nothing at all, so it does not show what it is kept from"
        return unknown(says, *looks.exchanges, reason=Reason.CREDENTIAL)
    if looks.opened - looks.listing:
        return [_leak(kind, looks) for kind in sorted(looks.opened - looks.listing)]
    if looks.listing:
        says = (
            "both customers see the same records: either they were given the same demonstration data, or they are not"
            " kept apart; a record that is made for it would tell, which needs leave to write"
        )
        return unknown(says, *looks.exchanges, reason=Reason.NOT_PERMITTED)
    namesake = " A record of its own has the same id." if any(each.ok for each in looks.singles.values()) else ""
    statuses = ", ".join(f"{_plain(kind)} {each.status}" for kind, each in looks.singles.items())
    detail = f"Asked for our records by their ids: {statuses}.{namesake}"
    return met(
        "another customer neither finds our records nor opens them by their ids", *looks.exchanges, detail=detail
    )


def _leak(kind: str, looks: _Looks) -> Finding:
    summary = f"another customer can open one of our {_plain(kind)} by its id"
    return not_met(summary, looks.lists[kind], looks.singles[kind], subject=kind)


def _put_off(busy: Exchange, *places: Exchange) -> Finding:
    says = f"the other customer is put off, or met with a failure (status {busy.status}), which is no refusal"
    return unknown(says, *places, reason=Reason.CONNECTIVITY)


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


@check(
    question="auth.method",
    id="auth.other-tenant-shut-out",
    aspect="strangers",
    sends="writes",
    severity="critical",
    exclusive=True,
)
async def other_tenant_shut_out(ctx: Context) -> Finding:
    """Where both customers see the same records, one that is made for it cannot be opened by the other customer."""
    if _ROLE not in ctx.vendor.roles:
        return _roles.not_given(_ROLE, _WHAT)
    looks = await _looks(ctx)
    if looks and not looks.listing:
        return not_applicable("the other customer's list holds none of our records, so none had to be made")
    kind = next((each for each in RECORD_KINDS if ctx.has(each) and _can_be_made(ctx.resource(each))), None)
    if kind is None:
        return not_applicable("no way to create a record is described, so there is none to keep others away from")
    async with ctx.own.tidied() as own:
        made = await own.create(kind)
        ours = await own.read(made)
        theirs = await _tokens.shown(ctx, ours.request.url, _ROLE)
        if theirs.ok and _shows_mark(own.record(ours), made.marker, theirs):
            return not_met("another customer can read a record that was just made with our credential", ours, theirs)
    if _strangers.is_busy(theirs):
        return _put_off(theirs, ours, theirs)
    if looks is None and not _strangers.is_let_in(theirs):
        says = "the credential of the other customer was not seen to open anything, so its refusal shows nothing"
        return unknown(says, ours, theirs, reason=Reason.CREDENTIAL)
    return met(f"another customer cannot read a record of ours (status {theirs.status})", ours, theirs)


def _shows_mark(ours: Mapping[str, Any], marker: str, theirs: Exchange) -> bool:
    """Whether the other customer is given a text of our record in which our mark stands."""
    texts = [each for each in ours.values() if isinstance(each, str) and marker.casefold() in each.casefold()]
    wanted = {veiled(each) for each in texts}
    given = (value for each in objects_in(theirs.json) for value in each.values() if isinstance(value, str))
    return any(value in wanted for value in given)


def _can_be_made(resource: Resource) -> bool:
    return resource.create is not None and resource.read is not None and "{" not in resource.path
