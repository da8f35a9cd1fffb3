"""Compares the messages that a vendor says it sends."""

from __future__ import annotations

from cmms_audit.spec.index import Spec, Webhook
from cmms_audit.spec_diff.faces import Face
from cmms_audit.spec_diff.ledger import EVERYBODY, Ledger, named
from cmms_audit.spec_diff.operations import Operations


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
