"""The proxies that the environment names, read only where the user asked for them.

Which of them carries a request is said here; speaking to it is the transport's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from cmms_audit.addresses import Address, is_loopback_host, parse_address
from cmms_audit.errors import InputError

_NAMES = {"https": ("https_proxy", "HTTPS_PROXY"), "http": ("http_proxy", "HTTP_PROXY")}


class Proxy(Struct, frozen=True):
    """Where a proxy is, and with what it is entered; its secrets are never shown."""

    url: str
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """The address without the secrets."""
        return f"Proxy({self.url!r})"


class Proxies(Struct, frozen=True):
    """The proxy for each scheme, and the hosts that are reached without one ("*" means all)."""

    by_scheme: Mapping[str, Proxy] = field(default_factory=dict)
    exempt: tuple[str, ...] = ()

    def carrier(self, address: Address) -> Proxy | None:
        """The proxy that carries what goes to an address; None where it goes there itself, as on this machine."""
        if is_loopback_host(address.host) or any(_covers(each, address) for each in self.exempt):
            return None
        return self.by_scheme.get(address.scheme)


def proxies_of(environ: Mapping[str, str]) -> Proxies:
    """What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, in small letters first, as is the custom.

    Raises InputError where neither names a proxy, or an address is none that can be used.
    """
    found = {scheme: _proxy(name, environ[name]) for scheme, name in _set(environ)}
    if not found:
        raise InputError("--proxy: neither HTTPS_PROXY nor HTTP_PROXY is set, so there is no proxy to use")
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return Proxies(found, tuple(host.lower() for host in re.split(r"[,\s]+", exempt) if host))


def _set(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    first = {scheme: next((name for name in names if environ.get(name)), None) for scheme, names in _NAMES.items()}
    return [(scheme, name) for scheme, name in first.items() if name is not None]


def _proxy(variable: str, text: str) -> Proxy:
    """Read one address; its user name and password are kept apart. Raises InputError that repeats neither."""
    before, slashes, after = text.strip().rpartition("://")
    entry, at, place = after.rpartition("@")
    username, _, password = entry.partition(":")
    url = (before + slashes if slashes else "http://") + place
    try:
        parse_address(url)
        if urlsplit(url).path not in ("", "/"):
            raise ValueError("it has a path")
    except ValueError as error:
        raise InputError(f"--proxy: what {variable} holds is no address of a proxy that can be used: {error}") from None
    return Proxy(url, unquote(username) if at else "", unquote(password) if at else "")


def _covers(exempt: str, address: Address) -> bool:
    """Whether one word of NO_PROXY means a host: "*", the host itself or a domain around it; a port may follow."""
    host, colon, port = exempt.rpartition(":")
    if colon and port.isdigit() and ":" not in host:
        if int(port) != address.port:
            return False
        exempt = host
    exempt = exempt.strip("[]").removeprefix("*.").lstrip(".")
    return exempt == "*" or address.host == exempt or address.host.endswith("." + exempt)
