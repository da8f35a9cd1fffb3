"""Deletes what a run has left at the vendor: every record that its ledger says may still be there.

Called at the end of every run, however it ended, and by the command of that name. It has a time of its own, and one
record that cannot be dealt with does not keep the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from msgspec import Struct

from cmms_audit.api import Api
from cmms_audit.dialect import Dialect
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose
from cmms_audit.own_removal import Remover
from cmms_audit.own_search import Found, address_of, find_own, is_marker
from cmms_audit.spec.resources import Resource
from cmms_audit.wire.dialogue import Dialogue
from cmms_audit.wire.ledger import Ledger, OwnRecord

if TYPE_CHECKING:
    from cmms_audit.wire.clock import Clock
    from cmms_audit.wire.session import Session

OWNER = "cleanup"
MOST_SECONDS = 60.0
_MOST_SEARCHES = 4
_MOST_FOUND = 10  # of one marker: more cannot be ours
_PATIENCE = 1.0  # seconds, once, that requests are given to be carried out whose answer was lost or told no address
_NO_TIME = "there was no time left to delete it"


class CleanedUp(Struct, frozen=True):
    """What was deleted just now, and what is left with the reason, both in plain words."""

    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


async def clean_up(
    session: Session,
    *,
    base_url: str,
    resources: Mapping[str, Resource],
    dialect: Dialect,
    clock: Clock,
    seconds: float = MOST_SECONDS,
) -> CleanedUp:
    """Delete everything that the session's ledger says may still be there, the newest first, and write it down.

    `resources` may be empty where the specification could not be read: addresses are in the ledger. Raises nothing that
    a vendor can cause; what could not be deleted is in the answer, and stays open in the ledger.
    """
    waiting = [each for each in session.ledger.records if each.may_be_there]
    if not waiting:
        return CleanedUp()
    before = {id(each) for each in session.ledger.records if each.state == "deleted"}
    dialogue = Dialogue(session, roles=session.roles, clock=clock)
    api = Api(dialogue, base_url=base_url, resources=resources, dialect=dialect, owner=OWNER)
    cleaner = _Cleaner(api, session.ledger)
    try:
        async with asyncio.timeout(seconds):
            for record in reversed(waiting):
                await cleaner.deal_with(record)
    except TimeoutError:
        pass
    records = session.ledger.records
    deleted = dict.fromkeys(str(each) for each in records if each.state == "deleted" and id(each) not in before)
    left = (f"{each}: {cleaner.why.get(each.number, _NO_TIME)}" for each in records if each.may_be_there)
    return CleanedUp(tuple(deleted), tuple(dict.fromkeys(left)))


class _Cleaner:
    """Deals with one record after the other; `why` says, by its number, what kept a record from being deleted."""

    def __init__(self, api: Api, ledger: Ledger) -> None:
        self.why: dict[str, str] = {}
        self._api = api
        self._ledger = ledger
        self._remover = Remover(api, Purpose.CLEANUP)
        self._has_waited = False

    async def deal_with(self, record: OwnRecord) -> None:
        """Delete one record if it is there; whatever goes wrong is the reason why it is left."""
        if not record.may_be_there:  # another of the same address was dealt with already
            return
        if not is_marker(record.marker):
            self.why[record.number] = "its text is none of those that mark records of an audit"
            return
        if record.marker.casefold() in unquote_plus(record.address or "").casefold():
            self.why[record.number] = "its address holds the text, so an answer that repeats it would prove nothing"
            return
        try:
            if record.address is None or not await self._removed(record, record.address):
                await self._search(record)
        except CouldNotLook as why:
            self.why[record.number] = why.summary
        except Exception as error:  # one record must not keep the others from being deleted
            self.why[record.number] = f"it could not be dealt with, by a fault of this program ({type(error).__name__})"

    async def _removed(self, record: OwnRecord, address: str) -> bool:
        """Whether nothing is to be looked for any more: the record was deleted, or is not ours to delete elsewhere."""
        removal = await self._remover.remove(record.kind, record.url, record.marker, address)
        seen = removal.after or removal.before
        if removal.outcome in ("deleted", "gone") and seen is not None:
            self._ledger.deleted(record.number, address, seen)
        else:
            self.why[record.number] = removal.says
        return removal.outcome != "foreign"

    async def _search(self, record: OwnRecord) -> None:
        """Delete every record that bears the marker, until none does. Where none can have been overlooked, say so."""
        told = record.address  # where nothing of ours lies, if the vendor told an address at all
        for turn in range(_MOST_SEARCHES):
            found = await find_own(self._api, record.kind, record.url, record.marker, Purpose.CLEANUP)
            if not found.records and record.address is None and not self._has_waited:
                self._has_waited = True
                await self._api.clock.sleep(_PATIENCE)
                found = await find_own(self._api, record.kind, record.url, record.marker, Purpose.CLEANUP)
            if len(found.records) > _MOST_FOUND:
                self.why[record.number] = "so many records bear its text that they cannot be ours"
                return
            if not found.records or found.last is None:
                self._nowhere(record, told, found, any_deleted=turn > 0)
                return
            for each in found.records:
                if not await self._remove_found(record, each, found.last):
                    return
        self.why[record.number] = "records with its text appear again and again"

    async def _remove_found(self, record: OwnRecord, found: dict[str, Any], seen: Exchange) -> bool:
        """Delete a record that the list has; returns whether it is gone."""
        address = address_of(self._api, record.kind, record.url, found)
        if address is None:
            self.why[record.number] = "the list does not tell its number"
            return False
        removal = await self._remover.remove(record.kind, record.url, record.marker, address)
        if removal.outcome != "foreign" and not self._ledger.knows(address):
            self._ledger.found(record.number, address, seen)
        if removal.outcome not in ("deleted", "gone"):
            self.why[record.number] = removal.says
            return False
        self._ledger.deleted(record.number, address, removal.after or seen)
        return True

    def _nowhere(self, record: OwnRecord, told: str | None, found: Found, *, any_deleted: bool) -> None:
        """No record bears the marker. That settles it, unless the vendor said that there was one and none was found."""
        if not (found.complete and found.last):
            self.why.setdefault(record.number, "the list could not be searched to its end")
        elif not record.may_be_there or record.address != told:
            return
        elif any_deleted or record.state == "open" or self._was_the_same(record):
            self._ledger.not_there(record.number, found.last, address=told)
        else:
            self.why.setdefault(record.number, "the vendor said that it was made, but no record bears its text")

    def _was_the_same(self, record: OwnRecord) -> bool:
        """Whether a repeated create that told no address must have made the record that was deleted already."""
        others = (each for each in self._ledger.records if each.marker == record.marker)
        return record.address is None and any(each.state == "deleted" for each in others)
