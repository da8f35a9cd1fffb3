"""Where an API carries its version: in the address, a header, a parameter or the media type of calls or answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from cmms_audit.battery import Context, Operation, Parameter, Spec, pattern
from cmms_audit.model import Evidence, Exchange

_SEGMENT = pattern(r"v\d{1,4}(?:[._-]\d{1,4}){0,2}(?:[._-]?(?:alpha|beta|rc|preview)\d{0,3})?", re.IGNORECASE)
_DATE_SEGMENT = pattern(r"20\d\d-\d\d(?:-\d\d)?")
_NUMBER_SEGMENT = pattern(r"\d{1,3}\.\d{1,3}(?:\.\d{1,3}){0,2}|0\d{3}|[\w.-]{1,80};v=\d{1,4}")
_HEADER = pattern(r"(?:.*-)?(?:api-?version|accept-version|framework-version|version)", re.IGNORECASE)
_OTHER_HEADER = pattern(
    r"client|app-|sdk|aspnet|php|server|runtime|if-|user-agent|content|minimum|tls|odata|protocol|schema", re.IGNORECASE
)
_PARAMETER = pattern(r"api[-_]?version", re.IGNORECASE)
_MEMBER = pattern(r"(?:api|client)[-_]?version", re.IGNORECASE)
_PLAIN_PARAMETERS = frozenset(("v", "ver", "version"))
_MOST_LISTED = 100
_MEDIA_TYPE = pattern(r"[.+-]v\d{1,4}\b|;\s{0,3}(?:api-)?version=", re.IGNORECASE)


class Carrier(Struct, frozen=True):
    """Where a version stands, in plain words ("in the path /api/v5"), and the place that shows it.

    `chosen` says that each call names the version that it wants, beside the address; `names` are those that the
    document lists there.
    """

    says: str
    evidence: Evidence
    chosen: bool = False
    names: tuple[str, ...] = ()


def path_version(address: str) -> str | None:
    """The part of an address's path that is a version, such as "v2", "2010-04-01", "2.0" or "0001"; None for none."""
    path = re.sub(r"^[a-z]+://[^/]*", "", address.partition("?")[0])
    tests = (_SEGMENT, _DATE_SEGMENT, _NUMBER_SEGMENT)
    return next((part for part in path.split("/") if any(test.fullmatch(part) for test in tests)), None)


def documented_carrier(ctx: Context, operations: Iterable[Operation]) -> Carrier | None:
    """Where the document puts the version: most of these operations, or the address below which all of them live."""
    return next(_carriers(ctx.spec, ctx.vendor.base_url, list(operations)), None)


def chosen_carrier(ctx: Context) -> Carrier | None:
    """The documented header, parameter or media type by which a call chooses its version; None where there is none."""
    operations = ctx.spec.operations if ctx.has_spec else ()
    return next((each for operation in operations for each in _carriers_of(operation)), None)


def documented_in_answers(operations: Iterable[Operation]) -> Carrier | None:
    """The documented header in which answers name their version."""
    for operation in operations:
        for response in operation.responses:
            name = next((each for each in response.headers if _is_version_header(each)), None)
            if name:
                return Carrier(f"in the header {name}", response.evidence)
    return None


def live_carrier(exchange: Exchange) -> str | None:
    """Where a call that was answered carried its version, or its answer named it in the media type; in plain words."""
    version = path_version(exchange.request.url)
    if version:
        return f"the address ({version})"
    parameters = parse_qsl(urlsplit(exchange.request.url).query)
    named = next((f"{name}={value}" for name, value in parameters if _PARAMETER.fullmatch(name[:100])), None)
    if named:
        return f"a parameter ({named[:60]})"
    media_type = exchange.header("content-type") or ""
    return f"the media type ({media_type[:60]})" if _MEDIA_TYPE.search(media_type[:200]) else None


def header_version(exchange: Exchange) -> tuple[str, str] | None:
    """The header of a live answer that names the version of the API, and its value."""
    headers = exchange.response.headers if exchange.response else ()
    return next(((name, value) for name, value in headers if _is_version_header(name)), None)


def _carriers(spec: Spec, base_url: str, operations: list[Operation]) -> Iterator[Carrier]:
    for server in spec.servers:
        if path_version(server.url):
            yield Carrier(f"in the address {server.url}", server.evidence)
    if path_version(base_url):
        yield Carrier(f"in the address {base_url}", spec.evidence_at(""))
    versioned = [each for each in operations if path_version(each.path)]
    if operations and len(versioned) * 2 >= len(operations):
        yield Carrier(f"in the path ({versioned[0].path})", versioned[0].evidence)
    for operation in operations:
        yield from _carriers_of(operation)
    plain = [each for operation in operations for each in operation.parameters if _is_plain_version(each)]
    if operations and len(plain) * 2 >= len(operations):
        yield Carrier(f"in the parameter {plain[0].name}", plain[0].evidence, True, _listed(plain[0]))
    bodies = [each for each in operations if each.request]
    bearing = [(name, each) for each in bodies if (name := _version_member(each))]
    if bearing and len(bearing) * 2 >= len(bodies):
        name, operation = bearing[0]
        yield Carrier(f"in {name} of what is sent", operation.evidence, True)


def _carriers_of(operation: Operation) -> Iterator[Carrier]:
    for parameter in operation.parameters:
        if parameter.where == "header" and _is_version_header(parameter.name):
            yield Carrier(f"in the header {parameter.name}", parameter.evidence, True, _listed(parameter))
        if parameter.where == "query" and _PARAMETER.fullmatch(parameter.name):
            yield Carrier(f"in the parameter {parameter.name}", parameter.evidence, True, _listed(parameter))
    for response in operation.responses:
        media_type = next((each for each in response.media_types if _MEDIA_TYPE.search(each)), None)
        if media_type:
            yield Carrier(f"in the media type {media_type}", response.evidence, True)


def _version_member(operation: Operation) -> str | None:
    """The member of the body by which a call names its version; None where there is none."""
    names = operation.request.properties if operation.request else {}
    return next((name for name in names if _MEMBER.fullmatch(name[:100])), None)


def _is_plain_version(parameter: Parameter) -> bool:
    """Whether a parameter is just called version: of the API, if most operations take it, else of a record."""
    return parameter.where == "query" and parameter.name.lower() in _PLAIN_PARAMETERS


def _listed(parameter: Parameter) -> tuple[str, ...]:
    """The versions that the document lists for a parameter."""
    schema = parameter.schema
    found = [*(schema.enum or ()), *([] if schema.default is None else [schema.default])]
    return tuple(str(each) for each in found[:_MOST_LISTED])


def _is_version_header(name: str) -> bool:
    """Whether a header, by its name, tells the version of the API and not of a client or a server."""
    return _HEADER.fullmatch(name[:100]) is not None and _OTHER_HEADER.search(name[:100]) is None
