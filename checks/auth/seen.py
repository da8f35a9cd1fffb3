"""auth.method beyond the specification: what a sign-in service publishes, and which credential is seen working."""

from __future__ import annotations

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Page,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Exchange

from . import _methods
from ._lists import readable_page
from ._methods import Kind


@check(
    question="auth.method",
    id="auth.oauth-discovered",
    aspect="method",
    sends="reads",
    flags=("api-keys-only", "basic-auth-only"),
)
async def oauth_discovered(ctx: Context) -> Finding:
    """Where the specification offers no OAuth 2.0, the vendor's sign-in service may publish it (RFC 8414, OIDC)."""
    if ctx.has_spec and _methods.offered(ctx.spec).has(Kind.OAUTH):
        return not_applicable("the specification offers OAuth 2.0, so nothing else has to be asked")
    try:
        answer = await _sign_in_service(ctx)
    except CouldNotLook as why:
        return not_applicable(f"no sign-in service was found: {why.summary}", *why.evidence)
    if not _publishes_oauth(answer):
        return not_applicable("the vendor's system publishes no sign-in service with OAuth 2.0", answer)
    summary = (
        "the vendor's sign-in service publishes OAuth 2.0, but the specification does not say that the API accepts it"
    )
    return partial(summary, answer).clears("api-keys-only").clears("basic-auth-only")


async def _sign_in_service(ctx: Context) -> Exchange:
    """What the vendor's sign-in service says of itself. Raises CouldNotLook where none could be asked."""
    return await ctx.shared("sign-in service", lambda api: api.discover())


def _publishes_oauth(answer: Exchange) -> bool:
    published = answer.json if answer.ok and isinstance(answer.json, dict) else {}
    grants = published.get("grant_types_supported", ["authorization_code"])  # the default of RFC 8414, section 2
    return isinstance(published.get("token_endpoint"), str) and _suits_programs(grants)


def _suits_programs(grants: object) -> bool:
    return isinstance(grants, list) and bool(
        {"client_credentials", "authorization_code"} & {str(each) for each in grants}
    )


@check(
    question="auth.method",
    id="auth.method-seen",
    aspect="method",
    sends="reads",
    severity="critical",
    flags=("api-keys-only", "basic-auth-only"),
)
async def method_seen(ctx: Context) -> Finding:
    """Where no document names a method, the kind of the credential that opens a list is the only one there is."""
    if ctx.has_spec and _methods.offered(ctx.spec).methods:
        return not_applicable("the specification says how a program proves who it is")
    kind = ctx.vendor.credential_types.get("main")
    if kind not in ("oauth2", "oidc") and await _oauth_is_published(ctx):
        return not_applicable("the vendor's sign-in service publishes OAuth 2.0, whatever this audit was given")
    resource, page = await readable_page(ctx)
    if (await ctx.api.as_stranger(resource.path)).ok:
        return unknown("the list is open to anyone, so it does not show which credential would be needed", page)
    return _judge_seen(kind, page)


async def _oauth_is_published(ctx: Context) -> bool:
    try:
        return _publishes_oauth(await _sign_in_service(ctx))
    except CouldNotLook:
        return False


def _judge_seen(kind: str | None, page: Page) -> Finding:
    if kind in ("oauth2", "oidc"):
        finding = met("a token of OAuth 2.0 opens the API, though no document says so", page)
        return finding.clears("api-keys-only").clears("basic-auth-only")
    if kind == "basic":
        finding = not_met("user name and password with every call open the API, and nothing better is offered", page)
        return finding.raises("basic-auth-only").clears("api-keys-only")
    if kind in ("api-key", "signed"):
        finding = not_met("a fixed key opens the API, and no OAuth 2.0 is offered", page)
        return finding.raises("api-keys-only").clears("basic-auth-only")
    if kind == "login":
        return unknown("a session opens the API, given for a user name and password; OAuth 2.0 was not seen", page)
    return unknown("a token opens the API; who issues it, and whether it runs out, is not said", page)
