"""`cmms-audit checks`: what the battery asks, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.explain import explain
from cmms_audit.cli.options import load_battery

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="List the checks, or show one in plain words.")

_Folders = Annotated[
    list[Path] | None, typer.Option("--checks", metavar="DIR", help="Add a folder of your own checks.")
]


@app.command("list")
def list_checks(checks: _Folders = None) -> None:
    """List every check under its question."""
    guide, battery = load_battery(tuple(checks or ()))
    for group in guide.groups:
        typer.echo(f"{group.title}")
        for question in group.questions:
            typer.echo(f"  {question}  {guide.questions[question].title}")
            for each in battery:
                if each.question == question:
                    typer.echo(f"    {each.id:<38} {each.sends:<9} {'' if each.decisive else 'informs only'}".rstrip())


app.command("show", help="The same as `cmms-audit explain ID`.")(explain)
