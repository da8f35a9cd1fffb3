"""An encrypted connection that is taken up and hung up again tells how the vendor is encrypted, and nothing of us."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.reports.curl import curl_line
from cmms_audit.reports.html.exchanges import shown_exchanges
from cmms_audit.sandbox.encryption import Encryption
from cmms_audit.tls import TlsSettings
from cmms_audit.vendor import Budget
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.facts import HandshakeFacts, handshake_facts
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.wire.servers import Answer, Seen, answering, by_hand
from tests.wire.sessions import KEY, Workbench, api_key

AUTHORITY = trustme.CA()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def fine(request: Seen) -> Answer:
    return Answer(200, "[]")


def certified(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1", *names).configure_cert(context)
    return context


def shaken(bench: Workbench, *, old: bool = False) -> HandshakeFacts:
    """What a handshake shows; the same must be read from the record."""
    facts = handshake_facts(bench.run(lambda session: session.handshake("test", old=old)))
    assert handshake_facts(bench.exchanges()[-1]) == facts
    return facts


def bench_at(url: str, folder: Path, **options: Any) -> Workbench:
    return Workbench(folder, url + "/api", clock=Clock(), options={"transport": Transport(trusting()), **options})


def test_a_handshake_tells_version_and_certificate_and_sends_no_request(tmp_path: Path) -> None:
    with answering(fine, tls=certified("api.vendor.example")) as vendor:
        bench = bench_at(vendor.url, tmp_path)
        facts = shaken(bench)

    assert (facts.version, facts.untrusted) == ("TLSv1.3", None)
    assert facts.names == ("127.0.0.1", "api.vendor.example")
    assert facts.issuer is not None
    assert facts.issuer.startswith("trustme")
    assert facts.not_before is not None
    assert facts.not_before.endswith("+00:00")
    assert vendor.seen == []
    [recorded] = bench.exchanges()
    assert (recorded.role, recorded.purpose, recorded.response) == (None, Purpose.STRANGER, None)
    assert KEY not in bench.evidence.read_text("utf-8")


def test_old_versions_are_offered_alone_and_to_anybody(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("elsewhere.example")  # nobody who would be trusted
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    old = Encryption(tmp_path / "both.pem", tmp_path / "both.pem", old_versions=True).context()
    with answering(fine, tls=old) as vendor:
        assert shaken(bench_at(vendor.url, tmp_path), old=True).version == "TLSv1.1"
    with answering(fine, tls=certified()) as vendor:
        facts = shaken(bench_at(vendor.url, tmp_path), old=True)

    assert (facts.version, facts.refused, facts.outcome) == (None, True, "no encrypted connection came about")


def test_a_host_that_speaks_nothing_newer_is_told_apart_from_one_that_is_broken(tmp_path: Path) -> None:
    issued = AUTHORITY.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    ancient = Encryption(tmp_path / "both.pem", tmp_path / "both.pem", old_versions=True).context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        ancient.maximum_version = ssl.TLSVersion.TLSv1_1
    with answering(fine, tls=ancient) as vendor, pytest.raises(CouldNotLook, match="only withdrawn versions"):
        bench_at(vendor.url, tmp_path).get()


def test_a_machine_that_cannot_speak_old_versions_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.wire.handshake.ssl.HAS_TLSv1", False)
    with answering(fine, tls=certified()) as vendor, pytest.raises(CouldNotLook, match="this machine") as refusal:
        shaken(bench_at(vendor.url, tmp_path), old=True)

    assert refusal.value.reason is Reason.NOT_PERMITTED


def test_the_plants_own_certificates_count_as_for_calls(tmp_path: Path) -> None:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    client = AUTHORITY.issue_cert("auditor@plant.example")
    client.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    asking = certified()
    AUTHORITY.configure_trust(asking)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.maximum_version = ssl.TLSVersion.TLSv1_2  # in which a client hears at once that it is not let in
    with answering(fine, tls=asking) as vendor:
        settings = TlsSettings(tmp_path / "ca.pem", tmp_path / "client.pem")
        assert shaken(bench_at(vendor.url, tmp_path, transport=None, tls=settings)).version == "TLSv1.2"
        assert shaken(bench_at(vendor.url, tmp_path)).version is None


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection, over: connection.sendall(b"HTTP/1.1 400 Plain\r\n\r\n"),
        lambda connection, over: None,
        lambda connection, over: connection.sendall(b"\x16\x03\x03\xff\xff" + b"\0" * 70_000),
    ],
    ids=["speaks unencrypted", "hangs up", "speaks gibberish"],
)
def test_who_cannot_be_agreed_with_is_described(behave: Callable[..., None], tmp_path: Path) -> None:
    with by_hand(behave) as address:
        facts = shaken(bench_at(address.replace("http:", "https:"), tmp_path))

    assert (facts.version, facts.refused, facts.untrusted) == (None, True, None)


def test_who_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    def silent(connection: socket.socket, over: threading.Event) -> None:
        over.wait(5)

    with by_hand(silent) as address, pytest.raises(CouldNotLook) as refusal:
        shaken(bench_at(address.replace("http:", "https:"), tmp_path, request_seconds=0.2))

    assert refusal.value.reason is Reason.TIMEOUT


def test_a_host_that_is_not_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook, match="refuses connections") as refusal:
        shaken(bench_at("https://127.0.0.113:9", tmp_path))

    assert refusal.value.reason is Reason.CONNECTIVITY


def test_a_name_is_looked_up_once_for_calls_and_handshakes(tmp_path: Path) -> None:
    asked: list[str] = []

    async def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    async def both(session: Session) -> None:
        await session.handshake("test")
        await session.send("GET", bench.base_url, owner="test")
        await session.handshake("test", old=True)

    with answering(fine, tls=certified("vendor.example")) as vendor:
        url = vendor.url.replace("127.0.0.1", "vendor.example")
        bench = bench_at(url, tmp_path, transport=Transport(trusting(), look_up=look_up))
        bench.run(both)

    assert asked == ["vendor.example"]


def test_a_handshake_is_paid_for_like_a_request(tmp_path: Path) -> None:
    async def twice(session: Session) -> None:
        await session.handshake("test")
        await session.handshake("test", old=True)

    with answering(fine, tls=certified()) as vendor:
        bench = bench_at(vendor.url, tmp_path)
        bench.budget = Budget(requests=1, per_second=1000, seconds=60)
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(twice)

    assert refusal.value.reason is Reason.BUDGET
    assert len(bench.exchanges()) == 1


def test_behind_a_proxy_the_vendors_own_encryption_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.113:9")
    bench = Workbench(tmp_path, "https://vendor.example/api", options={"transport": None, "use_proxy": True})
    with pytest.raises(CouldNotLook, match="a proxy stands between") as refusal:
        shaken(bench)

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert bench.exchanges() == []


def test_an_unencrypted_vendor_is_not_shaken_hands_with(tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        shaken(bench_at("http://127.0.0.1:9", tmp_path))

    assert refusal.value.reason is Reason.NOT_PERMITTED


def test_of_a_certificate_for_many_names_a_few_are_kept_and_no_secret(tmp_path: Path) -> None:
    names = ["s3cret-of-the-plant.example", *(f"n{number}.example" for number in range(50))]
    with answering(fine, tls=certified(*names)) as vendor:
        bench = bench_at(vendor.url, tmp_path)
        bench.credentials = {"main": api_key("s3cret-of-the-plant")}
        facts = shaken(bench)

    assert len(facts.names) == 20
    assert "«main.value».example" in facts.names
    assert "s3cret-of-the-plant" not in bench.evidence.read_text("utf-8")


def test_the_report_shows_what_came_of_it_and_no_command_that_would_repeat_it(tmp_path: Path) -> None:
    with answering(fine, tls=certified()) as vendor:
        bench = bench_at(vendor.url, tmp_path)
        shaken(bench)
    cited = {1: [{"question": "auth.method", "verdict": "met"}]}

    [shown], _ = shown_exchanges(bench.exchanges(), cited, show_values=False)

    assert shown.outcome == "encrypted with TLSv1.3"
    assert curl_line(bench.exchanges()[0]) is None
