"""What comes with a token, and whether one that has run out, or was withdrawn, really opens nothing any more."""

from __future__ import annotations

import re

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Exchange, HasEvidence, Reason

from . import _credentials, _strangers, _tokens
from ._lists import lists, readable_page

_LONGEST_WAIT = 60.0  # seconds: a token that lives longer is not waited for
_LOOKS_AFTER_END = (2.0, 28.0, 35.0)  # clocks differ, and many systems allow for a minute
_SHARE_OF_TIME = 0.25  # of what the whole run may take
_LOOKS_AFTER_REVOCATION = (0.0, 2.0, 5.0)
_SHORT_LIFE = 900.0
_OTHER_LISTS = 1
_SPARE = "main.spare"
_WATCHED = "main.watched"
_KEPT_BY_OTHERS = pattern(r"\bpublic\b|\b(?:s-maxage|max-age)\s{0,2}=\s{0,2}0{0,9}[1-9]", re.IGNORECASE)
_NOT_KEPT = pattern(r"\bno-store\b|\bno-cache\b|\bprivate\b", re.IGNORECASE)


@check(question="auth.method", id="auth.token-answer", aspect="method", sends="reads", severity="minor")
async def token_answer(ctx: Context) -> Finding:
    """The answer that brings a token says of what kind it is, and lets nobody on the way keep it (RFC 6749, 5.1)."""
    if ctx.vendor.credential_types.get("main") not in _tokens.OF_OAUTH:
        return not_applicable("the credential given for this audit is no OAuth 2.0 client, so no token was fetched")
    token = await _tokens.fresh(ctx)
    if not token.ok:
        return not_applicable("no token was given, so nothing came with it", token.exchange)
    caching = token.exchange.header("cache-control") or ""
    faults = [] if token.token_type else ["does not say of what kind the token is (token_type)"]
    if _KEPT_BY_OTHERS.search(caching) and not _NOT_KEPT.search(caching):
        faults.append(f"lets whatever stands on the way keep the token (Cache-Control: {caching[:80]})")
    if faults:
        return partial(f"the answer that brings a token {' and '.join(faults)}", token.exchange)
    silent = "" if caching else "Nothing forbids to keep the answer (Cache-Control: no-store), as RFC 6749 asks for."
    says = "the answer that brings a token says of what kind it is, and does not let anybody keep it"
    return met(says, token.exchange, detail=silent)


@check(
    question="auth.method",
    id="auth.expired-token-refused",
    aspect="strangers",
    sends="reads",
    severity="critical",
    timeout=200,
)
async def expired_token_refused(ctx: Context) -> Finding:
    """A token whose life is short is kept until it has run out, and is refused then, on every list that is tried."""
    if ctx.vendor.credential_types.get("main") not in _tokens.OF_OAUTH:
        return not_applicable("the credential given for this audit is no OAuth 2.0 client, so no token was fetched")
    token = await _tokens.fresh(ctx)
    if not token.ok or not token.expires_in or token.expires_in <= 0:
        return not_applicable("no token was given that says when it runs out", token.exchange)
    if token.expires_in > min(_LONGEST_WAIT, _SHARE_OF_TIME * ctx.vendor.seconds - sum(_LOOKS_AFTER_END)):
        lives = f"{token.expires_in / 60:.3g} minutes"
        return not_applicable(f"a token lives for {lives}, which is longer than was waited for", token.exchange)
    resource, page = await readable_page(ctx)
    watched = await ctx.api.token("main", apart="watched")
    seconds = watched.expires_in or token.expires_in
    before = await _tokens.shown(ctx, resource.path, _WATCHED) if watched.ok else watched.exchange
    if not _strangers.is_let_in(before) or not 0 < seconds <= _LONGEST_WAIT:
        return unknown("not tried: a second token was not as the first one", before, reason=Reason.NOT_PERMITTED)
    await ctx.clock.sleep(seconds)
    answers = await _until_refused(ctx, resource.path, _WATCHED, _LOOKS_AFTER_END)
    if _strangers.is_let_in(answers[-1]):
        late = f"{sum(_LOOKS_AFTER_END):.0f} seconds after its end"
        return not_met(f"a token still opens the records {late}", watched.exchange, *answers)
    answers += [await _tokens.shown(ctx, path, _WATCHED) for path in _others(ctx, resource.path)]
    return _judge_dead(answers, "a token that has run out", watched.exchange, page)


async def _until_refused(ctx: Context, path: str, credential: str, pauses: tuple[float, ...]) -> list[Exchange]:
    """The answers to a token that should be dead, looked at several times until the first that is not let in."""
    answers: list[Exchange] = []
    for pause in pauses:
        await ctx.clock.sleep(pause)
        answers.append(await _tokens.shown(ctx, path, credential))
        if not _strangers.is_let_in(answers[-1]):
            break
    return answers


def _others(ctx: Context, path: str) -> list[str]:
    return [each.path for each in lists(ctx) if each.path != path][:_OTHER_LISTS]


def _judge_dead(answers: list[Exchange], what: str, *places: HasEvidence) -> Finding:
    """Judge how a dead token is turned away, once the first list does not let it in any more."""
    refused = next(at for at, each in enumerate(answers) if not _strangers.is_let_in(each))
    let_in = [each for each in answers[refused:] if _strangers.is_let_in(each)]
    if let_in:
        return not_met(f"{what} is refused by one list, and opens another", *let_in, *places)
    poor = [each for each in answers[refused:] if each.ok]
    if poor:
        says = f"{what} opens nothing, but is told so under a status of success ({poor[0].status})"
        return partial(f"{says}, so programs go on with it", *poor, *places)
    unclear = [each for each in answers[refused:] if not _strangers.is_refusal(each)]
    if unclear:
        says = f"{what} was not answered with a clear refusal (status {unclear[0].status})"
        return unknown(says, *unclear, *places, reason=Reason.CONNECTIVITY)
    late = "" if refused == 0 else ", though not at once"
    return met(f"{what} is refused{late} (status {answers[refused].status})", *answers, *places)


@check(
    question="auth.rotation",
    id="auth.revoked-token-refused",
    aspect="revocation",
    sends="reads",
    severity="critical",
    exclusive=True,
)
async def revoked_token_refused(ctx: Context) -> Finding:
    """A token that was fetched to be withdrawn is refused within seconds, and the token in use is not disturbed."""
    if ctx.vendor.credential_types.get("main") not in _tokens.OF_OAUTH:
        return not_applicable("the credential given for this audit is no OAuth 2.0 client, so no token was fetched")
    address = await _revocation_address(ctx)
    if address is None:
        return not_applicable("no address is published at which a token could be withdrawn")
    resource, page = await readable_page(ctx)
    token = await ctx.api.token("main", apart="spare")
    if not token.ok:
        return unknown("no token was given that could be withdrawn", token.exchange, reason=Reason.CREDENTIAL)
    if token.reused:
        says = "not tried: the same token is given again and again, and withdrawing it would end the one in use"
        return unknown(says, token.exchange, reason=Reason.NOT_PERMITTED)
    in_use = await ctx.api.get(resource.path)  # some vendors end the token in use when another one is fetched
    before = await _tokens.shown(ctx, resource.path, _SPARE)
    if not (_strangers.is_let_in(in_use) and _strangers.is_let_in(before)):
        says = "not tried: of two tokens of the same client only one works at a time"
        return unknown(says, in_use, before, reason=Reason.NOT_PERMITTED)
    withdrawn = await ctx.api.revoke(_SPARE, address)
    if _strangers.is_busy(withdrawn):
        says = f"a token could not be withdrawn just now (status {withdrawn.status})"
        return unknown(says, withdrawn, reason=Reason.CONNECTIVITY)
    if not withdrawn.ok:
        return partial(f"the published way to withdraw a token is refused (status {withdrawn.status})", withdrawn)
    answers = await _until_refused(ctx, resource.path, _SPARE, _LOOKS_AFTER_REVOCATION)
    if _strangers.is_let_in(answers[-1]):
        return _judge_alive(token.kind, token.expires_in, withdrawn, *answers)
    in_use = await ctx.api.get(resource.path)
    was_renewed = "retry_of" in in_use.notes and "waited" not in in_use.notes
    if was_renewed or in_use.status == 401:
        return partial("withdrawing one token ended the other one of the same client, too", withdrawn, in_use, page)
    answers += [await _tokens.shown(ctx, path, _SPARE) for path in _others(ctx, resource.path)]
    return _judge_dead(answers, "a token that was withdrawn", withdrawn, in_use)


def _judge_alive(kind: str | None, seconds: float | None, *places: Exchange) -> Finding:
    """A token that was withdrawn and goes on working; one that dies by itself within minutes does less harm."""
    after = f"{sum(_LOOKS_AFTER_REVOCATION):.0f} seconds later"
    if kind == "jwt" and seconds and seconds <= _SHORT_LIFE:
        says = f"a token that was withdrawn still opens the records {after}, until it runs out by itself"
        return partial(f"{says} after {seconds / 60:.3g} minutes", *places)
    return not_met(f"a token that was withdrawn still opens the records {after}", *places)


async def _revocation_address(ctx: Context) -> str | None:
    """Where a token can be withdrawn (RFC 7009): as the sign-in service publishes it, or as the document has it."""
    try:
        published = await ctx.shared("sign-in service", lambda api: api.discover())
        address = published.json.get("revocation_endpoint") if isinstance(published.json, dict) else None
    except CouldNotLook:
        address = None
    if isinstance(address, str) and "://" in address:
        return address
    own = _credentials.own_operations(ctx.spec) if ctx.has_spec else ()
    found = (each for each in own if each.method == "POST" and _credentials.REVOKING_PATH.search(each.path))
    return next((ctx.api.address(each.path) for each in found), None)
