"""Vendors of other habits: refusals, limits, versions, and the bodies that well-known frameworks make."""

from __future__ import annotations

from tests.vendors.cmms import ABOUT, CODE, NUMBER, TEXT, Habits, Json, Paging, Slice, Wrong, described, many
from tests.vendors.judging import Due

LINK: Json = {"type": "string", "nullable": True}


# How somebody is turned away

FORBIDDING = Habits(stranger=403)
HIDING = Habits(stranger=404)
CLAMPING = Habits(paging=Paging(clamps=True))


# Errors in two shapes: the desk at the front speaks one way, the program behind it another


def _from_the_front(wrong: Wrong) -> Json:
    return {"error": {"type": f"gateway_{wrong.code}", "description": wrong.message}}


def _from_a_gateway(wrong: Wrong) -> Json:
    return {"fault": {"faultstring": wrong.message, "detail": {"errorcode": f"gateway.{wrong.code}"}}}


TWO_SHAPES = Habits(error_at=dict.fromkeys(("assets", "locations", "sites"), _from_the_front))
BEHIND_A_GATEWAY = Habits(error_at=dict.fromkeys(("assets", "locations", "sites"), _from_a_gateway))


# A version by date, in a header, and none in the path

DATED = Habits(
    prefix="/api",
    about=ABOUT.replace("come with a new version", "come with a new dated version, named in X-Api-Version,"),
    headers={"X-Api-Version": "2026-05-05"},
    parameters=(
        {
            "name": "X-Api-Version",
            "in": "header",
            "description": "The version of the API, by date. Each is kept for at least two years.",
            "schema": {"type": "string", "enum": ["2025-05-05", "2026-05-05"], "default": "2026-05-05"},
        },
    ),
)


# Laravel: data, links and meta; 422 with the errors by field


def _laravel_page(part: Slice) -> Json:
    last = -(-part.total // part.size)
    links = {
        "first": part.link(1),
        "last": part.link(last),
        "prev": part.link(part.position - 1) if part.position > 1 else None,
        "next": None if part.following is None else part.link(part.following),
    }
    meta = {"current_page": part.position, "last_page": last, "per_page": part.size, "total": part.total}
    return {"data": list(part.records), "links": links, "meta": meta}


def _laravel_page_described(record: Json) -> Json:
    links = described(first=LINK, last=LINK, prev=LINK, next=LINK)
    meta = described(current_page=NUMBER, last_page=NUMBER, per_page=NUMBER, total=NUMBER)
    return described(data=many(record), links=links, meta=meta)


def _laravel_error(wrong: Wrong) -> Json:
    return {"message": wrong.message, **({"errors": {wrong.name: [wrong.message]}} if wrong.status == 422 else {})}


LARAVEL = Habits(
    paging=Paging(size="per_page", position="page", counts="pages", first=1),
    one=lambda record: {"data": record},
    one_described=lambda schema: described(data=schema),
    page=_laravel_page,
    page_described=_laravel_page_described,
    error=_laravel_error,
    error_described=described(message=TEXT, errors={"type": "object", "additionalProperties": many(TEXT)}),
    wrong_query=422,
)


# Django REST framework: count, next, previous, results; a detail, or the errors by field


def _django_page(part: Slice) -> Json:
    previous = part.link(max(part.position - part.size, 0)) if part.position else None
    following = None if part.following is None else part.link(part.following)
    return {"count": part.total, "next": following, "previous": previous, "results": list(part.records)}


def _django_error(wrong: Wrong) -> Json:
    return {wrong.name: [wrong.message]} if wrong.status == 400 else {"detail": wrong.message}


DJANGO = Habits(
    page=_django_page,
    page_described=lambda record: described(count=NUMBER, next=LINK, previous=LINK, results=many(record)),
    error=_django_error,
    error_described={**described(detail=TEXT), "additionalProperties": many(TEXT)},
    since="updated_at__gte",
)


# Spring Data: content and pages that count from zero; the error of Spring Boot as it comes, without a code


def _spring_page(part: Slice) -> Json:
    pages = -(-part.total // part.size)
    last = part.following is None
    return {
        "content": list(part.records),
        "totalElements": part.total,
        "totalPages": pages,
        "number": part.position,
        "size": part.size,
        "last": last,
    }


def _spring_page_described(record: Json) -> Json:
    numbers = dict.fromkeys(("totalElements", "totalPages", "number", "size"), NUMBER)
    return described(content=many(record), last={"type": "boolean"}, **numbers)


_PHRASES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


def _spring_error(wrong: Wrong) -> Json:
    phrase = _PHRASES[wrong.status]
    return {"timestamp": "2026-05-05T08:00:00Z", "status": wrong.status, "error": phrase, "path": wrong.path}


SPRING = Habits(
    paging=Paging(size="size", position="page", counts="pages", first=0, clamps=True),
    page=_spring_page,
    page_described=_spring_page_described,
    error=_spring_error,
    error_described=described(timestamp=TEXT, status=NUMBER, error=TEXT, path=TEXT),
)


# JSON:API: the fields of a record in its attributes, what it refers to in relationships, links, meta, a list of errors


def _json_api_record(kind: str, record: Json) -> Json:
    named = {name: value for name, value in record.items() if name.endswith("_id")}
    own = {name: value for name, value in record.items() if name != "id" and name not in named}
    links = {name.removesuffix("_id"): {"data": _identifier(name, value)} for name, value in named.items()}
    return {"type": kind, "id": record["id"], "attributes": own, "relationships": links}


def _identifier(name: str, value: str | None) -> Json | None:
    return None if value is None else {"type": f"{name.removesuffix('_id')}s", "id": value}


def _json_api_record_described(kind: str, schema: Json) -> Json:
    fields = schema["properties"]
    named = {name: field for name, field in fields.items() if name.endswith("_id")}
    own = {name: field for name, field in fields.items() if name != "id" and name not in named}
    identifier = {**described(type=TEXT, id=TEXT), "nullable": True}
    links = {
        name.removesuffix("_id"): {**described(data=identifier), "description": field["description"]}
        for name, field in named.items()
    }
    return described(type=TEXT, id=fields["id"], attributes=described(**own), relationships=described(**links))


def _json_api_page(part: Slice) -> Json:
    following = None if part.following is None else part.link(part.following)
    return {"data": list(part.records), "links": {"next": following}, "meta": {"total": part.total}}


def _json_api_error(wrong: Wrong) -> Json:
    source = {"source": {"parameter": wrong.name}} if wrong.name else {}
    return {"errors": [{"status": str(wrong.status), "code": wrong.code, "title": wrong.message, **source}]}


JSON_API = Habits(
    media_type="application/vnd.api+json",
    error_media_type="application/vnd.api+json",
    paging=Paging(size="page[size]", position="page[number]", counts="pages", first=1),
    filter_name=lambda name: f"filter[{name}]",
    since="filter[updated_since]",
    record=_json_api_record,
    record_described=_json_api_record_described,
    one=lambda record: {"data": record},
    one_described=lambda schema: described(data=schema),
    page=_json_api_page,
    page_described=lambda record: described(
        data=many(record), links=described(next=LINK), meta=described(total=NUMBER)
    ),
    error=_json_api_error,
    error_described=described(
        errors=many(described(status=TEXT, code=CODE, title=TEXT, source=described(parameter=TEXT)))
    ),
)

VENDORS = {
    "ordinary": Due(Habits()),
    "403 for strangers": Due(FORBIDDING),
    "404 for strangers": Due(HIDING),
    "clamped pages": Due(CLAMPING, {"operations.pagination": "partial"}),  # nothing says that the page was cut
    "errors in two shapes": Due(
        TWO_SHAPES,
        {"errors.structure": "partial"},
        flags=frozenset({"undocumented-behaviour"}),  # the document describes one of them
    ),
    "errors of a gateway": Due(
        BEHIND_A_GATEWAY, {"errors.structure": "partial"}, flags=frozenset({"undocumented-behaviour"})
    ),
    "a version by date": Due(DATED),
    "Laravel": Due(LARAVEL, {"errors.structure": "partial"}),  # no code for programs
    "Django": Due(DJANGO, {"errors.structure": "partial"}),  # no code, and errors of fields have a shape of their own
    "Spring": Due(
        SPRING,
        {"errors.structure": "not_met", "operations.pagination": "partial"},  # "Bad Request" and no more
        flags=frozenset({"generic-errors"}),
    ),
    "JSON:API": Due(JSON_API),
}
