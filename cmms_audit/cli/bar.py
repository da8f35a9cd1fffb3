"""The bar at the bottom of a terminal while an audit runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Bar:
    """How many checks have finished, and which are looking right now."""

    def __init__(self) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)

    def start(self) -> None:
        """Draw the bar from now on."""
        self._bar.start()

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def expect(self, checks: int) -> None:
        """Say how many checks there are."""
        self._bar.update(self._task, total=checks)

    def show(self, looking: Sequence[str], *, finished: bool) -> None:
        """Name the checks that are looking; `finished` says that one more has its answer."""
        self._bar.update(self._task, advance=int(finished), description=", ".join(looking[:2]) or "working")

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False)
