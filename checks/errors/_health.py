"""Addresses that tell of the service itself: asked once in a run, for whether it is up and for the version in it."""

from __future__ import annotations

from cmms_audit.battery import Context
from cmms_audit.model import Exchange


def health_path(ctx: Context) -> str | None:
    """Where the document says that the health of the service can be asked; None where it says nothing."""
    health = ctx.resources.get("health")
    return health.path if health and "{" not in health.path else None


async def told_at(ctx: Context, path: str) -> Exchange:
    """What the service tells of itself there. Raises CouldNotLook where nothing came."""
    return await ctx.shared(f"what is told at {path}", lambda api: api.get(path))
