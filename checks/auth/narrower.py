"""auth.scopes: what comes of asking for a token with fewer permissions, or with one that does not exist."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Finding,
    TokenFacts,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    permission_matrix,
    unknown,
)
from cmms_audit.model import Exchange, HasEvidence, Reason, Verdict

from . import _matrix, _strangers, _tokens, _trials
from ._strangers import Answer, Reply

_MADE_UP = "cmms-audit:no-such-scope"
_OTHER_LISTS = 2
_MOST_NAMED = 5  # permissions in a summary
_NO_TOKENS = "the first credential is of a kind that fetches no tokens, so none can be asked for with less"
_POOR = (Reply.SENT_TO_LOGIN, Reply.LOGIN, Reply.ERROR_IN_SUCCESS, Reply.EMPTY)


@check(
    question="auth.scopes",
    id="auth.narrower-token",
    aspect="matrix",
    sends="reads",
    severity="critical",
    flags=(_trials.FLAG,),
)
async def narrower_token(ctx: Context) -> Finding:
    """A token for reading one list alone is granted as asked for, reads that list, and is refused at others."""
    if ctx.vendor.credential_types.get("main") not in _tokens.OF_OAUTH:
        return not_applicable(_NO_TOKENS)
    resource, scopes = _matrix.first_with_reading_scope(ctx)
    named = ", ".join(sorted(scopes)[:_MOST_NAMED])
    token = await ctx.api.token("main", scopes=sorted(scopes), apart="narrower")
    if not token.ok:
        return _refused(token, f"a token for {named} alone was refused")
    granted = set(token.granted or scopes)  # not said means as asked for (RFC 6749, 5.1)
    if not granted - _matrix.OF_IDENTITY <= scopes:
        return not_met(f"a token was asked for {named} alone, and granted {len(granted)} permissions", token.exchange)
    others = _matrix.kinds_beyond(ctx, scopes)[:_OTHER_LISTS]
    answers = await _strangers.ask_lists(ctx, lambda path: _ask(ctx, path), among=[resource.kind, *others])
    own = [each for each in answers if each.kind == resource.kind]
    beyond = [each for each in answers if each.kind != resource.kind]
    finding = _judge(f"a token for {named} alone", own, beyond, token.exchange)
    return _matrix.beside_documented(ctx, finding) if finding.verdict is Verdict.MET else finding


async def _ask(ctx: Context, path: str) -> Exchange:
    return await _tokens.shown(ctx, path, "main.narrower")


def _judge(token: str, own: Sequence[Answer], beyond: Sequence[Answer], granted: Exchange) -> Finding:
    """Judge what a token opened of its own list, and of those that are not its own."""
    places: tuple[HasEvidence, ...] = (granted, *own, *beyond)
    leaks = [each.kind.replace("_", " ") for each in beyond if each.reply is Reply.RECORDS]
    if leaks:
        return not_met(f"{token} was granted, and reads {', '.join(leaks)} all the same", *places).raises(_trials.FLAG)
    if any(each.reply in (Reply.REFUSED, Reply.HIDDEN) for each in own):
        status = own[0].exchange.status
        return partial(f"{token} was granted, but does not open the list that it is for ({status})", *places)
    as_stranger = [each for each in beyond if each.reply is Reply.REFUSED and not _trials.is_told(each.exchange)]
    if as_stranger:
        return partial(f"{token} is refused elsewhere with 401, as if it were no credential", *places)
    poor = [each for each in beyond if each.reply in _POOR]
    if poor:
        return partial(f"{token} is not refused elsewhere, but {poor[0].reply}", *places)
    refused = [each for each in beyond if each.reply in (Reply.REFUSED, Reply.HIDDEN)]
    open_ones = [each for each in (*own, *beyond) if each not in refused and not _strangers.is_let_in(each.exchange)]
    if open_ones or not own or len(refused) < len(beyond):
        statuses = ", ".join(dict.fromkeys(str(each.exchange.status) for each in (open_ones or beyond))) or "none"
        says = f"{token} was granted, but what it opens could not be told (status {statuses})"
        return unknown(says, *places, reason=Reason.CONNECTIVITY)
    statuses = ", ".join(f"{each.kind.replace('_', ' ')} {each.exchange.status}" for each in refused)
    elsewhere = f", and refused elsewhere ({statuses})" if refused else ", and nothing besides"
    return met(f"{token} was granted{elsewhere}", *places)


@check(question="auth.scopes", id="auth.unknown-scope-refused", aspect="matrix", sends="reads")
async def unknown_scope_refused(ctx: Context) -> Finding:
    """A permission that does not exist is refused at the token address, or the answer says that it was left out."""
    if ctx.vendor.credential_types.get("main") not in _tokens.OF_OAUTH:
        return not_applicable(_NO_TOKENS)
    if not permission_matrix(ctx.spec).scopes:
        return not_applicable("no operation names a permission, so there is none that a token could be asked for")
    token = await ctx.api.token("main", scopes=(_MADE_UP,))
    if not token.ok:
        code = f"{token.exchange.status}, {token.error}" if token.error else str(token.exchange.status)
        if _strangers.is_busy(token.exchange):
            return unknown(f"the token address could not be tried ({code})", token.exchange, reason=Reason.CONNECTIVITY)
        return met(f"a token for a permission that does not exist is refused ({code})", token.exchange)
    if token.granted is None:
        says = "a permission that does not exist was asked for, and the answer does not say that it was not granted"
        return partial(says, token.exchange)
    if _MADE_UP in token.granted:
        return partial("a permission that does not exist is granted as if it did", token.exchange)
    return met("a permission that does not exist is left out, and the answer says what was granted", token.exchange)


def _refused(token: TokenFacts, says: str) -> Finding:
    """A token that was not given: for what was asked, or because the token address was busy."""
    if _strangers.is_busy(token.exchange):
        return unknown(f"{says} (status {token.exchange.status})", token.exchange, reason=Reason.CONNECTIVITY)
    return partial(f"{says} (status {token.exchange.status})", token.exchange)
