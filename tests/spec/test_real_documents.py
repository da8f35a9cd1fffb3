"""Published descriptions of real vendors: what a person finds in them, the tool finds, and quickly.

They are read where they are and are no part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import time
from functools import cache

import pytest

from cmms_audit.dialect import detect
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import load_spec
from cmms_audit.spec.resources import Resource, find_resources, stand_in
from tests.spec.toy import DIALECTS, rest
from tests.support import SPECS

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason=f"the folder of published descriptions is not at {SPECS}")


@cache
def document(name: str) -> Spec:
    spec = load_spec(SPECS / name)
    assert isinstance(spec, Spec)
    return spec


def resources(name: str) -> dict[str, Resource]:
    return find_resources(document(name), rest())


# Read off each document by a person: kind, path, where the records are, which field is the id.
FACILIO = {
    "work_orders": ("/workorder", "data", "id"),
    "assets": ("/asset", "data", "id"),
    "sites": ("/site", "data", "id"),
    "locations": ("/space", "data", "id"),
    "purchase_orders": ("/purchaseorder", "data", "id"),
    "inventory": ("/item", "data", "id"),
    "requests": ("/servicerequest", "data", "id"),
    "attachments": ("/workorder/{id}/attachments", "data", "id"),
}
INVENTREE = {
    "work_orders": ("/api/build/", "results", "pk"),
    "assets": ("/api/stock/", "results", "pk"),
    "locations": ("/api/stock/location/", "results", "pk"),
    "purchase_orders": ("/api/order/po/", "results", "pk"),
    "inventory": ("/api/stock/", "results", "pk"),
    "users": ("/api/user/", "results", "pk"),
    "attachments": ("/api/attachment/", "results", "pk"),
    "custom_fields": ("/api/parameter/template/", "results", "pk"),
    "health": ("/api/system/health/", None, None),
}
NETBOX = {
    "assets": ("/api/dcim/devices/", "results", "id"),
    "sites": ("/api/dcim/sites/", "results", "id"),
    "locations": ("/api/dcim/locations/", "results", "id"),
    "inventory": ("/api/dcim/inventory-items/", "results", "id"),
    "users": ("/api/users/users/", "results", "id"),
    "attachments": ("/api/extras/image-attachments/", "results", "id"),
    "webhooks": ("/api/extras/webhooks/", "results", "id"),
    "audit_log": ("/api/core/object-changes/", "results", "id"),
    "custom_fields": ("/api/extras/custom-fields/", "results", "id"),
    "health": ("/api/status/", None, None),
}


@pytest.mark.parametrize(
    ("name", "expected"), [("facilio.yaml", FACILIO), ("inventree.yaml", INVENTREE), ("netbox.yaml", NETBOX)]
)
def test_what_a_person_finds_is_found_and_no_more(
    name: str, expected: dict[str, tuple[str, str | None, str | None]]
) -> None:
    found = {kind: (r.path, r.container, r.id_field) for kind, r in resources(name).items()}

    assert found == expected
    assert detect(document(name), DIALECTS).name == "rest"


def test_facilios_work_orders_can_be_worked_with() -> None:
    work_orders = resources("facilio.yaml")["work_orders"]

    assert not work_orders.nearest
    assert work_orders.record is not None
    assert {"status", "priority", "siteId", "resource"} <= set(work_orders.record.properties)
    assert all((work_orders.list, work_orders.read, work_orders.create, work_orders.update, work_orders.delete))
    assert work_orders.list.parameter("pageSize") is not None  # type: ignore[union-attr]
    assert rest().field_in("updated", list(work_orders.record.properties)) == "modifiedTime"
    assert rest().field_in("site", list(work_orders.record.properties)) == "siteId"


def test_inventree_has_build_orders_for_want_of_work_orders() -> None:
    found = resources("inventree.yaml")

    assert found["work_orders"].nearest
    assert found["assets"].nearest
    assert not found["inventory"].nearest
    assert found["work_orders"].because.startswith("nothing here is called work orders; the nearest is /api/build/")


def test_netbox_has_no_work_orders_and_its_devices_are_named_as_the_nearest() -> None:
    nearest = stand_in("work_orders", resources("netbox.yaml"), rest())

    assert nearest is not None
    assert (nearest.path, nearest.nearest) == ("/api/dcim/devices/", True)


@pytest.mark.parametrize(
    ("name", "operations", "schemes", "prefix"),
    [
        ("facilio.yaml", 213, {"apiKey", "oauth2"}, "/maintenance/api/v5"),
        ("inventree.yaml", 648, {"basicAuth", "cookieAuth", "oauth2", "tokenAuth"}, ""),
        ("netbox.yaml", 1124, {"cookieAuth", "tokenAuth"}, ""),
        ("github-api.json", 1223, set(), ""),
        ("kubernetes-swagger2.json", 738, {"BearerToken"}, ""),
        ("adyen-management-v3.json", 134, {"ApiKeyAuth", "BasicAuth"}, "/v3"),
        ("box.json", 296, {"OAuth2Security"}, "/2.0"),
    ],
)
def test_documents_are_read_whole(name: str, operations: int, schemes: set[str], prefix: str) -> None:
    spec = document(name)

    assert len(spec.operations) == operations
    assert set(spec.security_schemes) == schemes
    assert spec.prefix == prefix
    assert spec.whole


def test_the_same_description_in_json_and_yaml_is_the_same() -> None:
    one, other = document("adyen-management-v3.json"), document("adyen-management-v3.yaml")

    assert [(o.method, o.path, o.operation_id) for o in one.operations] == [
        (o.method, o.path, o.operation_id) for o in other.operations
    ]
    assert one.schema_names == other.schema_names


@pytest.mark.parametrize(
    "name", ["facilio.yaml", "netbox.yaml", "adyen-management-v3.json", "kubernetes-swagger2.json"]
)
def test_evidence_names_the_line_where_it_stands(name: str) -> None:
    lines = (SPECS / name).read_text(encoding="utf-8").split("\n")

    for operation in document(name).operations[::40]:
        line = operation.evidence.line
        assert line is not None
        assert f"{operation.method.lower()}" in lines[line - 1]


def test_scopes_are_read_where_a_vendor_lists_them() -> None:
    builds = document("inventree.yaml").operation("GET", "/api/build/")

    assert builds is not None
    assert {"oauth2": ("r:view:build",)} in [dict(need) for need in builds.security]


@pytest.mark.parametrize("name", ["facilio.yaml", "inventree.yaml", "netbox.yaml"])
def test_loading_and_searching_leave_room_for_the_audit(name: str) -> None:
    started = time.process_time()
    spec = load_spec(SPECS / name)
    assert isinstance(spec, Spec)
    find_resources(spec, rest())

    assert time.process_time() - started < 3  # about 1 on an idle machine; the rest is for busy ones
