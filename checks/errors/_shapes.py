"""Reads an error body, whatever family it belongs to: its code, its message, the field at fault, its shape.

Families known: RFC 9457, JSON:API, OData 2 and 4, Google, Oracle, Maximo, ServiceNow, Laravel, Django REST,
FastAPI, Spring, GLPI, Frappe, JSON-RPC and their like. Reads only; what a lack is worth is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from cmms_audit.battery import pattern
from cmms_audit.model import Exchange

CODE_NAMES = (
    "code", "errorcode", "error_code", "reasoncode", "spi:reasoncode", "o:errorcode", "errcode", "exc_type", "slug",
    "reason", "type", "error", "status",
)  # fmt: skip
CODE_NAMES_IN_DETAILS = ("code", "errorcode", "error_code", "o:errorcode", "reasoncode", "type")
MESSAGE_NAMES = (
    "message", "detail", "details", "title", "error_description", "description", "msg", "oslc:message", "reason",
    "messages", "error", "o:errordetails", "_server_messages",
)  # fmt: skip
FIELD_NAMES = (
    "field", "fields", "pointer", "parameter", "param", "attribute", "errorattrname", "property", "target",
    "o:errorpath", "errorfield", "fieldname", "field_name",
)  # fmt: skip
FIELD_NAMES_IN_DETAILS = (*FIELD_NAMES, "name", "path", "propertypath")
CONTAINER_NAMES = (
    "error", "Error", "oslc:Error", "errors", "o:errorDetails", "fault", "attrerrors", "errorResponse", "detail",
)  # fmt: skip
DETAIL_NAMES = (
    "errors", "error", "details", "detail", "attrerrors", "o:errorDetails", "invalid-params", "invalid_params",
    "invalidParams", "violations", "validationErrors", "fieldErrors",
)  # fmt: skip
_CORRELATION_NAMES = frozenset(
    {"requestid", "traceid", "correlationid", "errorid", "operationid", "logid", "eventid", "referenceid"}
)
_CORRELATION_HEADERS = (
    "x-request-id", "request-id", "x-correlation-id", "correlation-id", "traceparent", "x-trace-id",
    "x-amzn-requestid", "x-ms-request-id", "x-github-request-id",
)  # fmt: skip

_SLUG = pattern(r"(?:[A-Za-z]|0x)[A-Za-z0-9_.:/#~-]{1,200}")
_STATUSES = range(100, 600)
_PHRASES = frozenset(status.phrase.lower() for status in HTTPStatus)
_NO_CODE = frozenset(
    {"error", "failure", "failed", "fail", "false", "exception", "fault", "none", "null", "about:blank"}
)
_FAILED = frozenset({"error", "failure", "failed", "fail"})
_NAMES_A_STATUS_ONLY = pattern(r"rfc-?editor|ietf\.org|rfc\d{4}|httpstatus|developer\.mozilla", re.IGNORECASE)
_HTML = pattern(r"\s{0,100}(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)


class ErrorBody(Struct, frozen=True):
    """What an error says.

    `code` is a word for programs that says more than the status does; `fields` the names of fields or parameters at
    fault; `shape` where code and message stand, the same for all errors of one design.
    """

    code: str | None
    message: str | None
    fields: tuple[str, ...]
    shape: str


def read_error(exchange: Exchange) -> ErrorBody | None:
    """The error in a JSON answer; None where the answer is not JSON, or says nothing of an error."""
    body = exchange.json
    if isinstance(body, list):
        return _from_list(body)
    if not isinstance(body, dict) or not body:
        return None
    place, holder = _holder(body)
    code_name, code = _first_code(holder, CODE_NAMES)
    message_name, message = _first_message(holder, code)
    fields = tuple(dict.fromkeys(_fields(body, holder)))
    if not code:
        codes = (_first_code(each, CODE_NAMES_IN_DETAILS)[1] for each in _details(body, holder))
        code = next((inner for inner in codes if inner), None)
    if not message:
        message = next(_texts_by_field(holder), None)
    if not (code or message or fields):
        return None
    shape = f"{place}{code_name or '-'}, {place}{message_name or '-'}"
    return ErrorBody(code, message, fields, shape)


def correlation_id(exchange: Exchange) -> str | None:
    """The id under which the vendor's support finds this call, in a header or in the body."""
    in_header = next((value for name in _CORRELATION_HEADERS if (value := exchange.header(name))), None)
    return in_header or next(_correlations(exchange.json), None)


def is_html(exchange: Exchange) -> bool:
    """Whether an answer is a page for people."""
    return "html" in exchange.media_type or _HTML.match(exchange.text) is not None


def hides_an_error(exchange: Exchange) -> bool:
    """Whether a success says in its body that it failed, as Snipe-IT and JSON-RPC do."""
    body = exchange.json
    if not exchange.ok or not isinstance(body, dict):
        return False
    status = body.get("status")
    says_so = body.get("success") is False or (
        isinstance(status, str) and status.lower() in _FAILED and _first_message(body, None)[1] is not None
    )
    error = body.get("error") or body.get("Error") or body.get("exception")
    return says_so or (isinstance(error, dict) and bool(_first_message(error, None)[1] or error.get("code")))


def _holder(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The object that says what went wrong, and the path of its members: the body, or something in it."""
    for name in CONTAINER_NAMES:
        inner = body.get(name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and not _speaks(body):
            return f"{name}[].", inner[0].get("Error", inner[0]) if isinstance(inner[0].get("Error"), dict) else inner[
                0
            ]
        if isinstance(inner, dict) and (_speaks(inner) or not _speaks(body)):
            return f"{name}.", inner
    return "", body


def _speaks(holder: Mapping[str, Any]) -> bool:
    return any(
        isinstance(holder.get(name), str) and holder[name] for name in ("message", "detail", "title", "msg", "code")
    )


def _first_code(holder: Mapping[str, Any], names: Sequence[str]) -> tuple[str | None, str | None]:
    members = {name.lower(): (name, value) for name, value in holder.items()}
    for name in names:
        own, value = members.get(name, ("", None))
        if _is_code(value, named_code="code" in name):
            return own, str(value)
    return None, None


def _is_code(value: Any, *, named_code: bool) -> bool:
    """Whether a value is a word or number for programs that says more than a status does.

    A member that is called a code may use the words of a status ("forbidden"); any other only repeats the status.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value).strip()[:300]
    if text.lstrip("-").isdigit():
        return len(text) < 20 and not (0 <= int(text) <= 1 or int(text) in _STATUSES)
    repeats_status = text.lower() in _PHRASES and not named_code
    known = text.lower() in _NO_CODE or repeats_status or _NAMES_A_STATUS_ONLY.search(text)
    return _SLUG.fullmatch(text) is not None and not known


def _first_message(holder: Mapping[str, Any], code: str | None) -> tuple[str | None, str | None]:
    members = {name.lower(): (name, value) for name, value in holder.items()}
    for name in MESSAGE_NAMES:
        own, value = members.get(name, ("", None))
        text = _text(value)
        if text and text != code:
            return own, text
    return None, None


def _text(value: Any) -> str | None:
    """A message as vendors wrap it: a text, a list of texts, or OData 2's object of language and value."""
    match value:
        case str():
            return value.strip() or None
        case [str() as first, *_]:
            return first.strip() or None
        case {"value": str() as inner}:
            return inner.strip() or None
        case {"msg": str() as inner} | [{"msg": str() as inner}, *_]:
            return inner.strip() or None
        case _:
            return None


def _fields(body: Mapping[str, Any], holder: Mapping[str, Any]) -> Iterator[str]:
    yield from _named_fields(holder, FIELD_NAMES)
    for each in _details(body, holder):
        yield from _named_fields(each, FIELD_NAMES_IN_DETAILS)
        if isinstance(each.get("source"), dict):
            yield from _named_fields(each["source"], FIELD_NAMES)
    for name in DETAIL_NAMES:
        for place in (body, holder):
            if isinstance(place.get(name), dict):
                yield from (field for field, _ in _keyed_by_field(place[name]))
    if not _speaks(holder):
        yield from (field for field, _ in _keyed_by_field(holder))


def _details(body: Mapping[str, Any], holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects that name single faults: the one that speaks first, and the members of lists beside or in it."""
    yield {"source": holder.get("source"), "loc": holder.get("loc")}
    for place in (body, holder):
        for name in DETAIL_NAMES:
            listed = place.get(name)
            if isinstance(listed, list):
                yield from (each for each in listed[:20] if isinstance(each, dict))


def _named_fields(holder: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name, value in holder.items():
        if name.lower() in names and isinstance(value, str) and 0 < len(value) <= 200:
            yield value
        elif name.lower() == "loc" and isinstance(value, list) and value:
            yield str(value[-1])


def _keyed_by_field(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Django REST and Laravel: the names of fields are the keys, their messages lists of texts."""
    for name, messages in value.items():
        is_list = isinstance(messages, list) and messages and all(isinstance(each, str) for each in messages)
        if is_list and name.lower() not in MESSAGE_NAMES and name.lower() not in DETAIL_NAMES:
            yield name, messages[0]


def _texts_by_field(holder: Mapping[str, Any]) -> Iterator[str]:
    return (text for _, text in _keyed_by_field(holder))


def _from_list(body: Sequence[Any]) -> ErrorBody | None:
    """GLPI answers ["ERROR_CODE", "text"]; others a list of error objects."""
    match body:
        case [str() as word, str() as text, *_] if _SLUG.fullmatch(word):
            return ErrorBody(word, text, (), "[0], [1]")
        case [dict() as first, *_]:
            code_name, code = _first_code(first, CODE_NAMES)
            message_name, message = _first_message(first, code)
            if code or message:
                fields = tuple(_named_fields(first, FIELD_NAMES_IN_DETAILS))
                return ErrorBody(code, message, fields, f"[].{code_name}, [].{message_name}")
    return None


def _correlations(body: Any) -> Iterator[str]:
    holders = [body, *(body.get(name) for name in CONTAINER_NAMES)] if isinstance(body, dict) else []
    for holder in holders:
        if isinstance(holder, dict):
            for name, value in holder.items():
                plain = re.sub(r"[^a-z]", "", name[:60].lower())
                if plain in _CORRELATION_NAMES and isinstance(value, str | int) and value:
                    yield str(value)
