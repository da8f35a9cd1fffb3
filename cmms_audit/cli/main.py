"""The way in: finds a command by name, imports only that one, and turns every outcome into an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from cmms_audit import __version__
from cmms_audit.cli.exits import EXIT_CANNOT_AUDIT, EXIT_INPUT, EXIT_INTERRUPTED
from cmms_audit.errors import CannotAudit, InputError

# Command, module, one line of help: printed without importing anything.
_COMMANDS = {
    "run": ("run", "Audit a vendor and write the report."),
    "plan": ("plan", "Show what a run would do and send, without sending anything."),
    "demo": ("demo", "Audit the embedded model vendor over real HTTP, to see a report."),
    "sandbox": ("sandbox", "Serve an embedded vendor and print a ready vendor file for it."),
    "replay": ("replay", "Judge a recorded audit again, without the vendor."),
    "report": ("report", "Write the reports of an earlier audit again, in other formats."),
    "cleanup": ("cleanup", "Delete what an audit that was broken off has left at the vendor."),
    "receiver": ("receiver", "Take what a vendor sends by webhook, keep it, and misbehave as told."),
    "spec-diff": ("spec_diff", "Say what changed between two API descriptions, and what breaks."),
    "checks": ("checks", "List the checks, or show one in plain words."),
    "explain": ("explain", "Explain a check, a question or a red flag: why, how, what to ask, what to sign."),
    "profiles": ("profiles", "List scenarios and dialects, or show one."),
    "schema": ("schema", "Print the JSON Schema of a file format."),
}


_MOST_LINES = 60
_ALLOCATIONS = 200_000


class LazyCommands(TyperGroup):
    """A group whose commands are imported when they are called, so that help and errors come at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of their use."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one command; None where there is no such command."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"cmms_audit.cli.{_COMMANDS[cmd_name][0]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


app = typer.Typer(
    cls=LazyCommands,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


@app.callback(invoke_without_command=True)
def cmms_audit(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    """Audit a CMMS vendor's API before you sign: red flags, evidence, and a verdict for each integration."""
    if version:
        typer.echo(f"cmms-audit {__version__}")
        raise typer.Exit


def entry(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code that the outcome has in the published table."""
    gc.set_threshold(_ALLOCATIONS)  # a run is short and throws little away: looking for it took a tenth of the time
    sys.exit(outcome(arguments))


def outcome(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors go to stderr in plain words, never as a traceback."""
    try:
        code = app(args=arguments, standalone_mode=False)
    except InputError as error:
        return _complain(str(error), EXIT_INPUT)
    except CannotAudit as error:
        return _complain(str(error), EXIT_CANNOT_AUDIT)
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except typer.Abort:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # click's own usage errors
            error.show()
            return EXIT_INPUT
        return _own_fault(error)
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    lines = message.splitlines()
    typer.echo("\n".join(lines[:_MOST_LINES]), err=True)
    if len(lines) > _MOST_LINES:
        typer.echo(f"... and {len(lines) - _MOST_LINES} more", err=True)
    return code


def _own_fault(error: Exception) -> int:
    """A defect of this program: named without the error's text, which may hold what a vendor sent."""
    if os.environ.get("CMMS_AUDIT_DEBUG"):
        raise error
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    return _complain(
        f"cmms-audit failed by a fault of its own ({place}); please report this line."
        " With CMMS_AUDIT_DEBUG=1 set, the same command shows more.",
        EXIT_CANNOT_AUDIT,
    )


def _closed_pipe() -> int:
    """The reader of stdout went away (`| head`): what it wanted it had, and nothing more can be said to it."""
    sys.stderr.close()
    return 0
