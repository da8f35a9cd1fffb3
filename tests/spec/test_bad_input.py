"""The table of bad input: each document ends as it should, says why, and costs little time and memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.spec.bad_documents import EVERY, NAMES, Bad

# The arguments of each command that reads a document, by its name; {file} stands for the document.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run": ("run", "vendor.yaml", "--offline", "--out", "out"),
}
MOST_SECONDS = 5.0
MOST_MEGABYTES = 500
# A process between this one and the command: what a child has used is otherwise mixed with what its parent holds.
_MEASURED = """
import os, sys
child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, used = os.wait4(child, 0)
print(f"\\n{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime} {used.ru_maxrss}", end="")
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `seconds` of the processor, so that a busy machine changes nothing."""

    exit: int
    seconds: float
    megabytes: float
    out: str
    err: str


def carried_out(folder: Path, *arguments: str) -> Outcome:
    """Run the command in a folder. It is killed when it takes far too long."""
    measured = [sys.executable, "-c", _MEASURED, "-m", "cmms_audit", *arguments]
    done = subprocess.run(measured, cwd=folder, capture_output=True, timeout=60, check=True)
    out, _, last = done.stdout.decode(errors="replace").rpartition("\n")
    code, seconds, kilobytes = last.split()
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Outcome(int(code), float(seconds), int(kilobytes) / unit, out, done.stderr.decode(errors="replace"))


def prepared(folder: Path, file: str) -> Path:
    """A folder with a vendor file that names a document in it."""
    inner = folder / "in"
    inner.mkdir()
    vendor = {"vendor": "Northwind", "spec": file, "base_url": "https://x.example/api"}
    (inner / "vendor.yaml").write_text(json.dumps(vendor))
    return inner


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("bad", EVERY, ids=lambda bad: bad.name)
def test_bad_input_is_settled(bad: Bad, command: str, tmp_path: Path) -> None:
    folder = prepared(tmp_path, bad.file)
    bad.make(folder / bad.file)

    outcome = carried_out(folder, *(part.format(file=bad.file) for part in COMMANDS[command]))

    assert outcome.exit == bad.exit, outcome.err
    assert "Traceback" not in outcome.err
    report = folder / "out" / "report.json"
    assert bad.says in (outcome.err if bad.exit else json.dumps(json.loads(report.read_text()), ensure_ascii=False))
    assert outcome.seconds < MOST_SECONDS
    assert outcome.megabytes < MOST_MEGABYTES


def test_names_of_the_vendor_steer_neither_terminal_nor_page(tmp_path: Path) -> None:
    folder = prepared(tmp_path, "api.json")
    (folder / "api.json").write_text(json.dumps(NAMES))

    outcome = carried_out(folder, *COMMANDS["run"], "--verbose", "--format", "md")

    assert outcome.exit == 0
    shown = outcome.out + outcome.err
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", re.sub(r"\x1b\[[0-9;]*m", "", shown)
    )
    assert "\x1b[31mred" not in shown
    page = (folder / "out" / "report.html").read_text()
    assert "alert(1)" in page
    assert not re.search(r"<script>alert|<img src=x", page)
    assert "\u202e" not in page
    assert not re.search(r"(?<!`)<script>alert", (folder / "out" / "report.md").read_text())
