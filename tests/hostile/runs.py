"""Runs the auditor as a process of its own against a hostile plant, and looks at everything that is left behind."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from tests.hostile.desk import Asked, Raw, Reply, serving, trap
from tests.hostile.plant import Plant
from tests.hostile.switches import Misbehaviour
from tests.support import REPOSITORY

SECONDS = 7  # that the audit may take by its vendor file
MARGIN = 25  # for starting, judging and writing the report on a busy machine

_VENDOR_FILE = """
vendor: Hostile plant
spec: {url}/openapi.json
docs_url: {url}/docs
base_url: {url}{base}
environment: sandbox
credentials:
  main: {credential}
allow: {{writes: true, burst: true, webhooks: {webhooks}}}
webhooks: {{watch_seconds: 1}}
budget: {{requests: {requests}, per_second: 500, burst_requests: 10, seconds: {seconds}}}
"""


@dataclass(frozen=True)
class Ended:
    """How a run ended. `memory` is the most that it held at once, in bytes."""

    code: int
    seconds: float
    memory: int
    stdout: bytes
    stderr: bytes
    out: Path

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.out / "report.json").read_text(encoding="utf-8"))
        return report

    def everything(self) -> dict[str, bytes]:
        """All that the run left behind, by name."""
        files = {path.name: path.read_bytes() for path in self.out.rglob("*") if path.is_file()}
        return {**files, "stdout": self.stdout, "stderr": self.stderr}


@contextmanager
def hostile(misbehaviour: Misbehaviour) -> Iterator[Plant]:
    """A plant with one misbehaviour switched on, and its two traps."""
    with trap("127.0.0.1") as near, trap("127.0.0.2") as far:
        plant = Plant(misbehaviour.login, near, far, misbehaviour.base, misbehaviour.sends)

        def answer(asked: Asked) -> Reply | Raw:
            made = misbehaviour.hook(plant, asked)
            return plant.answer(asked) if made is None else made

        with serving(answer) as url:
            plant.url = url
            try:
                yield plant
            finally:
                plant.over.set()


def audited(plant: Plant, folder: Path, *program: str, seconds: int = SECONDS, requests: int = 100) -> Ended:
    """Audit a plant in a process of its own. Kills the process where it does not end by itself.

    `program` is what Python runs instead of the tool itself; `seconds` and `requests` are what the audit may take by
    its vendor file.
    """
    file = folder / "vendor.yaml"
    allowed = "writes,burst" if plant.sends is None else "writes,burst,webhooks"
    more = {"seconds": seconds, "requests": requests, "webhooks": json.dumps(plant.sends is not None)}
    text = _VENDOR_FILE.format(url=plant.url, base=plant.base, credential=plant.credential(), **more)
    file.write_text(text, encoding="utf-8")
    command = [*(program or ("-m", "cmms_audit")), "run", str(file), "--allow", allowed, "--out", "out"]
    watched = [sys.executable, "-I", "-c", _WATCHER, sys.executable, *command]
    began = time.monotonic()
    code = _awaited(watched, folder, _environment(plant, folder), seconds + MARGIN)
    return Ended(
        code=code,
        seconds=time.monotonic() - began,
        memory=int((folder / "memory").read_text(encoding="utf-8")),
        stdout=(folder / "stdout").read_bytes(),
        stderr=(folder / "stderr").read_bytes(),
        out=folder / "out",
    )


# A process inherits the peak of the one that starts it, so a small one stands between. It runs a command, writes down
# the peak of its memory in bytes, and ends as the command does.
_WATCHER = """
import os, subprocess, sys
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:]).pid, 0)
open("memory", "w").write(str(usage.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _environment(plant: Plant, folder: Path) -> dict[str, str]:
    return {**plant.environment(), "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}


def _awaited(command: list[str], folder: Path, environment: dict[str, str], most: int) -> int:
    """The exit code of a command; it is killed, and all that it started, where it takes too long."""
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stdout, stderr=stderr, start_new_session=True, umask=0
        )
        try:
            return process.wait(most)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


_WINDOW = 256 * 1024  # letters that are searched at once
_OVERLAP = 16 * 1024  # more than the longest secret takes in its longest spelling


def found_in(data: bytes, secrets: list[str]) -> list[str]:
    """The secrets that somebody who reads the data can make out, however they are spelled."""
    forms = {secret: _forms(secret) for secret in secrets}
    found = set()
    text = data.decode("utf-8", "replace")
    windows = {text[start : start + _WINDOW + _OVERLAP] for start in range(0, len(text), _WINDOW)}
    for window in windows:
        readings = _readings(window)
        found |= {each for each in secrets if any(form in reading for form in forms[each] for reading in readings)}
    return sorted(found)


def _forms(secret: str) -> set[str]:
    """A secret in lower case, plain and in the encodings that cannot be read without knowing where they begin."""
    value = secret.encode()
    once = _base64_cores(value)
    twice = {core for each in once for core in _base64_cores(each.encode())}
    rest = {value.hex(), base64.b32encode(value).decode().rstrip("=")[:-1]}
    plain = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)}
    return {each.lower() for each in once | twice | rest | plain}


def _base64_cores(value: bytes) -> set[str]:
    """What the value is sure to leave in base64, at each of the three places where it can begin."""
    cores = {base64.b64encode(b"\0" * skip + value).decode()[4 * (skip > 0) : -4] for skip in range(3)}
    return cores | {core.translate(str.maketrans("+/", "-_")) for core in cores}


def _readings(text: str) -> set[str]:
    """What a text says, in lower case, as it stands and with its escapes read, time and again."""
    readings: set[str] = set()
    for _ in range(5):
        known = len(readings)
        readings |= {text.lower(), _printed(text).lower(), re.sub(r"\s", "", text).lower()}
        if len(readings) == known:
            break
        text = _INVISIBLE.sub("", html.unescape(unquote(_ESCAPE.sub(_letter, text))))
    return readings


_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([nrt]))")
_INVISIBLE = re.compile("[\0\u200b-\u200f\u2060\ufeff\\\\]")


def _letter(match: re.Match[str]) -> str:
    if match[4]:
        return " "
    return chr(int(match[3], 8)) if match[3] else chr(int(match[1] or match[2], 16))


def _printed(text: str) -> str:
    """A text with quoted-printable read."""
    return re.sub("=([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
