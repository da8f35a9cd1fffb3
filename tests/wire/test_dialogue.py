"""What was asked is recorded with what came of it: the same asks give the same again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Exchange, Reason
from cmms_audit.vendor import Budget
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import Creation
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.session import Session
from cmms_audit.wire.tally import traffic_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import ALL, KEY, QuickClock, Workbench, oauth2

Work = Callable[[Dialogue], Awaitable[Any]]


def live(bench: Workbench, work: Work, *, earlier: Outcomes | None = None) -> Any:
    """Ask live, recording the outcomes beside the exchanges."""

    async def asked(session: Session) -> Any:
        redactor = Redactor()
        redactor.add("main.value", KEY)
        with_session = Dialogue(
            session,
            roles=bench.credentials,
            clock=bench.clock,
            journal=session.ledger._journal,
            redactor=redactor,
            earlier=earlier,
        )
        return await work(with_session)

    return bench.run(asked)


def replayed(bench: Workbench, work: Work) -> Any:
    outcomes = Outcomes(Recording(bench.evidence), resumed=False)
    return asyncio.run(work(Dialogue(None, roles=bench.credentials, clock=QuickClock(), earlier=outcomes)))  # type: ignore[arg-type]


def counting() -> Callable[[Seen], Answer]:
    """A vendor that numbers its answers."""
    answers = iter(range(1, 1000))
    return lambda seen: Answer(200, str(next(answers)))


def test_the_same_asks_get_the_same_answers_in_the_same_order(tmp_path: Path) -> None:
    async def work(dialogue: Dialogue) -> list[str]:
        url = served.url + "/things"
        same = [await dialogue.send("GET", url, owner="a", params=[("page", "1")]) for _ in range(3)]
        other = await dialogue.send("GET", url, owner="b", params=[("page", "1")])
        third = await dialogue.send("GET", url, owner="a", params=[("page", "2")])
        return [each.text for each in (*same, other, third)]

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        seen = live(bench, work)

    assert seen == ["1", "2", "3", "4", "5"]
    assert replayed(bench, work) == seen


def test_asks_side_by_side_keep_their_own_answers(tmp_path: Path) -> None:
    async def work(dialogue: Dialogue) -> list[str]:
        url = served.url + "/things"
        answers = await asyncio.gather(*(dialogue.send("GET", url, owner="a") for _ in range(8)))
        return [each.text for each in answers]

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        seen = live(bench, work)

    assert replayed(bench, work) == seen


def test_a_refusal_is_given_again_with_what_was_seen(tmp_path: Path) -> None:
    async def work(dialogue: Dialogue) -> CouldNotLook:
        with pytest.raises(CouldNotLook) as caught:
            await dialogue.send("DELETE", served.url + "/things/1", owner="a")
        return caught.value

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        why = live(bench, work)

    again = replayed(bench, work)
    assert (again.reason, again.summary) == (why.reason, why.summary) == (Reason.NOT_PERMITTED, why.summary)


def test_what_was_never_asked_has_no_answer(tmp_path: Path) -> None:
    async def nothing(dialogue: Dialogue) -> None:
        await dialogue.send("GET", served.url + "/one", owner="a")

    async def more(dialogue: Dialogue) -> Reason:
        with pytest.raises(CouldNotLook) as caught:
            await dialogue.send("GET", served.url + "/other", owner="a")
        return caught.value.reason

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        live(bench, nothing)

    assert replayed(bench, more) is Reason.INTERRUPTED


def test_a_burst_is_given_again_as_it_came(tmp_path: Path) -> None:
    def limited(seen: Seen) -> Answer:
        return Answer(429 if len(served.seen) > 9 else 200, str(len(served.seen)))

    async def work(dialogue: Dialogue) -> list[str]:
        volley = await dialogue.burst(
            served.url + "/things", owner="a", params=[], calls=40, over=lambda answer: not answer.ok
        )
        return [each.text for each in volley.answers]

    with answering(limited) as served:
        bench = Workbench(tmp_path, served.url, permissions=ALL)
        seen = live(bench, work)

    assert "10" in seen
    assert replayed(bench, work) == seen


def test_a_token_and_the_time_are_given_again(tmp_path: Path) -> None:
    def issue(seen: Seen) -> Answer:
        return Answer(200, '{"access_token": "t0ken-of-the-plant", "expires_in": 600, "scope": "read"}')

    async def work(dialogue: Dialogue) -> tuple[Any, ...]:
        facts = await dialogue.token("main", owner="a")
        clock = dialogue.clock("a")
        await clock.sleep(5)
        return facts.ok, facts.expires_in, facts.granted, facts.exchange, clock.now()

    with answering(issue) as served:
        bench = Workbench(tmp_path, served.url, {"main": oauth2(served.url + "/token")})
        seen = live(bench, work)

    assert seen[:3] == (True, 600, ("read",))
    assert isinstance(seen[4], datetime)
    assert replayed(bench, work) == seen


def test_a_resumed_run_asks_only_for_what_is_missing_or_failed(tmp_path: Path) -> None:
    async def first(dialogue: Dialogue) -> list[str]:
        good = await dialogue.send("GET", served.url + "/good", owner="a")
        with pytest.raises(CouldNotLook):
            await dialogue.send("GET", "http://127.0.0.1:9/never", owner="a", credential=None)
        return [good.text]

    async def second(dialogue: Dialogue) -> list[str]:
        urls = (served.url + "/good", served.url + "/new")
        return [(await dialogue.send("GET", url, owner="a")).text for url in urls]

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        live(bench, first)
        seen = live(bench, second, earlier=Outcomes(Recording(bench.evidence), resumed=True))
        assert (seen, served.paths) == (["1", "2"], ["/good", "/new"])
        forgotten = Outcomes(Recording(bench.evidence), forget_owners=frozenset({"a"}), resumed=True)
        assert live(bench, second, earlier=forgotten) == ["3", "4"]

    assert replayed(bench, second) == ["3", "4"]


def test_no_secret_stands_in_what_was_asked(tmp_path: Path) -> None:
    async def work(dialogue: Dialogue) -> Exchange:
        headers = {"X-Note": KEY}
        return await dialogue.send("GET", f"{served.url}/{KEY.strip('/+=?')}", owner="a", headers=headers)

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        live(bench, work)

    assert KEY not in bench.evidence.read_text()
    assert [line["time"] for line in Recording(bench.evidence).of_kind("outcome")] == [1]


def test_two_runs_never_write_to_the_same_evidence(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out" / "evidence.jsonl")
    with pytest.raises(InputError, match="another run"):
        Journal(tmp_path / "out" / "evidence.jsonl")
    journal.close()
    Journal(tmp_path / "out" / "evidence.jsonl").close()


def test_what_is_created_is_on_the_disk_before_the_request_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (happened.append("on disk"), sync(file))[1])

    def vendor(seen: Seen) -> Answer:
        happened.append(seen.method)
        return Answer(201, "{}")

    async def work(dialogue: Dialogue) -> None:
        creation = Creation("1", "work_orders", served.url + "/things", "a marker of ours")
        await dialogue.send("POST", served.url + "/things", owner="a", json={"title": "x"}, creation=creation)

    with answering(vendor) as served:
        live(Workbench(tmp_path, served.url, permissions=ALL), work)

    assert happened[:2] == ["on disk", "POST"]


def test_what_an_earlier_part_has_spent_is_not_spent_again(tmp_path: Path) -> None:
    async def two(session: Session) -> None:
        for _ in range(2):
            await session.send("GET", served.url + "/things", owner="a")

    async def one_more(session: Session) -> None:
        session.charge(traffic_of(Recording(bench.evidence)))
        await two(session)

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url, budget=Budget(requests=3, per_second=1000, seconds=60))
        bench.run(two)
        with pytest.raises(CouldNotLook) as caught:
            bench.run(one_more)

    assert (caught.value.reason, len(served.seen)) == (Reason.BUDGET, 3)


def test_a_remark_is_written_without_secrets_while_the_run_lasts_and_not_on_replay(tmp_path: Path) -> None:
    async def work(dialogue: Dialogue) -> None:
        dialogue.remark("trial", {"addresses": [{"refused": f"no: {KEY}"}], "seconds": 8})

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        live(bench, work)
    replayed(bench, work)

    line = {"kind": "trial", "addresses": [{"refused": "no: «main.value»"}], "seconds": 8}
    assert [each for each in Recording(bench.evidence).lines if each["kind"] == "trial"] == [line]


def test_our_own_words_in_a_remark_stay_whatever_was_told_as_a_secret(tmp_path: Path) -> None:
    members = {"addresses": [{"script": f"503, {KEY}", "refused": [f"no: {KEY}"]}], "causes": [{"what": KEY}]}

    async def work(dialogue: Dialogue) -> None:
        dialogue.remark("trial", members, theirs=("refused",))

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        live(bench, work)

    (line,) = [each for each in Recording(bench.evidence).lines if each["kind"] == "trial"]
    assert line["addresses"] == [{"script": f"503, {KEY}", "refused": ["no: «main.value»"]}]
    assert line["causes"] == [{"what": KEY}]


def test_asks_are_written_as_a_replay_makes_them_whatever_is_learnt_meanwhile(tmp_path: Path) -> None:
    redactor = Redactor()

    async def work(session: Session) -> None:
        journal = session.ledger._journal
        dialogue = Dialogue(session, roles=bench.credentials, clock=bench.clock, journal=journal, redactor=redactor)
        redactor.add("webhooks.told", "a-word-of-the-path-0815")
        await dialogue.send("GET", f"{served.url}/a-word-of-the-path-0815", owner="a")

    with answering(counting()) as served:
        bench = Workbench(tmp_path, served.url)
        bench.run(work)

    again = replayed(bench, lambda dialogue: dialogue.send("GET", f"{served.url}/a-word-of-the-path-0815", owner="a"))
    assert again.text == "1"
