"""What recording and guarding cost: a session as in a run beside plain httpx, 1,000 GETs one by one and 32 at once.

Run: .venv/bin/python benchmarks/wire.py [rounds]
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

CALLS = 1_000
AT_ONCE = 32
CALLS_A_CHECK = 10  # the journal is made safe against a power cut after each check
TARGET = 1.15
KEY = "k3y-of-the-plant-7f3c/+=?"

Ask = Callable[[], Awaitable[object]]


class Answering(asyncio.Protocol):
    """Answers whatever it is asked with the same 2 KB of JSON, as fast as Python can."""

    body = json.dumps(
        [
            {"id": f"wo-{number}", "title": f"Inspect pump {number}", "status": "open", "site_id": "S-1", "priority": 2}
            for number in range(22)
        ]
    ).encode()
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 8f14e45f\r\nCache-Control: no-store\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request; a GET ends with its head."""
        assert isinstance(self.transport, asyncio.WriteTransport)  # noqa: S101 - tells the type checker
        self.transport.write(self.answer * data.count(b"\r\n\r\n"))


async def serve() -> None:
    """Answer on a free port of this machine, which is printed, until ended."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Iterator[str]:
    """The address of a server in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/api/v1/work-orders?page=1&page_size=20"
    finally:
        process.kill()
        process.wait()


async def one_by_one(ask: Ask) -> float:
    """Seconds for all calls, each after the other."""
    began = time.perf_counter()
    for _ in range(CALLS):
        await ask()
    return time.perf_counter() - began


async def at_once(ask: Ask) -> float:
    """Seconds for all calls, always as many at once."""
    left = iter(range(CALLS))

    async def work() -> None:
        while next(left, None) is not None:
            await ask()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def plain(url: str) -> tuple[float, float]:
    """Seconds for both ways with httpx alone."""
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=4)
    async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=30) as client:

        async def ask() -> object:
            return (await client.get(url, headers={"X-Api-Key": KEY})).content

        await ask()
        return await one_by_one(ask), await at_once(ask)


async def guarded(url: str, folder: Path) -> tuple[float, float]:
    """Seconds for both ways through a session that guards and records."""
    # Loaded here, so that httpx is measured as it is without us.
    from cmms_audit.credentials import ApiKey, Basic
    from cmms_audit.permissions import Permissions
    from cmms_audit.secrets import Secret
    from cmms_audit.vendor import Budget
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.redact import Redactor
    from cmms_audit.wire.session import Session

    journal = Journal(folder / "evidence.jsonl")
    session = Session(
        base_url=url.partition("/work-orders")[0],
        credentials={
            "main": ApiKey("header", "X-Api-Key", Secret("${KEY}", KEY)),
            "rotated": ApiKey("header", "X-Api-Key", Secret("${NEW_KEY}", "an0ther-k3y-of-the-plant")),
            "read_only": Basic(Secret("${USER}", "plant-reader"), Secret("${WORD}", "pa55word of the reader")),
        },
        permissions=Permissions(),
        budget=Budget(requests=10 * CALLS, per_second=1_000_000, seconds=600),
        journal=journal,
        redactor=Redactor(),
    )
    asked = 0

    async def ask() -> object:
        nonlocal asked
        asked += 1
        if asked % CALLS_A_CHECK == 0:
            journal.sync()
        return (await session.send("GET", url, owner="benchmark")).text

    try:
        await ask()
        return await one_by_one(ask), await at_once(ask)
    finally:
        await session.close()
        journal.close()


def in_a_process(side: str, url: str) -> list[float]:
    """The seconds of one side, measured in a process of its own, so that neither changes what the other loads."""
    run = subprocess.run([sys.executable, __file__, side, url], check=True, capture_output=True, text=True)
    return [float(word) for word in run.stdout.split()]


def measure(side: str, url: str) -> None:
    """Measure one side and print its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        gc.collect()
        print(*asyncio.run(plain(url) if side == "--plain" else guarded(url, Path(folder))))


def main(rounds: int) -> None:
    """Run both in turn and print medians, and the median of the ratios."""
    with served() as url:
        pairs = [(in_a_process("--plain", url), in_a_process("--guarded", url)) for _ in range(rounds)]
    for way, name in enumerate(("one by one", f"{AT_ONCE} at once")):
        ratio = statistics.median(ours[way] / bare[way] for bare, ours in pairs)
        bare_s, ours_s = (statistics.median(pair[side][way] for pair in pairs) for side in (0, 1))
        print(
            f"{CALLS} GETs {name}: httpx {bare_s:.3f} s, guarded {ours_s:.3f} s, ratio {ratio:.2f} (at most {TARGET})"
        )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            asyncio.run(serve())
        case ["--plain" | "--guarded" as side, url]:
            measure(side, url)
        case [] | [_]:
            main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
