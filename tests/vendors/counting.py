"""Vendors who count calls, and refuse those that are too many, in other ways, and the verdicts due to them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from math import ceil

from tests.vendors.cmms import ABOUT, TEXT, Habits, Json, Paging, Slice, as_json, described, many
from tests.vendors.doors import NEXT_CURSOR, only_a_message
from tests.vendors.judging import Due
from tests.vendors.limit import Left, Limit
from tests.wire.servers import Answer

_CALLS, _SECONDS = 60, 1
BURST = 72
_BARE: Json = {"429": {}}
_REST = ABOUT.partition(". ")[2]
_TOLD = f"At most {_CALLS} requests per second for each user."


def _said(status: int, message: str, **headers: str) -> Answer:
    return as_json({"code": "too_many_calls", "message": message}, status, headers=headers)


# 403 at the limit, as at Accruent, without a word of when to come again; a page without a total or a next one

FORBIDDING = Habits(
    about=f"{_TOLD} Calls above the limit are answered with 403. {_REST}",
    paging=Paging(size="$top", position="$skip"),
    page=lambda part: list(part.records),
    page_described=many,
    limit=Limit(_CALLS, _SECONDS, lambda left: _said(403, "The limit of calls is reached.")),
    at_limit={"403": {}},
)


# Out of order at the limit, as many a gateway in front of a system says, with a waiting time

OUT_OF_ORDER = Habits(
    about=f"{_TOLD} {_REST}",
    limit=Limit(
        _CALLS, _SECONDS, lambda left: _said(503, "Come again later.", **{"Retry-After": str(ceil(left.seconds))})
    ),
    at_limit={"503": {"Retry-After": {"schema": {"type": "integer"}}}},
)


# A limit for each address that calls, and a waiting time that says nothing

BY_ADDRESS = Habits(
    about=f"At most {_CALLS} requests per 2 seconds for each IP address. {_REST}",
    limit=Limit(_CALLS, 2, lambda left: _said(429, "Too many calls from your address.", **{"Retry-After": "0"})),
)


# MaintainX: headers with one dash more, the reset in seconds to go, and how long to wait only in a sentence


def _maintain_page(part: Slice) -> Json:
    if part.following is None:
        return {"records": list(part.records), "nextCursor": None, "nextPageUrl": None}
    return {
        "records": list(part.records),
        "nextCursor": f"c{part.following}",
        "nextPageUrl": part.link(part.following),
    }


def _to_go(left: Left) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(left.limit),
        "X-Rate-Limit-Remaining": str(left.calls),
        "X-Rate-Limit-Reset": str(ceil(left.seconds)),
    }


def _in_a_sentence(left: Left) -> Answer:
    return as_json({"error": f"Too many requests. Please retry in {ceil(left.seconds)} seconds"}, 429)


IN_HEADERS = Habits(
    about=f"{_TOLD} {_CALLS * 5} requests per second for each organization. {_REST}",
    paging=Paging(position="cursor", prefix="c"),
    page=_maintain_page,
    page_described=lambda record: described(records=many(record), nextCursor=NEXT_CURSOR, nextPageUrl=NEXT_CURSOR),
    error=only_a_message,
    error_described=described(error=TEXT),
    limit=Limit(_CALLS, _SECONDS, _in_a_sentence, _to_go),
    at_limit=_BARE,
)


# The same sentence, and no header beside it

ONLY_IN_PROSE = Habits(
    about=f"{_TOLD} {_REST}",
    error=only_a_message,
    error_described=described(error=TEXT),
    limit=Limit(_CALLS, _SECONDS, _in_a_sentence),
    at_limit=_BARE,
)


# Windows that follow one another; their end in milliseconds of the epoch, and Retry-After as a date


def _in_milliseconds(left: Left) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(left.limit),
        "X-RateLimit-Remaining": str(left.calls),
        "X-RateLimit-Reset": f"{left.anew * 1000:.0f}",
    }


def _by_date(left: Left) -> Answer:
    again = format_datetime(datetime.fromtimestamp(left.anew, UTC), usegmt=True)
    return _said(429, "Too many calls.", **{"Retry-After": again})


FIXED_WINDOWS = Habits(
    about=f"{_TOLD} {_REST}",
    limit=Limit(_CALLS, _SECONDS, _by_date, _in_milliseconds, fixed=True),
    at_limit={"429": {"Retry-After": {"description": "When to call again.", "schema": TEXT}}},
)


# The headers of the IETF's present draft: two policies by name, and what is left of each


def _by_policy(left: Left) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"burst";q={left.limit};w={_SECONDS}, "daily";q=500000;w=86400',
        "RateLimit": f'"burst";r={left.calls};t={ceil(left.seconds)}, "daily";r={490_000 + left.calls};t=40000',
    }


def _with_a_wait(left: Left) -> Answer:
    return _said(429, "Too many calls.", **{"Retry-After": str(ceil(left.seconds))})


IETF = Habits(about=f"{_TOLD} {_REST}", limit=Limit(_CALLS, _SECONDS, _with_a_wait, _by_policy))


# A refusal at the limit that looks like a success, as systems give it that were made for remote procedure calls

IN_SUCCESS = Habits(
    about=f"{_TOLD} {_REST}",
    limit=Limit(
        _CALLS, _SECONDS, lambda left: as_json({"error": {"code": "too_many_calls", "message": "Too many calls."}})
    ),
    at_limit={},
)


# No limit at all, and a document that says so, as at Brightly

UNLIMITED = Habits(about=f"There are currently no rate limits. {_REST}", at_limit={})

# Numbers for each method and none for all, as at Limble; the same in a table

_BY_METHOD = "GET: 3600 requests per minute and 40000 per hour. POST and PUT: 1000 per hour. DELETE: 100 per hour."
BY_METHOD = Habits(about=f"{_BY_METHOD} Batch: 20 requests per hour. {_REST}", at_limit=_BARE)
IN_A_TABLE = Habits(
    about=f"""{_REST}

## Rate limits

| Method | Limit |
|---|---|
| GET | 3600 per minute, 40000 per hour |
| DELETE | 100 per hour |
""",
    at_limit=_BARE,
)

VENDORS = {
    "403 at the limit": Due(
        FORBIDDING, {"limits.at-limit": "not_met"}, burst=BURST
    ),  # and nothing on when to come back
    "503 at the limit": Due(OUT_OF_ORDER, {"limits.at-limit": "partial"}, burst=BURST),  # but with a waiting time
    "a limit for each address": Due(BY_ADDRESS, {"limits.at-limit": "partial"}, burst=BURST),  # "0 seconds" is not true
    "a wait in limit headers": Due(IN_HEADERS, {"errors.structure": "partial"}, burst=BURST),  # no code for programs
    "a wait in a sentence": Due(
        ONLY_IN_PROSE,
        {"limits.at-limit": "partial", "errors.structure": "partial"},  # no program can read it; nor the errors
        burst=BURST,
    ),
    "windows by the clock": Due(FIXED_WINDOWS, burst=BURST),
    "headers of the IETF": Due(IETF, burst=BURST),
    "200 at the limit": Due(IN_SUCCESS, {"limits.at-limit": "not_met"}, burst=BURST),
    # 429 without a word of how long to wait
    "limits by method": Due(BY_METHOD, {"limits.at-limit": "partial"}),
    "limits by method in a table": Due(IN_A_TABLE, {"limits.at-limit": "partial"}),
    "no limit": Due(UNLIMITED, {"limits.at-limit": "unknown"}, burst=BURST),  # none was seen, which proves little
}
