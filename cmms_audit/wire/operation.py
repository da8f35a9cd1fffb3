"""What a request really does: read or write, whatever its method says. Pure.

Servers let headers, parameters and names in the path stand for another method; all of them are judged, and in doubt a
request is a write. Permission is the guard's business.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cmms_audit.patterns import pattern
from cmms_audit.wire.call import Call

Headers = tuple[tuple[str, str], ...]

READS = frozenset({"GET", "HEAD", "OPTIONS"})
KNOWN = READS | {"POST", "PUT", "PATCH", "DELETE"}  # whatever else there may be is not sent
NEVER = frozenset({"TRACE", "TRACK", "CONNECT"})

_METHOD_HEADERS = frozenset(
    {"x-http-method-override", "x-method-override", "x-http-method", "x-methodoverride", "x-http-methodoverride"}
)
_METHOD_PARAMETERS = frozenset({"_method", "x-http-method-override", "x-method-override", "x-http-method"})
_ACTION_PARAMETERS = frozenset({"action", "_action"})
_VERB_PARAMETERS = frozenset({"method", "cmd", "command", "op", "operation", "verb", "do", "rpc", "function"})

# Words that, alone or at the head of a name (deleteAsset), say that something is changed.
# fmt: off
_CHANGING = frozenset({
    "delete", "remove", "create", "update", "insert", "destroy", "purge", "truncate", "upsert", "overwrite",
    "wipe", "erase",
})
# Words that say so where they stand alone in a path (/work-orders/5/close), or after a colon (/work-orders/5:close).
_ACTING = _CHANGING | {
    "add", "approve", "assign", "unassign", "cancel", "close", "complete", "reopen", "reject", "submit", "save",
    "edit", "set", "reset", "revoke", "rotate", "activate", "deactivate", "enable", "disable", "execute",
    "trigger", "start", "stop", "send", "publish", "merge", "restore", "post", "put", "patch",
}
# Words that say that an action only reads.
_READING = frozenset({
    "get", "list", "search", "find", "query", "read", "view", "count", "fetch", "lookup", "describe",
})
# fmt: on
_FIRST_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*")


def forbidden_method(call: Call) -> str | None:
    """The method of this call that is never sent, openly or by an override; None where there is none."""
    return next((method for method in methods(call) if method in NEVER), None)


def why_write(call: Call, searches: frozenset[str] = frozenset()) -> str | None:
    """Why a call counts as a write, in words of our own ("a DELETE"); None where it is a read.

    `searches` are the exact paths at which a POST only searches.
    """
    return _why_write(call.method, call.url, call.headers, call.body, searches)


def methods(call: Call) -> tuple[str, ...]:
    """The method of a call, and every other one that a header or parameter may turn it into, in capitals."""
    return _methods(call.method, call.url, call.headers, call.body)


@lru_cache(maxsize=64)  # every call is judged at several gates
def _why_write(method: str, url: str, headers: Headers, body: bytes | None, searches: frozenset[str]) -> str | None:
    for each in _methods(method, url, headers, body):
        is_search = each == "POST" and urlsplit(url).path in searches
        if each not in READS and not is_search:
            return f"a {each}" if each == method else f"a {method} that stands for another method"
    parameters = _parameters(url, headers, body)
    if parameters is None:
        return f"a {method} with a body whose meaning is not known"
    if any(_changes(name, value) for name, value in parameters):
        return f"a {method} with a parameter that asks for an action"
    if any(_segment_changes(segment) for segment in _segments(url)):
        return f"a {method} of an address that names an action"
    return None


@lru_cache(maxsize=64)
def _methods(method: str, url: str, headers: Headers, body: bytes | None) -> tuple[str, ...]:
    named = [value for name, value in headers if name.lower().replace("_", "-") in _METHOD_HEADERS]
    parameters = _parameters(url, headers, body) or ()
    given = [value for name, value in parameters if name.lower() in _METHOD_PARAMETERS]
    return (method, *(each.strip().upper() for each in (*named, *given)))


def _changes(name: str, value: str) -> bool:
    lower = name.lower()
    if lower in _ACTION_PARAMETERS:  # what an action does is the vendor's business: only known reading words pass
        return value != "" and _first_word(value) not in _READING
    if lower in _VERB_PARAMETERS:
        return value.upper() in {"POST", "PUT", "PATCH", "DELETE"} or _first_word(value) in _ACTING
    return False


def _segments(url: str) -> list[str]:
    return [segment for segment in unquote(urlsplit(url).path).replace(";", "/").split("/") if segment]


def _segment_changes(segment: str) -> bool:
    if ":" in segment and _first_word(segment.rpartition(":")[2]) in _ACTING:
        return True
    first = _first_word(segment)
    return segment.lower() in _ACTING or (first in _CHANGING and len(segment) > len(first))


def _first_word(name: str) -> str:
    """The first word of a name: "delete" of deleteWorkOrder, delete_work_order and delete-work-order."""
    match = _FIRST_WORD.match(name.strip())
    return match[0].lower() if match else ""


def _parameters(url: str, headers: Headers, body: bytes | None) -> list[tuple[str, str]] | None:
    """Names and values of query and body; None where the body cannot be read, and so could say anything."""
    query = parse_qsl(urlsplit(url).query.replace(";", "&"), keep_blank_values=True)
    in_body = _body_parameters(headers, body)
    return None if in_body is None else [*query, *in_body]


def _body_parameters(headers: Headers, body: bytes | None) -> list[tuple[str, str]] | None:
    if not body:
        return []
    try:
        text = body.decode("utf-8")
        content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
        if "form-urlencoded" in content_type.lower():
            return parse_qsl(text, keep_blank_values=True)
        return _members(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _members(value: Any) -> list[tuple[str, str]]:
    """The members of an object, or of each object in a list, whose values are plain."""
    objects = value if isinstance(value, list) else [value]
    return [
        (str(name), str(content))
        for each in objects
        if isinstance(each, dict)
        for name, content in each.items()
        if not isinstance(content, dict | list)
    ]
