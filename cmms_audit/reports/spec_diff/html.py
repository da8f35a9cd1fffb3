"""The comparison as one HTML file, in the style of the audit's report: no script, nothing loaded from outside.

Whatever is put into the template is made visible first and escaped by the template engine; markup is the template's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cmms_audit.reports.spec_diff import document
from cmms_audit.reports.style_sheet import style, style_hash
from cmms_audit.reports.text import one_line, sentence, visible
from cmms_audit.reports.words import counted

_FOLDER = Path(__file__).parent


def render_html(report: document.Report) -> str:
    """The whole comparison as one HTML document."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_gate,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(line=one_line, sentence=sentence, place=document.place_words, users=document.users_words)
    return environment.get_template("spec_diff.html.j2").render(
        report=report,
        levels=document.LEVELS,
        tags={"breaking": "verdict-not_met", "risky": "verdict-partial", "compatible": "verdict-met"},
        groups={level: document.by_group(report, level) for level in document.LEVELS},
        versions=document.version_words(report),
        left_out=document.left_out_words(report),
        harmless=counted(report["counts"]["compatible"], "change that needs", "changes that need") + " no action",
        style=Markup(style()),  # noqa: S704 - our own file, no vendor text in it
        style_hash=style_hash(),
    )


def _gate(value: Any) -> Any:
    """What every value passes on its way into the template, before it is escaped."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
