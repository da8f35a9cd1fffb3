"""`cmms-audit profiles`: the scenarios that are judged, and the dialects that are spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.options import dialect_folders, load_battery
from cmms_audit.dialect import dialect_names, load_dialect
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError
from cmms_audit.guide import Guide, Scenario

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="List scenarios and dialects, or show one.")

_Folders = Annotated[
    list[Path] | None, typer.Option("--profiles", metavar="DIR", help="Add a folder of your own profiles.")
]


@app.command("list")
def list_profiles(profiles: _Folders = None) -> None:
    """List the scenarios and the dialects."""
    guide, _ = load_battery((), tuple(profiles or ()))
    folders = dialect_folders(tuple(profiles or ()))
    typer.echo("Scenarios: what an integration needs")
    for scenario in guide.scenarios.values():
        typer.echo(f"  {scenario.id:<14} {scenario.title}")
    typer.echo("Dialects: how a family of APIs speaks")
    for name in dialect_names(folders):
        typer.echo(f"  {name:<14} {load_dialect(name, folders).title}")


@app.command("show")
def show_profile(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario or a dialect.")],
    profiles: _Folders = None,
) -> None:
    """Show one scenario with its weights, or one dialect with its words."""
    guide, _ = load_battery((), tuple(profiles or ()))
    folders = dialect_folders(tuple(profiles or ()))
    names = dialect_names(folders)
    if name in guide.scenarios:
        _show_scenario(guide.scenarios[name], guide)
    elif name in names:
        _show_dialect(name, folders)
    else:
        right = nearest(name, [*guide.scenarios, *names])
        raise InputError(
            f"there is no profile {name!r}; "
            + (f"did you mean {right}?" if right else "see `cmms-audit profiles list`")
        )


def _show_scenario(scenario: Scenario, guide: Guide) -> None:
    typer.echo(f"{scenario.id}: {scenario.title}\n\n{scenario.flow}\n{scenario.failure}")
    typer.echo("\nHow much each question weighs, 0 to 5:")
    for question, weight in sorted(scenario.weights.items(), key=lambda item: -item[1]):
        typer.echo(f"  {weight}  {question:<26} {guide.questions[question].title}")


def _show_dialect(name: str, folders: tuple[Path, ...]) -> None:
    dialect = load_dialect(name, folders)
    typer.echo(f"{dialect.name}: {dialect.title}\n\nWhat each kind of record may be called:")
    for kind, words in dialect.resources.items():
        typer.echo(f"  {kind:<16} {', '.join(words.names)}")
    if dialect.event_delivery:
        typer.echo(f"\nEvents: {dialect.event_delivery}")
