"""All that is wrong with an API description, in groups: what the sweep saw, operations, ways in, official schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmms_audit.dialect import squeezed
from cmms_audit.model import Severity
from cmms_audit.spec.problems import MOST_PLACES, Fault, FaultBook, ProblemGroup, first_examples, gravest_first
from cmms_audit.spec.rules.examples import MOST_RECORDS, broken_records
from cmms_audit.spec.rules.operations import look_at_operations
from cmms_audit.spec.rules.schemas import MOST_PARTS, unknown_required
from cmms_audit.spec.rules.security import undeclared_needs
from cmms_audit.spec.rules.texts import RULE_TEXTS
from cmms_audit.spec.sweep import READING, UNREAD, Sweep
from cmms_audit.spec.validation import Part, validate_description

if TYPE_CHECKING:
    from cmms_audit.spec.index import Spec


_CREDENTIALS = frozenset(
    ("authorization", "apikey", "xapikey", "xauthtoken", "accesstoken", "xaccesstoken", "authtoken", "apitoken")
)


def faults_of(spec: Spec, sweep: Sweep) -> tuple[ProblemGroup, ...]:
    """Every fault of a description, grouped by the rule that it breaks, the gravest first; `sweep` has run."""
    book = sweep.book.copy()
    if spec.written_in.converted:  # the rest is about OpenAPI, which the vendor did not write
        return gravest_first(_group(rule, book) for rule in book.counts if rule in READING)
    look_at_operations(spec.operations, book, swagger2=sweep.swagger2)
    for found in (
        undeclared_needs(sweep.security, spec.security_schemes),
        unknown_required(sweep),
        broken_records(sweep),
        _of_the_whole(spec, sweep),
    ):
        for fault in found:
            book.add(fault)
    if sweep.examples_seen > MOST_RECORDS:
        book.capped.add("example-breaks-schema")
    if sweep.parts_looked_at >= MOST_PARTS:
        book.capped.add("discriminator-unknown")
    parts = (Part(*fragment) for fragment in sweep.fragments)
    validate_description(sweep.root, sweep.version, parts, sweep.wrong_kinds, book)
    return gravest_first(_group(rule, book) for rule in book.counts)


def _of_the_whole(spec: Spec, sweep: Sweep) -> list[Fault]:
    """What the document lacks altogether."""
    file = sweep.root.file
    found = []
    if not spec.operations:
        return []
    if not spec.schema_names and not any(kind == "schema" for *_, kind in sweep.fragments):
        found.append(Fault("no-schemas", "no record type has a name", file, ""))
    if sweep.swagger2 and not sweep.root.text("host"):
        found.append(Fault("servers-missing", "there is no 'host'", file, ""))
    elif not sweep.swagger2 and not spec.servers and not any(op.node.value.get("servers") for op in spec.operations):
        found.append(Fault("servers-missing", "there is no 'servers'", file, ""))
    if not sweep.security and not spec.security_schemes and not _takes_a_credential(spec):
        found.append(Fault("security-missing", "neither 'security' nor a way to sign in", file, ""))
    return found


def _takes_a_credential(spec: Spec) -> bool:
    """Whether an operation describes a credential as one of its own parameters."""
    return any(
        each.where in ("header", "query", "cookie") and squeezed(each.name) in _CREDENTIALS
        for operation in spec.operations
        for each in operation.parameters
    )


def _group(rule: str, book: FaultBook) -> ProblemGroup:
    text = RULE_TEXTS[rule]
    kept = book.kept[rule]
    return ProblemGroup(
        rule=rule,
        says=text.says,
        consequence=text.consequence,
        severity=text.severity if rule not in UNREAD else Severity.SERIOUS,
        count=book.counts[rule],
        places=tuple(dict.fromkeys(fault.evidence for fault in kept[:MOST_PLACES])),
        examples=first_examples(kept),
        unread=rule in UNREAD,
        capped=rule in book.capped,
    )
