"""The comparison at a terminal: the sum first, then what breaks, what may break, and what does not.

Nothing in it is read as markup, and characters that could steer the terminal are spelled out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from cmms_audit.reports.spec_diff.document import (
    LEVELS,
    Report,
    by_group,
    left_out_words,
    users_words,
    version_words,
    where_words,
)
from cmms_audit.reports.text import encodable, one_line, sentence

_STYLES = {"breaking": "bold red", "risky": "yellow", "compatible": "green"}
_MOST_SHOWN = {"breaking": 300, "risky": 300, "compatible": 40}
_NARROWEST = 20


def render_terminal(report: Report, console: Console) -> None:
    """Print the comparison; the console's width, colours and encoding are respected."""
    page = _Page(console)
    page.line(page.text(one_line(report["new"]["title"] or report["old"]["title"] or "API", 100), "bold"), indent=0)
    page.line(one_line(version_words(report), 200), indent=0)
    page.line(one_line(f"{report['old']['source']} → {report['new']['source']}", 1000), indent=0)
    page.blank()
    page.line(sentence(report["summary"], 600), indent=0)
    for level, title in LEVELS.items():
        page.line(page.text(f"{report['counts'][level]:>6,}", _STYLES[level]), f"  {title.lower()}", indent=0)
    if left_out_words(report):
        page.line(sentence(left_out_words(report)), indent=0)
    for level in LEVELS:
        _level(report, level, page)


class _Page:
    """A console that prints values as plain text, in letters that its encoding has."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._plain = not console.encoding.lower().startswith("utf")

    def text(self, value: str, style: str = "") -> Text:
        if self._plain:
            value = encodable(value, self._console.encoding)
        return Text(value, style=style, overflow="fold")

    def blank(self) -> None:
        self._console.print()

    def line(self, *pieces: Text | str, indent: int = 2) -> None:
        parts = [piece if isinstance(piece, Text) else self.text(piece) for piece in pieces]
        text = Text.assemble(*parts, overflow="fold")
        for row in text.wrap(self._console, max(_NARROWEST, self._console.width - indent)):
            row.rstrip()
            self._console.print(Text.assemble(" " * indent, row), soft_wrap=True)


def _level(report: Report, level: str, page: _Page) -> None:
    groups = by_group(report, level)
    if not groups:
        return
    page.blank()
    page.line(page.text(LEVELS[level], _STYLES[level]), indent=0)
    left = _MOST_SHOWN[level]
    for group, changes in groups:
        if left <= 0:
            break
        page.line(page.text(one_line(group, 200), "bold"))
        for change in changes[:left]:
            _change(change, page)
        left -= len(changes)
    hidden = report["counts"][level] - _MOST_SHOWN[level]
    if hidden > 0:
        page.line(f"and {hidden:,} more; --format json, md or html lists all")


def _change(change: Mapping[str, Any], page: _Page) -> None:
    subject = change["subject"].removeprefix(change["group"]).lstrip(" .")
    title = f"{one_line(subject, 200)}: " if subject else ""
    announced = " It was marked as going away." if change["announced"] else ""
    page.line(page.text(title, "bold"), sentence(change["says"], 400) + announced, indent=4)
    page.line(sentence(change["consequence"], 400), indent=6)
    where, users = one_line(where_words(change), 600), one_line(users_words(change), 400)
    told = "; ".join(words for words in (where, users) if words)
    page.line(page.text(told, "dim"), indent=6)
