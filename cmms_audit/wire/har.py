"""evidence.har: the recorded exchanges in the HTTP Archive format (HAR 1.2), for the tools that read it.

Written from what was recorded, secrets already removed, without holding it; adds nothing of its own. Where browsers
agree on more than the format says (a failed request, the text of a form), it is written as they do.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

from cmms_audit.errors import CannotAudit
from cmms_audit.model import Exchange, Request, Response
from cmms_audit.wire.journal import visible_json

FORM = "application/x-www-form-urlencoded"
_NO_ANSWER = Response(status=0, headers=(), body="", size=0, http_version="")

Pairs = Sequence[tuple[str, str]]


def write_har(path: Path, exchanges: Iterable[Exchange], *, version: str) -> None:
    """Write the archive whole or not at all, for its owner alone (mode 0600), the oldest exchange first.

    `exchanges` are read once and never held: their entries wait for their order in a nameless file beside `path`.
    `version` is this program's. Raises CannotAudit where the disk refuses it.
    """
    creator = json.dumps({"name": "cmms-audit", "version": version})
    draft = path.with_name(path.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file, tempfile.TemporaryFile(dir=path.parent) as waiting:
            os.fchmod(descriptor, 0o600)
            file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "pages": [], "entries": ['.encode())
            for number, entry in enumerate(_in_order(exchanges, waiting)):
                file.write(b"\n" if number == 0 else b",\n")
                file.write(entry)
            file.write(b"\n]}}\n")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise CannotAudit(f"{path} cannot be written: {error.strerror}; make room or name another folder") from None


def har_entry(exchange: Exchange) -> dict[str, Any]:
    """One exchange as a HAR entry."""
    milliseconds = round(exchange.elapsed * 1000, 3)
    return {
        "startedDateTime": exchange.started,
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": milliseconds, "receive": 0},
        "_id": exchange.id,
        "_owner": exchange.owner,
        "_purpose": exchange.purpose,
        "_role": exchange.role,
    }


def _in_order(exchanges: Iterable[Exchange], waiting: IO[bytes]) -> Iterator[bytes]:
    """The entries as JSON in the order of their start, which is not that of their recording."""
    places: list[tuple[str, int, int, int]] = []
    for each in exchanges:
        entry = visible_json(har_entry(each)).encode("utf-8")
        places.append((each.started, each.id, waiting.tell(), len(entry)))
        waiting.write(entry)
    for _, _, start, size in sorted(places):
        waiting.seek(start)
        yield waiting.read(size)


def _request(exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    url = request.url.partition("#")[0]
    members: dict[str, Any] = {
        "method": request.method,
        "url": url,
        "httpVersion": exchange.response.http_version if exchange.response else "HTTP/1.1",
        "cookies": _sent_cookies(request.headers),
        "headers": _named(request.headers),
        "queryString": _named(_parameters(url.partition("?")[2])),
        "headersSize": -1,
        "bodySize": _sent_size(request),
    }
    return members if request.body is None else members | {"postData": _post_data(request.body, request.headers)}


def _post_data(body: str, headers: Pairs) -> dict[str, Any]:
    """What was posted. The format wants either text or parameters; browsers write both, and read the text."""
    media_type = _header(headers, "content-type")
    is_form = media_type.partition(";")[0].strip().lower() == FORM
    return {"mimeType": media_type, "params": _named(_parameters(body)) if is_form else [], "text": body}


def _sent_size(request: Request) -> int:
    """The bytes of a request's body, which may be others than those of its text without secrets."""
    told = _header(request.headers, "content-length")
    return int(told) if _is_size(told) else len((request.body or "").encode("utf-8", "backslashreplace"))


def _response(exchange: Exchange) -> dict[str, Any]:
    """The answer; where none came, the status is 0, and `_error` says why, as where it was cut off."""
    answer = exchange.response or _NO_ANSWER
    members = {
        "status": answer.status,
        "statusText": _status_text(answer.status),
        "httpVersion": answer.http_version,
        "cookies": _received_cookies(answer.headers),
        "headers": _named(answer.headers),
        "content": _content(exchange, answer),
        "redirectURL": _header(answer.headers, "location") if 300 <= answer.status < 400 else "",
        "headersSize": -1,
        "bodySize": _received_size(answer),
    }
    return members | ({"_error": exchange.failure} if exchange.failure else {})


def _content(exchange: Exchange, answer: Response) -> dict[str, Any]:
    members: dict[str, Any] = {
        "size": answer.size,
        "mimeType": _header(answer.headers, "content-type") or "x-unknown",
    }
    if exchange.notes.get("binary"):
        return members | {"comment": "The body is no text, and only its hash was kept."}
    return members if exchange.response is None else members | {"text": answer.body}


def _received_size(answer: Response) -> int:
    """The bytes of an answer's body as they travelled; -1 where compression or an early end hides how many."""
    if answer.status == 304:
        return 0
    if not answer.status or answer.truncated:
        return -1
    if _header(answer.headers, "content-encoding").strip().lower() in ("", "identity"):
        return answer.size
    told = _header(answer.headers, "content-length")
    return int(told) if _is_size(told) else -1


def _is_size(told: str) -> bool:
    return told.isascii() and told.isdigit() and len(told) <= 15


def _status_text(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _sent_cookies(headers: Pairs) -> list[dict[str, str]]:
    lines = (value for name, value in headers if name.lower() == "cookie")
    return [_cookie(pair) for line in lines for pair in line.split(";") if pair.strip()]


def _received_cookies(headers: Pairs) -> list[dict[str, Any]]:
    return [_set_cookie(value) for name, value in headers if name.lower() == "set-cookie"]


def _set_cookie(line: str) -> dict[str, Any]:
    pair, *attributes = line.split(";")
    given = {name.strip().lower(): value.strip() for name, _, value in (each.partition("=") for each in attributes)}
    texts: dict[str, Any] = {name: given[name] for name in ("path", "domain") if name in given}
    return {**_cookie(pair), **texts, "httpOnly": "httponly" in given, "secure": "secure" in given}


def _cookie(pair: str) -> dict[str, str]:
    name, _, value = pair.partition("=")
    return {"name": name.strip(), "value": value.strip()}


def _parameters(text: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True, errors="replace")


def _named(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Pairs, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
