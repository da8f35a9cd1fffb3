"""Compares the addresses that two descriptions list, and the version in them.

An address is what a client is set up with. Capitals, the port that goes without saying, http beside https, and the
names of placeholders change nothing about it; one on the developer's own machine concerns nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from cmms_audit.addresses import is_loopback_host
from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Server, Spec
from cmms_audit.spec_diff.ledger import EVERYBODY, Ledger, named

_VERSION = pattern(r"v\d{1,4}(?:[._-]\d{1,4}){0,2}|20\d\d-\d\d(?:-\d\d)?|\d{1,3}\.\d{1,3}", re.IGNORECASE)
_PLACEHOLDER = pattern(r"\{[^{}/]{0,200}\}")
_SCHEME = pattern(r"^\{[^{}/]{0,200}\}://")
_BARE_HOST = pattern(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,20}(?::\d{1,5})?(?:/|$)")
_USUAL_PORTS = {"http": ":80", "https": ":443", "": ":443"}


def path_version(spec: Spec) -> str:
    """The part of the address that is a version, such as "v2"; empty where there is none.

    It stands in the server's address, or in more than half of the paths.
    """
    parts = [part for server in spec.servers[:1] for part in server.url.partition("://")[2].split("/")[1:]]
    parts += spec.prefix.split("/")
    for part in parts:
        if _VERSION.fullmatch(part):
            return part.lower()
    counts: dict[str, int] = defaultdict(int)
    for path in spec.paths:
        found = next((part for part in path.split("/")[:4] if _VERSION.fullmatch(part)), "")
        counts[found.lower()] += 1
    best = max(sorted(counts), key=lambda each: counts[each], default="")
    return best if counts[best] * 2 > len(spec.paths) else ""


class _Address(Struct, frozen=True):
    """An address as its document shows it, the hosts it may be meant for, and its path; no host where it is relative.

    A host with placeholders is known by its pattern and by what their default values make of it.
    """

    shown: str
    hosts: frozenset[str]
    path: str
    server: Server

    @property
    def whole(self) -> set[tuple[str, str]]:
        """Each host with the path."""
        return {(host, self.path) for host in self.hosts}


class _Side:
    """The addresses of one document, ready to be asked for."""

    def __init__(self, addresses: Sequence[_Address]) -> None:
        self.addresses = addresses
        self._whole = {each for address in addresses for each in address.whole}
        self._paths = {address.path for address in addresses}
        self._relative = {address.path for address in addresses if not address.hosts}

    def has(self, address: _Address) -> bool:
        """Whether an address is among them; where only a path is given, the paths are held against each other."""
        if not address.hosts:
            return address.path in self._paths
        return address.path in self._relative or not self._whole.isdisjoint(address.whole)


def compare_servers(ledger: Ledger, old: Spec, new: Spec, *, same_addresses: bool) -> None:
    """Note addresses that came or went; with `same_addresses` only their hosts, as paths made up for the rest.

    Where the first address of either document is in the other one too, the others are further ways to the same API.
    """
    before, after = (_Side(_addresses(spec, hosts_only=same_addresses)) for spec in (old, new))
    if not before.addresses or not after.addresses:
        return
    kept = after.has(before.addresses[0]) or before.has(after.addresses[0])
    kind = "further-server" if kept else "server"
    place = ledger.place("servers", "the whole API", senders=EVERYBODY)
    for one in before.addresses:
        if not after.has(one):
            ledger.note(f"{kind}-removed", place, one.server, None, aspect=named(one.shown), was=one.shown)
    for one in after.addresses:
        if not before.has(one):
            ledger.note(f"{kind}-added", place, None, one.server, aspect=named(one.shown), now=one.shown)


def _addresses(spec: Spec, *, hosts_only: bool) -> list[_Address]:
    """The addresses that somebody can be set up with, in the order of the document."""
    found = []
    for server in spec.servers:
        filled, written = _split(server.url), _split(server.node.text("url") or server.url)
        if filled is None or written is None:
            continue
        host = _host(filled)
        if not host and filled.netloc:
            continue
        path = "" if hosts_only else filled.path.rstrip("/")
        hosts = {_PLACEHOLDER.sub("{}", host), _pattern_of(written)} - {""} if host else set()
        shown = f"{filled.scheme}://{filled.netloc}" if hosts_only and filled.netloc else server.url.rstrip("/") or "/"
        found.append(_Address(shown, frozenset(hosts), _PLACEHOLDER.sub("{}", path), server))
    return found


def _split(url: str) -> SplitResult | None:
    url = _SCHEME.sub("https://", url)
    bare = "://" not in url and _BARE_HOST.match(url)
    try:
        return urlsplit(f"//{url}" if bare else url)
    except ValueError:
        return None


def _host(parts: SplitResult) -> str:
    """The host and an unusual port in small letters; empty for one on the reader's own machine."""
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_USUAL_PORTS.get(parts.scheme.lower(), ""))
    name = host.strip("[]") if host.endswith("]") else host.rpartition(":")[0].strip("[]") or host
    return "" if is_loopback_host(name) or name in ("0.0.0.0", "host.docker.internal") else host  # noqa: S104


def _pattern_of(written: SplitResult) -> str:
    """A host with its placeholders nameless; empty where nothing but placeholders tells it apart from others."""
    found = _PLACEHOLDER.sub("{}", _host(written))
    return found if "." in found and found.replace("{}", "").strip(".:") else ""
