"""Puts into words what a document says of the fields of a record, and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    Field,
    FieldCoverage,
    Operation,
    Resource,
    body_fields,
    field_coverage,
    values_are_listed,
)

_CHOICES = ("status", "priority")
_NEARLY_ALL_TYPED = 0.95
_MOST_EXPLAINED = 0.9
_HALF = 0.5
_QUANTITIES_TO_JUDGE = 3


class Description(Struct, frozen=True):
    """How completely the records of one resource are described.

    `open_choices` are the names of fields that take a value from a list which the document does not give;
    `bodiless` the writes whose body is not described.
    """

    kind: str
    counts: FieldCoverage
    open_choices: tuple[str, ...]
    bodiless: tuple[Operation, ...]

    @property
    def fields(self) -> int:
        """How many fields the record has."""
        return self.counts.fields

    def __str__(self) -> str:
        return "; ".join([self._numbers(), *self._gaps()])

    def _numbers(self) -> str:
        counts = self.counts
        return (
            f"{_plain(self.kind)}: {counts.fields} fields, {counts.typed} with a type, {counts.described} explained,"
            f" {counts.with_values} with their values listed"
        )

    def _gaps(self) -> Iterator[str]:
        counts = self.counts
        for what, known in (("required", counts.required_known), ("read-only", counts.read_only_known)):
            if known is not None and counts.fields:
                yield f"{what} fields are {_in_words(known, counts.fields)}"
        if counts.moments:
            yield f"{counts.moments_with_format} of {counts.moments} dates and times have a format"
        if counts.quantities:
            yield f"{counts.quantities_with_unit} of {counts.quantities} quantities have a unit"
        if counts.sent is not None:
            yield f"{counts.sent} fields can be sent"
        if self.open_choices:
            yield f"no values are listed for {', '.join(self.open_choices)}"
        if self.bodiless:
            yield f"what is sent is not described for {', '.join(f'{op.method} {op.path}' for op in self.bodiless)}"


def describe(ctx: Context, resource: Resource) -> Description:
    """Count what the document says of a resource; a record that it does not describe has no fields."""
    choices = [field for concept in _CHOICES if (field := ctx.field(resource.record, concept))]
    writes = [each for each in (resource.create, resource.update) if each]
    return Description(
        kind=resource.kind,
        counts=field_coverage(resource),
        open_choices=tuple(each.name for each in choices if not (_is_object(each) or values_are_listed(each))),
        bodiless=tuple(each for each in writes if not _describes_body(each)),
    )


def _is_object(field: Field) -> bool:
    """Whether a choice is an object, which refers to a record that lists the values."""
    return "object" in field.schema.types


def _describes_body(write: Operation) -> bool:
    return bool(body_fields(write) or (write.request and (write.request.items or write.request.additional)))


def _in_words(known: int, fields: int) -> str:
    if known == fields:
        return "marked"
    return f"named for {known} of {fields} only" if known else "not marked"


def lacks(found: Sequence[Description], typed: float, explained: float) -> list[str]:
    """What a reader of the document will miss; an overall share that is too low needs no more than its number."""
    gaps = {
        "records are not described for": [each.kind for each in found if not each.fields],
        "values are not listed for": [f"{each.kind}.{name}" for each in found for name in each.open_choices],
        "what is sent is not described for": [each.kind for each in found if each.fields and each.bodiless],
    }
    says = [f"{gap} {', '.join(kinds)}" for gap, kinds in gaps.items() if kinds]
    says += [*_marks_missing(found), *_forms_missing([each.counts for each in found])]
    if typed < _NEARLY_ALL_TYPED or explained < _MOST_EXPLAINED:
        says.append("too many fields are left to guess")
    return says


def _marks_missing(found: Sequence[Description]) -> Iterator[str]:
    writable = [each.counts for each in found if each.fields and each.counts.required_known is not None]
    if writable and not any(each.required_known == each.fields for each in writable):
        yield "required fields are marked nowhere"
    if writable and not any(each.read_only_known == each.fields for each in writable):
        yield "read-only fields are marked nowhere"


def _forms_missing(counts: Sequence[FieldCoverage]) -> Iterator[str]:
    """Dates without a format, and quantities without a unit: told only where most, or all, are left open."""
    moments, formatted = sum(each.moments for each in counts), sum(each.moments_with_format for each in counts)
    if formatted < _HALF * moments:
        yield f"{moments - formatted} of {moments} dates and times have no format"
    quantities, with_unit = sum(each.quantities for each in counts), sum(each.quantities_with_unit for each in counts)
    if quantities >= _QUANTITIES_TO_JUDGE and not with_unit:
        yield f"none of {quantities} quantities has a unit"


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
