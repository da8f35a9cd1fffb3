"""What finance, payroll and sensors exchange: purchase orders, labour, meters, stock, requests, people."""

from __future__ import annotations

from cmms_audit.sandbox.granary.fields import Field
from cmms_audit.sandbox.granary.maintenance import NO_SITE_IDS, PRIORITIES
from cmms_audit.sandbox.granary.resource import (
    CHANGED_FILTERS,
    CURRENCY,
    DELETED_AT,
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
from cmms_audit.sandbox.switch import Broken

JOB_CLASSES = ("mechanic", "electrician", "hvac_technician", "inspector", "contractor")

PURCHASE_ORDERS = Resource(
    "purchase_orders",
    "/purchase-orders",
    "purchase order",
    "PurchaseOrder",
    "Parts or services ordered for a work order.",
    "purchasing",
    "PO",
    5,
    (
        id_field("PO", 5, "purchase order"),
        reference("work_order_id", "work_orders", "WO-0000001", "The work order.", write="create", required=True),
        site_id("work_order_id"),
        Field("supplier", "string", "Who delivers.", "Ostrava Pumps", "always", required=True, max_length=120),
        Field(
            "status",
            "string",
            "Where the order stands.",
            "ordered",
            "always",
            enum=("draft", "approved", "ordered", "received", "cancelled"),
            default="draft",
        ),
        money("total_amount", "The whole amount", 420.0, write="always", required=True, minimum=0),
        CURRENCY,
        *codes("work_order_id", write="always"),
        Field("expected_on", "string", "Date of delivery.", "2025-04-15", "always", nullable=True, format="date"),
        *TRACKED,
        VERSION,
    ),
    filters=(
        Filter("status", "status"),
        Filter("site_id", "site_id"),
        Filter("work_order_id", "work_order_id"),
        *CHANGED_FILTERS,
    ),
    sorts=USUAL_SORTS,
    does=frozenset({"create", "update"}),
)

LABOR = Resource(
    "labor",
    "/labor",
    "labour entry",
    "LaborEntry",
    "Hours that a person worked on a work order.",
    "labor",
    "LB",
    6,
    (
        id_field("LB", 6, "labour entry"),
        reference("work_order_id", "work_orders", "WO-0000001", "The work order.", write="create", required=True),
        reference("user_id", "users", "U-001", "Who worked.", write="create", required=True),
        site_id("work_order_id"),
        Field("job_class", "string", "Job class that is paid.", "mechanic", "always", required=True, enum=JOB_CLASSES),
        Field("hours", "number", "Time worked, in hours.", 1.5, "always", required=True, minimum=0, maximum=24),
        money("hourly_rate", "Rate per hour", 42.0, write="always", required=True, minimum=0),
        money("cost", "hours times hourly_rate. Computed", 63.0),
        CURRENCY,
        Field("worked_on", "string", "The day.", "2025-03-01", "always", required=True, format="date"),
        *codes("work_order_id", write="always"),
        *TRACKED,
        DELETED_AT,
        VERSION,
    ),
    filters=(
        Filter("work_order_id", "work_order_id"),
        Filter("user_id", "user_id"),
        Filter("site_id", "site_id"),
        Filter("worked_since", "worked_on", ">="),
        *CHANGED_FILTERS,
    ),
    sorts=(*USUAL_SORTS, "worked_on"),
    does=frozenset({"create", "update", "delete"}),
)

METERS = Resource(
    "meters",
    "/meters",
    "meter",
    "Meter",
    "Something measured on an asset, such as running hours.",
    "meters",
    "M",
    4,
    (
        id_field("M", 4, "meter"),
        Field("name", "string", "What is measured.", "Running hours"),
        reference("asset_id", "assets", "A-000001", "The asset."),
        site_id("asset_id"),
        Field("unit", "string", "Unit of the readings.", "h", enum=("h", "degC", "kWh", "mm/s")),
        Field("last_value", "number", "The last reading, in unit. Computed.", 1204.5, format="double", nullable=True),
        moment("last_read_at", "When it was last read. Computed.", nullable=True),
        *TRACKED,
    ),
    filters=(Filter("asset_id", "asset_id"), Filter("site_id", "site_id"), *CHANGED_FILTERS),
    sorts=USUAL_SORTS,
)

READINGS = Resource(
    "meter_readings",
    "/meters/{id}/readings",
    "meter reading",
    "MeterReading",
    "One reading of a meter.",
    "meters",
    "MR",
    6,
    (
        id_field("MR", 6, "reading"),
        reference("meter_id", "meters", "M-0001", "The meter."),
        Field("value", "number", "The reading, in the meter's unit.", 1204.5, "create", required=True, format="double"),
        moment("read_at", "When it was read.", write="create", required=True),
        *TRACKED,
    ),
    filters=(Filter("read_since", "read_at", ">="), *CHANGED_FILTERS),
    sorts=(*USUAL_SORTS, "read_at"),
    does=frozenset({"create"}),
    id_parameter="reading_id",
)

INVENTORY = Resource(
    "inventory",
    "/inventory",
    "stock item",
    "StockItem",
    "A spare part in the store of a site.",
    "inventory",
    "I",
    5,
    (
        id_field("I", 5, "stock item"),
        Field("part_number", "string", "Number of the part.", "BRG-6204"),
        Field("name", "string", "Name of the part.", "Ball bearing 6204"),
        site_id(),
        Field("quantity_on_hand", "integer", "Pieces in stock.", 14, minimum=0),
        Field("reorder_point", "integer", "Pieces at which more are ordered.", 5, minimum=0),
        money("unit_cost", "Cost of one piece", 6.4),
        CURRENCY,
        *TRACKED,
    ),
    filters=(Filter("site_id", "site_id"), Filter("part_number", "part_number"), *CHANGED_FILTERS),
    sorts=(*USUAL_SORTS, "part_number"),
)

REQUESTS = Resource(
    "requests",
    "/requests",
    "service request",
    "ServiceRequest",
    "What somebody asks the maintenance team to look at; it may become a work order.",
    "requests",
    "RQ",
    5,
    (
        id_field("RQ", 5, "service request"),
        Field("title", "string", "What is wrong, in a line.", "Lamp flickers", "create", required=True, max_length=200),
        Field(
            "description", "string", "What is wrong, at length.", "In hall 2.", "create", max_length=4000, default=""
        ),
        reference("asset_id", "assets", "A-000001", "The asset.", write="create", required=True),
        site_id("asset_id"),
        Field("priority", "integer", "As for work orders.", 3, "create", enum=PRIORITIES, default=3),
        Field(
            "status",
            "string",
            "What became of it.",
            "new",
            enum=("new", "approved", "rejected", "converted"),
            default="new",
        ),
        reference("work_order_id", "work_orders", "WO-0000001", "The work order it became.", nullable=True),
        *TRACKED,
    ),
    filters=(
        Filter("status", "status"),
        Filter("priority", "priority"),
        Filter("site_id", "site_id"),
        Filter("asset_id", "asset_id"),
        *CHANGED_FILTERS,
    ),
    sorts=USUAL_SORTS,
    does=frozenset({"create"}),
)

USERS = Resource(
    "users",
    "/users",
    "user",
    "User",
    "A person of the maintenance team.",
    "users",
    "U",
    3,
    (
        id_field("U", 3, "user"),
        Field("name", "string", "Name of the person.", "Jana Dvorak"),
        Field("email", "string", "Work address.", "jana.dvorak@granary.example", format="email"),
        Field("job_class", "string", "Job class that is paid.", "mechanic", enum=JOB_CLASSES),
        site_id(),
        Field("active", "boolean", "Whether the person still works here.", True),
        *TRACKED,
    ),
    filters=(Filter("site_id", "site_id"), Filter("job_class", "job_class"), *CHANGED_FILTERS),
    sorts=(*USUAL_SORTS, "name"),
)

ALL = (PURCHASE_ORDERS, LABOR, METERS, READINGS, INVENTORY, REQUESTS, USERS)


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resources of this module as this vendor offers them."""
    return tuple(each.without({"site_id"}) for each in ALL) if NO_SITE_IDS in broken else ALL
