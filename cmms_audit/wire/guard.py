"""Decides whether a call may go: where to, with which secret, and whether it may change anything.

How much and how fast is the allowance's and the pace's business. Nothing that a vendor answers can widen what is fixed
here when the run begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from msgspec.structs import replace

from cmms_audit.addresses import is_loopback, origin, parse_address
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.wire.call import Call
from cmms_audit.wire.operation import KNOWN, forbidden_method, methods, why_write

if TYPE_CHECKING:
    from cmms_audit.permissions import Permissions

_CLEANING = frozenset({"GET", "HEAD", "DELETE"})
# Headers that steer the connection or the address; set by the transport alone.
_NOT_OURS_TO_SET = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)


class Guard:
    """Holds every call against the vendor file and the permissions. One for a run; only searches are learnt later."""

    def __init__(
        self,
        *,
        base_url: str,
        receivers: Mapping[str, str],
        permissions: Permissions,
        searches: tuple[str, ...] = (),
        open_roles: frozenset[str] = frozenset(),
    ) -> None:
        """`receivers` has, for each role, the origin that its secret goes to; `searches` POST paths that only read.

        `open_roles` are those that have no secret.
        """
        self.base_origin = origin(base_url)
        self.base_host = parse_address(base_url).host
        self._without_encryption = origin(unencrypted(base_url))
        self._receivers = dict(receivers)
        self._open_roles = open_roles
        self._permissions = permissions
        self._base_path = urlsplit(base_url).path.rstrip("/")
        self._searches: frozenset[str] = frozenset()
        self.allow_searches(searches)

    def allow_searches(self, paths: Iterable[str]) -> None:
        """Count a POST to these paths, as they are or under the base address, as a read from now on."""
        paths = tuple(paths)
        self._searches |= frozenset(paths) | {self._base_path + "/" + path.lstrip("/") for path in paths}

    def check(self, call: Call) -> None:
        """Return only if the call may go. Raises CouldNotLook (not-permitted, offline) before anything is sent."""
        if self._permissions.offline:
            raise CouldNotLook(Reason.OFFLINE, "nothing is sent in an offline run")
        if call.method not in KNOWN or forbidden_method(call):
            _refuse("requests of this method are never sent")
        if any(name.lower() in _NOT_OURS_TO_SET for name, _ in call.headers):
            _refuse("a check may not set the headers that steer a connection")
        self._check_address(call)
        self._check_operation(call)

    def check_handshake(self, call: Call) -> None:
        """Return only if an encrypted connection may be taken up for a call that says no more than that.

        Raises CouldNotLook (not-permitted, offline) before anything is sent.
        """
        if self._permissions.offline:
            raise CouldNotLook(Reason.OFFLINE, "nothing is sent in an offline run")
        if call.url != self.base_origin or not call.url.startswith("https:") or call.role is not None:
            _refuse("only the vendor's own encrypted address is looked at so")

    def is_write(self, call: Call) -> bool:
        """Whether a call changes something at the vendor. Requests for a token of our own do not count."""
        return call.purpose is not Purpose.TOKEN and why_write(call, self._searches) is not None

    def may_follow(self, call: Call, target: Call) -> bool:
        """Whether the call that a redirect asks for stays on the same origin, and only reads."""
        try:
            return origin(call.url) == origin(target.url) and not self.is_write(target)
        except ValueError:
            return False

    def _is_without_encryption(self, call: Call) -> bool:
        """Whether a stranger asks, without encryption, for what lies at the base address or below."""
        path = urlsplit(call.url).path
        below = path == self._base_path or path.startswith(self._base_path + "/")
        is_there = below and origin(call.url) == self._without_encryption
        return is_there and call.purpose is Purpose.STRANGER and call.role is None

    def _check_operation(self, call: Call) -> None:
        if call.purpose is Purpose.CLEANUP:
            self._check_cleanup(call)
            return
        if call.purpose is Purpose.TOKEN:
            if call.method != "POST":
                _refuse("a token is only asked for by POST")
            return
        why = why_write(call, self._searches)
        if why is None:
            if call.purpose is Purpose.BURST and not self._permissions.burst:
                _refuse("a burst of requests was not allowed for this run")
            return
        if call.purpose in (Purpose.DISCOVERY, Purpose.DOCUMENT):
            _refuse(f"public documents are only read, and this is {why}")
        if not self._permissions.writes:
            _refuse(f"this is {why}, which may change records, and writing was not allowed for this run")

    def _check_cleanup(self, call: Call) -> None:
        if not self._permissions.writes:
            _refuse("what was created is only deleted where writing was allowed for this run")
        if call.body or not _CLEANING.issuperset(methods(call)):
            _refuse("what was created is looked for with GET and removed with DELETE, and in no other way")
        if why := why_write(replace(call, method="GET"), self._searches):
            _refuse(f"this is {why}, and what was created is removed in no such way")

    def _check_address(self, call: Call) -> None:
        try:
            target = origin(call.url)
        except ValueError as error:
            _refuse(f"the address cannot be called: {error}")
        match call.purpose:
            case Purpose.TOKEN:
                allowed = target == self._receivers.get(call.role or "")
            case Purpose.DISCOVERY:
                allowed = call.role is None and target in {self.base_origin, *self._receivers.values()}
            case Purpose.DOCUMENT:
                allowed = call.role is None or target == self.base_origin
            case _:
                allowed = target == self.base_origin or self._is_without_encryption(call)
        if not allowed:
            _refuse(f"{target} is not an address that the vendor file names for this, so nothing is sent there")
        if call.role is not None and call.role not in self._open_roles and _is_in_the_open(call.url):
            _refuse(
                f"{target} is not encrypted, so everyone on the way could read the credential {call.role}, and it is"
                " not sent; ask the vendor for an https:// address and write that into the vendor file"
            )


def unencrypted(url: str) -> str:
    """The same address without encryption: on port 80, or on the port that it names itself."""
    address = parse_address(url)
    host = f"[{address.host}]" if ":" in address.host else address.host
    port = "" if address.port in (80, 443) else f":{address.port}"
    return urlsplit(url)._replace(scheme="http", netloc=host + port).geturl()


def _is_in_the_open(url: str) -> bool:
    """Whether what is sent to an address can be read on the way."""
    return parse_address(url).scheme == "http" and not is_loopback(url)


def _refuse(why: str) -> NoReturn:
    raise CouldNotLook(Reason.NOT_PERMITTED, why)
