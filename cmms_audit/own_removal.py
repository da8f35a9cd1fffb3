"""Deleting records of our own: read back first, and looked at again afterwards. What is not ours is not touched."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.own_search import address_of, bears, find_own, is_marked_deleted, record_in

WAITS = (0.0, 1.0, 2.0)  # seconds before each look whether what was only taken in (202) has been carried out
TAKEN_IN = 202
_GONE = (404, 410)

Outcome = Literal["deleted", "gone", "foreign", "kept"]


class Removal(Struct, frozen=True):
    """What became of a record that was to be deleted, and the exchanges: read back, deletion, a last look.

    "deleted" was seen to be gone afterwards, or to be marked as deleted, "gone" was not there any more, "foreign" does
    not bear our marker and was not touched, "kept" could not be deleted, for the reason that `says` gives.
    """

    outcome: Outcome
    says: str = ""
    before: Exchange | None = None
    answer: Exchange | None = None
    after: Exchange | None = None


class Remover:
    """Deletes records that bear our marker, and sees to it that they are gone."""

    def __init__(self, api: Api, purpose: Purpose) -> None:
        self._api = api
        self._purpose = purpose

    async def remove(self, kind: str, url: str, marker: str, address: str) -> Removal:
        """Delete one record, if it is ours. Raises CouldNotLook where it cannot be read back."""
        before = await self._api.get(address, purpose=self._purpose)
        if "redirect_of" in before.notes:
            return Removal("kept", "its address leads elsewhere, so nothing was touched", before)
        stays = await self._foreign_or_gone(before, kind, url, marker, address)
        if stays:
            return stays
        answer = await self._delete(address, before)
        if answer is not None and not answer.ok and answer.status not in _GONE:
            return Removal("kept", f"deleting it was answered with {answer.status}", before, answer)
        return await self._seen_gone(Removal("kept", "", before, answer), kind, url, marker, address)

    async def _foreign_or_gone(
        self, before: Exchange, kind: str, url: str, marker: str, address: str
    ) -> Removal | None:
        """Why nothing is deleted; None where the record is there and ours, as it was read or as the list has it."""
        if before.ok:
            if bears(record_in(before.json, self._api.dialect), marker):
                return None
            return Removal("foreign", "what is there does not bear our text, so it was not touched", before)
        listed = await find_own(self._api, kind, url, marker, self._purpose)
        if address in [address_of(self._api, kind, url, each) for each in listed.records]:
            return None
        if listed.records:
            return Removal("foreign", "it lies at another address than the vendor told", before)
        if before.status in _GONE or listed.complete:
            return Removal("gone", before=before)
        return Removal("kept", f"it could not be read back ({before.status})", before)

    async def _delete(self, address: str, before: Exchange) -> Exchange | None:
        """The answer to the DELETE; None where it was lost. A vendor who asks for the version is given it."""
        try:
            answer = await self._api.write("DELETE", address, purpose=self._purpose)
            etag = before.header("etag")
            if answer.status == 428 and etag:
                answer = await self._api.write("DELETE", address, headers={"If-Match": etag}, purpose=self._purpose)
            return answer
        except CouldNotLook as why:
            if why.reason not in (Reason.CONNECTIVITY, Reason.TIMEOUT):
                raise
            return None

    async def _seen_gone(self, so_far: Removal, kind: str, url: str, marker: str, address: str) -> Removal:
        """Look whether the record is gone: from its address, or at least from the list."""
        after = None
        later = so_far.answer is not None and so_far.answer.status == TAKEN_IN
        for wait in WAITS if later else WAITS[:1]:
            if wait:
                await self._api.clock.sleep(wait)
            after = await self._api.get(address, purpose=self._purpose)
            if after.status in _GONE and so_far.before and so_far.before.ok:
                return Removal("deleted", "", so_far.before, so_far.answer, after)
            if after.ok and self._marked(after) and not (so_far.before and self._marked(so_far.before)):
                return Removal("deleted", "it is marked as deleted", so_far.before, so_far.answer, after)
        found = await find_own(self._api, kind, url, marker, self._purpose)
        if after is not None and found.complete and not found.records:
            return Removal("deleted", "it is gone from the list", so_far.before, so_far.answer, after)
        says = "the vendor says that it was deleted, but it is still there"
        if so_far.answer is None or not so_far.answer.ok:
            says = "it could not be deleted" + (f" ({so_far.answer.status})" if so_far.answer else "")
        return Removal("kept", says, so_far.before, so_far.answer, after)

    def _marked(self, exchange: Exchange) -> bool:
        return is_marked_deleted(record_in(exchange.json, self._api.dialect), self._api.dialect)
