"""The comparison as Markdown, for a ticket, a wiki or a pull request; vendor text stays text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmms_audit.reports.markdown import escape
from cmms_audit.reports.spec_diff.document import (
    LEVELS,
    Report,
    by_group,
    left_out_words,
    users_words,
    version_words,
    where_words,
)
from cmms_audit.reports.text import sentence


def render_markdown(report: Report) -> str:
    """The comparison as Markdown text, ending in a line feed."""
    title = report["new"]["title"] or report["old"]["title"] or "API"
    blocks = [
        f"# What changed in {escape(title, 120)}",
        f"{escape(version_words(report), 200)}: {escape(report['old']['source'], 300)} → "
        f"{escape(report['new']['source'], 300)}",
        escape(sentence(report["summary"], 600)),
        "\n".join(f"- {name}: **{report['counts'][level]:,}**" for level, name in LEVELS.items()),
    ]
    if left_out_words(report):
        blocks.append(sentence(left_out_words(report)))
    for level, name in LEVELS.items():
        groups = by_group(report, level)
        if groups:
            blocks.append(f"## {name}")
        for group, changes in groups:
            blocks.append(f"### {escape(group, 200)}")
            blocks.append("\n".join(map(_bullet, changes)))
    return "\n\n".join(blocks) + "\n"


def _bullet(change: Mapping[str, Any]) -> str:
    subject = change["subject"].removeprefix(change["group"]).lstrip(" .")
    title = f"**{escape(subject, 200)}**: " if subject else ""
    announced = " It was marked as going away." if change["announced"] else ""
    told = "; ".join(escape(words) for words in (where_words(change), users_words(change)) if words)
    says = escape(sentence(change["says"], 400))
    return f"- {title}{says}{announced} {escape(sentence(change['consequence'], 400))} ({told})"
