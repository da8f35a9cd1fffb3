"""Obtains access tokens and keeps them for the run: client credentials, with or without OpenID Connect discovery.

A client's secret goes only to the token endpoint on the origin that the vendor file names, and is never redirected.
Every token is known to the redactor before its answer is recorded.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from cmms_audit.credentials import Credential, OAuth2, Oidc
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.wire.call import Call
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.courier import Courier
from cmms_audit.wire.credentials import (
    TokenAnswer,
    discovery_url,
    place,
    place_token,
    read_token,
    recorded_answer,
    token_endpoint,
    token_request,
    tokens_in,
    wants_secret_in_body,
)
from cmms_audit.wire.facts import TokenFacts
from cmms_audit.wire.guard import Guard
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.redirects import follow
from cmms_audit.wire.transport import Incoming

MOST_TOKENS = 64  # in a run; each must be looked for in every answer
MARGIN_SECONDS = 30.0  # a token is renewed so long before it expires, or a tenth of its life before


class Token(Struct, frozen=True):
    """A token in use. `renew_at` is on the monotonic clock; None where its life is not known."""

    value: str
    renew_at: float | None


class Logins:
    """The credentials of a run, and the tokens obtained with them."""

    def __init__(
        self, credentials: Mapping[str, Credential], courier: Courier, guard: Guard, redactor: Redactor, clock: Clock
    ) -> None:
        self._credentials = dict(credentials)
        self._courier = courier
        self._guard = guard
        self._redactor = redactor
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._learnt: set[str] = set()
        self._endpoints: dict[str, tuple[str, bool]] = {}
        self._refusals: dict[str, CouldNotLook] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def authorise(self, call: Call, *, instead_of: Token | None = None) -> tuple[Call, Token | None]:
        """The call with its role's credential in place, and the token that was used, if it was one.

        A new token is obtained where there is none, it is about to expire, or it is the one that was refused
        (`instead_of`). Raises CouldNotLook (credential) where there is no such role, or no token is given.
        """
        if call.role is None:
            return call, None
        credential = self._credential(call.role)
        if not isinstance(credential, OAuth2 | Oidc):
            return place(call, credential), None
        token = await self._token(call.role, credential, call.owner, instead_of)
        return place_token(call, token.value), token

    async def ask(self, role: str, owner: str, scopes: Sequence[str] | None = None) -> TokenFacts:
        """Ask for a new token and say what came. Without `scopes` it is the role's own, and is kept for use.

        Raises CouldNotLook: credential where the role has no token to ask for, and as Courier.deliver.
        """
        credential = self._credential(role)
        if not isinstance(credential, OAuth2 | Oidc):
            raise CouldNotLook(Reason.CREDENTIAL, f"the credential {role} needs no token: it is sent as it is")
        facts, answer = await self._request(role, credential, owner, scopes)
        if facts.ok and scopes is None:
            self._keep(role, answer)
        return facts

    def _credential(self, role: str) -> Credential:
        if role not in self._credentials:
            raise CouldNotLook(Reason.CREDENTIAL, f"the vendor file gives no credential {role}")
        return self._credentials[role]

    async def _token(self, role: str, credential: OAuth2 | Oidc, owner: str, instead_of: Token | None) -> Token:
        async with self._locks[role]:
            token = self._tokens.get(role)
            if token is not None and token != instead_of and not self._is_due(token):
                return token
            if role in self._refusals:
                refusal = self._refusals[role]
                raise CouldNotLook(refusal.reason, refusal.summary, *refusal.evidence)
            facts, answer = await self._request(role, credential, owner, None)
            if not facts.ok:
                raise self._refusal(role, facts)
            return self._keep(role, answer)

    def _is_due(self, token: Token) -> bool:
        return token.renew_at is not None and self._clock.monotonic() >= token.renew_at

    def _keep(self, role: str, answer: TokenAnswer) -> Token:
        renew_at = None
        if answer.expires_in is not None:
            margin = min(MARGIN_SECONDS, answer.expires_in / 10)
            renew_at = self._clock.monotonic() + answer.expires_in - margin
        self._refusals.pop(role, None)
        self._tokens[role] = Token(answer.access_token or "", renew_at)
        return self._tokens[role]

    def _refusal(self, role: str, facts: TokenFacts) -> CouldNotLook:
        """Why there is no token. Remembered for the run, unless the server was only busy or broken."""
        said = facts.error or str(facts.exchange.status)
        refusal = CouldNotLook(
            Reason.CREDENTIAL, f"no access token was given for the credential {role} ({said})", facts.exchange
        )
        if facts.exchange.status != 429 and facts.exchange.status < 500:
            self._refusals[role] = refusal
        return refusal

    async def _request(
        self, role: str, credential: OAuth2 | Oidc, owner: str, scopes: Sequence[str] | None
    ) -> tuple[TokenFacts, TokenAnswer]:
        if len(self._learnt) >= MOST_TOKENS:
            raise CouldNotLook(Reason.CREDENTIAL, f"after {MOST_TOKENS} tokens no more are asked for")
        endpoint, in_body = await self._endpoint(role, credential, owner)
        wanted = credential.scopes if scopes is None else scopes
        headers, body = token_request(credential, wanted, in_body=in_body)
        call = Call("POST", endpoint, owner, Purpose.TOKEN, role, headers, body)
        answers: list[TokenAnswer] = []

        def inspect(incoming: Incoming) -> str | None:
            body = bytes(incoming.body)
            answers.append(read_token(body))
            self._learn_tokens(role, body)
            return recorded_answer(body, incoming.status)

        exchange = await self._courier.deliver(call, inspect)
        answer = answers[-1]
        ok = exchange.ok and answer.access_token is not None
        facts = TokenFacts(exchange, ok, answer.expires_in, answer.granted, answer.token_type, answer.error)
        return facts, answer

    def _learn_tokens(self, role: str, body: bytes) -> None:
        """Tell the redactor the tokens of an answer."""
        for name, value in tokens_in(body):
            if value not in self._learnt:
                self._learnt.add(value)
                self._redactor.add(f"{role}.{name}", value)

    async def _endpoint(self, role: str, credential: OAuth2 | Oidc, owner: str) -> tuple[str, bool]:
        """Where to ask for a token, and whether the secret goes in the body."""
        if isinstance(credential, OAuth2):
            return credential.token_url, credential.client_auth == "post"
        if role not in self._endpoints:
            self._endpoints[role] = await self._discovered(credential, owner)
        return self._endpoints[role]

    async def _discovered(self, credential: Oidc, owner: str) -> tuple[str, bool]:
        bodies: list[bytes] = []  # read before redaction: a client id may well be part of an address
        exchange = await self.read_public(discovery_url(credential.issuer), owner, bodies.append)
        try:
            document = json.loads(bodies[-1])
            return token_endpoint(document, credential.issuer), wants_secret_in_body(document)
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise CouldNotLook(Reason.CREDENTIAL, "the discovery document is not JSON", exchange) from None
        except ValueError as error:
            raise CouldNotLook(Reason.CREDENTIAL, str(error), exchange) from None

    async def read_public(self, url: str, owner: str, note_body: Callable[[bytes], None] | None = None) -> Exchange:
        """Read a discovery document without a credential; redirects are followed on its own origin only."""

        def inspect(incoming: Incoming) -> str | None:
            if note_body is not None:
                note_body(bytes(incoming.body))
            return None

        call = Call("GET", url, owner, Purpose.DISCOVERY, headers=(("Accept", "application/json"),))
        return await follow(call, lambda hop: self._courier.deliver(hop, inspect), self._guard.may_follow)
