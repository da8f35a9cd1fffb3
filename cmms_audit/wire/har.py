"""evidence.har: the recorded exchanges in the HTTP Archive format (HAR 1.2), for the tools that read it.

Written from what was recorded, secrets already removed; adds nothing of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cmms_audit.model import Exchange, Request, Response
from cmms_audit.wire.journal import visible_json


def write_har(path: Path, exchanges: Iterable[Exchange], *, version: str) -> None:
    """Write the archive, one exchange at a time, for its owner alone (mode 0600). `version` is this program's."""
    creator = json.dumps({"name": "cmms-audit", "version": version})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')
        for number, exchange in enumerate(exchanges):
            file.write(("\n" if number == 0 else ",\n") + visible_json(har_entry(exchange)))
        file.write("\n]}}\n")


def har_entry(exchange: Exchange) -> dict[str, Any]:
    """One exchange as a HAR entry. Where no answer came, the status is 0 and `_error` says why, as browsers do it."""
    milliseconds = round(exchange.elapsed * 1000, 3)
    entry = {
        "startedDateTime": exchange.started,
        "time": milliseconds,
        "request": _request(exchange.request),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_id": exchange.id,
        "_owner": exchange.owner,
        "_purpose": exchange.purpose,
        "_role": exchange.role,
    }
    return entry | ({"_error": exchange.failure} if exchange.failure else {})


def _request(request: Request) -> dict[str, Any]:
    members: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len((request.body or "").encode("utf-8", "backslashreplace")),
    }
    if request.body is not None:
        members["postData"] = {"mimeType": _header(request.headers, "content-type"), "text": request.body}
    return members


def _response(response: Response | None) -> dict[str, Any]:
    answer = response or Response(status=0, headers=(), body="", size=0, http_version="")
    media_type = _header(answer.headers, "content-type") or "x-unknown"
    return {
        "status": answer.status,
        "statusText": _status_text(answer.status),
        "httpVersion": answer.http_version,
        "cookies": [],
        "headers": _pairs(answer.headers),
        "content": {"size": answer.size, "mimeType": media_type, "text": answer.body},
        "redirectURL": _header(answer.headers, "location"),
        "headersSize": -1,
        "bodySize": -1,
    }


def _status_text(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
