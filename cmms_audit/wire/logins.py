"""Obtains access tokens and sessions, and keeps them for the run: client credentials, discovery, logging in, signing.

A secret goes only to the origin that the vendor file names for it, and is never redirected. Every token and session is
known to the redactor before its answer is recorded.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.credentials import ApiKey, Bearer, Credential, Login, OAuth2, Oidc, Signed
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.secrets import Secret
from cmms_audit.wire.call import Call
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.courier import Courier
from cmms_audit.wire.credentials import place, place_session, place_token
from cmms_audit.wire.discovery import Endpoint, discovered_endpoint, discovery_urls, is_json
from cmms_audit.wire.facts import CREDENTIAL, TOKEN, TokenFacts, token_facts
from cmms_audit.wire.guard import Guard
from cmms_audit.wire.lifetimes import jwt_claims, moment, server_time
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.redirects import follow
from cmms_audit.wire.sessions import login_request, read_session
from cmms_audit.wire.signing import sign
from cmms_audit.wire.tampering import TAMPERED, is_password, tampered
from cmms_audit.wire.tokens import (
    TokenAnswer,
    noted,
    read_token,
    recorded_answer,
    revocation_request,
    token_request,
    tokens_in,
)
from cmms_audit.wire.transport import Incoming

if TYPE_CHECKING:
    from cmms_audit.dialect import Signing

MOST_TOKENS = 64  # in a run; each must be looked for in every answer
MOST_SIGNATURES = 32  # the latest; each is good for one call only, and must be looked for in every answer
MARGIN_SECONDS = 30.0  # a token is renewed so long before it expires, or a tenth of its life before

Obtained = OAuth2 | Oidc | Login


class Token(Struct, frozen=True):
    """A token or session in use. `renew_at` is on the monotonic clock; None where its life is not known."""

    value: str
    renew_at: float | None

    def __repr__(self) -> str:
        """What may be shown: never the token."""
        return f"Token(renew_at={self.renew_at})"


class Logins:
    """The credentials of a run, and the tokens and sessions obtained with them."""

    def __init__(
        self, credentials: Mapping[str, Credential], courier: Courier, guard: Guard, redactor: Redactor, clock: Clock
    ) -> None:
        self._credentials = dict(credentials)
        self._courier = courier
        self._guard = guard
        self._redactor = redactor
        self._clock = clock
        self._signing: Signing | None = None
        self._signatures: deque[str] = deque()
        self._lives = self.known_lives()
        self._told: set[tuple[str, str]] = set()
        self._tokens: dict[str, Token] = {}
        self._apart: dict[str, str] = {}  # tokens that are sent where they are asked for by name, and never renewed
        self._learnt: set[str] = set()
        self._endpoints: dict[str, Endpoint] = {}
        self._refusals: dict[str, CouldNotLook] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def learn_signing(self, signing: Signing | None) -> None:
        """Take in how the dialect wants calls to be signed."""
        self._signing = signing

    def known_lives(self) -> dict[str, dict[str, Any]]:
        """What each token that travels as it is says of its own life, by role; see facts.known_life."""
        bearers = {role: each for role, each in self._credentials.items() if isinstance(each, Bearer)}
        claims = {role: jwt_claims(each.token.reveal()) for role, each in bearers.items() if each.token.resolved}
        return {
            role: {"role": role, "issued_at": moment(said.get("iat")), "expires_at": moment(said.get("exp"))}
            for role, said in claims.items()
            if said is not None
        }

    async def authorise(self, call: Call, *, instead_of: Token | None = None) -> tuple[Call, Token | None]:
        """The call with its role's credential in place, and the token or session that was used, if it was one.

        A new token is obtained where there is none, it is about to expire, or it is the one that was refused
        (`instead_of`). Raises CouldNotLook (credential) where there is no such role, no token is given, or nothing
        says how to sign.
        """
        if call.role is None:
            return call, None
        if "." in call.role:
            return place_token(call, self._set_apart(call.role)), None
        credential = self._credential(call.role)
        match credential:
            case OAuth2() | Oidc() | Login():
                token = await self._token(call.role, credential, call.owner, instead_of)
                return _with_token(call, credential, token), token
            case Signed():
                return self._signed(call, credential), None
        if call.role in self._lives and (call.role, call.owner) not in self._told:  # once to everybody who asks
            self._told.add((call.role, call.owner))
            call = replace(call, notes={**call.notes, CREDENTIAL: self._lives[call.role]})
        return place(call, credential), None

    async def ask(
        self, role: str, owner: str, scopes: Sequence[str] | None = None, apart: str | None = None
    ) -> TokenFacts:
        """Ask for a new token and say what came. Without `scopes` it is the role's own, and is kept for use.

        One that is set `apart` is used by no call but those that name it, as "main.spare".

        Raises CouldNotLook: credential where the role has no token to ask for, and as Courier.deliver.
        """
        credential = self._credential(role)
        if not isinstance(credential, OAuth2 | Oidc):
            raise CouldNotLook(
                Reason.CREDENTIAL, f"the credential {role} needs no token: it is {_how_sent(credential)}"
            )
        facts, answer = await self._request(role, credential, owner, scopes)
        if facts.ok and apart is not None:
            self._apart[f"{role}.{apart}"] = answer.access_token or ""
        elif facts.ok and scopes is None:
            self._keep(role, answer)
        return facts

    async def revoke(self, name: str, url: str, owner: str) -> Exchange:
        """Withdraw a token that was set apart (RFC 7009). Raises CouldNotLook as Courier.deliver."""
        token, role = self._set_apart(name), name.partition(".")[0]
        credential = self._credential(role)
        assert isinstance(credential, OAuth2 | Oidc)  # noqa: S101 - no other has tokens that can be set apart
        endpoint = await self._endpoint(role, credential, owner)
        headers, body = revocation_request(credential, token, in_body=endpoint.secret_in_body)

        def inspect(incoming: Incoming) -> str | None:
            return recorded_answer(bytes(incoming.body), incoming.status)

        return await self._courier.deliver(Call("POST", url, owner, Purpose.TOKEN, role, headers, body), inspect)

    async def tampered(self, call: Call, role: str, turn: int) -> Call:
        """The call with a role's token or key, changed in one of several ways; the redactor knows that one, too.

        Raises CouldNotLook: credential where the role is no such thing, not-permitted where it is a password in its
        place: wrong ones lock people out.
        """
        credential = self._credential(role)
        match credential:
            case OAuth2() | Oidc():
                token = await self._token(role, credential, call.owner, None)
                value, call = self._tampered_value(call, role, token.value, turn)
                return place_token(call, value)
            case Bearer():
                value, call = self._tampered_value(call, role, credential.token.reveal(), turn)
                return place_token(call, value)
            case ApiKey():
                if is_password(credential.value.reveal()):
                    says = f"the credential {role} is a user name with a password: wrong ones can lock people out"
                    raise CouldNotLook(Reason.NOT_PERMITTED, says)
                value, call = self._tampered_value(call, role, credential.value.reveal(), turn)
                return place(call, replace(credential, value=Secret("", value)))
        raise CouldNotLook(
            Reason.CREDENTIAL, f"the credential {role} is not tampered with: it is {_how_sent(credential)}"
        )

    def _tampered_value(self, call: Call, role: str, value: str, turn: int) -> tuple[str, Call]:
        """The changed credential, and the call with a note of what was changed."""
        changed = tampered(value, turn)
        if changed.value not in self._learnt:
            self._learnt.add(changed.value)
            self._redactor.add(f"{role}.tampered", changed.value)
        return changed.value, replace(call, notes={**call.notes, TAMPERED: changed.how})

    def _set_apart(self, name: str) -> str:
        if name not in self._apart:
            raise CouldNotLook(Reason.INTERRUPTED, f"the token {name}, which was to be used here, is not held any more")
        return self._apart[name]

    def _credential(self, role: str) -> Credential:
        if role not in self._credentials:
            raise CouldNotLook(Reason.CREDENTIAL, f"the vendor file gives no credential {role}")
        return self._credentials[role]

    def _signed(self, call: Call, credential: Signed) -> Call:
        if self._signing is None:
            raise CouldNotLook(
                Reason.CREDENTIAL,
                f"the credential {call.role} signs every call, and the dialect in use does not say how; name one that"
                " does in the vendor file (dialect: ...), or write `signing` into a dialect of your own",
            )
        call, signature = sign(call, credential, self._signing, self._clock.now())
        self._keep_secret(f"{call.role}.signature", signature)
        return call

    def _keep_secret(self, label: str, signature: str) -> None:
        """Tell the redactor a signature, the latest ones only; the same call in the same moment has the same."""
        if signature in self._signatures:
            self._signatures.remove(signature)
        else:
            self._redactor.add(label, signature)
        self._signatures.append(signature)
        if len(self._signatures) > MOST_SIGNATURES:
            self._redactor.forget(self._signatures.popleft())

    async def _token(self, role: str, credential: Obtained, owner: str, instead_of: Token | None) -> Token:
        async with self._locks[role]:
            token = self._tokens.get(role)
            if token is not None and token != instead_of and not self._is_due(token):
                return token
            if role in self._refusals:
                refusal = self._refusals[role]
                raise CouldNotLook(refusal.reason, refusal.summary, *refusal.evidence)
            facts, answer = await self._request(role, credential, owner, None)
            if not facts.ok:
                raise self._refusal(role, credential, facts)
            return self._keep(role, answer)

    def _is_due(self, token: Token) -> bool:
        return token.renew_at is not None and self._clock.monotonic() >= token.renew_at

    def _keep(self, role: str, answer: TokenAnswer) -> Token:
        renew_at = None
        if answer.life is not None and answer.life.seconds > 0:  # one said to be over at once is used until refused
            margin = min(MARGIN_SECONDS, answer.life.seconds / 10)
            renew_at = self._clock.monotonic() + answer.life.seconds - margin
        self._refusals.pop(role, None)
        self._tokens[role] = Token(answer.access_token or "", renew_at)
        return self._tokens[role]

    def _refusal(self, role: str, credential: Obtained, facts: TokenFacts) -> CouldNotLook:
        """Why there is no token."""
        what = "session" if isinstance(credential, Login) else "access token"
        said = facts.error or str(facts.exchange.status)
        summary = f"no {what} was given for the credential {role} ({said})"
        if isinstance(credential, Login) and facts.exchange.status < 400:
            taken = credential.taken
            summary += f": the answer to the login holds no {taken.where} {taken.name} that can be used"
        return self._remember(role, CouldNotLook(Reason.CREDENTIAL, summary, facts.exchange), facts.exchange.status)

    def _remember(self, role: str, refusal: CouldNotLook, status: int) -> CouldNotLook:
        """The refusal, which then stands for the run, unless the server was only busy or broken."""
        if status != 429 and status < 500:
            self._refusals[role] = refusal
        return refusal

    async def _request(
        self, role: str, credential: Obtained, owner: str, scopes: Sequence[str] | None
    ) -> tuple[TokenFacts, TokenAnswer]:
        if len(self._learnt) >= MOST_TOKENS:
            raise CouldNotLook(Reason.CREDENTIAL, f"after {MOST_TOKENS} tokens no more are asked for")
        call = await self._call(role, credential, owner, scopes)
        answers: list[TokenAnswer] = []

        def inspect(incoming: Incoming) -> str | None:
            known = frozenset(self._learnt)
            answer = self._read(role, credential, incoming)
            answers.append(answer)
            now, ours = server_time(incoming.headers), self._clock.now().timestamp()
            facts = noted(role, answer, None if now is None else round(now - ours))
            facts["reused"] = answer.access_token in known
            incoming.notes[TOKEN] = facts
            is_login = isinstance(credential, Login)  # whose answers have no usual form: none is recorded as it is
            return recorded_answer(bytes(incoming.body), 200 if is_login else incoming.status)

        facts = token_facts(await self._courier.deliver(call, inspect))
        return facts, answers[-1]

    async def _call(self, role: str, credential: Obtained, owner: str, scopes: Sequence[str] | None) -> Call:
        """What asks for a token or session."""
        if isinstance(credential, Login):
            headers, body = login_request(credential)
            return Call("POST", credential.url, owner, Purpose.TOKEN, role, headers, body)
        endpoint = await self._endpoint(role, credential, owner)
        wanted = credential.scopes if scopes is None else scopes
        headers, body = token_request(credential, wanted, in_body=endpoint.secret_in_body)
        return Call("POST", endpoint.url, owner, Purpose.TOKEN, role, headers, body)

    def _read(self, role: str, credential: Obtained, incoming: Incoming) -> TokenAnswer:
        """The token or session in an answer, once the redactor knows it and all others in it.

        A refusal holds none that counts. A login may be answered by a redirect, which is not followed.
        """
        body, now = bytes(incoming.body), server_time(incoming.headers)
        self._learn_tokens(tokens_in(body), role)
        if isinstance(credential, Login):
            answer = read_session(credential, incoming.headers, body, now)
            self._learn_tokens([("session", answer.access_token)] if answer.access_token else [], role)
        else:
            answer = read_token(body, now)
        last = 399 if isinstance(credential, Login) else 299
        return answer if 200 <= incoming.status <= last else replace(answer, access_token=None)

    def _learn_tokens(self, tokens: Sequence[tuple[str, str]], role: str) -> None:
        """Tell the redactor the tokens of an answer."""
        for name, value in tokens:
            if value not in self._learnt:
                self._learnt.add(value)
                self._redactor.add(f"{role}.{name}", value)

    async def _endpoint(self, role: str, credential: OAuth2 | Oidc, owner: str) -> Endpoint:
        """Where to ask for a token, and whether the secret goes in the body."""
        if isinstance(credential, OAuth2):
            return Endpoint(credential.token_url, credential.client_auth == "post")
        if role not in self._endpoints:
            self._endpoints[role] = await self._discovered(role, credential, owner)
        return self._endpoints[role]

    async def _discovered(self, role: str, credential: Oidc, owner: str) -> Endpoint:
        exchange, body = await self.discover(credential.issuer, owner)
        try:
            if not exchange.ok:
                raise ValueError(f"{credential.issuer} publishes no discovery document (status {exchange.status})")
            return discovered_endpoint(body, credential)
        except ValueError as error:
            refusal = CouldNotLook(Reason.CREDENTIAL, str(error), exchange)
            raise self._remember(role, refusal, exchange.status) from None

    async def discover(self, issuer: str, owner: str) -> tuple[Exchange, bytes]:
        """What an authorisation server publishes about itself: the first document that is there, else the first answer.

        With its raw bytes: a client id may be part of an address. Raises CouldNotLook as Courier.deliver.
        """
        first, *others = discovery_urls(issuer)
        answer = refused = await self._read_public(first, owner)
        for url in others:
            if answer[0].ok and is_json(answer[1]):
                return answer
            answer = await self._read_public(url, owner)
        return answer if answer[0].ok and is_json(answer[1]) else refused

    async def _read_public(self, url: str, owner: str) -> tuple[Exchange, bytes]:
        """A discovery document and its raw body, without a credential; redirected on its own origin only."""
        body = b""

        def inspect(incoming: Incoming) -> str | None:
            nonlocal body
            body = bytes(incoming.body)
            return None

        call = Call("GET", url, owner, Purpose.DISCOVERY, headers=(("Accept", "application/json"),))
        exchange = await follow(call, lambda hop: self._courier.deliver(hop, inspect), self._guard.may_follow)
        return exchange, body


def _with_token(call: Call, credential: Obtained, token: Token) -> Call:
    if isinstance(credential, Login):
        return place_session(call, credential.used, token.value)
    return place_token(call, token.value)


def _how_sent(credential: Credential) -> str:
    match credential:
        case Login():
            return "used to log in for a session"
        case Signed():
            return "used to sign every call"
        case _:
            return "sent as it is"
