"""Fetches public documents: without a credential, and never from the user's own network on a stranger's word.

A document's address may come from the vendor. Each hop's name is looked up and judged; the transport looks a name up
once in a run, so the connection is made to exactly the numbers that were judged.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import defaultdict

from cmms_audit.addresses import parse_address
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.wire.call import DOCUMENT_CAP, Call
from cmms_audit.wire.courier import Courier
from cmms_audit.wire.redirects import follow
from cmms_audit.wire.transport import Transport

ACCEPT = (("Accept", "application/json, application/yaml, text/html;q=0.9, */*;q=0.5"),)

# Not for the public internet, whatever Python says: local-use NAT64 (RFC 8215), SIIT (RFC 2765), site-local (RFC 3879).
_PRIVATE = tuple(map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "::ffff:0:0:0/96", "fec0::/10")))
_EMBEDDING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


class PublicDocuments:
    """The documents class of traffic."""

    def __init__(self, courier: Courier, transport: Transport, own_hosts: frozenset[str]) -> None:
        """`own_hosts` may be private: the host of base_url, and those that the user allowed."""
        self._courier = courier
        self._transport = transport
        self._own_hosts = frozenset(host.lower() for host in own_hosts)
        self._fetched: dict[str, Exchange] = {}
        self._under_way: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def fetch(self, url: str, owner: str) -> Exchange:
        """Fetch as anybody would, once in a run. At most three redirects, also to other hosts, never https to http.

        Raises CouldNotLook: not-permitted where an address is private; otherwise as Courier.deliver.
        """
        async with self._under_way[url]:
            if url not in self._fetched:
                call = Call("GET", url, owner, Purpose.DOCUMENT, headers=ACCEPT, body_cap=DOCUMENT_CAP)
                self._fetched[url] = await follow(call, self._fetch_one, _stays_encrypted)
            return self._fetched[url]

    async def _fetch_one(self, call: Call) -> Exchange:
        await self._judge(call.url)
        return await self._courier.deliver(call)

    async def _judge(self, url: str) -> None:
        """Return only if the address is public, or one of our own hosts. Raises CouldNotLook where it is private.

        A name that only a proxy knows is left to the proxy's own rules.
        """
        try:
            address = parse_address(url)
        except ValueError as error:
            raise CouldNotLook(Reason.NOT_PERMITTED, f"the address cannot be called: {error}") from None
        if address.host in self._own_hosts:
            return
        try:
            found = await self._transport.addresses(address.host)
        except TimeoutError:
            found = ()
        if not found:
            if self._transport.goes_by_proxy(url):
                return
            raise CouldNotLook(Reason.CONNECTIVITY, f"the name {address.host} is not known")
        if not all(is_public(ip) for ip in found):
            raise CouldNotLook(
                Reason.NOT_PERMITTED,
                f"{address.host} is inside a private network; if it is meant, add --allow-host {address.host}",
            )


def is_public(ip: str) -> bool:
    """Whether an IP address is one of the public internet, whatever notation it hides in (mapped, 6to4, NAT64)."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _PRIVATE):
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _EMBEDDING):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _stays_encrypted(call: Call, target: Call) -> bool:
    return target.url.startswith("https://") or call.url.lower().startswith("http://")
