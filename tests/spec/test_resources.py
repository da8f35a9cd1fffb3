"""Resources are found as a person would find them, and nothing is found where nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.spec.resources import Resource, find_resources, stand_in
from tests.spec.toy import answer, crud, described, described2, fields, rest

WORK_ORDER = fields("id", "title", "status", "priority", "asset_id", "site_id")
ASSET = fields("id", "name", "serial_number", "location_id", "status")


def found(*parts: dict[str, Any], given: dict[str, str] | None = None, **members: Any) -> dict[str, Resource]:
    paths = {path: item for part in parts for path, item in part.items()}
    return find_resources(described(paths, **members), rest(), given)


@pytest.mark.parametrize(
    "path",
    [
        "/work-orders",
        "/workorders",
        "/workOrders",
        "/WorkOrder",
        "/work_order",
        "/api/v2/work-orders",
        "/v1/maintenance/work-orders",
        "/orders/work",
        "/{client_id}/v1/work_orders",
        "/wo",
        "/service-work-orders",
        "/work-orders.json",
    ],
)
def test_work_orders_are_found_by_their_path_however_it_is_spelled(path: str) -> None:
    resource = found(crud(path, WORK_ORDER), crud(path.replace("ork", "x").replace("wo", "y"), ASSET))["work_orders"]

    assert resource.path == path
    assert not resource.nearest
    assert path in resource.because


def test_a_resource_knows_what_can_be_done_with_it() -> None:
    action = {"/work-orders/{id}/close": {"post": {}}, "/work-orders/bulk": {"post": {}}}

    resource = found(crud("/work-orders", WORK_ORDER), action)["work_orders"]

    operations = [resource.list, resource.read, resource.create, resource.update, resource.delete]
    assert [f"{o.method} {o.path}" for o in operations if o] == [
        "GET /work-orders",
        "GET /work-orders/{id}",
        "POST /work-orders",
        "PATCH /work-orders/{id}",
        "DELETE /work-orders/{id}",
    ]
    assert [operation.path for operation in resource.others] == ["/work-orders/{id}/close", "/work-orders/bulk"]
    assert (resource.container, resource.id_field, resource.id_parameter) == ("data", "id", "id")
    assert list(resource.record.properties) == list(WORK_ORDER["properties"])  # type: ignore[union-attr]
    assert resource.because.endswith("records can be listed, read, created, changed and deleted")
    assert resource.evidence.pointer == "/paths/~1work-orders/get"


@pytest.mark.parametrize("container", [None, "data", "results", "items", "workOrders"])
def test_the_member_that_holds_the_records_is_found(container: str | None) -> None:
    resource = found(crud("/work-orders", WORK_ORDER, container=container))["work_orders"]

    assert resource.container == (container or "")
    assert resource.record is not None


def test_a_nested_member_and_one_of_an_example_are_found() -> None:
    nested = {
        "properties": {
            "result": {"properties": {"x": {}}},
            "data": {"properties": {"items": {"type": "array", "items": ASSET}}},
        }
    }
    example = {"ok": True, "data": [{"id": 1, "name": "x", "serialNumber": "y", "site": 1}]}
    paths = {
        "/assets": {"get": {"responses": answer(nested)}},
        "/sites": {"get": {"responses": answer(None, example=example)}},
    }

    resources = found(paths)

    assert resources["assets"].container == "data.items"
    assert (resources["sites"].container, resources["sites"].record, resources["sites"].id_field) == (
        "data",
        None,
        "id",
    )


def test_a_list_in_what_is_embedded_is_found_under_whatever_name() -> None:
    links = {"properties": {"self": {"properties": {"href": {"type": "string"}}}}}
    embedded = {"properties": {"workOrders": {"type": "array", "items": WORK_ORDER}}}
    page = {"properties": {"_embedded": embedded, "_links": links, "page": {"properties": {"size": {}}}}}
    record = {"id": 1, "name": "x", "serialNumber": "y", "site": 1}
    paths = {
        "/work-orders": {"get": {"responses": answer(page)}},
        "/assets": {"get": {"responses": answer(None, example={"_embedded": {"machines": [record]}, "_links": {}})}},
    }

    resources = found(paths)

    assert resources["work_orders"].container == "_embedded.workOrders"
    assert resources["work_orders"].record is not None
    assert (resources["assets"].container, resources["assets"].id_field) == ("_embedded.machines", "id")


def test_where_the_list_is_not_described_the_record_is_taken_from_what_is() -> None:
    wrapped = {"content": {"application/json": {"schema": {"properties": {"data": ASSET}}}}}
    paths = {"/assets": {"get": {}, "post": {"requestBody": wrapped}}}

    record = found(paths)["assets"].record

    assert record is not None
    assert list(record.properties) == list(ASSET["properties"])


@pytest.mark.parametrize(
    ("names", "parameter", "expected"),
    [
        (("number", "pk", "id"), "id", "id"),
        (("pk", "name"), "id", "pk"),
        (("name", "workOrderId"), "id", "workOrderId"),
        (("wonum", "id"), "wonum", "wonum"),
        (("name",), "id", None),
    ],
)
def test_the_field_with_the_id_is_found(names: tuple[str, ...], parameter: str, expected: str | None) -> None:
    record = fields(*names, "status", "priority", "asset")
    paths = {
        "/work-orders": {"get": {"responses": answer({"type": "array", "items": record})}},
        f"/work-orders/{{{parameter}}}": {"get": {}},
    }

    resource = found(paths)["work_orders"]

    assert (resource.id_field, resource.id_parameter) == (expected, parameter)


def test_a_schema_or_a_heading_speaks_where_the_path_is_silent() -> None:
    by_schema = found(
        crud("/wm-objects", {"$ref": "#/components/schemas/WorkOrder"}),
        crud("/x", fields("a")),
        components={"schemas": {"WorkOrder": WORK_ORDER}},
    )
    by_heading = found(crud("/objects/77", WORK_ORDER, tags=("Work Orders",)), crud("/x", fields("a")))

    assert by_schema["work_orders"].path == "/wm-objects"
    assert by_heading["work_orders"].path == "/objects/77"
    assert "'Work Orders'" in by_heading["work_orders"].because


def test_a_name_without_the_fields_of_such_a_record_is_not_enough() -> None:
    printer = fields("id", "name", "driver")

    assert "assets" not in found(crud("/machines", printer), crud("/x", fields("a")))
    assert "assets" in found(crud("/machines", ASSET), crud("/x", fields("a")))


def test_the_first_name_needs_no_fields_in_support() -> None:
    assert found(crud("/assets", fields("key")), crud("/x", fields("a")))["assets"].path == "/assets"


def test_a_word_further_up_in_the_path_can_make_it_something_else() -> None:
    assert "assets" not in found(crud("/report/asset", fields("id", "file")), crud("/x", fields("a")))


def test_the_better_name_and_the_shorter_way_win() -> None:
    resources = found(
        crud("/spaces", fields("id", "name")),
        crud("/locations", fields("id", "name")),
        crud("/archive/locations", fields("id", "name")),
    )

    assert resources["locations"].path == "/locations"


def test_a_stand_in_is_marked_as_the_nearest() -> None:
    build = fields("id", "title", "priority", "target_date", "responsible")

    resource = found(crud("/builds", build), crud("/x", fields("a")))["work_orders"]

    assert resource.nearest
    assert resource.because.startswith("nothing here is called work orders; the nearest is /builds")


def test_background_jobs_are_no_work_orders() -> None:
    job = fields("id", "status", "created", "scheduled", "error")

    assert "work_orders" not in found(crud("/jobs", job), crud("/x", fields("a")))


def test_attachments_are_found_below_the_work_orders_first() -> None:
    file = fields("id", "file_name", "size")

    resources = found(
        crud("/requests", fields("title", "status", "priority")),
        crud("/requests/{rid}/attachments", file),
        crud("/work-orders", WORK_ORDER),
        crud("/work-orders/{wid}/attachments", file),
    )

    assert resources["attachments"].path == "/work-orders/{wid}/attachments"


def test_what_hangs_below_another_record_is_that_records_affair() -> None:
    part = fields("id", "quantity", "unit_cost", "storeroom")

    assert "inventory" not in found(crud("/work-orders", WORK_ORDER), crud("/work-orders/{id}/parts", part))


def test_single_answers_count_near_the_top_only() -> None:
    paths = {"/usage": {"get": {}}, "/work-orders/{id}/health": {"get": {}}, "/a/b/c/health": {"get": {}}}

    resources = found(paths)

    assert resources["usage"].read is not None
    assert resources["usage"].list is None
    assert "health" not in resources


def test_an_action_that_happens_to_have_a_name_is_no_resource() -> None:
    assert "requests" not in found({"/returns/{id}/issue": {"post": {}}, "/x": {"get": {}}})


def test_a_path_that_the_user_names_is_taken() -> None:
    resources = found(
        crud("/things", WORK_ORDER),
        given={"work_orders": "/api/v1/things/", "assets": "/nowhere", "pumps": "/things"},
        servers=[{"url": "/api/v1"}],
    )

    assert (resources["work_orders"].path, resources["work_orders"].given) == ("/things", True)
    assert (resources["assets"].path, resources["assets"].given, resources["assets"].list) == ("/nowhere", True, None)
    assert resources["pumps"].list is not None


def test_where_work_orders_are_missing_the_nearest_is_named_honestly() -> None:
    resources = found(crud("/assets", ASSET), crud("/x", fields("a")))

    nearest = stand_in("work_orders", resources, rest())

    assert nearest is not None
    assert (nearest.path, nearest.nearest) == ("/assets", True)
    assert nearest.because == "nothing here is called work orders; the nearest are the assets at /assets"
    assert stand_in("work_orders", {}, rest()) is None


def test_swagger_2_and_an_empty_document_are_searched_alike() -> None:
    listing = {"get": {"responses": {"200": {"schema": {"type": "array", "items": ASSET}}}}}

    assert find_resources(described2({"/assets": listing}), rest())["assets"].container == ""
    assert find_resources(described(), rest()) == {}
