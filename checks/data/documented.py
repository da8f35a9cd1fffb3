"""data.documented: whether the data model is described, for everybody to read, and live records match it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from cmms_audit.battery import (
    RECORD_KINDS,
    Context,
    CouldNotLook,
    Drift,
    Finding,
    MappingResult,
    NotASpec,
    Page,
    Schema,
    Spec,
    check,
    drift,
    met,
    not_applicable,
    not_met,
    partial,
    resolve,
    unknown,
)
from cmms_audit.model import Evidence, Exchange, HasEvidence, Reason, Severity

from ._counted import counted
from ._descriptions import describe, lacks
from ._drift import MOST_RECORDS, Departure, departures
from ._gates import Access, access

QUESTION = "data.documented"
BEHIND_SALES = "docs-behind-sales-call"
LEGACY = "legacy-protocol"
UNDOCUMENTED = "undocumented-behaviour"

_DOCUMENT = Evidence("spec", pointer="", line=1)
_HALF = 0.5
_MOST_SINGLE_RECORDS = 3
_MOST_LINES = 60
_MOST_EXAMPLES = 40
_MOST_PLACES = 5


@check(question=QUESTION, id="data.document-understood", aspect="schema", sends="nothing", flags=(LEGACY, BEHIND_SALES))
def document_understood(ctx: Context) -> Finding:
    """What the vendor handed over: an API description that can be read whole, or something else."""
    document = ctx.document
    if isinstance(document, NotASpec):
        return _judge_other_document(document, docs_are_elsewhere=ctx.vendor.docs_url is not None)
    return _judge_description(document)


def _judge_other_document(document: NotASpec, *, docs_are_elsewhere: bool) -> Finding:
    if document.kind == "wsdl":
        return not_met(f"the document is no description of a REST API: {document.says}", _DOCUMENT).raises(LEGACY)
    if document.kind in ("login-page", "lead-form"):
        finding = not_met(f"in place of a description came something else: {document.says}", _DOCUMENT)
        return finding if docs_are_elsewhere else finding.raises(BEHIND_SALES)
    return unknown(f"there is no API description that a program can read: {document.says}")


def _judge_description(spec: Spec) -> Finding:
    kind = spec.written_in.name
    count = len(spec.operations)
    root = spec.evidence_at("")
    protocol = _legacy_protocol(spec)
    if protocol:
        return not_met(f"the document describes {protocol}, not a REST API", root).raises(LEGACY)
    unread = [problem for problem in spec.problems if problem.unread]
    if unread:
        number = sum(group.count for group in spec.faults if group.unread) or len(unread)
        lost = counted(number, "place in it", "places in it")
        says = f"{kind} with {counted(count, 'operation')}, but {lost} could not be read"
        return partial(says, *unread[:5], detail="\n".join(each.what for each in unread[:20])).clears(LEGACY)
    if not count:
        return not_met("the document is an API description, but it describes no operation", root)
    if not spec.tells(QUESTION):
        return partial(f"{kind}: {spec.written_in.holds}", root).clears(LEGACY)
    holds = spec.written_in.holds or counted(count, "operation")
    return met(f"{kind} with {holds}, read whole", root).clears(LEGACY)


def _legacy_protocol(spec: Spec) -> str | None:
    """SOAP, or one address that takes every command by POST; None for anything that has addresses of its own."""
    posts = [op for op in spec.operations if op.method == "POST"]
    if len(posts) * 2 < len(spec.operations) or not posts:
        return None
    soap = [op for op in posts if any(each.name.lower() == "soapaction" for each in op.parameters)]
    if len(soap) * 2 >= len(spec.operations):
        return "a SOAP service"
    one_path = len({op.path for op in spec.operations}) == 1 and spec.tells(QUESTION)
    if one_path and spec.operations[0].method == "POST":
        return "one address to which every command is posted"
    return None


@check(question=QUESTION, id="data.fields-documented", aspect="schema", sends="nothing")
def fields_documented(ctx: Context) -> Finding:
    """Counts, for each resource that matters, the fields with a type, an explanation, allowed values and marks."""
    root = ctx.spec.evidence_at("")
    kinds = [kind for kind in RECORD_KINDS if ctx.has(kind)]
    if not kinds:
        return unknown("no resource of a maintenance system was recognised", root, reason=Reason.RESOURCE_NOT_FOUND)
    found = [describe(ctx, ctx.resource(kind)) for kind in kinds]
    total = sum(each.fields for each in found)
    places = [ctx.resource(each.kind).record or ctx.resource(each.kind) for each in found]
    detail = "\n".join(map(str, found))
    if not total:
        return not_met(f"the records of {len(found)} resources are not described at all", *places, detail=detail)
    typed = sum(each.counts.typed for each in found) / total
    explained = sum(each.counts.described for each in found) / total
    facts = {"fields": float(total), "typed_share": typed, "explained_share": explained}
    says = f"{total} fields of {len(found)} resources: {typed:.0%} with a type, {explained:.0%} explained"
    if typed < _HALF:
        return not_met(says, *places, detail=detail, facts=facts)
    missing = lacks(found, typed, explained)
    if missing:
        return partial(f"{says}; {'; '.join(missing)}", *places, detail=detail, facts=facts)
    return met(f"{says}, allowed values and required fields named", *places, detail=detail, facts=facts)


@check(question=QUESTION, id="data.examples-valid", aspect="schema", sends="nothing", decisive=False)
def examples_valid(ctx: Context) -> Finding:
    """Holds the examples of records that the document gives against its own description."""
    examples = list(islice(_examples(ctx), _MOST_EXAMPLES))
    if not examples:
        return unknown("the document gives no example of a record")
    broken = [(each, found[0]) for each in examples if (found := _departures_of(each))]
    if not broken:
        says = f"all {len(examples)} examples of records and answers follow their own description"
        return met(says, *(each.place for each in examples[:_MOST_PLACES]))
    says = f"{len(broken)} of {len(examples)} examples of records and answers break their own description"
    detail = "\n".join(f"{each.of}: {drift.field or 'the whole'}: {drift.says}" for each, drift in broken[:_MOST_LINES])
    return partial(says, *(each.place for each, _ in broken[:_MOST_PLACES]), detail=detail)


class _Example(Struct, frozen=True):
    """An example, what it is one of, the description that it should follow, and where it stands."""

    of: str
    schema: Schema
    value: Any
    place: HasEvidence


def _departures_of(example: _Example) -> list[Drift]:
    """Where an example departs from its description; of formats only those of dates count, as others mislead nobody."""
    found = drift(example.schema, example.value)
    return [each for each in found if each.kind != "bad-format" or "date" in each.says]


def _examples(ctx: Context) -> Iterator[_Example]:
    """Examples of records, and of the answers of the operations on them."""
    for resource in ctx.resources.values():
        if resource.served and isinstance(resource.served.example, dict):
            yield _Example(resource.kind, resource.served, resource.served.example, resource)
        for operation in (resource.list, resource.read, resource.create, resource.update):
            answer = operation.success if operation else None
            if operation and answer and answer.schema and isinstance(answer.example, dict | list):
                yield _Example(f"{operation.method} {operation.path}", answer.schema, answer.example, answer)


@check(question=QUESTION, id="data.records-match", aspect="truth", sends="reads", flags=(UNDOCUMENTED,))
async def records_match(ctx: Context) -> Finding:
    """Holds a sample of live records, from lists and one by one, against their description."""
    if ctx.has_spec and not ctx.spec.tells(QUESTION):
        return unknown("the fields are only inferred from examples, so live records have no description to break")
    pages = await ctx.first_pages()
    single = await _single_records(ctx, pages)
    found: list[Departure] = []
    looked_at = 0
    for kind, page in pages.items():
        schema = ctx.resource(kind).served
        if schema and page.served:
            looked_at += min(len(page.served), MOST_RECORDS)
            found += departures(kind, schema, page.served)
    for kind, exchange in single.items():
        schema = _documented_answer(ctx, kind)
        if schema:
            looked_at += 1
            known = {(each.place, each.drift.field, each.drift.kind) for each in found}
            single_record = departures(f"one record of {kind}", schema, [exchange.json])
            found += [each for each in single_record if (kind, each.drift.field, each.drift.kind) not in known]
    places = [*(page.exchange for page in pages.values()), *single.values()]
    if not looked_at:
        return unknown(
            "no live record could be held against a description: there are none, or none is described", *places
        )
    return _judge_departures(found, looked_at, places)


def _documented_answer(ctx: Context, kind: str) -> Schema | None:
    read = ctx.resource(kind).read
    return read.success.schema if read and read.success else None


async def _single_records(ctx: Context, pages: dict[str, Page]) -> dict[str, Exchange]:
    """One record each of up to three resources, asked for by its id."""
    found: dict[str, Exchange] = {}
    for kind, page in pages.items():
        resource = ctx.resource(kind)
        record_id = next((record[resource.id_field] for record in page.records if resource.id_field in record), None)
        if record_id is None or resource.read is None or len(found) == _MOST_SINGLE_RECORDS:
            continue
        try:
            exchange = await ctx.api.record(kind, str(record_id))
        except CouldNotLook:
            continue
        if exchange.ok and exchange.json is not None:
            found[kind] = exchange
    return found


def _judge_departures(found: Sequence[Departure], looked_at: int, places: Sequence[Exchange]) -> Finding:
    facts = {"records": float(looked_at), "departures": float(len(found))}
    if not found:
        says = f"all {looked_at} live records that were looked at match their description"
        return met(says, *places, facts=facts).clears(UNDOCUMENTED)
    serious = [each for each in found if each.drift.serious]
    detail = "\n".join(str(each) for each in found[:_MOST_LINES])
    if serious:
        says = f"live records break their description in {counted(len(found), 'way')}; the gravest: {serious[0]}"
        return not_met(says, *places, detail=detail, facts=facts).raises(UNDOCUMENTED, Severity.SERIOUS)
    says = f"live records depart from their description in {counted(len(found), 'small way')}, such as {found[0]}"
    return partial(says, *places, detail=detail, facts=facts).raises(UNDOCUMENTED, Severity.MINOR)


@check(question=QUESTION, id="data.docs-public", aspect="access", sends="reads", flags=(BEHIND_SALES,))
async def docs_public(ctx: Context) -> Finding:
    """Asks for the documentation and the specification as anybody would, without a credential."""
    addresses = {"the documentation": ctx.vendor.docs_url, "the specification": ctx.vendor.spec_url}
    asked = {name: address for name, address in addresses.items() if address}
    if not asked:
        return not_applicable("the vendor file gives no public address (docs_url, or a spec on the web) to look at")
    answers = {name: await ctx.public_document(address) for name, address in asked.items()}
    seen = {name: access(exchange) for name, exchange in answers.items()}
    detail = "\n".join(f"{name} at {asked[name]}: {how} ({answers[name].status})" for name, how in seen.items())
    return _judge_access(seen, list(answers.values()), detail)


def _judge_access(seen: Mapping[str, Access], places: Sequence[Exchange], detail: str) -> Finding:
    by_answer = {how: [name for name, each in seen.items() if each == how] for how in seen.values()}
    public = by_answer.get("public", [])
    gated = [*by_answer.get("refused", []), *by_answer.get("behind a form", [])]
    if len(public) == len(seen):
        return met(f"{' and '.join(public)} can be read by anybody", *places, detail=detail).clears(BEHIND_SALES)
    if len(gated) == len(seen):
        says = f"{' and '.join(gated)} cannot be read without a login or a conversation with sales"
        return not_met(says, *places, detail=detail).raises(BEHIND_SALES)
    if public:
        hidden = " and ".join(name for name in seen if name not in public)
        says = f"{public[0]} can be read by anybody, {hidden} cannot"
        return partial(says, *places, detail=detail).clears(BEHIND_SALES)
    if gated:
        return partial(f"{gated[0]} is not public, and the rest is not at the address given", *places, detail=detail)
    if "no answer" in by_answer:
        return unknown("the vendor's web site failed to answer", *places, reason=Reason.CONNECTIVITY, detail=detail)
    return not_met(f"{' and '.join(seen)} cannot be found at the address given", *places, detail=detail)


@check(question=QUESTION, id="data.mapping-documented", aspect="mapping", sends="nothing")
def mapping_documented(ctx: Context) -> Finding:
    """Looks up in the document every field that the vendor file says the integration needs."""
    if not ctx.vendor.mapping:
        return not_applicable("the vendor file names no field that the integration must find (mapping)")
    unfound = sorted({need.on for need in ctx.vendor.mapping} - set(ctx.resources))
    if unfound:
        says = f"needed fields cannot be looked up: no path could be recognised as {', '.join(unfound)}"
        return unknown(says, ctx.spec.evidence_at(""), reason=Reason.RESOURCE_NOT_FOUND)
    results = resolve(ctx.vendor.mapping, ctx.resources, {})
    found = [each for each in results if each.documented]
    places = [each.documented for each in found if each.documented] or [ctx.spec.evidence_at("")]
    return _judge_mapping(results, [each for each in results if not each.documented], places)


@check(question=QUESTION, id="data.mapping-found", aspect="mapping", sends="reads")
async def mapping_found(ctx: Context) -> Finding:
    """Looks up in live records every field that the vendor file says the integration needs."""
    if not ctx.vendor.mapping:
        return not_applicable("the vendor file names no field that the integration must find (mapping)")
    pages = await ctx.first_pages(dict.fromkeys(need.on for need in ctx.vendor.mapping))
    records = {kind: page.records for kind, page in pages.items()}
    results = resolve(ctx.vendor.mapping, ctx.resources, records)
    return _judge_mapping(results, [each for each in results if not each.seen_live], list(pages.values()))


def _judge_mapping(
    results: Sequence[MappingResult], missing: Sequence[MappingResult], places: Sequence[HasEvidence]
) -> Finding:
    detail = "\n".join(_in_words(each) for each in results)
    nowhere = [each for each in missing if each.found is None]
    if nowhere:
        names = ", ".join(each.need for each in nowhere)
        return not_met(
            f"{len(nowhere)} of {len(results)} needed fields are nowhere to be found: {names}", *places, detail=detail
        )
    unfit = [each for each in results if not each.type_fits]
    if missing or unfit:
        names = ", ".join(each.need for each in (*missing, *unfit))
        return partial(
            f"needed fields that were found only in part, or of another type: {names}", *places, detail=detail
        )
    return met(f"all {len(results)} needed fields were found", *places, detail=detail)


def _in_words(result: MappingResult) -> str:
    if result.found is None:
        return f"{result.need}: not found"
    seen = {
        True: "seen in live records",
        False: "in no live record that was read",
        None: "not looked for in live records",
    }
    told = "documented" if result.documented else "not documented"
    wanted = "" if result.type_fits else f" where {result.wanted_type} is needed"
    return (
        f"{result.need}: {result.found}, {result.type or 'of unknown type'}{wanted}, {told}, {seen[result.seen_live]}"
    )
