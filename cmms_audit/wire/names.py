"""What host names stand for: each is looked up once in a run, and every connection goes to the numbers of that answer.

So a name that is judged cannot stand for something else by the time of the connection. Judging is left to others.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import defaultdict
from collections.abc import Awaitable, Callable

LOOK_UP_SECONDS = 10.0
MOST_NUMBERS = 4  # of one name that are tried

LookUp = Callable[[str], Awaitable[tuple[str, ...]]]


async def ask_the_system(host: str) -> tuple[str, ...]:
    """The numbers a name stands for, as the system knows them; none where it does not."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(str(entry[4][0]) for entry in found)


class Names:
    """The names of one run. A look-up that failed is no answer, and so is tried again."""

    def __init__(self, look_up: LookUp = ask_the_system) -> None:
        self._look_up = look_up
        self._known: dict[str, tuple[str, ...]] = {}
        self._under_way: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def numbers(self, host: str) -> tuple[str, ...]:
        """The numbers of a host in the order of trying: what worked before, then IPv4, then IPv6; none if not known.

        Raises TimeoutError after ten seconds.
        """
        if host not in self._known:
            async with self._under_way[host], asyncio.timeout(LOOK_UP_SECONDS):
                if host not in self._known:
                    found = (host,) if _is_number(host) else await self._look_up(host)
                    if not found:
                        return ()
                    self._known[host] = tuple(sorted(dict.fromkeys(found), key=lambda number: ":" in number))
        return self._known[host]

    def prefer(self, host: str, number: str) -> None:
        """Try this number of a host first from now on."""
        known = self._known[host]
        if known[0] != number:
            self._known[host] = (number, *(other for other in known if other != number))


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
