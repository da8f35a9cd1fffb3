"""A whole audit, where the vendor or the vendor file tries to bend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cmms_audit.audit import Progress
from cmms_audit.battery.plan import make_plan
from cmms_audit.cli.main import outcome
from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.first_contact import Stopped
from cmms_audit.folders import schemas_folder
from cmms_audit.hollow import hollow
from cmms_audit.model import Basis, Exchange, Finding, Purpose, Reason, Request, Response, Sends, Verdict
from cmms_audit.permissions import Permissions
from cmms_audit.sandbox import granary, serve
from tests.support import battery


def audited_with(folder: Path, *changes: tuple[str, str], only: Sequence[str] = ()) -> dict[str, Any]:
    """The report of an audit of granary with these changes to its vendor file; the folder then holds its files."""
    with serve.running(granary.Granary()) as origin:
        text = granary.vendor_file(origin)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / "vendor.yaml").write_text(text)
        order = order_for(
            folder / "vendor.yaml",
            allow=None,
            offline=False,
            only=only,
            environ=granary.environment(),
            in_terminal=False,
        )
        perform(order, Wishes(out=folder / "out", quiet=True))
    report: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return report


@pytest.mark.parametrize("word", ["not_met", "anonymous-access", "observed", "conditional"])
def test_a_secret_that_is_a_word_of_the_report_erases_no_verdict(tmp_path: Path, word: str) -> None:
    key = 'revoked: {type: api-key, in: header, name: X-Api-Key, value: "${GRANARY_OLD_KEY}"}'

    report = audited_with(tmp_path, (key, f"revoked: {{type: bearer, token: {word}}}"), only=["auth.method"])

    jsonschema.validate(report, json.loads((schemas_folder() / "report.schema.json").read_text()))
    assert {each["id"] for each in report["red_flags"]} >= {"anonymous-access", "lost-update"}
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_path_that_the_vendor_does_not_have_still_gives_a_whole_report(tmp_path: Path) -> None:
    report = audited_with(tmp_path, ("claims:", "resources:\n  work_orders: {path: /typo}\nclaims:"))

    assert report["complete"]
    assert "resource-not-found" in {each["reason"] for each in report["findings"]}
    assert not [each for each in report["findings"] if each["reason"] == "defect"]
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "evidence.har").is_file()


def test_a_check_that_had_no_turn_was_interrupted_whatever_first_contact_brought() -> None:
    check = battery()["auth.refuses-anonymous"]
    stopped = Stopped(Reason.RESOURCE_NOT_FOUND, "no list could be read")
    progress = Progress(plan=make_plan([check], Permissions()), stopped=stopped)
    assert [each.reason for each in progress.all_findings()] == [Reason.INTERRUPTED]


def test_a_description_that_cannot_be_fetched_is_named_as_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing answers at the vendor's address, where the description lies too. No client id is told."""
    file = tmp_path / "vendor.yaml"
    file.write_text(NOBODY_THERE)

    code = outcome(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"])

    said = capsys.readouterr().err
    assert code == 3
    assert "could not be fetched" in said
    assert "client-number-77" not in said


NOBODY_THERE = """
vendor: Nobody
spec: http://127.0.0.1:9/client-number-77/openapi.json
base_url: http://127.0.0.1:9/client-number-77
credentials: {main: {type: basic, username: client-number-77, password: a-password-of-some-length}}
"""


def answered(status: int, purpose: Purpose = Purpose.API) -> Exchange:
    return Exchange(
        1, "a", purpose, "main", Request("GET", "https://a.example/"), Response(status, (), "", 0), "2026-11-22", 0.1
    )


def live(reason: Reason | None) -> Finding:
    verdict = Verdict.UNKNOWN if reason else Verdict.MET
    return Finding(verdict, Basis.OBSERVED, "", reason=reason, sends=Sends.READS)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_run_in_which_nearly_everything_was_refused_is_hollow(status: int) -> None:
    refused, served = [answered(status)] * 9, [answered(200)]

    assert hollow(refused + served, []) is not None
    assert hollow(refused[:5] + served * 5, []) is None


def test_strangers_and_wrong_questions_make_no_run_hollow() -> None:
    meant = [answered(401, Purpose.STRANGER)] * 40 + [answered(404, Purpose.PROVOKED)] * 40

    assert hollow([*meant, *[answered(200)] * 5], []) is None


def test_a_run_whose_budget_was_spent_before_most_checks_looked_is_hollow() -> None:
    assert hollow([], [live(Reason.BUDGET)] * 6 + [live(None)] * 4) is not None
    assert hollow([], [live(Reason.BUDGET)] * 4 + [live(None)] * 6) is None
    assert hollow([], [live(Reason.NOT_PERMITTED)] * 9 + [live(None)]) is None
