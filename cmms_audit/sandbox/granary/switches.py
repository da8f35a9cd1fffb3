"""All switches of granary, collected from the modules whose code they break."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from cmms_audit.sandbox.granary import (
    actions,
    attachments,
    auth,
    bulk,
    calls,
    catalogue,
    docs,
    events,
    idempotency,
    limits,
    maintenance,
    monitoring,
    oauth,
    offers,
    openapi,
    previous,
    problems,
    records,
    rights,
    sender,
    signatures,
    subscribers,
    texts,
    tls,
    tokens,
    vendor_file,
    webhooks,
)
from cmms_audit.sandbox.switch import Broken, Switch

_MODULES = (
    auth,
    tokens,
    oauth,
    catalogue,
    rights,
    limits,
    webhooks,
    events,
    subscribers,
    sender,
    signatures,
    maintenance,
    records,
    problems,
    monitoring,
    calls,
    texts,
    openapi,
    previous,
    docs,
    offers,
    idempotency,
    bulk,
    actions,
    attachments,
    vendor_file,
    tls,
)

SWITCHES: dict[str, Switch] = {switch.name: switch for module in _MODULES for switch in module.SWITCHES}


def switch_names() -> tuple[str, ...]:
    """The names of all switches."""
    return tuple(SWITCHES)


def resolve(names: Collection[str]) -> Broken:
    """The switches of these names. Raises ValueError for an unknown one, naming the nearest."""
    for name in names:
        if name not in SWITCHES:
            near = difflib.get_close_matches(name, SWITCHES, n=1, cutoff=0)
            raise ValueError(f"granary has no switch {name!r}; the nearest is {near[0]!r}")
    return frozenset(SWITCHES[name] for name in names)
