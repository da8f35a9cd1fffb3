"""What a person sees on stderr while an audit runs. stdout belongs to the report."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from cmms_audit.battery.engine import CheckFinished, CheckStarted, Event, Waiting
from cmms_audit.reports.text import visible

if TYPE_CHECKING:
    from cmms_audit.cli.bar import Bar


def say(text: str) -> None:
    """A line to whoever watches; where nobody does any more, the work goes on."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{visible(text)}\n")


def print_out(write: Callable[[], object]) -> None:
    """Write to stdout; a reader who has gone away, as in `| head`, is no failure of the work."""
    try:
        write()
        sys.stdout.flush()
    except (OSError, SystemExit):  # rich ends the program where it meets a closed pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class RunProgress:
    """The checks that are looking right now, in a bar where stderr is a terminal; with `verbose`, a line for each."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._looking: list[str] = []
        self._bar: Bar | None = None
        if not quiet and sys.stderr.isatty():
            from cmms_audit.cli.bar import Bar  # slow to import, and mostly nobody watches

            self._bar = Bar()

    def __enter__(self) -> RunProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            if self._bar:
                self._bar.stop()

    def expect(self, checks: int) -> None:
        """Say how many checks there are."""
        if self._bar:
            self._bar.expect(checks)

    def tell(self, event: Event) -> None:
        """Show one event of the battery."""
        with contextlib.suppress(OSError):
            self._show(event)

    def _show(self, event: Event) -> None:
        match event:
            case CheckStarted(check):
                self._looking.append(check.id)
            case CheckFinished(check, findings):
                if check.id in self._looking:
                    self._looking.remove(check.id)
                if self._verbose:
                    self._say(f"{check.id}: {', '.join(sorted({finding.verdict for finding in findings}))}")
            case Waiting(says) if not self._quiet:
                self._say(says)
        if self._bar:
            self._bar.show(self._looking, finished=isinstance(event, CheckFinished))

    def _say(self, line: str) -> None:
        if self._bar:
            self._bar.say(line)
        else:
            say(line)
