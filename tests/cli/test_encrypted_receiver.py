"""`run --certificate`: the vendor is given addresses that speak TLS."""

from __future__ import annotations

import json
from pathlib import Path

import trustme

from cmms_audit.sandbox import granary, serve
from tests.cli.process import cmms_audit, vendor_file


def test_subscriptions_call_an_encrypted_address(tmp_path: Path) -> None:
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "receiver.pem")
    with serve.running(granary.Granary((), scale=4.0)) as origin:
        text = granary.vendor_file(origin, (), scale=4.0).replace("watch_seconds: 10", "watch_seconds: 0")
        (tmp_path / "vendor.yaml").write_text(text, encoding="utf-8")
        options = ("--allow", "writes,webhooks", "--only", "webhooks.filters-hold", "--certificate", "receiver.pem")

        done = cmms_audit("run", "vendor.yaml", "--out", "out", *options, cwd=tmp_path, environ=granary.environment())

    assert done.returncode in (0, 3), done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out" / "evidence.jsonl").read_text("utf-8").splitlines()]
    sent = [json.loads(line["request"]["body"]) for line in lines if _is_subscription(line)]
    assert sent
    assert all(each["url"].startswith("https://127.0.0.1:") for each in sent)


def test_a_file_without_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "receiver.pem").write_text("nothing", encoding="utf-8")

    done = cmms_audit("run", vendor_file(tmp_path), "--certificate", "receiver.pem", cwd=tmp_path)

    assert done.returncode == 2
    assert "holds no certificate" in done.stderr


def _is_subscription(line: dict[str, object]) -> bool:
    request = line.get("request")
    return isinstance(request, dict) and request["method"] == "POST" and request["url"].endswith("/webhooks")
