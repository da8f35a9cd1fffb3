"""The heart of the data model: sites, locations, assets and work orders, with their custom fields."""

from __future__ import annotations

from dataclasses import replace

from cmms_audit.sandbox.granary.fields import Field
from cmms_audit.sandbox.granary.resource import (
    CHANGED_FILTERS,
    CURRENCY,
    DELETED_AT,
    HIERARCHY,
    TRACKED,
    USUAL_SORTS,
    VERSION,
    Filter,
    Resource,
    codes,
    id_field,
    moment,
    money,
    reference,
    site_id,
)
from cmms_audit.sandbox.switch import Broken, Switch

GENERIC_CUSTOM_FIELDS = Switch(
    "generic-custom-fields",
    "custom fields are called custom_field_1, custom_field_2 ...",
    questions=("data.custom-fields",),
)
NO_CUSTOM_FIELDS = Switch(
    "no-custom-fields",
    "custom fields are not in the API",
    questions=("data.custom-fields",),
)
NO_SITE_IDS = Switch(
    "no-site-ids",
    "records do not say which site they belong to",
    questions=("data.hierarchy",),
)
FLAT_HIERARCHY = Switch(
    "flat-hierarchy",
    "assets and locations stand side by side: no parents, no levels, no chain",
    questions=("data.hierarchy",),
)
SWITCHES = (GENERIC_CUSTOM_FIELDS, NO_CUSTOM_FIELDS, NO_SITE_IDS, FLAT_HIERARCHY)

STATUSES = ("open", "assigned", "in_progress", "on_hold", "completed", "closed", "cancelled")
FINISHED = {"completed", "closed"}
PRIORITIES = (1, 2, 3, 4, 5)
ASSET_CLASSES = ("pump", "hvac", "boiler", "conveyor", "electrical", "elevator", "sensor")

WORK_ORDER_CUSTOM_FIELDS = (
    Field(
        "regulatory_compliance", "boolean", "Whether a regulation asks for this work.", True, "always", default=False
    ),
    Field(
        "contractor_approval_code",
        "string",
        "Code under which a contractor was approved.",
        "APP-114",
        "always",
        nullable=True,
        max_length=20,
    ),
    Field("downtime_minutes", "integer", "Production downtime, in minutes.", 45, "always", minimum=0, default=0),
)
ASSET_CUSTOM_FIELDS = (
    Field("criticality_score", "integer", "How critical the asset is.", 4, "always", minimum=1, maximum=5, default=3),
    Field(
        "warranty_supplier",
        "string",
        "Who holds the warranty.",
        "Ostrava Pumps",
        "always",
        nullable=True,
        max_length=80,
    ),
)


def custom_fields(members: tuple[Field, ...]) -> Field:
    """The custom fields of a record, by key; definitions are listed at /custom-fields."""
    return Field(
        "custom_fields",
        "object",
        "Custom fields by key. Each key is made from its label; the definitions are at /custom-fields.",
        {member.name: member.example for member in members},
        "always",
        members=members,
    )


SITES = Resource(
    "sites",
    "/sites",
    "site",
    "Site",
    "A plant or campus: the top of the chain site, building, system, asset, component.",
    "sites",
    "S",
    2,
    (
        id_field("S", 2, "site"),
        Field("name", "string", "Name of the site.", "Brno plant"),
        Field("code", "string", "Short code that people use.", "BRN", pattern="^[A-Z]{3}$"),
        Field("time_zone", "string", "IANA time zone in which the site works.", "Europe/Prague"),
        CURRENCY,
        *TRACKED,
    ),
    filters=CHANGED_FILTERS,
    sorts=USUAL_SORTS,
)

LOCATIONS = Resource(
    "locations",
    "/locations",
    "location",
    "Location",
    "A building of a site, or a system within a building.",
    "sites",
    "L",
    4,
    (
        id_field("L", 4, "location"),
        Field("name", "string", "Name of the location.", "Building A"),
        Field("kind", "string", "Its level in the chain.", "building", enum=("building", "system")),
        reference(
            "parent_id",
            "locations",
            "L-0001",
            "The building of a system; null for a building, which stands directly below its site.",
            nullable=True,
        ),
        site_id(),
        *codes(""),
        *TRACKED,
    ),
    filters=(Filter("site_id", "site_id"), Filter("kind", "kind"), Filter("parent_id", "parent_id"), *CHANGED_FILTERS),
    sorts=USUAL_SORTS,
)

ASSETS = Resource(
    "assets",
    "/assets",
    "asset",
    "Asset",
    "A machine, or a component of one.",
    "assets",
    "A",
    6,
    (
        id_field("A", 6, "asset"),
        Field(
            "number",
            "string",
            "Asset number, unique over all sites.",
            "PMP-90001",
            "create",
            required=True,
            max_length=40,
        ),
        Field("name", "string", "Name of the asset.", "Feed water pump 1", "always", required=True, max_length=200),
        Field(
            "asset_class", "string", "What kind of machine it is.", "pump", "always", required=True, enum=ASSET_CLASSES
        ),
        Field("level", "string", "Its level in the chain. Computed.", "asset", enum=("asset", "component")),
        reference(
            "parent_id", "assets", "A-000001", "The asset that a component belongs to.", write="create", nullable=True
        ),
        reference("location_id", "locations", "L-0002", "The system it belongs to.", write="create", required=True),
        site_id("location_id"),
        HIERARCHY,
        Field(
            "status",
            "string",
            "Whether it works.",
            "operational",
            "always",
            enum=("operational", "down", "retired"),
            default="operational",
        ),
        Field(
            "condition",
            "integer",
            "Condition in percent; 100 is as new.",
            87,
            "always",
            minimum=0,
            maximum=100,
            default=100,
        ),
        Field(
            "serial_number",
            "string",
            "Serial number of the maker.",
            "SN-204411",
            "always",
            nullable=True,
            max_length=60,
        ),
        Field("installed_on", "string", "Date of installation.", "2019-06-12", "always", nullable=True, format="date"),
        *codes("location_id", write="always"),
        custom_fields(ASSET_CUSTOM_FIELDS),
        *TRACKED,
        DELETED_AT,
        VERSION,
    ),
    filters=(
        Filter("site_id", "site_id"),
        Filter("location_id", "location_id"),
        Filter("parent_id", "parent_id"),
        Filter("asset_class", "asset_class"),
        Filter("status", "status"),
        *CHANGED_FILTERS,
    ),
    sorts=(*USUAL_SORTS, "number"),
    does=frozenset({"create", "update", "delete"}),
    unique=("number",),
    used_by=(("work_orders", "asset_id"), ("assets", "parent_id"), ("meters", "asset_id"), ("requests", "asset_id")),
)

WORK_ORDERS = Resource(
    "work_orders",
    "/work-orders",
    "work order",
    "WorkOrder",
    "Work to be done on an asset, or done. Historical work orders can be imported: a create may name a closed "
    "status and past moments.",
    "workorders",
    "WO",
    7,
    (
        id_field("WO", 7, "work order"),
        Field(
            "title",
            "string",
            "What is to be done, in a line.",
            "Replace bearing",
            "always",
            required=True,
            max_length=200,
        ),
        Field(
            "description",
            "string",
            "What is to be done, at length.",
            "Drive end bearing is noisy.",
            "always",
            max_length=4000,
            default="",
        ),
        Field(
            "status",
            "string",
            "Where the work stands. Set on create; afterwards it changes by transitions only.",
            "open",
            "create",
            enum=STATUSES,
            default="open",
        ),
        Field(
            "priority",
            "integer",
            "1 emergency, 2 high, 3 normal, 4 low, 5 when convenient.",
            3,
            "always",
            required=True,
            enum=PRIORITIES,
        ),
        Field(
            "type",
            "string",
            "Why the work is done.",
            "corrective",
            "always",
            enum=("corrective", "preventive", "inspection", "safety"),
            default="corrective",
        ),
        reference("asset_id", "assets", "A-000001", "The asset or component.", write="create", required=True),
        reference("location_id", "locations", "L-0002", "The system. Computed from asset_id.", inherits="asset_id"),
        site_id("asset_id"),
        replace(HIERARCHY, inherits="asset_id"),
        reference("assigned_to", "users", "U-001", "The technician.", write="always", nullable=True),
        *codes("asset_id", write="always"),
        Field(
            "estimated_hours",
            "number",
            "Planned labour, in hours.",
            2.5,
            "always",
            minimum=0,
            maximum=10_000,
            default=0.0,
        ),
        money("labor_cost", "Cost of all labour entries. Computed", 180.5, default=0.0),
        money("material_cost", "Cost of all material", 42.0, write="always", minimum=0, default=0.0),
        CURRENCY,
        moment("reported_at", "When the need was reported; now where it is not sent.", write="create"),
        moment("due_at", "When the work is due.", write="always", nullable=True),
        moment("completed_at", "When the work was finished.", write="create", nullable=True),
        custom_fields(WORK_ORDER_CUSTOM_FIELDS),
        *TRACKED,
        DELETED_AT,
        VERSION,
    ),
    filters=(
        Filter("status", "status"),
        Filter("priority", "priority"),
        Filter("type", "type"),
        Filter("site_id", "site_id"),
        Filter("asset_id", "asset_id"),
        Filter("assigned_to", "assigned_to"),
        *CHANGED_FILTERS,
    ),
    sorts=(*USUAL_SORTS, "priority", "status", "title"),
    does=frozenset({"create", "update", "delete"}),
    used_by=(("labor", "work_order_id"), ("purchase_orders", "work_order_id")),
)

CUSTOM_FIELD_DEFINITIONS = Resource(
    "custom_field_definitions",
    "/custom-fields",
    "custom field definition",
    "CustomFieldDefinition",
    "A custom field: the key under which records carry it, its label on screen, and its type.",
    "sites",
    "CF",
    2,
    (
        id_field("CF", 2, "definition"),
        Field("key", "string", "Key in custom_fields.", "regulatory_compliance"),
        Field("label", "string", "Label on screen.", "Regulatory compliance"),
        Field("type", "string", "Type of the values.", "boolean", enum=("boolean", "string", "integer")),
        Field("applies_to", "string", "The records that carry it.", "work_orders", enum=("work_orders", "assets")),
        Field("description", "string", "What it means.", "Whether a regulation asks for this work."),
    ),
    filters=(Filter("applies_to", "applies_to"),),
)


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resources of this module as this vendor offers them."""
    orders, assets = _with_custom_fields(WORK_ORDERS, broken), _with_custom_fields(ASSETS, broken)
    found: tuple[Resource, ...] = (SITES, LOCATIONS, assets, orders)
    if FLAT_HIERARCHY in broken:
        found = tuple(each.without({"parent_id", "hierarchy", "level", "kind"}) for each in found)
    if NO_SITE_IDS in broken:
        found = tuple(each.without({"site_id", "hierarchy"}) for each in found)
    return found if NO_CUSTOM_FIELDS in broken else (*found, CUSTOM_FIELD_DEFINITIONS)


def _with_custom_fields(resource: Resource, broken: Broken) -> Resource:
    if NO_CUSTOM_FIELDS in broken:
        return resource.without({"custom_fields"})
    if GENERIC_CUSTOM_FIELDS not in broken:
        return resource
    named = resource.field("custom_fields")
    generic = custom_fields(
        tuple(
            replace(member, name=f"custom_field_{number}", description=f"Custom field {number}.")
            for number, member in enumerate(named.members, 1)
        )
    )
    fields = tuple(generic if field is named else field for field in resource.fields)
    return replace(resource, fields=fields)
