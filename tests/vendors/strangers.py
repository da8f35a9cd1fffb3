"""Vendors who turn away strangers and other customers in other ways, and the verdicts due to them."""

from __future__ import annotations

from dataclasses import replace

from tests.vendors.auditing import SECOND_KEY
from tests.vendors.cmms import CODE, TEXT, Access, Habits, Json, Wrong, as_json, described
from tests.vendors.judging import Due
from tests.vendors.limit import Left, Limit
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

# What a ready-made gateway does in front of a system: 403 for strangers, and for addresses where nothing is, as at AWS


def _gateway_error(wrong: Wrong) -> Json:
    if wrong.code == "no_such_address":
        return {"message": "Missing Authentication Token"}
    return {"message": "Forbidden"} if wrong.code == "no_access" else {"code": wrong.code, "message": wrong.message}


BEHIND_AWS = Habits(
    stranger=403,
    no_address=403,
    error=_gateway_error,
    error_described=described(code=CODE, message=TEXT),
    request_id="x-amzn-RequestId",
)


# Strangers are counted, as at Atlas: a few calls a minute without a good key, and then 429 whatever they show


def _put_off(left: Left) -> Answer:
    return as_json({"error": "Rate limit exceeded", "message": "Too many calls without a valid key."}, 429)


COUNTING_STRANGERS = Habits(limit=Limit(10, 60, _put_off, counts=lambda seen: seen.headers.get("x-api-key") != KEY))


# Two customers of one vendor: the records of one do not exist for the other, or are others under the same ids

_ANOTHER_CUSTOMER = Access(
    other='{type: api-key, in: header, name: X-Api-Key, value: "${SMALL_SECOND_KEY}"}',
    is_other=lambda seen: seen.headers.get("x-api-key") == SECOND_KEY,
)
HIDING_FROM_OTHERS = Habits(access=_ANOTHER_CUSTOMER)
NAMESAKES = Habits(access=replace(_ANOTHER_CUSTOMER, namesakes=True))


# What is open to everybody on purpose: whether the system is up, its version, its own description


def _open_to_all(seen: Seen) -> Answer | None:
    bodies: dict[str, Json] = {
        "/api/v1/ping": {"pong": True},
        "/api/v1/health": {"status": "up"},
        "/api/v1/version": {"version": "1.0"},
        "/api/v1/openapi.json": {"openapi": "3.0.3", "info": {"title": "Small CMMS", "version": "1.0"}, "paths": {}},
    }
    return as_json(bodies[seen.path]) if seen.path in bodies else None


def _open_operation(**members: Json) -> Json:
    well = {"description": "Well.", "content": {"application/json": {"schema": described(**members)}}}
    return {"get": {"summary": "Open to everybody.", "security": [], "responses": {"200": well}}}


OPEN_BY_DESIGN = Habits(
    before=_open_to_all,
    paths={
        "/ping": _open_operation(pong={"type": "boolean"}),
        "/health": _open_operation(status=TEXT),
        "/version": _open_operation(version=TEXT),
        "/openapi.json": _open_operation(openapi=TEXT),
    },
)

VENDORS = {
    "a gateway in front": Due(
        BEHIND_AWS,
        otherwise={
            "errors.structure": "partial",  # the gateway has no codes, and nothing but a sentence names the field
            "operations.status-codes": "partial",  # 403 for an address where nothing is
        },
    ),
    "strangers are counted": Due(COUNTING_STRANGERS),  # ten are refused, and not one gets anything
    "404 for records of others": Due(HIDING_FROM_OTHERS),
    "records of others under our ids": Due(NAMESAKES),
    "open by design": Due(OPEN_BY_DESIGN),
}
