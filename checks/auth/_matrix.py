"""What the documents say of permissions: which operation needs which, reading and writing apart."""

from __future__ import annotations

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    NamedIn,
    PermissionMatrix,
    Resource,
    met,
    needed_permissions,
    not_met,
    partial,
    permission_matrix,
    unknown,
)
from cmms_audit.model import Reason, Verdict

from ._lists import lists

OF_IDENTITY = frozenset({"openid", "profile", "email", "offline_access"})
_LEAST_SHARE_NAMED = 0.9
_LEAST_SHARE_IN_TEXT = 0.1
_LEAST_SCOPES = 3
_MOST_IN_DETAIL = 30


def judge_documented(ctx: Context) -> Finding:
    """Judge the published matrix. Raises CouldNotLook without a specification."""
    matrix = permission_matrix(ctx.spec)
    if set(matrix.places) - {NamedIn.TEXT}:
        return _judge_matrix(ctx, matrix)
    protected = len(matrix.named) + len(matrix.without)
    if len(matrix.named) >= _LEAST_SHARE_IN_TEXT * protected and matrix.scopes:
        return _judge_text(matrix, protected)
    return _judge_without_scopes(ctx, matrix)


def beside_documented(
    ctx: Context, seen: Finding, *, told_by_document_alone: bool = False, where_silent: str = ""
) -> Finding:
    """What was seen, no better than the published matrix: one grant does not make up for a matrix that is missing.

    `told_by_document_alone` says that nothing seen shows a limit; `where_silent` is what to add where documents say
    nothing at all.
    """
    documented = judge_documented(ctx) if ctx.has_spec else None
    if documented is None or documented.verdict is Verdict.UNKNOWN:
        if told_by_document_alone:
            summary = f"{seen.summary}; whether it is refused when it writes was not tried"
            return unknown(summary, *seen.evidence, reason=Reason.NOT_PERMITTED)
        return partial(f"{seen.summary}; but {where_silent}", *seen.evidence) if where_silent else seen
    if documented.verdict is Verdict.MET:
        return seen
    judge = partial if documented.verdict is Verdict.PARTIAL else not_met
    return judge(f"{seen.summary}; but {documented.summary}", *seen.evidence, *documented.evidence)


def scopes_for_reading(ctx: Context, resource: Resource) -> frozenset[str]:
    """The permissions with which a resource is read, as far as they open nothing that changes data.

    Empty where the specification names none that a token could be asked for.
    """
    if not ctx.has_spec:
        return frozenset()
    matrix = permission_matrix(ctx.spec)
    if set(matrix.places) != {NamedIn.SECURITY}:
        return frozenset()
    reads = [each for each in (resource.list, resource.read) if each]
    return frozenset(scope for each in reads for scope in needed_permissions(each).scopes) & matrix.only_reading


def first_with_reading_scope(ctx: Context) -> tuple[Resource, frozenset[str]]:
    """A list that a token for reading it alone can be asked for, and its permissions.

    Raises CouldNotLook (not-permitted) where none is named.
    """
    for resource in lists(ctx):
        scopes = scopes_for_reading(ctx, resource)
        if scopes:
            return resource, scopes
    says = "not tried: the specification names no permission for reading alone"
    raise CouldNotLook(Reason.NOT_PERMITTED, says)


def kinds_beyond(ctx: Context, scopes: frozenset[str]) -> list[str]:
    """The lists that these permissions do not open, by the specification; the telling ones first."""
    found = [(each.kind, needed_permissions(each.list).scopes) for each in lists(ctx) if each.list]
    return [kind for kind, needed in found if needed and not needed & scopes]


def _judge_matrix(ctx: Context, matrix: PermissionMatrix) -> Finding:
    protected = len(matrix.named) + len(matrix.without)
    places = matrix.named[:1]
    detail = _as_table(matrix) + _of_keys(ctx)
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


def _of_keys(ctx: Context) -> str:
    """Scoped keys and scopes of OAuth are two things: which of them the permissions are, where only one is offered."""
    types = {each.type for each in ctx.spec.security_schemes.values()}
    if not types or types & {"oauth2", "openIdConnect"}:
        return ""
    return " They are permissions of keys: no OAuth 2.0 is documented, by which a program could ask for fewer."


def _judge_text(matrix: PermissionMatrix, protected: int) -> Finding:
    """Permissions that stand in sentences: a person can read them, a program that asks for a token cannot."""
    summary = (
        f"{len(matrix.named)} of {protected} operations name the permission that they need, but only in their text"
    )
    return partial(summary, *matrix.named[:3], *matrix.without[:1], detail=_as_table(matrix))


def _judge_without_scopes(ctx: Context, matrix: PermissionMatrix) -> Finding:
    schemes = [each for each in ctx.spec.security_schemes.values() if each.type == "oauth2"]
    declared = {scope for each in schemes for flow in each.flows.values() for scope in flow.scopes} - OF_IDENTITY
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
