"""List requests: how a query string becomes SQL, and how pages follow one another.

Pages are cut by key (the sort field, then the id), so that records made or deleted during a walk make nothing
else vanish or repeat. What may be asked is in offers.py.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from cmms_audit.sandbox.granary import store
from cmms_audit.sandbox.granary.calls import Call
from cmms_audit.sandbox.granary.fields import Field, FieldError, Json, check_value
from cmms_audit.sandbox.granary.offers import Offer
from cmms_audit.sandbox.granary.problems import Problem, invalid_parameter
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.granary.times import normal_moment


@dataclass(frozen=True)
class Query:
    """A list request that makes sense."""

    limit: int
    sort: str
    conditions: tuple[tuple[str, Any], ...]
    after: tuple[Any, str] | None
    fields: tuple[str, ...] | None
    deleted: bool

    @property
    def column(self) -> str:
        """The field to sort by."""
        return self.sort.removeprefix("-")

    @property
    def direction(self) -> str:
        """The SQL word for the direction."""
        return "DESC" if self.sort.startswith("-") else "ASC"


def parse(offered: Offer, pairs: Iterable[tuple[str, str]]) -> Query:
    """Read the query string. Raises a 400 Problem that names the parameter."""
    given = single_values(pairs)
    resource = offered.resource
    filters = {each.name: each for each in offered.filters}
    sort = _sort(offered, given.get("sort"))
    conditions = [
        (
            f"{filters[name].field} {filters[name].test} ?",
            _filter_value(resource.field(filters[name].field), name, value),
        )
        for name, value in given.items()
        if name in filters and not (offered.ignores_filters and filters[name].field != "updated_at")
    ]
    return Query(
        limit=_limit(offered, given.get("limit")),
        sort=sort,
        conditions=tuple(conditions),
        after=_cursor(resource, given["cursor"], sort) if "cursor" in given else None,
        fields=_fields(resource, given["fields"]) if "fields" in given else None,
        deleted=_boolean("include_deleted", given.get("include_deleted", "false")),
    )


def single_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters by name. Raises a 400 Problem where one is given twice."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise invalid_parameter(name, "repeated", "give this parameter once")
        given[name] = value
    return given


def refuse_unknown(given: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise a 400 Problem that names every parameter that is not known."""
    unknown = [name for name in given if name not in set(known)]
    if unknown:
        errors = (FieldError(name, "unknown-parameter", "there is no such parameter") for name in unknown)
        raise Problem("invalid-parameter", "", *errors)


def _limit(offered: Offer, text: str | None) -> int:
    if text is None:
        return offered.default_limit
    number = _integer("limit", text)
    if number < 1:
        raise invalid_parameter("limit", "too-small", "at least 1")
    if number > offered.max_limit and not offered.clamps:
        raise invalid_parameter("limit", "too-large", f"at most {offered.max_limit}")
    return offered.default_limit if offered.ignores_size else min(number, offered.max_limit, offered.served_limit)


def _integer(name: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise invalid_parameter(name, "wrong-type", "a whole number is expected")
    return int(text)


def _boolean(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise invalid_parameter(name, "wrong-type", "true or false is expected")
    return text == "true"


def _sort(offered: Offer, text: str | None) -> str:
    if text is None:
        return offered.resource.default_sort
    if text.removeprefix("-") not in offered.resource.sorts:
        raise invalid_parameter("sort", "not-allowed", f"allowed are: {', '.join(offered.resource.sorts)}")
    return text


def _fields(resource: Resource, text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    known = {field.name for field in resource.served}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise invalid_parameter("fields", "unknown-field", f"there is no field {', '.join(unknown)}")
    return names if "id" in names else ("id", *names)


def _filter_value(field: Field, name: str, text: str) -> Any:
    value: Any = text
    if field.type == "integer":
        value = _integer(name, text)
    elif field.type == "boolean":
        value = _boolean(name, text)
    # An id that does not exist is no mistake: it matches nothing.
    errors = list(check_value(replace(field, pattern="", max_length=None, required=False), value, name))
    if errors:
        raise Problem("invalid-parameter", "", *errors)
    return normal_moment(text) if field.format == "date-time" else value


def _cursor(resource: Resource, text: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, value, id_ = json.loads(base64.b64decode(text.encode(), b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise invalid_parameter("cursor", "malformed", "this is no cursor of ours") from None
    errors = [
        *check_value(resource.field(sort.removeprefix("-")), value, "cursor"),
        *check_value(resource.field("id"), id_, "cursor"),
    ]
    if made_for != sort or errors:
        raise invalid_parameter("cursor", "malformed", "the cursor was made for another list")
    return value, id_


def page(call: Call, offered: Offer, fixed: Iterable[tuple[str, Any]] = ()) -> Json:
    """Answer a list request. `fixed` are conditions that come from the path."""
    pairs = call.request.query_params.multi_items()
    query = parse(offered, pairs)
    database, resource = call.state.database, offered.resource
    conditions = [*query.conditions, *fixed]
    total = store.count(database, resource, conditions, deleted=query.deleted)
    compare = "<" if query.direction == "DESC" else ">"
    if query.after:
        conditions.append((f"({query.column}, id) {compare} (?, ?)", list(query.after)))
    order = f"{query.column} {query.direction}, id {query.direction}"
    skip = offered.skips if query.after else 0
    records = store.select(
        database, resource, conditions, order=order, limit=query.limit + 1, skip=skip, deleted=query.deleted
    )
    cursor = _next_cursor(query, records)
    if offered.repeats and query.after:
        cursor = call.request.query_params["cursor"]
    return {
        "items": [served(resource, record, query.fields) for record in records[: query.limit]],
        "total": total,
        "next": _next_link(call, pairs, cursor),
        "next_cursor": cursor,
    }


def served(resource: Resource, record: Mapping[str, Any], names: tuple[str, ...] | None = None) -> Json:
    """The fields of a record that clients see, or those of them that were asked for."""
    return {field.name: record[field.name] for field in resource.served if names is None or field.name in names}


def _next_cursor(query: Query, records: list[Json]) -> str | None:
    if len(records) <= query.limit:
        return None
    last = records[query.limit - 1]
    return base64.urlsafe_b64encode(json.dumps([query.sort, last[query.column], last["id"]]).encode()).decode()


def _next_link(call: Call, pairs: list[tuple[str, str]], cursor: str | None) -> str | None:
    if cursor is None:
        return None
    others = [(name, value) for name, value in pairs if name != "cursor"]
    return f"{call.request.url.path}?{urlencode([*others, ('cursor', cursor)])}"
