"""What a vendor tells as the secret of a subscription, and what of it is recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cmms_audit.model import Exchange
from cmms_audit.webhooks.behaviour import ACCEPT
from cmms_audit.webhooks.mailroom import MOST_SEARCHED, Mailroom
from cmms_audit.webhooks.secrets import SUBSCRIPTIONS
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import PLACE, Creation
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import ALL, ENOUGH, TRUST, api_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MARK = "cmms-audit-16ba4e0a-3f62922b-1"
Work = Callable[[Session, Dialogue], Awaitable[Any]]


class Surroundings:
    """A session with a mailroom, whose evidence lies in a folder."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.path, self.base_url = folder / "evidence.jsonl", base_url

    def run(self, work: Work) -> Any:
        return asyncio.run(self._run(work))

    async def _run(self, work: Work) -> Any:
        journal, redactor, clock = Journal(self.path), Redactor(), Clock()
        self.mailroom = Mailroom(("127.0.0.1", 0), journal=journal, redactor=redactor, clock=clock)
        around: dict[str, Any] = {"journal": journal, "redactor": redactor, "clock": clock, "mailroom": self.mailroom}
        session = Session(
            base_url=self.base_url,
            credentials={"main": api_key()},
            permissions=ALL,
            budget=ENOUGH,
            transport=Transport(TRUST),
            **around,
        )
        session.learn(searches=(), documented_rate=None)
        try:
            return await work(session, Dialogue(session, roles=("main",), **around))
        finally:
            await session.close()
            await self.mailroom.close()
            journal.close()

    def subscribe(self, *, id_name: str = "id", **body: str) -> Any:
        url = f"{self.base_url}/webhooks"
        creation = Creation("1", SUBSCRIPTIONS, url, MARK, f"{url}/{PLACE}", (id_name,))
        sent = {"url": f"https://plant.example/{MARK}", **body}
        return lambda dialogue: dialogue.send("POST", url, owner="test", json=sent, creation=creation)

    @property
    def evidence(self) -> str:
        return self.path.read_text(encoding="utf-8")


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    httpx.post(url, content=body, headers=headers, trust_env=False)


def told(record: Any, *, status: int = 201, headers: dict[str, str] | None = None) -> Callable[[Seen], Answer]:
    """A vendor who answers everything with this."""
    text = record if isinstance(record, str) else json.dumps(record)
    return lambda seen: Answer(status, text, {"Content-Type": "application/json", **(headers or {})})


def subscribed(folder: Path, answer: Callable[[Seen], Answer], *, id_name: str = "id") -> tuple[Exchange, Surroundings]:
    with answering(answer) as served:
        around = Surroundings(folder, served.url)

        async def work(session: Session, dialogue: Dialogue) -> Any:
            return await around.subscribe(id_name=id_name)(dialogue)

        return around.run(work), around


def test_a_secret_is_kept_out_of_everything(tmp_path: Path) -> None:
    exchange, around = subscribed(tmp_path, told({"id": "1", "secret": SECRET, "example": f"sign with {SECRET}"}))

    assert exchange.json == {"id": "1", "secret": "«webhooks.told»", "example": "sign with «webhooks.told»"}
    assert SECRET not in around.evidence


@pytest.mark.parametrize("secret", ["cmms-audit", "retry-after", "work-orders", "tiny-pass", MARK])
def test_a_common_word_is_only_taken_out_where_it_is_called_a_secret(tmp_path: Path, secret: str) -> None:
    record = {"id": "1", "name": secret, "signing": {"secrets": [{"value": secret}]}, "url": f"/hooks/{MARK}"}
    exchange, around = subscribed(tmp_path, told(record))

    assert exchange.json == record | {"signing": {"secrets": [{"value": "«webhooks.told»"}]}}
    assert MARK in around.evidence
    assert "sha256" not in exchange.notes


def test_it_stays_out_of_later_answers_in_which_it_is_called_a_secret(tmp_path: Path) -> None:
    record = {"id": "1", "secret": "tiny/pass", "note": "not-a-tiny/pass"}
    with answering(told(json.dumps(record).replace("/", r"\/"))) as served:
        around = Surroundings(tmp_path, served.url)

        async def work(session: Session, dialogue: Dialogue) -> Any:
            await around.subscribe()(dialogue)
            return await dialogue.send("GET", f"{served.url}/webhooks/1", owner="other")

        again = around.run(work)

    assert again.json == record | {"secret": "«webhooks.told»"}


@pytest.mark.parametrize("name", ["secret", "key"])
def test_the_id_of_a_record_is_never_lost(tmp_path: Path, name: str) -> None:
    exchange, around = subscribed(tmp_path, told({"id": "id-of-the-hook-4711", name: "id-of-the-hook-4711"}))

    assert exchange.json["id"] == "id-of-the-hook-4711"
    created = json.loads(next(line for line in around.evidence.splitlines() if line.startswith('{"kind":"created"')))
    assert created["address"] == f"{around.base_url}/webhooks/id-of-the-hook-4711"


def test_nor_is_an_id_that_is_called_a_key(tmp_path: Path) -> None:
    record = {"key": "id-of-the-hook-4711"}
    exchange, _ = subscribed(tmp_path, told(record), id_name="key")

    assert exchange.json == record


def test_nor_is_the_address_that_a_header_tells(tmp_path: Path) -> None:
    place = "/webhooks/id-of-the-hook-4711"
    answer = told({"secret": "id-of-the-hook-4711"}, headers={"Location": place})
    exchange, _ = subscribed(tmp_path, answer)

    assert (exchange.header("location"), exchange.json) == (place, {"secret": "«webhooks.told»"})


def test_what_was_sent_stays_in_the_record_of_what_was_sent(tmp_path: Path) -> None:
    def echo(seen: Seen) -> Answer:
        return Answer(201, json.dumps({"id": "1", "secret": json.loads(seen.body)["title"]}))

    with answering(echo) as served:
        around = Surroundings(tmp_path, served.url)

        async def work(session: Session, dialogue: Dialogue) -> Any:
            return await around.subscribe(title="a-title-of-ours-0815")(dialogue)

        exchange = around.run(work)

    assert "a-title-of-ours-0815" in exchange.request.body
    assert exchange.json == {"id": "1", "secret": "«webhooks.told»"}


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        ("tiny-pass\n", "«webhooks.told»"),
        ('{"value": "tiny-pass"}', '{"value": "«webhooks.told»"}'),
        ('"tiny-pass"', '"«webhooks.told»"'),
    ],
)
def test_an_address_of_its_own_tells_nothing_that_is_written_down(tmp_path: Path, answer: str, recorded: str) -> None:
    with answering(told(answer, status=200)) as served:
        around = Surroundings(tmp_path, served.url)

        async def work(session: Session, dialogue: Dialogue) -> Any:
            return await dialogue.send("GET", f"{served.url}/webhooks/1/secret", owner="test", secret_of=MARK)

        exchange = around.run(work)

    assert exchange.text.replace(r"\u00ab", "«").replace(r"\u00bb", "»") == recorded
    assert "tiny-pass" not in around.evidence


def test_a_handshake_cannot_call_a_word_of_ours_a_secret(tmp_path: Path) -> None:
    with answering(told({"id": "1"})) as served:
        around = Surroundings(tmp_path, served.url)

        async def work(session: Session, dialogue: Dialogue) -> Any:
            url = await dialogue.open_address("steady", MARK, ACCEPT, owner="test")
            for secret in ("cmms-audit", MARK, SECRET):
                await asyncio.to_thread(post, url, b"", {"X-Hook-Secret": secret})
            return await around.subscribe(note=SECRET)(dialogue)

        exchange = around.run(work)

    assert json.loads(exchange.request.body) == {"url": f"https://plant.example/{MARK}", "note": "«webhooks.told»"}
    assert SECRET not in around.evidence


def test_a_replay_asks_the_same_whatever_was_told_as_a_secret_meanwhile(tmp_path: Path) -> None:
    """A vendor who names a path of his own as his secret, before that was ever asked for."""
    path = "plans-of-plant-0815-north"

    async def work(dialogue: Dialogue, around: Surroundings) -> list[Any]:
        made = await around.subscribe()(dialogue)
        url = f"{around.base_url}/{path}"
        answers = [await dialogue.send("GET", url, owner="test", json={"about": path}) for _ in range(2)]
        return [each.json for each in (made, *answers)]

    with answering(told({"id": "1", "secret": path})) as served:
        around = Surroundings(tmp_path, served.url)
        seen = around.run(lambda _, dialogue: work(dialogue, around))
    outcomes = Outcomes(Recording(around.path), resumed=False)
    again = asyncio.run(work(Dialogue(None, roles=("main",), clock=Clock(), earlier=outcomes), around))

    assert again == seen == [{"id": "1", "secret": "«webhooks.told»"}] * 3


def test_an_address_searches_a_few_deliveries_for_their_way_of_signing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    monkeypatch.setattr("cmms_audit.webhooks.verifier.found_way", lambda signed, *_: searched.append(signed.url))
    around = Surroundings(tmp_path, "http://127.0.0.1:9")

    async def work(session: Session, dialogue: Dialogue) -> None:
        for name in ("one", "two"):
            url = await dialogue.open_address(name, f"{MARK}-{name}", ACCEPT, owner="test")
            for number in range(2 * MOST_SEARCHED):
                await asyncio.to_thread(post, url, b"%d" % number, {"x-signature": "a" * 64})
            came = await dialogue.deliveries(
                name, owner="test", seconds=5, enough=lambda some: len(some) >= 2 * MOST_SEARCHED
            )
            assert len(came) == 2 * MOST_SEARCHED

    around.run(work)

    assert len(searched) == 2 * MOST_SEARCHED
