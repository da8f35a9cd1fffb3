"""How the benchmarks measure a command: wall seconds and peak memory of a whole process, median of several runs."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENDOR = "vendor: Benchmark\nspec: {name}\nbase_url: https://vendor.example\n"


@dataclass(frozen=True)
class Measured:
    """One command: wall time in seconds and peak memory in MB, medians; `fastest` and `slowest` in seconds."""

    seconds: float
    megabytes: float
    fastest: float
    slowest: float


def compile_ahead() -> None:
    """Compile modules and templates, as an installer does: some machines do not keep what Python compiles itself."""
    for folder in ("cmms_audit", "checks"):
        compileall.compile_dir(REPOSITORY / folder, quiet=1)
    from cmms_audit.reports.html import compile_templates

    compile_templates()


def measure(command: Sequence[str], rounds: int, *, right_codes: Sequence[int] = (0,)) -> Measured:
    """Run a command `rounds` times, after one run that is not counted.

    Raises RuntimeError where it ends with a code that is not among the right ones: a crash must not look fast.
    """
    once(command, right_codes)
    runs = [once(command, right_codes) for _ in range(rounds)]
    seconds = [run[0] for run in runs]
    return Measured(statistics.median(seconds), statistics.median(run[1] for run in runs), min(seconds), max(seconds))


def once(command: Sequence[str], right_codes: Sequence[int]) -> tuple[float, float]:
    """The wall time in seconds and the peak memory in MB of one run, with all processes that it waits for."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    if code not in right_codes:
        raise RuntimeError(f"{command[0]} ended with code {code}: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def audit_command(document: Path, folder: Path) -> list[str]:
    """The command of a whole offline audit of a document with JSON and HTML report, written below `folder`."""
    vendor = folder / "vendor.yaml"
    vendor.write_text(VENDOR.format(name=document.name), encoding="utf-8")
    (folder / document.name).write_bytes(document.read_bytes())
    out = str(folder / "out")
    options = ["--offline", "--quiet", "--overwrite", "--out", out]
    return [str(Path(sys.executable).with_name("cmms-audit")), "run", str(vendor), *options]


def audited(document: Path, rounds: int) -> Measured:
    """What a whole offline audit of a document takes."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(audit_command(document, Path(folder)), rounds)
