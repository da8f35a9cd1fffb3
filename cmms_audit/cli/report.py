"""`cmms-audit report`: writes the reports of an earlier audit again, in other formats, without judging anew."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cmms_audit.cli.options import FORMATS, chosen, split
from cmms_audit.cli.outputs import EVIDENCE, REPORT, demand_audit, html_of, write
from cmms_audit.cli.shared import ShowValues
from cmms_audit.documents import Document, read, validate
from cmms_audit.errors import InputError, Problem
from cmms_audit.wire.recording import Recording

app = typer.Typer(rich_markup_mode=None)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of an audit.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="LIST", help=f"What to write: {', '.join(FORMATS)}; by default html."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR2", help="Where to write; by default into the same folder.")
    ] = None,
    show_values: ShowValues = False,
) -> None:
    """Write the reports of an earlier audit again, from its report.json and its evidence. Nothing is judged anew."""
    wanted = list(dict.fromkeys(chosen("--format", split(formats) or ["html"], FORMATS)))
    told = read_report(folder / REPORT)
    texts = {_name(each): _rendered(each, told, folder, show_values=show_values) for each in wanted}
    _prepare(out, folder, list(texts))
    for name, text in texts.items():
        path = (out or folder) / name
        write(path, text)
        typer.echo(f"wrote {path}")


def read_report(path: Path) -> dict[str, Any]:
    """A report.json, which must hold to its schema. Raises InputError with every way in which it does not."""
    read_for_lines = read(path)  # mends half characters, which a vendor can bring into a report and JSON can hold
    try:
        told: dict[str, Any] = json.loads(path.read_bytes(), parse_constant=str)
    except (OSError, ValueError, RecursionError):
        raise InputError(Problem(str(path), "this is no JSON", "name the folder of an audit")) from None
    problems = validate(Document(told, str(path), (), read_for_lines.line), "report")
    if problems:
        raise InputError(*problems)
    return told


def _name(form: str) -> str:
    return f"report.{form}"


def _rendered(form: str, told: dict[str, Any], folder: Path, *, show_values: bool) -> str:
    match form:
        case "json":
            from cmms_audit.reports.json import render_json

            return render_json(told)
        case "md":
            from cmms_audit.reports.markdown import render_markdown

            return render_markdown(told)
        case _:
            demand_audit(folder)
            return html_of(told, Recording(folder / EVIDENCE), show_values=show_values)


def _prepare(out: Path | None, folder: Path, names: Sequence[str]) -> None:
    """Make another folder ready. Raises InputError where it cannot be used, or would lose a report of its own."""
    if out is None or out.resolve() == folder.resolve():
        return
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: this is a file; name a folder")
    taken = [name for name in names if os.path.lexists(out / name)]
    if taken:
        raise InputError(f"--out {out}: it holds a {taken[0]} already; name another folder, or move that one away")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: the folder cannot be made: {error.strerror}") from None
