"""Writes with a credential that should not be able to write: at a record of our own, or where there is no record.

Whatever is let through stays ours: what is created is in the ledger, what is changed or deleted was made for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose
from cmms_audit.own_records import Created, Extra, OwnRecords
from cmms_audit.own_search import is_marked_deleted
from cmms_audit.patterns import pattern
from cmms_audit.sample_bodies import Sources, required_members
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Schema

_SUBSCRIPTIONS = "webhooks"
_NOWHERE = "https://cmms-audit.invalid/events"  # no such name can exist (RFC 2606), so nothing is sent to anybody
_NO_ID = "cmms-audit-none"
_BOUNDARY = "cmms-audit-part"
_WORDS = "written without permission"
_GONE = (404, 410)
_BULK = pattern(r"(?:^|[/:_-])(?:bulk|batch|import|many)", re.IGNORECASE)
_PLAIN_END = pattern(r"(?:[/:][A-Za-z0-9_-]{1,60}){1,3}/?")
# What reaches more than our one record, or other people, where it is let in after all.
_REACHES_FURTHER = pattern(
    r"delet|remov|archiv|purg|clear|reset|copy|copies|clon|duplicat|split|merg|convert|generat|send|notif|mail|shar"
    r"|invit|publish|escalat|dispatch|assign|receiv|receipt|issu|transfer|reserv|consum|pay|invoic|order|export"
    r"|sync|post|print",
    re.IGNORECASE,
)
_LAST_PLACEHOLDER = pattern(r"\{[^{}]{1,100}\}")
_ERROR_MEMBERS = ("error", "errors", "exception", "fault")


class Trial(Struct, frozen=True):
    """One attempt to write: what it was, its answer (None: it could not be made, as `says`), and if it took effect.

    `at_nothing` says that it was tried at what does not exist. `refused_in_text`: under a status of success, the
    answer says that the call failed.
    """

    what: str
    exchange: Exchange | None = None
    done: bool = False
    says: str = ""
    at_nothing: bool = False

    @property
    def refused_in_text(self) -> bool:
        """Whether the answer is a refusal that its status does not tell."""
        return self.exchange is not None and self.exchange.ok and says_error(self.exchange)


class Trials:
    """Tries every kind of write that is described at one record that `main` made, with another credential."""

    def __init__(
        self, api: Api, own: OwnRecords, sources: Sources, made: Created, credential: str, *, subscribing: bool
    ) -> None:
        """`subscribing` says whether the user allowed subscriptions to events."""
        self._api = api
        self._own = own
        self._sources = sources
        self._made = made
        self._credential = credential
        self._subscribing = subscribing
        self._resource: Resource = api.resources[made.kind]
        self._before: Exchange | None = None

    async def all(self) -> list[Trial]:
        """Try everything, the delete last. Raises CouldNotLook where the record cannot be read back as our own."""
        self._before = await self._own.read(self._made)
        done = []
        for what, attempt in self._attempts():
            try:
                done.append(await attempt(what))
            except CouldNotLook as why:
                done.append(Trial(what, says=why.summary))
        return done

    def _attempts(self) -> Iterator[tuple[str, Callable[[str], Awaitable[Trial]]]]:
        """What is described, in words, and how it is tried."""
        yield "create", self.create
        if self._resource.update:
            yield "update", self._update
        if self._bulk():
            yield "bulk write", self._in_bulk
        if self._action():
            yield "action", self._act
        if self._upload():
            yield "attachment", self._attach
        if self._api.resources.get(_SUBSCRIPTIONS):
            yield "subscription", self._subscribe
        if self._resource.delete:
            yield "delete", self._delete

    async def create(self, what: str) -> Trial:
        """Try to create a record like the one that `main` made. Raises CouldNotLook where nothing can be sent."""
        made = await self._own.create_again(self._made, Extra(credential=self._credential))
        return Trial(what, made.exchange, done=self._is_new(made))

    def _is_new(self, made: Created) -> bool:
        """Whether another record than our first one was made."""
        if not made.ok or says_error(made.exchange) or made.address == self._made.address:
            return False
        return made.address is not None or made.marker in made.exchange.text

    async def _update(self, what: str) -> Trial:
        update = self._resource.update
        assert update is not None  # noqa: S101 - tried only where it is described
        text = self._own.text_of(self._made, _WORDS, for_update=True)
        body = {**self._made.sent, **text} if update.method == "PUT" else text
        exchange = await self._send(update.method, self._address(), json=body)
        return await self._seen_through(what, exchange, words=_WORDS)

    async def _in_bulk(self, what: str) -> Trial:
        """A bulk update of our own record alone; where only bulk creates are described, an empty one."""
        bulk = self._bulk()
        assert bulk is not None  # noqa: S101 - tried only where it is described
        change: list[dict[str, Any]] = []
        if bulk.method in ("PATCH", "PUT") and self._made.record_id:
            text = self._own.text_of(self._made, _WORDS, for_update=True)
            change = [{self._resource.id_field or "id": self._made.record_id, **text}]
        exchange = await self._send(bulk.method, self._api.address(bulk.path), json=_wrapped(bulk.request, change))
        return await self._seen_through(what, exchange, words=_WORDS)

    async def _act(self, what: str) -> Trial:
        action = self._action()
        assert action is not None  # noqa: S101 - tried only where it is described
        request, made = action.request, self._made
        body = await required_members(made.kind, request, made.marker, self._sources) if request else None
        return await self._seen_through(what, await self._send(action.method, self._below(action), json=body))

    async def _attach(self, what: str) -> Trial:
        upload = self._upload()
        assert upload is not None  # noqa: S101 - tried only where it is described
        name = next((each.name for each in upload.form if each.schema.format == "binary"), "file")
        body = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{quote(name)}"; filename="cmms-audit.txt"\r\n'
            f"Content-Type: text/plain\r\n\r\n{self._made.marker}\r\n--{_BOUNDARY}--\r\n"
        )
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        exchange = await self._send(upload.method, self._below(upload), body=body.encode(), headers=headers)
        is_page = "html" in exchange.media_type
        return Trial(what, exchange, done=exchange.ok and not is_page and not says_error(exchange))

    async def _subscribe(self, what: str) -> Trial:
        """A subscription of our own, where that was allowed and it can be marked as ours, which leads nowhere."""
        if not self._subscribing:
            return await self._at_no_subscription(what)
        try:
            draft = await self._own.draft(_SUBSCRIPTIONS)
        except CouldNotLook:
            return await self._at_no_subscription(what)
        targets = [name for name, value in draft.body.items() if _is_address(value)]
        if not targets:  # who would be called is not known
            return await self._at_no_subscription(what)
        body = json.dumps({**draft.body, **dict.fromkeys(targets, _NOWHERE)}).encode()
        made = await self._own.send_spoilt(draft, body, credential=self._credential)
        return Trial(what, made.exchange, done=self._is_new(made))

    async def _at_no_subscription(self, what: str) -> Trial:
        """A delete, or else a change, of a subscription that does not exist: one that does would call somebody."""
        subscriptions = self._api.resources[_SUBSCRIPTIONS]
        operation = subscriptions.delete or subscriptions.update
        if operation is None:
            return Trial(what, says="no way to end a subscription is described")
        url = self._api.address(_LAST_PLACEHOLDER.sub(_NO_ID, operation.path))
        body: dict[str, Any] | None = None if operation.method == "DELETE" else {}
        return Trial(what, await self._send(operation.method, url, json=body), at_nothing=True)

    async def _delete(self, what: str) -> Trial:
        exchange = await self._send("DELETE", self._address())
        if not exchange.ok or says_error(exchange):
            return Trial(what, exchange)
        after = await self._api.get(self._address(), purpose=Purpose.PROVOKED)
        gone = after.status in _GONE or is_marked_deleted(self._own.record(after), self._api.dialect)
        return Trial(what, exchange, done=gone)

    async def _send(self, method: str, url: str, *, headers: dict[str, str] | None = None, **more: Any) -> Exchange:
        etag = self._before.header("etag") if self._before else None
        headers = {**(headers or {}), **({"If-Match": etag} if etag and url == self._address() else {})}
        return await self._api.write(
            method, url, headers=headers, purpose=Purpose.PROVOKED, credential=self._credential, **more
        )

    async def _seen_through(self, what: str, exchange: Exchange, words: str = "") -> Trial:
        """An answer, and whether the record was changed by it, as `main` sees it.

        Where `words` were to be written, they have to be there: systems change fields of their own at any time.
        """
        if not exchange.ok or says_error(exchange):
            return Trial(what, exchange)
        before, self._before = self._before, await self._own.read(self._made)
        changed = before is None or self._own.record(before) != self._own.record(self._before)
        return Trial(what, exchange, done=changed and words.casefold() in self._before.text.casefold())

    def _address(self) -> str:
        assert self._made.address is not None  # noqa: S101 - it was read there
        return self._made.address

    def _below(self, operation: Operation) -> str:
        """The address of an operation below our record."""
        return self._address() + _after_placeholder(operation.path)

    def _bulk(self) -> Operation | None:
        """A bulk update, or else a bulk create."""
        found = [
            each
            for each in self._resource.others
            if each.method in ("PATCH", "PUT", "POST")
            and each.path.count("{") == self._resource.path.count("{")
            and _BULK.search(each.path.removeprefix(self._resource.path))
            and _is_harmless(each.path.removeprefix(self._resource.path))
        ]
        return min(found, key=lambda each: each.method == "POST", default=None)

    def _action(self) -> Operation | None:
        """A call with a JSON body, or none."""
        taken = (each for each in self._at_record() if each.request is not None or not each.request_media_types)
        return next((each for each in taken if not each.form), None)

    def _upload(self) -> Operation | None:
        takes = (each for each in self._at_record() if any("multipart" in name for name in each.request_media_types))
        return next(takes, None)

    def _at_record(self) -> Iterator[Operation]:
        """POSTs right below one record."""
        one = self._resource.path.count("{") + 1
        posts = (each for each in self._resource.others if each.method == "POST" and each.path.count("{") == one)
        yield from (each for each in posts if _is_harmless(_after_placeholder(each.path)))


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def says_error(exchange: Exchange) -> bool:
    """Whether an answer under a status of success says in its members that the call failed."""
    body = exchange.json
    if not isinstance(body, dict):
        return False
    named = any(body.get(name) not in (None, False, [], {}, "") for name in _ERROR_MEMBERS)
    failed = body.get("success") is False or body.get("ok") is False
    return named or failed or str(body.get("status", "")).lower() in ("error", "failure", "failed")


def _is_harmless(end: str) -> bool:
    """Whether the end of a path names something that stays with our record, as far as its words tell."""
    return _PLAIN_END.fullmatch(end) is not None and _REACHES_FURTHER.search(end) is None


def _after_placeholder(path: str) -> str:
    return path.rpartition("}")[2]


def _wrapped(request: Schema | None, items: list[dict[str, Any]]) -> Any:
    """Some records as a bulk call takes them: in the list that its body has, or as the list that it is."""
    lists = [name for name, each in request.properties.items() if "array" in each.types] if request else []
    return {lists[0]: items} if lists else items
