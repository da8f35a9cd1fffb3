"""What a client may ask of a list, and how the document says so: page size, cursor, sorting, fields, filters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cmms_audit.sandbox.granary.calls import Parameter
from cmms_audit.sandbox.granary.fields import Json, field_schema
from cmms_audit.sandbox.granary.resource import Filter, Resource
from cmms_audit.sandbox.switch import Broken, Switch

ONE_RECORD_A_PAGE = Switch(
    "one-record-a-page",
    "a list call returns one record",
    questions=("limits.bulk", "operations.pagination"),
    flags=("records-lost-in-pagination",),
)
SMALL_PAGES = Switch(
    "small-pages",
    "a list call returns at most 25 records",
    questions=("limits.bulk", "operations.pagination"),
    flags=("records-lost-in-pagination",),
)
CLAMPED_PAGES = Switch(
    "clamped-pages",
    "a page size over the maximum is cut down without a word",
    questions=("limits.bulk", "operations.pagination"),
)
CUT_PAGES = Switch(
    "cut-pages",
    "a list call returns at most 100 records, although the document promises 1,000",
    questions=("limits.bulk", "operations.pagination"),
    flags=("undocumented-behaviour",),
)
IGNORED_PAGE_SIZE = Switch(
    "ignored-page-size",
    "a list call returns 100 records, however many are asked for",
    questions=("limits.bulk", "operations.pagination"),
)
LOSSY_PAGES = Switch(
    "lossy-pages",
    "a record falls through between any two pages",
    questions=("operations.pagination",),
    flags=("records-lost-in-pagination",),
)
REPEATING_PAGES = Switch(
    "repeating-pages",
    "the second page names itself as the next, for ever",
    questions=("operations.pagination",),
    flags=("records-lost-in-pagination",),
)
IGNORED_FILTERS = Switch(
    "ignored-filters",
    "filters of work orders and assets (but those by time of change) have no effect; unknown parameters are ignored",
    questions=("operations.query",),
)
NO_SORTING = Switch(
    "no-sorting",
    "lists cannot be sorted",
    questions=("operations.query",),
)
NO_FIELD_SELECTION = Switch(
    "no-field-selection",
    "a client cannot choose the fields that it needs",
    questions=("operations.query",),
)
NO_DELTA = Switch(
    "no-delta",
    "lists cannot be narrowed to what changed since a moment",
    questions=("operations.delta-sync",),
)
SWITCHES = (
    ONE_RECORD_A_PAGE,
    SMALL_PAGES,
    CLAMPED_PAGES,
    CUT_PAGES,
    IGNORED_PAGE_SIZE,
    LOSSY_PAGES,
    REPEATING_PAGES,
    IGNORED_FILTERS,
    NO_SORTING,
    NO_FIELD_SELECTION,
    NO_DELTA,
)

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100


@dataclass(frozen=True)
class Offer:
    """What a client may ask of one list."""

    resource: Resource
    filters: tuple[Filter, ...]
    max_limit: int
    default_limit: int
    sorting: bool
    selection: bool
    clamps: bool = False
    served_limit: int = MAX_LIMIT
    ignores_size: bool = False
    ignores_filters: bool = False
    skips: int = 0
    repeats: bool = False


def max_limit(broken: Broken) -> int:
    """The most records that one page holds."""
    return 1 if ONE_RECORD_A_PAGE in broken else 25 if SMALL_PAGES in broken else MAX_LIMIT


def offer(resource: Resource, broken: Broken) -> Offer:
    """What this vendor lets a client ask of a list of these records."""
    filters = resource.offered_filters
    if NO_DELTA in broken:
        filters = tuple(each for each in filters if each.field != "updated_at")
        resource = replace(resource, sorts=tuple(each for each in resource.sorts if each != "updated_at"))
    return Offer(
        resource,
        filters,
        max_limit(broken),
        min(DEFAULT_LIMIT, max_limit(broken)),
        sorting=NO_SORTING not in broken,
        selection=NO_FIELD_SELECTION not in broken,
        clamps=CLAMPED_PAGES in broken,
        served_limit=DEFAULT_LIMIT if CUT_PAGES in broken else MAX_LIMIT,
        ignores_size=IGNORED_PAGE_SIZE in broken,
        ignores_filters=IGNORED_FILTERS in broken and resource.name in {"work_orders", "assets"},
        skips=1 if LOSSY_PAGES in broken else 0,
        repeats=REPEATING_PAGES in broken,
    )


def parameters(offered: Offer) -> tuple[Parameter, ...]:
    """The query parameters of a list, for the document."""
    resource = offered.resource
    limit: Json = {"type": "integer", "minimum": 1, "maximum": offered.max_limit, "default": offered.default_limit}
    found = [
        _query("limit", f"Records per page, at most {offered.max_limit:,}; more is refused with 400.", limit),
        _query("cursor", "Where the page begins: next_cursor of the page before.", {"type": "string"}),
    ]
    if offered.sorting:
        choices = [sign + name for name in resource.sorts for sign in ("", "-")]
        schema: Json = {"type": "string", "enum": choices, "default": resource.default_sort}
        found.append(_query("sort", "Field to sort by; a minus sorts downwards. Ties are broken by id.", schema))
    if offered.selection:
        text = "Names of the fields to return, separated by commas; id is always returned."
        found.append(_query("fields", text, {"type": "string", "example": "id"}))
    if resource.keeps_tombstones:
        text = "Also list deleted records; they carry deleted_at."
        found.append(_query("include_deleted", text, {"type": "boolean", "default": False}))
    return (*found, *(_filter_parameter(resource, each) for each in offered.filters))


def _query(name: str, description: str, schema: Json) -> Parameter:
    return Parameter(name, "query", description, schema)


_TESTS = {
    "=": "Only records whose {0} is this.",
    ">=": "Only records whose {0} is this or later (inclusive).",
    "<": "Only records whose {0} is earlier than this (exclusive).",
}


def _filter_parameter(resource: Resource, each: Filter) -> Parameter:
    declared = field_schema(replace(resource.field(each.field), nullable=False))
    kept = ("type", "format", "enum", "example", "pattern")
    schema = {key: declared[key] for key in kept if key in declared}
    return _query(each.name, _TESTS[each.test].format(each.field), schema)


def page_schema(name: str) -> Json:
    """The schema of one page of records."""
    return {
        "type": "object",
        "description": f"A page of {name} records.",
        "additionalProperties": False,
        "required": ["items", "total", "next", "next_cursor"],
        "properties": {
            "items": {
                "type": "array",
                "description": "The records of this page.",
                "items": {"$ref": f"#/components/schemas/{name}"},
            },
            "total": {
                "type": "integer",
                "description": "How many records the filters match over all pages.",
                "minimum": 0,
                "readOnly": True,
                "example": 1,
            },
            "next": {
                "type": "string",
                "format": "uri-reference",
                "description": "Address of the next page on this host; null on the last page.",
                "nullable": True,
                "readOnly": True,
                "example": None,
            },
            "next_cursor": {
                "type": "string",
                "description": "Cursor of the next page; null on the last page.",
                "nullable": True,
                "readOnly": True,
                "example": None,
            },
        },
    }
