"""errors.monitoring: whether the address that says that the service is up can itself be relied upon."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, check, met, not_applicable, partial, unknown
from cmms_audit.model import Reason

from ._health import health_path, told_at
from ._shapes import is_html


@check(question="errors.monitoring", id="errors.health-answers", aspect="health", sends="reads")
async def health_answers(ctx: Context) -> Finding:
    """Where the document has an address for the health of the service, it answers, and with a success."""
    path = health_path(ctx)
    if path is None:
        return not_applicable("no address is described that says whether the service is up")
    answer = await told_at(ctx, path)
    if answer.status in (401, 403):
        says = f"{path} says whether the service is up, but not to the credential of this audit"
        return partial(f"{says} ({answer.status})", answer)
    if answer.status == 429:
        return unknown(f"{path} could not be asked now (status 429)", answer, reason=Reason.CONNECTIVITY)
    if answer.status >= 500:
        says = f"{path} answers {answer.status}, while other calls are answered"
        return partial(f"{says}: a watch on it would report an outage that is none", answer)
    if not answer.ok:
        return partial(f"{path} should say whether the service is up, but answers {answer.status}", answer)
    if is_html(answer):
        return partial(f"{path} should say whether the service is up, but answers with a page for people", answer)
    return met(f"{path} says whether the service is up", answer)
