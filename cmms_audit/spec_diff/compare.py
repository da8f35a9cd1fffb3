"""Compares two API descriptions: joins the parts, and holds no rule of its own."""

from __future__ import annotations

from cmms_audit.documents import collector_paused
from cmms_audit.spec.index import Spec
from cmms_audit.spec.operations import Operation
from cmms_audit.spec_diff.change import Side, SpecDiff
from cmms_audit.spec_diff.faces import Face
from cmms_audit.spec_diff.ledger import EVERYBODY, Ledger
from cmms_audit.spec_diff.limits import StatedLimits
from cmms_audit.spec_diff.matching import Matches, has_slash, match_operations, shape
from cmms_audit.spec_diff.operations import Operations
from cmms_audit.spec_diff.schemas import Schemas
from cmms_audit.spec_diff.security import Security
from cmms_audit.spec_diff.servers import compare_servers, path_version
from cmms_audit.spec_diff.webhooks import compare_webhooks


def compare(old: Spec, new: Spec) -> SpecDiff:
    """Every change from one description to the next, of any versions of the language.

    Bounded whatever the documents hold; what is over the bounds is counted in `left_out` and `unseen`. Raises nothing
    for what the vendor wrote.
    """
    with collector_paused():  # two big documents are in memory, and nothing here is garbage before the end
        return _compared(old, new)


def _compared(old: Spec, new: Spec) -> SpecDiff:
    ledger = Ledger()
    schemas = Schemas(ledger, old.schema_names, new.schema_names)
    operations = Operations(ledger, schemas)
    matches = match_operations(old, new)
    _note_alone(ledger, matches)
    security, limits = Security(ledger, old, new), StatedLimits(ledger, old, new)
    for before, after in matches.pairs:
        label = min(_label(before), _label(after))
        place = ledger.place(label, label, senders=ledger.operation(label))
        _note_address(ledger, before, after, matches)
        security.compare(place, before, after)
        operations.compare(place, Face(old, before), Face(new, after))
        limits.compare(place, before, after)
    compare_webhooks(ledger, operations, old, new)
    compare_servers(ledger, old, new, same_addresses=matches.same_addresses)
    limits.compare_whole()
    changes, left_out = ledger.changes()
    return SpecDiff(_side(old), _side(new), changes, left_out, ledger.unseen)


def _side(spec: Spec) -> Side:
    return Side(
        source=spec.source,
        title=spec.title,
        version=spec.version,
        path_version=path_version(spec),
        language=f"{spec.format} {spec.dialect_version}".strip(),
        sha256=spec.sha256,
        calls=len(spec.operations),
    )


def _label(operation: Operation) -> str:
    return f"{operation.method} {'%20'.join(operation.path.split())}"


def _note_alone(ledger: Ledger, matches: Matches) -> None:
    for operation in matches.removed:
        label = _label(operation)
        place = ledger.place(label, label, senders=EVERYBODY)
        ledger.note("operation-removed", place, operation, None, what=label, announced=operation.deprecated)
    for operation in matches.added:
        label = _label(operation)
        place = ledger.place(label, label, senders=EVERYBODY)
        ledger.note("operation-added", place, None, operation, what=label)


def _note_address(ledger: Ledger, old: Operation, new: Operation, matches: Matches) -> None:
    other_slash = has_slash(old.path) != has_slash(new.path)
    if (old.method, old.path) == (new.method, new.path) or (matches.same_addresses and not other_slash):
        return
    label = min(_label(old), _label(new))
    place = ledger.place(label, label, senders=EVERYBODY)
    same = old.method == new.method and (matches.same_addresses or shape(old.path) == shape(new.path))
    kind = "operation-moved" if not same else "slash-changed" if other_slash else "placeholder-renamed"
    ledger.note(kind, place, old, new, was=_label(old), now=_label(new), announced=old.deprecated)
