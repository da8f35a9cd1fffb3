"""Which lists of records to ask, and one that can be read."""

from __future__ import annotations

from cmms_audit.battery import Context, CouldNotLook, Page, Resource
from cmms_audit.model import Reason

MOST_TRIED = 6
_TRIED_FIRST = ("work_orders", "purchase_orders", "labor", "assets", "users")
OPEN_BY_DESIGN = frozenset({"health"})


def lists(ctx: Context) -> list[Resource]:
    """The resources whose list can be asked for as it stands, the telling ones first.

    Raises CouldNotLook where there is none.
    """
    found = [
        each
        for each in ctx.resources.values()
        if (each.list or each.given) and "{" not in each.path and each.kind not in OPEN_BY_DESIGN
    ]
    if not found:
        raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, "no list of records was found that could be asked for")
    order = {kind: position for position, kind in enumerate(_TRIED_FIRST)}
    return sorted(found, key=lambda each: (order.get(each.kind, len(order)), each.kind))


async def readable_page(ctx: Context, credential: str = "main") -> tuple[Resource, Page]:
    """The first list that a credential can read, and its page. Raises CouldNotLook where it can read none."""
    candidates = lists(ctx)[:MOST_TRIED]
    for resource in candidates:
        try:
            page = (
                ctx.first_page(resource.kind)
                if credential == "main"
                else ctx.api.page(resource.kind, credential=credential)
            )
            return resource, await page
        except CouldNotLook:
            if resource is candidates[-1]:
                raise
    raise AssertionError("there is at least one list")
