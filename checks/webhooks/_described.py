"""How the specification describes what an event holds: the description that is meant for its kind."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.battery import Received, Schema, Spec, pattern, squeezed

from ._captured import texts_of
from ._events import looks_like_an_event

_KIND = pattern(r"^(?:event|type|topic|action|event_?type|event_?name)$")
_KIND_HEADERS = ("-event", "-topic", "-type")


def described_events(spec: Spec) -> list[tuple[str, Schema]]:
    """The descriptions of what events hold, each by its name."""
    return [(each.name, each.payload) for each in spec.webhooks if each.payload is not None]


def description_of(received: Received, described: Sequence[tuple[str, Schema]]) -> Schema | None:
    """The description that is meant for an event: by the kind that it says it is, else the one for all kinds.

    None where all are for other kinds.
    """
    headers = [value for name, value in received.delivery.headers if name.endswith(_KIND_HEADERS)]
    kinds = [text for name, text in texts_of(received.delivery.json, 2) if _KIND.search(name.lower())]
    named = {squeezed(each) for each in (*kinds, *headers)}
    for name, schema in described:
        if named & {squeezed(name), *_kinds_of(schema)}:
            return schema
    for_all = [schema for name, schema in described if not _kinds_of(schema) and not looks_like_an_event(name)]
    return for_all[0] if len(for_all) == 1 else None


def _kinds_of(schema: Schema) -> set[str]:
    """The kinds of event for which a description holds, where it lists them."""
    listed = [each.enum for name, each in schema.properties.items() if _KIND.search(name.lower())]
    return {squeezed(kind) for values in listed for kind in values or () if isinstance(kind, str)}
