"""auth.method: whether credentials travel encrypted, how well, and who vouches for the other end."""

from __future__ import annotations

from datetime import datetime

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    HandshakeFacts,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import HasEvidence, Reason, Verdict

from . import _strangers, _transport
from ._lists import readable_page

_DAY = 24 * 3600
_DAYS_LEFT = 30
_RENEWED_AT = 1 / 4  # of its life: what is renewed by a program is renewed by the time that a third of it is left
_HALF_A_YEAR = _DAY * 180
_MAX_AGE = pattern(r'max-age\s*=\s*"?([0-9]{1,12})')
_ON_THIS_MACHINE = "the system runs on this machine, so nothing travelled over a network"


@check(
    question="auth.method",
    id="auth.encrypted-as-documented",
    aspect="transport",
    sends="nothing",
    severity="critical",
    flags=("plain-http-credentials",),
)
def encrypted_as_documented(ctx: Context) -> Finding:
    """Every address in the specification, of the API and of its tokens, is an encrypted one."""
    addresses = [(server.url, server.evidence) for server in ctx.spec.servers]
    for scheme in ctx.spec.security_schemes.values():
        urls = [url for flow in scheme.flows.values() for url in (flow.token_url, flow.authorization_url)]
        addresses += [(url, scheme.evidence) for url in urls]
    reached = [(url, place, _transport.reaches(url)) for url, place in addresses]
    plain = [(url, place) for url, place, reach in reached if reach == "a network, unencrypted"]
    if plain:
        summary = f"the specification names an unencrypted address: {plain[0][0]}"
        return not_met(summary, *(place for _, place in plain)).raises("plain-http-credentials")
    encrypted = [place for _, place, reach in reached if reach == "encrypted"]
    if encrypted:
        return met("every address in the specification is encrypted", *encrypted).clears("plain-http-credentials")
    local = [place for _, place, reach in reached if reach == "this machine"]
    if local:
        return not_applicable("the specification names addresses on this machine only", local[0])
    if _transport.reaches(ctx.vendor.base_url) == "this machine":
        return not_applicable("the specification names no address of its own, and the system runs on this machine")
    return unknown("the specification does not say at which address the API is served", ctx.spec.evidence_at(""))


@check(
    question="auth.method",
    id="auth.encrypted",
    aspect="transport",
    sends="reads",
    severity="critical",
    flags=("plain-http-credentials",),
)
async def encrypted(ctx: Context) -> Finding:
    """Calls travel encrypted, and the same address without encryption does not serve the API."""
    reach = _transport.reaches(ctx.vendor.base_url)
    if reach == "this machine":
        return not_applicable(_ON_THIS_MACHINE)
    if reach == "a network, unencrypted":
        return await _used_unencrypted(ctx)
    resource, page = await readable_page(ctx)
    try:
        plain = await ctx.api.plain_http(resource.path)
    except CouldNotLook as why:
        if why.reason is not Reason.CONNECTIVITY:
            raise
        return _transport.encrypted_only("the address without encryption gives no answer", page)
    if _strangers.is_busy(plain):
        summary = f"the address without encryption does not say whether it serves the API (status {plain.status})"
        return unknown(summary, page, plain, reason=Reason.CONNECTIVITY)
    finding = _transport.judge_plain(plain, page)
    if finding.verdict is Verdict.MET and plain.json is not None:
        encrypted = await ctx.api.as_stranger(resource.path)
        if _transport.answers_alike(plain, encrypted):
            says = f"without encryption strangers are refused in the very form of the API (status {plain.status})"
            return unknown(f"{says}, so it may be served there; no credential was sent to see", plain, encrypted)
    return finding


async def _used_unencrypted(ctx: Context) -> Finding:
    """The vendor file itself names an unencrypted address; no credential is sent there, so only strangers can look."""
    try:
        seen: tuple[HasEvidence, ...] = (await ctx.api.plain_http(),)
    except CouldNotLook as why:
        if not why.evidence:
            raise
        seen = why.evidence
    summary = "the API is to be used at an unencrypted address, where everyone on the way can read the credential"
    return not_met(summary, *seen).raises("plain-http-credentials")


@check(question="auth.method", id="auth.tls-version", aspect="transport", sends="reads")
async def tls_version(ctx: Context) -> Finding:
    """The host takes up connections of TLS 1.2 or later, and none of the versions that were withdrawn (RFC 8996)."""
    if _transport.reaches(ctx.vendor.base_url) != "encrypted":
        return _nothing_encrypted(ctx)
    usual = await _handshake(ctx)
    if usual.version is None:
        summary = f"how calls are encrypted could not be seen: {usual.outcome}"
        return unknown(summary, usual.exchange, reason=Reason.CONNECTIVITY)
    try:
        old = await ctx.api.handshake(old=True)
    except CouldNotLook as why:
        if why.reason not in (Reason.TIMEOUT, Reason.CONNECTIVITY):
            raise
        return met(f"calls travel with {_named(usual)}; older versions get no answer", usual.exchange, *why.evidence)
    if old.version is None and not old.refused:
        summary = "whether the host takes up TLS 1.0 or 1.1 could not be seen: this machine does not speak them"
        return unknown(summary, usual.exchange, old.exchange, reason=Reason.NOT_PERMITTED)
    if old.version is None:
        return met(f"calls travel with {_named(usual)}; older versions are refused", usual.exchange, old.exchange)
    summary = f"beside {_named(usual)} the host still takes up {_named(old)}, which was withdrawn for its weaknesses"
    return partial(summary, old.exchange, usual.exchange)


@check(question="auth.method", id="auth.certificate", aspect="transport", sends="reads")
async def certificate(ctx: Context) -> Finding:
    """The certificate of the host is one that programs trust, and does not run out within weeks."""
    if _transport.reaches(ctx.vendor.base_url) != "encrypted":
        return _nothing_encrypted(ctx)
    shown = await _handshake(ctx)
    if shown.untrusted:
        return not_met(f"the certificate of the host cannot be trusted: {shown.untrusted}", shown.exchange)
    if shown.not_before is None or shown.not_after is None:
        return unknown("the host showed no certificate", shown.exchange, reason=Reason.CONNECTIVITY)
    return _judge_life(shown, *map(datetime.fromisoformat, (shown.not_before, shown.not_after)))


def _judge_life(shown: HandshakeFacts, since: datetime, until: datetime) -> Finding:
    """Judge how long a trusted certificate is still good; a short-lived one is renewed by a program, and late."""
    left = (until - datetime.fromisoformat(shown.exchange.started)).total_seconds() / _DAY
    life = (until - since).total_seconds() / _DAY
    detail = f"It is made out to {', '.join(shown.names) or 'nobody'} by {shown.issuer or 'nobody'}."
    facts = {"certificate_days_left": round(left, 1)}
    if left < min(_DAYS_LEFT, life * _RENEWED_AT):
        summary = f"the certificate of the host runs out in {left:.0f} days, on {until:%Y-%m-%d}: then every call fails"
        return partial(summary, shown.exchange, detail=detail, facts=facts)
    summary = f"the certificate of the host can be trusted, and is good until {until:%Y-%m-%d} ({left:.0f} days)"
    return met(summary, shown.exchange, detail=detail, facts=facts)


@check(question="auth.method", id="auth.strict-transport", aspect="transport", sends="reads", decisive=False)
async def strict_transport(ctx: Context) -> Finding:
    """Answers tell clients to use nothing but encrypted connections for a long time (HSTS, RFC 6797)."""
    if _transport.reaches(ctx.vendor.base_url) != "encrypted":
        return _nothing_encrypted(ctx)
    _, page = await readable_page(ctx)
    header = page.exchange.header("strict-transport-security")
    if header is None:
        return partial("answers do not tell clients to stay with encrypted connections", page)
    age = _MAX_AGE.search(header.lower())
    seconds = int(age[1]) if age else 0
    if seconds < _HALF_A_YEAR:
        return partial(f"clients are told to stay encrypted for {seconds / _DAY:.0f} days only", page)
    return met(f"clients are told to stay encrypted, for {seconds / _DAY:.0f} days", page)


async def _handshake(ctx: Context) -> HandshakeFacts:
    return await ctx.shared("handshake", lambda api: api.handshake())


def _named(shaken: HandshakeFacts) -> str:
    """A version of TLS as people write it."""
    return (shaken.version or "").replace("TLSv", "TLS ")


def _nothing_encrypted(ctx: Context) -> Finding:
    """The address of the vendor file is not encrypted; whether that is a fault is for `auth.encrypted` to say."""
    if _transport.reaches(ctx.vendor.base_url) == "this machine":
        return not_applicable(_ON_THIS_MACHINE)
    return not_applicable("the address in the vendor file is not encrypted, so there is no encryption to look at")
