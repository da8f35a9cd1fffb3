"""Vendors whose lists are cut into pages in other ways, and the verdicts due to them."""

from __future__ import annotations

from tests.vendors.cmms import NUMBER, TEXT, Habits, Json, Paging, Slice, Wrong, described, many
from tests.vendors.judging import Due

# GLPI: a range of records in one parameter; 206 for a part of them, which a header names with the number of all


def _range(part: Slice) -> dict[str, str]:
    last = part.position + max(len(part.records) - 1, 0)
    return {"Content-Range": f"{part.position}-{last}/{part.total}", "Accept-Range": f"{part.kind} 25"}


RANGES = Habits(
    paging=Paging(size="", position="range", counts="range"),
    page=lambda part: list(part.records),
    page_described=many,
    page_headers=_range,
    page_status=lambda part: 206 if len(part.records) < part.total else 200,
)


# HAL, as Spring makes it: records in what is embedded, links with a href, numbers in an object of their own


def _hal_page(part: Slice) -> Json:
    links = {"self": {"href": part.link(part.position)}}
    if part.following is not None:
        links["next"] = {"href": part.link(part.following)}
    pages = -(-part.total // part.size)
    numbers = {"size": part.size, "totalElements": part.total, "totalPages": pages, "number": part.position}
    return {"_embedded": {"records": list(part.records)}, "_links": links, "page": numbers}


def _hal_page_described(record: Json) -> Json:
    link = described(href=TEXT)
    numbers = dict.fromkeys(("size", "totalElements", "totalPages", "number"), NUMBER)
    return described(
        _embedded=described(records=many(record)),
        _links=described(self=link, next=link),
        page=described(**numbers),
    )


HAL = Habits(
    media_type="application/hal+json",
    paging=Paging(size="size", position="page", counts="pages"),
    page=_hal_page,
    page_described=_hal_page_described,
)


# OData 2, as SAP speaks it: everything below `d`, and the message of an error with its language


def _odata_page(part: Slice) -> Json:
    following = {} if part.following is None else {"__next": part.link(part.following)}
    return {"d": {"results": list(part.records), "__count": str(part.total), **following}}


def _odata_error(wrong: Wrong) -> Json:
    inner = {"errordetails": [{"code": wrong.code, "message": wrong.message, "propertyref": wrong.name}]}
    message = {"lang": "en", "value": wrong.message}
    return {"error": {"code": "MAINTENANCE/001", "message": message, "innererror": inner}}


_DETAIL = described(code=TEXT, message=TEXT, propertyref=TEXT)
ODATA_2 = Habits(
    paging=Paging(size="$top", position="$skip"),
    page=_odata_page,
    page_described=lambda record: described(d=described(results=many(record), __count=TEXT, __next=TEXT)),
    one=lambda record: {"d": record},
    one_described=lambda schema: described(d=schema),
    error=_odata_error,
    error_described=described(
        error=described(
            code={"type": "string", "enum": ["MAINTENANCE/001"]},
            message=described(lang=TEXT, value=TEXT),
            innererror=described(errordetails=many(_DETAIL)),
        )
    ),
)

VENDORS = {
    "ranges": Due(RANGES),
    "HAL": Due(HAL),
    "OData 2": Due(ODATA_2),
}
