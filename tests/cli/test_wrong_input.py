"""Wrong input ends with a sentence that says what to do and the published exit code, never with a traceback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.process import SMALL_SPEC, cmms_audit, vendor_file

HTML_PAGE = "<!doctype html><html><head><title>API</title></head><body><h1>Our API</h1></body></html>"
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "empty"),
        ("openapi: [3.0", "openapi.yaml:"),
        ("just: some\nother: yaml\n", "API description"),
        (HTML_PAGE, "web page"),
        (DEEP, "deep"),
        ("\x00\x01\x02", "openapi.yaml"),
    ],
    ids=["empty", "broken YAML", "other YAML", "a web page", "endless nesting", "binary"],
)
def test_a_document_that_is_no_api_description_is_named(tmp_path: Path, spec: str, says: str) -> None:
    done = cmms_audit("run", vendor_file(tmp_path, spec), "--offline", cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("vendor: [", "vendor.yaml:"),
        ("vendr: Small\n", "vendor"),
        ("", "empty"),
        ("vendor: A\nvendor: B\n", "vendor.yaml:2"),
    ],
    ids=["broken", "misspelt key", "empty", "key given twice"],
)
def test_a_wrong_vendor_file_is_named_with_its_line(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "vendor.yaml").write_text(content)

    done = cmms_audit("run", "vendor.yaml", "--offline", cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_every_error_of_a_vendor_file_is_reported_at_once(tmp_path: Path) -> None:
    file = vendor_file(tmp_path, scenarios=["erp-sink"], bugdet={}, claims={"auth.metod": {"answer": "yes"}})

    done = cmms_audit("run", file, "--offline", cwd=tmp_path)

    assert done.returncode == 2
    for nearest in ("erp-sync", "budget", "auth.method"):
        assert nearest in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "absent.yaml"),
        ("run",),
        ("rum", "vendor.yaml"),
        ("run", "vendor.yaml", "--alow", "writes"),
        ("run", "vendor.yaml", "--offline", "--only", "no.such.check"),
        ("run", "vendor.yaml", "--offline", "--format", "docx"),
        ("run", "vendor.yaml", "--offline", "--fail-on", "everything"),
        ("run", "vendor.yaml", "--offline", "--fail-on", "regression"),
        ("run", "vendor.yaml", "--offline", "--baseline", "vendor.yaml"),
        ("run", "vendor.yaml", "--offline", "--checks", "absent"),
        ("run", "vendor.yaml", "--allow", "writes"),
        ("run", "vendor.yaml", "--offline", "--out", "vendor.yaml"),
        ("run", "vendor.yaml", "--offline", "--out", "."),
        ("checks", "show", "auth.metod"),
        ("explain", "auth.metod"),
        ("profiles", "show", "erp"),
        ("schema", "vendr"),
        ("demo", "--break", "no-such-switch"),
        ("sandbox", "grannary"),
        ("sandbox", "granary", "--certificate", "absent.pem"),
        ("sandbox", "granary", "--key", "vendor.yaml"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    vendor_file(tmp_path)

    done = cmms_audit(*arguments, cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_vendor_that_cannot_be_reached_exits_with_three_and_leaves_a_report(tmp_path: Path) -> None:
    done = cmms_audit("run", vendor_file(tmp_path), "--out", "out", cwd=tmp_path)

    assert done.returncode == 3, done.stderr
    assert "base_url" in done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["complete"] is False
    assert report["score"]["grade"] is None
    assert {each["reason"] for each in report["findings"] if each["verdict"] == "unknown"} >= {"connectivity"}


def test_a_refused_credential_exits_with_three_and_shows_no_secret(tmp_path: Path, refusing_vendor: str) -> None:
    file = vendor_file(tmp_path, base_url=f"{refusing_vendor}/api/v1")

    done = cmms_audit("run", file, "--out", "out", cwd=tmp_path)

    assert done.returncode == 3, done.stderr
    assert "credential" in done.stderr
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert b"small-secret-key-1" not in written
    assert "small-secret-key-1" not in done.stdout + done.stderr


def test_json_on_stdout_is_exactly_the_report(tmp_path: Path) -> None:
    done = cmms_audit("run", vendor_file(tmp_path), "--offline", "--json", "--out", "out", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "out" / "report.json").read_text()


def test_an_earlier_audit_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    file = vendor_file(tmp_path)
    assert cmms_audit("run", file, "--offline", "--out", "out", cwd=tmp_path).returncode == 0

    again = cmms_audit("run", file, "--offline", "--out", "out", cwd=tmp_path)
    told = cmms_audit("run", file, "--offline", "--out", "out", "--overwrite", cwd=tmp_path)

    assert (again.returncode, told.returncode) == (2, 0)
    assert "--overwrite" in again.stderr


def test_gates_fail_with_one(tmp_path: Path) -> None:
    file = vendor_file(tmp_path)

    done = cmms_audit(
        "run", file, "--offline", "--out", "out", "--fail-under", "90", "--fail-on", "red-flag", cwd=tmp_path
    )

    assert done.returncode == 1, done.stderr
    assert "gate failed" in done.stderr


def test_a_run_is_not_worse_than_itself(tmp_path: Path) -> None:
    file = vendor_file(tmp_path)
    cmms_audit("run", file, "--offline", "--out", "before", cwd=tmp_path)

    done = cmms_audit(
        "run",
        file,
        "--offline",
        "--out",
        "after",
        "--baseline",
        "before/report.json",
        "--fail-on",
        "regression",
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr


def test_a_worse_document_is_a_regression(tmp_path: Path) -> None:
    file = vendor_file(tmp_path)
    cmms_audit("run", file, "--offline", "--out", "before", cwd=tmp_path)
    (tmp_path / "openapi.yaml").write_text(SMALL_SPEC.replace("limit", "verbose"))

    done = cmms_audit(
        "run",
        file,
        "--offline",
        "--out",
        "after",
        "--baseline",
        "before/report.json",
        "--fail-on",
        "regression",
        cwd=tmp_path,
    )

    assert done.returncode == 1, done.stderr
    assert "worse than the baseline" in done.stderr


@pytest.fixture
def refusing_vendor():
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "ApiKey")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_document_that_cannot_be_used_leaves_no_folder_behind(tmp_path: Path) -> None:
    file = vendor_file(tmp_path, "no description")

    assert cmms_audit("run", file, "--offline", "--out", "out", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "out").exists()

    vendor_file(tmp_path)
    assert cmms_audit("run", file, "--offline", "--out", "out", cwd=tmp_path).returncode == 0


def test_a_foreign_file_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "evidence.jsonl").write_text("not ours\n")

    done = cmms_audit("run", vendor_file(tmp_path), "--offline", "--out", "out", "--overwrite", cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert (tmp_path / "out" / "evidence.jsonl").read_text() == "not ours\n"


def test_webhooks_are_received_beyond_this_machine_only_when_told_to(tmp_path: Path) -> None:
    file = vendor_file(tmp_path, environment="sandbox", allow={"webhooks": True}, webhooks={"bind": "0.0.0.0:8080"})

    done = cmms_audit("run", file, "--allow", "webhooks", "--out", "out", cwd=tmp_path)

    assert done.returncode == 2
    assert "--bind" in done.stderr
