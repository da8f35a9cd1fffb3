"""A request as tools that capture requests write it down, in whichever of their shapes, read as one that was received.

The shape is told by what is there, never by the name of a file. Sources: HAR 1.2; docs.webhook.site (requests);
RequestBin and its successors; the inspection interface of the ngrok agent; smee.io, which puts headers beside the body.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from cmms_audit.documents import Limits, parse
from cmms_audit.errors import InputError
from cmms_audit.patterns import pattern
from cmms_audit.webhooks.behaviour import read_script
from cmms_audit.webhooks.delivery import DELIVERY, delivery_from_json

Headers = tuple[tuple[str, str], ...]

MOST_HEADERS = 200
LONGEST_HEADER = 16 * 1024  # characters of a name, and of a value
_LONGEST_SCRIPT = 200  # characters
_OF_A_CELL = Limits(nodes=10_000, depth=20, seconds=2)
_NO_DELIVERIES = ("GET", "HEAD", "OPTIONS", "CONNECT", "TRACE")  # people who look, and senders who ask whose it is
_OTHER_KINDS = ("email", "dns", "dnshook")
_INSIDE = ("request", "event", "data", "payload")  # members in which the request itself may stand
_AROUND = ("context", "metadata", "requestContext")
_BODIES = (
    "bodyRaw", "body_raw", "rawBody", "raw_body", "body_base64", "content", "body", "raw", "text_content", "data",
    "payload",
)  # fmt: skip
_TIMES = (
    "created_at", "createdAt", "received_at", "receivedAt", "captured_at", "capturedAt", "ingested_at", "timestamp",
    "timestamp_ms", "time", "date", "ts", "start", "started_at", "startedDateTime", "indexed_at_ms", "timeEpoch",
)  # fmt: skip
_KEYS = ("uuid", "id", "_id", "request_id", "requestId")
_METHODS = ("method", "http_method", "httpMethod", "request_method", "verb")
_STATUSES = ("response_status", "response_code", "status_code", "statusCode", "status")
_BASE64 = ("isBase64Encoded", "is_base64", "base64")
_METHOD = pattern(r"[A-Z]{3,16}")
_EPOCHS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e8, 1.0))  # nano-, micro-, milliseconds, seconds
_YEARS = range(2000, 2100)


class UnreadableRequest(ValueError):  # noqa: N818 - named for what it says
    """Something that was to be a captured request, and is none; the text says why, in plain words."""


class CapturedRequest(Struct, frozen=True):
    """A request that somebody else's receiver took.

    `key` is what the tool calls it ("" where it has no name), `size` what the sender said of its length or what there
    is, `treated` the status that it was answered with, as far as that was written down.
    """

    received: datetime
    method: str
    url: str
    headers: Headers
    body: bytes
    size: int
    treated: str = ""
    key: str = ""


def captured_request(entry: Any) -> CapturedRequest | None:
    """The request of an entry; None where it is something else than a delivery: a look with a browser, an e-mail.

    Raises UnreadableRequest where no shape fits.
    """
    if not isinstance(entry, dict):
        raise UnreadableRequest("this is not a captured request, but a single value or a list")
    if isinstance(entry.get("kind"), str) and entry["kind"] != DELIVERY and "headers" not in entry:
        return None  # another line of our own evidence
    if entry.get("type") in _OTHER_KINDS:
        return None
    request = _in_its_shape(entry)
    return None if request.method in _NO_DELIVERIES else request


def _in_its_shape(entry: dict[str, Any]) -> CapturedRequest:
    if entry.get("kind") == DELIVERY:
        return _of_ours(entry)
    request = entry.get("request")
    if isinstance(request, dict) and "startedDateTime" in entry:
        return _of_har(entry, request)
    if isinstance(request, dict) and "start" in entry and isinstance(request.get("raw"), str):
        return _of_ngrok(entry, request)
    if "headers" not in entry and "timestamp" in entry and "body" in entry and "content-type" in entry:
        return _of_smee(entry)
    return _of_inspector(entry)


def _of_ours(entry: dict[str, Any]) -> CapturedRequest:
    try:
        read = delivery_from_json(entry)
    except (KeyError, TypeError, ValueError):
        raise UnreadableRequest("this line of a delivery is damaged") from None
    url = f"/{read.address}?{read.query}" if read.query else f"/{read.address}"
    headers = _headers([list(each) for each in read.headers])
    return CapturedRequest(
        _moment(read.received), _method(read.method), url, headers, read.body, read.size, _treated(read.treated)
    )


def _treated(text: str) -> str:
    """How our receiver treated it, in the words of a script; nothing else."""
    try:
        return ", ".join(map(str, read_script(text)))[:_LONGEST_SCRIPT]
    except ValueError:
        return ""


def _of_har(entry: dict[str, Any], request: dict[str, Any]) -> CapturedRequest:
    posted = request.get("postData")
    posted = posted if isinstance(posted, dict) else {}
    body = _body(posted.get("text"), in_base64=posted.get("encoding") == "base64")
    headers = _headers(request.get("headers"))
    return CapturedRequest(
        _moment(entry["startedDateTime"]),
        _method(request.get("method")),
        _text(request.get("url")),
        headers,
        body,
        _size(headers, body),
        _status(entry.get("response"), ("status",)),
    )


def _of_ngrok(entry: dict[str, Any], request: dict[str, Any]) -> CapturedRequest:
    """`raw` is the whole request, head and body, in base64."""
    _, parted, body = _body(request["raw"], in_base64=True).partition(b"\r\n\r\n")
    if not parted:
        raise UnreadableRequest("the raw request has no head")
    headers = _headers(request.get("headers"))
    treated = _status(entry.get("response"), ("status_code",))
    method, url = _method(request.get("method")), _text(request.get("uri"))
    key = _text(entry.get("id"))
    return CapturedRequest(_moment(entry["start"]), method, url, headers, body, _size(headers, body), treated, key)


def _of_smee(entry: dict[str, Any]) -> CapturedRequest:
    beside = {name: value for name, value in entry.items() if name not in ("body", "query", "timestamp")}
    headers, body = _headers(beside), _body(entry["body"])
    url = _with_query("/", entry.get("query"))
    return CapturedRequest(_moment(entry["timestamp"]), "POST", url, headers, body, _size(headers, body))


def _of_inspector(entry: dict[str, Any]) -> CapturedRequest:
    places = [entry, *(entry[name] for name in _INSIDE if isinstance(entry.get(name), dict))]
    request = next((each for each in places if each.get("headers") is not None), None)
    if request is None:
        raise UnreadableRequest("this is not a captured request: it has no headers")
    around = [each[name] for each in places for name in _AROUND if isinstance(each.get(name), dict)]
    headers, body = _headers(request["headers"]), _body_of(request)
    address = request.get("url", request.get("uri", request.get("path", "")))
    query = request.get("query", request.get("query_string", request.get("parsed_query")))
    method = next((request[name] for name in _METHODS if request.get(name)), "POST")
    answer = entry.get("response")
    treated = _status(answer, _STATUSES) if isinstance(answer, dict) else _status(entry, _STATUSES)
    key = next((_text(each[name]) for each in (entry, request) for name in _KEYS if each.get(name)), "")
    return CapturedRequest(
        _first_moment([request, entry, *around]),
        _method(method),
        _with_query(_text(address), query),
        headers,
        body,
        _size(headers, body),
        treated,
        key,
    )


def _headers(value: Any) -> Headers:
    """Headers of a mapping, of pairs, or of members called name and value; names in lower case."""
    if isinstance(value, str):
        value = _json_of(value)
    found = tuple((name[:LONGEST_HEADER].lower(), text[:LONGEST_HEADER]) for name, text in _pairs(value))
    if len(found) > MOST_HEADERS:
        raise UnreadableRequest(f"it has more than {MOST_HEADERS} headers")
    return found


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from ((name, _text(one)) for one in (each if isinstance(each, list) else [each]))
        return
    if not isinstance(value, list):
        raise UnreadableRequest("its headers cannot be read")
    for each in value:
        if isinstance(each, dict) and "name" in each:
            yield _text(each["name"]), _text(each.get("value"))
        elif isinstance(each, list) and len(each) == 2:
            yield _text(each[0]), _text(each[1])
        else:
            raise UnreadableRequest("its headers cannot be read")


def _body_of(request: Mapping[str, Any]) -> bytes:
    name = next((each for each in _BODIES if request.get(each) not in (None, "")), None)
    if name is None:
        return b""
    flagged = any(request.get(each) is True for each in _BASE64) or request.get("encoding") == "base64"
    return _body(request[name], in_base64=flagged or name == "body_base64")


def _body(value: Any, *, in_base64: bool = False) -> bytes:
    """A body; one that was kept as what it says is written as most senders write it, which need not be as it came."""
    if value is None:
        return b""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if not in_base64:
        return value.encode("utf-8", "replace")
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise UnreadableRequest("its body is not in base64, as it says") from None


def _size(headers: Headers, body: bytes) -> int:
    """What came, as the sender said; a tool may have cut it off, unpacked it, or kept only what it means."""
    stated = dict(headers).get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else len(body)


def _first_moment(places: list[dict[str, Any]]) -> datetime:
    for place in places:
        for name in _TIMES:
            try:
                return _moment(place[name])
            except (KeyError, UnreadableRequest):
                continue
    raise UnreadableRequest("nothing says when it came")


def _moment(value: Any) -> datetime:
    """A moment in UTC, from a text or from seconds (also milli-, micro-, nanoseconds) since 1970.

    A text without a time zone is read as UTC, in which these tools write.
    """
    try:
        moment = _of_number(float(value)) if _is_number(value) else _of_text(_text(value))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        raise UnreadableRequest("what says when it came cannot be read") from None
    if moment.year not in _YEARS:
        raise UnreadableRequest("what says when it came cannot be right")
    return moment


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.replace(".", "", 1).isdigit() and len(value) < 30
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_number(number: float) -> datetime:
    unit = next((unit for least, unit in _EPOCHS if number >= least), None)
    if unit is None:
        raise ValueError("too small to be a moment")
    return datetime.fromtimestamp(number / unit, UTC)


def _of_text(text: str) -> datetime:
    text = text.strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def _method(value: Any) -> str:
    method = _text(value).upper()
    if not _METHOD.fullmatch(method):
        raise UnreadableRequest("its method cannot be read")
    return method


def _status(place: Any, names: tuple[str, ...]) -> str:
    values = [place.get(name) for name in names] if isinstance(place, dict) else []
    known = [each for each in values if isinstance(each, int) and not isinstance(each, bool) and 100 <= each <= 599]
    return str(known[0]) if known else ""


def _with_query(url: str, query: Any) -> str:
    if isinstance(query, str) and query[:1] in ("{", "["):
        query = _json_of(query)
    if isinstance(query, dict):
        query = urlencode([(name, _text(value)) for name, value in query.items()])
    has_one = not isinstance(query, str) or not query or "?" in url
    return url if has_one else f"{url}?{query.removeprefix('?')}"


def parts_of(url: str) -> tuple[str, str]:
    """The address without its query, and the query. One that cannot be taken apart is all address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    return url.partition("?")[0].partition("#")[0], parts.query


def _json_of(cell: str) -> Any:
    """The mapping or list that stands as JSON in one cell of a table."""
    try:
        if cell.lstrip()[:1] in ("{", "["):
            return parse(cell, "", limits=_OF_A_CELL).value
    except InputError:
        pass
    raise UnreadableRequest("what stands in a cell of it is no JSON")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else value if isinstance(value, str) else str(value)[:LONGEST_HEADER]
