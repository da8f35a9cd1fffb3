"""Rate limits in tables: a row for each window ("| minute | 60 |"), or a column for each ("| Plan | per minute |")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_scopes import is_local, is_narrow
from cmms_audit.spec.limit_sentences import ABOUT_LIMITS, LONGEST_TEXT
from cmms_audit.spec.limit_values import Scope, StatedLimit, number, stated

_LONGEST_ROW = 500
_MOST_CELLS = 20
_REACH = 1_000  # characters after the words that speak of rate limits
_CALLS = r"(?:requests?|calls?|reqs?|quota|limit|rate limit|max(?:imum)?)"
_COUNT_CELL = pattern(
    rf"(?P<count>\d{{1,3}}(?:[, ]\d{{3}}){{1,3}}|\d{{1,9}}|\d{{1,4}}\s?k)(?:\s{{1,2}}(?:API\s{{1,2}})?{_CALLS})?",
    re.IGNORECASE,
)
_WINDOW_CELL = pattern(
    rf"(?:(?:API\s{{1,2}})?{_CALLS}\s{{0,2}}){{0,2}}\(?(?:(?:per|every|each|an?|in)[\s-]{{1,2}}|/\s{{0,2}})?"
    r"(?:(?P<times>\d{1,4})[\s-]{0,2})?(?<![a-z])(?P<unit>seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|hourly|daily|monthly|s|h)"
    rf"\)?(?:\s{{1,2}}{_CALLS}){{0,2}}",
    re.IGNORECASE,
)
_RULER = pattern(r"[\s|:+=-]{3,500}")


def limits_in_tables(text: str) -> Iterator[StatedLimit]:
    """The limits in the tables of a text that stand near words about rate limits, or under such headings."""
    if "|" not in text:
        return
    text = text[:LONGEST_TEXT]
    ends = -1
    at = 0
    columns: dict[int, re.Match[str]] = {}
    for line in text.split("\n"):
        if ABOUT_LIMITS.search(line[:_LONGEST_ROW]):
            ends = at + _REACH
        if "|" not in line or len(line) > _LONGEST_ROW:
            columns = {}
        elif not _RULER.fullmatch(line):
            cells = [cell.strip(" \t\r*`") for cell in line.strip().strip("|").split("|")[:_MOST_CELLS]]
            columns = _window_columns(cells) or columns
            if at <= ends or any(_names_calls(match.group()) for match in columns.values()):
                yield from _in_row(line, cells, columns)
        at += len(line) + 1


def _names_calls(cell: str) -> bool:
    return re.search(r"request|call|reqs?\b|limit|quota", cell, re.IGNORECASE) is not None


def _window_columns(cells: list[str]) -> dict[int, re.Match[str]]:
    """The columns of a heading row that are windows; empty for any other row."""
    found = {at: match for at, cell in enumerate(cells) if (match := _WINDOW_CELL.fullmatch(cell))}
    has_counts = any(_COUNT_CELL.fullmatch(cell) for cell in cells)
    return found if found and not has_counts and 0 not in found else {}


def _in_row(row: str, cells: list[str], columns: Mapping[int, re.Match[str]]) -> Iterator[StatedLimit]:
    scope = Scope.PLACE if is_local(cells[0]) else Scope.SOME if is_narrow(cells[0]) else Scope.ALL
    in_columns = [(cells[at], match) for at, match in columns.items() if at < len(cells)]
    beside = [
        (count, match)
        for pair in pairwise(cells)
        for count, other in (pair, pair[::-1])
        if (match := _WINDOW_CELL.fullmatch(other))
    ]
    for cell, window in in_columns or beside:
        count = _COUNT_CELL.fullmatch(cell)
        times = int(window["times"]) if window["times"] else None
        limit = stated(number(count["count"]), window["unit"], times, row, scope) if count else None
        if limit:
            yield limit
