"""auth.method: how a program proves who it is, and whether others are refused."""

from __future__ import annotations

import base64
import re

from cmms_audit.battery import (
    Context,
    Finding,
    Parameter,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    sentences,
    unknown,
)
from cmms_audit.model import Exchange, Reason, Verdict

from . import _methods, _protection, _strangers, _tokens
from ._lists import lists, readable_page
from ._methods import Kind

DAY = 24 * 3600
_MOST_LOOKED_AT = 100
_ON_CREDENTIALS = pattern(
    r"\boauth|\bapi[- ]?keys?\b|\bbearer\b|\baccess tokens?\b|\bbasic auth|\bclient credentials\b", re.IGNORECASE
)
_KEY_NAMES = ("api_key", "apikey", "key", "access_token")
_UNHEARD_OF_NAME = "audit_unheard_of"
_QUOTED = pattern(r'(?<!error)="[^"]{0,1000}"')
_OF_ONE_CALL = pattern(
    r"\bbasic\b|\bunheard-of\b|\b(?=[0-9a-f-]{8,64}\b)[0-9a-f-]*\d[0-9a-f-]*\b|\b\d\d?:\d\d(?::\d\d)?\b", re.IGNORECASE
)
_MOST_OF_A_WORD = 200


@check(question="auth.method", id="auth.operations-protected", aspect="strangers", sends="nothing")
def operations_protected(ctx: Context) -> Finding:
    """As documented, every operation asks for a credential, but those that are open by their nature."""
    return _protection.judge_protection(ctx)


@check(
    question="auth.method",
    id="auth.offers-oauth",
    aspect="method",
    sends="nothing",
    severity="critical",
    flags=("api-keys-only", "basic-auth-only"),
)
def offers_oauth(ctx: Context) -> Finding:
    """The specification offers OAuth 2.0 in a form that programs can use."""
    offer = _methods.offered(ctx.spec)
    if not offer.methods:
        return _nothing_declared(ctx)
    finding = _methods.judge(ctx.spec)
    if finding.verdict is Verdict.NOT_MET and not ctx.spec.tells("auth.method"):
        return unknown(f"examples need not show every method; they show: {finding.summary}", offer.methods[0].scheme)
    return finding


def _nothing_declared(ctx: Context) -> Finding:
    """No method is declared where programs look for it; a header among the parameters, or a sentence, may name one."""
    silent = "the specification does not say how a program proves who it is"
    some = ctx.spec.operations[:_MOST_LOOKED_AT]
    header = next((each for operation in some for each in operation.parameters if _is_credential(each)), None)
    if header:
        return unknown(f"{silent}; it only lists a header {header.name} among the parameters", header)
    said = list(sentences((each for each in ctx.spec.prose() if not each.of_operation), _ON_CREDENTIALS))
    if said:
        detail = f"It says: “{said[0].text[:400]}”"
        return unknown(f"{silent} where programs look for it; its text speaks of it", said[0], detail=detail)
    return unknown(silent, ctx.spec.evidence_at(""))


def _is_credential(parameter: Parameter) -> bool:
    name = parameter.name.lower()
    return parameter.where == "header" and (name == "authorization" or bool(_strangers.KEY_HEADER.fullmatch(name)))


@check(
    question="auth.method",
    id="auth.token-works",
    aspect="method",
    sends="reads",
    flags=("api-keys-only", "basic-auth-only"),
)
async def token_works(ctx: Context) -> Finding:
    """With the credential given, a token can be fetched; it opens a list, and says when it runs out: within a day."""
    if ctx.vendor.credential_types.get("main") not in ("oauth2", "oidc"):
        return not_applicable("the credential given for this audit is no OAuth 2.0 client, so no token was fetched")
    token = await _tokens.fresh(ctx)
    if _strangers.is_busy(token.exchange):
        summary = f"the token address gives no token, but refuses none either (status {token.exchange.status})"
        return unknown(summary, token.exchange, reason=Reason.CONNECTIVITY)
    if not token.ok:
        summary = f"the token address refuses the credential (status {token.exchange.status})"
        return unknown(summary, token.exchange, reason=Reason.CREDENTIAL)
    _, page = await readable_page(ctx)
    finding = _judge_lifetime(token.expires_in, token.exchange, page.exchange)
    return _no_better_than_documented(ctx, finding).clears("api-keys-only").clears("basic-auth-only")


def _judge_lifetime(seconds: float | None, *places: Exchange) -> Finding:
    if not seconds or not seconds > 0:
        return partial("a token can be fetched and works, but does not say when it runs out", *places)
    facts = {"token_seconds": seconds}
    if seconds > DAY:
        summary = f"a token can be fetched and works, but lives for {seconds / DAY:.3g} days; more than one is too long"
        return partial(summary, *places, facts=facts)
    return met(f"a token can be fetched, works, and runs out after {seconds / 60:.3g} minutes", *places, facts=facts)


def _no_better_than_documented(ctx: Context, finding: Finding) -> Finding:
    """A token that works does not make up for OAuth 2.0 being closed to operations that write, as documented."""
    offer = _methods.offered(ctx.spec) if ctx.has_spec else None
    if offer is None or not offer.has(Kind.OAUTH) or finding.verdict is not Verdict.MET:
        return finding
    documented = _methods.judge(ctx.spec)
    if documented.verdict is Verdict.MET:
        return finding
    judge = partial if documented.verdict is Verdict.PARTIAL else not_met
    summary = f"{documented.summary}; {finding.summary}"
    return judge(summary, *finding.evidence, *documented.evidence, facts=finding.facts)


@check(question="auth.method", id="auth.basic-not-documented", aspect="basic", sends="nothing")
def basic_not_documented(ctx: Context) -> Finding:
    """The specification does not offer user name and password with every call."""
    offer = _methods.offered(ctx.spec)
    basic = offer.of(Kind.BASIC)
    if basic:
        return _basic_offered(ctx)
    if not offer.methods:
        return unknown("the specification does not say how a program proves who it is", ctx.spec.evidence_at(""))
    return met("user name and password are not among the documented methods", *(each.scheme for each in offer.methods))


def _basic_offered(ctx: Context) -> Finding:
    offer = _methods.offered(ctx.spec)
    places = [method.scheme for method in offer.of(Kind.BASIC)]
    if len(places) == len(offer.methods) and not ctx.spec.tells("auth.method"):
        return partial("the examples show no other method than user name and password with every call", *places)
    if len(places) == len(offer.methods):
        return not_met("user name and password with every call is the only documented method", *places)
    return partial("user name and password with every call is documented beside better methods", *places)


@check(question="auth.method", id="auth.no-basic", aspect="basic", sends="reads")
async def no_basic(ctx: Context) -> Finding:
    """The live system does not take user name and password: a made-up pair is refused like any unknown scheme."""
    documented = _basic_offered(ctx) if ctx.has_spec and _methods.offered(ctx.spec).has(Kind.BASIC) else None
    if ctx.vendor.credential_types.get("main") == "basic":
        _, page = await readable_page(ctx)
        summary = documented.summary if documented else "user name and password with every call open the API"
        judge = not_met if documented and documented.verdict is Verdict.NOT_MET else partial
        return judge(summary, page, *(documented.evidence if documented else ()))
    if documented:
        return documented
    pair = base64.b64encode(f"audit-{ctx.random.getrandbits(64):x}:none".encode()).decode()
    path = lists(ctx)[0].path
    return _judge_made_up_pair(
        await ctx.api.forged(path, {"Authorization": f"Basic {pair}"}),
        await ctx.api.forged(path, {"Authorization": f"Unheard-of {pair}"}),
    )


def _judge_made_up_pair(as_basic: Exchange, as_unheard_of: Exchange) -> Finding:
    if re.search(r"\bbasic\b", as_basic.header("www-authenticate") or "", re.IGNORECASE):
        return partial("the system asks for user name and password when it refuses a call", as_basic)
    if as_basic.ok:
        return unknown("the list is open to anyone, so a user name and password make no difference", as_basic)
    if _strangers.is_busy(as_basic) or _strangers.is_busy(as_unheard_of):
        return _no_refusal(as_basic, as_unheard_of)
    if _refusal(as_basic) != _refusal(as_unheard_of):
        summary = (
            "a made-up user name and password are looked at, where an unknown method is not: a real pair may be let in"
        )
        return partial(summary, as_basic, as_unheard_of)
    if not _strangers.is_refusal(as_basic):
        return _no_refusal(as_basic, as_unheard_of)
    return met("user name and password are refused like any unknown method", as_basic, as_unheard_of)


def _no_refusal(*answers: Exchange) -> Finding:
    statuses = ", ".join(dict.fromkeys(str(each.status) for each in answers))
    summary = f"a made-up credential was not answered with a clear refusal (status {statuses})"
    return unknown(summary, *answers, reason=Reason.CONNECTIVITY)


def _refusal(exchange: Exchange) -> tuple[int, str, tuple[str, ...]]:
    """What stays the same when the same refusal is given twice: the status, how to log in, and words for programs.

    Left out is what changes from call to call, or repeats what was sent: long numbers, quoted values, the method.
    """
    body = exchange.json if isinstance(exchange.json, dict) else {}
    inner = next((value for value in body.values() if isinstance(value, dict)), {})
    words = [str(each[name]) for each in (body, inner) for name in ("code", "error", "type") if name in each]
    challenge = _QUOTED.sub("", exchange.header("www-authenticate") or "")
    return exchange.status, challenge, tuple(_OF_ONE_CALL.sub("", each[:_MOST_OF_A_WORD]).casefold() for each in words)


@check(
    question="auth.method",
    id="auth.no-key-in-query",
    aspect="query",
    sends="nothing",
    flags=("api-keys-only",),
)
def no_key_in_query(ctx: Context) -> Finding:
    """As documented, no key has to travel in the address of a call, nor may it."""
    offer = _methods.offered(ctx.spec)
    if not offer.methods:
        return unknown("the specification does not say how a program proves who it is", ctx.spec.evidence_at(""))
    return _judge_query_keys(offer)


def _judge_query_keys(offer: _methods.Offer) -> Finding:
    keys = offer.of(Kind.KEY)
    in_query = [method.scheme for method in keys if method.scheme.where == "query"]
    if not in_query:
        return met("no documented method puts a key into the address", *(each.scheme for each in offer.methods))
    if len(in_query) < len(keys):
        return partial("a key may also travel in the address, where it ends up in log files", *in_query)
    finding = not_met("a key can travel only in the address, where it ends up in log files", *in_query)
    return finding if offer.has(Kind.OAUTH) else finding.raises("api-keys-only")


@check(question="auth.method", id="auth.query-key-ignored", aspect="query", sends="reads", flags=("api-keys-only",))
async def query_key_ignored(ctx: Context) -> Finding:
    """The live system takes no notice of a key in the address: a made-up one is refused like none at all."""
    if ctx.has_spec and _methods.offered(ctx.spec).methods:
        documented = _judge_query_keys(_methods.offered(ctx.spec))
        if documented.verdict is not Verdict.MET:
            return documented
    path = lists(ctx)[0].path
    value = f"{ctx.random.getrandbits(128):032x}"
    ignored = await ctx.api.forged(path, {}, params=((_UNHEARD_OF_NAME, value),))
    if ignored.ok:
        return unknown("the list is open to anyone, so a key in the address makes no difference", ignored)
    if not _strangers.is_refusal(ignored):
        return _no_refusal(ignored)
    together = await ctx.api.forged(path, {}, params=tuple((name, value) for name in _KEY_NAMES))
    if _strangers.is_busy(together):
        return _no_refusal(together)
    if not _is_noticed(together, ignored):
        return met("a key in the address is taken no notice of", ignored, together)
    tried = {name: await ctx.api.forged(path, {}, params=((name, value),)) for name in _KEY_NAMES}
    noticed = [name for name, answer in tried.items() if _is_noticed(answer, ignored)]
    names = " or ".join(noticed or _KEY_NAMES)
    summary = f"a made-up key in the address ({names}) is looked at, so a real one may open the API"
    return partial(summary, ignored, together, *(tried[name] for name in noticed))


def _is_noticed(answer: Exchange, ignored: Exchange) -> bool:
    """Whether a refusal differs from that of a parameter nobody knows; a complaint about parameters does not count."""
    is_refusal = answer.status in (401, 403, ignored.status)
    return answer.ok or (is_refusal and _refusal(answer) != _refusal(ignored))
