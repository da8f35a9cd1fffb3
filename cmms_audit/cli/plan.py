"""`cmms-audit plan`: what a run would do, without sending anything."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.battery.plan import Plan, Planned, make_plan
from cmms_audit.cli.options import order_for
from cmms_audit.permissions import Permissions
from cmms_audit.vendor import Budget, secret_receivers

app = typer.Typer(rich_markup_mode=None)


@app.command()
def plan(
    vendor_file: Annotated[Path, typer.Argument(metavar="VENDOR.YAML", help="The vendor file.")],
    allow: Annotated[
        list[str] | None, typer.Option("--allow", metavar="LIST", help="As for run: writes,burst,webhooks.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="As for run: send nothing.")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="PATTERN", help="As for run.")] = None,
    skip: Annotated[list[str] | None, typer.Option("--skip", metavar="PATTERN", help="As for run.")] = None,
    checks: Annotated[list[Path] | None, typer.Option("--checks", metavar="DIR", help="As for run.")] = None,
    profiles: Annotated[list[Path] | None, typer.Option("--profiles", metavar="DIR", help="As for run.")] = None,
    spec_folder: Annotated[Path | None, typer.Option("--spec-folder", metavar="DIR", help="As for run.")] = None,
) -> None:
    """Show which secrets would go where, what may be sent, and which checks would look."""
    order = order_for(
        vendor_file,
        allow=allow,
        offline=offline,
        checks=tuple(checks or ()),
        profiles=tuple(profiles or ()),
        spec_folder=spec_folder,
        environ=os.environ,
        in_terminal=False,
    )
    made = make_plan(order.checks, order.permissions, only=tuple(only or ()), skip=tuple(skip or ()))
    typer.echo(f"{order.vendor.name}, {order.vendor.environment}, {order.vendor.base_url}")
    _show_secrets(secret_receivers(order.vendor))
    _show_permissions(order.permissions, order.vendor.budget)
    _show_checks(made)


def _show_secrets(receivers: list[tuple[str, str, str]]) -> None:
    typer.echo("\nSecrets, and the only address each one goes to:")
    for reference, label, receiver in receivers:
        typer.echo(f"  {reference:<28} {label:<28} {receiver}")
    if not receivers:
        typer.echo("  none")


def _show_permissions(permissions: Permissions, budget: Budget) -> None:
    if permissions.offline:
        typer.echo("\nNothing is sent: only the documents are judged.")
        return
    given = [name for name in ("writes", "burst", "webhooks") if getattr(permissions, name)]
    typer.echo(f"\nMay be sent: reads{''.join(f', {name}' for name in given)}")
    typer.echo(
        f"At most {budget.requests} requests, {budget.per_second:g} a second, {budget.seconds:g} seconds in all."
    )
    if permissions.burst:
        typer.echo(f"Besides, one burst of at most {budget.burst_requests} requests at the end.")


def _show_checks(made: Plan) -> None:
    looking = [each for each in made.all if each.withheld is None]
    typer.echo(f"\n{len(looking)} of {len(made.all)} checks would look:")
    for title, phase in (
        ("at once, over the documents", made.at_once),
        ("side by side", made.side_by_side),
        ("one at a time", made.alone),
        ("last of all", made.bursts),
    ):
        _show_phase(title, [each for each in phase if each.withheld is None])
    withheld = Counter(each.withheld for each in made.all if each.withheld)
    for reason, count in sorted(withheld.items()):
        names = ", ".join(each.check.id for each in made.all if each.withheld is reason)
        typer.echo(f"  left out ({reason}), {count}: {names}")


def _show_phase(title: str, phase: list[Planned]) -> None:
    if phase:
        typer.echo(f"  {title}, {len(phase)}: {', '.join(each.check.id for each in phase)}")
