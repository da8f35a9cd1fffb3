"""Recognises what an error must never show: the inside of the vendor's program, or the caller's secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmms_audit.battery import pattern
from cmms_audit.model import Exchange

from ._provoked import MADE_UP
from ._shapes import texts_in

_LONGEST_BODY = 100_000
# A page on the web may end in .php or .js as well, so there the line of the program has to be told, too.
_SOURCE_FILE = (
    r"[\w.$-]{1,80}\.(?:(?:py|rb|ts|java|kt|cs|vb|go|pl|pm|c|cpp|ex|scala|groovy)\b"
    r"|(?:php|js|jsp|aspx?|cfm)(?: on line |:|\()\d)"
)

_PATTERNS = (
    (
        "a stack trace",
        pattern(
            r"Traceback \(most recent call last\)"
            r"|^\s{0,40}at (?:async |new )?[\w$<>`\[\]~]{1,80}\.[\w.$<>`\[\]/~-]{1,200} ?\([^()\n]{0,200}\)"
            r"|^\s{0,40}at [^\n()]{0,200}\([^()\n]{1,200}:\d{1,6}(?::\d{1,6})?\)"
            r"|^goroutine \d{1,9} \["
            r"|^#\d{1,3} [^\n]{1,200}\(\d{1,6}\): "
            r"|^\s{0,40}File \"[^\"\n]{1,300}\", line \d{1,7}"
            r"|\b[\w/.-]{1,200}\.rb:\d{1,7}:in [`']"
            r"|^Caused by: [\w.$]{3,200}(?:Exception|Error)\b",
            re.MULTILINE,
        ),
    ),
    (
        "a database statement or message",
        pattern(
            r"\bSELECT\s[^\n]{1,400}\sFROM\s|\bINSERT\s+INTO\s+\w|\bUPDATE\s+[\w.\"`\[\]]{1,80}\s+SET\s|\bDELETE\s+FROM\s+\w"
            r"|SQLSTATE\[?\w{5}|\bORA-\d{5}\b|syntax error at or near|You have an error in your SQL syntax"
            r"|violates (?:unique|foreign key|not-null|check) constraint|Violation of (?:UNIQUE|PRIMARY) KEY"
            r"|Duplicate entry '[^'\n]{0,200}' for key|E11000 duplicate key|\bjdbc:\w{2,20}:|\bPDOException\b"
            r"|\bpsycopg2?\.|\bsqlite3\.\w+Error|\bPG::\w+|Unclosed quotation mark|com\.mysql|\bno such column: "
        ),
    ),
    (
        "a path on the vendor's server",
        pattern(
            rf"(?<![\w:/.])/(?:[\w.@-]{{1,80}}/){{1,20}}{_SOURCE_FILE}"
            r"|(?<![\w:/.])/(?:usr|var|home|srv|opt|etc|root|mnt)/(?:[\w.@-]{1,80}/){1,20}[\w.@-]{1,80}"
            r"|\b[A-Z]:\\(?:[^\\/:*?\"<>|\r\n]{1,80}\\){1,20}[^\\/:*?\"<>|\r\n]{1,80}"
        ),
    ),
)
_CLASSES = pattern(
    r"through reference chain: |\bSystem\.(?:[A-Z]\w{1,40}\.){0,5}[A-Z]\w{1,60}Exception\b"
    r"|(?<![\w./-])(?:com|org|net|io|javax?|jakarta)\.(?:[a-z]\w{1,40}\.){1,6}[A-Z]\w{2,60}"
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


def hints(exchange: Exchange) -> tuple[str, ...]:
    """What an answer lets slip that is no leak yet: a credential that nobody issued, names of the program's classes.

    Who called by a key in the address sees it again anyway.
    """
    repeats = MADE_UP in exchange.text and MADE_UP not in exchange.request.url
    names_classes = any(_CLASSES.search(text) for text in _texts(exchange))
    return (
        *(["the refused credential, so that a mistyped one ends up in log files"] if repeats else []),
        *(["names of classes of the vendor's program"] if names_classes else []),
    )


def _texts(exchange: Exchange) -> Iterator[str]:
    """The body as a reader sees it: of JSON the texts within, their line breaks real."""
    if exchange.json is None:
        yield exchange.text[:_LONGEST_BODY]
        return
    yield from texts_in(exchange.json)


def _trace_members(value: Any, depth: int = 0) -> Iterator[bool]:
    """Whether a member called stack or the like holds calls, and not just the name of something."""
    if depth < 6 and isinstance(value, dict):
        for name, inner in value.items():
            plain = re.sub(r"[^a-z]", "", name[:60].lower())
            is_list_of_calls = plain == "trace" and isinstance(inner, list)
            is_one_word = isinstance(inner, str) and len(inner.split()) < 2
            if (plain in _TRACE_MEMBERS or is_list_of_calls) and inner not in (None, [], {}) and not is_one_word:
                yield True
            yield from _trace_members(inner, depth + 1)
