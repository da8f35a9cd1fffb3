"""A vendor and those who subscribed to its events, which come over real sockets to a receiver of this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import httpx

from cmms_audit.sandbox.granary import MAIN_KEY, Granary
from cmms_audit.webhooks.address import Address
from cmms_audit.webhooks.behaviour import Script, read_script
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.receiver import Receiver
from tests.sandbox.conftest import PLENTY, lived

API = "/api/v1"
KINDS = ("work_order.created", "work_order.status_changed", "asset.condition_changed", "maintenance_plan.triggered")
PUMP, BOILER, PUMP_ELSEWHERE = "A-000007", "A-000002", "A-000112"
ORDER = {"title": "Oil the gate", "priority": 3, "asset_id": PUMP}


class Subscriber:
    """One who subscribed: the id and the secret that it was given, and what has come, each with the loop's time."""

    def __init__(self, url: str, made: dict[str, Any]) -> None:
        self.url = url
        self.id, self.secret = str(made["id"]), str(made["secret"])
        self.times: list[float] = []
        self.came: list[Delivery] = []

    @property
    def path(self) -> str:
        """Where the subscription is, below the API."""
        return f"/webhooks/{self.id}"

    def about(self, record_id: str) -> list[Delivery]:
        """What has come about a record."""
        return [each for each in self.came if record_id in json.dumps(each.json)]

    def gaps(self) -> list[float]:
        """Seconds between what has come."""
        return [after - before for before, after in pairwise(self.times)]


class Plant:
    """The vendor as its customer uses it, and a receiver of what it sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.receiver = Receiver(("127.0.0.1", 0), self._take, lambda: "2026-11-22T12:00:00+00:00")
        self._subscribers: dict[str, Subscriber] = {}

    def _take(self, delivery: Delivery) -> None:
        subscriber = self._subscribers[delivery.address]
        subscriber.came.append(delivery)
        subscriber.times.append(asyncio.get_running_loop().time())

    async def subscribe(self, script: str | Script = "200", *, query: str = "", **wishes: Any) -> Subscriber:
        """A subscription of every event, or of those that are wished for, whose address treats them by a script.

        A wish that is None is not sent.
        """
        name = f"subscriber {len(self._subscribers)}"
        address = Address(name, read_script(script) if isinstance(script, str) else script)
        self.receiver.open(address)
        url = self.receiver.origin + address.path + query
        body = {"url": url, "events": list(KINDS), **wishes}
        sent = {name: wish for name, wish in body.items() if wish is not None}
        self._subscribers[name] = Subscriber(url, await self.call("POST", "/webhooks", sent))
        return self._subscribers[name]

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """What the API answers; any refusal fails the test."""
        answer = await self.client.request(method, API + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def make(self, **changes: Any) -> str:
        """The id of a new work order."""
        return str((await self.call("POST", "/work-orders", {**ORDER, **changes}))["id"])

    async def replay(self, subscriber: Subscriber, entry: dict[str, Any]) -> None:
        """Ask for one more try of what the log tells of."""
        await self.call("POST", f"{subscriber.path}/deliveries/{entry['id']}/replay")

    async def change(self, path: str, **changes: Any) -> None:
        """Change a record as it stands."""
        tag = (await self.client.get(API + path)).headers["ETag"]
        await self.call("PATCH", path, changes, **{"If-Match": tag})

    async def log(self, subscriber: Subscriber) -> list[dict[str, Any]]:
        """The deliveries to a subscriber, as the vendor keeps account of them."""
        return list((await self.call("GET", f"{subscriber.path}/deliveries"))["items"])

    async def entry(self, subscriber: Subscriber, *statuses: str) -> dict[str, Any]:
        """The account of the first delivery to a subscriber, once it is in one of these states."""
        for _ in range(500):
            found = await self.log(subscriber)
            if found and found[0]["status"] in statuses:
                return found[0]
            await asyncio.sleep(0.005)
        raise AssertionError(f"the log never said {' or '.join(statuses)}")


@asynccontextmanager
async def plant_of(*switches: str) -> AsyncIterator[Plant]:
    """A plant at a vendor of its own, which lives in this loop."""
    vendor = Granary(switches, scale=PLENTY)
    async with (
        lived(vendor),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(vendor),
            base_url="http://granary.test",
            headers={"X-Api-Key": MAIN_KEY.value},
        ) as client,
    ):
        plant = Plant(client)
        async with plant.receiver:
            yield plant


async def until(holds: Callable[[], Any], seconds: float = 5.0) -> bool:
    """Wait until something holds, at most about so long; whether it does."""
    for _ in range(round(seconds / 0.005)):
        if holds():
            return True
        await asyncio.sleep(0.005)
    return bool(holds())
