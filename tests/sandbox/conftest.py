"""One real server for a whole module, behind which each test puts the vendor that it wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cmms_audit.sandbox.granary import MAIN_KEY, Granary, outgoing, sender
from cmms_audit.sandbox.serve import running

# Tests call faster than any customer may; those about limits set their own scale.
PLENTY = 1000.0


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    time: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Stage:
    """An ASGI application that passes every call to the vendor of the moment."""

    vendor: Any = None
    loop: asyncio.AbstractEventLoop

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            self.loop = asyncio.get_running_loop()
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await self.vendor(scope, receive, send)

    def end(self, vendor: Any) -> None:
        """End a vendor where it lives, with all that it has under way."""

        async def end() -> None:
            async with lived(vendor):
                pass

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)


@asynccontextmanager
async def lived(vendor: Any) -> AsyncIterator[None]:
    """Start an ASGI application and end it again, as a server does."""
    said: asyncio.Queue[str] = asyncio.Queue()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> dict[str, str]:
        return {"type": await said.get()}

    async def send(message: dict[str, str]) -> None:
        heard.put_nowait(message["type"])

    life = asyncio.create_task(vendor({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    try:
        said.put_nowait("lifespan.startup")
        assert await heard.get() == "lifespan.startup.complete"
        yield
    finally:
        said.put_nowait("lifespan.shutdown")
        await life


class Client(httpx.Client):
    """A client of the vendor with the main key, and a clock that the vendor goes by."""

    clock: Clock

    def token(self, client: Any, **form: str) -> httpx.Response:
        """Ask for an access token."""
        form = {"grant_type": "client_credentials", **form}
        return self.post("/oauth/token", data=form, auth=(client.id, client.secret), headers={"X-Api-Key": ""})

    def records(self, kind: str, **params: Any) -> list[dict[str, Any]]:
        """The first page of records."""
        return list(self.get(f"/api/v1/{kind}", params=params).json()["items"])

    def make(self, **changes: Any) -> dict[str, Any]:
        """A new work order."""
        body = {"title": "Oil the gate", "priority": 3, "asset_id": "A-000001", **changes}
        answer = self.post("/api/v1/work-orders", json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())


Open = Callable[..., Client]


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with running(stage) as origin:
        yield stage, origin


@pytest.fixture
def granary(stage: tuple[Stage, str]) -> Iterator[Open]:
    """Opens a fresh vendor with these switches and gives a client of it."""
    scene, origin = stage
    vendors: list[Granary] = []
    clients: list[Client] = []

    def open_(*switches: str, scale: float = PLENTY) -> Client:
        clock = Clock()
        scene.vendor = Granary(switches, clock=clock, scale=scale)
        vendors.append(scene.vendor)
        # verify=False only saves the loading of certificates: the address is plain http.
        client = Client(base_url=origin, headers={"X-Api-Key": MAIN_KEY.value}, trust_env=False, verify=False)
        client.clock = clock
        clients.append(client)
        return client

    yield open_
    for client in clients:
        client.close()
    for vendor in vendors:
        scene.end(vendor)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are tried again after 100, 200, 400 ms, and an answer is awaited for 600 ms."""
    monkeypatch.setattr(sender, "SPEED", 600)
    monkeypatch.setattr(outgoing, "ANSWER_SECONDS", 0.6)
