"""Serves the benchmarks' vendors in a process of their own, so that their time and memory are not measured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any


@contextmanager
def served_apart(make_app: Callable[[], Any]) -> Iterator[str]:
    """Serve the ASGI application that `make_app`, a function of a module, makes; gives its origin."""
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_serve, args=(make_app, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(10)
        process.kill()


def _serve(make_app: Callable[[], Any], told: Connection) -> None:
    from cmms_audit.sandbox.serve import running

    with running(make_app()) as origin:
        told.send(origin)
        with suppress(EOFError):
            told.recv()
