"""What the last release published: taken in with the rest, compared, and held against the version."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.model import Basis, Finding, Reason, Verdict
from cmms_audit.sandbox import granary, serve
from cmms_audit.scoring.aspects import judge_aspects
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import NotASpec, load_spec
from tests.checks.toy import cleared, raised
from tests.cli.process import SMALL_SPEC, cmms_audit, vendor_file
from tests.spec_diff.pairs import A_GET, NUMBER, TEXT, Document, a_spec, document, getting, record
from tests.support import battery, guide, subject_of

CHECK = "errors.no-breaking-changes"
FLAG = "no-versioning-policy"


def judged(previous: Document | NotASpec | None, current: Document) -> Finding:
    declared = battery()[CHECK]
    earlier = a_spec(previous) if isinstance(previous, dict) else previous
    subject = replace(subject_of(current, base_url="https://vendor.example/api"), previous=earlier)
    (finding,) = asyncio.run(judge(declared, Context(subject, declared)))
    return finding


def release(
    field: Any = None, *, version: str = "1", server: str = "https://vendor.example/api", **members: Any
) -> Document:
    made = getting(record(a=TEXT, b=TEXT if field is None else field), **members)
    made["info"]["version"] = version
    return {**made, "servers": [{"url": server}]}


def test_a_breaking_change_under_the_same_version_raises_the_flag() -> None:
    finding = judged(release(), release(NUMBER))

    assert (finding.verdict, finding.basis) == (Verdict.NOT_MET, Basis.DOCUMENTED)
    assert raised(finding) == {FLAG}
    assert finding.summary == "1 change breaks integrations since the last release, and the version is still 1"
    assert "GET /orders 200 b: the type is another one: string is now integer (old toy.json:" in finding.detail
    assert finding.evidence[0].pointer is not None
    assert finding.evidence[0].pointer.endswith("/properties/b")


@pytest.mark.parametrize("versions", [("1", "1.0"), ("v2", " 2 "), ("", " ")])
def test_a_version_written_in_another_way_is_no_new_one(versions: tuple[str, str]) -> None:
    old, new = versions

    assert raised(judged(release(version=old), release(NUMBER, version=new))) == {FLAG}


@pytest.mark.parametrize("previous", [release(), {**release(), "paths": {}}], ids=["the same", "an empty one"])
def test_a_document_that_nothing_can_be_learnt_from_earns_nothing(previous: Document) -> None:
    finding = judged(previous, release())

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert not cleared(finding)


@pytest.mark.parametrize(
    "server", ["http://vendor.example/api", "/api", "https://VENDOR.example:443/api/"], ids=["http", "path", "letters"]
)
def test_an_address_written_in_another_way_raises_nothing(server: str) -> None:
    finding = judged(release(server=server), release())

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert not raised(finding)


def test_an_address_that_goes_beside_others_raises_nothing() -> None:
    old = release()
    old["servers"] += [{"url": "http://localhost:8080/api"}, {"url": "https://staging.vendor.example/api"}]

    finding = judged(old, release())

    assert finding.summary == "nothing that worked with the last release breaks, though 1 change may"


def test_a_place_in_another_file_is_named_with_that_file(tmp_path: Path) -> None:
    for name, kind in (("old", "string"), ("new", "integer")):
        (tmp_path / name / "parts").mkdir(parents=True)
        (tmp_path / name / "parts" / "order.yaml").write_text(f"type: object\nproperties:\n  a: {{type: {kind}}}\n")
        (tmp_path / name / "api.json").write_text(json.dumps(getting({"$ref": "parts/order.yaml"})))
    declared = battery()[CHECK]
    old, new = (load_spec(tmp_path / name / "api.json") for name in ("old", "new"))
    assert isinstance(new, Spec)
    subject = replace(subject_of(document({}), base_url="https://vendor.example/api"), document=new, previous=old)

    (finding,) = asyncio.run(judge(declared, Context(subject, declared)))

    assert "(old parts/order.yaml:3, new parts/order.yaml:3)" in finding.detail


def test_documents_without_any_version_count_as_the_same() -> None:
    assert raised(judged(release(version=""), release(NUMBER, version=""))) == {FLAG}


def test_a_breaking_change_under_a_new_number_at_the_same_address_is_partial() -> None:
    finding = judged(release(), release(NUMBER, version="2"))

    assert finding.verdict is Verdict.PARTIAL
    assert not finding.flags


def test_a_breaking_change_at_a_new_address_is_what_versions_are_for() -> None:
    finding = judged(
        release(server="https://vendor.example/v1"), release(NUMBER, version="2", server="https://vendor.example/v2")
    )

    assert finding.verdict is Verdict.MET
    assert cleared(finding) == {FLAG}


def test_a_version_that_each_call_names_keeps_the_old_one_running() -> None:
    header = [{"name": "X-Api-Version", "in": "header", "schema": TEXT}]

    assert judged(release(parameters=header), release(NUMBER, version="2", parameters=header)).verdict is Verdict.MET


@pytest.mark.parametrize(("version", "verdict"), [("1", Verdict.PARTIAL), ("2", Verdict.MET)])
def test_what_was_marked_as_going_away_may_go(version: str, verdict: Verdict) -> None:
    old = document({"/orders": {"get": A_GET, "delete": {**A_GET, "deprecated": True}}})
    new = document({"/orders": {"get": A_GET}}, version=version)

    finding = judged(old, new)

    assert finding.verdict is verdict
    assert not raised(finding)
    assert finding.evidence


def test_changes_that_break_nothing_are_met_and_clear_the_flag() -> None:
    finding = judged(release({**TEXT, "enum": ["x"]}), release({**TEXT, "enum": ["x", "y"]}))

    assert finding.verdict is Verdict.MET
    assert finding.summary == "nothing that worked with the last release breaks, though 1 change may"
    assert cleared(finding) == {FLAG}


def test_without_an_earlier_description_the_aspect_does_not_apply_and_drags_nothing_down() -> None:
    finding = judged(None, release())

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "previous_spec" in finding.summary
    (aspect,) = judge_aspects(guide().questions["errors.versioning"], [finding], None)
    assert (aspect.name, aspect.verdict) == ("stability", Verdict.NOT_APPLICABLE)


def test_an_earlier_document_that_is_something_else_leaves_it_open() -> None:
    finding = judged(NotASpec("login-page", "it is a login page"), release())

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)
    assert "login page" in finding.summary


def test_a_hundred_changes_are_one_finding_with_the_first_twenty() -> None:
    old = getting(record(**{f"f{index:03}": TEXT for index in range(100)}))

    finding = judged(old, getting(record(**{f"f{index:03}": NUMBER for index in range(100)})))

    assert len(finding.detail.splitlines()) == 22
    assert finding.detail.endswith("and 80 more; `cmms-audit spec-diff` lists all")
    assert len(finding.evidence) == 5


BROKEN = SMALL_SPEC.replace("title: {type: string}", "title: {type: integer}")


def audited(folder: Path, previous: str, content: str | None) -> tuple[int, str]:
    if content is not None:
        (folder / previous).write_text(content)
    vendor = vendor_file(folder, BROKEN, previous_spec=previous)
    done = cmms_audit("run", vendor, "--offline", "--out", "out", "--quiet", cwd=folder)
    return done.returncode, done.stderr


def test_an_audit_reads_the_earlier_description_beside_the_vendor_file(tmp_path: Path) -> None:
    assert audited(tmp_path, "old.yaml", SMALL_SPEC) == (0, "")

    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (finding,) = [each for each in report["findings"] if each["check"] == CHECK]
    assert finding["verdict"] == "not_met"
    assert FLAG in {each["id"] for each in report["red_flags"] if each["raised"]}
    records = [json.loads(line) for line in (tmp_path / "out" / "evidence.jsonl").read_text().splitlines()]
    (hashes,) = [each for each in records if each["kind"] == "documents"]
    assert len(hashes["previous_spec_sha256"]) == len(hashes["spec_sha256"]) == 64
    assert hashes["previous_spec_sha256"] != hashes["spec_sha256"]


@pytest.mark.parametrize(
    ("previous", "content", "says"),
    [
        ("old.yaml", "some: yaml\n", "is not an API description"),
        ("old.yaml", "openapi: [3.0", "old.yaml:1"),
        ("old.html", "<!doctype html><html><body><h1>API</h1></body></html>", "previous_spec: "),
        ("missing.yaml", None, "previous_spec 'missing.yaml' cannot be read"),
        ("https://vendor.example/old.json", None, "previous_spec: https://vendor.example/old.json is on the network"),
    ],
    ids=["other YAML", "broken", "a page", "missing", "an address, offline"],
)
def test_an_earlier_description_that_cannot_be_used_ends_with_2(
    tmp_path: Path, previous: str, content: str | None, says: str
) -> None:
    code, error = audited(tmp_path, previous, content)

    assert code == 2
    assert says in error


def test_none_stands_for_no_earlier_description(tmp_path: Path) -> None:
    assert audited(tmp_path, "none", None) == (0, "")


def test_a_login_page_in_its_place_is_an_open_question(tmp_path: Path) -> None:
    page = "<html><body><form><input name=u><input type='password' name=p></form></body></html>"

    assert audited(tmp_path, "old.html", page) == (0, "")

    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (finding,) = [each for each in report["findings"] if each["check"] == CHECK]
    assert (finding["verdict"], finding["reason"]) == ("unknown", "vendor-silent")


def test_an_earlier_description_at_an_address_is_fetched_as_a_document(tmp_path: Path) -> None:
    with serve.running(granary.Granary()) as origin:
        text = granary.vendor_file(origin).replace("openapi-previous.json", "openapi.json")
        (tmp_path / "vendor.yaml").write_text(text)
        done = cmms_audit(
            "run",
            "vendor.yaml",
            "--out",
            "out",
            "--quiet",
            "--only",
            CHECK,
            cwd=tmp_path,
            environ=granary.environment(),
        )

    assert done.returncode in (0, 1), done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (finding,) = [each for each in report["findings"] if each["check"] == CHECK]
    assert finding["verdict"] == "not_applicable"
    assert "the same API" in finding["summary"]
    sent = [json.loads(each) for each in (tmp_path / "out" / "evidence.jsonl").read_text().splitlines()]
    assert sum(each.get("purpose") == "document" for each in sent) >= 2
