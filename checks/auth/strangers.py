"""auth.method: whether callers are refused whose credential is made up, or changed on the way."""

from __future__ import annotations

import base64
import json
from functools import partial as partial_call

from cmms_audit.battery import Context, Finding, check, not_applicable

from . import _strangers

_CAN_BE_CHANGED = ("oauth2", "oidc", "bearer", "api-key")
_LISTS = 3


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
    answers = await _strangers.ask_in_turn(ctx, asks)
    return _strangers.judge(answers, "a caller with a made-up credential")


def _made_up(ctx: Context) -> list[dict[str, str]]:
    nonsense = f"{ctx.random.getrandbits(160):040x}"
    claims = {"sub": "admin", "scope": "read write admin", "exp": 4_102_444_800}
    unsigned = f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."
    keys = {
        scheme.parameter: {scheme.parameter: nonsense}
        for scheme in (ctx.spec.security_schemes.values() if ctx.has_spec else ())
        if scheme.type == "apiKey" and scheme.where == "header" and _strangers.KEY_HEADER.fullmatch(scheme.parameter)
    }
    values = (f"Bearer {nonsense}", f"Bearer {unsigned}", "Bearer", f"Unheard-of {nonsense}")
    return [*({"Authorization": value} for value in values), *list(keys.values())[:2]]


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
    """The credential given for this audit is refused once a single letter of it was changed."""
    if ctx.vendor.credential_types.get("main") not in _CAN_BE_CHANGED:
        return not_applicable("a user name with a wrong password is not tried: that can lock people out")
    answers = await _strangers.ask_lists(ctx, ctx.api.tampered, most=_LISTS)
    return _strangers.judge(answers, "a caller whose token or key was changed by one letter")
