"""A live audit of the embedded `granary` that watches for events, against the wait that its vendor file declares.

Run: .venv/bin/python benchmarks/events.py [--watch 60] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import compile_ahead, once
from serving import served_apart

from cmms_audit.sandbox import granary

TARGET = 1.10


def main() -> None:
    """Measure, and print one line a round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watch", type=float, default=60.0, help="seconds for which the vendor file lets it watch")
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    compile_ahead()
    ratios = []
    for _ in range(wanted.rounds):
        with tempfile.TemporaryDirectory() as folder:
            seconds = measured(wanted.watch, Path(folder))
        ratios.append(seconds / wanted.watch)
        print(f"{seconds:.2f} s for a watch of {wanted.watch:g} s", flush=True)
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), at most {TARGET}")


def measured(watch: float, folder: Path) -> float:
    """The wall seconds of one audit that may do everything."""
    with served_apart(granary.Granary) as origin:
        file = folder / "vendor.yaml"
        text = granary.vendor_file(origin)
        declared = next(line for line in text.splitlines() if line.startswith("webhooks:"))
        file.write_text(text.replace(declared, f"webhooks: {{watch_seconds: {watch:g}}}"), encoding="utf-8")
        os.environ.update(granary.environment())
        program = str(Path(sys.executable).with_name("cmms-audit"))
        allowed = ["--allow", "writes,burst,webhooks"]
        return once([program, "run", str(file), "--quiet", "--out", str(folder / "out"), *allowed], right_codes=(0,))[0]


if __name__ == "__main__":
    main()
