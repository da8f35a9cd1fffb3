"""How long a whole offline audit of each given document takes, with its JSON and HTML report.

Run: .venv/bin/python benchmarks/offline.py DOCUMENT... (medians of five, wall seconds)
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VENDOR = "vendor: Benchmark\nspec: {name}\nbase_url: https://vendor.example\n"
ROUNDS = 5


def audit_seconds(document: Path) -> list[float]:
    """The wall time of each of five audits, in seconds, after one that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(document, folder)
        vendor = Path(folder) / "vendor.yaml"
        vendor.write_text(VENDOR.format(name=document.name), encoding="utf-8")
        command = [sys.executable, "-m", "cmms_audit", "run", str(vendor), "--offline", "--quiet", "--out"]
        return [timed([*command, str(Path(folder) / f"out-{number}")]) for number in range(ROUNDS + 1)][1:]


def timed(command: list[str]) -> float:
    """The wall time of one run of a command, in seconds."""
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        taken = audit_seconds(Path(argument))
        sys.stdout.write(
            f"{Path(argument).name}: {statistics.median(taken):.2f} s ({min(taken):.2f}-{max(taken):.2f})\n"
        )
