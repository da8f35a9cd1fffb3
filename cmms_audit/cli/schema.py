"""`cmms-audit schema`: the JSON Schema of each file format, as the loader itself uses it."""

from __future__ import annotations

import typer

from cmms_audit.documents import nearest
from cmms_audit.errors import InputError
from cmms_audit.folders import schemas_folder

PUBLISHED = ("vendor", "dialect", "scenario", "report", "spec-diff")

app = typer.Typer(rich_markup_mode=None)


@app.command()
def schema(name: str = typer.Argument(..., metavar="|".join(PUBLISHED), help="Which format.")) -> None:
    """Print the JSON Schema of a file format, for editors and for CI."""
    if name not in PUBLISHED:
        right = nearest(name, PUBLISHED)
        hint = f"did you mean {right}?" if right else f"there are: {', '.join(PUBLISHED)}"
        raise InputError(f"there is no schema {name!r}; {hint}")
    typer.echo((schemas_folder() / f"{name}.schema.json").read_text(encoding="utf-8"), nl=False)
