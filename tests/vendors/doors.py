"""Vendors who let programs in by other ways than OAuth 2.0 with permissions, and the verdicts due to them."""

from __future__ import annotations

import base64
from typing import Any

from tests.vendors.auditing import LOGIN, SECOND_KEY
from tests.vendors.cmms import (
    ABOUT,
    NUMBER,
    TEXT,
    Access,
    Habits,
    Json,
    Paging,
    Slice,
    Wrong,
    as_json,
    described,
    flow,
    many,
)
from tests.vendors.families import DATED
from tests.vendors.judging import Due
from tests.vendors.limit import Left, Limit
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

NEXT_CURSOR: Json = {"type": "string", "nullable": True}


def only_a_message(wrong: Wrong) -> Json:
    """An error with a sentence for people, and nothing for programs."""
    return {"error": wrong.message}


# Two keys, each in a header of its own, as at Fleetio; a version by date; a cursor, and no number of records


def _fleet_page(part: Slice) -> Json:
    following = None if part.following is None else f"c{part.following}"
    left = max(part.total - part.position - part.size, 0)
    return {
        "start_cursor": f"c{part.position}",
        "next_cursor": following,
        "per_page": part.size,
        "estimated_remaining_count": left,
        "records": list(part.records),
    }


def _fleet_page_described(record: Json) -> Json:
    numbers = {"per_page": NUMBER, "estimated_remaining_count": NUMBER}
    return described(start_cursor=TEXT, next_cursor=NEXT_CURSOR, records=many(record), **numbers)


TWO_KEYS = Habits(
    prefix="/api",
    about=DATED.about,
    headers=DATED.headers,
    parameters=DATED.parameters,
    access=Access(
        credential='{type: api-key, in: header, name: Authorization, value: "${SMALL_TOKEN}",'
        ' also: [{in: header, name: Account-Token, value: "${SMALL_SECOND_KEY}"}]}',
        admits=lambda seen: (
            seen.headers.get("authorization") == f"Token {KEY}" and seen.headers.get("account-token") == SECOND_KEY
        ),
        schemes=lambda origin: {
            "key": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": 'The word "Token" and an API key, which a user makes in the settings.',
            },
            "account": {"type": "apiKey", "in": "header", "name": "Account-Token", "description": "Of the account."},
        },
        security=lambda kind: [{"key": [], "account": []}],
        challenge="Token",
    ),
    paging=Paging(size="per_page", position="start_cursor", prefix="c"),
    page=_fleet_page,
    page_described=_fleet_page_described,
    error=only_a_message,
    error_described=described(error=TEXT),
)


# User name and password with every call, as at Limble; the next page in a header; limits of a minute and an hour


def _pair(seen: Seen) -> bool:
    expected = base64.b64encode(":".join(LOGIN).encode()).decode()
    return seen.headers.get("authorization") == f"Basic {expected}"


def _neighbours(part: Slice) -> dict[str, str]:
    before = {"prev": part.link(part.position - 1)} if part.position > 1 else {}
    after = {} if part.following is None else {"next": part.link(part.following)}
    return {**before, **after, "last": part.link(-(-part.total // part.size))}


def _counted(left: Left) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "40000",
        "X-RateLimit-Remaining": str(40000 - left.limit + left.calls),
        "X-RateLimit-TTL": "3000",
        "X-RateLimit-Minute-Limit": str(left.limit),
        "X-RateLimit-Minute-Remaining": str(left.calls),
        "X-RateLimit-Minute-TTL": f"{left.seconds:.0f}",
    }


BASIC_ONLY = Habits(
    prefix="/v2",
    about=f"GET requests: at most 3600 per minute and 40000 per hour. {ABOUT.partition('. ')[2]}",
    access=Access(
        credential='{type: basic, username: "${SMALL_NAME}", password: "${SMALL_PASSWORD}"}',
        admits=_pair,
        schemes=lambda origin: {"pair": {"type": "http", "scheme": "basic"}},
        security=lambda kind: [{"pair": []}],
        challenge='Basic realm="Small CMMS"',
    ),
    paging=Paging(position="page", counts="pages", first=1),
    page=lambda part: list(part.records),
    page_described=many,
    page_headers=_neighbours,
    limit=Limit(3600, 60, lambda left: Answer(429), _counted),
    at_limit={"429": {}},
)


# A session that a user name and a password open, as at UpKeep: it has a header of its own, and it ends

_SESSION = "s3ssion-of-the-planner"


def _logged_in(seen: Seen) -> Answer | None:
    if seen.path != "/api/v2/auth":
        return None
    if not all(part in seen.body.decode() for part in LOGIN):
        return as_json({"success": False, "message": "The e-mail address or the password is wrong."}, 401)
    return as_json({"success": True, "result": {"sessionToken": _SESSION, "expiresAt": "2027-01-01T00:00:00Z"}})


def _of_success(**members: Any) -> Json:
    return described(success={"type": "boolean"}, **members)


_LOGIN_DESCRIBED: Json = {
    "post": {
        "summary": "Log in.",
        "security": [],
        "requestBody": {"content": {"application/json": {"schema": described(email=TEXT, password=TEXT)}}},
        "responses": {
            "200": {
                "description": "The session.",
                "content": {
                    "application/json": {
                        "schema": _of_success(
                            result=described(sessionToken=TEXT, expiresAt={"type": "string", "format": "date-time"})
                        )
                    }
                },
            }
        },
    }
}

SESSION = Habits(
    prefix="/api/v2",
    access=Access(
        credential='{type: login, url: "{origin}/api/v2/auth", username: "${SMALL_NAME}",'
        ' password: "${SMALL_PASSWORD}",'
        " fields: {username: email}, take: {json: result.sessionToken}, use: {name: Session-Token}}",
        admits=lambda seen: seen.headers.get("session-token") == _SESSION,
        schemes=lambda origin: {
            "session": {
                "type": "apiKey",
                "in": "header",
                "name": "Session-Token",
                "description": "The session token comes from POST /auth and expires.",
            }
        },
        security=lambda kind: [{"session": []}],
        challenge="Session",
    ),
    before=_logged_in,
    paths={"/auth": _LOGIN_DESCRIBED},
    page=lambda part: {"success": True, "results": list(part.records)},
    page_described=lambda record: _of_success(results=many(record)),
    one=lambda record: {"success": True, "result": record},
    one_described=lambda schema: _of_success(result=schema),
    error=lambda wrong: {"success": False, "message": wrong.message},
    error_described=_of_success(message=TEXT),
)


# OAuth 2.0 without a single permission to choose, and only with a user's password, beside a key, as at Facilio


def _with_code(wrong: Wrong) -> Json:
    return {"success": False, "error": {"code": wrong.code, "message": wrong.message}}


SCOPE_FREE = Habits(
    prefix="/v5",
    access=Access(
        schemes=lambda origin: {
            "oauth": {"type": "oauth2", "flows": {"password": flow(origin)}},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        },
        security=lambda kind: [{"oauth": []}, {"key": []}],
    ),
    paging=Paging(size="pageSize", position="page", counts="pages", first=1),
    error=_with_code,
    error_described=_of_success(error=described(code=TEXT, message=TEXT)),
)


# Keys that carry permissions, and no OAuth 2.0, as Samsara's tokens; the limit stands at each operation


def _told_of(kind: str) -> str:
    right = kind.replace("-", " ").title()
    permission = f"select **Read {right}** under the {right} category when creating or editing an API token."
    return f"Rate limit: 6000 requests per minute.\n\nTo use this endpoint, {permission}"


SCOPED_KEYS = Habits(
    prefix="/v1",
    about=ABOUT.partition(". ")[2],
    access=Access(
        credential='{type: bearer, token: "${SMALL_KEY}"}',
        admits=lambda seen: seen.headers.get("authorization") == f"Bearer {KEY}",
        schemes=lambda origin: {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, made in the settings with the permissions that it is given there.",
            }
        },
        security=lambda kind: [{"token": []}],
    ),
    told_of=_told_of,
    error=lambda wrong: {"message": wrong.message, "requestId": "5f3c-77"},
    error_described=described(message=TEXT, requestId=TEXT),
)


# A key that can travel only in the address of a call

IN_ADDRESS = Habits(
    access=Access(
        credential='{type: api-key, in: query, name: api_key, value: "${SMALL_KEY}"}',
        admits=lambda seen: dict(seen.query).get("api_key") == KEY,
        schemes=lambda origin: {"key": {"type": "apiKey", "in": "query", "name": "api_key"}},
        security=lambda kind: [{"key": []}],
        parameter="api_key",
    ),
)


VENDORS = {
    "keys in two headers": Due(
        TWO_KEYS,
        otherwise={
            "auth.method": "not_met",  # keys, and nothing that runs out
            "auth.scopes": "unknown",  # no document speaks of permissions, and users may have some
            "errors.structure": "partial",  # no code for programs
        },
        flags=frozenset({"api-keys-only"}),
    ),
    "user name and password only": Due(
        BASIC_ONLY,
        otherwise={
            "auth.method": "not_met",
            "auth.scopes": "unknown",
            "limits.at-limit": "partial",  # 429 is described, but not how long to wait
        },
        flags=frozenset({"basic-auth-only"}),
    ),
    "a session by login": Due(
        SESSION,
        otherwise={
            "auth.method": "partial",  # no OAuth 2.0, but tokens that are fetched and run out
            "auth.scopes": "unknown",
            "errors.structure": "partial",  # no code for programs
        },
    ),
    "OAuth without permissions": Due(
        SCOPE_FREE,
        otherwise={
            "auth.method": "partial",  # a form of OAuth 2.0 that is outdated
            "auth.scopes": "not_met",  # there is OAuth 2.0, and nothing in it to choose
            "errors.structure": "partial",  # only the sentence names the field, and the codes are not listed
        },
    ),
    "keys with permissions": Due(
        SCOPED_KEYS,
        otherwise={
            "auth.method": "not_met",  # what a key may do can be chosen, but it does not run out
            "errors.structure": "partial",  # no code for programs
        },
        flags=frozenset({"api-keys-only"}),
    ),
    "a key in the address": Due(
        IN_ADDRESS,
        otherwise={"auth.method": "not_met", "auth.scopes": "unknown"},  # it ends up in log files
        flags=frozenset({"api-keys-only"}),
    ),
}
