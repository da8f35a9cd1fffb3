"""A live audit of the embedded `granary`, with 50 ms added to every answer, against its critical path.

Run: .venv/bin/python benchmarks/live.py [--delay 0.05] [--rounds 3] [--reads] [--keep FOLDER]

How the critical path is computed stands in README.md. With `--reads` nothing but reading is allowed. Events, for
which an audit waits as long as it is told to, have a benchmark of their own (`events.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from critical_path import Phase, calls_of, phases_of
from measuring import compile_ahead, once
from serving import served_apart

from cmms_audit.cli.options import load_battery
from cmms_audit.sandbox import granary
from cmms_audit.spec.index import Spec
from cmms_audit.spec.limits import binding_limits
from cmms_audit.spec.load import parse_spec

TARGET = 1.25
PER_SECOND = 50  # the vendor file's own
SAFE_SHARE = 0.8


def main() -> None:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reads", action="store_true", help="allow no writes and bursts")
    parser.add_argument("--keep", type=Path, help="keep what the last audit wrote")
    wanted = parser.parse_args()
    compile_ahead()
    start = statistics.median(once([_program(), "--version"], (0,))[0] for _ in range(5))
    ratios = []
    for _ in range(wanted.rounds):
        with tempfile.TemporaryDirectory() as folder:
            out = wanted.keep or Path(folder) / "out"
            seconds, phases = measured(wanted.delay, reads_only=wanted.reads, folder=Path(folder), out=out)
        critical = start + sum(phase.seconds for phase in phases)
        ratios.append(seconds / critical)
        print("\n".join(table(seconds, start, phases, critical)), flush=True)
    print(f"\nratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), at most {TARGET}")


class Slow:
    """An ASGI application whose every answer begins later."""

    def __init__(self, app: Any, delay: float) -> None:
        self._app = app
        self._delay = delay

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the application does, later."""

        async def later(message: Any) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._delay)
            await send(message)

        await self._app(scope, receive, later)


def slow_granary(delay: float) -> Slow:
    """The vendor, made in its own process."""
    return Slow(granary.Granary(()), delay)


def measured(delay: float, *, reads_only: bool, folder: Path, out: Path) -> tuple[float, list[Phase]]:
    """The wall seconds of one audit, and the phases of its critical path."""
    with served_apart(partial(slow_granary, delay)) as origin:
        file, sleeps = folder / "vendor.yaml", folder / "sleeps.jsonl"
        file.write_text(granary.vendor_file(origin), encoding="utf-8")
        os.environ.update(granary.environment())
        seconds, _ = once([*_noting(sleeps), *_arguments(file, out, reads_only)], right_codes=(0,))
        document = parse_spec(json.dumps(granary.document(origin, ())), "granary")
    calls = calls_of(out / "evidence.jsonl", sleeps)
    _, battery = load_battery()
    return seconds, list(phases_of(calls, {check.id: check for check in battery}, _rate(document)))


def _arguments(file: Path, out: Path, reads_only: bool) -> list[str]:
    allowed = [] if reads_only else ["--allow", "writes,burst"]
    return ["run", str(file), "--quiet", "--overwrite", "--out", str(out), *allowed]


def _rate(document: object) -> float:
    """How many requests a second the audit may start: the vendor file's bound, and the safe share of the document's."""
    limits = binding_limits(document) if isinstance(document, Spec) else ()
    return min(PER_SECOND, *(SAFE_SHARE * limit.per_second for limit in limits if limit.window <= 60))


def _program() -> str:
    return str(Path(sys.executable).with_name("cmms-audit"))


def _noting(sleeps: Path) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("noting_sleeps.py")), str(sleeps)]


def table(seconds: float, start: float, phases: Sequence[Phase], critical: float) -> Iterator[str]:
    """What the critical path is made of, beside how long each phase took."""
    yield f"\nAudit {seconds:.2f} s, critical path {critical:.2f} s, ratio {seconds / critical:.2f}\n"
    yield "| phase | requests | critical s | because of | took s |"
    yield "|---|---|---|---|---|"
    yield f"| start of the process | 0 | {start:.2f} | `--version` | |"
    for phase in phases:
        yield f"| {phase.name} | {phase.requests} | {phase.seconds:.2f} | {phase.because} | {phase.took:.2f} |"


if __name__ == "__main__":
    main()
