"""The OpenAPI 3.0.3 document, made from the operations and resources that the server runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmms_audit.sandbox.granary import auth, catalogue, limits, problems, security, texts
from cmms_audit.sandbox.granary.calls import NO_VERSIONING, RELEASE, Answer, Operation, Parameter, api_prefix
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.limits import Limit
from cmms_audit.sandbox.granary.problems import CODES, NO_REQUEST_IDS, ErrorStyle
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.switch import Broken, Switch

PLAIN_HTTP_SERVER = Switch(
    "plain-http-server",
    "the document names a production server without encryption",
    questions=("auth.method",),
    flags=("plain-http-credentials",),
)
UNDATED_WITHDRAWAL = Switch(
    "undated-withdrawal",
    "an operation is marked as deprecated, and nothing says when it will be gone",
    questions=("errors.versioning",),
)
SWITCHES = (PLAIN_HTTP_SERVER, UNDATED_WITHDRAWAL)

_GOING = "read_meter_readings"


def build(origin: str, broken: Broken, published: Sequence[Limit]) -> Json:
    """The document of a vendor at that origin, such as "http://127.0.0.1:8000"."""
    offered = catalogue.resources(broken)
    operations = catalogue.operations(offered, broken)
    paths: Json = {}
    used: set[str] = set()
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, broken)
        used.update(_error_codes(operation, broken).values())
    document = {
        "openapi": "3.0.3",
        "info": _info(broken, published),
        "servers": _servers(broken),
        "externalDocs": {"description": "Documentation: limits, versions, changes, errors", "url": f"{origin}/docs"},
        "tags": _tags(offered, operations),
        "paths": paths,
        "components": {
            "schemas": catalogue.schemas(offered, broken) | {"Problem": ErrorStyle(broken).schema()},
            "responses": {code: _problem_response(code, broken) for code in sorted(used)},
            "headers": _headers(published, broken),
            "securitySchemes": security.schemes(origin, broken),
        },
    }
    if limits.NO_PUBLISHED_LIMITS not in broken:
        document["x-rate-limits"] = [{"per": each.name, "calls": each.calls} for each in published]
    return document


def _info(broken: Broken, published: Sequence[Limit]) -> Json:
    chapters = {
        "Authentication": texts.authentication(broken),
        "Rotation of credentials": texts.rotation(broken),
        "Rate limits": texts.rate_limits(published, broken),
        "Lists": texts.lists(broken),
        "Events": texts.events(broken),
        "Errors": texts.errors(broken) if problems.GENERIC_ERRORS not in broken else "Errors carry a message.",
        "Versions": texts.versioning(broken),
    }
    return {
        "title": texts.TITLE,
        "version": "current" if NO_VERSIONING in broken else RELEASE,
        "description": "\n\n".join(f"## {title}\n\n{text}" for title, text in chapters.items()),
        "contact": {"name": "Granary developer support", "email": "developers@granary.example"},
    }


def _servers(broken: Broken) -> list[Json]:
    servers: list[Json] = [{"url": api_prefix(broken), "description": "This server."}]
    if PLAIN_HTTP_SERVER in broken:
        servers.append({"url": f"http://api.granary.example{api_prefix(broken)}", "description": "Production."})
    return servers


def _tags(offered: Mapping[str, Resource], operations: Sequence[Operation]) -> list[Json]:
    names = dict.fromkeys(operation.tag for operation in operations)
    texts_ = {name: resource.description for name, resource in offered.items()}
    return [{"name": name, "description": texts_.get(name, "Whether the service is up.")} for name in names]


# -- operations -------------------------------------------------------------------------------------------


def _operation(operation: Operation, broken: Broken) -> Json:
    responses = {str(answer.status): _answer(answer, broken, bool(operation.scopes)) for answer in operation.answers}
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description + _scope_text(operation, broken),
        "security": security.requirements(operation, broken),
        "responses": responses
        | {status: _response_ref(code) for status, code in sorted(_error_codes(operation, broken).items())},
    }
    parameters = [*_path_parameters(operation.path), *map(_parameter, operation.parameters)]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        content = {media_type: {"schema": schema} for media_type, schema in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
    if operation.callbacks:
        described["callbacks"] = operation.callbacks
    if UNDATED_WITHDRAWAL in broken and operation.id == _GOING:
        described["deprecated"] = True
    if security.scoped(operation, broken):
        described["x-required-scopes"] = list(operation.scopes)
    return described


def _scope_text(operation: Operation, broken: Broken) -> str:
    return f" Needs the scope {' '.join(operation.scopes)}." if security.scoped(operation, broken) else ""


def _path_parameters(path: str) -> list[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    schema = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "description": f"The {name} of the record.", "schema": schema}
        for name in names
    ]


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _answer(answer: Answer, broken: Broken, counted: bool) -> Json:
    names = [*answer.headers, *_common_headers(broken, counted)]
    described: Json = {"description": answer.description, "headers": {name: _header_ref(name) for name in names}}
    if answer.schema is not None:
        described["content"] = {answer.media_type: {"schema": answer.schema}}
    return described


def _common_headers(broken: Broken, counted: bool) -> list[str]:
    """The headers of every answer; those about limits only where the call counts against them."""
    request_id = [] if NO_REQUEST_IDS in broken else ["X-Request-Id"]
    return request_id + (list(_LIMIT_HEADERS) if counted and limits.NO_PUBLISHED_LIMITS not in broken else [])


def _header_ref(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


# -- errors -----------------------------------------------------------------------------------------------


def _response_ref(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}


def _error_codes(operation: Operation, broken: Broken) -> dict[str, str]:
    """The error codes of an operation by status. Of codes that share a status the first stands for all."""
    codes = [*operation.errors, "not-acceptable", "internal-error"]
    if not operation.parameters and operation.method == "GET":
        codes.append("invalid-parameter")
    if operation.scopes:
        codes += ["unauthorised", _limit_code(broken)]
        codes += ["insufficient-scope"] if security.scoped(operation, broken) else []
    if operation.body:
        codes += ["payload-too-large", "unsupported-media-type"]
    return {str(CODES[code].status): code for code in reversed(codes)}


def _limit_code(broken: Broken) -> str:
    return "overloaded" if limits.NO_429 in broken else "rate-limited"


def _problem_response(name: str, broken: Broken) -> Json:
    code, style = CODES[name], ErrorStyle(broken)
    same_status = [each for each in CODES.values() if each.status == code.status]
    headers = _common_headers(broken, counted=code.status != 401)
    if code.status in {401, 403}:
        headers.append("WWW-Authenticate")
    if code.status == 429 and limits.BARE_429 not in broken:
        headers.append("Retry-After")
    meanings = "; ".join(f"{each.name}: {each.title}" for each in same_status)
    described: Json = {
        "description": meanings if problems.GENERIC_ERRORS not in broken else "An error.",
        "headers": {header: _header_ref(header) for header in headers},
    }
    if problems.UNDESCRIBED_ERRORS in broken:
        return described
    return described | {
        "content": {
            style.media_type: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": style.example(name, code.advice),
            }
        },
    }


# -- headers ----------------------------------------------------------------------------------------------

_LIMIT_HEADERS = {
    "RateLimit-Policy": ("string", "Every limit: its name, calls (q) and seconds (w)."),
    "RateLimit": ("string", "What is left of every limit: calls (r), and seconds until it starts anew (t)."),
    "X-RateLimit-Limit": ("integer", "Calls per minute, or those of the limit that refused the call."),
    "X-RateLimit-Remaining": ("integer", "Calls left of that limit."),
    "X-RateLimit-Reset": ("integer", "Seconds until that limit starts anew."),
}
_HEADERS = {
    "Location": ("string", "Path of the new record."),
    "ETag": ("string", "Version of the record, for If-Match."),
    "X-Request-Id": ("string", "Id of this call, as in the audit log."),
    "WWW-Authenticate": ("string", "What credential is needed, and what was wrong with the one that came (RFC 6750)."),
    "Retry-After": ("integer", "Seconds to wait before the next call."),
}


def _headers(published: Sequence[Limit], broken: Broken) -> Json:
    examples = {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.calls};w={each.seconds}' for each in published),
        "RateLimit": ", ".join(f'"{each.name}";r={each.calls - 1};t={each.seconds}' for each in published),
        "X-RateLimit-Limit": published[1].calls,
        "X-RateLimit-Remaining": published[1].calls - 1,
        "X-RateLimit-Reset": published[1].seconds,
        "Location": f"{api_prefix(broken)}/work-orders/WO-0000001",
        "ETag": '"1"',
        "X-Request-Id": "req-1f0a9c2e7b",
        "WWW-Authenticate": f'Bearer realm="{auth.REALM}", error="invalid_token"',
        "Retry-After": 1,
    }
    shown = _HEADERS if limits.NO_PUBLISHED_LIMITS in broken else _HEADERS | _LIMIT_HEADERS
    return {
        name: {"description": text, "schema": {"type": type_, "example": examples[name]}}
        for name, (type_, text) in shown.items()
    }
