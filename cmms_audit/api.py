"""The vendor in CMMS words: pages of work orders, a record, an answer to a stranger.

Knows resources and the dialect; leaves sending, guarding and recording to the session.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from cmms_audit.addresses import origin
from cmms_audit.dialect import Dialect
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.paging import Next, Page, Params, documented_parameter, read_page, size_params
from cmms_audit.spec.resources import Resource
from cmms_audit.wire.facts import HandshakeFacts, TokenFacts, Volley, handshake_facts

if TYPE_CHECKING:
    from cmms_audit.webhooks.address import Recogniser
    from cmms_audit.webhooks.behaviour import Script
    from cmms_audit.webhooks.delivery import Delivery
    from cmms_audit.webhooks.received import Received
    from cmms_audit.wire.dialogue import AskedClock, Dialogue
    from cmms_audit.wire.ledger import Creation, Ledger

_MAX_PAGES = 10_000
_MOST_USUAL_ID = 2_000_000_011
_LAST_PLACEHOLDER = re.compile(r"\{[^{}]*\}(?=[^{}]*$)")


class Api:
    """The vendor's live system, asked on behalf of one check or observation (`owner`)."""

    def __init__(
        self,
        dialogue: Dialogue,
        *,
        base_url: str,
        resources: Mapping[str, Resource],
        dialect: Dialect,
        owner: str = "audit",
    ) -> None:
        self._dialogue = dialogue
        self._base_url = base_url.rstrip("/")
        self._resources = resources
        self._dialect = dialect
        self._owner = owner

    def asked_by(self, owner: str) -> Api:
        """The same system, asked by somebody else."""
        return Api(
            self._dialogue,
            base_url=self._base_url,
            resources=self._resources,
            dialect=self._dialect,
            owner=owner,
        )

    @property
    def roles(self) -> frozenset[str]:
        """The credential roles that the vendor file gives."""
        return self._dialogue.roles

    @property
    def clock(self) -> AskedClock:
        """The time, as whoever asks here may know it."""
        return self._dialogue.clock(self._owner)

    @property
    def owner(self) -> str:
        """On whose behalf is asked."""
        return self._owner

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Every resource that was found, by kind."""
        return self._resources

    @property
    def dialect(self) -> Dialect:
        """How the vendor speaks."""
        return self._dialect

    @property
    def ledger(self) -> Ledger | None:
        """The account of our own records; None where nothing is sent."""
        return self._dialogue.ledger

    def address(self, path: str) -> str:
        """The full address of a path of the specification.

        A path that repeats the path of the base address ("/api/v1/assets" under "https://host/api/v1") is not doubled.
        """
        base = urlsplit(self._base_url)
        if base.path and (path == base.path or path.startswith(base.path + "/")):
            return f"{base.scheme}://{base.netloc}{path}"
        return self._base_url + "/" + path.lstrip("/")

    async def get(
        self,
        path: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        credential: str | None = "main",
        purpose: Purpose = Purpose.API,
        method: str = "GET",
        secret_of: str = "",
    ) -> Exchange:
        """Ask for a path (or a full address on the vendor's origin) and return whatever came.

        `secret_of` is the mark of a subscription of ours whose secret the answer tells.
        """
        url = path if "://" in path else self.address(path)
        return await self._dialogue.send(
            method,
            url,
            credential=credential,
            owner=self._owner,
            purpose=purpose,
            params=[*params, *self._everywhere()],
            headers=headers or {},
            secret_of=secret_of,
        )

    async def provoke(
        self, path: str, *, params: Params = (), headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Exchange:
        """Ask a wrong question with the right credential, to see how it is refused."""
        return await self.get(path, params=params, headers=headers, purpose=Purpose.PROVOKED, method=method)

    async def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        purpose: Purpose = Purpose.API,
        creation: Creation | None = None,
        credential: str = "main",
        body: bytes | None = None,
    ) -> Exchange:
        """Send what changes something, and return whatever came; `creation` says that it makes a record of our own.

        Only `own_records` and `own_trials` call this, which know what is ours.
        """
        return await self._dialogue.send(
            method,
            path if "://" in path else self.address(path),
            credential=credential,
            owner=self._owner,
            purpose=purpose,
            params=[*params, *self._everywhere()],
            headers=headers or {},
            json=json,
            body=body,
            creation=creation,
        )

    async def page(self, kind: str, *, params: Params = (), size: int | None = None, credential: str = "main") -> Page:
        """One page of a resource. `size` asks for that many records, where the vendor has a word for it.

        Raises CouldNotLook where the resource is unknown, refused, or not a list of records.
        """
        resource = self._resource(kind)
        asked = [*params, *(size_params(resource, self._dialect, size) if size else ())]
        exchange = await self.get(resource.path, params=asked, credential=credential)
        return self.read_page(kind, exchange, asked)

    async def pages(self, kind: str, *, params: Params = (), size: int | None = None) -> AsyncIterator[Page]:
        """Every page of a resource, in the vendor's order, until it names no next one (or names one seen before)."""
        page = await self.page(kind, params=params, size=size)
        asked_before: set[str] = set()
        for _ in range(_MAX_PAGES):
            yield page
            step = page.next
            if step is None or str(step) in asked_before:
                return
            asked_before.add(str(step))
            page = await self._follow(kind, step)

    async def record(self, kind: str, record_id: str, *, headers: Mapping[str, str] | None = None) -> Exchange:
        """One record by its id, as the vendor answers it. Raises CouldNotLook where the API has no such address."""
        return await self.get(self.record_path(kind, record_id), headers=headers)

    def record_path(self, kind: str, record_id: str) -> str:
        """The path of one record. Raises CouldNotLook where none is described, or where its key has several parts."""
        resource = self._resource(kind)
        if resource.read is None:
            raise CouldNotLook(
                Reason.RESOURCE_NOT_FOUND, f"no address of a single record is described for {resource.path}"
            )
        return _with_id(resource.read.path, record_id)

    def unused_id(self, kind: str, sample: Page) -> str:
        """An id that no record has, shaped like the vendor's own, so that its absence and not its form is refused."""
        field = self._resource(kind).id_field or "id"
        seen = [str(record[field]) for record in sample.records if record.get(field) is not None]
        if seen and all(each.isascii() and each.isdigit() for each in seen):
            highest = max(int(each[:18]) for each in seen)
            return str(highest + 987_654_321 if highest > _MOST_USUAL_ID else _MOST_USUAL_ID)
        if seen and re.fullmatch(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", seen[0]):
            return "00000000-0000-4000-8000-00000c0ffee0"
        return (seen[0][:40] if seen else "cmms") + "-audit-none"

    async def burst(self, path: str, *, params: Params, calls: int, over: Callable[[Exchange], bool]) -> Volley:
        """Ask for a path many times in quick succession, until an answer says that it is `over`."""
        return await self._dialogue.burst(
            self.address(path), owner=self._owner, params=[*params, *self._everywhere()], calls=calls, over=over
        )

    async def as_stranger(self, path: str) -> Exchange:
        """Ask for a path without any credential."""
        return await self.get(path, credential=None, purpose=Purpose.STRANGER)

    async def forged(self, path: str, headers: Mapping[str, str], params: Params = ()) -> Exchange:
        """Ask for a path with a made-up credential."""
        url = self.address(path)
        if params:
            url += "?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in params)
        return await self._dialogue.forged("GET", url, headers=headers, owner=self._owner)

    async def document(self, url: str) -> Exchange:
        """A public document of the vendor, fetched as anybody would."""
        return await self._dialogue.fetch_document(url, owner=self._owner, with_main_if_refused=False)

    async def token(
        self, role: str = "main", scopes: Sequence[str] | None = None, *, apart: str | None = None
    ) -> TokenFacts:
        """A fresh token for a role, and what was said of it; never the token itself.

        One that is set `apart` ("spare") can be sent as the credential "main.spare", and is never renewed.
        """
        return await self._dialogue.token(role, owner=self._owner, scopes=scopes, apart=apart)

    async def revoke(self, name: str, url: str) -> Exchange:
        """Withdraw a token that was set apart ("main.spare")."""
        return await self._dialogue.revoke(name, url, owner=self._owner)

    async def tampered(self, path: str, role: str = "main", *, turn: int = 0) -> Exchange:
        """Ask for a path with a role's own token or key, changed in one of several ways; a note says in which."""
        return await self._dialogue.tampered(self.address(path), role=role, owner=self._owner, turn=turn)

    async def open_address(self, name: str, mark: str, script: Script) -> str:
        """An address that the vendor can send to, under a name of ours; `script` is how it will be told to treat what
        comes.
        """
        return await self._dialogue.open_address(name, mark, script, owner=self._owner)

    def treat(self, name: str, script: Script, *, first_of: Recogniser | None = None) -> None:
        """Treat what comes to an address in another way from now on: every event, or the first one of ours only."""
        self._dialogue.treat(name, script, first_of=first_of)

    async def deliveries(
        self, name: str, seconds: float, enough: Callable[[Sequence[Delivery]], bool]
    ) -> tuple[Received, ...]:
        """What has come to an address, once it is enough or the time is over."""
        return await self._dialogue.deliveries(name, owner=self._owner, seconds=seconds, enough=enough)

    def remark(self, kind: str, members: Mapping[str, Any], *, theirs: Collection[str] | None = None) -> None:
        """Write down what the report should tell, as a line of this kind; see Dialogue.remark."""
        self._dialogue.remark(kind, members, theirs=theirs)

    @property
    def signing_secret(self) -> str:
        """The secret that subscriptions are given, where the API takes one."""
        return self._dialogue.signing_secret

    async def discover(self) -> Exchange:
        """What a sign-in service at the vendor's origin publishes about itself (OpenID Connect, RFC 8414)."""
        return await self._dialogue.discover(origin(self._base_url), owner=self._owner)

    async def plain_http(self, path: str = "") -> Exchange:
        """What the vendor's host answers to a request for a path without encryption, and without credential."""
        return await self._dialogue.plain_http(self.address(path), owner=self._owner)

    async def handshake(self, *, old: bool = False) -> HandshakeFacts:
        """How the vendor's host takes up an encrypted connection, offered today's or only the `old` versions of TLS."""
        return handshake_facts(await self._dialogue.handshake(self._owner, old=old))

    def size_parameter(self, kind: str) -> str | None:
        """The name of the parameter that sets the page size, as the specification or the dialect has it."""
        resource = self._resource(kind)
        if resource.list is None:
            return None
        return documented_parameter(resource, self._dialect.paging.size)

    def read_page(self, kind: str, exchange: Exchange, asked: Params = ()) -> Page:
        """Read an answer as a page of records. Raises CouldNotLook where it is a refusal or holds no list."""
        return read_page(exchange, asked, self._resource(kind), self._dialect)

    async def _follow(self, kind: str, step: Next) -> Page:
        if step.url is None:
            return await self.page(kind, params=step.params)
        if not _is_on(step.url, self._base_url):
            raise CouldNotLook(
                Reason.CONNECTIVITY,
                "the address of the next page leads to another system, where no credential may go",
            )
        exchange = await self._dialogue.send("GET", step.url, owner=self._owner)
        return self.read_page(kind, exchange, parse_qsl(urlsplit(step.url).query))

    def _everywhere(self) -> Params:
        return tuple(self._dialect.extra_query.items())

    def _resource(self, kind: str) -> Resource:
        try:
            return self._resources[kind]
        except KeyError:
            raise CouldNotLook(
                Reason.RESOURCE_NOT_FOUND, f"no path could be recognised as the {kind.replace('_', ' ')}"
            ) from None


def _with_id(path: str, record_id: str) -> str:
    """A path of a record with the record's id in place of the last placeholder. Raises CouldNotLook where its step
    has several of them: one id cannot fill the key.
    """
    place = _LAST_PLACEHOLDER.search(path)
    if place is None:
        return path
    before, after = path[: place.start()], path[place.end() :]
    if "{" in before.rpartition("/")[2]:
        raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, f"the key of one record of {path} has several parts")
    if before.endswith("'") and after.startswith("'"):  # a text in quotes, as OData writes keys: quotes are doubled
        record_id = record_id.replace("'", "''")
    return before + quote(record_id, safe="", errors="replace") + after


def _is_on(url: str, base_url: str) -> bool:
    """Whether an address is on the vendor's origin; what is no address is not."""
    try:
        return origin(url) == origin(base_url)
    except ValueError:
        return False
