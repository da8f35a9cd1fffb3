"""Which events a vendor names, and whether those that maintenance lives on are among them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cmms_audit.battery import Context, Schema, pattern, squeezed

from . import _subscriptions

KINDS = {
    "work orders": pattern(
        r"workorder|maintenanceorder|serviceorder|joborder|(?:^|[^a-z])wo(?:[^a-z]|$)|(?:work|service)request|task|ticket"
    ),
    "the condition of assets": pattern(r"asset|equipment|machine|device|meter|reading|condition"),
    "maintenance plans": pattern(
        r"preventive|maintenance(?:plan|trigger|schedule)|scheduledmaintenance|(?:^|[^a-z])pm(?:[^a-z]|$)|inspection"
    ),
}
TYPE_FIELD = pattern(
    r"^(?:\w*events?(?:types?|names?)?|triggers?|topics?|types?|actions?|objecttypes|typecreate|enabledevents)$"
)
_LOOKS_LIKE_AN_EVENT = pattern(
    r"creat|updat|delet|chang|clos|complet|assign|status|added|remov|cancel|trigger|start|finish|approv|reject|due|[._:]",
    re.IGNORECASE,
)
_LEAST_SHARE = 0.5


def named_events(ctx: Context) -> list[str]:
    """The names of events: of those that are described, and those that a subscription can choose from."""
    names = [each.name for each in ctx.spec.webhooks]
    for operation in _subscriptions.narrowing(ctx):
        for field in _subscriptions.request_fields(operation):
            if TYPE_FIELD.match(squeezed(field.name)):
                names += _events_among(_choices(field.schema))
    return list(dict.fromkeys(names))


def _events_among(choices: list[str]) -> list[str]:
    """The choices, if they read like events ("work_order.created") and not like kinds of channels or formats."""
    like = sum(map(looks_like_an_event, choices))
    return choices if len(choices) > 1 and like >= _LEAST_SHARE * len(choices) else []


def looks_like_an_event(name: str) -> bool:
    """Whether a name says that something happened ("work_order.created"), and not only that it is about events."""
    return bool(_LOOKS_LIKE_AN_EVENT.search(name))


def _choices(schema: Schema) -> list[str]:
    """The texts that a field, or the members of its list, may hold."""
    listed = schema.enum or (schema.items.enum if schema.items else None) or ()
    return [each for each in listed if isinstance(each, str)]


def kinds_among(names: Iterable[str]) -> list[str]:
    """Which kinds of maintenance records the events are about."""
    plain = [re.sub(r"[\s_.:/-]", "", name).lower() + " " + name.lower() for name in names]
    return [kind for kind, words in KINDS.items() if any(words.search(name) for name in plain)]
