"""Vendors whose pages and errors have the forms of well-known systems and frameworks, and the verdicts due to them."""

from __future__ import annotations

import json

from tests.vendors.auditing import SECOND_KEY
from tests.vendors.cmms import (
    ABOUT,
    CODES,
    NUMBER,
    TEXT,
    Access,
    Habits,
    Json,
    Paging,
    Slice,
    Wrong,
    described,
    flow,
    many,
)
from tests.vendors.judging import Due
from tests.vendors.limit import Left, Limit
from tests.wire.servers import Answer
from tests.wire.sessions import KEY

_WITHOUT_NUMBERS = ABOUT.partition(". ")[2]


# ServiceNow: links to the neighbours in a header; an error with two sentences, and none for programs; limits that the
# plant's own administrator sets, told in headers alone


def _links(part: Slice) -> dict[str, str]:
    places = {"first": 0, "prev": max(part.position - part.size, 0), "last": part.total // part.size * part.size}
    if part.following is not None:
        places["next"] = part.following
    links = ",".join(f'<{part.link(position)}>;rel="{name}"' for name, position in places.items())
    return {"Link": links, "X-Total-Count": str(part.total)}


def _service_now_error(wrong: Wrong) -> Json:
    return {"error": {"message": "Invalid request", "detail": wrong.message}, "status": "failure"}


def _by_rule(left: Left) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(left.limit),
        "X-RateLimit-Remaining": str(left.calls),
        "X-RateLimit-Reset": f"{left.anew:.0f}",
        "X-RateLimit-Rule": "67b8ecd4c3b1220037d9b7a2b0d6b8f5",
    }


SERVICE_NOW = Habits(
    prefix="/api/now/v2/table",
    request_id="X-Transaction-ID",
    about=_WITHOUT_NUMBERS,
    paging=Paging(size="sysparm_limit", position="sysparm_offset"),
    page=lambda part: {"result": list(part.records)},
    page_described=lambda record: described(result=many(record)),
    page_headers=_links,
    one=lambda record: {"result": record},
    one_described=lambda schema: described(result=schema),
    error=_service_now_error,
    error_described=described(error=described(message=TEXT, detail=TEXT), status=TEXT),
    limit=Limit(20_000, 3600, lambda left: Answer(429), _by_rule, fixed=True),
)


# OData v4, as Dataverse speaks it: annotations with an @, an ETag in every record, one error object with its target

_ETAG = "@odata.etag"
_ETAG_DESCRIBED = {"type": "string", "description": "The version of this record, for If-Match."}


def _odata_page(part: Slice) -> Json:
    following = {} if part.following is None else {"@odata.nextLink": part.link(part.following)}
    return {
        "@odata.context": f"$metadata#{part.kind}",
        "@odata.count": part.total,
        "value": list(part.records),
        **following,
    }


def _odata_page_described(record: Json) -> Json:
    annotations = {"@odata.context": TEXT, "@odata.count": NUMBER, "@odata.nextLink": TEXT}
    return described(value=many(record), **annotations)


def _odata_error(wrong: Wrong) -> Json:
    return {"error": {"code": "0x80060891", "message": wrong.message, "target": wrong.name, "details": []}}


ODATA = Habits(
    prefix="/api/data/v9.2",
    headers={"OData-Version": "4.0"},
    request_id="x-ms-service-request-id",
    paging=Paging(size="$top", position="$skip"),
    record=lambda kind, record: {_ETAG: f'W/"{record["id"]}-1"', **record},
    record_described=lambda kind, schema: {**schema, "properties": {**schema["properties"], _ETAG: _ETAG_DESCRIBED}},
    page=_odata_page,
    page_described=_odata_page_described,
    error=_odata_error,
    error_described=described(
        error=described(
            code={"type": "string", "enum": ["0x80060891"]}, message=TEXT, target=TEXT, details=many(described())
        )
    ),
)


# Oracle: `count` is what is on this page, `totalResults` what there is; an error names its parts with a prefix


def _oracle_page(part: Slice) -> Json:
    following = [] if part.following is None else [{"rel": "next", "href": part.link(part.following)}]
    return {
        "items": list(part.records),
        "totalResults": part.total,
        "count": len(part.records),
        "hasMore": part.following is not None,
        "limit": part.size,
        "offset": part.position,
        "links": [{"rel": "self", "href": part.link(part.position)}, *following],
    }


def _oracle_page_described(record: Json) -> Json:
    numbers = dict.fromkeys(("totalResults", "count", "limit", "offset"), NUMBER)
    links = many(described(rel=TEXT, href=TEXT))
    return described(items=many(record), hasMore={"type": "boolean"}, links=links, **numbers)


def _oracle_error(wrong: Wrong) -> Json:
    detail = {"detail": wrong.message, "o:errorCode": f"FND-{wrong.code}", "o:errorPath": f"/{wrong.name}"}
    return {"title": wrong.message, "status": str(wrong.status), "o:errorDetails": [detail]}


_ORACLE_CODE: Json = {"type": "string", "enum": [f"FND-{code}" for code in CODES]}
ORACLE = Habits(
    prefix="/fscmRestApi/resources/11.13.18.05",
    request_id="X-ORACLE-DMS-ECID",
    error_media_type="application/vnd.oracle.adf.error+json",
    parameters=(
        {
            "name": "REST-Framework-Version",
            "in": "header",
            "description": "The version of the framework.",
            "schema": {"type": "string", "enum": ["4", "9"], "default": "4"},
        },
    ),
    page=_oracle_page,
    page_described=_oracle_page_described,
    error=_oracle_error,
    error_described=described(
        title=TEXT,
        status=TEXT,
        **{"o:errorDetails": many(described(detail=TEXT, **{"o:errorCode": _ORACLE_CODE, "o:errorPath": TEXT}))},
    ),
)


# Frappe: 417 for what cannot be, the sort of error as the name of a class, the message as JSON in a text; no number of
# records and no next page; a limit on computing time in millionths of a second


def _frappe_error(wrong: Wrong) -> Json:
    kinds = {
        "wrong_parameter": "ValidationError",
        "no_access": "AuthenticationError",
        "only_reading": "MethodNotAllowed",
    }
    told = json.dumps([json.dumps({"message": wrong.message, "indicator": "red"})])
    return {"exc_type": kinds.get(wrong.code, "DoesNotExistError"), "_server_messages": told}


def _in_microseconds(left: Left) -> dict[str, str]:
    used = (left.limit - left.calls) * 2_000
    return {
        "X-RateLimit-Limit": "600000000",
        "X-RateLimit-Remaining": str(600_000_000 - used),
        "X-RateLimit-Reset": f"{left.seconds:.0f}",
    }


FRAPPE = Habits(
    prefix="/api/v2",
    about=f"Each site may use 600 seconds of computing time in an hour. {_WITHOUT_NUMBERS}",
    access=Access(
        credential='{type: api-key, in: header, name: Authorization, value: "${SMALL_PAIR}"}',
        admits=lambda seen: seen.headers.get("authorization") == f"token {SECOND_KEY}:{KEY}",
        schemes=lambda origin: {
            "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow(origin, "read", "write")}},
            "pair": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": 'The word "token", an API key and its secret.',
            },
        },
        security=lambda kind: [{"oauth": ["read"]}, {"pair": []}],
    ),
    paging=Paging(size="limit_page_length", position="limit_start"),
    page=lambda part: {"data": list(part.records)},
    page_described=lambda record: described(data=many(record)),
    one=lambda record: {"data": record},
    one_described=lambda schema: described(data=schema),
    error=_frappe_error,
    error_described=described(
        exc_type={
            "type": "string",
            "enum": ["ValidationError", "AuthenticationError", "DoesNotExistError", "MethodNotAllowed"],
        },
        _server_messages={"type": "string", "description": "A list of messages, as JSON."},
    ),
    wrong_query=417,
    limit=Limit(10**6, 3600, lambda left: Answer(429), _in_microseconds, fixed=True),
)


# FastAPI: 422 with a list of places and what is wrong there; otherwise a detail


def _fast_api_error(wrong: Wrong) -> Json:
    if wrong.status != 422:
        return {"detail": wrong.message}
    return {"detail": [{"loc": ["query", wrong.name], "msg": wrong.message, "type": "int_parsing"}]}


_PLACE = described(loc=many(TEXT), msg=TEXT, type=TEXT)
FAST_API = Habits(
    page=lambda part: {"items": list(part.records), "total": part.total, "limit": part.size, "offset": part.position},
    page_described=lambda record: described(items=many(record), total=NUMBER, limit=NUMBER, offset=NUMBER),
    error=_fast_api_error,
    error_described=described(detail={"anyOf": [TEXT, many(_PLACE)]}),
    wrong_query=422,
)


# Google: a token for the next page; an error with a status in capitals, and the field at fault deep within

_STATUSES = {
    "wrong_parameter": "INVALID_ARGUMENT",
    "no_access": "UNAUTHENTICATED",
    "only_reading": "UNIMPLEMENTED",
    "no_such_address": "NOT_FOUND",
    "no_such_record": "NOT_FOUND",
}


def _google_page(part: Slice) -> Json:
    following = {} if part.following is None else {"nextPageToken": f"t{part.following}"}
    return {"records": list(part.records), **following}


def _google_error(wrong: Wrong) -> Json:
    violation = {"field": wrong.name, "description": wrong.message}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    inner = {"code": wrong.status, "message": wrong.message, "status": _STATUSES[wrong.code]}
    return {"error": {**inner, "details": details if wrong.name else []}}


_VIOLATION = described(field=TEXT, description=TEXT)
GOOGLE = Habits(
    paging=Paging(size="pageSize", position="pageToken", prefix="t"),
    page=_google_page,
    page_described=lambda record: described(records=many(record), nextPageToken=TEXT),
    error=_google_error,
    error_described=described(
        error=described(
            code=NUMBER,
            message=TEXT,
            status={"type": "string", "enum": sorted(set(_STATUSES.values()))},
            details=many(described(fieldViolations=many(_VIOLATION), **{"@type": TEXT})),
        )
    ),
)


# Snipe-IT: whatever a caller who may come in asks wrongly is answered with 200, and the error is in the body


def _snipe_error(wrong: Wrong) -> Json:
    if wrong.status != 200:
        return {"error": wrong.message}
    return {"status": "error", "messages": {wrong.name: [wrong.message]}, "payload": None}


_SNIPE_ERROR = described(
    status={"type": "string", "enum": ["error"]},
    messages={"type": "object", "additionalProperties": many(TEXT)},
    payload={"type": "object", "nullable": True},
)
SNIPE = Habits(
    about=f"{ABOUT} Errors come with HTTP status 200: look at the member status, which says error or success.",
    one_described=lambda schema: {"anyOf": [schema, _SNIPE_ERROR]},
    page=lambda part: {"total": part.total, "rows": list(part.records)},
    page_described=lambda record: described(total=NUMBER, rows=many(record), **_SNIPE_ERROR["properties"]),
    error=_snipe_error,
    error_described=described(error=TEXT),
    wrong_query=200,
    no_record=200,
)


# Codes that are numbers of the vendor's own, in a list, as at X

_NUMBERS = {
    "no_access": 215,
    "no_such_address": 34,
    "no_such_record": 144,
    "only_reading": 86,
    "wrong_parameter": 214,
}
NUMBERED = Habits(
    error=lambda wrong: {"errors": [{"code": _NUMBERS[wrong.code], "message": wrong.message, "field": wrong.name}]},
    error_described=described(
        errors=many(described(code={**NUMBER, "enum": list(_NUMBERS.values())}, message=TEXT, field=TEXT))
    ),
)


# GLPI: a code and a sentence, as a list of two texts

GLPI = Habits(
    error=lambda wrong: [f"ERROR_{wrong.code.upper()}", wrong.message],
    error_described=many(TEXT),
)

VENDORS = {
    "ServiceNow": Due(SERVICE_NOW, {"errors.structure": "partial"}),  # no code for programs
    "OData 4": Due(ODATA),
    "Oracle": Due(ORACLE),
    "Frappe": Due(
        FRAPPE,
        {"errors.structure": "partial"},  # the field at fault stands only in a sentence
    ),
    "FastAPI": Due(FAST_API, {"errors.structure": "partial"}),  # no code but for wrong parameters
    "Google": Due(GOOGLE),
    "numbers for errors": Due(NUMBERED),
    "Snipe-IT": Due(
        SNIPE,
        otherwise={
            "errors.structure": "not_met",  # an integration that goes by the status takes an error for a success
            "operations.status-codes": "not_met",  # 200 for a record that does not exist
            "operations.pagination": "partial",  # an impossible page is refused in the body alone
        },
    ),
    "errors of GLPI": Due(GLPI, {"errors.structure": "partial"}),  # as described, both are just texts
}
