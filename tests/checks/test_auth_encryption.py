"""Whether credentials travel encrypted: addresses, versions of TLS, certificates, and what answers without it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Finding, Reason, Verdict
from cmms_audit.sandbox import both_ways
from cmms_audit.sandbox.encryption import Encryption
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.handshake import outdated_only
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.checks.small import OAUTH, Small, answered, described, flags, looked_at, only, read
from tests.support import battery, subject_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import KEY, Workbench

LIVE = ("auth.encrypted", "auth.tls-version", "auth.certificate", "auth.strict-transport")
PLAIN = "http://vendor.example/"


@pytest.mark.parametrize(
    ("server", "verdict", "marks"),
    [
        ("https://api.vendor.example/v1", Verdict.MET, {"plain-http-credentials": False}),
        ("https://localhost:8443/v1", Verdict.MET, {"plain-http-credentials": False}),
        ("http://api.vendor.example/v1", Verdict.NOT_MET, {"plain-http-credentials": True}),
        ("http://localhost:8000/v1", Verdict.NOT_APPLICABLE, {}),
        ("http://<your host>/v1", Verdict.UNKNOWN, {}),
        ("/v1", Verdict.UNKNOWN, {}),
    ],
)
def test_an_unencrypted_address_in_the_specification_is_a_red_flag(
    server: str, verdict: Verdict, marks: dict[str, bool]
) -> None:
    finding = read("auth.encrypted-as-documented", described(server=server))

    assert (finding.verdict, flags(finding)) == (verdict, marks)


def test_an_unencrypted_token_address_is_a_red_flag() -> None:
    plain = {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "http://login.vendor.example/token", "scopes": {}}},
    }

    assert flags(read("auth.encrypted-as-documented", described(schemes={"oauth": plain})))["plain-http-credentials"]


def test_addresses_on_this_machine_beside_encrypted_ones_do_no_harm() -> None:
    finding = read("auth.encrypted-as-documented", described(server="http://localhost/v1", schemes={"oauth": OAUTH}))

    assert finding.verdict is Verdict.MET


@pytest.mark.parametrize("check", LIVE)
def test_an_unencrypted_system_on_this_machine_needs_no_encryption(check: str) -> None:
    finding = only(looked_at(check, Small()))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_APPLICABLE, {})


def reached_at(base_url: str, plain: Exchange | CouldNotLook) -> Finding:
    """What `auth.encrypted` finds of a vendor elsewhere, which a test cannot have."""

    class Elsewhere:
        vendor = SimpleNamespace(base_url=base_url)
        resources = subject_of(described()).resources

        async def first_page(self, kind: str) -> Any:
            exchange = answered(base_url, 200)
            return SimpleNamespace(exchange=exchange, evidence=exchange.evidence)

        @property
        def api(self) -> Any:
            return self

        async def as_stranger(self, path: str) -> Exchange:
            return answered(base_url + path, 403, '{"message": "no credential"}')

        async def plain_http(self, path: str = "") -> Exchange:
            if isinstance(plain, CouldNotLook):
                raise plain
            return plain

    found: Any = battery()["auth.encrypted"].function(Elsewhere())  # type: ignore[arg-type]
    finding: Finding = asyncio.run(found)
    return finding


@pytest.mark.parametrize(
    ("plain", "raised"),
    [
        (CouldNotLook(Reason.CONNECTIVITY, "nothing answers there"), False),
        (answered(PLAIN, 301, Location="https://vendor.example/"), False),
        (answered(PLAIN, 401, ""), True),
        (answered(PLAIN, 200, '{"items": []}'), True),
        (answered(PLAIN, 200, "<html></html>"), False),
        (answered(PLAIN, 403, '{"message": "use https"}'), False),
        (answered(PLAIN, 400, "<html>The plain HTTP request was sent to HTTPS port</html>"), False),
    ],
    ids=["closed", "redirected", "asks for a credential", "serves data", "shows a page", "turned away", "wrong port"],
)
def test_an_open_unencrypted_address_is_a_red_flag_where_the_api_answers_there(
    plain: Exchange | CouldNotLook, raised: bool
) -> None:
    finding = reached_at("https://vendor.example/api", plain)

    assert finding.verdict is (Verdict.NOT_MET if raised else Verdict.MET)
    assert flags(finding) == {"plain-http-credentials": raised}


def test_an_unencrypted_address_that_refuses_in_the_form_of_the_api_may_serve_it() -> None:
    finding = reached_at("https://vendor.example/api", answered(PLAIN, 403, '{"message": "no credential"}'))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})


@pytest.mark.parametrize("location", ["/login", "http://vendor.example/login"])
def test_being_sent_on_without_encryption_is_no_praise(location: str) -> None:
    finding = reached_at("https://vendor.example/api", answered(PLAIN, 302, "", Location=location))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_unencrypted_address_settles_nothing(status: int) -> None:
    finding = reached_at("https://vendor.example/api", answered(PLAIN, status, "{}"))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})


@pytest.mark.parametrize(
    "plain",
    [
        answered(PLAIN, 301, Location="https://vendor.example/"),
        CouldNotLook(Reason.CONNECTIVITY, "nothing answers there", answered(PLAIN, 0)),
    ],
    ids=["redirected", "closed"],
)
def test_an_unencrypted_address_in_use_is_a_red_flag_though_nothing_was_sent_there(
    plain: Exchange | CouldNotLook,
) -> None:
    finding = reached_at("http://vendor.example/api", plain)

    assert finding.evidence
    assert flags(finding) == {"plain-http-credentials": True}


# -- over TLS ---------------------------------------------------------------------------------------------

AUTHORITY = trustme.CA()


@dataclass
class Found:
    """What a check found, and which requests reached the vendor."""

    finding: Finding
    seen: list[Seen]


def certified(folder: Path, *names: str, **more: Any) -> Encryption:
    """A certificate from the authority that is trusted here, for this machine unless other names are given."""
    issued = AUTHORITY.issue_cert(*(names or ("127.0.0.1",)), **more)
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")
    return Encryption(folder / "server.pem", folder / "server.key")


def over_tls(
    check: str,
    folder: Path,
    *,
    vendor: Callable[[Seen], Answer] | None = None,
    server: Callable[[Encryption], ssl.SSLContext] = Encryption.context,
    names: tuple[str, ...] = (),
    **certificate: Any,
) -> Found:
    """What a check finds of a vendor that is reached over TLS, with a certificate of that kind."""
    tls = server(certified(folder, *names, **certificate))
    with answering(vendor or Small(), tls=tls) as served:
        trusting = ssl.create_default_context()
        AUTHORITY.configure_trust(trusting)
        bench = Workbench(folder, f"{served.url}/api/v1", clock=Clock(), options={"transport": Transport(trusting)})
        return Found(only(bench.run(lambda session: judged(check, bench, session))), served.seen)


async def judged(check: str, bench: Workbench, session: Session) -> tuple[Finding, ...]:
    subject = subject_of(described(), base_url=bench.base_url)
    api = Api(bench.dialogue(session), base_url=bench.base_url, resources=subject.resources, dialect=subject.dialect)
    return await judge(battery()[check], Context(replace(subject, api=api), battery()[check]))


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_https_on_this_machine_is_judged_as_https_anywhere(tmp_path: Path) -> None:
    found = over_tls("auth.encrypted", tmp_path)

    assert found.finding.verdict is Verdict.MET
    assert "gives no answer" in found.finding.summary
    assert flags(found.finding) == {"plain-http-credentials": False}


def test_an_api_that_answers_on_the_same_port_without_encryption_is_a_red_flag(tmp_path: Path) -> None:
    with answering(Small(), tls=certified(tmp_path).context()) as served, both_ways_to(served.url) as url:
        trusting = ssl.create_default_context()
        AUTHORITY.configure_trust(trusting)
        bench = Workbench(tmp_path, f"{url}/api/v1", options={"transport": Transport(trusting)})
        finding = only(bench.run(lambda session: judged("auth.encrypted", bench, session)))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {"plain-http-credentials": True})
    without = [each for each in bench.exchanges() if each.request.url.startswith("http:")]
    assert [(each.role, each.status) for each in without] == [(None, 401)]


@contextmanager
def both_ways_to(inner: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener, both_ways.taking_both(listener, inner):
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def only_tls_1_2(encryption: Encryption) -> ssl.SSLContext:
    context = encryption.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def old_ones_too(encryption: Encryption) -> ssl.SSLContext:
    return Encryption(encryption.certificate, encryption.key, old_versions=True).context()


@pytest.mark.parametrize(
    ("server", "verdict", "says"),
    [
        (Encryption.context, Verdict.MET, "calls travel with TLS 1.3; older versions are refused"),
        (only_tls_1_2, Verdict.MET, "calls travel with TLS 1.2; older versions are refused"),
        (old_ones_too, Verdict.PARTIAL, "beside TLS 1.3 the host still takes up TLS 1.1"),
    ],
)
def test_the_versions_that_a_host_takes_up_are_told_without_asking_it_anything(
    server: Callable[[Encryption], ssl.SSLContext], verdict: Verdict, says: str, tmp_path: Path
) -> None:
    found = over_tls("auth.tls-version", tmp_path, server=server)

    assert found.finding.verdict is verdict
    assert says in found.finding.summary
    assert found.seen == []


def test_a_machine_that_could_not_speak_old_versions_has_not_seen_them_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crippled() -> ssl.SSLContext | None:
        context = outdated_only()
        assert context is not None
        context.set_ciphers("ECDHE+AESGCM")  # of which TLS 1.1 has none
        return context

    monkeypatch.setattr("cmms_audit.wire.transport.outdated_only", crippled)
    finding = over_tls("auth.tls-version", tmp_path, server=old_ones_too).finding

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


def test_a_host_that_lets_old_versions_wait_in_vain_does_not_take_them_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(session: Session, owner: str, *, old: bool = False) -> Exchange:
        if old:
            raise CouldNotLook(Reason.TIMEOUT, "no answer came")
        return await handshake(session, owner)

    handshake = Session.handshake
    monkeypatch.setattr(Session, "handshake", no_answer)
    finding = over_tls("auth.tls-version", tmp_path).finding

    assert finding.verdict is Verdict.MET
    assert "older versions get no answer" in finding.summary


@pytest.mark.parametrize(
    ("begins", "ends", "verdict"),
    [
        (-400, 300, Verdict.MET),
        (-400, 29, Verdict.PARTIAL),
        (-400, 1.4, Verdict.PARTIAL),
        (-65, 25, Verdict.MET),
        (-71, 19, Verdict.PARTIAL),
        (-3, 3, Verdict.MET),
        (-5.2, 0.8, Verdict.PARTIAL),
    ],
    ids=["good", "ending", "tomorrow", "90 days", "90 days, late", "6 days", "6 days, late"],
)
def test_a_certificate_that_runs_out_within_weeks_is_a_limitation_unless_it_is_short_lived(
    begins: float, ends: float, verdict: Verdict, tmp_path: Path
) -> None:
    found = over_tls("auth.certificate", tmp_path, not_before=in_days(begins), not_after=in_days(ends))

    assert found.finding.verdict is verdict
    assert f"{in_days(ends):%Y-%m-%d}" in found.finding.summary
    assert found.finding.facts["certificate_days_left"] == pytest.approx(ends, abs=0.2)


def test_a_certificate_is_described_by_name_and_issuer(tmp_path: Path) -> None:
    found = over_tls("auth.certificate", tmp_path, names=("127.0.0.1", "*.vendor.example"))

    assert found.finding.detail.startswith("It is made out to 127.0.0.1, *.vendor.example by trustme")


def self_signed(encryption: Encryption) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority, folder = trustme.CA(), encryption.key.parent
    authority.cert_pem.write_to_path(folder / "own.pem")
    authority.private_key_pem.write_to_path(folder / "own.key")
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    return context


def from_elsewhere(encryption: Encryption) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


UNTRUSTED: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"not_after": in_days(-2)}, "it has expired"),
    "not yet": ({"not_before": in_days(2)}, "it is not valid yet"),
    "another name": ({"names": ("other.example",)}, "it is made out to another name"),
    "self-signed": ({"server": self_signed}, "nobody but the host itself vouches for it"),
    "unknown authority": ({"server": from_elsewhere}, "name it in the vendor file: tls: {ca: ...}"),
}


@pytest.mark.parametrize("kind", UNTRUSTED)
def test_a_certificate_that_is_not_trusted_is_said_with_the_reason_and_nothing_is_sent(
    kind: str, tmp_path: Path
) -> None:
    certificate, says = UNTRUSTED[kind]
    found = over_tls("auth.certificate", tmp_path, **certificate)

    assert found.finding.verdict is Verdict.NOT_MET
    assert says in found.finding.summary
    assert found.seen == []
    assert KEY not in (tmp_path / "out" / "evidence.jsonl").read_text()


def test_where_the_certificate_is_not_trusted_the_version_is_unknown(tmp_path: Path) -> None:
    finding = over_tls("auth.tls-version", tmp_path, server=self_signed).finding

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)
    assert "self-signed" in finding.summary


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("max-age=31536000; includeSubDomains; preload", Verdict.MET),
        ('MAX-AGE = "31536000"', Verdict.MET),
        ("max-age=300", Verdict.PARTIAL),
        ("max-age=0", Verdict.PARTIAL),
        ("always", Verdict.PARTIAL),
        (None, Verdict.PARTIAL),
    ],
)
def test_strict_transport_counts_where_it_lasts(header: str | None, verdict: Verdict, tmp_path: Path) -> None:
    vendor = Small(headers={"Strict_Transport_Security": header} if header else {})
    finding = over_tls("auth.strict-transport", tmp_path, vendor=vendor).finding

    assert (finding.verdict, finding.decisive) == (verdict, False)
