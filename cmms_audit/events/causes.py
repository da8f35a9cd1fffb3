"""What the audit did to make events, and which delivery belongs to which of these causes. Judges nothing.

A delivery belongs to the record that it names: by its id, by another name that the vendor gave it (a number, an
address), or by the text of ours that the record bears.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal
from urllib.parse import unquote_plus

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.dialect import squeezed
from cmms_audit.events.naming import names_given, names_in
from cmms_audit.model import Evidence, Exchange
from cmms_audit.own_search import holds
from cmms_audit.patterns import pattern
from cmms_audit.webhooks.delivery import Delivery, event_ids, event_types, lasting_content
from cmms_audit.webhooks.received import Received

What = Literal["created", "status changed", "changed", "asset created", "asset changed", "created after the end"]
Record = tuple[str, str]
"""What kind of thing a record is, and its id: one of another kind may have the same."""
_TAKEN = "200"
_BATCH = pattern(r"^(?:events|notifications|messages|batch|entries|value)$")
_MOST_PARTS = 500  # events of one delivery
_IS_FORM = pattern(r"[\w.%+\[\]-]{1,200}=")
_IS_CREATION = pattern(r"creat|new|open|add|insert|rais|regist")
_IS_OF_STATUS = pattern(r"status|state|transition|progress|complet|clos|start|finish|resolv|cancel|paus|reopen")
_IS_CHANGE = pattern(rf"{_IS_OF_STATUS.pattern}|updat|chang|modif|edit|patch|condition")
_IS_OTHER = pattern(r"[a-z]{3}ed$|assign|comment|attach|approv|remov|delet")
_LONGEST_TYPE = 200  # characters


class Cause(Struct, frozen=True):
    """Something that the audit did, and that should make events.

    `record_id` is the record's, `mark` the text of ours that it bears; `at` when the call left, `exchange` its answer;
    `differs` is in what it was made to differ from what a narrowed subscription lets through ("priority", "site",
    "asset_class", "event_types", or "").
    """

    number: int
    what: What
    record_id: str
    at: datetime
    exchange: Exchange
    differs: str = ""
    mark: str = ""

    @property
    def evidence(self) -> Evidence:
        """The call that caused it."""
        return self.exchange.evidence

    @property
    def record(self) -> Record:
        """Which record it was done to."""
        return "asset" if self.what.startswith("asset") else "work order", self.record_id


class Tries(Struct, frozen=True):
    """One event on its way to one address: every try of it, in order, and what the sender calls it (`key`).

    `ids` are those of its names that are the same over all tries, and that nothing else is called by.
    """

    key: str
    cause: Cause
    tries: tuple[Received, ...]
    ids: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether our receiver did not take the first try."""
        return not _was_taken(self.tries[0])

    @property
    def latency(self) -> float:
        """Seconds from its cause to the first try."""
        return (self.tries[0].delivery.moment - self.cause.at).total_seconds()

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds from each try to the next."""
        moments = [each.delivery.moment for each in self.tries]
        return tuple((after - before).total_seconds() for before, after in pairwise(moments))


class _Event(Struct):
    """An event as its tries come in: all its names so far, and those that every try had."""

    record: Record
    content: str
    tries: list[Received]
    names: set[str]
    steady: list[str]


class _Events:
    """The events of one address, each found by any of its names, or by what it says."""

    def __init__(self, done: _Done, lasting: Collection[str]) -> None:
        """`lasting` are the ids that more than one delivery bears: what has such a name is known by it alone."""
        self.all: list[_Event] = []
        self._done = done
        self._lasting = frozenset(lasting)
        self._by_name: dict[tuple[Record, str], _Event] = {}
        self._by_content: dict[tuple[Record, str], _Event] = {}
        self._alike: Counter[tuple[Record, str]] = Counter()

    def take(self, received: Received, record: Record, ids: Sequence[str], content: str) -> None:
        """One more try of an event that is known, or the first of a new one."""
        event = self._known(received, record, ids, content)
        if event is None:
            event = _Event(record, content, [], set(), list(ids))
            self.all.append(event)
            self._alike[record, content] += 1
        event.tries.append(received)
        event.names.update(ids)
        event.steady = [each for each in event.steady if each in ids]
        self._by_content[record, content] = event
        self._by_name.update({(record, each): event for each in ids})

    def _known(self, received: Received, record: Record, ids: Sequence[str], content: str) -> _Event | None:
        """The event that a delivery is one more try of: one of the same name, or one that says the same.

        Two that say the same under other names, or none, are two events where one of the names comes again, or where
        our receiver had taken the first, and more things were done to the record that they may tell of.
        """
        named = next((self._by_name[record, each] for each in ids if (record, each) in self._by_name), None)
        if named is not None:
            return named
        alike = self._by_content.get((record, content))
        if alike is None or not self._lasting.isdisjoint(ids) or not self._lasting.isdisjoint(alike.names):
            return None
        if not _was_taken(alike.tries[-1]):
            return alike
        if ids and alike.names:
            return None
        return alike if self._alike[record, content] >= len(self._done.may_be_told(received, record)) else None


class _Done:
    """What was done to each record of ours, and which of it an event may tell of."""

    def __init__(self, records: Mapping[Record, Sequence[Cause]]) -> None:
        self._records = records
        self._created: set[Record] = set()
        self._one_kind = False
        self._taken: set[int] = set()

    def look_at(self, delivery: Delivery, record: Record) -> None:
        """See whether events say that a record was created, or whether one kind stands for all that happens."""
        says = _kind_of(delivery)
        if _is_creation(says):
            self._created.add(record)
        elif all(each.what == "created" for each in self._records[record]) and _is_any_change(says):
            self._one_kind = True

    def may_be_told(self, received: Received, record: Record) -> list[Cause]:
        """Which of the things done to a record an event may tell of: all before it, where it says nothing more."""
        before = [each for each in self._records[record] if each.at <= received.delivery.moment]
        says = _kind_of(received.delivery)
        return [each for each in before if self._may_be_called(each, says)] or before

    def cause_of(self, first: Received, record: Record) -> Cause | None:
        """Which of the things done to a record made an event: as the event calls it, else in the order of both."""
        pool = self.may_be_told(first, record)
        if not pool:
            return None
        says = _kind_of(first.delivery)
        if _IS_OTHER.search(says) and not any(self._may_be_called(each, says) for each in pool):
            return next((each for each in reversed(pool) if each.number in self._taken), pool[0])
        found = next((each for each in pool if each.number not in self._taken), pool[-1])
        self._taken.add(found.number)
        return found

    def _may_be_called(self, cause: Cause, says: str) -> bool:
        """Whether an event of this kind may be what was done; a change of status often counts as any change."""
        if cause.what == "created" and self._one_kind and cause.record not in self._created:
            return _is_creation(says) or _is_any_change(says)
        if "created" in cause.what:
            return _is_creation(says)
        return bool(_IS_CHANGE.search(says)) and not (cause.what == "changed" and _IS_OF_STATUS.search(says))


def grouped(came: Sequence[Received], causes: Sequence[Cause]) -> Iterator[Tries]:
    """Deliveries by event, in the order of their first tries; those that tell of no record of ours are left out."""
    records: dict[Record, list[Cause]] = {}
    for cause in causes:
        records.setdefault(cause.record, []).append(cause)
    names = {record: names_of(its_causes) for record, its_causes in records.items()}
    parts = [part for each in came for part in _parts(each)]
    told = [(each, about) for each in parts if (about := _told_of(each.delivery, records, names))]
    idle = _names_of_several(told)
    ids = [[one for one in event_ids(each.delivery) if one not in idle] for each, _ in told]
    times = Counter(one for some in ids for one in some)
    done = _Done(records)
    events = _Events(done, [each for each, count in times.items() if count > 1])
    for received, about in told:
        for record in about:
            done.look_at(received.delivery, record)
    for (received, about), named in zip(told, ids, strict=True):
        content = lasting_content(received.delivery, with_ids=False)
        for record in about:
            own = [each for each in named if each.casefold() not in names[record]]
            events.take(received, record, own, content)
    for event in events.all:
        found = done.cause_of(event.tries[0], event.record)
        if found is not None:
            key = next(iter((*event.steady, *sorted(event.names))), event.content)
            yield Tries(key, found, tuple(event.tries), tuple(event.steady))


def _parts(received: Received) -> list[Received]:
    """The events of a delivery: several where it is a list of them, or holds one that is called so."""
    entries = _entries(received.delivery.json)
    if not 1 < len(entries) <= _MOST_PARTS or not all(isinstance(each, dict) for each in entries):
        return [received]
    return [_part(received, each) for each in entries]


def _entries(body: object) -> list[object]:
    if isinstance(body, list):
        return body
    members = body.items() if isinstance(body, dict) else ()
    return next((value for name, value in members if isinstance(value, list) and _BATCH.search(squeezed(name))), [])


def _part(received: Received, entry: object) -> Received:
    content = json.dumps(entry).encode()
    delivery = replace(received.delivery, body=content, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    return replace(received, delivery=delivery)


def tells_of(delivery: Delivery, cause: Cause) -> bool:
    """Whether a delivery tells of the record of a cause."""
    return bool(_told_of(delivery, {cause.record: [cause]}, {cause.record: names_of([cause])}))


def names_of(causes: Sequence[Cause]) -> frozenset[str]:
    """What the record of these causes is called, in lower case: by its id, and as the answer to its create calls it."""
    ids = (each.record_id.casefold() for each in causes)
    return frozenset((*ids, *(name for each in causes for name in names_given(each.exchange))))


def _told_of(
    delivery: Delivery, records: Mapping[Record, Sequence[Cause]], names: Mapping[Record, frozenset[str]]
) -> list[Record]:
    """The records of ours that a delivery tells of: it names them, or holds the text that they bear."""
    text = delivery.body.decode("utf-8", "replace")
    text = unquote_plus(text) if _IS_FORM.match(text) else text
    named = {kind: names_in(delivery, of_assets=kind == "asset") for kind in dict.fromkeys(kind for kind, _ in records)}
    return [
        record
        for record, causes in records.items()
        if not named[record[0]].isdisjoint(names[record])
        or any(each.mark and holds(text, each.mark) for each in causes)
    ]


def _names_of_several(told: Sequence[tuple[Received, Sequence[Record]]]) -> set[str]:
    """Ids that deliveries about different records share: they name no event, but a subscription, or the sender."""
    records: dict[str, set[Record]] = {}
    for received, about in told:
        if len(about) == 1:
            for each in event_ids(received.delivery):
                records.setdefault(each, set()).update(about)
    return {each for each, about in records.items() if len(about) > 1}


def _was_taken(received: Received) -> bool:
    return received.delivery.treated == _TAKEN


def _kind_of(delivery: Delivery) -> str:
    """What kind of event it says it is: the first of its words that says what happened, else the first of all."""
    words = [squeezed(each[:_LONGEST_TYPE]) for each in event_types(delivery)]
    return next((each for each in words if _IS_CREATION.search(each) or _IS_CHANGE.search(each)), (*words, "")[0])


def _is_any_change(says: str) -> bool:
    return bool(_IS_CHANGE.search(says)) and not _IS_OF_STATUS.search(says)


def _is_creation(says: str) -> bool:
    return bool(_IS_CREATION.search(says)) and not _IS_CHANGE.search(says)
