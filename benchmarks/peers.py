"""A whole offline audit with JSON and HTML report, beside the linters that a buyer could use instead.

Run: .venv/bin/python benchmarks/peers.py [--rounds 5] [--tools FOLDER] [--alone] DOCUMENT...

FOLDER holds node_modules with @redocly/cli and @stoplight/spectral-cli (`npm install @redocly/cli
@stoplight/spectral-cli`); a tool that is not there is left out. Prints, for each document, seconds and peak memory as
medians, and our part of each peer's: 0.25 is a quarter.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import Measured, audited, compile_ahead, measure

_LINTS = (0, 1)  # 1: the linter found something


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tools", type=Path, default=Path())
    parser.add_argument("--alone", action="store_true", help="measure nothing but our own audit")
    wanted = parser.parse_args()
    compile_ahead()
    print("| document | tool | s (fastest to slowest) | MB | we take of its time | of its memory |")
    print("|---|---|---|---|---|---|")
    for document in wanted.documents:
        ours = audited(document, wanted.rounds)
        print(row(document, "cmms-audit", ours, ours))
        for name, command in () if wanted.alone else peers(document, wanted.tools):
            its = measure(command, wanted.rounds, right_codes=_LINTS)
            print(row(document, name, its, ours), flush=True)


def peers(document: Path, tools: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands of the tools that are installed, each with the rules that it recommends."""
    programs = tools / "node_modules" / ".bin"
    if (programs / "redocly").exists():
        yield "redocly lint", [str(programs / "redocly"), "lint", "--extends", "recommended", str(document)]
    if (programs / "spectral").exists():
        rules = Path(tempfile.gettempdir()) / "spectral-oas.yaml"
        rules.write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
        yield "spectral lint", [str(programs / "spectral"), "lint", "-r", str(rules), str(document)]
    validator = Path(sys.executable).with_name("openapi-spec-validator")
    if validator.exists():
        yield "openapi-spec-validator", [str(validator), str(document)]


def row(document: Path, name: str, it: Measured, ours: Measured) -> str:
    """One line of the table."""
    seconds = f"{it.seconds:.2f} ({it.fastest:.2f} to {it.slowest:.2f})"
    parts = f"{ours.seconds / it.seconds:.2f} | {ours.megabytes / it.megabytes:.2f}"
    return f"| {document.name} | {name} | {seconds} | {it.megabytes:.0f} | {parts} |"


if __name__ == "__main__":
    main()
