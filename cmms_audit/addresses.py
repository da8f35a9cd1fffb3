"""Web addresses: what counts as one, its origin, and whether it stays on this machine.

Stricter than the standards on purpose: an address that two programs could read in two ways is refused. Which
addresses may be called, and what a name resolves to, is left to the wire.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from msgspec import Struct

from cmms_audit.patterns import pattern

_HOST = r"\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?"
_ADDRESS = pattern(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?(?:[/?#].*)?", re.IGNORECASE | re.ASCII)
_BIND = pattern(rf"({_HOST}):([0-9]{{1,5}})", re.IGNORECASE | re.ASCII)
_UNPRINTABLE = pattern(r"[\s\\\x00-\x20\x7f-\x9f]")
_LARGEST_PORT = 65535


class Address(Struct, frozen=True):
    """Where a request goes: scheme and host in lower case (IPv6 without brackets), and the port in use."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The three as one word, such as "https://api.example:443"."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"


@lru_cache(maxsize=512)  # a request's address is judged at every gate that it passes
def parse_address(url: str) -> Address:
    """Read an absolute http or https address.

    Raises ValueError saying in plain words what is wrong: another scheme, no host, a user name or password in
    it, a host that is not plain ASCII, spaces, backslashes or control characters.
    """
    if not re.match(r"https?://", url, re.IGNORECASE | re.ASCII):
        raise ValueError("it is not a full web address: it must begin with https:// or http://")
    if _UNPRINTABLE.search(url):
        raise ValueError("it holds a space, a backslash or a control character")
    if "@" in re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        raise ValueError("it holds a user name or password before the @; credentials have a section of their own")
    match = _ADDRESS.fullmatch(url)
    if match is None:
        raise ValueError("it names no host that this tool can read (plain letters, digits, dots and dashes)")
    scheme, host, port = match[1].lower(), match[2], match[3]
    return Address(scheme, _host(host), _port(port, lowest=1) if port else {"http": 80, "https": 443}[scheme])


def parse_bind(text: str) -> tuple[str, int]:
    """Read "host:port" to listen on; port 0 means any free one. Raises ValueError in plain words."""
    match = _BIND.fullmatch(text)
    if match is None:
        raise ValueError("it is not of the form host:port, such as 127.0.0.1:0")
    return _host(match[1]), _port(match[2], lowest=0)


def origin(url: str) -> str:
    """Scheme, host and port, such as "https://api.example:443". Raises ValueError as parse_address does."""
    return parse_address(url).origin


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine. Raises ValueError as parse_address does."""
    return is_loopback_host(parse_address(url).host)


@lru_cache(maxsize=512)
def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine by its name or number; no name is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    if not text.startswith("["):
        return text.lower()
    try:
        return str(ipaddress.IPv6Address(text[1:-1]))
    except ValueError:
        raise ValueError("the number in square brackets is no IPv6 address") from None


def _port(text: str, *, lowest: int) -> int:
    port = int(text)
    if not lowest <= port <= _LARGEST_PORT:
        raise ValueError(f"the port {port} is not between {lowest} and {_LARGEST_PORT}")
    return port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
