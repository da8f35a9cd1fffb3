"""The first look at the vendor, before anything else: a dead address or a refused key is said once, and early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cmms_audit.battery.context import Subject
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Reason
from cmms_audit.spec.load import NotASpec
from cmms_audit.spec.resources import Resource

_TRIED_FIRST = ("work_orders", "assets", "locations", "sites")
_MOST_TRIED = 6


class Stopped(Struct, frozen=True):
    """Why an audit did not run to its end: the reason, and a sentence that says what to do."""

    reason: Reason
    says: str


async def first_contact(subject: Subject) -> Stopped | None:
    """Read one page with `main`. Returns why no list of records could be read; None where one could."""
    refusals: list[CouldNotLook] = []
    for kind in _order_of_trying(subject.resources)[:_MOST_TRIED]:
        try:
            await subject.first_page(kind)
        except Exception as error:  # what a vendor answers first must not end the audit, whatever it is
            why = error if isinstance(error, CouldNotLook) else _unreadable(error)
            refusals.append(why)
            if why.reason is Reason.TIMEOUT or _no_answer(why):
                break
        else:
            return None
    if not refusals and isinstance(subject.document, NotASpec) and subject.document.kind == "unreadable":
        return Stopped(
            Reason.RESOURCE_NOT_FOUND,
            f"there is no specification to find lists of records in: {subject.document.says}; check its address, or"
            " name at least the work orders in the vendor file: resources: {work_orders: {path: /…}}",
        )
    return _stopped(refusals, subject.vendor.base_url)


def _order_of_trying(resources: Mapping[str, Resource]) -> list[str]:
    lists = [kind for kind, each in resources.items() if "{" not in each.path]
    return sorted(
        lists,
        key=lambda kind: (
            kind not in _TRIED_FIRST,
            _TRIED_FIRST.index(kind) if kind in _TRIED_FIRST else 0,
            kind,
        ),
    )


def _stopped(refusals: Sequence[CouldNotLook], base_url: str) -> Stopped | None:
    if any(why.reason is Reason.INTERRUPTED for why in refusals):
        return None
    if not refusals:
        return Stopped(
            Reason.RESOURCE_NOT_FOUND,
            "no list of records could be found in the specification; name at least the work orders in the vendor file:"
            " resources: {work_orders: {path: /…}}",
        )
    last = refusals[-1]
    if all(why.reason is Reason.NOT_PERMITTED for why in refusals):
        return Stopped(Reason.NOT_PERMITTED, f"nothing was asked of {base_url}: {last.summary}")
    if any(why.reason is Reason.CREDENTIAL for why in refusals):
        return Stopped(
            Reason.CREDENTIAL,
            f"{base_url} refused the credential 'main' ({refusals[0].summary}); check the key or the client id and"
            " secret, and that they belong to this environment",
        )
    if last.reason in (Reason.CONNECTIVITY, Reason.TIMEOUT):
        return Stopped(
            Reason.CONNECTIVITY,
            f"{base_url} could not be read: {last.summary}; check base_url and that the sandbox is up",
        )
    if last.reason is Reason.BUDGET:
        return Stopped(
            Reason.BUDGET,
            f"nothing could be read at {base_url}: {last.summary}; raise the budget in the vendor file, unless the"
            " limit is the vendor's own",
        )
    return Stopped(
        Reason.RESOURCE_NOT_FOUND,
        f"none of the lists that were tried could be read at {base_url} ({last.summary}); check base_url, or name the"
        " paths in the vendor file under resources",
    )


def _unreadable(error: Exception) -> CouldNotLook:
    return CouldNotLook(Reason.DEFECT, f"the answer could not be read ({type(error).__name__})")


def _no_answer(why: CouldNotLook) -> bool:
    return why.reason is Reason.CONNECTIVITY and not any(
        isinstance(place, Exchange) and place.response for place in why.evidence
    )
