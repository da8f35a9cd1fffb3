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


async def page_as(ctx: Context, kind: str, credential: str) -> Page:
    """The first page of a list as a credential sees it, asked for once, whoever wants it.

    A token that was set apart ("main.narrow") is known to one check alone, which asks for itself.
    """
    if credential == "main":
        return await ctx.first_page(kind)
    if "." in credential:
        return await ctx.api.page(kind, credential=credential)
    return await ctx.shared(f"first page of {kind} as {credential}", lambda api: api.page(kind, credential=credential))


async def readable_page(ctx: Context, credential: str = "main") -> tuple[Resource, Page]:
    """The first list that a credential can read, and its page. Raises CouldNotLook where it can read none."""
    candidates = lists(ctx)[:MOST_TRIED]
    for resource in candidates:
        try:
            return resource, await page_as(ctx, resource.kind, credential)
        except CouldNotLook:
            if resource is candidates[-1]:
                raise
    raise AssertionError("there is at least one list")
