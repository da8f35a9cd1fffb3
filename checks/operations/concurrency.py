"""operations.concurrency: whether a change that is based on an old version of a record is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Field,
    Finding,
    Operation,
    Resource,
    check,
    members,
    met,
    not_applicable,
    partial,
    pattern,
)

from ._lists import changeable_kind
from ._words import header, prose_about, quoted, statuses, texts

QUESTION = "operations.concurrency"

_ABOUT_LOCKING = pattern(
    r"\boptimistic (?:lock|concurren)|\bIf-Match\b|\blost updates?\b|\bprecondition failed\b"
    r"|(?:updated|changed|modified) by another|\bstale (?:version|revision|record|data|object|etag|copy|write|update)"
    r"|\b(?:version|revision|record|data|object|entity|etag|copy|update)\b[^.\n]{0,20}"
    r"\b(?:is|was|are|being) (?:stale|outdated|out of date|not (?:the )?(?:current|latest))\b"
    r"|\b(?:version|revision) (?:conflict|mismatch)|\b(?:versions?|revisions?) (?:do(?:es)? not|don't|doesn't) match\b",
    re.IGNORECASE,
)
_MUST_BE_CURRENT = pattern(
    r"\b(?:current|latest|last(?: known| read)?|expected|same) (?:version|revision|value)\b|\bmust (?:match|equal)\b"
    r"|\bstale\b|\boptimistic\b|\bconcurren",
    re.IGNORECASE,
)
_OR_REFUSED = pattern(r"\b(?:refus|reject|den(?:y|ied)|fail|conflict)|\b4(?:09|12|28)\b", re.IGNORECASE)


@check(question=QUESTION, id="operations.locking-documented", aspect="lock", sends="nothing")
def locking_documented(ctx: Context) -> Finding:
    """Looks for ETag and If-Match, the answers 412 and 428, or a version field that updates ask for."""
    resource = ctx.resource(changeable_kind(ctx))
    if resource.update is None:
        return not_applicable(f"no way to change a record of {resource.path} is described", resource)
    updates = _updates(ctx, resource.update)
    guards = {each: guard for each in updates if (guard := _guard(ctx, resource, each))}
    refusals = [each for each in updates if {"412", "428"} & statuses(each) or _refuses_stale(ctx, each)]
    detail = _detail(ctx, resource, updates)
    both = [each for each in refusals if each in guards]
    if both:
        says = f"a change of a record of {resource.path} that is based on an old version is refused"
        return met(f"{says}, by {guards[both[0]]}", *both, detail=detail)
    if guards:
        guard = next(iter(guards.values()))
        says = f"updates of {resource.path} take {guard}, but the document does not say that a stale one is refused"
        return partial(says, *guards, detail=detail)
    prose = prose_about(ctx, _ABOUT_LOCKING, resource)
    if refusals or prose or _serves_etags(resource) or _speaks_of_locking(resource.update):
        says = "protection against overwriting is hinted at, but"
        says = f"{says} the update of {resource.path} shows no way to ask for it"
        return partial(says, resource.update, *prose[:1], detail="\n".join([detail, *map(quoted, prose[:1])]))
    says = f"nothing keeps two clients from overwriting each other's changes at {resource.path}"
    return ctx.absent(says, resource.update)


def _updates(ctx: Context, update: Operation) -> list[Operation]:
    """Every way to change one record: what PATCH does not take, PUT may."""
    found = (ctx.spec.operation(method, update.path) for method in ("PATCH", "PUT", "POST"))
    return [each for each in found if each is not None] or [update]


def _detail(ctx: Context, resource: Resource, updates: Sequence[Operation]) -> str:
    version = ctx.field(resource.record, "version")
    etag = "carry an ETag" if _serves_etags(resource) else "are not described with an ETag"
    etag = f"carry their version in the field {version.name}" if version else etag
    kinds = [code for code in ("409", "412", "428") if any(code in statuses(each) for each in updates)]
    return f"records {etag}\nrefusals described for updates: {', '.join(kinds) or 'none of 409, 412, 428'}"


def _guard(ctx: Context, resource: Resource, update: Operation) -> str | None:
    """What an update can be made conditional on: a request header, or a version that is sent along."""
    condition = header(update, ctx.words.preconditions)
    if condition:
        return f"the header {condition.name}"
    version = ctx.field(resource.record, "version")
    sent = ctx.field(update.request, "version")
    if sent and not sent.schema.read_only and (version or _is_condition(_said_of(sent))):
        return f"the version field {sent.name}"
    return None


def _refuses_stale(ctx: Context, update: Operation) -> bool:
    """Whether 409 is described as the answer to an old version, or the version that is sent as one that must hold."""
    if "409" in statuses(update) and _ABOUT_LOCKING.search(texts(update)):
        return True
    sent = ctx.field(update.request, "version")
    return sent is not None and _is_condition(_said_of(sent))


def _is_condition(says: str) -> bool:
    """Whether a field is said to hold the version that a record still has, lest the change is refused."""
    return bool(_MUST_BE_CURRENT.search(says) and _OR_REFUSED.search(says))


def _said_of(field: Field) -> str:
    return field.schema.description[:2_000]


def _speaks_of_locking(update: Operation) -> bool:
    """Whether a member of what is sent is said to keep changes apart."""
    return any(_ABOUT_LOCKING.search(inner.description[:2_000]) for _, inner in members(update.request, 3))


def _serves_etags(resource: Resource) -> bool:
    answers = [response for op in (resource.read, resource.update) if op for response in op.responses]
    return any(name.lower() == "etag" for response in answers for name in response.headers)
