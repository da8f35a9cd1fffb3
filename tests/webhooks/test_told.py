"""A vendor may call anything his secret: it is kept out of the evidence where that spoils nothing of ours."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from cmms_audit.webhooks.told import kept_out
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RUN, SERIES = "16ba4e0a", "3f62922b"
MARKER = f"cmms-audit {RUN}-{SERIES}-1"
ADDRESS = "https://vendor.example/api/v1/work-orders/4d4f6e65206c6f6e67206964"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "evidence.jsonl")
    journal.write("document", {"text": "paths: /work-orders-of-plant-0815-north: get"})
    where = {"url": "https://vendor.example/api/v1/work-orders", "marker": MARKER}
    journal.write("creating", {"number": "1", "owner": "a.b", "resource": "work_orders", **where})
    journal.write("created", {"number": "1", "address": ADDRESS, "exchange": 1, "status": 201})
    journal.write("delivery", {"number": 1, "body": "a-secret-of-a-ping-0815"})
    journal.close()
    return tmp_path / "evidence.jsonl"


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "0123456789abcdef0123456789abcdef",
        "7f0c2b7e-6c1b-4a53-9d43-0f9a5a5f3c11",
        "Zm9v+YmFy/YmF6MTIzNDU2Nzg5MA==",
        "a-secret-of-a-ping-0815",
    ],
)
def test_what_looks_like_a_secret_is_kept_out_of_everything(secret: str, evidence: Path) -> None:
    redactor = Redactor()

    assert kept_out(secret, redactor, evidence)
    assert redactor.text(f"the secret {secret}!") == "the secret «webhooks.told»!"
    assert kept_out(secret, redactor, evidence), "it is known by now"


@pytest.mark.parametrize(
    "told",
    [
        "cmms-audit",
        "retry-after",
        "work-orders",
        "work-orders-created",
        "WorkOrderHasBeenCreated",
        "short-0815",
        "aaaaaaaaaaaaaaaa1111",
        "a secret of 4 words",
        '"the "0815" secret',
        "geheim-für-die-anlage-0815",
        "x1" * 400,
        "work-orders-of-plant-0815",
        "WORK-ORDERS-OF-PLANT-0815",
        MARKER.replace(" ", "-"),
        f"{RUN}-{SERIES}",
        f"{RUN}-fccc53d2",
        f"{RUN[1:]}-fccc53d2-12",
        f"cmms-audit-{RUN}",
        "1%36ba4e0a-fccc53d2-12",
        ADDRESS.rpartition("/")[2],
        ADDRESS,
    ],
)
def test_what_our_own_records_and_calls_hold_is_not(told: str, evidence: Path) -> None:
    redactor = Redactor()

    assert not kept_out(told, redactor, evidence)
    assert not redactor.knows_any


def test_what_an_address_of_our_own_record_spells_in_another_way_is_not(tmp_path: Path) -> None:
    told = "the-id-of-0815-b"
    journal = Journal(tmp_path / "evidence.jsonl")
    address = f"https://vendor.example/api/v1/work-orders/{told.encode().hex()}"
    journal.write("created", {"number": "1", "address": address, "exchange": 1, "status": 201})
    journal.close()

    assert not kept_out(told, Redactor(), tmp_path / "evidence.jsonl")


def test_nor_what_stands_beside_it_in_any_spelling(evidence: Path) -> None:
    beside = base64.b64encode(SECRET.encode()).decode()

    assert not kept_out(SECRET, Redactor(), evidence, beside=beside)


def test_a_secret_of_ours_keeps_its_name(evidence: Path) -> None:
    redactor = Redactor()
    redactor.add("webhooks.given", SECRET)
    redactor.add("main.username", "maintenance-2")

    assert kept_out(SECRET, redactor, evidence)
    assert kept_out("maintenance-2", redactor, evidence)
    assert redactor.text(f"{SECRET} of maintenance-2") == "«webhooks.given» of «main.username»"
    assert not kept_out("maintenance-2 and more 0815", redactor, evidence)
