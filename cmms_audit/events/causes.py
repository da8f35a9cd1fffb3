"""What the audit did to make events, and which delivery belongs to which of these causes. Judges nothing.

A delivery belongs to the record that it names: by its id, by another name that the vendor gave it (a number, an
address), or by the text of ours that the record bears.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal
from urllib.parse import unquote_plus

from msgspec import Struct

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
        return (_moment(self.tries[0]) - self.cause.at).total_seconds()

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds from each try to the next."""
        moments = [_moment(each) for each in self.tries]
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

    def __init__(self, records: Mapping[Record, Sequence[Cause]], lasting: Collection[str]) -> None:
        """`lasting` are the ids that more than one delivery bears: what has such a name is known by it alone."""
        self.all: list[_Event] = []
        self._records = records
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
        return alike if self._alike[record, content] >= len(_may_tell_of(received, self._records[record])) else None


def grouped(came: Sequence[Received], causes: Sequence[Cause]) -> Iterator[Tries]:
    """Deliveries by event, in the order of their first tries; those that tell of no record of ours are left out."""
    records: dict[Record, list[Cause]] = {}
    for cause in causes:
        records.setdefault(cause.record, []).append(cause)
    names = {record: names_of(its_causes) for record, its_causes in records.items()}
    told = [(each, about) for each in came if (about := _told_of(each.delivery, records, names))]
    idle = _names_of_several(told)
    ids = {each.delivery.number: [one for one in event_ids(each.delivery) if one not in idle] for each, _ in told}
    times = Counter(one for some in ids.values() for one in some)
    events = _Events(records, [each for each, count in times.items() if count > 1])
    for received, about in told:
        content = lasting_content(received.delivery, with_ids=False)
        for record in about:
            own = [each for each in ids[received.delivery.number] if each.casefold() not in names[record]]
            events.take(received, record, own, content)
    taken: set[int] = set()
    for event in events.all:
        found = _cause_of(event.tries[0], records[event.record], taken)
        if found is not None:
            taken.add(found.number)
            key = next(iter((*event.steady, *sorted(event.names))), event.content)
            yield Tries(key, found, tuple(event.tries), tuple(event.steady))


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


def _cause_of(first: Received, causes: Sequence[Cause], taken: set[int]) -> Cause | None:
    """Which of the things done to one record made an event: as the event calls it, else in the order of both."""
    pool = _may_tell_of(first, causes)
    if not pool:
        return None
    says = _kind_of(first.delivery)
    if _IS_OTHER.search(says) and not any(_may_be_called(each.what, says) for each in pool):
        return next((each for each in reversed(pool) if each.number in taken), pool[0])
    return next((each for each in pool if each.number not in taken), pool[-1])


def _may_tell_of(received: Received, causes: Sequence[Cause]) -> list[Cause]:
    """Which of the things done to one record a delivery may tell of: all before it, where it says nothing more."""
    before = [each for each in causes if each.at <= _moment(received)]
    says = _kind_of(received.delivery)
    return [each for each in before if _may_be_called(each.what, says)] or before


def _kind_of(delivery: Delivery) -> str:
    """What kind of event it says it is: the first of its words that says what happened, else the first of all."""
    words = [squeezed(each[:_LONGEST_TYPE]) for each in event_types(delivery)]
    return next((each for each in words if _IS_CREATION.search(each) or _IS_CHANGE.search(each)), (*words, "")[0])


def _may_be_called(what: What, says: str) -> bool:
    """Whether an event of this kind may be what was done; a change of status often counts as any change."""
    if "created" in what:
        return bool(_IS_CREATION.search(says)) and not _IS_CHANGE.search(says)
    if what == "changed" and _IS_OF_STATUS.search(says):
        return False
    return bool(_IS_CHANGE.search(says))


def _moment(received: Received) -> datetime:
    return datetime.fromisoformat(received.delivery.received)
