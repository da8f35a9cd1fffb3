"""Errors as RFC 9457 problem documents: one shape everywhere, a stable code, the field or id at fault.

The table of codes is published; the switches here decide how badly a broken vendor says what went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from cmms_audit.sandbox.granary.fields import Field, FieldError, Json, object_schema
from cmms_audit.sandbox.switch import Broken, Switch

GENERIC_ERRORS = Switch(
    "generic-errors",
    "every error says only that something went wrong, without code, field or id",
    questions=("errors.structure", "operations.actions"),
    flags=("generic-errors",),
)
HTML_ERRORS = Switch(
    "html-errors",
    "errors are HTML pages, although the document promises problem documents",
    questions=("errors.structure", "operations.actions"),
    flags=("generic-errors", "undocumented-behaviour"),
)
STACK_TRACES = Switch(
    "stack-traces",
    "errors show the stack trace of the program",
    questions=("errors.structure",),
    flags=("stack-trace-leak",),
)
NO_REQUEST_IDS = Switch(
    "no-request-ids",
    "neither answers nor the audit log carry a request id",
    questions=("auth.audit-log", "errors.structure"),
)
SWITCHES = (NO_REQUEST_IDS, GENERIC_ERRORS, HTML_ERRORS, STACK_TRACES)

PROBLEM_TYPE = "application/problem+json"
ERRORS_PAGE = "/docs/errors"
MAX_ERRORS = 50


@dataclass(frozen=True)
class Code:
    """A published error code: its HTTP status, its title, and what the client should do."""

    name: str
    status: int
    title: str
    advice: str


CODES: dict[str, Code] = {
    code.name: code
    for code in (
        Code("malformed-request", 400, "The request cannot be read", "Send valid JSON with one object at the top."),
        Code("invalid-parameter", 400, "A query parameter is wrong", "See the errors for the parameter's name."),
        Code("too-many-items", 400, "Too many records in one call", "Split the call; nothing was written."),
        Code("unauthorised", 401, "A valid credential is needed", "Get a new token, or check the key."),
        Code("insufficient-scope", 403, "The credential lacks a scope", "Ask for the scope that is named."),
        Code("not-found", 404, "There is no such record", "Check the id that the detail repeats."),
        Code("no-such-path", 404, "There is no such address", "Check the path against the document."),
        Code("method-not-allowed", 405, "The method is not allowed here", "Use a method named in Allow."),
        Code("not-acceptable", 406, "No acceptable media type", "Accept application/json."),
        Code("conflict", 409, "The record conflicts with another", "Change the field that is named."),
        Code("illegal-transition", 409, "The status change is not allowed", "Choose one of the changes named."),
        Code("precondition-failed", 412, "The record was changed meanwhile", "Read it again and repeat."),
        Code("payload-too-large", 413, "The payload is too large", "Keep to the size that is named."),
        Code("unsupported-media-type", 415, "The media type is not supported", "Send the type that is named."),
        Code("validation-failed", 422, "A field is wrong", "See the errors for each field's name."),
        Code("idempotency-key-reused", 422, "The key was used before", "Use a new key for a new payload."),
        Code("precondition-required", 428, "If-Match is needed", "Send the ETag that you last read."),
        Code("rate-limited", 429, "Too many calls", "Wait the seconds named in Retry-After."),
        Code("internal-error", 500, "An error on our side", "Repeat later; name the request id to support."),
        Code("overloaded", 503, "The service is busy", "Repeat later."),
    )
}

ERROR_FIELDS = (
    Field("name", "string", "The field (dotted path) or query parameter at fault.", "priority"),
    Field("code", "string", "What is wrong with it; stable.", "not-allowed"),
    Field("message", "string", "What is wrong with it, in words.", "allowed are: 1, 2, 3, 4, 5"),
)

PROBLEM_FIELDS = (
    Field(
        "type",
        "string",
        "Address of the page that explains the code.",
        f"{ERRORS_PAGE}#validation-failed",
        format="uri-reference",
    ),
    Field("title", "string", "The kind of error in words; the same for each code.", "A field is wrong"),
    Field("status", "integer", "The HTTP status.", 422),
    Field("code", "string", "Stable code for programs.", "validation-failed", enum=tuple(CODES)),
    Field("detail", "string", "What went wrong in this call.", "priority: allowed are: 1, 2, 3, 4, 5"),
    Field("instance", "string", "The path that was called.", "/api/v1/work-orders", format="uri-reference"),
    Field("request_id", "string", "The id of this call, as in X-Request-Id and in the audit log.", "req-1f0a9c2e7b"),
    Field(
        "errors",
        "array",
        "One entry for each field or parameter at fault; empty where none can be named.",
        [{"name": "priority", "code": "not-allowed", "message": "allowed are: 1, 2, 3, 4, 5"}],
        items=Field("error", "object", "One field or parameter.", {}, members=ERROR_FIELDS),
    ),
)


@dataclass(frozen=True)
class Place:
    """Where an error happened: the path that was called and the id of the call."""

    path: str
    request_id: str


class Problem(Exception):  # noqa: N818 - named as RFC 9457 names it
    """An error on its way to the client. `headers` go out with it, such as Allow or Retry-After."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *errors: FieldError,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        self.code = CODES[code]
        self.detail = detail or "; ".join(f"{error.name}: {error.message}" for error in errors[:5])
        self.errors = errors[:MAX_ERRORS]
        self.headers = dict(headers or {})
        self.status = status or self.code.status
        super().__init__(self.detail)

    def document(self, place: Place) -> Json:
        """The problem document of RFC 9457."""
        return {
            "type": f"{ERRORS_PAGE}#{self.code.name}",
            "title": self.code.title,
            "status": self.status,
            "code": self.code.name,
            "detail": self.detail,
            "instance": place.path,
            "request_id": place.request_id,
            "errors": [vars(error) for error in self.errors],
        }


def invalid_fields(errors: Iterable[FieldError]) -> None:
    """Refuse a body with 422 where there is anything wrong with it."""
    found = tuple(errors)
    if found:
        raise Problem("validation-failed", "", *found)


def invalid_parameter(name: str, code: str, message: str) -> Problem:
    """A 400 that names the query parameter."""
    return Problem("invalid-parameter", "", FieldError(name, code, message))


@dataclass(frozen=True)
class ErrorStyle:
    """How this vendor words its errors."""

    broken: Broken

    @property
    def media_type(self) -> str:
        """The media type of errors that the document promises."""
        return "application/json" if GENERIC_ERRORS in self.broken else PROBLEM_TYPE

    def schema(self) -> Json:
        """The schema of errors that the document promises."""
        if GENERIC_ERRORS in self.broken:
            error = Field("error", "string", "What went wrong.", "Something went wrong")
            return object_schema([error]) | {"description": "An error."}
        fields = [each for each in PROBLEM_FIELDS if each.name != "request_id" or NO_REQUEST_IDS not in self.broken]
        return object_schema(fields) | {"description": "A problem document (RFC 9457)."}

    def example(self, code: str, detail: str) -> Json:
        """A complete error body as an example."""
        return self.body(Problem(code, detail), Place("/api/v1/work-orders", "req-1f0a9c2e7b"))

    def body(self, problem: Problem, place: Place) -> Json:
        """The JSON body of an error."""
        if GENERIC_ERRORS in self.broken:
            return {"error": "Something went wrong"}
        document = problem.document(place)
        if NO_REQUEST_IDS in self.broken:
            del document["request_id"]
        if STACK_TRACES in self.broken:
            document["detail"] += "\n" + _TRACE
        return document

    def response(self, problem: Problem, place: Place) -> Response:
        """The answer to send."""
        if HTML_ERRORS in self.broken:
            page = f"<!DOCTYPE html><html><body><h1>{problem.status} {problem.code.title}</h1></body></html>"
            return Response(page, problem.status, problem.headers, "text/html")
        body = json.dumps(self.body(problem, place))
        return Response(body, problem.status, problem.headers, self.media_type)


_TRACE = """Traceback (most recent call last):
  File "/srv/granary/api/handlers.py", line 214, in dispatch
    record = self.repository.load(identifier)
  File "/srv/granary/store/sqlite.py", line 88, in load
    raise LookupError(f"SELECT * FROM records WHERE id = '{identifier}'")
LookupError: SELECT * FROM records WHERE id = ?"""
