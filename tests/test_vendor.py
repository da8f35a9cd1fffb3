"""The vendor file: what it says, and every way in which it may not say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import fields

from cmms_audit.documents import load_schema, parse
from cmms_audit.errors import InputError
from cmms_audit.vendor import (
    ApiKey,
    Basic,
    Bearer,
    Budget,
    MappingNeed,
    NoCredential,
    OAuth2,
    Oidc,
    Vendor,
    Waiver,
    WebhookSettings,
    load_vendor,
    secret_receivers,
)

QUESTIONS = ("auth.audit-log", "auth.rotation", "limits.documented", "limits.bulk", "errors.monitoring")
SCENARIOS = ("erp-sync", "bi-reporting", "iot-triggers", "hr-labor")
HIDDEN = "hunter2-do-not-show"
ENVIRONMENT = dict.fromkeys(("NW_KEY", "NW_ID", "NW_SECRET", "NW_HOOK"), HIDDEN)

SMALLEST = """
vendor: Northwind CMMS
spec: none
base_url: https://sandbox.northwind.example/api/v1
credentials:
  main: {type: api-key, in: header, name: X-Api-Key, value: "${NW_KEY}"}
"""

FULL = """
vendor: Northwind CMMS
product: Northwind Cloud 7
spec: https://sandbox.northwind.example/openapi.json
previous_spec: specs/old.json
docs_url: https://developers.northwind.example
base_url: https://sandbox.northwind.example/api/v1/
environment: sandbox
dialect: auto
scenarios: [erp-sync, hr-labor]
credentials:
  main: {type: oauth2, token_url: "https://login.northwind.example/token", client_id: "${NW_ID}",
         client_secret: "${NW_SECRET}", scopes: [workorders:read, workorders:write], audience: api, client_auth: post}
  read_only: {type: oidc, issuer: "https://id.northwind.example", client_id: "${NW_ID}", client_secret: "${NW_SECRET}"}
  rotated: {type: bearer, token: {file: key.txt}}
  revoked: {type: basic, username: "${NW_ID}", password: "${NW_SECRET}"}
allow: {writes: true, burst: false, webhooks: true}
budget: {requests: 50, per_second: 2.5, burst_requests: 20, seconds: 60}
resources:
  work_orders: {path: /work-orders, sample: {title: "Audit probe", priority: 2}}
  boiler_logs: {path: /boilers}
webhooks: {bind: "127.0.0.1:8080", public_url: https://abc.tunnel.example, watch_seconds: 5,
           subscribe: {path: /webhooks}, secret: "${NW_HOOK}"}
volumes: {records_per_pull: 50000, pull_window_minutes: 60, events_per_minute: 30, writes_per_hour: 500}
claims:
  auth.audit-log: {answer: yes, evidence: "https://northwind.example/audit-logs"}
  auth.rotation: {answer: partly, overlap_hours: 24, note: "by ticket"}
  limits.documented: {per_minute: 60, reads: {per_hour: 1000}}
  limits.bulk: {answer: false}
mapping:
  - {need: cost center, on: work_orders, field: cost_center, type: string}
waivers:
  - {question: errors.monitoring, reason: "Covered by our gateway", until: 2027-06-30}
  - {flag: lost-update, reason: "One writer only", until: 2027-01-01, approved_by: M. Smith}
  - {fingerprint: "9f2c000000000001", reason: "Known", until: 2027-01-01}
"""


def load(folder: Path, text: str, *, offline: bool = False, extra_folder: Path | None = None) -> Vendor:
    path = folder / "vendor.yaml"
    path.write_text(text, encoding="utf-8")
    return load_vendor(
        path,
        environ=ENVIRONMENT,
        offline=offline,
        question_ids=QUESTIONS,
        flag_ids=("lost-update", "generic-errors"),
        dialect_names=("rest", "maximo"),
        scenario_ids=SCENARIOS,
        extra_folder=extra_folder,
    )


def refusals(folder: Path, text: str, **options: Any) -> list[str]:
    """The problems of a file, each without the folder that the test wrote it to."""
    with pytest.raises(InputError) as refused:
        load(folder, text, **options)
    assert HIDDEN not in str(refused.value)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def only_refusal(folder: Path, text: str, **options: Any) -> str:
    (problem,) = refusals(folder, text, **options)
    return problem


# what a file says


def test_the_smallest_file_has_careful_defaults(tmp_path: Path) -> None:
    vendor = load(tmp_path, SMALLEST)

    assert vendor.name == "Northwind CMMS"
    assert vendor.environment == "production"
    assert (vendor.allow.writes, vendor.allow.burst, vendor.allow.webhooks) == (False, False, False)
    assert vendor.scenarios == SCENARIOS
    assert vendor.budget == Budget(requests=400, per_second=10, burst_requests=150, seconds=600)
    assert vendor.webhooks == WebhookSettings(bind="127.0.0.1:0", watch_seconds=120)
    assert vendor.dialect == "auto"
    assert vendor.warnings == ()
    main = vendor.credentials["main"]
    assert isinstance(main, ApiKey)
    assert (main.where, main.name, main.value.reveal()) == ("header", "X-Api-Key", HIDDEN)


@pytest.fixture
def full_folder(tmp_path: Path) -> Path:
    """A folder with the files that the full vendor file names."""
    (tmp_path / "key.txt").write_text(HIDDEN)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "old.json").write_text("{}")
    return tmp_path


@pytest.fixture
def full(full_folder: Path) -> Vendor:
    return load(full_folder, FULL)


def test_every_credential_type_is_read(full: Vendor) -> None:
    main, read_only, rotated, revoked = full.credentials.values()

    assert isinstance(main, OAuth2)
    assert main.scopes == ("workorders:read", "workorders:write")
    assert (main.audience, main.client_auth) == ("api", "post")
    assert isinstance(read_only, Oidc)
    assert read_only.scopes == ()
    assert isinstance(rotated, Bearer)
    assert rotated.token.reveal() == HIDDEN
    assert isinstance(revoked, Basic)
    assert [label for label, _ in revoked.secrets()] == ["username", "password"]
    assert {each.type for each in full.credentials.values()} == {"oauth2", "oidc", "bearer", "basic"}


def test_an_open_api_has_a_credential_that_holds_nothing(tmp_path: Path) -> None:
    vendor = load(tmp_path, "vendor: x\nspec: none\nbase_url: https://a.example\ncredentials: {main: {type: none}}")

    assert isinstance(vendor.credentials["main"], NoCredential)
    assert secret_receivers(vendor) == []


def test_every_other_section_is_read(full: Vendor) -> None:
    assert full.base_url == "https://sandbox.northwind.example/api/v1"
    assert full.scenarios == ("erp-sync", "hr-labor")
    assert full.budget.per_second == 2.5
    assert full.resources["work_orders"].sample == {"title": "Audit probe", "priority": 2}
    assert full.resources["boiler_logs"].path == "/boilers"
    assert full.webhooks.subscribe_path == "/webhooks"
    assert full.webhooks.secret is not None
    assert full.volumes["records_per_pull"] == 50000
    assert full.mapping == (MappingNeed("cost center", "work_orders", "cost_center", "string"),)
    assert full.waivers == (
        Waiver("question", "errors.monitoring", "Covered by our gateway", date(2027, 6, 30)),
        Waiver("flag", "lost-update", "One writer only", date(2027, 1, 1), "M. Smith"),
        Waiver("fingerprint", "9f2c000000000001", "Known", date(2027, 1, 1)),
    )


def test_a_claim_keeps_its_answer_every_number_and_its_evidence(full: Vendor) -> None:
    claims = full.claims

    assert claims["auth.audit-log"].answer == "yes"
    assert claims["auth.audit-log"].evidence_url == "https://northwind.example/audit-logs"
    assert claims["auth.rotation"].answer == "partly"
    assert claims["auth.rotation"].numbers == {"overlap_hours": 24}
    assert claims["limits.documented"].answer is None
    assert claims["limits.documented"].numbers == {"per_minute": 60, "reads.per_hour": 1000}
    assert claims["limits.bulk"].answer == "no"
    assert claims["limits.bulk"].numbers == {}


def test_each_secret_is_listed_beside_the_origin_that_receives_it(full: Vendor) -> None:
    assert secret_receivers(full) == [
        ("${NW_ID}", "main.client_id", "https://login.northwind.example:443"),
        ("${NW_SECRET}", "main.client_secret", "https://login.northwind.example:443"),
        ("${NW_ID}", "read_only.client_id", "https://id.northwind.example:443"),
        ("${NW_SECRET}", "read_only.client_secret", "https://id.northwind.example:443"),
        ("{file: key.txt}", "rotated.token", "https://sandbox.northwind.example:443"),
        ("${NW_ID}", "revoked.username", "https://sandbox.northwind.example:443"),
        ("${NW_SECRET}", "revoked.password", "https://sandbox.northwind.example:443"),
        ("${NW_HOOK}", "webhooks.secret", "nobody: it checks signatures here"),
    ]


def test_printing_a_vendor_shows_no_secret(full: Vendor) -> None:
    assert HIDDEN not in repr(full)
    assert HIDDEN not in str(secret_receivers(full))


def test_what_is_named_twice_counts_once(tmp_path: Path) -> None:
    client = 'client_id: x, client_secret: "${NW_SECRET}", scopes: [read, write, read]'
    text = f"""
vendor: x
spec: none
base_url: https://a.example
scenarios: [hr-labor, erp-sync, hr-labor]
credentials: {{main: {{type: oauth2, token_url: "https://a.example/token", {client}}}}}
"""

    vendor = load(tmp_path, text)

    assert vendor.scenarios == ("hr-labor", "erp-sync")
    main = vendor.credentials["main"]
    assert isinstance(main, OAuth2)
    assert main.scopes == ("read", "write")


def test_prose_and_samples_may_have_several_lines(tmp_path: Path) -> None:
    waiver = 'waivers: [{flag: lost-update, reason: "one\\ntwo", until: 2027-06-30}]'
    sample = 'resources: {assets: {path: /assets, sample: {notes: "one\\ntwo"}}}'

    vendor = load(tmp_path, f"{SMALLEST}{waiver}\n{sample}\n")

    assert vendor.waivers[0].reason == "one\ntwo"
    assert vendor.resources["assets"].sample == {"notes": "one\ntwo"}


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    first = load(tmp_path, SMALLEST)

    assert load(tmp_path, SMALLEST).sha256 == first.sha256
    assert load(tmp_path, SMALLEST + "# changed\n").sha256 != first.sha256


def test_a_json_file_is_read_as_well(tmp_path: Path) -> None:
    vendor = load(tmp_path, json.dumps(yaml.safe_load(SMALLEST), indent=1))

    assert vendor.name == "Northwind CMMS"


# every problem at once


def test_all_problems_of_a_file_are_reported_together_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = """\
vendor: Northwind
spec: missing.yaml
base_url: sandbox.northwind.example
scenarios: [erp-snyc]
credentials:
  main: {type: api-key, in: header, name: X-Api-Key, value: "${NOT_SET}"}
  readonly: {type: none}
budgt: {requests: 3}
claims:
  auth.audit-logs: {answer: yes}
waivers:
  - {question: errors.monitoring, reason: " "}
"""

    problems = refusals(tmp_path, text)

    assert [problem.split(": ")[0] for problem in problems] == [
        f"vendor.yaml:{line}" for line in (2, 3, 4, 6, 7, 8, 10, 12, 12)
    ]
    for word in ("'erp-sync'", "'read_only'", "'budget'", "'auth.audit-log'", "'until'", "NOT_SET"):
        assert any(word in problem for problem in problems), word


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("environment: staging", "staging"),
        ("dialect: maxmo", "did you mean 'maximo'?"),
        ("dialect: auto1", "did you mean 'auto'?"),
        ("docs_url: ftp://x.example", "docs_url cannot be used: it is not a full web address"),
        ("docs_url: https://me:pw@x.example", "user name or password"),
        ("webhooks: {public_url: 'https://me:pw@x.example'}", "user name or password"),
        ("webhooks: {bind: 8080}", "'bind'"),
        ("webhooks: {bind: localhost}", "bind cannot be used"),
        ("webhooks: {subscribe: {path: hooks}}", "no path of the API"),
        ("resources: {assets: {path: //evil.example/x}}", "no path of the API"),
        ("resources: {assets: {path: 'https://evil.example/x'}}", "no path of the API"),
        ("resources: {assets: {path: /../admin}}", "no path of the API"),
        ("resources: {assets: {path: /%2e%2E/admin}}", "no path of the API"),
        ("resources: {assets: {path: /a%2f..%2fadmin}}", "no path of the API"),
        ("resources: {assets: {path: '/a%5C..%5cadmin'}}", "no path of the API"),
        ("resources: {assets: {path: '/x?_method=DELETE'}}", "no path of the API"),
        ("resources: {assets: {sample: {}}}", "'path' is missing"),
        ("volumes: {records_per_pull: 0}", "more than 0"),
        ("volumes: {records: 1}", "'records'"),
        ("budget: {requests: 10000000}", "too large"),
        ("budget: {per_second: 0}", "too small"),
        ("allow: {writes: please}", "true or false"),
        ("allow: {reads: true}", "'reads'"),
        ("claims: {auth.rotation: {answer: perhaps}}", "perhaps"),
        ("claims: {auth.rotation: {answer: 1}}", "'answer'"),
        ("claims: {auth.rotation: {evidence: 'https://x.example'}}", "neither yes nor no"),
        ("claims: {auth.rotation: {answer: yes, evidence: see annex 3}}", "evidence cannot be used"),
        ("claims: {auth.rotation: {answer: yes, hours: a day}}", "'hours'"),
        ("mapping: [{need: cost center, on: work_orders}]", "'field' is missing"),
        ("waivers: [{question: errors.monitoring, until: 2027-06-30}]", "'reason' is missing"),
        ("waivers: [{question: errors.monitoring, reason: x, until: 2027-06-31}]", "year-month-day"),
        ("waivers: [{question: errors.monitoring, reason: x, until: 30.6.2027}]", "year-month-day"),
        ("waivers: [{reason: x, until: 2027-06-30}]", "names one thing"),
        ("waivers: [{question: auth.rotation, flag: lost-update, reason: x, until: 2027-06-30}]", "names one thing"),
        ("waivers: [{flag: lost-updates, reason: x, until: 2027-06-30}]", "did you mean 'lost-update'?"),
        ("waivers: [{fingerprint: 9f2c, reason: x, until: 2027-06-30}]", "sixteen hex digits"),
        ('product: "two\\nlines"', "control character"),
        ('product: "\\e[31mred"', "control character"),
        ('product: "\\u202Egnp.exe"', "control character"),
        ("resources: {assets: {path: /assets, sample: {n: 99999999999999999999}}}", "too large"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, line: str, reason: str) -> None:
    problem = only_refusal(tmp_path, f"{SMALLEST.strip()}\n{line}\n")

    assert problem.startswith("vendor.yaml:6: ")
    assert reason in problem
    assert "\x1b" not in problem


@pytest.mark.parametrize("text", ["", "[]", "just words", "- a\n- b", "3", "null"])
def test_a_file_that_is_no_mapping_is_refused_once(tmp_path: Path, text: str) -> None:
    assert len(refusals(tmp_path, text)) == 1


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    assert "'spec' is given twice" in only_refusal(tmp_path, f"{SMALLEST}spec: none\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: there is no such file"):
        load_vendor(
            tmp_path / "gone.yaml",
            environ={},
            offline=True,
            question_ids=(),
            flag_ids=(),
            dialect_names=(),
            scenario_ids=(),
        )


# what a live audit needs, and an offline one does not


def test_a_live_audit_needs_an_address_and_a_credential(tmp_path: Path) -> None:
    address, credential = refusals(tmp_path, "vendor: x\nspec: none\n")

    assert "base_url is missing" in address
    assert "credentials.main is missing" in credential


def test_an_offline_audit_needs_neither(tmp_path: Path) -> None:
    vendor = load(tmp_path, "vendor: x\nspec: none\n", offline=True)

    assert vendor.base_url == ""
    assert vendor.credentials == {}


def test_a_credential_without_an_address_to_send_it_to_is_refused_offline_too(tmp_path: Path) -> None:
    text = "vendor: x\nspec: none\ncredentials: {main: {type: none}}\n"

    assert "base_url is missing" in only_refusal(tmp_path, text, offline=True)


def test_an_offline_audit_reads_no_secret(tmp_path: Path) -> None:
    vendor = load(tmp_path, SMALLEST.replace("NW_KEY", "NOT_SET"), offline=True)

    assert secret_receivers(vendor) == [("${NOT_SET}", "main.value", "https://sandbox.northwind.example:443")]
    assert not any(secret.resolved for _, secret in vendor.credentials["main"].secrets())


# a vendor may have written the file


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("/api/v1", "/api/v1?key=1", "base_url holds a ? or #"),
        ("/api/v1", "/api/v1#x", "base_url holds a ? or #"),
        ('"${NW_KEY}"', "schlüssel", "outside ASCII"),
        (
            'type: api-key, in: header, name: X-Api-Key, value: "${NW_KEY}"',
            'type: oauth2, token_url: /token, client_id: x, client_secret: "${NW_SECRET}"',
            "token_url cannot be used",
        ),
        (
            'type: api-key, in: header, name: X-Api-Key, value: "${NW_KEY}"',
            'type: oidc, issuer: "https://me@a.example", client_id: x, client_secret: "${NW_SECRET}"',
            "issuer cannot be used",
        ),
    ],
)
def test_a_secret_is_never_tied_to_an_address_or_header_that_cannot_take_it(
    tmp_path: Path, right: str, wrong: str, reason: str
) -> None:
    assert reason in only_refusal(tmp_path, SMALLEST.replace(right, wrong))


@pytest.mark.parametrize(
    "line",
    [
        f"product: {'x' * 600_000}",
        f"mapping: [{', '.join(['{}'] * 12_000)}]",
        f"resources: {{assets: {{path: /a, sample: {{a: {'[' * 60}{']' * 60}}}}}}}",
        f"resources: {{assets: {{path: /a, sample: {{a: &a [{'1,' * 500}], b: [{'*a,' * 20}]}}}}}}",
    ],
    ids=["long", "many", "deep", "repeated"],
)
def test_a_file_that_is_larger_than_anyone_writes_is_refused_once(tmp_path: Path, line: str) -> None:
    assert only_refusal(tmp_path, f"{SMALLEST}{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "product: ${NW_KEY}",
        "docs_url: https://evil.example/${NW_KEY}",
        "resources: {assets: {path: /assets, sample: {note: 'x ${NW_KEY}'}}}",
        "resources: {assets: {path: /assets, sample: {'${NW_KEY}': 1}}}",
        "waivers: [{question: errors.monitoring, reason: '${NW_KEY}', until: 2027-06-30}]",
    ],
)
def test_a_reference_outside_credential_fields_is_refused(tmp_path: Path, line: str) -> None:
    problems = refusals(tmp_path, f"{SMALLEST.strip()}\n{line}\n")

    assert any("${...} is read only in credential fields" in problem for problem in problems)


@pytest.mark.parametrize("field", ["name", "in"])
def test_a_reference_in_another_field_of_a_credential_is_refused(tmp_path: Path, field: str) -> None:
    text = f'{{type: api-key, in: header, name: X-Api-Key, value: "${{NW_KEY}}", {field}: "${{NW_ID}}"}}'

    problems = refusals(tmp_path, f"vendor: x\nspec: none\nbase_url: https://a.example\ncredentials: {{main: {text}}}")

    assert any("${...} is read only in credential fields" in problem for problem in problems)


def test_a_secret_is_taken_for_no_mapping_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(HIDDEN)

    assert "'product' should be a text" in only_refusal(tmp_path, f"{SMALLEST}product: {{file: key.txt}}\n")


@pytest.mark.parametrize(
    "name",
    [
        *("X-HTTP-Method-Override", "x-method-override", "_HttpMethod", "action", "patchtype", "Host", "te"),
        *("X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-Forwarded-Host", "x-forwarded-for", "Cookie", "Range"),
        *("Accept-Encoding", "Proxy-Authorization", "If-Match", "If-None-Match"),
    ],
)
def test_a_key_may_not_travel_under_a_name_that_steers_the_request(tmp_path: Path, name: str) -> None:
    assert "cannot travel" in only_refusal(tmp_path, SMALLEST.replace("X-Api-Key", name))


@pytest.mark.parametrize("name", ["X-Transaction-Key", "apikey", "Authorization", "Session-Token"])
def test_a_key_may_travel_under_any_other_name(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, SMALLEST.replace("X-Api-Key", name)).credentials


@pytest.mark.parametrize("name", ['"X Key"', '"X-Key: a"', '"X=Key"', '""'])
def test_a_name_that_no_header_can_have_is_refused(tmp_path: Path, name: str) -> None:
    assert "is no name for a header" in only_refusal(tmp_path, SMALLEST.replace("X-Api-Key", name))


@pytest.mark.parametrize("key", ["spec", "previous_spec", "dialect"])
def test_a_local_document_is_read_beside_the_file_or_below_only(tmp_path: Path, key: str) -> None:
    folder, outside = tmp_path / "vendor", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "api.yaml").write_text("{}")
    (folder / "link.yaml").symlink_to(outside / "api.yaml")
    (folder / "api.yaml").write_text("{}")
    smallest = SMALLEST.replace("spec: none\n", "") if key == "spec" else SMALLEST

    inside = load(folder, f"{smallest}{key}: ./api.yaml\n")
    assert getattr(inside, key) == str(folder / "api.yaml")

    for path in ("../outside/api.yaml", str(outside / "api.yaml"), "link.yaml"):
        text = f"{smallest}{key}: {path}\n"
        assert "leads out of the vendor file's folder" in only_refusal(folder, text)
        assert getattr(load(folder, text, extra_folder=outside), key) == str(outside / "api.yaml")

    assert getattr(load(folder, f"{smallest}{key}: ./api.yaml\n", extra_folder=outside), key) == str(
        folder / "api.yaml"
    )
    assert "no such file" in only_refusal(folder, f"{smallest}{key}: ./gone.yaml\n")


def test_a_document_named_by_the_user_alone_is_found_in_the_extra_folder(tmp_path: Path) -> None:
    folder, extra = tmp_path / "vendor", tmp_path / "specs"
    folder.mkdir()
    extra.mkdir()
    (extra / "api.yaml").write_text("{}")

    vendor = load(folder, SMALLEST.replace("none", "api.yaml"), extra_folder=extra)

    assert vendor.spec == str(extra / "api.yaml")


@pytest.mark.parametrize("spec", ["file:///etc/passwd", "ftp://x.example/api.yaml", "https://me:pw@x.example/api.yaml"])
def test_a_remote_document_is_read_over_http_only(tmp_path: Path, spec: str) -> None:
    assert "spec cannot be used" in only_refusal(tmp_path, SMALLEST.replace("none", spec))


@pytest.mark.parametrize("path", ["../key", "/etc/passwd"])
def test_a_secret_is_never_read_outside_the_folder(tmp_path: Path, path: str) -> None:
    text = SMALLEST.replace('"${NW_KEY}"', f"{{file: {path}}}")

    assert "leads out of the vendor file's folder" in only_refusal(tmp_path, text, extra_folder=Path("/"))


@pytest.mark.parametrize(
    "credential",
    [
        f"main: {HIDDEN}",
        f"main: [{HIDDEN}]",
        f"main: {{type: bearer, token: [{HIDDEN}]}}",
        f"main: {{type: bearer, token: {{fil: {HIDDEN}}}}}",
        f"main: {{type: bearer, token: '{HIDDEN} ${{NW_KEY}}'}}",
        f'main: {{type: bearer, token: "{HIDDEN}\\n"}}',
        f"main: {{type: bearer, toke: {HIDDEN}}}",
        f"main: {{token: {HIDDEN}}}",
    ],
)
def test_no_message_repeats_a_literal_secret(tmp_path: Path, credential: str) -> None:
    text = f"vendor: x\nspec: none\nbase_url: https://a.example\ncredentials:\n  {credential}\n"

    assert refusals(tmp_path, text)


# warnings


def test_a_literal_secret_works_and_is_warned_about(tmp_path: Path) -> None:
    vendor = load(tmp_path, SMALLEST.replace('"${NW_KEY}"', HIDDEN))

    (warning,) = vendor.warnings
    assert warning.startswith(f"{tmp_path}/vendor.yaml:6: ")
    assert "credentials.main.value" in warning
    assert HIDDEN not in warning


def test_a_client_id_in_the_file_is_no_secret_to_warn_about(tmp_path: Path) -> None:
    client = "type: oauth2, token_url: 'https://a.example/t', client_id: northwind, client_secret: \"${NW_SECRET}\""
    text = f"vendor: x\nspec: none\nbase_url: https://a.example\ncredentials:\n  main: {{{client}}}\n"

    assert load(tmp_path, text).warnings == ()


def test_a_wish_that_needs_a_sandbox_is_warned_about_where_there_is_none(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, f"{SMALLEST}allow: {{writes: true, burst: false}}\n").warnings

    assert "asks for writes" in warning
    assert "environment: sandbox" in warning


def test_a_name_of_ones_own_that_looks_mistyped_is_warned_about(tmp_path: Path) -> None:
    text = f"{SMALLEST}resources: {{work_order: {{path: /w}}, boilers: {{path: /b}}}}\n"
    (warning,) = load(tmp_path, f"{text}claims: {{limits.documented: {{per_second: 5}}}}\n").warnings

    assert "did you mean 'work_orders'?" in warning


# the published schema


def mappings(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that describes a mapping with named members."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "if" not in place:
            yield place, schema
        for key, part in schema.items():
            yield from mappings(part, f"{place}/{key}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from mappings(part, f"{place}/{index}")


def test_the_published_schema_is_a_schema_that_refuses_unknown_keys_and_describes_the_known() -> None:
    schema = load_schema("vendor")
    Draft202012Validator.check_schema(schema)

    for place, mapping in mappings(schema):
        assert "additionalProperties" in mapping or place == "/$defs/credential", place
        for name, member in mapping["properties"].items():
            described = member is True or "$ref" in member or "description" in member
            assert described, f"{place}: {name}"


def test_the_published_defaults_are_those_in_force() -> None:
    schema = load_schema("vendor")
    budget = schema["properties"]["budget"]["properties"]

    assert {name: member["default"] for name, member in budget.items()} == {
        each.name: each.default for each in fields(Budget)
    }
    webhooks = schema["properties"]["webhooks"]["properties"]
    assert webhooks["bind"]["default"] == WebhookSettings().bind
    assert webhooks["watch_seconds"]["default"] == WebhookSettings().watch_seconds


# any file at all

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["${NW_KEY}", "${AWS_X}", "https://x.example", "../x", "main", "api-key", "yes", "2027-06-30", "/a"]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, text: str = FULL) -> Any:
    """The full file with up to three of its parts left out, renamed, or replaced by anything."""
    whole: dict[str, Any] = {"": parse(text, "vendor.yaml").value}
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = whole
        key: Any = ""
        while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 9)):
            holder = holder[key]
            key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        change = draw(st.sampled_from(["replace", "leave out", "rename"]))
        if change == "replace" or holder is whole:
            holder[key] = draw(anything)
        elif change == "leave out" or isinstance(holder, list):
            del holder[key]
        else:
            holder[draw(st.text(max_size=8))] = holder.pop(key)
    return whole[""]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=mutated(), offline=st.booleans(), as_json=st.booleans())
def test_any_file_is_a_vendor_or_a_list_of_problems(
    full_folder: Path, document: Any, offline: bool, as_json: bool
) -> None:
    text = json.dumps(document) if as_json else yaml.safe_dump(document, allow_unicode=True)

    load_or_refuse(full_folder, text, offline=offline)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, len(FULL)), cut=st.integers(0, 30), put=st.text(max_size=5))
def test_any_damage_to_the_text_is_a_vendor_or_a_list_of_problems(
    full_folder: Path, at: int, cut: int, put: str
) -> None:
    load_or_refuse(full_folder, FULL[:at] + put + FULL[at + cut :])


def load_or_refuse(folder: Path, text: str, *, offline: bool = False) -> None:
    """Nothing but InputError may come of a vendor file, whatever it holds, and no secret may be shown."""
    try:
        vendor = load(folder, text.encode("utf-8", "replace").decode(), offline=offline)
    except InputError:
        return
    assert HIDDEN not in repr(vendor) + str(secret_receivers(vendor))


@pytest.mark.parametrize("key", ["spec", "previous_spec", "dialect"])
def test_a_name_that_no_file_system_takes_is_refused(tmp_path: Path, key: str) -> None:
    smallest = SMALLEST.replace("spec: none\n", "") if key == "spec" else SMALLEST

    assert "cannot be followed" in only_refusal(tmp_path, f"{smallest}{key}: ./{'a' * 300}.yaml\n")
