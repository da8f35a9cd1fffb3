"""A writing audit that is killed at any moment: afterwards the vendor holds exactly what it held before."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cmms_audit.sandbox import granary, serve
from cmms_audit.sandbox.granary import catalogue, monitoring
from cmms_audit.sandbox.granary.data import WORK_ORDERS as ORDERS
from tests.cli.process import environment

CHUNKS, KILLS = 5, 10  # each chunk can run in a process of its own
CHECKS = ("operations.codes-of-own-record", "operations.retry-makes-one-record", "operations.stale-change-refused")
SLOW = 0.04  # seconds before, and again after, a write is carried out: time to be killed in
SCALE = 20.0  # of the vendor's limits, which are not what is looked at here
LOGS = {*monitoring.VIEWS, monitoring.CALLS.name}
WAYS = (("cleanup",), ("run", "--resume", "--allow", "writes", "--quiet"))


@dataclass
class Slow:
    """The vendor, with every write slowed down; tells when the request comes at which a run is to be killed."""

    vendor: granary.Granary
    is_the_one: Callable[[Slow, str], bool] = lambda slow, method: False
    seen: int = 0
    seen_with_record: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.vendor(scope, receive, send)
            return
        self.seen += 1
        self.seen_with_record += self.orders() > ORDERS and scope["method"] != "DELETE"
        if self.is_the_one(self, scope["method"]):
            self.arrived.set()
        pause = SLOW if scope["method"] != "GET" else 0.0

        async def slowly(message: Any) -> None:
            await asyncio.sleep(pause if message["type"] == "http.response.start" else 0)
            await send(message)

        await asyncio.sleep(pause)
        await self.vendor(scope, receive, slowly)

    def expect(self, is_the_one: Callable[[Slow, str], bool]) -> None:
        """Begin to count anew, and wait for a request of this kind."""
        self.seen = self.seen_with_record = 0
        self.is_the_one = is_the_one
        self.arrived.clear()

    def orders(self) -> int:
        """How many work orders there are."""
        query = "SELECT COUNT(*) FROM work_orders WHERE deleted_at IS NULL"
        return int(self.vendor.database.execute(query).fetchone()[0])

    def business(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every record of every table but the vendor's own logs. What is kept of deleted ones only is left out."""
        tables = {}
        for resource in catalogue.resources(frozenset()).values():
            if resource.name not in LOGS:
                living = " WHERE deleted_at IS NULL" if resource.keeps_tombstones else ""
                rows = self.vendor.database.execute(f"SELECT * FROM {resource.name}{living} ORDER BY id")
                tables[resource.name] = rows.fetchall()
        return tables


@contextmanager
def plant(folder: Path) -> Iterator[Slow]:
    """A running vendor, with the vendor file that leads to it."""
    slow = Slow(granary.Granary(scale=SCALE))
    with serve.running(slow) as origin:
        text = granary.vendor_file(origin, scale=SCALE).replace("per_second: 50", "per_second: 500")
        (folder / "vendor.yaml").write_text(text, encoding="utf-8")
        try:
            yield slow
        finally:
            slow.vendor.close()


def started(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    only = [word for name in CHECKS for word in ("--only", name)]
    return process(folder, "run", str(folder / "vendor.yaml"), "--out", str(out), "--allow", "writes", "--quiet", *only)


def process(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cmms_audit", *arguments],
        cwd=folder,
        env={**environment(folder), **granary.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


class Moment(NamedTuple):
    """When to kill: at which request, in words and as a test, and how many seconds after it has arrived."""

    says: str
    is_it: Callable[[Slow, str], bool]
    pause: float


def moments(dice: random.Random, requests: int, with_record: int) -> Iterator[Moment]:
    """Random moments: half of them anywhere between the first request and the end, half while a record exists."""
    for turn in range(KILLS):
        if turn % 2:
            number = dice.randint(1, requests)
            yield Moment(f"request {number}", lambda slow, _, n=number: slow.seen == n, dice.uniform(0, 3 * SLOW))
        else:
            number = dice.randint(1, with_record)
            says = f"request {number} of those beside a record"
            yield Moment(says, lambda slow, _, n=number: slow.seen_with_record == n, dice.uniform(0, SLOW / 2))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_the_moment_of_the_kill_nothing_is_left_at_the_vendor(chunk: int, tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**9))
    dice = random.Random(seed + chunk)
    caught = 0
    with plant(tmp_path) as vendor:
        before = vendor.business()
        said, code = finished(started(tmp_path, tmp_path / "whole"))
        assert code == 0, said
        assert vendor.business() == before, "a run that was not killed leaves something"

        for number, moment in enumerate(list(moments(dice, vendor.seen, vendor.seen_with_record))):
            out = tmp_path / f"out-{number}"
            vendor.expect(moment.is_it)
            run = started(tmp_path, out)
            in_time = vendor.arrived.wait(30)
            threading.Event().wait(moment.pause)
            run.kill()
            finished(run)
            threading.Event().wait(4 * SLOW)  # what is on its way still arrives
            caught += vendor.business() != before

            command, *more = WAYS[number // 2 % len(WAYS)]
            said, code = finished(process(tmp_path, command, str(out), *more))

            story = (
                f"KILL_SEED={seed}, chunk {chunk}, killed {moment.pause:.3f} s after {moment.says}; {command}: {said!r}"
            )
            assert in_time, story
            assert code == 0, story
            assert vendor.business() == before, story
    assert caught >= 2, f"KILL_SEED={seed}, chunk {chunk}: only {caught} of {KILLS} kills fell while a record existed"


def finished(run: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """What a process has said, once it has ended, and its exit code."""
    said, _ = run.communicate(timeout=60)
    return said, run.returncode
