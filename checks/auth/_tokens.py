"""A fresh token and what is said of it, and what a token opens that may be dead."""

from __future__ import annotations

from cmms_audit.battery import Api, Context, TokenFacts
from cmms_audit.model import Exchange, Purpose

OF_OAUTH = ("oauth2", "oidc")


async def fresh(ctx: Context) -> TokenFacts:
    """What is said of a new token of the first credential; fetched once, whoever asks."""
    return await ctx.shared("fresh token", lambda api: api.token("main"))


async def shown(ctx: Context, path: str, credential: str) -> Exchange:
    """What an address answers to a credential that may open nothing."""
    return await shown_by(ctx.api, path, credential)


async def shown_by(api: Api, path: str, credential: str) -> Exchange:
    """The same, asked by whoever holds this view of the vendor."""
    return await api.get(path, credential=credential, purpose=Purpose.PROVOKED)
