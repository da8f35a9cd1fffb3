"""The report at a terminal: verdict, integrations, red flags, questions, what to do next, where the files are.

Everything is printed as plain text with styles of our own; nothing in the report is read as markup, and characters
that could steer the terminal are spelled out. Colour and width are the console's business (NO_COLOR, a pipe, a window).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cmms_audit.reports import event_outline, outline, words
from cmms_audit.reports.text import encodable, one_line, sentence

Report = Mapping[str, Any]

_VERDICT_STYLES = {
    "met": "green",
    "partial": "yellow",
    "not_met": "red",
    "unknown": "magenta",
    "not_applicable": "dim",
    "go": "green",
    "conditional": "yellow",
    "no-go": "red",
}
_SEVERITY_STYLES = {"critical": "bold red", "serious": "yellow", "minor": "dim"}
_FITS_STYLES = {state: _VERDICT_STYLES[verdict] for state, verdict in words.FITS_VERDICTS.items()}
_GRADE_STYLES = {"A": "bold green", "B": "bold green", "C": "bold yellow", "D": "bold red", "F": "bold red"}
_BAR = (("observed", "█", "blue"), ("documented", "▓", "cyan"), ("claimed", "▒", "yellow"), ("none", "·", "dim"))
_PLAIN_BAR = {"█": "#", "▓": "=", "▒": "-", "·": "."}
_BAR_WIDTH = 50
_NARROW = 70
_VERDICT_WIDTH = max(map(len, words.VERDICTS.values())) + 2
_FITS_WIDTH = max(map(len, words.FITS.values())) + 2
_ASKED_IN_FULL = 5


def render_terminal(report: Report, console: Console, *, files: Sequence[Path | str] = ()) -> None:
    """Print the report.

    Args:
        report: report.json as a dict.
        console: where to; its width, colours and encoding are respected.
        files: paths of what was written; the page to open is printed first.
    """
    page = _Page(console)
    _head(report, page)
    _verdict(report, page)
    _coverage(report, page)
    _scenarios(report, page)
    _red_flags(report, page)
    _questions(report, page)
    _capacity(report, page)
    _events(report, page)
    _next_steps(report, page)
    _files(files, page)


class _Page:
    """A console that prints values as plain text, in letters that its encoding has."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.bar_width = min(_BAR_WIDTH, console.width - 4)
        self.narrow = console.width < _NARROW
        self.plain = not console.encoding.lower().startswith("utf")

    def text(self, value: str, style: str = "") -> Text:
        if self.plain:
            value = encodable(value, self._console.encoding)
        return Text(value, style=style, overflow="fold")

    def line(self, *pieces: Text | str, indent: int = 2) -> None:
        parts = [piece if isinstance(piece, Text) else self.text(piece) for piece in pieces]
        self._console.print(Padding(Text.assemble(*parts, overflow="fold"), (0, 0, 0, indent), expand=False))

    def title(self, value: str, quiet: str = "") -> None:
        self._console.print()
        self.line(self.text(value, "bold"), self.text(f"  {quiet}" if quiet else "", "dim"), indent=0)

    def table(self, table: Table) -> None:
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def row(self, first: Text, title: Text, told: Text) -> tuple[Text, ...]:
        """A verdict, a title and what was found: three columns, or two where the window is narrow."""
        if self.narrow:
            return first, Text.assemble(title, "\n", told, overflow="fold")
        return first, title, told

    def rows(self, first_width: int) -> Table:
        """The table for such rows."""
        return _grid(first_width, 1) if self.narrow else _grid(first_width, 2, 3)

    def sign(self, kind: str, signs: Mapping[str, str], names: Mapping[str, str]) -> Text:
        """A verdict: its sign, where the encoding has it, and always its word."""
        word = names[kind] if self.plain else f"{signs[kind]} {names[kind]}"
        return self.text(word, _VERDICT_STYLES[kind])


def _grid(first_width: int, *ratios: int) -> Table:
    """A table without lines: a first column of at least this width, the others sharing what is left."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(min_width=first_width, no_wrap=True)
    for ratio in ratios:
        table.add_column(ratio=ratio, overflow="fold")
    return table


def _head(report: Report, page: _Page) -> None:
    vendor = report["vendor"]
    product = f"  {one_line(vendor['product'], 100)}" if vendor["product"] else ""
    page.title(one_line(vendor["name"], 100), product.strip())
    where = one_line(vendor["base_url"], 200) or "its documents"
    page.line(f"API audit of {where}, {words.moment(report['started_at'])}", indent=0)


def _verdict(report: Report, page: _Page) -> None:
    score = report["score"]
    page.title("Verdict")
    if not report["complete"]:
        page.line(page.text("This audit is not complete. ", "bold"), sentence(report["stopped"] or ""))
    if score["grade"]:
        page.line(
            page.text(f"Grade {score['grade']}", _GRADE_STYLES[score["grade"]]), f"  {words.GRADES[score['grade']]}"
        )
    else:
        page.line(page.text("No grade  ", "bold"), sentence(score["withheld"] or "too little was seen"))
    if score["low"] is not None:
        page.line(_score_words(score))
    if score["caps"]:
        _caps(report, page)


def _score_words(score: Mapping[str, Any]) -> str:
    low = f"Score {words.number(score['low'])} of 100"
    if score["high"] > score["low"]:
        return f"{low}, up to {words.number(score['high'])} if every open question were answered well"
    return low


def _caps(report: Report, page: _Page) -> None:
    titles = outline.titles(report)
    raw = report["score"]["raw_grade"]
    page.line(
        f"The score alone would be grade {raw}; red flags hold it down:" if raw else "Red flags hold the grade down:"
    )
    for cap in report["score"]["caps"]:
        title = one_line(titles.get(cap["flag"], cap["flag"]), 120)
        page.line(page.text(f"{cap['grade']} at best: ", "bold"), f"{title}. {sentence(cap['reason'])}", indent=4)


def _coverage(report: Report, page: _Page) -> None:
    shares = report["coverage"]
    page.title("What it rests on")
    bar = Text()
    for name, letter, style in _BAR:
        bar.append((_PLAIN_BAR[letter] if page.plain else letter) * round(shares[name] * page.bar_width), style)
    page.line(bar)
    for name, letter, style in _BAR:
        key = page.text(_PLAIN_BAR[letter] if page.plain else letter, style)
        page.line(key, f" {words.percent(shares[name]):>5}  {words.BASES[name]}")


def _scenarios(report: Report, page: _Page) -> None:
    page.title("Can the integrations be built?")
    table = page.rows(0)
    for each in report["scenarios"]:
        needs = [*outline.in_the_way(report, each), *outline.still_needed(report, each)]
        why = "; ".join(one_line(condition.title, 100) for condition in needs[:3])
        more = f"; and {len(needs) - 3} more" if len(needs) > 3 else ""
        verdict = page.sign(each["verdict"], words.SCENARIO_SIGNS, words.SCENARIO_VERDICTS)
        title = one_line(each["title"], 100) + (f" ({words.number(each['low'])})" if each["low"] is not None else "")
        reasons = why + more or "; ".join(one_line(remark, 200) for remark in each["remarks"])
        told = page.text(reasons or "nothing that was seen stands in the way")
        table.add_row(*page.row(verdict, page.text(title), told))
    page.table(table)


def _red_flags(report: Report, page: _Page) -> None:
    raised, untested = outline.flags(report, "raised"), outline.flags(report, "not_tested")
    clear = len(outline.flags(report, "clear"))
    page.title("Red flags", f"{len(raised)} raised, {clear} looked for and not found, {len(untested)} not tested")
    table = _grid(0, 1)
    for flag in raised:
        severity = page.text(words.SEVERITIES[flag["severity"]], _SEVERITY_STYLES[flag["severity"]])
        told = page.text(one_line(flag["title"], 160), "bold")
        table.add_row(severity, Text.assemble(told, page.text("\n" + sentence(flag["summary"], 300)), overflow="fold"))
    if untested:
        names = "; ".join(one_line(flag["title"], 100) for flag in untested)
        table.add_row(page.text("Not tested", "magenta"), page.text(names))
    page.table(table)


def _questions(report: Report, page: _Page) -> None:
    counts = outline.verdict_counts(report)
    told = ", ".join(f"{counts[verdict]} {name.lower()}" for verdict, name in words.VERDICTS.items() if counts[verdict])
    page.title("Questions", told)
    for group, questions in outline.questions_by_group(report):
        score = "" if group["low"] is None else f"  {words.number(group['low'])}"
        page.line(page.text(one_line(group["title"], 120), "bold"), page.text(score, "dim"))
        table = page.rows(_VERDICT_WIDTH)
        for each in questions:
            verdict = page.sign(each["verdict"], words.VERDICT_SIGNS, words.VERDICTS)
            table.add_row(*page.row(verdict, page.text(one_line(each["title"], 120)), _answer(each, page)))
        page.table(table)


def _answer(question: Mapping[str, Any], page: _Page) -> Text:
    summary = page.text(one_line(question["summary"], 160))
    if question["verdict"] in {"unknown", "not_applicable"}:
        return summary
    return Text.assemble(summary, page.text(f" ({words.BASES[question['basis']]})", "dim"), overflow="fold")


def _capacity(report: Report, page: _Page) -> None:
    """Every volume with its answer; the arithmetic where the answer is not that it fits."""
    loads = outline.loads(report)
    if not loads:
        return
    page.title("Does your volume fit?")
    table = page.rows(_FITS_WIDTH)
    for each in loads:
        word = words.FITS[each.state]
        fits = page.text(word if page.plain else f"{words.FITS_SIGNS[each.state]} {word}", _FITS_STYLES[each.state])
        told = [page.text(sentence(f"{each.because}. {outline.ways_out(each)}", 400))]
        told += [page.text(f"\n- {one_line(line, 200)}", "dim") for line in each.working if each.state != "fits"]
        table.add_row(*page.row(fits, page.text(one_line(each.need, 100)), Text.assemble(*told, overflow="fold")))
    page.table(table)


def _events(report: Report, page: _Page) -> None:
    """What outages of the receiver would lose."""
    events = report.get("events")
    if events is None:
        return
    page.title("What would an outage of your receiver lose?")
    page.line(one_line(f"{event_outline.retry_words(events)} {event_outline.clock_words(events)}"))
    table = page.rows(_VERDICT_WIDTH)
    for row in event_outline.outage_rows(events):
        sign = words.VERDICT_SIGNS[event_outline.VERDICTS[row.outcome]]
        word = event_outline.OUTCOMES[row.outcome]
        lost = page.text(word if page.plain else f"{sign} {word}", _VERDICT_STYLES[event_outline.VERDICTS[row.outcome]])
        detail = f"{row.lost}: " if row.outcome == "partly" else ""
        told = Text.assemble(
            page.text(one_line(f"{detail}{row.because}", 400)), page.text(f" ({row.stands_on})", "dim"), overflow="fold"
        )
        table.add_row(*page.row(lost, page.text(row.length), told))
    page.table(table)


def _next_steps(report: Report, page: _Page) -> None:
    page.title("Next")
    steps = outline.next_steps(report) or ["Nothing is open: keep this report with the contract."]
    table = _grid(0, 1)
    for number, step in enumerate(steps, 1):
        table.add_row(page.text(f"{number}."), page.text(one_line(step, 300)))
    page.table(table)
    unanswered = outline.open_questions(report)
    if not unanswered:
        return
    page.title("To ask the vendor")
    asked = _grid(0, 1)
    for question in unanswered[:_ASKED_IN_FULL]:
        asked.add_row(page.text("-"), page.text(sentence(question["ask"] or question["question"], 400)))
    page.table(asked)
    if len(unanswered) > _ASKED_IN_FULL:
        page.line(f"and {len(unanswered) - _ASKED_IN_FULL} more, in report.html under 'Questions to send the vendor'")


def _files(files: Sequence[Path | str], page: _Page) -> None:
    if files:
        page.title("Files")
        for path in sorted(files, key=lambda path: not str(path).endswith(".html")):
            page.line(one_line(str(path), 1000))
