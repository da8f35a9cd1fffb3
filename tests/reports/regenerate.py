"""Writes the golden reports anew: `python -m tests.reports.regenerate`. Read the difference before you commit it."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from cmms_audit.reports.html import render_html
from cmms_audit.reports.json import render_json
from cmms_audit.reports.markdown import render_markdown
from cmms_audit.reports.terminal import render_terminal
from tests.reports import fixture

GOLDEN = Path(__file__).parent / "golden"


def reports() -> dict[str, str]:
    """Every golden report by file name. The style sheet is left out: how a page looks is judged by eye."""
    report = fixture.report()
    html = render_html(report, fixture.exchanges())
    html = re.sub(r"<style>.*?</style>", "<style>/* style.css */</style>", html, flags=re.DOTALL)
    return {
        "report.json": render_json(report),
        "report.html": re.sub(r"'sha256-[^']+'", "'sha256-…'", html),
        "report.md": render_markdown(report),
        "report.txt": terminal_text(report),
    }


def terminal_text(report: dict[str, object], *, width: int = 100, **options: object) -> str:
    """What a terminal of this width shows, without colours and without blanks at the ends of lines."""
    out = io.StringIO()
    console = Console(file=out, width=width, **options)  # type: ignore[arg-type]
    render_terminal(report, console, files=["out/report.html", "out/report.json"])
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, text in reports().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
