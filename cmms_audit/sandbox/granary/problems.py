"""Errors as RFC 9457 problem documents: one shape everywhere, a stable code, the field or id at fault.

The table of codes is published; the switches here decide how badly a broken vendor says what went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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
TWO_ERROR_SHAPES = Switch(
    "two-error-shapes",
    "what the front door refuses has another form than what the program behind it refuses",
    questions=("errors.structure",),
    flags=("undocumented-behaviour",),
)
CHANGING_CODES = Switch(
    "changing-error-codes",
    "the code of an error about a field or parameter is another one each time",
    questions=("errors.structure",),
    flags=("undocumented-behaviour",),
)
UNNAMED_FAULTS = Switch(
    "unnamed-faults",
    "errors have a code, but name neither the field nor the number at fault",
    questions=("errors.structure",),
)
UNNAMED_FIELDS = Switch(
    "unnamed-fields",
    "who writes a wrong field is told that a field is wrong, but not which",
    questions=("errors.structure",),
)
ECHOED_CREDENTIALS = Switch(
    "echoed-credentials",
    "errors repeat the credential that was sent",
    questions=("errors.structure",),
    flags=("stack-trace-leak",),
)
SQL_IN_ERRORS = Switch(
    "sql-in-errors",
    "errors show the database command that failed",
    questions=("errors.structure",),
    flags=("stack-trace-leak",),
)
TRACES_OF_BAD_JSON = Switch(
    "traces-of-bad-json",
    "a body that is not JSON brings the stack trace of the program",
    questions=("errors.structure",),
    flags=("stack-trace-leak",),
)
BAD_JSON_AS_FAILURE = Switch(
    "bad-json-as-failure",
    "a body that is not JSON is answered with 500",
    questions=("errors.structure",),
)
UNANSWERED_BAD_JSON = Switch(
    "unanswered-bad-json",
    "a body that is not JSON is never answered",
    questions=("errors.structure", "errors.monitoring"),
)
ERRORS_AS_SUCCESS = Switch(
    "errors-as-success",
    "who asks for an unknown record is answered with 200 and an error inside, as documented",
    questions=("errors.structure", "errors.monitoring", "operations.status-codes"),
    flags=("undocumented-behaviour",),
)
HTML_ERRORS_OF_ASSETS = Switch(
    "html-errors-of-assets",
    "errors about assets, and about nothing else, are HTML pages for whoever is let in",
    questions=("errors.structure",),
    flags=("undocumented-behaviour",),
)
UNDESCRIBED_ERRORS = Switch(
    "undescribed-errors",
    "the document lists the statuses of errors, but not their form",
    questions=("errors.structure",),
)
MISDESCRIBED_ERRORS = Switch(
    "misdescribed-errors",
    "errors are of one form, but not of the one that the document describes",
    questions=("errors.structure",),
    flags=("undocumented-behaviour",),
)
MISDESCRIBED_FIELDS = Switch(
    "misdescribed-fields",
    "the wrong fields of a write come as an object, where the document has a list",
    questions=("errors.structure",),
    flags=("undocumented-behaviour",),
)
SWITCHES = (
    NO_REQUEST_IDS,
    GENERIC_ERRORS,
    HTML_ERRORS,
    STACK_TRACES,
    TWO_ERROR_SHAPES,
    CHANGING_CODES,
    UNNAMED_FAULTS,
    UNNAMED_FIELDS,
    ECHOED_CREDENTIALS,
    SQL_IN_ERRORS,
    TRACES_OF_BAD_JSON,
    BAD_JSON_AS_FAILURE,
    UNANSWERED_BAD_JSON,
    ERRORS_AS_SUCCESS,
    HTML_ERRORS_OF_ASSETS,
    UNDESCRIBED_ERRORS,
    MISDESCRIBED_ERRORS,
    MISDESCRIBED_FIELDS,
)

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
    """Where an error happened: the path that was called, the id of the call, and the credential that came with it."""

    path: str
    request_id: str
    credential: str = ""


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
        """A complete error body as an example, as it is promised."""
        promised = ErrorStyle(self.broken & {GENERIC_ERRORS, NO_REQUEST_IDS})
        return promised.body(Problem(code, detail), Place("/api/v1/work-orders", "req-1f0a9c2e7b"))

    def body(self, problem: Problem, place: Place) -> Json:
        """The JSON body of an error."""
        if GENERIC_ERRORS in self.broken:
            return {"error": "Something went wrong"}
        document = problem.document(place)
        if NO_REQUEST_IDS in self.broken:
            del document["request_id"]
        if self._leaves_the_fault_unnamed(problem):
            document |= {"detail": problem.code.title, "errors": []}
        if CHANGING_CODES in self.broken and problem.errors:
            document["code"] += f"-{place.request_id[-4:]}"
        if MISDESCRIBED_FIELDS in self.broken and problem.code.name == "validation-failed":
            document["errors"] = {error.name: error.message for error in problem.errors}
        document["detail"] += self._gives_away(problem, place)
        return self._in_another_form(problem, document)

    def response(self, problem: Problem, place: Place) -> Response:
        """The answer to send."""
        unreadable = problem.code.name == "malformed-request"
        if unreadable and UNANSWERED_BAD_JSON in self.broken:
            return BrokenOff(status_code=problem.status)
        if unreadable and BAD_JSON_AS_FAILURE in self.broken:
            problem = Problem("internal-error", "an error on our side")
        if HTML_ERRORS in self.broken or self._is_page_of_assets(problem, place):
            page = f"<!DOCTYPE html><html><body><h1>{problem.status} {problem.code.title}</h1></body></html>"
            return Response(page, problem.status, problem.headers, "text/html")
        body = self.body(problem, place)
        if ERRORS_AS_SUCCESS in self.broken and problem.code.name == "not-found":
            return Response(json.dumps({"success": False, "error": body}), 200, problem.headers, "application/json")
        return Response(json.dumps(body), problem.status, problem.headers, self.media_type)

    def _is_page_of_assets(self, problem: Problem, place: Place) -> bool:
        is_let_in = problem.code.name != "unauthorised"
        return HTML_ERRORS_OF_ASSETS in self.broken and is_let_in and "/assets" in place.path

    def _leaves_the_fault_unnamed(self, problem: Problem) -> bool:
        is_field = problem.code.name == "validation-failed"
        return UNNAMED_FAULTS in self.broken or (UNNAMED_FIELDS in self.broken and is_field)

    def _gives_away(self, problem: Problem, place: Place) -> str:
        unreadable = problem.code.name == "malformed-request"
        if STACK_TRACES in self.broken or (TRACES_OF_BAD_JSON in self.broken and unreadable):
            return "\n" + _TRACE
        if SQL_IN_ERRORS in self.broken:
            return ": SELECT id, status FROM records WHERE id = ? AND tenant = ?"
        return f": came with {place.credential}" if ECHOED_CREDENTIALS in self.broken else ""

    def _in_another_form(self, problem: Problem, document: Json) -> Json:
        if TWO_ERROR_SHAPES in self.broken and problem.code.name in _OF_THE_FRONT_DOOR:
            told = {"faultstring": document["detail"], "detail": {"errorcode": f"gateway.{document['code']}"}}
            return {"fault": told}
        if MISDESCRIBED_ERRORS in self.broken:
            named = {"errorCode": document["code"], "errorMessage": document["detail"]}
            return named | {"errorFields": [error.name for error in problem.errors]}
        return document


class BrokenOff(Response):
    """An answer that promises a body and never sends it, so that the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, and no more."""
        head = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": head})


_OF_THE_FRONT_DOOR = ("unauthorised", "no-such-path", "method-not-allowed", "not-acceptable", "unsupported-media-type")

_TRACE = """Traceback (most recent call last):
  File "/srv/granary/api/handlers.py", line 214, in dispatch
    record = self.repository.load(identifier)
  File "/srv/granary/store/sqlite.py", line 88, in load
    raise LookupError(f"SELECT * FROM records WHERE id = '{identifier}'")
LookupError: SELECT * FROM records WHERE id = ?"""
