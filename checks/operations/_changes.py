"""The filter by time of change: what the document says of it, and moments as vendors write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Context, Operation, Parameter, Resource, pattern, squeezed

from ._lists import filtered, named, offer, query_parameters
from ._words import prose_about

ABOUT_CHANGES = pattern(
    r"\b(?:changed|modified|updated) (?:since|after)\b"
    r"|\b(?:delta|incremental) (?:sync|synchroni[sz]ation|load|query)\b",
    re.IGNORECASE,
)
_UNTIL = pattern(r"before|until|_lte?$|__lte?$|\[lte?\]|_to$", re.IGNORECASE)
_BOUNDARY = pattern(
    r"inclusiv|exclusiv|\bafter\b|or later|or newer|strictly|>=?|greater than|\bg[te]e?\b", re.IGNORECASE
)
_BOUNDARY_IN_NAME = pattern(r"after|g[te]e?\b|g[te]e?\]?$", re.IGNORECASE)
_INCLUSIVE = pattern(
    r"(?<!not )inclusiv|\b(?:on|at) or after|or later|or newer|>=|greater than or equal", re.IGNORECASE
)
_ZONE = pattern(r"\bUTC\b|\bGMT\b|time ?zone|\boffset\b|ISO[ -]?8601|RFC ?3339", re.IGNORECASE)
_DELETED_PARAMETER = pattern(r"deleted|archived|trashed|tombstone|removed|inactive", re.IGNORECASE)
_ABOUT_DELETED = pattern(
    r"\bdeleted (?:records?|work orders?|items?|objects?|assets?)\b|\btombstones?\b|\bsoft[- ]delet", re.IGNORECASE
)
_WHAT_HAPPENED = pattern(r"action|event|operation|change_?type|method", re.IGNORECASE)
_MILLISECONDS_FROM = 1e11
_YEARS = range(1900, 3000)
_ELSEWHERE = timezone(timedelta(hours=5, minutes=30))


_NO_DELETIONS = "nothing shows which records were deleted"
_SYNC_TOKEN = pattern(r"^\$?(?:next_?)?(?:sync|delta|change)s?[-_]?(?:token|cursor|link)$", re.IGNORECASE)
_CHANGE_FEED = pattern(r"/(?:changes|delta|changed|updates|modified|sync)/?$", re.IGNORECASE)
_DELETED_FEED = pattern(r"/(?:deleted|deletions|trash|recycle[-_]?bin|tombstones)/?$", re.IGNORECASE)


class ChangeFilter(Struct, frozen=True):
    """A parameter that narrows a list to what changed since a moment; `inclusive` where the document says so.

    `by_token`: it takes the marker of the last run and no moment, so that border and time zone do not arise.
    `known` says in words where border, time zone and deletions are known from.
    """

    parameter: Parameter
    lacks: tuple[str, ...]
    inclusive: bool
    by_token: bool = False
    known: str = ""


def change_filter(ctx: Context, resource: Resource) -> ChangeFilter | None:
    """The filter by time of change of a list, with what the document leaves open about it."""
    parameter = _changed_since(ctx, resource)
    if parameter is None:
        return None
    deleted = _where_deleted(ctx, resource)
    if _SYNC_TOKEN.search(parameter.name):
        lacking = () if deleted else (_NO_DELETIONS,)
        return ChangeFilter(parameter, lacking, inclusive=False, by_token=True, known=f"deletions are known {deleted}")
    text = parameter.description[:5_000]
    schema = parameter.schema.items or parameter.schema
    there = {
        "records do not carry the time of their change": ctx.field(resource.record, "updated") is not None,
        "it is not stated whether the given moment is included": bool(
            _BOUNDARY.search(text) or _BOUNDARY_IN_NAME.search(parameter.name)
        ),
        "the time zone is not stated": schema.format == "date-time" or bool(_ZONE.search(text)),
        _NO_DELETIONS: bool(deleted),
    }
    border = "described" if _BOUNDARY.search(text) else f"known only from the name {parameter.name}"
    zone = "described" if _ZONE.search(text) else f"known only from the format ({schema.format})"
    known = f"the border is {border}, the time zone {zone}, deletions are known {deleted}"
    lacks = tuple(lack for lack, is_there in there.items() if not is_there)
    return ChangeFilter(parameter, lacks, inclusive=bool(_INCLUSIVE.search(text)), known=known)


def change_feed(ctx: Context, resource: Resource) -> Operation | None:
    """An address of its own below a list that gives what changed."""
    return _below(ctx, resource, _CHANGE_FEED)


def _below(ctx: Context, resource: Resource, last: re.Pattern[str]) -> Operation | None:
    home = resource.path.rstrip("/") + "/"
    return next(
        (
            each
            for each in ctx.spec.operations
            if each.method == "GET" and each.path.startswith(home) and "{" not in each.path[len(home) :]
            if last.search(each.path)
        ),
        None,
    )


def sorts_by_change(ctx: Context, resource: Resource) -> bool:
    """Whether a list can be sorted by the time of change, so that a client can stop where it knows the rest."""
    field = ctx.field(resource.record, "updated")
    sort = named(query_parameters(resource.list), ctx.words.sort)
    values = {str(value).lstrip("+-") for each in sort for value in (each.schema.items or each.schema).enum or ()}
    return field is not None and field.name in values


def moment(value: Any) -> datetime | None:
    """A moment as vendors write it: ISO 8601 (UTC where no offset is given), or seconds or milliseconds since 1970.

    None for what is no moment, and for years in which nothing was maintained: they cannot be counted with.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            when = read if read.tzinfo else read.replace(tzinfo=UTC)
        else:
            when = datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS_FROM else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return when if when.year in _YEARS else None


def written(when: datetime, like: Any, *, elsewhere: bool = False) -> str:
    """A moment for a query, as finely written as one of the vendor's own: in UTC, or as it is elsewhere."""
    if not isinstance(like, str):
        return str(round(when.timestamp() * (1000 if like > _MILLISECONDS_FROM else 1)))
    timespec = "milliseconds" if "." in like else "seconds"
    if elsewhere:
        return when.astimezone(_ELSEWHERE).isoformat(timespec=timespec)
    return when.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _changed_since(ctx: Context, resource: Resource) -> Parameter | None:
    direct = named(query_parameters(resource.list), ctx.words.changed_since, filters=True)
    stems = [squeezed(name) for name in ctx.words.fields.get("updated", ())]
    by_name = (
        each
        for each in offer(ctx, resource).by_date
        if any(squeezed(filtered(each)).startswith(stem) for stem in stems)
    )
    tokens = (each for each in query_parameters(resource.list) if _SYNC_TOKEN.search(each.name))
    found = (*direct, *tokens, *(each for each in by_name if not _UNTIL.search(each.name)))
    return found[0] if found else None


def _where_deleted(ctx: Context, resource: Resource) -> str:
    """Where a client learns which records were deleted, in words; empty where nothing shows it."""
    asked = next((each for each in query_parameters(resource.list) if _DELETED_PARAMETER.search(each.name)), None)
    if asked:
        return f"from the parameter {asked.name}"
    feed = _below(ctx, resource, _DELETED_FEED)
    if feed:
        return f"from {feed.path}"
    field = ctx.field(resource.record, "deleted")
    if field:
        return f"from the field {field.name}"
    log = ctx.resources.get("audit_log")
    if log and any(_WHAT_HAPPENED.search(name) for name in (log.record.properties if log.record else ())):
        return f"from the log of changes ({log.path})"
    return "from the text" if prose_about(ctx, _ABOUT_DELETED, resource) else ""
