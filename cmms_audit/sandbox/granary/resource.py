"""What a resource is: a table, a path, fields, filters, and what can be done with it. Fields that many share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cmms_audit.sandbox.granary.fields import Field

MOMENT_EXAMPLE = "2025-03-01T08:30:00.000Z"


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list. `test` is the SQL comparison; the value has the field's type."""

    name: str
    field: str
    test: str = "="


@dataclass(frozen=True)
class Resource:
    """One kind of record.

    `name` is also the table, `schema` the name in the document, `prefix` and `digits` make ids such as
    "WO-0000001", `noun` begins the scopes. `does` lists what is possible beside list and read. `hidden` fields
    are stored but neither served nor documented. `unique` fields must not repeat among records; `used_by` names
    table and column of records that forbid deletion. A resource below another has "{id}" in its path, and its own
    id is `id_parameter`.
    """

    name: str
    path: str
    title: str
    schema: str
    description: str
    noun: str
    prefix: str
    digits: int
    fields: tuple[Field, ...]
    filters: tuple[Filter, ...] = ()
    sorts: tuple[str, ...] = ("id",)
    default_sort: str = "id"
    does: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    unique: tuple[str, ...] = ()
    used_by: tuple[tuple[str, str], ...] = ()
    id_parameter: str = "id"

    @property
    def served(self) -> tuple[Field, ...]:
        """The fields that clients see."""
        return tuple(field for field in self.fields if field.name not in self.hidden)

    @property
    def offered_filters(self) -> tuple[Filter, ...]:
        """The filters that clients may use."""
        return tuple(each for each in self.filters if each.field not in self.hidden)

    @property
    def record_path(self) -> str:
        """The path of one record."""
        return f"{self.path}/{{{self.id_parameter}}}"

    @property
    def nested(self) -> bool:
        """Whether the records live below a record of another resource."""
        return "{id}" in self.path

    @property
    def keeps_tombstones(self) -> bool:
        """Whether deleted records stay findable for clients that follow changes."""
        return self.has("deleted_at")

    def has(self, name: str) -> bool:
        """Whether there is such a field, served or not."""
        return any(field.name == name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)

    def without(self, names: Iterable[str]) -> Resource:
        """The same resource with these fields hidden."""
        hidden = self.hidden | frozenset(names)
        return replace(self, hidden=hidden, sorts=tuple(each for each in self.sorts if each not in hidden))

    def id_of(self, number: int) -> str:
        """The id of the record with that running number."""
        return f"{self.prefix}-{number:0{self.digits}d}"


CHANGED_FILTERS = (
    Filter("updated_since", "updated_at", ">="),
    Filter("updated_before", "updated_at", "<"),
    Filter("created_since", "created_at", ">="),
    Filter("created_before", "created_at", "<"),
)
USUAL_SORTS = ("id", "created_at", "updated_at")


def id_field(prefix: str, digits: int, title: str) -> Field:
    """The id of a record."""
    example = f"{prefix}-{1:0{digits}d}"
    pattern = f"^{prefix}-[0-9]{{{digits},}}$"
    return Field("id", "string", f"Id of the {title}; never used twice.", example, pattern=pattern)


def reference(name: str, table: str, example: str, description: str, **more: Any) -> Field:
    """A field that holds the id of a record of another table."""
    return Field(name, "string", description, example, refers_to=table, **more)


def moment(name: str, description: str, **more: Any) -> Field:
    """A date-time with offset."""
    return Field(name, "string", description, MOMENT_EXAMPLE, format="date-time", **more)


def site_id(inherits: str = "") -> Field:
    """The site that every record belongs to."""
    source = f" Computed from {inherits}." if inherits else ""
    return reference("site_id", "sites", "S-01", f"The site that this record belongs to.{source}", inherits=inherits)


def money(name: str, description: str, example: float, **more: Any) -> Field:
    """An amount in the record's currency."""
    return Field(name, "number", f"{description}, in units of currency.", example, format="double", **more)


CURRENCY = Field("currency", "string", "ISO 4217 code of all amounts.", "EUR", pattern="^[A-Z]{3}$", default="EUR")


def codes(inherits: str, **more: Any) -> tuple[Field, ...]:
    """The two codes by which costs are posted in a ledger."""
    source = f" Taken from {inherits} where it is not sent." if inherits else ""
    return (
        Field(
            "account_code",
            "string",
            f"General ledger account to which costs are posted.{source}",
            "6100-210",
            pattern="^[0-9]{4}-[0-9]{3}$",
            inherits=inherits,
            **more,
        ),
        Field(
            "cost_center",
            "string",
            f"Cost centre of building and department.{source}",
            "CC-0101",
            pattern="^CC-[0-9]{4}$",
            inherits=inherits,
            **more,
        ),
    )


HIERARCHY = Field(
    "hierarchy",
    "object",
    "The whole chain above this record: site, building, system, asset, component. Computed.",
    {"site_id": "S-01", "building_id": "L-0001", "system_id": "L-0002", "asset_id": "A-000001", "component_id": None},
    members=(
        reference("site_id", "sites", "S-01", "The site."),
        reference("building_id", "locations", "L-0001", "The building: a location of kind building."),
        reference("system_id", "locations", "L-0002", "The system: a location of kind system."),
        reference("asset_id", "assets", "A-000001", "The asset."),
        reference("component_id", "assets", "A-000002", "The component, where the record is about one.", nullable=True),
    ),
)

TRACKED = (
    moment("created_at", "When the record was made. Computed."),
    moment("updated_at", "When the record last changed. Computed."),
)
VERSION = Field("version", "integer", "Grows by one with each change. Computed.", 1, minimum=1)
DELETED_AT = moment(
    "deleted_at",
    "When the record was deleted; null while it lives. Deleted records are listed only with include_deleted=true.",
    nullable=True,
)
