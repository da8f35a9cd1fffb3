"""Sessions for tests: small budgets, a clock that does not wait, and the evidence at hand."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cmms_audit.credentials import ApiKey, Basic, Bearer, Credential, Login, OAuth2, Signed, Taken, Used
from cmms_audit.model import Exchange
from cmms_audit.permissions import Permissions
from cmms_audit.secrets import Secret
from cmms_audit.vendor import Budget
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue
from cmms_audit.wire.facts import Traffic
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.session import Session
from cmms_audit.wire.tally import traffic_of
from cmms_audit.wire.transport import Transport

KEY = "k3y-of-the-plant/+=?"
TRUST = ssl.create_default_context()  # made once: it takes longer than most tests
ENOUGH = Budget(requests=100, per_second=1000, seconds=60)
READS = Permissions()
ALL = Permissions(writes=True, burst=True, webhooks=True)


class QuickClock(Clock):
    """A clock that jumps where others sleep, and remembers the jumps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds
        await asyncio.sleep(0)


def secret(value: str) -> Secret:
    return Secret("${TEST}", value)


def jwt(**claims: Any) -> str:
    """A token that tells something of itself; nobody checks its signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "s1gnature-of-token"])


def api_key(value: str = KEY, where: Any = "header", name: str = "X-Api-Key") -> ApiKey:
    return ApiKey(where, name, secret(value))


def bearer(value: str) -> Bearer:
    return Bearer(secret(value))


def basic(username: str, password: str) -> Basic:
    return Basic(secret(username), secret(password))


def login(url: str, taken: Taken, used: Used, **more: Any) -> Login:
    return Login(url, secret("planner@plant.example"), secret("pa55 w*rd/of&the=plant"), taken, used, **more)


def signed() -> Signed:
    return Signed(secret("app-key-0815"), secret("access-key-4711"), secret("s1gning-secret/of+the=plant"))


def oauth2(token_url: str, **more: Any) -> OAuth2:
    return OAuth2(token_url, secret("plant-client"), secret("cl1ent/secret+value"), **more)


@dataclass
class Workbench:
    """A session's surroundings. `run` gives a new session to an async function and returns what that returns."""

    folder: Path
    base_url: str
    credentials: dict[str, Credential] = field(default_factory=lambda: {"main": api_key()})
    permissions: Permissions = READS
    budget: Budget = ENOUGH
    clock: Clock = field(default_factory=QuickClock)
    searches: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> Path:
        return self.folder / "out" / "evidence.jsonl"

    def exchanges(self) -> list[Exchange]:
        return list(Recording(self.evidence).exchanges())

    def run(self, work: Callable[[Session], Coroutine[Any, Any, Any]]) -> Any:
        async def with_session() -> Any:
            journal = Journal(self.evidence)
            session = Session(
                base_url=self.base_url,
                credentials=self.credentials,
                permissions=self.permissions,
                budget=self.budget,
                journal=journal,
                redactor=Redactor(),
                clock=self.clock,
                **{"transport": Transport(TRUST), **self.options},
            )
            session.learn(searches=self.searches, documented_rate=None)
            self.session = session
            try:
                return await work(session)
            finally:
                await session.close()
                journal.close()

        return asyncio.run(with_session())

    @property
    def traffic(self) -> Traffic:
        return traffic_of(Recording(self.evidence))

    def dialogue(self, session: Session) -> Dialogue:
        """The session's asks, as checks make them; nothing of them is recorded."""
        return Dialogue(session, roles=self.credentials, clock=self.clock)

    def get(self, path: str = "/things", **more: Any) -> Exchange:
        """Send one GET."""
        exchange: Exchange = self.run(lambda session: session.send("GET", self.base_url + path, owner="test", **more))
        return exchange
