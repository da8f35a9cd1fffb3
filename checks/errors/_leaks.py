"""Recognises what an error must never show: the inside of the vendor's program, or the caller's secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmms_audit.battery import pattern
from cmms_audit.model import Exchange

_LONGEST_BODY = 100_000
_SOURCE_FILE = r"[\w.$-]{1,80}\.(?:py|rb|php|js|ts|jsp|java|kt|cs|vb|go|pl|pm|c|cpp|aspx?|cfm|ex|scala|groovy)"

_PATTERNS = (
    (
        "a stack trace",
        pattern(
            r"Traceback \(most recent call last\)"
            r"|^\s{0,40}at (?:async |new )?[\w$<>`\[\]~]{1,80}\.[\w.$<>`\[\]/~-]{1,200} ?\([^()\n]{0,200}\)"
            r"|^\s{0,40}at [^\n()]{0,200}\([^()\n]{1,200}:\d{1,6}(?::\d{1,6})?\)"
            r"|^goroutine \d{1,9} \["
            r"|^#\d{1,3} [^\n]{1,200}\(\d{1,6}\): "
            r"|\b(?:javax?|jakarta|org\.(?:springframework|hibernate|apache))\.(?:[a-z]\w{0,40}\.){0,8}[A-Z]\w{1,80}(?:Exception|Error)\b"
            r"|\bSystem\.(?:[A-Z]\w{1,40}\.){0,5}[A-Z]\w{1,60}Exception\b"
            r"|^\s{0,40}File \"[^\"\n]{1,300}\", line \d{1,7}",
            re.MULTILINE,
        ),
    ),
    (
        "a database statement or message",
        pattern(
            r"\bSELECT\s[^\n]{1,400}\sFROM\s|\bINSERT\s+INTO\s+\w|\bUPDATE\s+[\w.\"`\[\]]{1,80}\s+SET\s|\bDELETE\s+FROM\s+\w"
            r"|SQLSTATE\[?\w{5}|\bORA-\d{5}\b|syntax error at or near|You have an error in your SQL syntax"
            r"|\bpsycopg2?\.|\bsqlite3\.\w+Error|\bPG::\w+|Unclosed quotation mark|com\.mysql|\bno such column: "
        ),
    ),
    (
        "a path on the vendor's server",
        pattern(
            rf"(?<![\w:/.])/(?:[\w.@-]{{1,80}}/){{1,20}}{_SOURCE_FILE}\b"
            r"|(?<![\w:/.])/(?:usr|var|home|srv|opt|etc|root|mnt)/(?:[\w.@-]{1,80}/){1,20}[\w.@-]{1,80}"
            r"|\b[A-Z]:\\(?:[^\\/:*?\"<>|\r\n]{1,80}\\){1,20}[^\\/:*?\"<>|\r\n]{1,80}"
        ),
    ),
)
_TRACE_MEMBERS = frozenset({"stack", "stacktrace", "stacktraces", "traceback", "backtrace", "exc", "callstack"})


def leaks(exchange: Exchange) -> tuple[str, ...]:
    """What an answer gives away, in words; what merely repeats the address that was asked for is no leak."""
    text = "\n".join(_texts(exchange))
    found = [
        what
        for what, words in _PATTERNS
        if any(match.group().strip() not in exchange.request.url for match in words.finditer(text))
    ]
    if "a stack trace" not in found and any(_trace_members(exchange.json)):
        found.insert(0, "a stack trace")
    if exchange.notes.get("echoes_credential"):
        found.append("the credential that was sent")
    return tuple(found)


def _texts(exchange: Exchange) -> Iterator[str]:
    """The body as a reader sees it: of JSON the texts within, their line breaks real."""
    body = exchange.json
    if body is None:
        yield exchange.text[:_LONGEST_BODY]
        return
    yield from _strings(body)


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:_LONGEST_BODY]
    elif depth < 20 and isinstance(value, dict | list):
        for inner in list(value.values() if isinstance(value, dict) else value)[:500]:
            yield from _strings(inner, depth + 1)


def _trace_members(value: Any, depth: int = 0) -> Iterator[bool]:
    """Whether a member called stack or the like holds text."""
    if depth < 6 and isinstance(value, dict):
        for name, inner in value.items():
            if re.sub(r"[^a-z]", "", name[:60].lower()) in _TRACE_MEMBERS and inner not in (None, "", [], {}):
                yield True
            yield from _trace_members(inner, depth + 1)
