"""auth.scopes: whether access can be limited to certain resources, and to reading or writing."""

from __future__ import annotations

from contextlib import suppress

from msgspec.structs import replace

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Created,
    Finding,
    Resource,
    TokenFacts,
    Trial,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    permission_matrix,
    unknown,
)
from cmms_audit.model import Exchange, HasEvidence, Reason, Verdict

from . import _matrix, _own, _tokens, _trials
from ._lists import page_as, readable_page

_MOST_NAMED = 5  # permissions in a summary
_UNDOCUMENTED = "no document says which operation needs which permission"


@check(question="auth.scopes", id="auth.scopes-declared", aspect="matrix", sends="nothing")
def scopes_declared(ctx: Context) -> Finding:
    """Every operation names the permission that it needs, reading and writing apart."""
    return _matrix.judge_documented(ctx)


@check(question="auth.scopes", id="auth.scopes-granted", aspect="matrix", sends="reads")
async def scopes_granted(ctx: Context) -> Finding:
    """A credential that may only read is granted less than the first one, and reads."""
    if "read_only" not in ctx.vendor.roles:
        says = "not tried: the vendor file gives no second credential that may only read (credentials: read_only)"
        return unknown(says, reason=Reason.NOT_PERMITTED)
    mine = await _tokens.fresh(ctx) if _fetches_tokens(ctx, "main") else None
    narrow = await ctx.api.token("read_only") if _fetches_tokens(ctx, "read_only") else None
    _, page = await readable_page(ctx, "read_only")
    places: tuple[HasEvidence, ...] = (page, *(token.exchange for token in (mine, narrow) if token))
    granted = set(narrow.granted or ()) if narrow else set()
    too_much = granted & (permission_matrix(ctx.spec).only_writing if ctx.has_spec else frozenset())
    if too_much:
        named = ", ".join(sorted(too_much)[:_MOST_NAMED])
        return not_met(f"the credential that should only read was granted {named}", *places)
    if granted and mine and mine.granted:
        if not granted < set(mine.granted):
            return partial("the credential that should only read was granted no less than the first one", *places)
        summary = f"a credential with {len(granted)} of {len(set(mine.granted))} permissions was granted, and reads"
        return _matrix.beside_documented(ctx, met(summary, *places))
    return _matrix.beside_documented(
        ctx, met("the credential that should only read does read", *places), told_by_document_alone=True
    )


def _fetches_tokens(ctx: Context, role: str) -> bool:
    return ctx.vendor.credential_types.get(role) in _tokens.OF_OAUTH


@check(
    question="auth.scopes",
    id="auth.scopes-enforced",
    aspect="matrix",
    sends="writes",
    severity="critical",
    flags=(_trials.FLAG,),
    exclusive=True,
)
async def scopes_enforced(ctx: Context) -> Finding:
    """A credential that may only read is refused whenever it writes: tried at a record that was made for it."""
    kind = _own.kind_to_make(ctx)
    if kind is None:
        return not_applicable(_own.NOTHING_TO_MAKE)
    credential, places = await _reading_credential(ctx, ctx.resource(kind))
    page = await page_as(ctx, kind, credential)
    async with ctx.own.tidied() as own:
        with _own.making():
            made = await own.create(kind)
            trials = [*await ctx.trials(made, credential).all(), *await _with_narrow_token(ctx, made, credential)]
    finding = _trials.judge(trials, (*places, page.exchange))
    if finding.verdict is not Verdict.MET:
        return finding
    beside = _matrix.beside_documented(ctx, finding, where_silent=_UNDOCUMENTED)
    return replace(beside, flags=finding.flags, detail=finding.detail)


async def _with_narrow_token(ctx: Context, made: Created, tried: str) -> list[Trial]:
    """Beside a second credential: a create with a token of the first one for reading alone, where it can be had."""
    if tried == "read_only" and _fetches_tokens(ctx, "main"):
        with suppress(CouldNotLook):
            narrow, _ = await _narrow_token(ctx, ctx.resource(made.kind))
            return [await ctx.trials(made, narrow).create("create with a token for reading alone")]
    return []


async def _reading_credential(ctx: Context, resource: Resource) -> tuple[str, tuple[Exchange, ...]]:
    """The credential that may only read, and where a token for reading alone was given. Raises CouldNotLook."""
    if "read_only" in ctx.vendor.roles:
        return "read_only", ()
    if not _fetches_tokens(ctx, "main") or not ctx.has_spec:
        raise _not_tried("the vendor file gives no second credential that may only read (credentials: read_only)")
    narrow, token = await _narrow_token(ctx, resource)
    return narrow, (token.exchange,)


async def _narrow_token(ctx: Context, resource: Resource) -> tuple[str, TokenFacts]:
    """A token of the first credential that only reads this resource, by the name under which it is sent.

    Raises CouldNotLook where none is to be had.
    """
    wanted = _matrix.scopes_for_reading(ctx, resource)
    if not wanted:
        raise _not_tried("the specification names no permission for reading alone")
    token = await ctx.api.token("main", scopes=sorted(wanted), apart="narrow")
    if not token.ok:
        raise _not_tried(f"a token for reading alone was refused (status {token.exchange.status})", token.exchange)
    if not set(token.granted or wanted) <= wanted:
        raise _not_tried("a token for reading alone was granted more than that", token.exchange)
    return "main.narrow", token


def _not_tried(why: str, *seen: Exchange) -> CouldNotLook:
    return CouldNotLook(Reason.NOT_PERMITTED, f"not tried: {why}", *seen)
