"""The event trial: subscribes addresses that treat deliveries in different ways, causes events, and watches.

Nothing is judged here. Calls are made at the beginning and at the end; in between others may use the API, for there is
only waiting. Every subscription and record is our own, and is deleted at the end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.dialect import squeezed
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.facts import Cause, Corner, Ending, EventTrial, What
from cmms_audit.events.recorded import TRIAL, trial_to_json
from cmms_audit.events.stage import Stage
from cmms_audit.events.subscription import NARROWING, Wish, draft, events_offered
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.own_records import Created, Extra, OwnRecords
from cmms_audit.paging import documented_parameter
from cmms_audit.patterns import pattern
from cmms_audit.sample_bodies import Sources
from cmms_audit.spec.operations import Operation
from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner, Script
from cmms_audit.webhooks.delivery import Delivery

SUBSCRIPTIONS, WORK_ORDERS, ASSETS = "webhooks", "work_orders", "assets"
STEADY, FAILING, LATER, SILENT, BROKEN, GONE, NARROW = (
    "steady", "failing", "later", "silent", "broken", "gone", "narrow",
)  # fmt: skip
_LONGEST_SILENCE = 35.0  # seconds; senders wait 5 to 30 for an answer
_LONGEST_RETRY_AFTER = 5  # seconds
_AFTER_THE_END = 5.0  # seconds that are waited for what should not come any more
_MOST_STATUSES = 4

_GRACE = 1.0  # seconds more, after an event has come to another address

_PLACEHOLDER = pattern(r"\{[^{}]{1,100}\}")
_STATUS = pattern(r"status|state$")
_LOG = pattern(r"deliver|attempt|/logs?(?:/|$)|/events?(?:/|$)|history", re.IGNORECASE)
_SECRET = pattern(r"/(?:signing[-_]?)?(?:secret|key)/?$", re.IGNORECASE)
_REPLAY = pattern(r"(?:replay|redeliver\w*|resend|retry|retries|attempts?)/?$", re.IGNORECASE)


class _Values(Struct, frozen=True):
    """What the work orders of the trial are made with: of the matching ones, and of those that differ in one thing."""

    matching: Mapping[str, Any]
    only: Mapping[str, Any]
    differing: Mapping[str, Mapping[str, Any]]


async def try_events(api: Api, own: OwnRecords, sources: Sources, watch: float, stage: Stage) -> EventTrial:
    """Carry out the trial, watching for so many seconds.

    Raises CouldNotLook where nothing can be subscribed or caused.
    """
    try:
        async with own.tidied():
            return await _Trial(api, own, sources, watch, stage).run()
    finally:
        stage.waiting.set()


class _Trial:
    def __init__(self, api: Api, own: OwnRecords, sources: Sources, watch: float, stage: Stage) -> None:
        self._api = api
        self._own = own
        self._sources = sources
        self._seconds = watch
        self._stage = stage
        self._causes: list[Cause] = []
        self._corners: dict[str, Corner] = {}
        self._retry_after = max(1, min(_LONGEST_RETRY_AFTER, int(watch / 4)))

    async def run(self) -> EventTrial:
        values = await self._values()
        for name, script in self._scripts().items():
            self._corners[name] = await self._corner(name, script, values.only if name == NARROW else {})
        if not any(each.made for each in self._corners.values()):
            refused = next(iter(self._corners.values())).refused
            raise CouldNotLook(Reason.VENDOR_SILENT, f"no subscription could be made: {refused}")
        await self._cause_all(values)
        self._api.remark(TRIAL, trial_to_json(self._so_far(), watched=False))
        self._stage.says = f"watching for {self._seconds:g} seconds what events come, and what comes again"
        self._stage.waiting.set()
        await self._watch(self._seconds)
        self._api.remark(TRIAL, trial_to_json(self._so_far(), watched=True))
        await self._stage.others_done.wait()
        trial = self._so_far()
        return replace(trial, ending=await self._end(trial))

    def _so_far(self) -> EventTrial:
        return EventTrial(dict(self._corners), tuple(self._causes), self._seconds, self._retry_after)

    def _scripts(self) -> dict[str, Script]:
        """The addresses of the trial, and how each treats what comes."""
        silence = min(_LONGEST_SILENCE, self._seconds / 2)
        away = Behaviour(Manner.AWAY, seconds=min(2.0, self._seconds / 4))
        busy = Behaviour(status=503)
        return {
            STEADY: ACCEPT,
            FAILING: (busy,),
            LATER: (Behaviour(status=503, retry_after=str(self._retry_after)), *ACCEPT),
            SILENT: (Behaviour(Manner.SILENT, seconds=silence), *ACCEPT),
            BROKEN: (Behaviour(Manner.RESET), away, *ACCEPT),
            GONE: (Behaviour(status=410),),
            NARROW: ACCEPT,
        }

    # -- subscribing --------------------------------------------------------------------------------------

    async def _corner(self, name: str, script: Script, only: Mapping[str, Any]) -> Corner:
        """Open an address and subscribe it. What cannot be had is told in the corner."""
        corner = Corner(name, script)
        try:
            url = await self._api.open_address(name, self._own.next_mark(), script)
            wish = Wish(url, self._api.signing_secret, only)
            drafted = await draft(SUBSCRIPTIONS, wish, self._sources)
            made = await self._own.subscribe(SUBSCRIPTIONS, drafted.body)
            await self._fetch_secret(made)
        except CouldNotLook as why:
            if why.reason in (Reason.BUDGET, Reason.INTERRUPTED):
                raise
            return replace(corner, refused=why.summary)
        return replace(corner, made=made, narrowed=drafted.narrowed, gives_secret=drafted.gives_secret)

    async def _fetch_secret(self, made: Created) -> None:
        """Ask for the secret of a subscription where it has an address of its own."""
        operation = self._at_subscription("GET", _SECRET)
        if operation is not None and made.address is not None:
            await self._api.get(made.address + _after_id(operation), secret_of=made.marker)

    async def _values(self) -> _Values:
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
        levels = list(properties[priority].enum or ()) if priority else []
        if priority and len(levels) > 1:
            matching[priority], only["priority"] = levels[0], levels[0]
            differing["priority"] = {priority: levels[-1]}
        offered = events_offered(self._subscribing(), dialect)
        created = [each for each in offered if re.search(r"work.?order.*creat|wo.*creat", each, re.IGNORECASE)]
        only |= {"event_types": created[0]} if created else {}
        return _Values(matching, {each: only[each] for each in NARROWING if each in only}, differing)

    def _subscribing(self) -> Any:
        create = self._api.resources[SUBSCRIPTIONS].create
        return create.request if create else None

    async def _assets(self) -> list[dict[str, Any]]:
        """Assets of the first page, and of another site: their ids, sites and classes."""
        try:
            page = await self._sources.first_page(ASSETS)
            records = [*page.records, *await self._elsewhere(page.records)]
        except CouldNotLook:
            return []
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

    # -- causing ------------------------------------------------------------------------------------------

    async def _cause_all(self, values: _Values) -> None:
        await self._create(values.matching)
        second = await self._create(values.matching)
        await self._change_status(second)
        for concept, members in values.differing.items():
            await self._create({**values.matching, **members}, differs=concept)

    async def _create(self, members: Mapping[str, Any], *, differs: str = "", what: What = "created") -> Created:
        at = self._api.clock.now()
        made = await self._own.create(WORK_ORDERS, Extra(members=members))
        if made.record_id is None:
            says = "the answer to the create does not tell the record's id, so its events could not be known"
            raise CouldNotLook(Reason.VENDOR_SILENT, says, made)
        self._causes.append(Cause(len(self._causes) + 1, what, made.record_id, at, made.exchange, differs))
        return made

    async def _change_status(self, made: Created) -> None:
        """Give a work order of ours another status, by whichever way is described; nothing where none is taken."""
        await self._own.read(made)
        for operation, member, value in self._statuses():
            at = self._api.clock.now()
            exchange = await self._own.act(made, operation, {member: value})
            if exchange.ok and made.record_id is not None:
                number = len(self._causes) + 1
                self._causes.append(Cause(number, "status changed", made.record_id, at, exchange, "event_types"))
                return

    def _statuses(self) -> list[tuple[Operation, str, Any]]:
        """Calls that may change the status: actions at one work order first, then the field itself."""
        orders = self._api.resources[WORK_ORDERS]
        below = [each for each in orders.others if each.method == "POST" and each.path.count("{") == 1]
        ways = []
        for operation in (*below, *([orders.update] if orders.update else [])):
            properties = operation.request.properties if operation.request else {}
            fields = [name for name in properties if _STATUS.search(squeezed(name)) and properties[name].enum]
            ways += [(operation, fields[0], value) for value in (properties[fields[0]].enum or ())] if fields else []
        return ways[:_MOST_STATUSES]

    # -- watching and ending ------------------------------------------------------------------------------

    async def _watch(self, seconds: float) -> None:
        """Wait, and keep what came by then."""
        names = [name for name, corner in self._corners.items() if corner.made]
        came = await asyncio.gather(*(self._api.deliveries(name, seconds, _never) for name in names))
        for name, received in zip(names, came, strict=True):
            self._corners[name] = replace(self._corners[name], came=received)

    async def _end(self, trial: EventTrial) -> Ending:
        """What can only be tried once the watch is over. What the vendor does not offer stays None."""
        log = await self._log(FAILING)
        self._api.treat(FAILING, ACCEPT)
        ending = replace(await self._replayed(trial, log), log=log)
        return await self._after_the_end(ending)

    async def _log(self, name: str) -> Exchange | None:
        operation, made = self._at_subscription("GET", _LOG), self._corners[name].made
        if operation is None or made is None or made.address is None:
            return None
        return await self._api.get(made.address + _after_id(operation))

    async def _replayed(self, trial: EventTrial, log: Exchange | None) -> Ending:
        """Ask for an event once more, and see whether it comes.

        Best one that had been taken, for no other try of it can be on its way; where such are not sent again, one that
        failed.
        """
        operation = self._at_subscription("POST", _REPLAY)
        if operation is None or log is None:
            return Ending()
        answer = None
        for name, entries in ((STEADY, await self._log(STEADY)), (FAILING, log)):
            address = self._address_of_replay(operation, self._corners[name].made, entries)
            if address is None:
                continue
            before = len(trial.corners[name].came)
            answer = await self._api.write("POST", address, purpose=Purpose.PROVOKED)
            if answer.ok:
                return Ending(replay=answer, replayed=await self._more_came(name, before))
        return Ending(replay=answer)

    async def _more_came(self, name: str, before: int) -> bool:
        came = await self._api.deliveries(name, _AFTER_THE_END, lambda seen: len(seen) > before)
        return len(came) > before

    def _address_of_replay(self, operation: Operation, made: Created | None, log: Exchange | None) -> str | None:
        """Where the last delivery of a subscription's log is asked for again."""
        if log is None or not log.ok or made is None or made.record_id is None:
            return None
        ids = [record[name] for record in _records(log) if (name := self._api.dialect.field_in("id", record))]
        if not ids:
            return None
        given = iter((made.record_id, ids[-1]) if operation.path.count("{") > 1 else (ids[-1],))
        return self._api.address(_PLACEHOLDER.sub(lambda _: quote(str(next(given, "")), safe=""), operation.path))

    async def _after_the_end(self, ending: Ending) -> Ending:
        """End the steady subscription, cause one more event, and see that it comes to others only."""
        steady, control = self._corners[STEADY], self._corners[LATER]
        if not steady.made or not control.made:
            return ending
        removal = await self._own.delete(steady.made)
        if removal.outcome != "deleted":
            return ending
        before = len(steady.came)
        made = await self._create({}, what="created after the end")
        text = made.record_id or ""
        came = await self._api.deliveries(LATER, _AFTER_THE_END, lambda all_: any(_tells(each, text) for each in all_))
        late = await self._api.deliveries(STEADY, _GRACE, lambda deliveries: len(deliveries) > before)
        control_came = any(_tells(each.delivery, text) for each in came)
        return replace(ending, control=control_came, late=tuple(each for each in late if _tells(each.delivery, text)))

    def _at_subscription(self, method: str, words: re.Pattern[str]) -> Operation | None:
        subscriptions = self._api.resources[SUBSCRIPTIONS]
        found = (each for each in subscriptions.others if each.method == method)
        return next((each for each in found if words.search(each.path.removeprefix(subscriptions.path))), None)


def _never(_: Sequence[Delivery]) -> bool:
    return False


def _records(log: Exchange) -> list[dict[str, Any]]:
    """The entries of a log: the members of the longest list of the answer."""
    lists = [log.json] if isinstance(log.json, list) else []
    lists += [each for each in log.json.values() if isinstance(each, list)] if isinstance(log.json, dict) else []
    return [each for each in max(lists, key=len, default=[]) if isinstance(each, dict)]


def _tells(delivery: Delivery, record_id: str) -> bool:
    return record_id.encode() in delivery.body


def _after_id(operation: Operation) -> str:
    return operation.path.rpartition("}")[2]
