"""Which operations are documented as open to anyone, and whether they are so by their nature."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cmms_audit.battery import Context, Finding, Operation, met, not_met, partial, pattern, unknown

from ._lists import OPEN_BY_DESIGN

_OPEN_BY_DESIGN = pattern(
    r"^(?:ping|health\w*|status|alive|ready|livez|readyz|version\w*|info|schema|spec|swagger\w*|openapi\w*|docs?|redoc"
    r"|\.well-known|jwks\w*|oauth2?|auth\w*|sso|saml\w*|oidc|tokens?|log-?in|log-?out|sign-?in|sign-?up|register\w*"
    r"|password\w*|sessions?|webhooks?|callbacks?)(?:\.\w+)?$",
    re.IGNORECASE,
)
_MOST_NAMED = 5


def judge_protection(ctx: Context) -> Finding:
    """Judge the operations that ask for no credential: on records that is a fault, elsewhere a limitation."""
    operations = ctx.spec.operations
    if all(operation.is_open for operation in operations):
        return unknown("the specification does not say which operations need a credential", ctx.spec.evidence_at(""))
    open_ones = [each for each in operations if each.is_open and not _open_by_design(ctx, each)]
    if not open_ones:
        protected = [each for each in operations if not each.is_open]
        rest = "" if len(protected) == len(operations) else "; the others are for logging in and the like"
        return met(f"{len(protected)} of {len(operations)} operations ask for a credential{rest}", protected[0])
    if not ctx.spec.tells("auth.method"):
        return unknown("some examples show no credential, which does not say that none is needed", open_ones[0])
    open_ones.sort(key=lambda each: not _on_records(ctx, each))
    named = ", ".join(f"{each.method} {each.path}" for each in open_ones[:_MOST_NAMED])
    summary = f"{len(open_ones)} of {len(operations)} operations can be called by anyone as described, such as {named}"
    judge = not_met if _on_records(ctx, open_ones[0]) else partial
    return judge(summary, *open_ones[:_MOST_NAMED], detail=_by_resource(ctx, open_ones))


def _by_resource(ctx: Context, open_ones: Sequence[Operation]) -> str:
    """How many of each kind of record's operations are open."""
    counts = Counter(kind.replace("_", " ") for each in open_ones if (kind := _kind_of_records(ctx, each)))
    rest = len(open_ones) - counts.total()
    parts = [f"{kind} {count}" for kind, count in counts.most_common()] + ([f"others {rest}"] if rest else [])
    return f"Open operations by resource: {', '.join(parts)}."


def _open_by_design(ctx: Context, operation: Operation) -> bool:
    """Logging in, being told that the system is up, the specification itself, and calls that come from elsewhere."""
    return not _on_records(ctx, operation) and any(_OPEN_BY_DESIGN.match(part) for part in operation.path.split("/"))


def _on_records(ctx: Context, operation: Operation) -> bool:
    return _kind_of_records(ctx, operation) is not None


def _kind_of_records(ctx: Context, operation: Operation) -> str | None:
    """The kind of records that an operation reads or changes, where it is one that was recognised."""
    kinds = (
        resource.kind
        for resource in ctx.resources.values()
        if resource.kind not in OPEN_BY_DESIGN
        and (operation.path == resource.path or operation.path.startswith(f"{resource.path.rstrip('/')}/"))
    )
    return next(kinds, None)
