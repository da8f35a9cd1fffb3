"""How long `cmms-audit --help` takes beside a bare typer program, in turn and as a ratio.

Run: .venv/bin/python benchmarks/start_up.py [rounds]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = "import typer\n\n\ndef main(name: str = 'x') -> None:\n    print(name)\n\n\ntyper.run(main)\n"


def seconds(command: list[str]) -> float:
    """The wall time of one run of a command, in seconds."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Run both in turn and print medians, and the median of the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        ours = [sys.executable, "-m", "cmms_audit", "--help"]
        theirs = [sys.executable, str(bare), "--help"]
        seconds(ours), seconds(theirs)
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    median_ours = statistics.median(pair[0] for pair in pairs)
    median_bare = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
    sys.stdout.write(f"cmms-audit --help {median_ours:.3f} s, bare typer {median_bare:.3f} s, ratio {ratio:.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
