"""Vendors that publish no OpenAPI document are audited all the same, from what they do publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cmms_audit.folders import schemas_folder
from tests.cli.process import cmms_audit, vendor_file
from tests.spec.odata_toys import JSON_V4, V2, V4
from tests.spec.postman_toys import SECRET, written


def report_of(folder: Path, document: str) -> dict[str, Any]:
    vendor = vendor_file(folder, document, spec="openapi.yaml")
    done = cmms_audit("run", vendor, "--offline", "--json", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("document", "work_orders", "understood"),
    [
        (written(), "/work-orders", "Postman collection 2.1: examples of 9 calls"),
        (V2, "/WorkOrderSet", "OData 2.0 metadata with 4 entity sets"),
        (V4, "/WorkOrders", "OData 4.0 metadata with 2 entity sets"),
        (JSON_V4, "/WorkOrders", "OData 4.01 metadata with 2 entity sets"),
    ],
    ids=["postman", "odata-2", "odata-4", "odata-json"],
)
def test_an_audit_says_what_it_read_and_claims_nothing_that_this_cannot_show(
    tmp_path: Path, document: str, work_orders: str, understood: str
) -> None:
    report = report_of(tmp_path, document)

    jsonschema.validate(report, json.loads((schemas_folder() / "report.schema.json").read_text()))
    findings = {each["check"]: each for each in report["findings"]}
    assert understood in findings["data.document-understood"]["summary"]
    assert {each["kind"]: each["path"] for each in report["resources"]}["work_orders"] == work_orders
    assert not [each for each in report["findings"] if each["reason"] == "defect"]
    lines = [place["line"] for each in report["findings"] for place in each["evidence"] if place["kind"] == "spec"]
    assert lines
    assert None not in lines
    assert [each["id"] for each in report["red_flags"] if each["raised"]] == []


def test_secrets_that_a_vendor_left_in_a_collection_are_in_no_report(tmp_path: Path) -> None:
    report_of(tmp_path, written())

    assert not [path.name for path in (tmp_path / "out").iterdir() if SECRET in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('{"info": {"_postman_id": "1"}, "item": []}', "without a single call"),
        ('{"name": "x", "order": [], "requests": []}', "version 1"),
        ('<edmx:Edmx Version="4.0"><edmx:DataServices/></edmx:Edmx>', "names nothing that is served"),
        ('<edmx:Edmx Version="4.0">\n<Schema>\n</edmx:Edmx>', "openapi.yaml:3: is not well-formed XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>\n<edmx:Edmx Version="4.0">&a;</edmx:Edmx>', "document type"),
        ('<service xmlns="http://www.w3.org/2007/app"/>', "XML of a kind that does not describe an API"),
        ("asyncapi: 3.0.0", "AsyncAPI"),
    ],
)
def test_what_holds_no_call_is_refused_with_its_name(tmp_path: Path, document: str, says: str) -> None:
    done = cmms_audit("run", vendor_file(tmp_path, document), "--offline", cwd=tmp_path)

    assert done.returncode == 2
    assert says in done.stderr
