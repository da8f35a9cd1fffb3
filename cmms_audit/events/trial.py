"""The event trial: subscribes addresses that treat deliveries in different ways, causes events, and watches.

Nothing is judged here. Calls are made at the beginning and at the end; in between others may use the API, for there is
only waiting. Every subscription and record is our own, and is deleted at the end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.causing import FATAL, SUBSCRIPTIONS, Causing, where_it_can
from cmms_audit.events.ending import End, at_subscription
from cmms_audit.events.facts import BROKEN, FAILING, GONE, LATER, NARROW, SILENT, STEADY, Corner, EventTrial
from cmms_audit.events.recorded import THEIRS, TRIAL, trial_to_json
from cmms_audit.events.stage import Stage
from cmms_audit.events.subscription import Wish, draft
from cmms_audit.model import Reason
from cmms_audit.own_records import Created, OwnRecords
from cmms_audit.patterns import pattern
from cmms_audit.sample_bodies import Sources
from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner, Script
from cmms_audit.webhooks.delivery import Delivery

_LONGEST_SILENCE = 35.0  # seconds; senders wait 5 to 30 for an answer
_LONGEST_RETRY_AFTER = 5  # seconds
_SECRET = pattern(r"/(?:signing[-_]?)?(?:secret|key)/?$", re.IGNORECASE)


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
        self._causing = Causing(api, own, sources)
        self._corners: dict[str, Corner] = {}
        self._retry_after = max(1, min(_LONGEST_RETRY_AFTER, int(watch / 4)))

    async def run(self) -> EventTrial:
        values = await self._causing.values()
        for name, script in self._scripts().items():
            self._corners[name] = await self._corner(name, script, values.only if name == NARROW else {})
        if not any(each.made for each in self._corners.values()):
            refused = next(iter(self._corners.values())).refused
            raise CouldNotLook(Reason.VENDOR_SILENT, f"no subscription could be made: {refused}")
        for name, corner in self._corners.items():
            if corner.made:
                self._api.treat(name, corner.script, first_of=self._causing)
        await self._causing.cause_all(values)
        self._api.remark(TRIAL, trial_to_json(self._so_far(), watched=False), theirs=THEIRS)
        self._stage.says = f"watching for {self._seconds:g} seconds, beside all else, what events come and come again"
        self._stage.waiting.set()
        await self._watch(self._seconds)
        self._api.remark(TRIAL, trial_to_json(self._so_far(), watched=True), theirs=THEIRS)
        await self._stage.others_done.wait()
        trial = self._so_far()
        trial = replace(trial, ending=await End(self._api, self._own, self._causing, trial).run())
        if trial.ending.resting:
            self._api.remark(TRIAL, trial_to_json(trial, watched=True), theirs=THEIRS)
        return trial

    def _so_far(self) -> EventTrial:
        return EventTrial(dict(self._corners), tuple(self._causing.causes), self._seconds, self._retry_after)

    def _scripts(self) -> dict[str, Script]:
        """The addresses of the trial, and how each treats the first event that comes; all others are taken."""
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
            if why.reason in FATAL:
                raise
            return replace(corner, refused=why.summary)
        return replace(
            corner, made=made, narrowed=drafted.narrowed, events=drafted.events, gives_secret=drafted.gives_secret
        )

    async def _fetch_secret(self, made: Created) -> None:
        """Ask for the secret of a subscription where it has an address of its own."""
        rest = at_subscription(self._api, "GET", _SECRET)
        if rest is not None and made.address is not None:
            with where_it_can():
                await self._api.get(made.address + rest, secret_of=made.marker)

    async def _watch(self, seconds: float) -> None:
        """Wait, and keep what came by then."""
        names = [name for name, corner in self._corners.items() if corner.made]
        await asyncio.gather(*(self._watch_one(name, seconds) for name in names))

    async def _watch_one(self, name: str, seconds: float) -> None:
        try:
            came = await self._api.deliveries(name, seconds, _never)
            self._corners[name] = replace(self._corners[name], came=came)
        except CouldNotLook as why:
            if why.reason in FATAL:
                raise
            self._corners[name] = replace(self._corners[name], flooded=why.summary)


def _never(_: Sequence[Delivery]) -> bool:
    return False
