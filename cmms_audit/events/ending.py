"""The end of an event trial: what can only be tried once the watch is over. Nothing is judged here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.dialect import squeezed
from cmms_audit.events.causes import Cause, names_of, tells_of
from cmms_audit.events.causing import SUBSCRIPTIONS, Causing, where_it_can
from cmms_audit.events.facts import FAILING, LATER, NARROW, STEADY, Ending, EventTrial, entries_of
from cmms_audit.events.naming import names_within
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.own_records import Created, OwnRecords
from cmms_audit.patterns import pattern
from cmms_audit.webhooks.behaviour import ACCEPT
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Received
from cmms_audit.wire.ledger import plain_id

_SHORTEST_WAIT, _LONGEST_WAIT = 5.0, 60.0  # seconds that are waited for one more event
_TIMES_SLOWER = 3.0  # that this event may be than the slowest before
_MOST_ENTRIES = 500  # of a log, and events that are looked for in it
_GRACE = 1.0  # seconds more, after an event has come to another address

_PLACEHOLDER = pattern(r"\{[^{}]{1,100}\}")
_LOG = pattern(r"deliver|attempt|/logs?(?:/|$)|history", re.IGNORECASE)
_REPLAY = pattern(r"(?:replay|redeliver\w*|resend|retry|retries|attempts?)/?$", re.IGNORECASE)
_IS_ON = ("active", "enabled", "isactive", "isenabled")
_IS_OFF = ("disabled", "paused", "suspended", "isdisabled", "ispaused", "inactive")
_OFF_WORDS = pattern(r"disabl|inactiv|paus|suspend|fail|stopped|broken")


def at_subscription(api: Api, method: str, words: re.Pattern[str], *, also_below: bool = False) -> str | None:
    """What follows the address of one subscription where an operation is called for by one of these words.

    With `also_below` it may hold one more placeholder, for what lies below the subscription.
    """
    subscriptions = api.resources[SUBSCRIPTIONS]
    for each in subscriptions.others:
        one, _, rest = each.path.removeprefix(subscriptions.path).partition("}")
        is_below_one = each.method == method and one.startswith("/{") and rest.count("{") <= int(also_below)
        if is_below_one and words.search(rest):
            return rest
    return None


class End:
    """Reads the log, asks for an event once more, and ends a subscription to see whether it is silent then."""

    def __init__(self, api: Api, own: OwnRecords, causing: Causing, trial: EventTrial) -> None:
        self._api = api
        self._own = own
        self._causing = causing
        self._trial = trial
        first = (each for name in trial.corners for each in trial.arrivals(name).values())
        slowest = max((each.latency for each in first), default=0.0)
        self._patience = min(max(_SHORTEST_WAIT, _TIMES_SLOWER * slowest), _LONGEST_WAIT)

    async def run(self) -> Ending:
        """What became of it. What the vendor does not offer stays None."""
        ending = Ending()
        with where_it_can(fatal=(Reason.INTERRUPTED,)):
            ending = replace(ending, log=await self._log(FAILING))
        with where_it_can(fatal=(Reason.INTERRUPTED,)):
            ending = replace(ending, resting=await self._resting())
        self._api.treat(FAILING, ACCEPT)
        with where_it_can(fatal=(Reason.INTERRUPTED,)):
            ending = await self._replayed(ending)
        with where_it_can(fatal=(Reason.INTERRUPTED,)):
            return await self._after_the_end(ending)
        return ending

    async def _log(self, name: str) -> Exchange | None:
        rest, made = at_subscription(self._api, "GET", _LOG), self._trial.corners[name].made
        if rest is None or made is None or made.address is None:
            return None
        return await self._api.get(made.address + rest)

    async def _resting(self) -> bool | None:
        """Whether the failing subscription is switched off by now, or gone; None where that cannot be told."""
        made = self._trial.corners[FAILING].made
        if made is None or made.address is None:
            return None
        exchange = await self._api.get(made.address)
        if exchange.status in (404, 410):
            return True
        return _says_resting(self._own.record(exchange)) if exchange.ok else None

    # -- once more ----------------------------------------------------------------------------------------

    async def _replayed(self, ending: Ending) -> Ending:
        """Ask for an event once more, and see whether it comes.

        Best one that had been taken, for no other try of it can be on its way; where such are not sent again, one that
        failed.
        """
        rest = at_subscription(self._api, "POST", _REPLAY, also_below=True)
        if rest is None or ending.log is None:
            return ending
        answer = None
        for name, entries in ((STEADY, await self._log(STEADY)), (FAILING, ending.log)):
            if self._trial.corners[name].flooded:
                continue
            causes, entry = self._entry(name, entries)
            address = await self._address_of_replay(rest, self._trial.corners[name].made, entry)
            if address is None:
                continue
            before = await self._count(name)
            answer = await self._api.write("POST", address, purpose=Purpose.PROVOKED)
            if answer.ok:
                came = await self._new(name, before, causes, self._patience)
                return replace(ending, replay=answer, replayed=bool(came))
        return replace(ending, replay=answer)

    def _entry(self, name: str, log: Exchange | None) -> tuple[Sequence[Cause], Mapping[str, Any]]:
        """An entry of a log, and which causes it may be of: one cause where it names its event, else any of ours."""
        entries = entries_of(log)[:_MOST_ENTRIES] if log is not None and log.ok else []
        named = [(entry, names_within(entry)) for entry in entries]
        events = self._trial.events(name)[:_MOST_ENTRIES]
        for event in events:
            own = {each.casefold() for each in (event.key, *event.ids)}
            found = next((entry for entry, names in named if not own.isdisjoint(names)), None)
            if found is not None:
                return [event.cause], found
        ours = names_of([event.cause for event in events])
        found = next((entry for entry, names in named if not ours.isdisjoint(names)), None)
        return self._trial.causes, found or (entries[-1] if entries else {})

    async def _address_of_replay(self, rest: str, made: Created | None, entry: Mapping[str, Any]) -> str | None:
        """Where an entry of a subscription's log is asked for again: below our own subscription, and nowhere else."""
        name = self._api.dialect.field_in("id", entry)
        value = entry[name] if name is not None else None
        given = plain_id(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
        if made is None or made.address is None or given is None:
            return None
        with where_it_can():
            await self._own.read(made)
            return made.address + _PLACEHOLDER.sub(lambda _: quote(given, safe=""), rest)
        return None

    # -- after the end ------------------------------------------------------------------------------------

    async def _after_the_end(self, ending: Ending) -> Ending:
        """End the steady subscription, cause one more event, and see that it comes to others only."""
        steady = self._trial.corners[STEADY].made
        usable = [name for name, each in self._trial.corners.items() if each.made and not each.flooded]
        others = [name for name in (NARROW, LATER) if name in usable]
        if steady is None or STEADY not in usable or not others:
            return ending
        removal = await self._own.delete(steady)
        if removal.outcome != "deleted":
            return ending
        before = {name: await self._count(name) for name in (STEADY, *others)}
        await self._causing.create(self._causing.matching, what="created after the end")
        last = self._causing.causes[-1:]
        control: tuple[Received, ...] = ()
        for number, name in enumerate(others):
            control = control or await self._new(name, before[name], last, _GRACE if number else self._patience)
        late = await self._new(STEADY, before[STEADY], last, max(_GRACE, self._patience - _SHORTEST_WAIT))
        return replace(ending, control=bool(control), late=late)

    # -- looking ------------------------------------------------------------------------------------------

    async def _count(self, name: str) -> int:
        return len(await self._api.deliveries(name, 0, lambda _: True))

    async def _new(self, name: str, before: int, causes: Sequence[Cause], seconds: float) -> tuple[Received, ...]:
        """What came to an address beyond the first so many, and tells of one of these causes."""
        looked_at = before

        def has_come(seen: Sequence[Delivery]) -> bool:
            nonlocal looked_at
            fresh, looked_at = seen[looked_at:], len(seen)
            return any(tells_of(each, cause) for each in fresh for cause in causes)

        came = await self._api.deliveries(name, seconds, has_come)
        return tuple(each for each in came[before:] if any(tells_of(each.delivery, cause) for cause in causes))


def _says_resting(record: Mapping[str, Any]) -> bool | None:
    """Whether a subscription says of itself that nothing is sent any more."""
    told = {squeezed(name): value for name, value in record.items()}
    flags = [not told[name] for name in _IS_ON if isinstance(told.get(name), bool)]
    flags += [told[name] for name in _IS_OFF if isinstance(told.get(name), bool)]
    words = [value for name in ("status", "state") if isinstance(value := told.get(name), str)]
    flags += [bool(_OFF_WORDS.search(value.casefold())) for value in words]
    return any(flags) if flags else None
