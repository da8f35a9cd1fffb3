"""What a person sees on stderr while an audit runs. stdout belongs to the report."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from cmms_audit.battery.engine import CheckFinished, CheckStarted, Event


class RunProgress:
    """A bar with the checks that are looking right now; lines instead of a bar where stderr is no terminal."""

    def __init__(self, console: Console, *, quiet: bool, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._looking: list[str] = []
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.stop()

    def expect(self, checks: int) -> None:
        """Say how many checks there are."""
        self._bar.update(self._task, total=checks)

    def tell(self, event: Event) -> None:
        """Show one event of the battery."""
        match event:
            case CheckStarted(check):
                self._looking.append(check.id)
            case CheckFinished(check, findings):
                if check.id in self._looking:
                    self._looking.remove(check.id)
                self._bar.advance(self._task)
                if self._verbose:
                    verdicts = ", ".join(sorted({finding.verdict for finding in findings}))
                    self._console.print(f"{check.id}: {verdicts}", markup=False, highlight=False)
        self._bar.update(self._task, description=", ".join(self._looking[:2]) or "working")
