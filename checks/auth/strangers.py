"""auth.method: whether callers are refused who show no credential, a made-up one, or one that was changed."""

from __future__ import annotations

import base64
import json
from functools import partial as partial_call

from cmms_audit.battery import Context, Finding, check, not_applicable

from . import _strangers

_CAN_BE_CHANGED = ("oauth2", "oidc", "bearer", "api-key")
_LISTS_FOR_MADE_UP = 6
_LISTS_FOR_CHANGED = 3
_WAYS = 4  # in which a signed token can be changed; keys have two, each of which is tried twice
_MOST_SCOPES = 40
_NOBODY = "a caller without a credential"


@check(
    question="auth.method",
    id="auth.refuses-anonymous",
    aspect="strangers",
    sends="reads",
    severity="critical",
    flags=("anonymous-access",),
)
async def refuses_anonymous(ctx: Context) -> Finding | list[Finding]:
    """Every list of records, and a single one of some, refuses a caller who shows no credential at all."""
    answers = await _strangers.without_credential(ctx)
    answers = [*answers, *await _strangers.ask_records(ctx, ctx.api.as_stranger)]
    judged = _strangers.judge(answers, _NOBODY)
    if isinstance(judged, Finding) and _strangers.all_refused(answers):
        return judged.clears("anonymous-access")
    return judged


@check(question="auth.method", id="auth.refused-alike", aspect="strangers", sends="reads", severity="minor")
async def refused_alike(ctx: Context) -> Finding:
    """Every list refuses a caller without a credential in the same way, whichever way that is."""
    return _strangers.judge_alike(await _strangers.without_credential(ctx))


@check(
    question="auth.method",
    id="auth.refuses-garbage",
    aspect="strangers",
    sends="reads",
    severity="critical",
    flags=("anonymous-access",),
)
async def refuses_garbage(ctx: Context) -> Finding | list[Finding]:
    """Made-up credentials are refused: random, unsigned and empty ones, and those of a method that nobody knows."""
    asks = [partial_call(ctx.api.forged, headers=headers) for headers in _made_up(ctx)]
    answers = await _strangers.ask_in_turn(ctx, asks, most=_LISTS_FOR_MADE_UP)
    return _strangers.judge(answers, "a caller with a made-up credential")


def _made_up(ctx: Context) -> list[dict[str, str]]:
    nonsense = f"{ctx.random.getrandbits(160):040x}"
    schemes = ctx.spec.security_schemes.values() if ctx.has_spec else ()
    headers = dict.fromkeys(
        each.parameter
        for each in schemes
        if each.type == "apiKey" and each.where == "header" and _strangers.KEY_HEADER.fullmatch(each.parameter)
    )
    keys = [{header: value} for header in list(headers)[:2] for value in (nonsense, "")]
    values = (f"Bearer {nonsense}", f"Bearer {_unsigned(ctx)}", "Bearer", f"Unheard-of {nonsense}")
    return [*({"Authorization": value} for value in values), *keys]


def _unsigned(ctx: Context) -> str:
    """A token that claims everything, and says of itself that nobody signed it (RFC 7519, section 6)."""
    schemes = ctx.spec.security_schemes.values() if ctx.has_spec else ()
    scopes = dict.fromkeys(scope for each in schemes for flow in each.flows.values() for scope in flow.scopes)
    wanted = " ".join(list(scopes)[:_MOST_SCOPES]) or "read write admin"
    claims = {"sub": "admin", "scope": wanted, "exp": 4_102_444_800}
    return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def _encoded(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@check(
    question="auth.method",
    id="auth.refuses-tampered",
    aspect="strangers",
    sends="reads",
    severity="critical",
    flags=("anonymous-access",),
)
async def refuses_tampered(ctx: Context) -> Finding | list[Finding]:
    """The credential given for this audit is refused once it was changed, be it by a letter, be it in its contents."""
    if ctx.vendor.credential_types.get("main") not in _CAN_BE_CHANGED:
        return not_applicable("a user name with a wrong password is not tried: that can lock people out")
    asks = [partial_call(ctx.api.tampered, turn=turn) for turn in range(_WAYS)]
    answers = await _strangers.ask_in_turn(ctx, asks, most=_LISTS_FOR_CHANGED)
    return _strangers.judge(answers, "a caller whose token or key was changed")
