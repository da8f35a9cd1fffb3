"""The one way out: all traffic leaves through a session, which alone holds credentials.

Whether a call may go, how fast and how often, is decided by guard, pace and allowance; this module puts them together,
and adds what needs more than one request: tokens, redirects, documents.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cmms_audit.addresses import origin, parse_address
from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.tls import equip
from cmms_audit.webhooks.secrets import SUBSCRIPTIONS
from cmms_audit.wire.allowance import Allowance
from cmms_audit.wire.breaker import TO_THE_API
from cmms_audit.wire.call import DOCUMENT_CAP, Call, with_json, with_params
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.courier import BURST_AT_ONCE, REQUEST_SECONDS, Courier, Inspect
from cmms_audit.wire.credentials import secret_values
from cmms_audit.wire.facts import TokenFacts, Traffic, Volley
from cmms_audit.wire.guard import Guard, unencrypted
from cmms_audit.wire.handshake import OLD, USUAL
from cmms_audit.wire.ledger import Creation, Ledger
from cmms_audit.wire.logins import Logins
from cmms_audit.wire.pace import Pace
from cmms_audit.wire.proxies import Proxies, proxies_of
from cmms_audit.wire.public import ACCEPT, PublicDocuments
from cmms_audit.wire.recorder import Recorder
from cmms_audit.wire.redirects import follow
from cmms_audit.wire.told import ToldSecrets
from cmms_audit.wire.transport import Incoming, Transport, usual_trust
from cmms_audit.wire.veil import OF_ANOTHER, veiled_answer

if TYPE_CHECKING:
    from cmms_audit.credentials import Credential
    from cmms_audit.dialect import Signing
    from cmms_audit.permissions import Permissions
    from cmms_audit.tls import TlsSettings
    from cmms_audit.vendor import Budget
    from cmms_audit.webhooks.mailroom import Mailroom
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.redact import Redactor

_API_PURPOSES = TO_THE_API | {Purpose.CLEANUP}


class Session:
    """Everything that is sent to one vendor during one run."""

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Mapping[str, Credential],
        permissions: Permissions,
        budget: Budget,
        journal: Journal,
        redactor: Redactor,
        allow_hosts: frozenset[str] = frozenset(),
        clock: Clock | None = None,
        transport: Transport | None = None,
        request_seconds: float = REQUEST_SECONDS,
        use_proxy: bool = False,
        ledger: Ledger | None = None,
        tls: TlsSettings | None = None,
        mailroom: Mailroom | None = None,
    ) -> None:
        """Fix for the whole run what may be sent where.

        `request_seconds` is the time one request may take in all; what documents add is told later, with `learn`.
        `use_proxy` lets requests go by the proxy that the environment names. `ledger` is the account of our own records
        where an interrupted run goes on; by default it begins empty. `tls` are certificates for the origins of base_url
        and of where to log in. `mailroom` is told the secrets of subscriptions that are made.
        Raises InputError where a secret is too short to be kept out of the records, there is no proxy to use, or a
        certificate cannot be used.
        """
        self.roles = frozenset(credentials)
        self._redactor = redactor
        self._told = ToldSecrets(mailroom)
        self.ledger = ledger or Ledger(journal, redactor)
        _protect(credentials, redactor, tls)
        self._sent = {redactor.text(base_url): base_url}  # beginnings of addresses, as recorded and as they were
        clock = clock or Clock()
        receivers = {role: credential.receiver(base_url) for role, credential in credentials.items()}
        open_roles = frozenset(role for role, credential in credentials.items() if not credential.secrets())
        self._guard = Guard(base_url=base_url, receivers=receivers, permissions=permissions, open_roles=open_roles)
        self._allowance = Allowance(budget, clock)
        self._pace = Pace(budget.per_second, None, clock)
        proxies = _known_proxies(redactor) if use_proxy else None
        self._transport = transport or _transport(tls, (self._guard.base_origin, *receivers.values()), proxies)
        self._courier = Courier(
            guard=self._guard,
            allowance=self._allowance,
            pace=self._pace,
            transport=self._transport,
            recorder=Recorder(journal, redactor),
            clock=clock,
            request_seconds=request_seconds,
        )
        self._logins = Logins(credentials, self._courier, self._guard, redactor, clock)
        self._documents = PublicDocuments(self._courier, self._transport, allow_hosts | {self._guard.base_host})
        self._refused_twice: set[str] = set()

    def learn(
        self,
        *,
        searches: Sequence[str],
        documented_rate: float | None,
        documented_stock: int | None = None,
        signing: Signing | None = None,
    ) -> None:
        """Take in what the vendor's documents say, once they have been fetched.

        `searches` are POST paths that only read; `documented_rate` the lowest documented limit in requests a second;
        `documented_stock` how many requests the documented limits of longer times leave to this run; `signing` how the
        dialect wants calls to be signed.
        """
        self._logins.learn_signing(signing)
        self._guard.allow_searches(searches)
        if documented_rate is not None:
            self._pace.keep_to(documented_rate)
        if documented_stock is not None:
            self._allowance.keep_to(documented_stock)

    def charge(self, spent: Traffic) -> None:
        """Count what an earlier part of the same run has sent against the budget."""
        self._allowance.charge(spent)

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
        """Send one request to the vendor's API and return the exchange as it was recorded, secrets removed.

        `url` is absolute and on the origin of base_url; `params` are added to its query; `json` becomes the body, or
        `body` is sent as it is. A redirect of a read is followed on the same origin, at most three times; any other is
        returned. A 401 makes an expired token be renewed, once. In a burst nothing is followed, waited for or renewed.
        What makes a record of our own says so with `creation`, which is written down before the request leaves.
        `secret_of` is the mark of a subscription of ours whose secret the answer tells.

        Raises CouldNotLook: not-permitted, offline, budget, before anything is sent; credential where no token is to
        be had; connectivity, timeout with the recorded exchange as evidence.
        """
        if purpose not in _API_PURPOSES:
            raise ValueError(f"{purpose} requests have methods of their own")
        pairs = tuple((headers or {}).items())
        call = Call(method.upper(), with_params(url, params), owner, purpose, credential, pairs, body)
        if json is not None:
            call = with_json(call, json)
        if purpose is Purpose.BURST:
            return await self._authorised(call)
        if creation is not None:
            return await self._create(call, creation)
        if secret_of:
            return await self._authorised(call, self._told.taken(secret_of, alone=True))
        return await follow(call, self._authorised, self._guard.may_follow)

    async def burst(
        self, url: str, *, owner: str, params: Sequence[tuple[str, str]], calls: int, over: Callable[[Exchange], bool]
    ) -> Volley:
        """Send up to so many GETs, a few at once, until `over` says of an answer that there is nothing more to learn.

        What is under way then is waited for. Raises nothing: connectivity, timeout and the like end it and are told.
        """
        answers: list[Exchange] = []
        failures: list[CouldNotLook] = []
        left = iter(range(calls))
        ended = False

        async def work() -> None:
            nonlocal ended
            while not ended and next(left, None) is not None:
                try:
                    answer = await self.send("GET", url, owner=owner, purpose=Purpose.BURST, params=params)
                except CouldNotLook as why:
                    failures.append(why)
                    ended = True
                    return
                answers.append(answer)
                ended = ended or over(answer)

        await asyncio.gather(*(work() for _ in range(BURST_AT_ONCE)))
        return Volley(tuple(answers), failures[0] if failures else None)

    async def forged(self, method: str, url: str, *, headers: Mapping[str, str], owner: str) -> Exchange:
        """Send a request with a made-up credential, to see it refused. Raises CouldNotLook as `send`."""
        call = Call(method.upper(), with_params(url, ()), owner, Purpose.STRANGER, headers=tuple(headers.items()))
        if any(
            self._redactor.contains(text.encode("utf-8", "replace"), in_doubt=True) for text in (url, *headers.values())
        ):
            raise CouldNotLook(Reason.NOT_PERMITTED, "a forged request may not carry a real credential")
        return await follow(call, self._courier.deliver, self._guard.may_follow)

    async def fetch_document(self, url: str, *, owner: str, with_main_if_refused: bool = True) -> Exchange:
        """Fetch a public document: a GET without credential, from any public host.

        Where it lies on the origin of base_url and is refused without, it is fetched with `main`, unless told not to.
        Raises CouldNotLook: not-permitted where the address is inside a private network; otherwise as `send`.
        """
        exchange = await self._documents.fetch(url, owner)
        if not with_main_if_refused or exchange.status not in (401, 403) or "main" not in self.roles:
            return exchange
        refused = url if exchange.request.url == self._redactor.text(url) else exchange.request.url
        if origin(refused) != self._guard.base_origin:
            return exchange
        notes = {"refused_without_credential": exchange.id}
        call = Call("GET", refused, owner, Purpose.DOCUMENT, "main", ACCEPT, notes=notes, body_cap=DOCUMENT_CAP)
        return await follow(call, self._authorised, self._guard.may_follow)

    async def plain_http(self, url: str, *, owner: str) -> Exchange:
        """What the vendor's host answers to a GET at an address of the API without encryption, to nobody in particular.

        Raises CouldNotLook: connectivity where nothing answers there, timeout, and as `send`.
        """
        return await self._courier.deliver(Call("GET", unencrypted(with_params(url, ())), owner, Purpose.STRANGER))

    async def handshake(self, owner: str, *, old: bool = False) -> Exchange:
        """Take up an encrypted connection to the vendor's host and hang up; `handshake_facts` reads what came of it.

        An `old` one offers the withdrawn versions of TLS alone. Raises CouldNotLook: not-permitted where base_url is
        not encrypted or a proxy carries what goes there; otherwise as `send`.
        """
        if self._transport.goes_by_proxy(self._guard.base_origin):
            raise CouldNotLook(Reason.NOT_PERMITTED, "a proxy stands between us and the vendor's own encryption")
        method = OLD if old else USUAL
        return await self._courier.handshake(Call(method, self._guard.base_origin, owner, Purpose.STRANGER), old=old)

    async def token(
        self, role: str, *, owner: str, scopes: Sequence[str] | None = None, apart: str | None = None
    ) -> TokenFacts:
        """Ask for a new token for a role, optionally with fewer scopes, and say what came; never the token.

        One that is set `apart` ("spare") is sent where the credential is so named ("main.spare"), and never renewed.
        Raises CouldNotLook: credential where the role needs no token; otherwise as `send`.
        """
        return await self._logins.ask(role, owner, scopes, apart)

    async def revoke(self, name: str, url: str, *, owner: str) -> Exchange:
        """Withdraw a token that was set apart ("main.spare") at an address on the origin where it was asked for.

        Raises CouldNotLook: not-permitted where the address is elsewhere; otherwise as `send`.
        """
        return await self._logins.revoke(name, url, owner)

    async def tampered(self, url: str, *, role: str, owner: str, turn: int = 0) -> Exchange:
        """Send a GET with a role's own token or key, changed in one of several ways (tampering), to see it refused.

        Raises CouldNotLook: credential where the role has neither; otherwise as `send`.
        """
        call = Call("GET", self._as_it_was(with_params(url, ())), owner, Purpose.STRANGER, f"{role}.tampered")
        self._guard.check(call)
        placed = await self._logins.tampered(call, role, turn)
        return await follow(placed, self._courier.deliver, self._guard.may_follow)

    async def discover(self, issuer_or_origin_url: str, *, owner: str) -> Exchange:
        """Read what an authorisation server publishes about itself: OpenID Connect discovery, else RFC 8414 metadata.

        Only on the origins that the vendor file names. Returns the first that is there, else the first refusal.
        Raises CouldNotLook as `send`.
        """
        exchange, _ = await self._logins.discover(issuer_or_origin_url, owner)
        return exchange

    async def close(self) -> None:
        """Close every connection. The journal stays open."""
        await self._transport.close()

    async def _create(self, call: Call, creation: Creation) -> Exchange:
        """Send what makes a record, written down before it leaves and after it was answered."""
        self._guard.check(call)
        self.ledger.announce(creation, call.owner)
        try:
            sent = f"{call.url}\n{(call.body or b'').decode('utf-8', 'replace')}"
            told = self._told.taken(creation.marker, id_names=creation.id_names, sent=sent)
            inspect = told if creation.kind == SUBSCRIPTIONS else None
            exchange = await self._authorised(call, inspect)
        except CouldNotLook as why:
            seen = [each for each in why.evidence if isinstance(each, Exchange) and each.purpose is call.purpose]
            if seen:
                self.ledger.settle(creation, seen[0])
            else:
                self.ledger.not_sent(creation)
            raise
        self.ledger.settle(creation, exchange)
        return exchange

    def _as_it_was(self, url: str) -> str:
        """An address that was read from the record, with the user names and client ids that stood in it.

        Only the beginning of base_url or of an address that was sent is put back: a vendor may write our marks into
        its links, to be sent what they stand for.
        """
        known = max((recorded for recorded in self._sent if url.startswith(recorded)), key=len, default="")
        url = self._sent.get(known, "") + url.removeprefix(known)
        path = url.partition("?")[0]
        recorded = self._redactor.text(path)
        if recorded != path:
            self._sent[recorded] = path
        return url

    def _veil(self, incoming: Incoming) -> str | None:
        """What is recorded of an answer that may hold records of another customer; a refusal holds none."""
        if not 200 <= incoming.status < 300 or not incoming.body:
            return None
        return veiled_answer(self._redactor.text(bytes(incoming.body).decode("utf-8", "replace")))

    async def _authorised(self, call: Call, inspect: Inspect | None = None) -> Exchange:
        """Send with the role's credential; where a token is refused, once more with a new one."""
        call = replace(call, url=self._as_it_was(call.url))
        self._guard.check(call)
        inspect = self._veil if call.role == OF_ANOTHER else inspect or self._told.withhold
        placed, token = await self._logins.authorise(call)
        exchange = await self._courier.deliver(placed, inspect)
        role = call.role or ""
        if token is None or exchange.status != 401:
            self._refused_twice.discard(role)
            return exchange
        if call.purpose is Purpose.BURST or role in self._refused_twice:
            return exchange
        again, _ = await self._logins.authorise(call, instead_of=token)
        again = replace(again, notes={**call.notes, "retry_of": exchange.id})
        exchange = await self._courier.deliver(again, inspect)
        if exchange.status == 401:
            self._refused_twice.add(role)  # a new token does not help here; no more of them until one is accepted
        return exchange


def _known_proxies(redactor: Redactor) -> Proxies:
    """The proxies that the environment names, their secrets known to the redactor."""
    proxies = proxies_of(os.environ)
    for proxy in proxies.by_scheme.values():
        if proxy.username:
            _protect_value("proxy.username", proxy.username, redactor)
        if proxy.password:
            _protect_value("proxy.password", proxy.password, redactor)
    return proxies


def _transport(tls: TlsSettings | None, own_origins: Iterable[str], proxies: Proxies | None) -> Transport:
    if tls is None:
        return Transport(proxies=proxies)
    addresses = map(parse_address, own_origins)
    own_hosts = frozenset((each.host, each.port) for each in addresses if each.scheme == "https")
    return Transport(own_tls=equip(usual_trust(), tls), own_hosts=own_hosts, proxies=proxies)


def _protect(credentials: Mapping[str, Credential], redactor: Redactor, tls: TlsSettings | None) -> None:
    """Tell the redactor every secret. A user name or client id that is too short to be found stays as it is."""
    for role, credential in credentials.items():
        for label, value in secret_values(role, credential):
            _protect_value(label, value, redactor)
    if tls is not None and tls.password is not None:
        _protect_value("tls.password", tls.password.reveal(), redactor)


def _protect_value(label: str, value: str, redactor: Redactor) -> None:
    try:
        redactor.add(label, value)
    except ValueError:
        if not label.endswith((".username", ".client_id")):
            raise InputError(
                f"the secret {label} is so short that it cannot be kept out of the records; use a longer one"
            ) from None
