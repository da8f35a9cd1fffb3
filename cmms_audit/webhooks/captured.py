"""Deliveries that another receiver has captured, read from its file: where the vendor cannot reach ours.

JSON Lines of `cmms-audit receiver`, HAR 1.2, and what request inspectors export as JSON, JSON Lines or CSV. The file is
named by the user, but what is in it came from elsewhere: it is bounded in size, depth and count.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from cmms_audit.addresses import origin
from cmms_audit.documents import Limits, decode, parse, pointer_join, read_bytes
from cmms_audit.errors import InputError, Problem
from cmms_audit.patterns import pattern
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.handshakes import handshake
from cmms_audit.webhooks.inspectors import CapturedRequest, UnreadableRequest, captured_request, parts_of
from cmms_audit.webhooks.reading import MOST_KEPT
from cmms_audit.webhooks.received import CAPTURED

MOST_DELIVERIES = 10_000
MOST_LINES = 100_000
MOST_COLUMNS = 500
_LIMITS = Limits(depth=100, seconds=10)
_LISTS = ("data", "requests", "entries", "items", "events", "results", "deliveries", "models")
_KNOWN_COLUMNS = ("headers", "content", "body", "method", "created_at", "url", "uuid")
_EXPORT = (
    "it can be the JSON Lines of `cmms-audit receiver`, a HAR, or the export of a request inspector (webhook.site,"
    " RequestBin, ngrok, smee ...) as JSON or CSV"
)
_STATUS = pattern(r"[1-5][0-9]{2}")
_A_PART = "keep a part of it in a file of its own"
_CELL = pattern(r'(?:"(?:[^"]++|"")*+"?+)?+[^,\r\n]*+([,\r\n]|\Z)')
_BESIDE_DATA = ("id:", "event:", "retry:", ":")  # the other lines of an event stream

Entry = tuple[Callable[[], int | None], Any]  # how to find its line, and what it is


def read_captured(path: Path, *, sent_to: str | None = None, not_to: str | None = None) -> tuple[Delivery, ...]:
    """The deliveries of a file, numbered 1, 2, 3 ... in the order in which they came.

    Handshakes, looks with a browser and e-mails are left out. Where the file also holds other traffic, as a HAR may,
    those `sent_to` an address are meant if there are any, and never those to the origin of the vendor's own API
    (`not_to`). Raises InputError, with the line, where the file cannot be read or holds no delivery.
    """
    requests = _once_each(_requests(path, _entries(path)))
    requests = [each for each in requests if not _is_handshake(each) and not _goes_to(each.url, not_to)]
    meant = [each for each in requests if sent_to and each.url.startswith(sent_to.rstrip("/"))]
    in_order = sorted(meant or requests, key=lambda each: each.received)
    if not in_order:
        raise InputError(Problem(str(path), "holds no delivery", _EXPORT))
    return tuple(_deliveries(in_order))


def _requests(path: Path, entries: Iterator[Entry]) -> Iterator[CapturedRequest]:
    found = 0
    for find_line, value in entries:
        try:
            request = captured_request(value)
        except UnreadableRequest as why:
            raise InputError(Problem(_place(path, find_line()), str(why), _EXPORT)) from None
        if request is None:
            continue
        found += 1
        if found > MOST_DELIVERIES:
            what = f"holds more than {MOST_DELIVERIES:,} deliveries"
            raise InputError(Problem(str(path), what, _A_PART))
        yield request


def _once_each(requests: Iterator[CapturedRequest]) -> list[CapturedRequest]:
    """Each request once: pages of an export may overlap."""
    named: dict[str, CapturedRequest] = {}
    kept = []
    for each in requests:
        if each.key and named.setdefault(each.key, each) is not each and named[each.key] == each:
            continue
        kept.append(each)
    return kept


def _is_handshake(request: CapturedRequest) -> bool:
    return handshake(request.method, parts_of(request.url)[1], dict(request.headers), request.body) is not None


def _goes_to(url: str, place: str | None) -> bool:
    try:
        return place is not None and "://" in url and origin(url) == origin(place)
    except ValueError:
        return False


def _deliveries(requests: list[CapturedRequest]) -> Iterator[Delivery]:
    names: dict[str, str] = {}
    for number, each in enumerate(requests, start=1):
        address, query = parts_of(each.url)
        yield Delivery(
            number,
            names.setdefault(address, f"{CAPTURED} {len(names) + 1}"),
            each.received.isoformat(timespec="milliseconds"),
            each.method,
            query,
            each.headers,
            each.body[:MOST_KEPT],
            max(each.size, len(each.body)) if len(each.body) > MOST_KEPT else each.size,
            hashlib.sha256(each.body).hexdigest(),
            each.treated,
        )


# -- from the file to its entries -----------------------------------------------------------------------------


def _entries(path: Path) -> Iterator[Entry]:
    text = decode(read_bytes(path, _LIMITS), str(path), limits=_LIMITS)
    if not text.strip():
        raise InputError(Problem(str(path), "is empty", "check that the whole file was saved"))
    if _is_line_by_line(text):
        return _of_lines(path, text.split("\n"))
    if text.lstrip()[:1] in ("{", "["):
        return _of_document(path, text)
    return _of_table(path, text)


def _is_line_by_line(text: str) -> bool:
    """Whether each line is a text of JSON by itself, or part of an event stream, and there are several."""
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith(("data:", *_BESIDE_DATA)):
        return True
    if not first.startswith("{") or not rest.lstrip().startswith("{"):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _of_lines(path: Path, lines: list[str]) -> Iterator[Entry]:
    if len(lines) > MOST_LINES:
        raise InputError(Problem(str(path), f"has more than {MOST_LINES:,} lines", _A_PART))
    torn = len(lines) - 1 if lines[-1].strip() else None  # whoever wrote it may have been stopped in the middle
    for index, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith(_BESIDE_DATA):
            continue
        text = text.removeprefix("data:").strip()
        try:
            document = parse(text, str(path), limits=_LIMITS) if text[:1] in ("{", "[") else None
        except InputError as error:
            if index == torn and index:
                return
            _refuse(path, index + 1, error)
        if document is None:
            raise InputError(Problem(_place(path, index + 1), "this line is no JSON", _EXPORT))
        if document.value == {}:
            continue  # a sign of life of an event stream
        for _, value in _inside(document.value):
            yield _at(index + 1), value


def _of_document(path: Path, text: str) -> Iterator[Entry]:
    document = parse(text, str(path), limits=_LIMITS)
    for pointer, value in _inside(document.value):
        yield partial(document.line, pointer), value


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a document with their pointers: a list, the list that it wraps, or the one entry that it is."""
    place = ""
    if isinstance(value, dict) and isinstance(value.get("log"), dict):
        value, place = value["log"], "/log"
    if isinstance(value, dict):
        name = next((each for each in _LISTS if isinstance(value.get(each), list)), None)
        if name is None or "headers" in value or "kind" in value:
            yield place, value
            return
        value, place = value[name], pointer_join(place, name)
    if not isinstance(value, list):
        yield place, value
        return
    for index, each in enumerate(value):
        yield pointer_join(place, str(index)), each


def _of_table(path: Path, text: str) -> Iterator[Entry]:
    """The rows of a table whose first row names the columns."""
    _refuse_wide(path, text)
    before = csv.field_size_limit(_LIMITS.text)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = [name.strip() for name in next(rows, [])]
        if not set(names) & set(_KNOWN_COLUMNS):
            raise InputError(Problem(f"{path}:1", "is not in a form that can be read", _EXPORT))
        read = [(rows.line_num, row) for row in islice(rows, MOST_DELIVERIES + 1) if any(row)]
    except csv.Error as error:
        raise InputError(Problem(_place(path, rows.line_num), f"the table cannot be read: {error}", _EXPORT)) from None
    finally:
        csv.field_size_limit(before)
    for line, row in read:
        yield _at(line), _of_row(names, row)


def _refuse_wide(path: Path, text: str) -> None:
    """Refuse a table with a row of many cells before any is read: they take far more room than their text."""
    cells = rows = 0
    for cell in _CELL.finditer(text):
        cells += 1
        if cells > MOST_COLUMNS:
            what = f"the table has a row of more than {MOST_COLUMNS} columns"
            raise InputError(Problem(_place(path, text.count("\n", 0, cell.start()) + 1), what, _EXPORT))
        if cell[1] != ",":
            cells, rows = 0, rows + 1
        if rows > 2 * MOST_DELIVERIES + 2:  # no more are read; an end of line may count twice
            return


def _of_row(names: list[str], row: list[str]) -> dict[str, Any]:
    """A row as the JSON export has it: empty cells left out, columns such as `headers.user-agent` gathered."""
    cells = {name: cell for name, cell in zip(names, row, strict=False) if cell}
    apart = {name.partition(".")[2]: cell for name, cell in cells.items() if name.startswith("headers.")}
    status = {
        name: int(cell) for name, cell in cells.items() if "status" in name and cell.isdecimal() and len(cell) < 4
    }
    return {**cells, **({"headers": apart} if apart else {}), **status}


def _at(line: int) -> Callable[[], int]:
    return lambda: line


def _refuse(path: Path, line: int, error: InputError) -> NoReturn:
    problem = error.problems[0]
    what = problem.what if isinstance(problem, Problem) else "this line is no JSON"
    raise InputError(Problem(_place(path, line), what, _EXPORT)) from None


def _place(path: Path, line: int | None) -> str:
    return f"{path}:{line}" if line else str(path)
