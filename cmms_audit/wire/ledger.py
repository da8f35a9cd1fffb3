"""What the audit itself created: written down before the request leaves, and read back to find and delete it.

Deleting is left to `own_records`; what stands here is only the account of it, in lines of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote, urljoin, urlsplit

from msgspec import Struct

from cmms_audit.addresses import origin
from cmms_audit.model import Exchange
from cmms_audit.paging import at

if TYPE_CHECKING:
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.redact import Redactor

CREATING, CREATED, NOT_CREATED, DELETED = "creating", "created", "not_created", "deleted"
KINDS = (CREATING, CREATED, NOT_CREATED, DELETED)
PLACE = "{id}"  # where the id of a record stands in its address

_UNCLEAR_REFUSALS = frozenset({408, 425, 499})  # the request may have been carried out all the same
_LONGEST_ID = 500

State = Literal["open", "created", "not_created", "deleted"]


class Creation(Struct, frozen=True):
    """A record that is about to be made: which kind, in which collection, and the text that finds it again.

    `record_url` is the address of one record with `PLACE` for its id, `id_names` the members of an answer (dotted) that
    may hold that id.
    """

    number: str
    kind: str
    url: str
    marker: str
    record_url: str = ""
    id_names: tuple[str, ...] = ()


class OwnRecord(Struct):
    """What became of one creation. An "open" one was announced and its answer lost: it is to be looked for.

    `url` is the address of the collection; `address` that of the record, None where the vendor did not tell it.
    """

    number: str
    owner: str
    kind: str
    url: str
    marker: str
    address: str | None = None
    state: State = "open"

    @property
    def may_be_there(self) -> bool:
        """Whether the vendor may still hold it."""
        return self.state in ("open", "created")

    def __str__(self) -> str:
        plain = self.kind.replace("_", " ")
        if self.address:
            return f"{plain}: {self.address} ('{self.marker}')"
        if self.state == "created":
            return f"{plain}: the record with the text '{self.marker}' in {self.url}"
        return f"{plain}: a record with the text '{self.marker}', if there is one, in {self.url}"


class Kept(Struct, frozen=True):
    """The account of a run in figures: records created, deleted, and in plain words those that may still be there."""

    created: int
    deleted: int
    left_behind: tuple[str, ...]


class Ledger:
    """Writes down what is created, and what became of it. Addresses are kept as they are recorded, secrets removed."""

    def __init__(self, journal: Journal, redactor: Redactor | None = None, earlier: Iterable[OwnRecord] = ()) -> None:
        """`earlier` is what an interrupted part of the same run had created (see `creations`)."""
        self._journal = journal
        self._redactor = redactor
        self.records: list[OwnRecord] = list(earlier)

    def announce(self, creation: Creation, owner: str) -> None:
        """Write down what is about to be created, so that it outlives a crash, before the request leaves."""
        where = {"url": self._text(creation.url), "marker": creation.marker}
        members = {"number": creation.number, "owner": owner, "resource": creation.kind, **where}
        self._journal.write(CREATING, members)
        self._journal.sync()
        _take_in(self.records, {"kind": CREATING, **members})

    def settle(self, creation: Creation, exchange: Exchange) -> None:
        """Write down what the answer says of it; nothing where it does not tell whether the record was made."""
        if exchange.ok:
            self.found(creation.number, address_in(creation, exchange), exchange)
        elif 400 <= exchange.status < 500 and exchange.status not in _UNCLEAR_REFUSALS:
            self.not_there(creation.number, exchange)

    def not_sent(self, creation: Creation) -> None:
        """Write down that the request did not leave after all."""
        self._write(NOT_CREATED, {"number": creation.number, "address": None, "exchange": None})

    def found(self, number: str, address: str | None, exchange: Exchange) -> None:
        """Write down that the record was made, and where it is."""
        members = {"number": number, "exchange": exchange.id, "status": exchange.status}
        self._write(CREATED, {**members, "address": self._text(address)})

    def not_there(self, number: str, exchange: Exchange, *, address: str | None = None) -> None:
        """Write down that no record came of it, or that what is at this address is none of ours."""
        self._write(NOT_CREATED, {"number": number, "address": self._text(address), "exchange": exchange.id})

    def deleted(self, number: str, address: str, exchange: Exchange) -> None:
        """Write down that a record was seen to be gone; once, however often it is told."""
        recorded = self._text(address)
        if any(each.may_be_there and each.address == recorded for each in self.records):
            self._write(DELETED, {"number": number, "address": recorded, "exchange": exchange.id})

    def knows(self, address: str) -> bool:
        """Whether the record at this address is in the account."""
        return any(each.address == self._text(address) for each in self.records)

    def _write(self, kind: str, members: Mapping[str, Any]) -> None:
        _take_in(self.records, {"kind": kind, **members})
        self._journal.write(kind, members)

    def _text(self, text: str | None) -> str | None:
        return self._redactor.text(text) if self._redactor and text else text


def creations(lines: Iterable[Mapping[str, Any]]) -> list[OwnRecord]:
    """Everything that was created, deleted or left open, in the order of its announcement; other lines are skipped."""
    records: list[OwnRecord] = []
    for line in lines:
        if line["kind"] in KINDS:
            _take_in(records, line)
    return records


def figures(records: Sequence[OwnRecord]) -> Kept:
    """The account in figures. Two creations that made one record count as one."""
    made = {each.address or each.number for each in records if each.state in ("created", "deleted")}
    gone = {each.address or each.number for each in records if each.state == "deleted"}
    left = dict.fromkeys(str(each) for each in records if each.may_be_there)
    return Kept(len(made), len(gone), tuple(left))


def address_in(creation: Creation, exchange: Exchange) -> str | None:
    """The address of the record that an answer tells of: where its Location points, else with the id in its body.

    A Location counts only where it is the address of one record of the same collection on the same host, whatever else
    the vendor writes there. The body of a 202 may describe the task instead of the record (RFC 9110, section 15.3.3):
    its id counts only where the body holds our text. None where the answer tells no address.
    """
    pattern = creation.record_url or creation.url.rstrip("/") + "/" + PLACE
    location = exchange.header("location")
    if location and id_in_address(pattern, location) is not None:
        return urljoin(pattern, location)
    is_record = exchange.status != 202 or creation.marker in exchange.text
    found = id_in_body(creation, exchange) if is_record else None
    return pattern.replace(PLACE, quote(found, safe="", errors="replace")) if found else None


def id_in_address(pattern: str, address: str) -> str | None:
    """The id of the record that an address names; None where it is not the address of one record as `pattern` has it.

    `address` may lack scheme and host. Steps upwards, slashes in disguise and parameters are not accepted.
    """
    try:
        whole = urljoin(pattern, address)
        if origin(whole) != origin(pattern) or urlsplit(whole).query or urlsplit(whole).fragment:
            return None
    except ValueError:
        return None
    before, _, after = urlsplit(pattern).path.partition(PLACE)
    path = urlsplit(whole).path
    if not (path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after)):
        return None
    return plain_id(unquote(path[len(before) : len(path) - len(after)]))


def id_in_body(creation: Creation, exchange: Exchange) -> str | None:
    """The id of the record that the body of an answer names; None where it names none."""
    for name in creation.id_names:
        value = at(exchange.json, name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return plain_id(str(value))
    return None


def plain_id(text: str) -> str | None:
    """An id as it may stand in an address; None where it is empty, too long, or would lead elsewhere."""
    usable = 0 < len(text) <= _LONGEST_ID and text.isprintable() and not set(text) & set("/\\") and text.strip(".")
    return text if usable else None


def _take_in(records: list[OwnRecord], line: Mapping[str, Any]) -> None:
    """Let one line change the account."""
    number, address = line["number"], line.get("address")
    if line["kind"] == CREATING:
        records.append(OwnRecord(number, line["owner"], line["resource"], line["url"], line["marker"]))
    elif line["kind"] == CREATED:
        _take_in_found(records, number, address)
    elif line["kind"] == NOT_CREATED:
        meant = [each for each in records if each.number == number and each.may_be_there and each.address == address]
        for each in meant[-1:]:
            each.state = "not_created"
    else:
        for each in records:
            if each.address == address:
                each.state = "deleted"


def _take_in_found(records: list[OwnRecord], number: str, address: str | None) -> None:
    """A record was made. One announcement may turn out to have made several: each further one gets an entry."""
    own = [each for each in records if each.number == number]
    waiting = [each for each in own if each.may_be_there and each.address is None]
    if waiting:
        waiting[-1].address, waiting[-1].state = address, "created"
    elif own and address is not None and all(each.address != address for each in own):
        first = own[0]
        further = OwnRecord(number, first.owner, first.kind, first.url, first.marker, address, "created")
        records.append(further)
