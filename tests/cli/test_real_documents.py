"""Real vendors' published documents, audited without a network. Skipped where the corpus is not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cmms_audit.folders import schemas_folder
from tests.cli.process import cmms_audit, vendor_file
from tests.support import SPECS

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the corpus of real documents is not here")


def audited(folder: Path, document: str) -> dict[str, Any]:
    shutil.copy(SPECS / document, folder / document)
    done = cmms_audit("run", vendor_file(folder, spec=document), "--offline", "--json", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("document", "work_orders", "nearest"),
    [
        ("facilio.yaml", "/workorder", False),
        ("inventree.yaml", "/api/build/", True),
        ("netbox.yaml", "/api/dcim/devices/", True),
    ],
)
def test_a_real_document_gives_an_honest_report(tmp_path: Path, document: str, work_orders: str, nearest: bool) -> None:
    report = audited(tmp_path, document)

    jsonschema.validate(report, json.loads((schemas_folder() / "report.schema.json").read_text()))
    found = {each["kind"]: (each["path"], each["nearest"]) for each in report["resources"]}
    assert found["work_orders"] == (work_orders, nearest)
    assert not [each for each in report["findings"] if each["reason"] == "defect"]
    assert not [each for each in report["findings"] if each["verdict"] == "met" and not each["evidence"]]
    assert not [each for each in report["questions"] if each["basis"] == "observed"]
    assert report["traffic"]["requests"] == 0
    assert all(each["verdict"] != "go" for each in report["scenarios"])


@pytest.mark.parametrize(
    "document",
    [
        "box.json",
        "adyen-management-v3.yaml",
        "twilio-api-v2010.json",
        "stripe-2020-swagger2.json",
        "kubernetes-swagger2.json",
    ],
)
def test_documents_of_other_trades_are_audited_without_a_fault_of_ours(tmp_path: Path, document: str) -> None:
    report = audited(tmp_path, document)

    assert not [each for each in report["findings"] if each["reason"] == "defect"]
    assert len(report["questions"]) == 25
