"""Records that an audit makes for itself, changes, and deletes: each carries a marker, and nothing else is touched.

What a record is made of is `sample_bodies`' business, what is left at the end of a run `clean_up`'s.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Evidence, Exchange, Purpose, Reason
from cmms_audit.own_removal import TAKEN_IN, WAITS, Removal, Remover
from cmms_audit.own_search import (
    Found,
    address_of,
    bears,
    find_own,
    new_marker,
    record_in,
    record_pattern,
)
from cmms_audit.paging import Params
from cmms_audit.sample_bodies import Sources, new_body, texts
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.resources import Resource
from cmms_audit.wire.ledger import Creation, address_in, id_in_body


class Extra(Struct, frozen=True):
    """What a create or a change carries beside its usual body: members, headers, query parameters, and whose it is."""

    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Params = ()
    credential: str = "main"


class Created(Struct, frozen=True):
    """The answer to a create of ours. `ok` says that a record was made, `address` and `record_id` are the vendor's.

    `sent` is what was sent, with the `marker` in it; both ids are None where the answer tells none.
    """

    exchange: Exchange
    kind: str
    number: str
    marker: str
    sent: Mapping[str, Any]
    url: str
    address: str | None
    record_id: str | None

    @property
    def ok(self) -> bool:
        """Whether the vendor says that the record was made."""
        return self.exchange.ok

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence


class Draft(Struct, frozen=True):
    """What a create would send, before it is sent: the kind of record, and a body with the `marker` in it."""

    kind: str
    marker: str
    body: Mapping[str, Any]


class OwnRecords:
    """What one check makes for itself. Numbers and keys are the same whenever the same check of a run is judged."""

    def __init__(self, api: Api, *, run_id: str, sources: Sources) -> None:
        self._api = api
        self._sources = sources
        self._series = f"{run_id}-{zlib.crc32(api.owner.encode()):08x}"
        self._numbers = 0
        self._keys = 0
        self._made: list[Created] = []
        self._seen_as_ours: set[str] = set()

    def new_key(self) -> str:
        """A key for a create that may be repeated, in the form of a UUID, which every vendor takes."""
        self._keys += 1
        digits = hashlib.sha256(f"{self._series} {self._keys}".encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}-{digits[18:30]}"

    async def create(self, kind: str, extra: Extra | None = None) -> Created:
        """Make a record that bears a marker of its own.

        Raises CouldNotLook: not-permitted; resource-not-found or vendor-silent where no body can be made up, or the
        vendor refuses it; otherwise as Session.send.
        """
        self._resource(kind)
        marker = new_marker(self._series, self._numbers + 1)
        made = await self._send(kind, marker, await new_body(kind, marker, self._sources), extra or Extra())
        if not made.ok:
            raise _refused(made)
        return await self._carried_out(made)

    async def create_again(self, first: Created, extra: Extra | None = None) -> Created:
        """Send a create once more, the same marker and body but for what is `extra`; any answer will do."""
        return await self._send(first.kind, first.marker, first.sent, extra or Extra())

    async def draft(self, kind: str) -> Draft:
        """What a create of this kind would send, with a marker of its own. Raises CouldNotLook as `create`."""
        self._resource(kind)
        marker = new_marker(self._series, self._numbers + 1)
        return Draft(kind, marker, await new_body(kind, marker, self._sources))

    def next_mark(self) -> str:
        """The mark that the next record will bear, in letters that an address may hold."""
        return new_marker(self._series, self._numbers + 1).replace(" ", "-")

    async def subscribe(self, kind: str, body: Mapping[str, Any]) -> Created:
        """Make a subscription whose body holds our next mark, in the address that it calls.

        Raises ValueError where it does not, CouldNotLook as `create`.
        """
        marker = self.next_mark()
        if not bears(dict(body), marker):
            raise ValueError("a subscription without our mark is found again by nobody")
        made = await self._send(kind, marker, body, Extra())
        if not made.ok:
            raise _refused(made)
        return made

    async def act(self, made: Created, operation: Operation, body: Mapping[str, Any]) -> Exchange:
        """Call an operation at a record that was read back and bears our marker, or below it; any answer will do.

        Raises CouldNotLook where it was not read back (see `read`).
        """
        if made.address is None or made.address not in self._seen_as_ours:
            raise CouldNotLook(Reason.NOT_PERMITTED, "only records that are known to be our own are changed", made)
        address = made.address + operation.path.rpartition("}")[2]
        return await self._api.write(operation.method, address, json=dict(body))

    async def send_spoilt(
        self, draft: Draft, body: bytes, media_type: str = "application/json", credential: str = "main"
    ) -> Created:
        """Send a create whose body was spoilt; any answer will do. What comes of it all the same is ours.

        Raises ValueError where the body does not hold the marker, by which a record would be found.
        """
        if draft.marker.encode() not in body:
            raise ValueError("a body without our text makes records that nobody finds again")
        extra = Extra(headers={"Content-Type": media_type}, credential=credential)
        return await self._send(draft.kind, draft.marker, draft.body, extra, body)

    async def misuse(self, made: Created, method: str) -> Exchange:
        """Call a record that was read back and bears our marker by a method that it need not have; any answer will do.

        It is sent its own body, so that nothing is lost where the method changes it. Raises CouldNotLook where the
        record was not read back (see `read`).
        """
        if made.address is None or made.address not in self._seen_as_ours:
            raise CouldNotLook(Reason.NOT_PERMITTED, "only records that are known to be our own are called so", made)
        return await self._api.write(method, made.address, json=dict(made.sent), purpose=Purpose.PROVOKED)

    def text_of(self, made: Created, words: str, *, for_update: bool = False) -> dict[str, str]:
        """A changed text for a record, still with its marker: the name of the field and its new value.

        Raises CouldNotLook where no such field may be sent.
        """
        resource = self._resource(made.kind)
        operation = resource.update if for_update else resource.create
        sent: Mapping[str, Any] = {} if operation and operation.request else made.sent
        places = texts(operation.request if operation else None, sent, made.marker, self._api.dialect)
        roomy = [each for each in places if each.most is None or each.most >= len(f"{made.marker} {words}")]
        if not roomy:
            raise CouldNotLook(Reason.VENDOR_SILENT, f"no text of a record of {resource.path} can be changed", resource)
        return {roomy[-1].name: roomy[-1].holding(made.marker, words)}

    async def read(self, made: Created) -> Exchange:
        """The record as the vendor has it now. Raises CouldNotLook where it cannot be found, or is not ours."""
        if made.address is None:
            raise CouldNotLook(Reason.VENDOR_SILENT, "the answer to the create does not tell where the record is", made)
        exchange = await self._api.get(made.address)
        if not exchange.ok or "redirect_of" in exchange.notes or not self.bears_mark(made, exchange):
            says = f"the record that was just made could not be read back ({exchange.status})"
            raise CouldNotLook(Reason.VENDOR_SILENT, says, made, exchange)
        self._seen_as_ours.add(made.address)
        return exchange

    def record(self, exchange: Exchange) -> dict[str, Any]:
        """The record that an answer holds."""
        return record_in(exchange.json, self._api.dialect)

    def bears_mark(self, made: Created, exchange: Exchange) -> bool:
        """Whether an answer holds this record of ours."""
        return bears(self.record(exchange), made.marker)

    async def change(self, made: Created, extra: Extra) -> Exchange:
        """Change what is `extra` of a record that was read back and bears our marker; any answer will do.

        Raises CouldNotLook where no way to change it is described, or it was not read back (see `read`).
        """
        resource = self._resource(made.kind)
        if resource.update is None or made.address is None:
            raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, f"no way to change a record of {resource.path} is described")
        if made.address not in self._seen_as_ours:
            raise CouldNotLook(Reason.NOT_PERMITTED, "only records that are known to be our own are changed", made)
        method = resource.update.method
        body = {**made.sent, **extra.members} if method == "PUT" else dict(extra.members)
        return await self._api.write(method, made.address, json=body, params=extra.params, headers=extra.headers)

    async def at_location(self, made: Created) -> Exchange | None:
        """What is at the address that the answer to a create gives (Location); None where it gives none.

        Raises CouldNotLook where it leads to another system, to which nothing is sent.
        """
        location = made.exchange.header("location")
        if not location:
            return None
        try:
            address = urljoin(made.url, location)
        except ValueError:
            raise CouldNotLook(Reason.NOT_PERMITTED, "the address (Location) is no address", made) from None
        return await self._api.get(address)

    async def delete(self, made: Created) -> Removal:
        """Delete a record, if it is ours, and see whether it is gone. Raises CouldNotLook as Remover.remove."""
        if made.address is None:
            return Removal("kept", "the answer to the create does not tell where the record is")
        removal = await Remover(self._api, Purpose.API).remove(made.kind, made.url, made.marker, made.address)
        if removal.outcome == "deleted" and self._api.ledger and removal.after:
            self._api.ledger.deleted(made.number, made.address, removal.after)
        if removal.outcome == "deleted":
            self._made = [each for each in self._made if each.address != made.address]
        return removal

    async def found(self, made: Created) -> Found:
        """The records that bear the marker of this one, looked for in the list.

        What was only taken in (202) is given time, lest a record that comes later is overlooked.
        """
        if made.exchange.status == TAKEN_IN:
            await self._api.clock.sleep(sum(WAITS))
        return await find_own(self._api, made.kind, made.url, made.marker, Purpose.API)

    @asynccontextmanager
    async def tidied(self) -> AsyncIterator[OwnRecords]:
        """Delete what was made when the check is done with it. What cannot be deleted now is tried again at the end."""
        try:
            yield self
        except Exception:
            await self._tidy()
            raise
        await self._tidy()

    async def _tidy(self) -> None:
        while self._made:
            made = self._made.pop()
            self._made = [each for each in self._made if each.address != made.address]
            with suppress(CouldNotLook):
                await self.delete(made)

    async def _carried_out(self, made: Created) -> Created:
        """A create that was only taken in (202), with the address that its record has in the list by and by."""
        if made.exchange.status != TAKEN_IN or made.address:
            return made
        for wait in WAITS:
            await self._api.clock.sleep(wait)
            found = await find_own(self._api, made.kind, made.url, made.marker, Purpose.API)
            addresses = [address_of(self._api, made.kind, made.url, each) for each in found.records]
            if addresses and addresses[0] and found.last:
                if self._api.ledger:
                    self._api.ledger.found(made.number, addresses[0], found.last)
                settled = replace(made, address=addresses[0])
                self._made = [settled if each is made else each for each in self._made]
                return settled
        return made

    async def _send(
        self, kind: str, marker: str, body: Mapping[str, Any], extra: Extra, raw: bytes | None = None
    ) -> Created:
        self._numbers += 1
        creation = self._creation(kind, f"{self._series}-{self._numbers}", marker)
        sent = {**body, **extra.members}
        exchange = await self._api.write(
            "POST",
            creation.url,
            json=sent if raw is None else None,
            body=raw,
            params=extra.params,
            headers=extra.headers,
            purpose=Purpose.API if raw is None else Purpose.PROVOKED,
            creation=creation,
            credential=extra.credential,
        )
        address = address_in(creation, exchange) if exchange.ok else None
        record_id = id_in_body(creation, exchange) if exchange.ok else None
        made = Created(exchange, kind, creation.number, marker, sent, creation.url, address, record_id)
        if made.ok:
            self._made.append(made)
        return made

    def _creation(self, kind: str, number: str, marker: str) -> Creation:
        resource = self._resource(kind)
        dialect = self._api.dialect
        own = (resource.id_field,) if resource.id_field else ()
        names = tuple(dict.fromkeys((*own, *dialect.fields.get("id", ()))))
        wrapped = tuple(f"{wrapper}.{name}" for wrapper in dialect.paging.wrappers for name in names)
        url = self._api.address(resource.create.path if resource.create else resource.path)
        return Creation(number, kind, url, marker, record_pattern(self._api, kind), (*names, *wrapped))

    def _resource(self, kind: str) -> Resource:
        resource = self._api.resources.get(kind)
        if resource is None or "{" in resource.path or not (resource.create or self._sources.samples.get(kind)):
            plain = kind.replace("_", " ")
            raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, f"no way to create one of the {plain} is described")
        return resource


def _refused(made: Created) -> CouldNotLook:
    status = made.exchange.status
    if status in (401, 403):
        return CouldNotLook(Reason.CREDENTIAL, f"the credential may not create records ({status})", made)
    if status == 429 or status >= 500 or status < 400:
        return CouldNotLook(Reason.CONNECTIVITY, f"the create was answered with {status}", made)
    advice = f"give one that is accepted in the vendor file under resources: {made.kind}: {{path: …, sample: {{…}}}}"
    return CouldNotLook(
        Reason.VENDOR_SILENT, f"the vendor refused the record that was made up ({status}); {advice}", made
    )
