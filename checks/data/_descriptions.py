"""Counts what a document says of the fields of a record."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cmms_audit.battery import Context, Field, Resource, Schema

_CHOICES = ("status", "priority")
_NAMES_VALUES = re.compile(
    r"picklist|lookup|one of|allowed|valid values|possible values|enum|\bGET /|`[^`]{1,40}`|['\"]\w", re.IGNORECASE
)


@dataclass(frozen=True)
class Description:
    """How completely the records of one resource are described.

    `open_choices` are the names of fields that take a value from a list which the document does not give; `required`
    and `read_only` say whether the document marks such fields, None where records cannot be written.
    """

    kind: str
    fields: int
    typed: int
    explained: int
    open_choices: tuple[str, ...]
    required: bool | None
    read_only: bool | None

    def __str__(self) -> str:
        marks = {"required": self.required, "read-only": self.read_only}
        says = [
            f"{name} fields are {'marked' if value else 'not marked'}"
            for name, value in marks.items()
            if value is not None
        ]
        if self.open_choices:
            says.append(f"no values are listed for {', '.join(self.open_choices)}")
        plain = self.kind.replace("_", " ")
        counts = f"{plain}: {self.fields} fields, {self.typed} with a type, {self.explained} explained"
        return "; ".join([counts, *says])


def describe(ctx: Context, resource: Resource) -> Description:
    """Count what the document says of a resource; a record that it does not describe has no fields."""
    fields = resource.record.fields() if resource.record else ()
    choices = [field for concept in _CHOICES if (field := ctx.field(resource.record, concept))]
    writable = resource.create or resource.update
    return Description(
        kind=resource.kind,
        fields=len(fields),
        typed=sum(bool(field.schema.types or field.schema.enum) for field in fields),
        explained=sum(bool(field.schema.description.strip()) for field in fields),
        open_choices=tuple(field.name for field in choices if not _values_are_listed(field)),
        required=_marks_required(resource) if writable else None,
        read_only=_marks_read_only(resource) if writable else None,
    )


def _values_are_listed(field: Field) -> bool:
    schema = field.schema
    inner = [each.enum for each in schema.properties.values()]
    refers = {"object", "boolean"} & set(schema.types)
    return bool(schema.enum or any(inner) or refers or _NAMES_VALUES.search(schema.description[:5_000]))


def _marks_required(resource: Resource) -> bool:
    sent = _sent(resource)
    return bool((resource.record and resource.record.required) or (sent and sent.required))


def _marks_read_only(resource: Resource) -> bool:
    """Whether the document tells what a client cannot write: by a mark, or by leaving it out of what is sent."""
    served = resource.record.fields() if resource.record else ()
    if any(field.schema.read_only for field in served):
        return True
    sent = _sent(resource)
    return bool(sent and sent.properties and {field.name for field in served} - set(sent.properties))


def _sent(resource: Resource) -> Schema | None:
    """What a client sends to create a record, without the wrapper that some vendors put around it."""
    sent = resource.create.request if resource.create else None
    if sent and len(sent.properties) == 1:
        inner = next(iter(sent.properties.values()))
        return inner if inner.properties else sent
    return sent
