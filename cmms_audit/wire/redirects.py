"""Follows redirects as far as that is safe: only reads, at most three, and only where the caller's rule allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urldefrag, urljoin

from msgspec.structs import replace

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Reason
from cmms_audit.wire.call import Call
from cmms_audit.wire.operation import READS

MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def follow(
    call: Call, send: Callable[[Call], Awaitable[Exchange]], may_follow: Callable[[Call, Call], bool]
) -> Exchange:
    """Send a call and go where its answer points, as long as `may_follow(call, next call)` says yes.

    An answer that points elsewhere is returned as it is. Raises CouldNotLook (connectivity) at the fourth redirect.
    """
    for _ in range(MOST_REDIRECTS + 1):
        exchange = await send(call)
        target = _next_call(call, exchange)
        if target is None or not may_follow(call, target):
            return exchange
        call = target
    raise CouldNotLook(Reason.CONNECTIVITY, f"redirected more than {MOST_REDIRECTS} times", exchange)


def _next_call(call: Call, exchange: Exchange) -> Call | None:
    """The call that a redirect asks for; None where the answer is none, or the call was not just a read."""
    location = exchange.header("location")
    if exchange.status not in _REDIRECTS or location is None or call.method not in READS:
        return None
    try:
        url = urldefrag(urljoin(call.url, location)).url
    except ValueError:
        return None
    method = "GET" if exchange.status == 303 and call.method == "OPTIONS" else call.method
    return replace(call, method=method, url=url, body=None, notes={**call.notes, "redirect_of": exchange.id})
