"""Reads an error body, whatever family it belongs to: its code, its message, the field at fault, its shape.

Families known: RFC 9457, JSON:API, OData 2 and 4, Google, Oracle, Maximo, ServiceNow, Laravel, Django REST,
FastAPI, Spring, GLPI, Frappe, JSON-RPC, gateways and their like. Reads only; what a lack is worth is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from cmms_audit.battery import pattern
from cmms_audit.model import Exchange

from ._error_words import (
    ALSO_OF_RECORDS,
    BY_FIELD,
    CODE_NAMES,
    CODE_NAMES_IN_DETAILS,
    CONTAINER_NAMES,
    CORRELATION_HEADERS,
    CORRELATION_NAMES,
    DETAIL_NAMES,
    FIELD_NAMES,
    FIELD_NAMES_IN_DETAILS,
    IDENTIFIERS,
    MESSAGE_NAMES,
    OF_NO_FIELD,
)

_NO_FIELDS = (OF_NO_FIELD | {*MESSAGE_NAMES, *DETAIL_NAMES}) - ALSO_OF_RECORDS
_MOST_DETAILS = 20
_LONGEST_TEXT = 100_000
_PROBLEM = "application/problem+json"
_OF_A_PROBLEM = frozenset({"type", "title", "status"})
_SLUG = pattern(r"(?:[A-Za-z/#]|0x)[A-Za-z0-9_.:/#~-]{1,200}")
_WORD = pattern(r"[A-Za-z]{2,30}(?:[_.-][A-Za-z]{1,30}){0,6}")
_STATUSES = range(100, 600)
_ERRORS = range(400, 600)
_PHRASES = frozenset(status.phrase.lower() for status in HTTPStatus)
_NO_CODE = frozenset(
    {"error", "failure", "failed", "fail", "false", "exception", "fault", "field", "none", "null", "about:blank"}
)
_FAILED = frozenset({"error", "failure", "failed", "fail"})
_MARKS_OF_SUCCESS = ("success", "ok", "issuccess", "issuccessful", "succeeded")
_MARKS_OF_STATUS = ("status", "statuscode", "status_code", "httpstatus", "code")
_MESSAGES_OF_A_FAILURE = ("message", "messages", "msg", "error", "detail")
_SORT_OF_ERROR = pattern(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|.*(?i:error|exception|invalid|not.?found|denied).*")
_NAMES_A_STATUS_ONLY = pattern(r"rfc-?editor|ietf\.org|rfc\d{4}|httpstatus|developer\.mozilla", re.IGNORECASE)
_HTML = pattern(r"\s{0,100}(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_LOGIN = pattern(r"log.?in|sign.?in|sso|saml|auth", re.IGNORECASE)


class Shape(Struct, frozen=True):
    """Where code and message of an error stand: the path of their holder, and their names, empty where missing."""

    place: str
    code: str
    message: str

    def is_like(self, other: Shape) -> bool:
        """Whether both may be of one design; one that has no code now may have it another time."""
        same_code = self.code == other.code or not (self.code and other.code)
        return (self.place, self.message) == (other.place, other.message) and same_code


class ErrorBody(Struct, frozen=True):
    """What an error says.

    `code` is a word for programs that says more than the status does; `fields` the names of fields or parameters at
    fault; `shape` is the same for all errors of one design.
    """

    code: str | None
    message: str | None
    fields: tuple[str, ...]
    shape: Shape


def read_error(exchange: Exchange) -> ErrorBody | None:
    """The error in a JSON answer; None where the answer is not JSON, or says nothing of an error."""
    body = exchange.json
    if isinstance(body, list):
        return _from_list(body, exchange.status)
    if not isinstance(body, dict) or not body:
        return None
    found = _from_object(body, exchange.status)
    named_so = exchange.media_type == _PROBLEM and body.keys() & _OF_A_PROBLEM
    if found is None or not (named_so or body.keys() >= _OF_A_PROBLEM):
        return found
    return ErrorBody(found.code, found.message, found.fields, Shape(_PROBLEM, "", ""))


def distinct(bodies: Sequence[ErrorBody]) -> list[Shape]:
    """The shapes of some errors, each once."""
    found: list[Shape] = []
    for body in sorted(bodies, key=lambda each: not each.shape.code):
        if not any(body.shape.is_like(known) for known in found):
            found.append(body.shape)
    return found


def correlation_id(exchange: Exchange) -> str | None:
    """The id under which the vendor's support finds this call, in a header or in the body."""
    in_header = next((value for name in CORRELATION_HEADERS if (value := exchange.header(name))), None)
    return in_header or next(_correlations(exchange.json), None)


def is_html(exchange: Exchange) -> bool:
    """Whether an answer is a page for people."""
    return "html" in exchange.media_type or _HTML.match(exchange.text) is not None


def is_page(exchange: Exchange) -> bool:
    """Whether an answer is a page for people, or leads to one where they log in."""
    leads_to_login = 300 <= exchange.status < 400 and _LOGIN.search((exchange.header("location") or "")[:2_000])
    return bool(leads_to_login) or is_html(exchange)


def hides_an_error(exchange: Exchange) -> bool:
    """Whether a success says in its body that it failed, as Snipe-IT and JSON-RPC do; a record that failed is none."""
    body = exchange.json
    if not exchange.ok or not isinstance(body, dict):
        return False
    members = _lowered(body)
    if any(members.get(name) is False for name in _MARKS_OF_SUCCESS):
        return True
    if members.keys() & IDENTIFIERS:
        return False
    return _names_an_error(members) or _names_a_failure(members)


def _names_an_error(members: Mapping[str, Any]) -> bool:
    """Whether an error stands where nothing else does."""
    error = next((members[name] for name in ("error", "exception", "fault", "errors") if members.get(name)), None)
    if isinstance(error, dict):
        return _speaks(error) or "code" in _lowered(error)
    has_data = any(isinstance(value, dict | list) and value is not error and value for value in members.values())
    return isinstance(error, str | list) and not has_data


def _names_a_failure(members: Mapping[str, Any]) -> bool:
    """Whether a status of failure stands beside a message."""
    marks = [members.get(name) for name in _MARKS_OF_STATUS]
    if any(type(mark) is int and mark in _ERRORS for mark in marks):
        return any(members.get(name) for name in _MESSAGES_OF_A_FAILURE)
    failed = any(isinstance(mark, str) and mark.lower() in _FAILED for mark in marks)
    return failed and (_first_message(members, None)[1] is not None or bool(members.get("messages")))


def texts_in(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in parsed JSON, each cut at 100,000 letters; the first 500 of each list or object."""
    if isinstance(value, str):
        yield value[:_LONGEST_TEXT]
    elif depth < 20 and isinstance(value, dict | list):
        for inner in list(value.values() if isinstance(value, dict) else value)[:500]:
            yield from texts_in(inner, depth + 1)


def _from_object(body: Mapping[str, Any], status: int) -> ErrorBody | None:
    place, holder = _holder(body)
    in_a_list = place.endswith("[].")
    details = [each for each in _details(body, holder) if each is not holder or in_a_list]
    code_name, code = _first_code(holder, CODE_NAMES, status)
    message_name, message = _first_message(holder, code)
    if not code:
        inner = (_first_code(each, CODE_NAMES_IN_DETAILS, status)[1] for each in details)
        code = next((each for each in inner if each), None)
    fields = tuple(dict.fromkeys(each for each in _fields(body, holder, details) if each != code))
    if not message:
        message = next((text for _, text in _by_field(holder, single=place.rstrip(".") in BY_FIELD)), None)
    if not (code or message or fields):
        return None
    return ErrorBody(code, message, fields, Shape(place, code_name, message_name))


def _lowered(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in holder.items()}


def _holder(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The object that says what went wrong, and the path of its members: the body, or something in it."""
    members = _lowered(body)
    for name in CONTAINER_NAMES:
        inner = members.get(name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and not _speaks(body):
            within = inner[0].get("Error")  # Maximo wraps each
            return f"{name}[].", within if isinstance(within, dict) else inner[0]
        if isinstance(inner, dict) and (_speaks(inner) or not _speaks(body)):
            return f"{name}.", inner
    return "", body


def _speaks(holder: Mapping[str, Any]) -> bool:
    members = _lowered(holder)
    names = ("message", "detail", "title", "msg", "code", "description", "faultstring", "errormessage", "error")
    return any(isinstance(members.get(name), str) and members[name] for name in names)


def _first_code(holder: Mapping[str, Any], names: Sequence[str], status: int) -> tuple[str, str | None]:
    members = _lowered(holder)
    for name in names:
        value = members.get(name)
        if name == "name" and not (isinstance(value, str) and _SORT_OF_ERROR.fullmatch(value[:300])):
            continue  # the name of a field, or of whatever else
        if _is_code(value, status, named_code="code" in name):
            return name, str(value)
    word = members.get("id")
    if isinstance(word, str) and _WORD.fullmatch(word) and "message" in members:
        return "id", word
    return "", None


def _is_code(value: Any, status: int, *, named_code: bool) -> bool:
    """Whether a value is a word or number for programs that says more than the `status` of the answer does.

    A member that is called a code may use the words of a status ("forbidden"), or a number like one, if it is not that
    of the answer; any other only repeats the status.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value).strip()[:300]
    if text.lstrip("-").isdecimal():
        statuses = (status, 200) if named_code and status in _ERRORS else _STATUSES
        return len(text) < 20 and not (0 <= int(text) <= 1 or int(text) in statuses)
    repeats_status = text.lower() in _PHRASES and not named_code
    known = text.lower() in _NO_CODE or repeats_status or _NAMES_A_STATUS_ONLY.search(text)
    return _SLUG.fullmatch(text) is not None and not known


def _first_message(holder: Mapping[str, Any], code: str | None) -> tuple[str, str | None]:
    """The message and the name under which it stands; a title and a detail are one, as either may be left out."""
    members = _lowered(holder)
    for name in MESSAGE_NAMES:
        is_field = name in ALSO_OF_RECORDS and isinstance(members.get(name), list)
        text = None if is_field else _text(members.get(name))
        if text and text != code:
            return "detail" if name in ("title", "details") else name, text
    return "", None


def _text(value: Any) -> str | None:
    """A message as vendors wrap it: a text, a list of texts, or OData 2's object of language and value."""
    match value:
        case str():
            return value.strip() or None
        case [str() as first, *_]:
            return first.strip() or None
        case {"value": str() as inner}:
            return inner.strip() or None
        case {"msg": str() as inner} | [{"msg": str() as inner}, *_] | [{"message": str() as inner}, *_]:
            return inner.strip() or None
        case _:
            return None


def _fields(body: Mapping[str, Any], holder: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from _named_fields(holder, FIELD_NAMES)
    yield from _named_fields({"loc": holder.get("loc")}, ())
    for each in (holder, *details):
        if isinstance(each.get("source"), dict):
            yield from _named_fields(each["source"], FIELD_NAMES)
    for each in details:
        yield from _named_fields(each, FIELD_NAMES_IN_DETAILS)
    for place in (body, holder):
        for name, inner in _lowered(place).items():
            if name in DETAIL_NAMES and isinstance(inner, dict):
                yield from (field for field, _ in _by_field(inner, single=name in BY_FIELD))
    if not _speaks(holder):
        yield from (field for field, _ in _by_field(holder))


def _details(body: Mapping[str, Any], holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects that tell of single faults, beside or in the one that speaks first, at most two steps down."""
    for place in (body, holder):
        for each in _listed(place):
            yield each
            yield from _listed(each)


def _listed(place: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, inner in _lowered(place).items():
        if name in DETAIL_NAMES:
            some = inner[:_MOST_DETAILS] if isinstance(inner, list) else [inner]
            yield from (each for each in some if isinstance(each, dict))


def _named_fields(holder: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name, value in holder.items():
        if name.lower() in names:
            some = value[:_MOST_DETAILS] if isinstance(value, list) else [value]
            yield from (each for each in some if isinstance(each, str) and 0 < len(each) <= 200)
        elif name.lower() == "loc" and isinstance(value, list) and value:
            yield str(value[-1])[:200]


def _by_field(value: Mapping[str, Any], *, single: bool = False) -> Iterator[tuple[str, str]]:
    """Django REST and Laravel: the names of fields are the keys, their messages lists of texts, or `single` texts."""
    for name, messages in list(value.items())[:_MOST_DETAILS]:
        if name.lower() in _NO_FIELDS:
            continue
        if isinstance(messages, list) and messages and all(isinstance(each, str) for each in messages):
            yield name, messages[0]
        elif single and isinstance(messages, str):
            yield name, messages


def _from_list(body: Sequence[Any], status: int) -> ErrorBody | None:
    """GLPI answers ["ERROR_CODE", "text"]; others a list of error objects."""
    match body:
        case [str() as word, str() as text, *_] if _SLUG.fullmatch(word):
            return ErrorBody(word, text, (), Shape("[]", "0", "1"))
        case [dict() as first, *_]:
            code_name, code = _first_code(first, CODE_NAMES, status)
            message_name, message = _first_message(first, code)
            if code or message:
                fields = tuple(_named_fields(first, FIELD_NAMES_IN_DETAILS))
                return ErrorBody(code, message, fields, Shape("[].", code_name, message_name))
    return None


def _correlations(body: Any) -> Iterator[str]:
    """Ids of the call in the body or right within it; the name of an occurrence (RFC 9457) is one where it is a URN."""
    within = [each for each in body.values() if isinstance(each, dict)] if isinstance(body, dict) else []
    for holder in (body, *within[:_MOST_DETAILS]):
        if isinstance(holder, dict):
            for name, value in holder.items():
                plain = re.sub(r"[^a-z]", "", name[:60].lower())
                is_urn = plain == "instance" and isinstance(value, str) and value.lower().startswith("urn:")
                if (plain in CORRELATION_NAMES or is_urn) and isinstance(value, str | int) and value:
                    yield str(value)
