"""Prepares recorded exchanges for the appendix: trimmed, readable, personal values masked.

Secrets were replaced by marks before anything was recorded. Masked here are personal values that only their place
gives away (members of JSON, parameters of an address); those with a shape of their own are masked by the page's gate,
which also spells out hostile characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.model import Exchange, Purpose
from cmms_audit.reports import words
from cmms_audit.reports.curl import curl_line
from cmms_audit.reports.personal import is_about_people, json_lines, mask_url
from cmms_audit.reports.text import one_line
from cmms_audit.wire.facts import HANDSHAKE, handshake_facts

BODY_LIMIT = 2000
LINE_LIMIT = 40
"""Characters, and lines once indented, of a recorded body that are shown; the whole stands in evidence.jsonl."""

_HEADER_LIMIT = 40
_URL_LIMIT = 400


class ShownExchange(Struct, frozen=True):
    """One exchange as the appendix prints it.

    `gap` says whether a finding that is no pass points at it; `command` is the line of curl that repeats it, where
    personal values are shown.
    """

    id: int
    method: str
    url: str
    path: str
    outcome: str
    milliseconds: str
    about: str
    cited_by: tuple[Mapping[str, Any], ...]
    gap: bool
    request_headers: str
    request_body: str
    response_headers: str
    response_body: str
    trimmed: str
    command: str | None


def shown_exchanges(
    exchanges: Iterable[Exchange], cited: Mapping[int, Sequence[Mapping[str, Any]]], *, show_values: bool
) -> tuple[list[ShownExchange], int]:
    """The exchanges of the appendix, by number, and how many were recorded.

    Args:
        exchanges: as recorded; read once, and kept only in the form in which they are shown.
        cited: the findings that point at each exchange, by its number.
        show_values: leave personal values unmasked.
    """
    shown: list[ShownExchange] = []
    recorded = 0
    for each in exchanges:
        recorded += 1
        if each.id in cited:
            shown.append(_shown(each, cited[each.id], mask=not show_values))
    return sorted(shown, key=lambda each: each.id), recorded


def _shown(exchange: Exchange, cited_by: Sequence[Mapping[str, Any]], *, mask: bool) -> ShownExchange:
    url = mask_url(exchange.request.url) if mask else exchange.request.url
    people = is_about_people(exchange.request.url)
    response = exchange.response
    answer = _body(response.body, people, mask=mask) if response else ""
    return ShownExchange(
        id=exchange.id,
        method=one_line(exchange.request.method, 20),
        url=one_line(url, _URL_LIMIT),
        path=one_line(_path(url), 120),
        outcome=_outcome(exchange),
        milliseconds=f"{exchange.elapsed * 1000:,.0f} ms",
        about=_about(exchange),
        cited_by=tuple({each["question"]: each for each in cited_by}.values()),
        gap=any(each["verdict"] in {"not_met", "partial"} for each in cited_by),
        request_headers=_headers(exchange.request.headers),
        request_body=_body(exchange.request.body or "", people, mask=mask),
        response_headers=_headers(response.headers) if response else "",
        response_body=answer,
        trimmed=_trimmed(exchange, answer),
        command=None if mask else curl_line(exchange, show_values=True),
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _outcome(exchange: Exchange) -> str:
    if exchange.response is None:
        if HANDSHAKE in exchange.notes:
            return one_line(handshake_facts(exchange).outcome, 160)
        return one_line(exchange.failure or "no answer", 160)
    try:
        return f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        return str(exchange.status)


def _about(exchange: Exchange) -> str:
    who = f"with the credential {exchange.role}" if exchange.role else "without our credential"
    purpose = "" if exchange.purpose is Purpose.API else f", for {words.PURPOSES[exchange.purpose]}"
    return one_line(f"{exchange.started}: sent {who}{purpose}, by {exchange.owner}", 300)


def _headers(headers: Iterable[tuple[str, str]]) -> str:
    lines = [f"{one_line(name, 80)}: {one_line(value, 300)}" for name, value in headers]
    if len(lines) > _HEADER_LIMIT:
        lines = [*lines[:_HEADER_LIMIT], f"… and {len(lines) - _HEADER_LIMIT} more"]
    return "\n".join(lines)


def _body(body: str, about_people: bool, *, mask: bool) -> str:
    start = body[:BODY_LIMIT]
    is_json = start.lstrip()[:1] in {"{", "["}
    text = json_lines(start, about_people=about_people, mask=mask) if is_json else start
    lines = text.split("\n")
    cut = len(body) > BODY_LIMIT or len(lines) > LINE_LIMIT
    return "\n".join(lines[:LINE_LIMIT]) + ("\n…" if cut else "")


def _trimmed(exchange: Exchange, shown_body: str) -> str:
    response = exchange.response
    if response and response.truncated:
        return f"The answer was longer than what is recorded; {words.size(response.size)} were read."
    if shown_body.endswith("\n…"):
        return "Only the beginning of the body is shown; the whole is in evidence.jsonl."
    return ""
