"""Whole audits of a vendor that is reached over TLS: judged, replayed to the byte, and stopped where it is not safe."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from cmms_audit.cli.main import outcome
from cmms_audit.sandbox import granary, serve
from tests.live import audited_at, encryption_in, verdicts
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import KEY

FILES = ("report.json", "report.html", "evidence.har")


@pytest.fixture(scope="module", params=[(), ("old-tls",)], ids=lambda switches: "+".join(switches))
def audit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of an audit of granary over TLS, whose vendor is no longer there, and the report."""
    folder: Path = tmp_path_factory.mktemp("audit")
    encryption = encryption_in(folder, request.param)
    with serve.running(granary.Granary(request.param, scale=4.0), encryption=encryption) as origin:
        return folder, audited_at(origin, request.param, folder, "", 4.0)


def test_over_tls_the_transport_is_judged(audit: tuple[Path, dict[str, Any]]) -> None:
    _, report = audit
    found = {each["check"]: each["basis"] for each in report["findings"] if each["aspect"] == "transport"}

    assert set(found.values()) == {"observed", "documented"}
    assert verdicts(report)["plain-http-credentials"] == "clear"


def test_what_was_seen_of_the_encryption_is_replayed_to_the_byte(
    audit: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError("a replay asked for a connection")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(f"socket.socket.{name}", refuse)
    folder, _ = audit

    assert outcome(["replay", str(folder / "out"), "--out", str(tmp_path / "again"), "--quiet"]) == 0
    for file in FILES:
        assert (tmp_path / "again" / file).read_bytes() == (folder / "out" / file).read_bytes(), file


VENDOR = """
vendor: Northwind CMMS
spec: api.json
base_url: {url}/api/v1
credentials:
  main: {{type: api-key, in: header, name: X-Api-Key, value: "{key}"}}
"""
LISTS = {"/work-orders": {"get": {"responses": {"200": {"description": "Well."}}}}}


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[tuple[Path, list[Seen]]]:
    """The vendor file of a host whose certificate nobody vouches for, and the requests that reach it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    document = {"openapi": "3.0.3", "info": {"title": "Northwind", "version": "1"}, "paths": LISTS}
    (tmp_path / "api.json").write_text(json.dumps(document))
    with answering(lambda seen: Answer(200, "[]"), tls=context) as vendor:
        (tmp_path / "vendor.yaml").write_text(VENDOR.format(url=vendor.url, key=KEY))
        yield tmp_path / "vendor.yaml", vendor.seen


def test_a_host_whose_certificate_is_not_trusted_ends_the_audit_with_a_plain_reason(
    untrusted: tuple[Path, list[Seen]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, seen = untrusted

    assert outcome(["run", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 3

    said = " ".join(capsys.readouterr().err.split())
    assert "the certificate of 127.0.0.1 cannot be trusted" in said
    assert "name it in the vendor file: tls: {ca: ...}" in said
    assert seen == []
    assert KEY not in (tmp_path / "out" / "evidence.jsonl").read_text("utf-8")
