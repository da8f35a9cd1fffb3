"""What the audit does to make events: work orders of its own, changes of them, and of an asset of its own.

Nothing is judged, and nothing of others is changed. Who calls deletes what was made.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from msgspec import Struct

from cmms_audit.api import Api
from cmms_audit.dialect import squeezed
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.causes import Cause, What, tells_of
from cmms_audit.events.subscription import NARROWING, events_offered, new_order_events, plain_kind
from cmms_audit.model import Exchange, Reason
from cmms_audit.own_records import Created, Extra, OwnRecords
from cmms_audit.paging import documented_parameter
from cmms_audit.patterns import pattern
from cmms_audit.sample_bodies import Sources
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.schema import Schema
from cmms_audit.webhooks.delivery import Delivery, event_types

WORK_ORDERS, ASSETS, SUBSCRIPTIONS = "work_orders", "assets", "webhooks"
_LONGEST_WAY = 1.0  # seconds that a delivery waits for the answer to our create to be here
_TRIAL = pattern(r"ping|test|verif|valid|handshake|challenge|hello")
_MOST_STATUSES = 4
_NUMBERS = {"integer", "number"}
_STATUS = pattern(r"status|state$")
_CONDITIONS = ("condition", "health", "status", "state")  # what a member is called in which the state of an asset is
_CHANGED_ORDER = pattern(r"(?:(?<!purchase)(?<!sales)order|^wo)s?(?:updat|chang|modif|edit)")
_CHANGED_ASSET = pattern(r"assets?(?:updat|chang|modif|edit)")
_OTHER_CONDITION = pattern(r"asset.{0,20}(?:condition|health|status|state)")
FATAL = (Reason.BUDGET, Reason.INTERRUPTED)
"""Why an act of ours ends the whole trial; after any other refusal it goes on without."""


class Values(Struct, frozen=True):
    """What the work orders of the trial are made with: of the matching ones, and of those that differ in one thing.

    `only` is what a subscription is narrowed to, by concept, so that just the matching ones come through.
    """

    matching: Mapping[str, Any]
    only: Mapping[str, Any]
    differing: Mapping[str, Mapping[str, Any]]


class Causing:
    """Makes events happen, and keeps account of what it did (`causes`, in order).

    `matching` is what the work orders are made with that every subscription lets through.
    """

    def __init__(self, api: Api, own: OwnRecords, sources: Sources) -> None:
        self._api = api
        self._own = own
        self._sources = sources
        self.causes: list[Cause] = []
        self.matching: Mapping[str, Any] = {}
        self._settled = asyncio.Event()
        self._settled.set()
        create = api.resources[SUBSCRIPTIONS].create
        self._offered = events_offered(create.request if create else None, api.dialect)

    async def settled(self) -> None:
        """Wait until the answer to a create that is on its way tells the id of the record."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAY):
                await self._settled.wait()

    def recognises(self, delivery: Delivery) -> bool:
        """Whether a delivery tells of a record of ours; of one that is not answered yet, whatever is no trial may."""
        if any(tells_of(delivery, cause) for cause in self.causes):
            return True
        return not self._settled.is_set() and not any(_TRIAL.search(squeezed(each)) for each in event_types(delivery))

    async def values(self) -> Values:
        """Assets and priorities, and those that differ from them in one thing, where there are any."""
        create = self._api.resources[WORK_ORDERS].create if WORK_ORDERS in self._api.resources else None
        properties = create.request.properties if create and create.request else {}
        dialect = self._api.dialect
        asset_field, priority = dialect.field_in("asset", properties), dialect.field_in("priority", properties)
        assets = await self._assets() if asset_field else []
        matching: dict[str, Any] = {}
        only: dict[str, Any] = {}
        differing: dict[str, Mapping[str, Any]] = {}
        if asset_field and assets:
            first = assets[0]
            matching[asset_field] = first["id"]
            for concept, other in (("site", "asset_class"), ("asset_class", "site")):
                only |= {concept: first[concept]} if first[concept] is not None else {}
                unlike = [each for each in assets if each[concept] != first[concept] and each[other] == first[other]]
                differing |= {concept: {asset_field: unlike[0]["id"]}} if unlike else {}
        levels = [each for each in properties[priority].enum or () if each is not None] if priority else []
        if priority and len(levels) > 1:
            matching[priority], only["priority"] = levels[0], levels[0]
            differing["priority"] = {priority: levels[-1]}
        new = new_order_events(self._offered)
        only |= {"event_types": new[0]} if new else {}
        return Values(matching, {each: only[each] for each in NARROWING if each in only}, differing)

    async def cause_all(self, values: Values) -> None:
        """Create work orders that match and that differ, and change what events are offered for.

        Raises CouldNotLook where no work order can be created, or its record is not told.
        """
        self.matching = values.matching
        await self.create(values.matching)
        second = await self.create(values.matching)
        await self._change_status(second)
        await self._change_text(second)
        for concept, members in values.differing.items():
            await self.create({**values.matching, **members}, differs=concept)
        await self._change_asset()

    async def create(self, members: Mapping[str, Any], *, differs: str = "", what: What = "created") -> Created:
        """Create a work order with these members. Raises CouldNotLook."""
        self._settled.clear()
        try:
            made = await self._own.create(WORK_ORDERS, Extra(members=members))
            if made.record_id is None:
                says = "the answer to the create does not tell the record's id, so its events could not be known"
                raise CouldNotLook(Reason.VENDOR_SILENT, says, made)
            self._note(what, made, made.exchange, differs)
        finally:
            self._settled.set()
        return made

    async def _change_status(self, made: Created) -> None:
        """Give a work order of ours another status, by whichever way is described; nothing where none is taken."""
        with where_it_can():
            read = await self._own.read(made)
            before = self._own.record(read)
            for operation, member, value in self._statuses(before):
                if operation is self._api.resources[WORK_ORDERS].update:
                    exchange = await self._own.change(made, _as_it_stands(read, {member: value}))
                else:
                    exchange = await self._own.act(made, operation, {member: value})
                if exchange.ok and self._status(self._own.record(await self._own.read(made))) != self._status(before):
                    self._note("status changed", made, exchange, "event_types")
                    return

    def _status(self, record: Mapping[str, Any]) -> Any:
        """The status of a record, or all of it where none can be told."""
        name = self._api.dialect.field_in("status", record)
        return record[name] if name is not None else record

    def _statuses(self, before: Mapping[str, Any]) -> list[tuple[Operation, str, Any]]:
        """Calls that may change the status from what it is: actions at one work order first, then the field itself."""
        orders = self._api.resources[WORK_ORDERS]
        now = {squeezed(each) for each in _texts(self._status(before))}
        below = [each for each in orders.others if each.method == "POST" and each.path.count("{") == 1]
        ways = []
        for operation in (*below, *([orders.update] if orders.update else [])):
            properties = operation.request.properties if operation.request else {}
            name = next((each for each in properties if _STATUS.search(squeezed(each)) and properties[each].enum), None)
            if name is not None:
                others = [each for each in properties[name].enum or () if squeezed(str(each)) not in now]
                ways += [(operation, name, value) for value in others]
        return ways[:_MOST_STATUSES]

    async def _change_text(self, made: Created) -> None:
        """Change a text of a work order of ours, where changes have events of their own."""
        if not any(_CHANGED_ORDER.search(word) and not _STATUS.search(word) for word in self._kinds()):
            return
        with where_it_can():
            await self._change(made, self._own.text_of(made, "changed", for_update=True), "changed")

    async def _change_asset(self) -> None:
        """Make an asset and change it, where that has events of its own, and the asset can be deleted again."""
        of_all = any(_CHANGED_ASSET.search(word) for word in self._kinds())
        conditions = [word for word in self._kinds() if _OTHER_CONDITION.search(word)]
        assets = self._api.resources.get(ASSETS)
        if not (of_all or conditions) or assets is None or not (assets.create and assets.update and assets.delete):
            return
        with where_it_can():
            made = await self._own.create(ASSETS)
            if made.record_id is None:
                return
            self._note("asset created", made, made.exchange, "event_types")
            members = self._other_condition(self._own.record(await self._own.read(made)), conditions)
            if not members and of_all:
                members = self._own.text_of(made, "changed", for_update=True)
            if members:
                await self._change(made, members, "asset changed")

    def _other_condition(self, record: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
        """Another condition of an asset than it has, or another status, as these kinds of events are about one.

        Nothing where it cannot be chosen.
        """
        update = self._api.resources[ASSETS].update
        properties = update.request.properties if update and update.request else {}
        for word in (each for each in _CONDITIONS if any(each in kind for kind in kinds)):
            for name in (each for each in properties if word in squeezed(each)):
                other = _another(properties[name], record.get(name))
                if other is not None:
                    return {name: other}
        return {}

    async def _change(self, made: Created, members: Mapping[str, Any], what: What) -> None:
        """Change members of a record of ours; it counts as a cause where the vendor says that it is done."""
        exchange = await self._own.change(made, _as_it_stands(await self._own.read(made), members))
        if exchange.ok:
            self._note(what, made, exchange, "event_types")

    def _kinds(self) -> list[str]:
        return [plain_kind(each) for each in self._offered]

    def _note(self, what: What, made: Created, exchange: Exchange, differs: str = "") -> Cause:
        number, at = len(self.causes) + 1, datetime.fromisoformat(exchange.started)
        cause = Cause(number, what, made.record_id or "", at, exchange, differs, made.marker)
        self.causes.append(cause)
        return cause

    async def _assets(self) -> list[dict[str, Any]]:
        """Assets of the first page, and of another site: their ids, sites and classes."""
        try:
            records: Sequence[Mapping[str, Any]] = (await self._sources.first_page(ASSETS)).records
        except CouldNotLook:
            return []
        with where_it_can():
            records = [*records, *await self._elsewhere(records)]
        dialect = self._api.dialect
        found = []
        for record in records:
            names = {concept: dialect.field_in(concept, record) for concept in ("id", "site", "asset_class")}
            found.append({concept: record[name] if name else None for concept, name in names.items()})
        return [each for each in found if each["id"] is not None]

    async def _elsewhere(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Assets of another site than the first one's, where the list can be asked for them."""
        site = self._api.dialect.field_in("site", records[0]) if records else None
        parameter = documented_parameter(self._api.resources[ASSETS], self._api.dialect.fields["site"])
        if site is None or parameter is None or "sites" not in self._api.resources:
            return ()
        sites = (await self._sources.first_page("sites")).records
        ids = [each[name] for each in sites if (name := self._api.dialect.field_in("id", each))]
        other = next((each for each in ids if each != records[0][site]), None)
        return (await self._api.page(ASSETS, params=((parameter, str(other)),))).records if other is not None else ()


def _as_it_stands(read: Exchange, members: Mapping[str, Any]) -> Extra:
    """A change of a record as it was read, which is refused where somebody else changed it since."""
    etag = read.header("etag")
    return Extra(members=members, headers={"If-Match": etag} if etag else {})


def _texts(value: Any) -> list[str]:
    """A value, or what stands in it, as texts."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [str(each) for each in inner]


def _another(schema: Schema, value: Any) -> Any:
    """Another value than this one, of those that are listed, or the other end of what a number may be."""
    if schema.enum:
        return next((each for each in schema.enum if each not in (None, value)), None)
    if not _NUMBERS & set(schema.types):
        return None
    ends = [each for each in (schema.minimum, schema.maximum) if each is not None and math.isfinite(each)]
    other = next((each for each in ends if each != value), None)
    return int(other) if other is not None and "integer" in schema.types else other


@contextmanager
def where_it_can(fatal: Collection[Reason] = FATAL) -> Iterator[None]:
    """What the vendor does not take is left out; the trial goes on without it, but for reasons that are `fatal`."""
    try:
        yield
    except CouldNotLook as why:
        if why.reason in fatal:
            raise
