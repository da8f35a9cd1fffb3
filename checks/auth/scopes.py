"""auth.scopes: whether access can be limited to certain resources, and to reading or writing."""

from __future__ import annotations

from msgspec.structs import replace

from cmms_audit.battery import (
    RECORD_KINDS,
    Context,
    CouldNotLook,
    Finding,
    NamedIn,
    PermissionMatrix,
    Resource,
    TokenFacts,
    check,
    met,
    needed_permissions,
    not_applicable,
    not_met,
    partial,
    permission_matrix,
    unknown,
)
from cmms_audit.model import Exchange, HasEvidence, Reason, Verdict

from . import _trials
from ._lists import readable_page

_OF_IDENTITY = frozenset({"openid", "profile", "email", "offline_access"})
_LEAST_SHARE_NAMED = 0.9
_LEAST_SHARE_IN_TEXT = 0.1
_LEAST_SCOPES = 3
_MOST_IN_DETAIL = 30
_TOKEN_TYPES = ("oauth2", "oidc")
_PASSING = (Reason.BUDGET, Reason.CONNECTIVITY, Reason.TIMEOUT, Reason.INTERRUPTED)
_UNDOCUMENTED = "no document says which operation needs which permission"


@check(question="auth.scopes", id="auth.scopes-declared", aspect="matrix", sends="nothing")
def scopes_declared(ctx: Context) -> Finding:
    """Every operation names the permission that it needs, reading and writing apart."""
    matrix = permission_matrix(ctx.spec)
    if set(matrix.places) - {NamedIn.TEXT}:
        return _judge_matrix(matrix)
    protected = len(matrix.named) + len(matrix.without)
    if len(matrix.named) >= _LEAST_SHARE_IN_TEXT * protected and matrix.scopes:
        return _judge_text(matrix, protected)
    return _judge_without_scopes(ctx, matrix)


def _judge_matrix(matrix: PermissionMatrix) -> Finding:
    protected = len(matrix.named) + len(matrix.without)
    places = matrix.named[:1]
    detail = _as_table(matrix)
    if not matrix.only_writing:
        summary = f"{len(matrix.scopes)} permissions are named, but none of them keeps writing apart from reading"
        return partial(summary, *places, detail=detail)
    if len(matrix.scopes) < _LEAST_SCOPES:
        summary = "reading and writing are apart, but a permission is always for the whole system, not for one resource"
        return partial(summary, *places, detail=detail)
    if len(matrix.named) < _LEAST_SHARE_NAMED * protected:
        summary = f"only {len(matrix.named)} of {protected} operations name the permission that they need"
        return partial(summary, *places, *matrix.without[:2], detail=detail)
    summary = (
        f"{len(matrix.scopes)} permissions are named, reading and writing apart, on {len(matrix.named)} operations"
    )
    return met(summary, *places, detail=detail)


def _judge_text(matrix: PermissionMatrix, protected: int) -> Finding:
    """Permissions that stand in sentences: a person can read them, a program that asks for a token cannot."""
    summary = (
        f"{len(matrix.named)} of {protected} operations name the permission that they need, but only in their text"
    )
    return partial(summary, *matrix.named[:3], *matrix.without[:1], detail=_as_table(matrix))


def _judge_without_scopes(ctx: Context, matrix: PermissionMatrix) -> Finding:
    schemes = [each for each in ctx.spec.security_schemes.values() if each.type == "oauth2"]
    declared = {scope for each in schemes for flow in each.flows.values() for scope in flow.scopes} - _OF_IDENTITY
    if matrix.worded and len(matrix.worded) >= len(matrix.without) / 2:
        summary = f"{len(matrix.worded)} operations speak of the permission that they need, but only in their text"
        return partial(summary, *matrix.worded[:3])
    if declared:
        summary = f"{len(declared)} permissions are listed, but nowhere is it said which operation needs which"
        return partial(summary, *schemes, detail=f"Listed: {', '.join(sorted(declared)[:_MOST_IN_DETAIL])}.")
    if schemes and ctx.spec.tells("auth.scopes") and not (ctx.claim and ctx.claim.answer != "no"):
        summary = "OAuth 2.0 is offered without a single permission to choose: a token may do whatever its user may"
        return not_met(summary, *schemes)
    return ctx.absent("the specification names no permissions that an integration could be limited to")


def _as_table(matrix: PermissionMatrix) -> str:
    widest = sorted(list(matrix.scopes)[:_MOST_IN_DETAIL])
    rows = [f"{scope}: {matrix.scopes[scope].reads} reading, {matrix.scopes[scope].writes} writing" for scope in widest]
    more = len(matrix.scopes) - len(rows)
    return "Operations by permission: " + "; ".join(rows) + (f"; and {more} more." if more > 0 else ".")


@check(question="auth.scopes", id="auth.scopes-granted", aspect="matrix", sends="reads")
async def scopes_granted(ctx: Context) -> Finding:
    """A credential with fewer permissions is granted as asked for, and reads."""
    if "read_only" in ctx.vendor.roles:
        return await _read_only_reads(ctx)
    if ctx.vendor.credential_types.get("main") in _TOKEN_TYPES:
        return await _narrower_is_granted(ctx)
    return unknown(
        "not tried: the vendor file gives no second credential that may only read (credentials: read_only)",
        reason=Reason.NOT_PERMITTED,
    )


async def _read_only_reads(ctx: Context) -> Finding:
    _, page = await readable_page(ctx, "read_only")
    mine, narrow = await _granted(ctx, "main"), await _granted(ctx, "read_only")
    places: tuple[HasEvidence, ...] = (page, *(token.exchange for token in (mine, narrow) if token))
    granted = set(narrow.granted or ()) if narrow else set()
    too_much = granted & (permission_matrix(ctx.spec).only_writing if ctx.has_spec else frozenset())
    if too_much:
        return not_met(f"the credential that should only read was granted {', '.join(sorted(too_much))}", *places)
    if granted and mine and mine.granted:
        if not granted < set(mine.granted):
            return partial("the credential that should only read was granted no less than the first one", *places)
        summary = f"a credential with {len(granted)} of {len(set(mine.granted))} permissions was granted, and reads"
        return _beside_documented(ctx, met(summary, *places))
    return _beside_documented(
        ctx, met("the credential that should only read does read", *places), told_by_document_alone=True
    )


async def _granted(ctx: Context, role: str) -> TokenFacts | None:
    """A fresh token's facts; None where the credential is of a kind that fetches none."""
    return await ctx.api.token(role) if ctx.vendor.credential_types.get(role) in _TOKEN_TYPES else None


async def _narrower_is_granted(ctx: Context) -> Finding:
    scope = _a_reading_scope(ctx)
    if scope is None:
        return unknown(
            "not tried: the specification names no permission for reading alone", reason=Reason.NOT_PERMITTED
        )
    narrow = await ctx.api.token("main", scopes=(scope,))
    if not narrow.ok:
        summary = f"a token for {scope} alone was refused (status {narrow.exchange.status})"
        return partial(summary, narrow.exchange)
    granted = set(narrow.granted or (scope,))  # not said means as asked for (RFC 6749, 5.1)
    if granted <= {scope}:
        summary = f"a token for {scope} alone was granted, and nothing besides"
        return _beside_documented(ctx, met(summary, narrow.exchange))
    return not_met(f"a token was asked for {scope} alone, and granted {len(granted)} permissions", narrow.exchange)


def _a_reading_scope(ctx: Context) -> str | None:
    """The permission for reading work orders, or any that opens only reading."""
    if not ctx.has_spec:
        return None
    matrix = permission_matrix(ctx.spec)
    reading = matrix.only_reading if set(matrix.places) == {NamedIn.SECURITY} else frozenset()
    listed = ctx.resources["work_orders"].list if ctx.has("work_orders") else None
    wanted = needed_permissions(listed).scopes & reading if listed else frozenset()
    return min(wanted or reading, default=None)


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
    kind = next((each for each in RECORD_KINDS if ctx.has(each) and _can_be_made(ctx.resource(each))), None)
    if kind is None:
        return not_applicable("no way to create a record is described, so there is none at which to try writing")
    credential, places = await _reading_credential(ctx, kind)
    page = await ctx.api.page(kind, credential=credential)
    async with ctx.own.tidied() as own:
        try:
            made = await own.create(kind)
            trials = await ctx.trials(made, credential).all()
        except CouldNotLook as why:
            reason = why.reason if why.reason in _PASSING else Reason.NOT_PERMITTED
            summary = f"no record could be made at which to try it: {why.summary}"
            raise CouldNotLook(reason, summary, *why.evidence) from None
    finding = _trials.judge(trials, (*places, page.exchange))
    if finding.verdict is not Verdict.MET:
        return finding
    beside = _beside_documented(ctx, finding, where_silent=_UNDOCUMENTED)
    return replace(beside, flags=finding.flags, detail=finding.detail)


def _can_be_made(resource: Resource) -> bool:
    return resource.create is not None and "{" not in resource.path


async def _reading_credential(ctx: Context, kind: str) -> tuple[str, tuple[Exchange, ...]]:
    """The credential that may only read, and where a token for reading alone was given. Raises CouldNotLook."""
    if "read_only" in ctx.vendor.roles:
        return "read_only", ()
    if ctx.vendor.credential_types.get("main") not in _TOKEN_TYPES or not ctx.has_spec:
        raise _not_tried("the vendor file gives no second credential that may only read (credentials: read_only)")
    matrix, resource = permission_matrix(ctx.spec), ctx.resource(kind)
    reads = [each for each in (resource.list, resource.read) if each]
    wanted = {scope for each in reads for scope in needed_permissions(each).scopes} & matrix.only_reading
    if not wanted or set(matrix.places) != {NamedIn.SECURITY}:
        raise _not_tried("the specification names no permission for reading alone")
    token = await ctx.api.token("main", scopes=sorted(wanted), apart="narrow")
    if not token.ok:
        raise _not_tried(f"a token for reading alone was refused (status {token.exchange.status})", token.exchange)
    if not set(token.granted or wanted) <= wanted:
        raise _not_tried("a token for reading alone was granted more than that", token.exchange)
    return "main.narrow", (token.exchange,)


def _not_tried(why: str, *seen: Exchange) -> CouldNotLook:
    return CouldNotLook(Reason.NOT_PERMITTED, f"not tried: {why}", *seen)


def _beside_documented(
    ctx: Context, seen: Finding, *, told_by_document_alone: bool = False, where_silent: str = ""
) -> Finding:
    """What was seen, no better than the published matrix: one grant does not make up for a matrix that is missing.

    `told_by_document_alone` says that nothing seen shows a limit; `where_silent` is what to add where documents say
    nothing at all.
    """
    documented = scopes_declared.function(ctx) if ctx.has_spec else None
    if not isinstance(documented, Finding) or documented.verdict is Verdict.UNKNOWN:
        if told_by_document_alone:
            summary = f"{seen.summary}; whether it is refused when it writes was not tried"
            return unknown(summary, *seen.evidence, reason=Reason.NOT_PERMITTED)
        return partial(f"{seen.summary}; but {where_silent}", *seen.evidence) if where_silent else seen
    if documented.verdict is Verdict.MET:
        return seen
    judge = partial if documented.verdict is Verdict.PARTIAL else not_met
    return judge(f"{seen.summary}; but {documented.summary}", *seen.evidence, *documented.evidence)
