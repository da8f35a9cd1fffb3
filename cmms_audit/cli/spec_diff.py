"""`cmms-audit spec-diff`: what changed between two API descriptions, and what that does to an integration."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cmms_audit import __version__
from cmms_audit.cli import exits
from cmms_audit.errors import InputError
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import load_spec
from cmms_audit.spec_diff import compare

app = typer.Typer(rich_markup_mode=None)

_WIDTH_OF_FILES = 120
_SUFFIXES = {".json": "json", ".md": "md", ".html": "html", ".htm": "html", ".txt": "text"}


class Format(StrEnum):
    """What `--format` can name."""

    TEXT = "text"
    JSON = "json"
    MD = "md"
    HTML = "html"


class Gate(StrEnum):
    """What `--fail-on` can name; the weaker one includes the stronger."""

    BREAKING = "breaking"
    RISKY = "risky"


@app.command()
def spec_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier API description, a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later API description, a file.")],
    form: Annotated[
        Format | None, typer.Option("--format", help="How to write it; by default as text, or as --out ends.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file.")] = None,
    fail_on: Annotated[
        Gate | None, typer.Option("--fail-on", help="Exit with 1 where there are such changes, or worse ones.")
    ] = None,
) -> int:
    """Say what changed between two API descriptions, and what breaks.

    Any of OpenAPI 3, Swagger 2.0, Postman collections and OData metadata; also one against another.
    """
    from cmms_audit.reports.spec_diff.document import build

    if as_json and form not in (None, Format.JSON):
        raise InputError(f"--json and --format {form}: name one of them")
    chosen = Format.JSON if as_json else form or _format_of(out)
    if out is not None:
        _check_out(out, (Path(old), Path(new)))
    report = build(compare(_read(old), _read(new)), tool_version=__version__)
    if out is not None:
        _write(out, chosen, report)
    else:
        _print(chosen, report)
    return _gate(report, fail_on)


def _format_of(out: Path | None) -> Format:
    return Format(_SUFFIXES.get(out.suffix.lower(), "text")) if out is not None else Format.TEXT


def _check_out(out: Path, sources: tuple[Path, ...]) -> None:
    if out.is_dir() or not out.parent.is_dir():
        what = "this is a folder; name a file" if out.is_dir() else "there is no such folder to write it to"
        raise InputError(f"--out {out}: {what}")
    if any(out.exists() and source.exists() and out.samefile(source) for source in sources):
        raise InputError(f"--out {out}: this is one of the two documents; name another file")


def _read(name: str) -> Spec:
    if "://" in name:
        raise InputError(f"{name}: documents on the network are not fetched here; download it and name the file")
    document = load_spec(Path(name))
    if not isinstance(document, Spec):
        raise InputError(f"{name}: it is no API description: {document.says}")
    return document


def _rendered(form: Format, report: Mapping[str, Any]) -> str:
    """The text of a format that is the same for a file and for stdout."""
    if form is Format.JSON:
        from cmms_audit.reports.json import render_json

        return render_json(report)
    if form is Format.MD:
        from cmms_audit.reports.spec_diff.markdown import render_markdown

        return render_markdown(report)
    from cmms_audit.reports.spec_diff.html import render_html

    return render_html(report)


def _print(form: Format, report: Mapping[str, Any]) -> None:
    if form is not Format.TEXT:
        sys.stdout.write(_rendered(form, report))
        return
    from rich.console import Console

    from cmms_audit.reports.spec_diff.terminal import render_terminal

    render_terminal(report, Console(highlight=False))


def _write(out: Path, form: Format, report: Mapping[str, Any]) -> None:
    from cmms_audit.cli.outputs import write

    if form is Format.TEXT:
        from rich.console import Console

        from cmms_audit.reports.spec_diff.terminal import render_terminal

        text = io.StringIO()
        render_terminal(report, Console(file=text, width=_WIDTH_OF_FILES, highlight=False, no_color=True))
        write(out, text.getvalue())
    else:
        write(out, _rendered(form, report))
    typer.echo(f"{out} is written: {report['summary']}", err=True)


def _gate(report: Mapping[str, Any], fail_on: Gate | None) -> int:
    if fail_on is None:
        return exits.EXIT_OK
    counts = report["counts"]
    failing = counts["breaking"] + (counts["risky"] if fail_on is Gate.RISKY else 0)
    if not failing and report["unseen"]:
        typer.echo("gate failed: only part of the documents could be compared", err=True)
        return exits.EXIT_GATE_FAILED
    if not failing:
        return exits.EXIT_OK
    from cmms_audit.reports.words import counted

    worse = " or worse" if fail_on is Gate.RISKY else ""
    typer.echo(f"gate failed: {counted(failing, 'change is', 'changes are')} {fail_on}{worse}", err=True)
    return exits.EXIT_GATE_FAILED
