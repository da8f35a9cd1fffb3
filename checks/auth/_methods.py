"""Which ways of proving who calls a specification offers, sorted into the kinds that the guide judges.

Reads the security schemes and where they are asked for. What a kind is worth is said once, in `judge`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from cmms_audit.battery import Finding, Operation, Schema, SecurityScheme, Spec, met, not_met, partial, pattern, unknown

from . import _credentials


class Kind(StrEnum):
    """Ways of proving who calls, in words that can stand in a summary."""

    OAUTH = "OAuth 2.0"
    WEAK_OAUTH = "OAuth 2.0 in its password or implicit form"
    EXPIRING = "tokens that are fetched and run out"
    BEARER = "tokens of unknown origin"
    KEY = "API keys"
    BASIC = "user name and password with every call"
    SESSION = "a browser session"
    OTHER = "another method"


FULL_FLOWS = frozenset({"clientCredentials", "authorizationCode", "deviceAuthorization"})
LEAST_SHARE_OF_WRITES = 0.9
_KEY_WORDS = pattern(r"api[\s_-]?key|personal (?:access )?token|access key", re.IGNORECASE)
_BEARER_WORDS = pattern(r"bearer|\bjwt\b|oauth|session[\s_-]?token", re.IGNORECASE)
_OAUTH_WORDS = pattern(r"\boauth", re.IGNORECASE)
_ISSUED_WORDS = pattern(
    r"\boauth|\bjwt\b|json web token|\brefresh[\s_-]?tokens?\b|\brefreshed\b|\bexpir\w{1,6}\b|\bshort-lived\b",
    re.IGNORECASE,
)
_DENIED_BEFORE = pattern(
    r"\b(?:no|not|non|never|neither|nor|without|rather than|instead of|cannot|\w{2,6}n't)\b"
    r"(?:[\s-]+\w{1,20}){0,2}[\s-]*$",
    re.IGNORECASE,
)
_DENIED_AFTER = pattern(
    r"(?:\w{0,2}|\s2)(?:\.0)?(?:\s+\w{1,12}){0,2}\s+(?:is|are|has|have)(?:n't|\s+(?:not|no longer|planned|never))\b",
    re.IGNORECASE,
)
_NEAR = 50  # characters on either side of a word that may deny it
_ISSUING_PATH = pattern(
    r"/(?:(?:access[-_]?|auth[-_]?)?tokens?|log-?in|sign-?in|auth|authenticate|sessions?|api-token-auth)"
    r"(?:/(?:provision|create|issue|generate|obtain))?/?$",
    re.IGNORECASE,
)
_TOKEN_FIELDS = frozenset({"accesstoken", "token", "jwt", "idtoken", "bearertoken", "sessiontoken", "authtoken"})
_ENDS = pattern(r"\bexpir", re.IGNORECASE)
_KEY_FIELD = "key"  # what a path of tokens hands out is one, under this name too
_EXPIRY_FIELDS = pattern(r"^(?:(?:access)?token)?expir|^(?:validuntil|ttl$|exp$)")


class Method(Struct, frozen=True, eq=False):
    """One offered way. `reads` and `writes` are the numbers of operations that accept it."""

    kind: Kind
    scheme: SecurityScheme
    reads: int
    writes: int


class Offer(Struct, frozen=True):
    """All offered ways; `protected_writes` counts the operations that change data and ask for a credential at all."""

    methods: tuple[Method, ...]
    protected_writes: int

    def of(self, *kinds: Kind) -> tuple[Method, ...]:
        """The methods of these kinds."""
        return tuple(method for method in self.methods if method.kind in kinds)

    def has(self, *kinds: Kind) -> bool:
        """Whether any method is of one of these kinds."""
        return bool(self.of(*kinds))


def offered(spec: Spec) -> Offer:
    """The ways that operations ask for; all that are declared, where no operation asks for any of them."""
    methods = [_method(scheme, spec) for scheme in spec.security_schemes.values()]
    used = [method for method in methods if method.reads or method.writes]
    protected_writes = sum(operation.writes and not operation.is_open for operation in spec.operations)
    return Offer(tuple(used or methods), protected_writes)


def unused(spec: Spec) -> tuple[Method, ...]:
    """The ways that are declared although no operation asks for them, while some ask for others."""
    in_use = {method.scheme.name for method in offered(spec).methods}
    return tuple(_method(scheme, spec) for scheme in spec.security_schemes.values() if scheme.name not in in_use)


def judge(spec: Spec) -> Finding:
    """Whether the offered methods suit programs that write, by the guide's rules for `api-keys-only` and Basic."""
    offer = offered(spec)
    declared_only = unused(spec)
    places = tuple(method.scheme for method in offer.methods)
    named = _in_words(offer)
    if not offer.methods:
        raise ValueError("nothing is offered, so there is nothing to judge")
    if offer.has(Kind.OAUTH):
        return _judge_oauth(offer)
    if any(method.kind is Kind.OAUTH for method in declared_only):
        where = tuple(method.scheme for method in declared_only)
        return unknown(f"OAuth 2.0 is described, but the operations accept {named} and do not name it", *where)
    if offer.has(Kind.WEAK_OAUTH, Kind.EXPIRING):
        return _clear(partial(f"not OAuth 2.0 in a form for programs, but something like it: {named}", *places))
    if offer.has(Kind.BEARER):
        return _judge_tokens(offer, login(spec), named)
    if offer.has(Kind.OTHER):
        return unknown(f"{named}: who issues it, and whether it runs out, is not said", *places)
    if offer.has(Kind.KEY):
        return _judge_keys(spec, named, places)
    if offer.has(Kind.BASIC):
        finding = not_met(f"the only method is {named}", *places)
        return finding.raises("basic-auth-only").clears("api-keys-only")
    return not_met("no OAuth 2.0, only a browser session, which is made for people and not for programs", *places)


def _judge_tokens(offer: Offer, issuing: Operation | None, named: str) -> Finding:
    """Tokens that no operation surely hands out with an end: an open question, as are those in words of OAuth only."""
    places = tuple(method.scheme for method in offer.methods)
    if issuing:
        return unknown(f"tokens come from {issuing.method} {issuing.path}; {_on_their_end(issuing)}", issuing, *places)
    in_words = next(
        (each.scheme for each in offer.of(Kind.BEARER) if _says(each.scheme.description, _OAUTH_WORDS)), None
    )
    if in_words:
        summary = "the text on access speaks of OAuth 2.0, but the specification does not declare it, nor how to use it"
        return unknown(summary, in_words, detail=f"It says: “{' '.join(in_words.description.split())[:400]}”")
    return unknown(f"{named}: who issues it, and whether it runs out, is not said", *places)


def _on_their_end(issuing: Operation) -> str:
    fields = _answer_fields(issuing)
    optional = next((name for name in fields if _EXPIRY_FIELDS.match(name)), None)
    if optional:
        return f"they can have a time at which they run out ({optional}), but need not"
    return "whether they run out is not said"


def _judge_keys(spec: Spec, named: str, places: Sequence[SecurityScheme]) -> Finding:
    ends = next(_credentials.expiry_fields(spec), None)
    because = f"one can be given an end ({ends.name})" if ends else "a fixed key does not run out by itself"
    finding = not_met(f"no OAuth 2.0, only {named}: {because}", *places, *([ends] if ends else []))
    return finding.raises("api-keys-only").clears("basic-auth-only")


def _judge_oauth(offer: Offer) -> Finding:
    oauth = offer.of(Kind.OAUTH)
    places = tuple(method.scheme for method in oauth)
    writes = max(method.writes for method in oauth)
    detail = _besides(offer)
    if offer.protected_writes and any(method.reads for method in oauth) and not writes:
        return not_met("OAuth 2.0 opens reading only; nothing that changes data accepts it", *places, detail=detail)
    if 0 < writes < LEAST_SHARE_OF_WRITES * offer.protected_writes:
        share = f"{writes} of {offer.protected_writes} operations that change data"
        return _clear(partial(f"OAuth 2.0 is offered, but only {share} accept it", *places, detail=detail))
    return _clear(met("OAuth 2.0 is offered in a form that programs can use", *places, detail=detail))


def _clear(finding: Finding) -> Finding:
    return finding.clears("api-keys-only").clears("basic-auth-only")


def _besides(offer: Offer) -> str:
    others = [kind.value for kind in Kind if kind is not Kind.OAUTH and offer.has(kind)]
    flows = [flow for method in offer.of(Kind.OAUTH) for flow in method.scheme.flows if flow not in FULL_FLOWS]
    notes = [f"Offered besides: {', '.join(others)}."] if others else []
    notes += [f"The {flow} form of OAuth 2.0 is outdated and should not be used." for flow in flows]
    return " ".join(notes)


def _in_words(offer: Offer) -> str:
    return " and ".join(kind.value for kind in Kind if offer.has(kind))


def _method(scheme: SecurityScheme, spec: Spec) -> Method:
    accepting = [operation for operation in spec.operations if any(scheme.name in need for need in operation.security)]
    writes = sum(operation.writes for operation in accepting)
    return Method(kind_of(scheme, spec), scheme, len(accepting) - writes, writes)


def kind_of(scheme: SecurityScheme, spec: Spec) -> Kind:
    """The kind of a security scheme. A token in the Authorization header may be a key, or be issued and run out."""
    if scheme.type == "oauth2":
        return Kind.OAUTH if FULL_FLOWS & scheme.flows.keys() else Kind.WEAK_OAUTH
    if scheme.type == "openIdConnect":
        return Kind.OAUTH
    if scheme.type == "http" and scheme.scheme == "basic":
        return Kind.BASIC
    if scheme.type == "apiKey" and scheme.where == "cookie":
        return Kind.SESSION
    if scheme.type == "apiKey" and not (scheme.where == "header" and _may_be_issued(scheme)):
        return Kind.KEY
    if scheme.type == "apiKey" or (scheme.type == "http" and scheme.scheme == "bearer"):
        return _kind_of_token(scheme, spec)
    return Kind.OTHER


def _may_be_issued(scheme: SecurityScheme) -> bool:
    """Whether a header may hold a token that is fetched: Swagger 2.0 has no other way to describe one."""
    words = f"{scheme.name} {scheme.parameter} {scheme.description}"
    return scheme.parameter.lower() == "authorization" or bool(_BEARER_WORDS.search(words))


def _kind_of_token(scheme: SecurityScheme, spec: Spec) -> Kind:
    if any(_issues_expiring_tokens(operation) for operation in _credentials.own_operations(spec)):
        return Kind.EXPIRING
    if _says(f"{scheme.description} {scheme.bearer_format}", _ISSUED_WORDS):
        return Kind.BEARER
    words = scheme.description if login(spec) else f"{scheme.description} {scheme.name}"
    return Kind.KEY if _says(words, _KEY_WORDS) else Kind.BEARER


def _says(text: str, words: re.Pattern[str]) -> bool:
    """Whether a text holds one of these words without denying it ("not an API key", "tokens never expire")."""
    return any(
        not _DENIED_BEFORE.search(text[max(0, found.start() - _NEAR) : found.start()])
        and not _DENIED_AFTER.match(text[found.end() : found.end() + _NEAR])
        for found in words.finditer(text)
    )


def _issues_expiring_tokens(operation: Operation) -> bool:
    """Whether an operation hands out a token and says that it runs out, in a field that is never empty or in words."""
    if not _issues_tokens(operation):
        return False
    sure = any(_EXPIRY_FIELDS.match(name) and not optional for name, optional in _answer_fields(operation).items())
    return sure or _says(operation.description, _ENDS)


def login(spec: Spec) -> Operation | None:
    """The operation that takes a name and password, or the like, and hands out a token."""
    return next((each for each in _credentials.own_operations(spec) if _issues_tokens(each)), None)


def _issues_tokens(operation: Operation) -> bool:
    if operation.method != "POST" or not _ISSUING_PATH.search(operation.path):
        return False
    names = _answer_fields(operation).keys()
    return bool(names & _TOKEN_FIELDS) or (_KEY_FIELD in names and "token" in operation.path.lower())


def _answer_fields(operation: Operation) -> dict[str, bool]:
    """Names of two levels of fields, in lower case without separators, and whether null stands for none of them."""
    schema: Schema | None = operation.success.schema if operation.success else None
    if schema is None:
        return {}
    inner = [field for each in schema.fields() for field in each.schema.fields()]
    return {re.sub(r"[_-]", "", field.name).lower(): field.schema.nullable for field in (*schema.fields(), *inner)}
