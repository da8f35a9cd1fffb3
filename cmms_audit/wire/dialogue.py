"""What was asked of the vendor, and what came of it: asked live, taken from an earlier run, or both.

Every ask is recorded with its outcome, so that the same checks, asking the same again, see the same again. Replaying
takes all outcomes from the recording; resuming takes those that are there and asks for the rest.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import convert, to_builtins

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.webhooks.behaviour import Script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_from_json
from cmms_audit.webhooks.received import GIVEN, Received, Signature
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.facts import TokenFacts, Volley, token_facts

if TYPE_CHECKING:
    from cmms_audit.webhooks.address import Recogniser
    from cmms_audit.webhooks.mailroom import Mailroom
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.ledger import Creation, Ledger
    from cmms_audit.wire.recording import Recording
    from cmms_audit.wire.redact import Redactor
    from cmms_audit.wire.session import Session

OUTCOME = "outcome"
_APART = "token apart"
_OPEN = "open address"
_TO_BE_ASKED_AGAIN = frozenset({Reason.BUDGET, Reason.CONNECTIVITY, Reason.TIMEOUT, Reason.INTERRUPTED})
_ENDS_HERE = "the recording ends before this was asked"

Ask = tuple[str, str, int]  # the owner, what is asked, and how often it was asked by then
T = TypeVar("T", Exchange, TokenFacts, Volley, str, tuple[Received, ...])


class Outcomes:
    """The outcomes of an earlier run, each to be given for the same ask."""

    def __init__(self, recording: Recording, *, forget_owners: frozenset[str] = frozenset(), resumed: bool) -> None:
        """`forget_owners` are those who ask everything anew; a `resumed` run asks again for what failed then.

        Whoever had a token set apart and did not finish asks anew, too: it is not held any more. So does whoever
        opened an address: nobody listens there any more.
        """
        self._recording = recording
        self._lines: dict[Ask, Mapping[str, Any]] = {}
        lost = _left_without_a_token(recording) | _opened_addresses(recording)
        forgotten = forget_owners | lost if resumed else frozenset()
        for line in recording.of_kind(OUTCOME):
            again = line["owner"] in forgotten or (resumed and _failed(line))
            if not again:
                self._lines[line["owner"], line["asked"], line["time"]] = line

    def line(self, ask: Ask) -> Mapping[str, Any] | None:
        """What is recorded of an ask; None where nothing is."""
        return self._lines.get(ask)

    def exchange(self, number: int) -> Exchange:
        """A recorded exchange."""
        return self._recording.exchange(number)

    @cached_property
    def deliveries(self) -> Mapping[int, Delivery]:
        """Every recorded delivery by its number."""
        return {line["number"]: delivery_from_json(line) for line in self._recording.of_kind(DELIVERY)}


class Dialogue:
    """The asks of one run. It has the methods of a session; `session` is None where nothing may be sent."""

    def __init__(
        self,
        session: Session | None,
        *,
        roles: Iterable[str],
        clock: Clock,
        journal: Journal | None = None,
        redactor: Redactor | None = None,
        earlier: Outcomes | None = None,
        mailroom: Mailroom | None = None,
    ) -> None:
        """`roles` are those of the vendor file's credentials; without `journal` and `redactor` nothing is recorded.

        `mailroom` takes what the vendor sends; None where nothing may be subscribed.
        """
        self.roles = frozenset(roles)
        self._session = session
        self._clock = clock
        self._journal = journal
        self._redactor = redactor
        self._first_secrets = redactor.as_now() if redactor else None  # a replay does not know what was learnt later
        self._earlier = earlier
        self._mailroom = mailroom
        self._asked: defaultdict[tuple[str, str], int] = defaultdict(int)

    async def send(
        self,
        method: str,
        url: str,
        *,
        credential: str | None = "main",
        owner: str,
        purpose: Purpose = Purpose.API,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        creation: Creation | None = None,
        secret_of: str = "",
    ) -> Exchange:
        """See Session.send."""
        asked = self._text("send", method, url, credential, purpose, list(params), headers or {}, json, body)
        return await self._ask(
            owner,
            asked,
            lambda session: session.send(
                method,
                url,
                credential=credential,
                owner=owner,
                purpose=purpose,
                params=params,
                headers=headers,
                json=json,
                body=body,
                creation=creation,
                secret_of=secret_of,
            ),
            self._exchange,
        )

    async def forged(self, method: str, url: str, *, headers: Mapping[str, str], owner: str) -> Exchange:
        """See Session.forged."""
        asked = self._text("forged", method, url, dict(headers))
        return await self._ask(
            owner, asked, lambda session: session.forged(method, url, headers=headers, owner=owner), self._exchange
        )

    async def fetch_document(self, url: str, *, owner: str, with_main_if_refused: bool = True) -> Exchange:
        """See Session.fetch_document."""
        asked = self._text("document", "GET", url, with_main_if_refused)
        return await self._ask(
            owner,
            asked,
            lambda session: session.fetch_document(url, owner=owner, with_main_if_refused=with_main_if_refused),
            self._exchange,
        )

    async def plain_http(self, url: str, *, owner: str) -> Exchange:
        """See Session.plain_http."""
        asked = self._text("plain http", "GET", url)
        return await self._ask(owner, asked, lambda session: session.plain_http(url, owner=owner), self._exchange)

    async def handshake(self, owner: str, *, old: bool) -> Exchange:
        """See Session.handshake."""
        asked = f"handshake, {'old' if old else 'usual'}"
        return await self._ask(owner, asked, lambda session: session.handshake(owner, old=old), self._exchange)

    async def token(
        self, role: str, *, owner: str, scopes: Sequence[str] | None = None, apart: str | None = None
    ) -> TokenFacts:
        """See Session.token."""
        asked_for = None if scopes is None else list(scopes)
        asked = self._text(_APART, role, apart, asked_for) if apart else self._text("token", role, "", asked_for)
        return await self._ask(
            owner,
            asked,
            lambda session: session.token(role, owner=owner, scopes=scopes, apart=apart),
            self._token_facts,
        )

    async def revoke(self, name: str, url: str, *, owner: str) -> Exchange:
        """See Session.revoke."""
        asked = self._text("revoke", "POST", url, name)
        return await self._ask(owner, asked, lambda session: session.revoke(name, url, owner=owner), self._exchange)

    async def tampered(self, url: str, *, role: str, owner: str, turn: int = 0) -> Exchange:
        """See Session.tampered."""
        asked = self._text("tampered", "GET", url, role, turn)
        return await self._ask(
            owner, asked, lambda session: session.tampered(url, role=role, owner=owner, turn=turn), self._exchange
        )

    async def discover(self, issuer_or_origin_url: str, *, owner: str) -> Exchange:
        """See Session.discover."""
        asked = self._text("discover", "GET", issuer_or_origin_url)
        return await self._ask(
            owner, asked, lambda session: session.discover(issuer_or_origin_url, owner=owner), self._exchange
        )

    async def burst(
        self, url: str, *, owner: str, params: Sequence[tuple[str, str]], calls: int, over: Callable[[Exchange], bool]
    ) -> Volley:
        """See Session.burst."""
        asked = self._text("burst", "GET", url, list(params), calls)
        return await self._ask(
            owner,
            asked,
            lambda session: session.burst(url, owner=owner, params=params, calls=calls, over=over),
            self._volley,
        )

    async def open_address(self, name: str, mark: str, script: Script, *, owner: str) -> str:
        """See Mailroom.open; `mark` is part of the address."""
        asked = self._text(_OPEN, name, mark, [str(each) for each in script])
        return await self._ask(
            owner, asked, lambda _: self._room.open(name, mark, script), lambda line: str(line["address"])
        )

    async def deliveries(
        self, name: str, *, owner: str, seconds: float, enough: Callable[[Sequence[Delivery]], bool]
    ) -> tuple[Received, ...]:
        """See Mailroom.wait."""
        asked = f"deliveries to {name} in {seconds:g} s"
        return await self._ask(
            owner, asked, lambda _: self._room.wait(name, seconds=seconds, enough=enough), self._received
        )

    def treat(self, name: str, script: Script, *, first_of: Recogniser | None) -> None:
        """See Mailroom.treat. What was recorded needs no treatment any more."""
        if self._mailroom is not None:
            self._mailroom.treat(name, script, first_of=first_of)

    def remark(self, kind: str, members: Mapping[str, Any], *, theirs: Collection[str] | None = None) -> None:
        """Write a line of this kind for the report; what was recorded is not written again on replay.

        `theirs` are the names of members that may hold texts of the vendor's, where all others are our own words.
        """
        if self._journal is not None:
            self._journal.write(kind, self._redactor.values(members, under=theirs) if self._redactor else members)

    @property
    def signing_secret(self) -> str:
        """The secret that subscriptions are given, where the API takes one; its mark where nothing is sent any more."""
        return self._mailroom.given_secret if self._mailroom is not None else f"«{GIVEN}»"

    @property
    def _room(self) -> Mailroom:
        if self._mailroom is None:
            raise CouldNotLook(Reason.NOT_PERMITTED, "not looked at: it needs the permission to subscribe (webhooks)")
        return self._mailroom

    def clock(self, owner: str) -> AskedClock:
        """The clock as one owner may ask it."""
        return AskedClock(self, self._clock, owner)

    def moment(self, owner: str) -> datetime:
        """What time it is, or was when the same was asked before."""
        ask = self._next(owner, "now")
        line = self._earlier.line(ask) if self._earlier else None
        now = datetime.fromisoformat(line["now"]) if line else self._clock.now()
        if line is None:
            self._note(ask, {"now": now.isoformat()})
        return now

    @property
    def ledger(self) -> Ledger | None:
        """The account of our own records; None where nothing is sent, and so nothing is made."""
        return self._session.ledger if self._session else None

    @property
    def live(self) -> bool:
        """Whether anything may still be asked of the vendor itself."""
        return self._session is not None

    async def _ask(
        self,
        owner: str,
        asked: str,
        live: Callable[[Session], Awaitable[T]],
        read: Callable[[Mapping[str, Any]], T],
    ) -> T:
        """The recorded outcome, read from its line, or else that of the live ask."""
        ask = self._next(owner, asked)
        line = self._earlier.line(ask) if self._earlier else None
        if line is not None:
            await asyncio.sleep(0)  # others get their turn, as they do while a live answer is on its way
            if "refused" in line:
                raise self._refusal(line["refused"])
            return read(line)
        if self._session is None:
            raise CouldNotLook(Reason.INTERRUPTED, _ENDS_HERE)
        try:
            result = await live(self._session)
        except CouldNotLook as why:
            self._note(ask, {"refused": self._refusal_members(why)})
            raise
        self._note(ask, self._members(result))
        return result

    def _next(self, owner: str, asked: str) -> Ask:
        self._asked[owner, asked] += 1
        return owner, asked, self._asked[owner, asked]

    def _note(self, ask: Ask, members: Mapping[str, Any]) -> None:
        if self._journal is not None:
            owner, asked, time = ask
            self._journal.write(OUTCOME, {"owner": owner, "asked": asked, "time": time, **members})

    def _text(self, verb: str, method: str, url: str, *rest: Any) -> str:
        """An ask as it is recorded: readable, and with a digest of what is too long to read; secrets removed."""
        body = json.dumps(rest, default=_as_text, sort_keys=True, ensure_ascii=False)
        if self._first_secrets is not None:
            url, body = self._first_secrets.text(url), self._first_secrets.text(body)
        return f"{verb} {method} {url} {hashlib.sha256(body.encode('utf-8', 'replace')).hexdigest()[:16]}"

    def _members(self, result: Exchange | TokenFacts | Volley | str | tuple[Received, ...]) -> dict[str, Any]:
        match result:
            case Exchange():
                return {"exchange": result.id}
            case TokenFacts():
                return {"exchange": result.exchange.id}
            case str():
                return {"address": result}
            case tuple():
                came = [{"number": each.delivery.number, "signature": to_builtins(each.signature)} for each in result]
                return {"deliveries": came}
            case Volley():
                failure = self._refusal_members(result.failure) if result.failure else None
                return {"exchanges": [each.id for each in result.answers], "failure": failure}

    def _exchange(self, line: Mapping[str, Any]) -> Exchange:
        return self._recorded(line["exchange"])

    def _token_facts(self, line: Mapping[str, Any]) -> TokenFacts:
        return token_facts(self._exchange(line))

    def _volley(self, line: Mapping[str, Any]) -> Volley:
        answers = tuple(self._recorded(number) for number in line["exchanges"])
        return Volley(answers, self._refusal(line["failure"]) if line["failure"] else None)

    def _received(self, line: Mapping[str, Any]) -> tuple[Received, ...]:
        assert self._earlier is not None  # noqa: S101 - a line was just read from there
        known = self._earlier.deliveries
        came = [each for each in line["deliveries"] if each["number"] in known]
        return tuple(Received(known[each["number"]], convert(each["signature"], Signature)) for each in came)

    def _refusal_members(self, why: CouldNotLook) -> dict[str, Any]:
        summary = self._redactor.text(why.summary) if self._redactor else why.summary
        seen = [each.id for each in why.evidence if isinstance(each, Exchange)]
        return {"reason": why.reason, "summary": summary, "exchanges": seen}

    def _refusal(self, members: Mapping[str, Any]) -> CouldNotLook:
        seen = [self._recorded(number) for number in members["exchanges"]]
        return CouldNotLook(Reason(members["reason"]), members["summary"], *seen)

    def _recorded(self, number: int) -> Exchange:
        assert self._earlier is not None  # noqa: S101 - a line was just read from there
        return self._earlier.exchange(number)


class AskedClock:
    """The clock for checks: what it says is recorded; on replay nobody waits."""

    def __init__(self, dialogue: Dialogue, clock: Clock, owner: str) -> None:
        self._dialogue = dialogue
        self._clock = clock
        self._owner = owner

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self._dialogue.moment(self._owner)

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds without holding up anyone else."""
        await self._clock.sleep(seconds if self._dialogue.live else 0)


def _left_without_a_token(recording: Recording) -> frozenset[str]:
    """The checks that had a token set apart, and were not done with it."""
    finished = {line["id"] for line in recording.of_kind("check")}
    asked = (line["owner"] for line in recording.of_kind(OUTCOME) if line["asked"].startswith(f"{_APART} "))
    return frozenset(owner for owner in asked if owner not in finished)


def _opened_addresses(recording: Recording) -> frozenset[str]:
    return frozenset(line["owner"] for line in recording.of_kind(OUTCOME) if line["asked"].startswith(f"{_OPEN} "))


def _failed(line: Mapping[str, Any]) -> bool:
    refused: Mapping[str, Any] | None = line.get("refused") or line.get("failure")
    return refused is not None and Reason(refused["reason"]) in _TO_BE_ASKED_AGAIN


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
