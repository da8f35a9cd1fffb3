"""Compares what holds for a whole description: its addresses, the stated rate limits, and the messages it sends."""

from __future__ import annotations

import re
from collections import defaultdict
from urllib.parse import urlsplit

from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Spec, Webhook
from cmms_audit.spec.library import Node
from cmms_audit.spec.limits import PublishedLimit, published_limits
from cmms_audit.spec_diff.faces import Face
from cmms_audit.spec_diff.ledger import EVERYBODY, Ledger, named
from cmms_audit.spec_diff.operations import Operations

_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
_VERSION = pattern(r"v\d{1,4}(?:[._-]\d{1,4}){0,2}|20\d\d-\d\d(?:-\d\d)?|\d{1,3}\.\d{1,3}", re.IGNORECASE)


def path_version(spec: Spec) -> str:
    """The part of the address that is a version, such as "v2"; empty where there is none.

    It stands in the server's address, or in more than half of the paths.
    """
    parts = [part for server in spec.servers[:1] for part in server.url.partition("://")[2].split("/")[1:]]
    parts += spec.prefix.split("/")
    for part in parts:
        if _VERSION.fullmatch(part):
            return part.lower()
    counts: dict[str, int] = defaultdict(int)
    for path in spec.paths:
        found = next((part for part in path.split("/")[:4] if _VERSION.fullmatch(part)), "")
        counts[found.lower()] += 1
    best = max(sorted(counts), key=lambda each: counts[each], default="")
    return best if counts[best] * 2 > len(spec.paths) else ""


def compare_servers(ledger: Ledger, old: Spec, new: Spec, *, same_addresses: bool) -> None:
    """Note addresses that came or went; with `same_addresses` only their hosts, as paths made up for the rest."""
    before, after = (_addresses(spec, hosts_only=same_addresses) for spec in (old, new))
    if not before or not after:
        return
    place = ledger.place("servers", "the whole API", senders=EVERYBODY)
    for address in sorted(before.keys() ^ after.keys()):
        if address in before:
            ledger.note("server-removed", place, before[address], None, aspect=named(address), was=address)
        else:
            ledger.note("server-added", place, None, after[address], aspect=named(address), now=address)


def _addresses(spec: Spec, *, hosts_only: bool) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for server in spec.servers:
        url = server.url.rstrip("/") or "/"
        if hosts_only:
            try:
                parts = urlsplit(url)
            except ValueError:
                continue
            url = f"{parts.scheme}://{parts.netloc}" if parts.netloc else "/"
        found.setdefault(url, server.node)
    return found


def compare_limits(ledger: Ledger, old: Spec, new: Spec) -> None:
    """Note rate limits that a document states differently: window by window, where both state as many."""
    before, after = _by_window(old), _by_window(new)
    place = ledger.place("rate limits", "the whole API", senders=EVERYBODY)
    for window in sorted(before.keys() | after.keys()):
        was, now = before.get(window, []), after.get(window, [])
        counts = [each.limit.count for each in was], [each.limit.count for each in now]
        if counts[0] == counts[1]:
            continue
        aspect = f"per {_WINDOWS.get(window, f'{window} seconds')}"
        words = [" and ".join(f"{count:,}" for count in each[:5]) + f" {aspect}" for each in counts]
        changed = [(one, other) for one, other in zip(was, now, strict=False) if one.limit.count != other.limit.count]
        if len(was) == len(now):
            one, other = changed[0]
            lowered = other.limit.count < one.limit.count
            kind = "rate-limit-lowered" if lowered else "rate-limit-raised"
            ledger.note(kind, place, one, other, aspect=aspect, was=words[0], now=words[1])
        elif len(was) < len(now):
            ledger.note("rate-limit-stated", place, None, now[-1], aspect=aspect, now=words[1])
        else:
            ledger.note("rate-limit-unstated", place, was[-1], None, aspect=aspect, was=words[0])


def _by_window(spec: Spec) -> dict[int, list[PublishedLimit]]:
    """The limits that hold for the whole API, by window, the lowest first."""
    found: dict[int, list[PublishedLimit]] = defaultdict(list)
    for each in published_limits(spec):
        if each.general:
            found[each.limit.window].append(each)
    return {window: sorted(limits, key=lambda each: each.limit.count) for window, limits in found.items()}


def compare_webhooks(ledger: Ledger, operations: Operations, old: Spec, new: Spec) -> None:
    """Note messages that came or went, and what changed in those that both documents describe."""
    before, after = _messages(old), _messages(new)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        label = _label(*key)
        if was and now:
            place = ledger.place(label, label, readers=ledger.operation(label))
            operations.compare_message(place, Face(old, was.operation), Face(new, now.operation))
        else:
            place = ledger.place(label, label, readers=EVERYBODY)
            kind = "webhook-removed" if was else "webhook-added"
            going = was is not None and was.operation.deprecated
            ledger.note(kind, place, was, now, what=label, announced=going)


def _messages(spec: Spec) -> dict[tuple[str, str, str], Webhook]:
    """The messages by name, method and, for a callback, the expression that gives its address."""
    return {
        (each.name, each.operation.method, each.operation.path if each.callback else ""): each for each in spec.webhooks
    }


def _label(name: str, method: str, expression: str) -> str:
    kind = "callback" if expression else "webhook"
    words = [kind, named(name), named(expression) if expression else "", "" if method == "POST" else method]
    return " ".join(word for word in words if word)
