"""operations.concurrency: whether a change that is based on an old version of a record is refused."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Finding, Operation, Resource, check, met, not_applicable, partial

from ._lists import changeable_kind
from ._words import header, prose_about, statuses, texts

QUESTION = "operations.concurrency"

_ABOUT_LOCKING = re.compile(
    r"\boptimistic (?:lock|concurren)|\bIf-Match\b|\blost updates?\b|\bprecondition failed\b"
    r"|(?:updated|changed|modified) by another|\bstale (?:version|record|data)",
    re.IGNORECASE,
)


@check(question=QUESTION, id="operations.locking-documented", aspect="lock", sends="nothing")
def locking_documented(ctx: Context) -> Finding:
    """Looks for ETag and If-Match, the answers 412 and 428, or a version field that updates ask for."""
    resource = ctx.resource(changeable_kind(ctx))
    if resource.update is None:
        return not_applicable(f"no way to change a record of {resource.path} is described", resource)
    guard = _guard(ctx, resource, resource.update)
    refusal = {"412", "428"} & statuses(resource.update) or _refuses_stale(resource.update)
    if guard and refusal:
        return met(
            f"a change of a record of {resource.path} that is based on an old version is refused, by {guard}",
            resource.update,
        )
    if guard:
        says = f"updates of {resource.path} take {guard}, but the document does not say that a stale one is refused"
        return partial(says, resource.update)
    prose = prose_about(ctx, _ABOUT_LOCKING, resource)
    if refusal or prose or _serves_etags(resource):
        says = (
            f"protection against overwriting is hinted at, but the update of {resource.path} shows no way to ask for it"
        )
        return partial(says, resource.update, *prose[:1])
    return ctx.absent(
        f"nothing keeps two clients from overwriting each other's changes at {resource.path}", resource.update
    )


def _guard(ctx: Context, resource: Resource, update: Operation) -> str | None:
    """What an update can be made conditional on: a request header, or a version that is sent along."""
    condition = header(update, ctx.words.preconditions)
    if condition:
        return f"the header {condition.name}"
    version = ctx.field(resource.record, "version")
    sent = ctx.field(update.request, "version")
    if version and sent and not sent.schema.read_only:
        return f"the version field {sent.name}"
    return None


def _refuses_stale(update: Operation) -> bool:
    return "409" in statuses(update) and _ABOUT_LOCKING.search(texts(update)) is not None


def _serves_etags(resource: Resource) -> bool:
    answers = [response for op in (resource.read, resource.update) if op for response in op.responses]
    return any(name.lower() == "etag" for response in answers for name in response.headers)
