"""The report as one HTML file: readable without scripts, nothing loaded from outside, light, dark, phone and paper.

Everything that is put into the template passes through one gate (`_gate`): hostile characters are spelled out,
personal values masked, and the rest escaped by the template engine. Markup comes from the templates alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cmms_audit.model import Exchange
from cmms_audit.reports import event_outline, outline, words
from cmms_audit.reports.html import timeline
from cmms_audit.reports.html.compiled import CompiledTemplates
from cmms_audit.reports.html.exchanges import ShownExchange, shown_exchanges
from cmms_audit.reports.permission_matrix import shown_matrix
from cmms_audit.reports.personal import mask_text
from cmms_audit.reports.style_sheet import style, style_hash
from cmms_audit.reports.text import one_line, safe_link, sentence, shorten, visible

_FOLDER = Path(__file__).parent
COMPILED = _FOLDER / "__pycache__"


def render_html(
    report: Mapping[str, Any],
    exchanges: Iterable[Exchange] = (),
    *,
    recorded: int | None = None,
    show_values: bool = False,
) -> str:
    """The whole report as one HTML document.

    Args:
        report: report.json as a dict.
        exchanges: what was recorded, for the appendix, read once; only those that a finding points at are kept.
        recorded: how many exchanges there are, where not all of them are given.
        show_values: show e-mail addresses, telephone numbers and names of people instead of masking them.
    """
    cited = outline.cited_exchanges(report["findings"])
    shown, given = shown_exchanges(exchanges, cited, show_values=show_values)
    by_id = {each.id: each for each in shown}
    template = _environment(show_values).get_template("report.html.j2")
    return template.render(
        report=report,
        exchanges=shown,
        exchange_by_id=by_id,
        line_of=lambda finding: _line(finding, by_id if show_values else {}),
        recorded=given if recorded is None else recorded,
        show_values=show_values,
        findings_of=outline.findings_by_question(report),
        check_findings=outline.findings_by_check(report),
        counts=outline.verdict_counts(report),
        titles=outline.titles(report),
        flag_ids={each["id"] for each in report["red_flags"]},
        scenario_titles={each["id"]: each["title"] for each in report["scenarios"]},
        unseen=Counter(each["reason"] for each in report["findings"] if each["reason"]),
        matrix=shown_matrix(report),
        events=report.get("events"),
        told=event_outline,
        timeline=timeline,
        outline=outline,
        words=words,
        style=Markup(style()),  # noqa: S704 - our own file, no vendor text in it
        style_hash=style_hash(),
    )


def _line(finding: Mapping[str, Any], unmasked: Mapping[int, ShownExchange]) -> str | None:
    """The line of curl for a finding: that of the report, or the same with the values that the report masks."""
    ids = [each["id"] for each in finding["evidence"] if each["kind"] == "exchange"]
    lines = (unmasked[number].command for number in ids if number in unmasked)
    return next(filter(None, lines), None) or finding.get("reproduce")


def _gate(show_values: bool) -> Callable[[Any], Any]:
    """What every value passes on its way into the template, before it is escaped."""

    def gate(value: Any) -> Any:
        if value is None:
            return ""
        if not isinstance(value, str) or isinstance(value, Markup):
            return value
        text = visible(value)
        return text if show_values else mask_text(text)

    return gate


def compile_templates(folder: Path = COMPILED) -> None:
    """Compile the templates ahead into a folder, as installers do with Python files."""
    environment = _made_environment(False, CompiledTemplates(folder, writes=True))
    for name in environment.list_templates(extensions=["j2"]):
        environment.get_template(name)


@lru_cache
def _environment(show_values: bool) -> Environment:
    return _made_environment(show_values, CompiledTemplates(COMPILED, writes=not sys.dont_write_bytecode))


def _made_environment(show_values: bool, compiled: CompiledTemplates) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        bytecode_cache=compiled,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_gate(show_values),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        line=one_line,
        clip=shorten,
        sentence=sentence,
        link=safe_link,
        percent=words.percent,
        number=words.number,
        moment=words.moment,
        size=words.size,
    )
    return environment
