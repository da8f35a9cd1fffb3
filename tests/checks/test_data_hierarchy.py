"""data.hierarchy: the steps from component to site, sites on every record, references that lead somewhere, accounts."""

from __future__ import annotations

from cmms_audit.model import Verdict
from tests.checks.test_data_documented import record_of
from tests.checks.toy import Toy, document, judged_live
from tests.support import judged


def test_assets_that_do_not_nest_leave_the_chain_in_part() -> None:
    described = document()
    del record_of(described, "assets")["properties"]["parent_id"]
    (finding,) = judged("data.hierarchy-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "do not nest" in finding.summary


def test_assets_without_parent_place_or_site_are_not_met() -> None:
    described = document()
    for name in ("parent_id", "location_id", "site_id"):
        del record_of(described, "assets")["properties"][name]
    (finding,) = judged("data.hierarchy-documented", described, given={"assets": "/assets"})
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


def test_a_site_on_assets_alone_is_partial() -> None:
    described = document()
    del record_of(described)["properties"]["site_id"]
    (finding,) = judged("data.site-ids-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "work orders do not" in finding.summary


def test_some_records_without_a_site_are_partial_and_counted() -> None:
    toy = Toy()
    for record in toy.records["work-orders"][:3]:
        record["site_id"] = None
    finding = judged_live("data.site-ids-present", toy)
    assert finding.verdict is Verdict.PARTIAL
    assert finding.summary.startswith("3 of 50 live work orders")


def test_records_that_never_name_a_site_are_not_met() -> None:
    toy = Toy()
    for name in ("work-orders", "assets"):
        for record in toy.records[name]:
            del record["site_id"]
    assert judged_live("data.site-ids-present", toy).verdict is Verdict.NOT_MET


def test_a_site_given_as_an_object_is_a_site() -> None:
    toy = Toy()
    for name in ("work-orders", "assets"):
        for record in toy.records[name]:
            record["site_id"] = {"id": "S-1", "name": "Plant 1"}
    assert judged_live("data.site-ids-present", toy).verdict is Verdict.MET


def test_a_reference_to_nothing_is_not_met_and_named() -> None:
    toy = Toy()
    toy.records["work-orders"][0]["asset_id"] = "A-999"
    finding = judged_live("data.parents-resolve", toy)
    assert finding.verdict is Verdict.NOT_MET
    assert "names A-999" in finding.detail


def test_a_reference_that_may_name_something_else_is_not_followed() -> None:
    described, toy = document(), Toy()
    fields = record_of(described)["properties"]
    fields["resource"] = fields.pop("asset_id")
    for record in toy.records["work-orders"]:
        record["resource"] = "ROOM-7"
        del record["asset_id"]
    assert judged_live("data.parents-resolve", toy, described).verdict is Verdict.MET


def test_references_are_looked_up_one_by_one_where_no_list_shows_them() -> None:
    toy = Toy()
    asked = []

    def hide_old_assets(seen):  # type: ignore[no-untyped-def]
        asked.append(seen.path)
        if seen.path.endswith("/assets"):
            return Toy(records={**toy.records, "assets": toy.records["assets"][-1:]}).answer(seen)
        return None

    toy.wrong = hide_old_assets
    assert judged_live("data.parents-resolve", toy).verdict is Verdict.MET
    assert 1 <= sum("/assets/A-" in path for path in asked) <= 6


def test_resolving_references_do_not_make_up_for_a_missing_step() -> None:
    described, toy = document(), Toy()
    del record_of(described, "assets")["properties"]["parent_id"]
    for record in toy.records["assets"]:
        del record["parent_id"]
    assert judged_live("data.parents-resolve", toy, described).verdict is Verdict.PARTIAL


def test_no_account_anywhere_is_not_met_and_a_department_is_partial() -> None:
    described = document()
    fields = record_of(described)["properties"]
    del fields["account_code"]
    assert judged("data.account-code", described)[0].verdict is Verdict.NOT_MET
    fields["department"] = {"type": "string"}
    assert judged("data.account-code", described)[0].verdict is Verdict.PARTIAL


def test_an_account_that_no_live_record_carries_is_partial() -> None:
    toy = Toy()
    for record in toy.records["work-orders"]:
        record["account_code"] = None
    assert judged_live("data.account-seen", toy).verdict is Verdict.PARTIAL


def test_an_asset_number_that_comes_twice_is_told_apart_by_its_site_or_not_at_all() -> None:
    toy = Toy()
    first, second = toy.records["assets"][:2]
    second["number"], second["site_id"] = first["number"], "S-2"
    assert judged_live("data.asset-numbers-unique", toy).verdict is Verdict.PARTIAL
    second["site_id"] = first["site_id"]
    assert judged_live("data.asset-numbers-unique", toy).verdict is Verdict.NOT_MET
