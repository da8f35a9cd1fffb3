"""Where an API carries its version: in the address, a header, a parameter or the media type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cmms_audit.battery import Context, Operation, Parameter, Spec, pattern
from cmms_audit.model import Evidence, Exchange

_SEGMENT = pattern(r"v\d{1,4}(?:[._-]\d{1,4}){0,2}(?:[._-]?(?:alpha|beta|rc|preview)\d{0,3})?", re.IGNORECASE)
_DATE_SEGMENT = pattern(r"20\d\d-\d\d(?:-\d\d)?")
_NUMBER_SEGMENT = pattern(r"\d{1,3}\.\d{1,3}(?:\.\d{1,3}){0,2}")
_HEADER = pattern(r"(?:.*-)?(?:api-?version|accept-version|framework-version|version)", re.IGNORECASE)
_OTHER_HEADER = pattern(r"client|app-|sdk|aspnet|php|server|runtime|if-|user-agent|content|minimum|tls", re.IGNORECASE)
_PARAMETER = pattern(r"api[-_]?version", re.IGNORECASE)
_PLAIN_PARAMETERS = frozenset(("v", "ver", "version"))
_MEDIA_TYPE = pattern(r"[.+-]v\d{1,4}\b|;\s{0,3}(?:api-)?version=", re.IGNORECASE)


class Carrier(Struct, frozen=True):
    """Where a version stands, in plain words ("the path /api/v5"), and the place that shows it."""

    says: str
    evidence: Evidence


def path_version(address: str) -> str | None:
    """The part of an address's path that is a version, such as "v2", "2010-04-01" or "2.0"; None where none is."""
    path = re.sub(r"^[a-z]+://[^/]*", "", address.partition("?")[0])
    tests = (_SEGMENT, _DATE_SEGMENT, _NUMBER_SEGMENT)
    return next((part for part in path.split("/") if any(test.fullmatch(part) for test in tests)), None)


def documented_carrier(ctx: Context, operations: Iterable[Operation]) -> Carrier | None:
    """Where the document puts the version: most of these operations, or the address below which all of them live."""
    return next(_carriers(ctx.spec, ctx.vendor.base_url, list(operations)), None)


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
        yield Carrier(f"in the parameter {plain[0].name}", plain[0].evidence)


def _carriers_of(operation: Operation) -> Iterator[Carrier]:
    for parameter in operation.parameters:
        if parameter.where == "header" and _is_version_header(parameter.name):
            yield Carrier(f"in the header {parameter.name}", parameter.evidence)
        if parameter.where == "query" and _PARAMETER.fullmatch(parameter.name):
            yield Carrier(f"in the parameter {parameter.name}", parameter.evidence)
    for response in operation.responses:
        media_type = next((each for each in response.media_types if _MEDIA_TYPE.search(each)), None)
        if media_type:
            yield Carrier(f"in the media type {media_type}", response.evidence)


def _is_plain_version(parameter: Parameter) -> bool:
    """Whether a parameter is just called version: of the API, if most operations take it, else of a record."""
    return parameter.where == "query" and parameter.name.lower() in _PLAIN_PARAMETERS


def _is_version_header(name: str) -> bool:
    return _HEADER.fullmatch(name[:100]) is not None and _OTHER_HEADER.search(name[:100]) is None
