"""Rate limits in tables: a row for each window ("| minute | 60 |"), a column for each ("| Plan | per minute |"), or a
cell of words beside the calls that it is for ("| GET | 60 per minute, 1,000 per hour |").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_scopes import calls_named, is_for_the_rest
from cmms_audit.spec.limit_sentences import (
    ABOUT_LIMITS,
    LONGEST_ROW,
    LONGEST_TEXT,
    STRANGERS,
    is_row,
    limits_in_phrase,
)
from cmms_audit.spec.limit_values import LONGEST_QUOTATION, Scope, StatedLimit, number, stated, without_dots

_MOST_CELLS = 20
_LONGEST_LABEL = 80
_REACH = 1_000  # characters after the words that speak of rate limits
_CALLS = r"(?:requests?|calls?|reqs?|quota|limit|rate limit|max(?:imum)?)"
_COUNT_CELL = pattern(
    r"(?P<count>\d{1,3}(?:(?:[, ]\d{3}){1,3}|(?:\.\d{3}){1,3})|\d{1,9}|\d{1,4}\s?k)"
    rf"(?:\s{{1,2}}(?:API\s{{1,2}})?{_CALLS})?",
    re.IGNORECASE,
)
_WINDOW_CELL = pattern(
    rf"(?:(?:API\s{{1,2}})?{_CALLS}\s{{0,2}}){{0,2}}\(?(?:(?:per|every|each|an?|in)[\s-]{{1,2}}|/\s{{0,2}})?"
    r"(?:(?P<times>\d{1,4})[\s-]{0,2})?(?<![a-z])(?P<unit>seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|hourly|daily|monthly|s|h)"
    rf"\)?(?:\s{{1,2}}{_CALLS}){{0,2}}",
    re.IGNORECASE,
)
_RULER = pattern(r"[\s|:+=-]{3,500}")
_METHODS = pattern(
    r"(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)(?:\s?(?:,|/|&|and|or)?\s?|$)){1,7}(?:requests?|calls?)?"
)
_BY_CALLS = pattern(
    r"(?:(?:https?|api|rest)\s)?(?:methods?|verbs?|requests?|calls?)(?:\s(?:types?|methods?|categor(?:y|ies)))?"
    r"|type of (?:requests?|calls?)",
    re.IGNORECASE,
)
_BY_PLACE = pattern(
    r"(?:api\s)?(?:end ?points?|resources?|operations?|paths?|routes?|urls?|objects?|entit(?:y|ies)|modules?)",
    re.IGNORECASE,
)
_LIMITS = pattern(
    r"(?:(?:rate|call|request|usage)\s)?(?:limits?|limitations?|quotas?|rates?|allowances?)", re.IGNORECASE
)
_OF_CALLS = pattern(
    rf"(?:api\s|max(?:imum)?\s|allowed\s|number of\s)?(?:api\s)?(?:requests|calls|{_LIMITS.pattern} of calls)",
    re.IGNORECASE,
)
_KINDS_OF_CALLS = {
    **dict.fromkeys(("read", "reads", "reading", "list", "query", "queries", "fetch", "retrieve"), Scope.READS),
    **dict.fromkeys(("write", "writes", "writing", "create", "update", "modify", "insert"), Scope.WRITES),
}  # fmt: skip
_EVERYTHING = ("", "*", "all", "any", "every", "others", "other", "rest", "default", "global", "total")


class _Table(Struct):
    """The table that is being read: its heading row, and which of its columns are windows."""

    heading: Sequence[str] = ()
    columns: Mapping[int, re.Match[str]] = field(default_factory=dict)

    def take_heading(self, cells: Sequence[str]) -> None:
        """Take in a row, which is a heading if it is the first, or if it names windows."""
        columns = _window_columns(cells)
        if not self.heading or columns:
            self.heading, self.columns = cells, columns

    def is_about_calls(self, cells: Sequence[str], at: int) -> bool:
        """Whether a cell of a row speaks of calls by the headings, or by the method that begins the row."""
        heading = self.heading[at] if at < len(self.heading) else ""
        if _OF_CALLS.fullmatch(heading) or _METHODS.fullmatch(cells[0]):
            return True
        if _OF_CALLS.fullmatch(cells[0]) and re.search(r"\blimits?\b", heading, re.IGNORECASE):
            return True
        if any(_names_calls(match.group()) for match in self.columns.values()):
            return True
        by_calls = _BY_CALLS.fullmatch(self.heading[0]) or _BY_PLACE.fullmatch(self.heading[0])
        return by_calls is not None and _LIMITS.fullmatch(heading) is not None

    def scope(self, cells: Sequence[str], at: int) -> Scope:
        """What the limits in a cell hold for, by the cells before it and by its heading."""
        labels = [each[:_LONGEST_LABEL] for each in (*self.heading[at : at + 1], *cells[:at])]
        named = _KINDS_OF_CALLS.get(cells[0].lower()) or calls_named(" ; ".join(labels))
        if named is None and _BY_PLACE.fullmatch(self.heading[0]):
            return Scope.ALL if is_for_the_rest(cells[0]) or cells[0].lower() in _EVERYTHING else Scope.PLACE
        return named or Scope.ALL


def limits_in_tables(text: str) -> Iterator[StatedLimit]:
    """The limits in the tables of a text that stand near words about rate limits, or under such headings."""
    if "|" not in text:
        return
    ends, at = -1, 0
    table = _Table()
    for line in text[:LONGEST_TEXT].split("\n"):
        if ABOUT_LIMITS.search(line[:LONGEST_ROW]):
            ends = at + _REACH
        if not is_row(line):
            table = _Table()
        elif not _RULER.fullmatch(line):
            cells = [cell.strip(" \t\r*`") for cell in line.strip().strip("|").split("|")[:_MOST_CELLS]]
            table.take_heading(cells)
            for limit in _in_row(cells, table, about=at <= ends):
                yield replace(limit, quotation=" ".join(line.split())[:LONGEST_QUOTATION])
        at += len(line) + 1


def _names_calls(cell: str) -> bool:
    return re.search(r"request|call|reqs?\b|limit|quota", cell, re.IGNORECASE) is not None


def _window_columns(cells: Sequence[str]) -> dict[int, re.Match[str]]:
    """The columns of a heading row that are windows; empty for any other row."""
    found = {at: match for at, cell in enumerate(cells) if (match := _WINDOW_CELL.fullmatch(cell))}
    has_counts = any(_COUNT_CELL.fullmatch(cell) for cell in cells)
    return found if found and not has_counts and 0 not in found else {}


def _in_row(cells: Sequence[str], table: _Table, *, about: bool) -> Iterator[StatedLimit]:
    if STRANGERS.search(cells[0]):
        return
    for at, cell in enumerate(cells):
        of_calls = about or table.is_about_calls(cells, at)
        counted = _COUNT_CELL.fullmatch(cell)
        if counted:
            yield from _of_count(counted["count"], cells, at, table) if of_calls else ()
        elif not _WINDOW_CELL.fullmatch(cell):
            for limit in limits_in_phrase(cell, about=of_calls):
                yield limit if limit.narrow else replace(limit, scope=table.scope(cells, at))


def _of_count(count: str, cells: Sequence[str], at: int, table: _Table) -> Iterator[StatedLimit]:
    """The limit of a number in a cell of its own, with the window of its column, or else of the cells beside it."""
    beside = [cells[other] for other in (at - 1, at + 1) if 0 <= other < len(cells)]
    windows = [table.columns.get(at)] if table.columns else [_WINDOW_CELL.fullmatch(each) for each in beside]
    for window in filter(None, windows):
        times = int(window["times"]) if window["times"] else None
        calls = number(without_dots(count, window["unit"], " ".join(cells)))
        limit = stated(calls, window["unit"], times, cells[at], table.scope(cells, at))
        if limit:
            yield limit
