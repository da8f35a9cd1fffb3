"""Ends a run in good order when the user, the system or a closed terminal asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from cmms_audit.cli.progress import say
from cmms_audit.errors import CouldNotLook

_ASKS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_signal(work: Coroutine[Any, Any, None]) -> bool:
    """Await the work; returns whether it was interrupted.

    The first Ctrl-C, SIGTERM or closed terminal cancels it and lets it clean up; a second Ctrl-C or SIGTERM ends the
    program at once.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_say_only_the_kind)
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        if interrupted:
            return
        interrupted = True
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        say("stopping: what this run created is being deleted; the report follows (once more to end at once)")
        task.cancel()

    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not beside the main thread
        for number in _ASKS_TO_END:
            loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not interrupted:
            raise
    return interrupted


def _say_only_the_kind(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a check left behind and failed later is named by its kind: its text may hold what a vendor sent."""
    error = context.get("exception")
    if not isinstance(error, CouldNotLook):
        with contextlib.suppress(OSError):
            sys.stderr.write(f"a check left something unfinished behind, which failed ({type(error).__name__})\n")
