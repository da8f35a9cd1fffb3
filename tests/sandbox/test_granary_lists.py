from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.conftest import Client, Open

ORDERS = "/api/v1/work-orders"


def walk(client: Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while path:
        page = client.get(path).json()
        found += page["items"]
        path = page["next"]
    return found


def test_there_are_two_thousand_work_orders_and_a_thousand_fit_on_a_page(granary: Open) -> None:
    client = granary()
    page = client.get(ORDERS, params={"limit": 1000}).json()
    assert len(page["items"]) == 1000
    assert page["total"] >= 2000


def test_the_plant_is_the_same_every_time(granary: Open) -> None:
    assert granary().records("work-orders", limit=50) == granary().records("work-orders", limit=50)


@pytest.mark.parametrize("query", ["limit=1000", "limit=500&sort=-priority", "limit=200&sort=status&status=closed"])
def test_a_walk_gives_every_record_once_and_ends(granary: Open, query: str) -> None:
    client = granary()
    found = walk(client, f"{ORDERS}?{query}")
    total = client.get(f"{ORDERS}?{query}").json()["total"]
    assert len(found) == len({record["id"] for record in found}) == total


def test_the_next_link_stays_on_the_host_and_keeps_the_filters(granary: Open) -> None:
    page = granary().get(ORDERS, params={"limit": 5, "status": "closed"}).json()
    assert page["next"].startswith(f"{ORDERS}?limit=5&status=closed&cursor=")
    assert page["next_cursor"]


def test_records_made_and_deleted_during_a_walk_move_nothing_else(granary: Open) -> None:
    client = granary()
    before = {record["id"] for record in walk(client, f"{ORDERS}?limit=1000")}
    extra = client.make()
    page = client.get(ORDERS, params={"limit": 100, "sort": "-id"}).json()
    assert page["items"][0]["id"] == extra["id"]
    client.delete(f"{ORDERS}/{extra['id']}")
    client.make()
    later = [record["id"] for record in page["items"][1:] + walk(client, page["next"])]
    assert sorted(later) == sorted(before)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=1001", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WyJpZCIsIDEsIDJd", "cursor"),
        ("cursor=%5B", "cursor"),
        ("sort=colour", "sort"),
        ("fields=id,colour", "fields"),
        ("status=finished", "status"),
        ("priority=urgent", "priority"),
        ("priority=9", "priority"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2025-01-01T00:00:00", "updated_since"),
        ("updated_since=2025-13-01T00:00:00Z", "updated_since"),
        ("include_deleted=maybe", "include_deleted"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_query_is_refused_and_names_the_parameter(granary: Open, query: str, name: str) -> None:
    answer = granary().get(f"{ORDERS}?{query}")
    assert answer.status_code == 400
    assert [error["name"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "params",
    [
        {"status": "closed"},
        {"priority": 1},
        {"site_id": "S-02"},
        {"asset_id": "A-000010"},
        {"type": "safety"},
        {"status": "closed", "priority": 2, "site_id": "S-01"},
    ],
)
def test_filters_hold_for_every_record(granary: Open, params: dict[str, Any]) -> None:
    records = granary().records("work-orders", limit=1000, **params)
    assert records
    assert all(record[name] == value for record in records for name, value in params.items())


def test_a_range_includes_its_beginning_and_excludes_its_end(granary: Open) -> None:
    client = granary()
    moments = sorted(record["created_at"] for record in client.records("work-orders", limit=1000))
    found = client.records("work-orders", limit=1000, created_since=moments[10], created_before=moments[20])
    assert sorted(record["created_at"] for record in found) == moments[10:20]


def test_time_zones_are_honoured(granary: Open) -> None:
    client = granary()
    utc = client.get(ORDERS, params={"updated_since": "2025-06-01T00:00:00Z"}).json()["total"]
    local = client.get(ORDERS, params={"updated_since": "2025-06-01T02:00:00+02:00"}).json()["total"]
    assert utc == local > 0


def test_changes_and_deletions_since_a_moment_are_found(granary: Open) -> None:
    client = granary()
    changed, deleted = client.make(), client.make()
    client.clock.time += 60
    since = client.make()["created_at"]
    etag = {"If-Match": "*"}
    client.patch(f"{ORDERS}/{changed['id']}", json={"title": "Oil both gates"}, headers=etag)
    client.delete(f"{ORDERS}/{deleted['id']}")
    found = client.records("work-orders", updated_since=since)
    assert changed["id"] in {record["id"] for record in found}
    assert deleted["id"] not in {record["id"] for record in found}
    with_deleted = {
        record["id"]: record for record in client.records("work-orders", updated_since=since, include_deleted="true")
    }
    assert with_deleted[deleted["id"]]["deleted_at"] == since


@pytest.mark.parametrize("sort", ["priority", "-priority", "updated_at", "-created_at", "title"])
def test_lists_are_sorted_and_ties_broken_by_id(granary: Open, sort: str) -> None:
    name = sort.removeprefix("-")
    keys = [(record[name], record["id"]) for record in granary().records("work-orders", limit=500, sort=sort)]
    pairs = list(pairwise(keys))
    assert all(one > other if sort.startswith("-") else one < other for one, other in pairs)


def test_only_the_chosen_fields_come_back(granary: Open) -> None:
    record = granary().records("work-orders", limit=1, fields="status,priority")[0]
    assert set(record) == {"id", "status", "priority"}


def test_every_list_answers(granary: Open) -> None:
    client = granary()
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    lists = [
        path for path, operations in paths.items() if "{" not in path and "get" in operations and path != "/health"
    ]
    assert len(lists) >= 14
    client.get(f"{ORDERS}/unknown")  # so that there is a failed call to list
    for path in lists:
        assert client.get(f"/api/v1{path}").json()["items"], path


def test_ids_resolve_along_the_whole_chain(granary: Open) -> None:
    client = granary()
    order = next(each for each in client.records("work-orders") if each["hierarchy"]["component_id"])
    chain = order["hierarchy"]
    component = client.get(f"/api/v1/assets/{chain['component_id']}").json()
    asset = client.get(f"/api/v1/assets/{component['parent_id']}").json()
    system = client.get(f"/api/v1/locations/{asset['location_id']}").json()
    building = client.get(f"/api/v1/locations/{system['parent_id']}").json()
    site = client.get(f"/api/v1/sites/{building['site_id']}").json()
    assert [site["id"], building["id"], system["id"], asset["id"], component["id"]] == list(chain.values())
    assert order["site_id"] == component["site_id"] == site["id"]


def test_records_below_another_are_found_there_only(granary: Open) -> None:
    client = granary()
    reading = client.records("meters/M-0002/readings", limit=1)[0]
    assert client.get(f"/api/v1/meters/M-0002/readings/{reading['id']}").json() == reading
    assert client.get(f"/api/v1/meters/M-0001/readings/{reading['id']}").status_code == 404
    assert client.get("/api/v1/meters/M-9999/readings").status_code == 404


def test_custom_fields_are_defined_by_key_and_label(granary: Open) -> None:
    client = granary()
    definitions = client.records("custom-fields", applies_to="work_orders")
    assert {each["key"] for each in definitions} == set(client.records("work-orders", limit=1)[0]["custom_fields"])
    assert {"key": "downtime_minutes", "label": "Downtime minutes", "type": "integer"}.items() <= definitions[2].items()
