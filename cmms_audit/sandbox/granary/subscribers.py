"""Who gets an event: those whose subscription is active, and whose filters it meets."""

from __future__ import annotations

import sqlite3

from cmms_audit.sandbox.granary import rules, store
from cmms_audit.sandbox.granary.calls import State
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.switch import Switch


def _ignored(what: str) -> Switch:
    return Switch(
        f"ignored-{what.replace(' ', '-')}-filter",
        f"a subscription's filter by {what} is taken and ignored",
        questions=("webhooks.filtering",),
    )


IGNORED_TYPE = _ignored("event type")
IGNORED_PRIORITY = _ignored("priority")
IGNORED_CLASS = _ignored("asset class")
IGNORED_SITE = _ignored("site")
UNDYING_SUBSCRIPTIONS = Switch(
    "undying-subscriptions", "a subscription that was deleted still gets events", questions=("webhooks.supported",)
)
SWITCHES = (IGNORED_TYPE, IGNORED_PRIORITY, IGNORED_CLASS, IGNORED_SITE, UNDYING_SUBSCRIPTIONS)

# A list of a subscription, the switch that ignores it, and the member of the event's data that it narrows.
_FILTERS = (
    ("priorities", IGNORED_PRIORITY, "priority"),
    ("asset_classes", IGNORED_CLASS, "asset_class"),
    ("site_ids", IGNORED_SITE, "site_id"),
)


class Subscribers:
    """The subscriptions of each customer of a vendor, those that have ended included."""

    def __init__(self) -> None:
        self._ever: dict[sqlite3.Connection, dict[str, Json]] = {}

    def of(self, state: State, event: Json) -> list[Json]:
        """The subscriptions that an event goes to, in the order in which they were made."""
        webhooks = state.resources.get("webhooks")
        now = {each["id"]: each for each in store.select(state.database, webhooks, [])} if webhooks else {}
        ever = self._ever.setdefault(state.database, {})
        ever.update(now)
        about = {**event["data"], "asset_class": _class_of(state, event)}
        among = ever if UNDYING_SUBSCRIPTIONS in state.broken else now
        return [
            each
            for each in among.values()
            if each["active"] and _chooses(state, each, event["type"]) and _lets_through(state, each, about)
        ]


def _chooses(state: State, subscription: Json, event_type: str) -> bool:
    events = subscription.get("events")
    return events is None or IGNORED_TYPE in state.broken or event_type in events


def _lets_through(state: State, subscription: Json, about: Json) -> bool:
    filters = subscription.get("filters") or {}
    return all(
        switch in state.broken or not filters.get(name) or about[member] in filters[name]
        for name, switch, member in _FILTERS
    )


def _class_of(state: State, event: Json) -> str | None:
    asset = rules.find(state, "assets", event["data"]["asset_id"]) if event["data"]["asset_id"] else None
    return asset["asset_class"] if asset else None
