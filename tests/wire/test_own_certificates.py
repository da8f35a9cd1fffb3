"""A plant's own certificates count for the API and its logins, and nobody else sees or is trusted by them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Reason
from cmms_audit.tls import TlsSettings
from cmms_audit.wire.session import Session
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import Workbench, oauth2, secret

PASSWORD = "0pens-the-key"
ANYONE = ssl.CERT_OPTIONAL


@dataclass
class Certificates:
    """A plant's authority with a client's certificate from it, a public authority, and a folder with their files."""

    plant: trustme.CA
    public: trustme.CA
    folder: Path

    @property
    def settings(self) -> TlsSettings:
        return TlsSettings(self.folder / "ca.pem", self.folder / "client.pem", self.folder / "client.key")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    plant, public = trustme.CA(), trustme.CA()
    client, other = plant.issue_cert("auditor@plant.example"), plant.issue_cert("other@plant.example")
    plant.cert_pem.write_to_path(folder / "ca.pem")
    for number, blob in enumerate(client.cert_chain_pems):
        blob.write_to_path(folder / "client.pem", append=number > 0)
    client.private_key_pem.write_to_path(folder / "client.key")
    client.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    other.private_key_pem.write_to_path(folder / "other.key")
    key = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(PASSWORD.encode())
    as_pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "locked.key").write_bytes(key.private_bytes(*as_pem, locked))
    (folder / "junk.pem").write_text("nothing of the kind")
    (folder / "damaged.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (folder / "huge.pem").write_bytes(b"x" * (1024 * 1024 + 1))
    return Certificates(plant, public, folder)


@contextmanager
def encrypted(
    authority: trustme.CA, respond: Any, *, clients: trustme.CA, ask: ssl.VerifyMode = ssl.CERT_REQUIRED
) -> Iterator[Served]:
    """A server with a certificate from one authority that asks clients for one from another."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    clients.configure_trust(context)
    context.verify_mode = ask
    with answering(respond, tls=context) as served:
        yield served


def fine(request: Seen) -> Answer:
    return Answer(200, json.dumps({"access_token": "t0ken-of-the-plant", "expires_in": 300}))


def bench_for(vendor: Served, tmp_path: Path, tls: TlsSettings | None, **credentials: Any) -> Workbench:
    bench = Workbench(tmp_path, vendor.url, options={"transport": None, "tls": tls})
    bench.credentials |= credentials
    return bench


def test_the_api_and_its_login_see_the_plants_certificate(own: Certificates, tmp_path: Path) -> None:
    with encrypted(own.plant, fine, clients=own.plant) as vendor, encrypted(own.plant, fine, clients=own.plant) as door:
        bench = bench_for(vendor, tmp_path, own.settings, main=oauth2(door.url + "/token"))
        assert bench.get("/x").status == 200

    assert [request.shown_certificate for request in (*vendor.seen, *door.seen)] == [True, True]


@pytest.mark.parametrize(
    "settings",
    [
        lambda folder: TlsSettings(folder / "ca.pem", folder / "both.pem"),
        lambda folder: TlsSettings(folder / "ca.pem", folder / "client.pem", folder / "locked.key", secret(PASSWORD)),
    ],
)
def test_the_key_may_stand_beside_the_certificate_or_be_locked(
    settings: Any, own: Certificates, tmp_path: Path
) -> None:
    with encrypted(own.plant, fine, clients=own.plant) as vendor:
        bench = bench_for(vendor, tmp_path, settings(own.folder))
        assert bench.get("/x").status == 200

    assert PASSWORD not in bench.evidence.read_text("utf-8")


def test_a_private_authority_is_trusted_without_a_certificate_of_ones_own(own: Certificates, tmp_path: Path) -> None:
    with encrypted(own.plant, fine, clients=own.plant, ask=ANYONE) as vendor:
        assert bench_for(vendor, tmp_path, TlsSettings(own.folder / "ca.pem")).get("/x").status == 200

    assert not vendor.seen[0].shown_certificate


@pytest.mark.parametrize("settings", [None, "without ca"])
def test_without_it_the_vendor_is_not_trusted_and_sees_no_request(
    settings: str | None, own: Certificates, tmp_path: Path
) -> None:
    tls = TlsSettings(None, own.folder / "client.pem", own.folder / "client.key") if settings else None
    plant = encrypted(own.plant, fine, clients=own.plant)
    with plant as vendor, pytest.raises(CouldNotLook, match="cannot be trusted") as refusal:
        bench_for(vendor, tmp_path, tls).get("/x")

    assert refusal.value.reason is Reason.CONNECTIVITY
    assert vendor.seen == []


def test_a_document_of_another_host_never_sees_the_certificate(
    own: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting_the_public() -> ssl.SSLContext:
        context = ssl.create_default_context()
        own.public.configure_trust(context)
        return context

    for module in ("transport", "session"):
        monkeypatch.setattr(f"cmms_audit.wire.{module}.usual_trust", trusting_the_public)

    async def both(session: Session) -> None:
        await session.send("GET", vendor.url + "/x", owner="test")
        await session.fetch_document(stranger.url + "/doc", owner="test")
        await session.fetch_document(vendor.url + "/doc", owner="test")

    with (
        encrypted(own.public, fine, clients=own.plant) as vendor,
        encrypted(own.public, fine, clients=own.plant, ask=ANYONE) as stranger,
    ):
        bench = bench_for(vendor, tmp_path, own.settings)
        bench.options["allow_hosts"] = frozenset({"127.0.0.1"})
        bench.run(both)

    assert [request.shown_certificate for request in vendor.seen] == [True, True]
    assert [request.shown_certificate for request in stranger.seen] == [False]


def test_a_document_of_another_host_is_not_trusted_for_the_plants_authority(own: Certificates, tmp_path: Path) -> None:
    with (
        encrypted(own.plant, fine, clients=own.plant) as vendor,
        encrypted(own.plant, fine, clients=own.plant, ask=ANYONE) as stranger,
    ):
        bench = bench_for(vendor, tmp_path, own.settings)
        bench.options["allow_hosts"] = frozenset({"127.0.0.1"})
        with pytest.raises(CouldNotLook, match="cannot be trusted"):
            bench.run(lambda session: session.fetch_document(stranger.url + "/doc", owner="test"))

    assert stranger.seen == []


WRONG = {
    "tls.ca of the vendor file cannot be used: it holds no certificate": {"ca": "junk.pem"},
    "tls.ca of the vendor file cannot be used: there is no such file": {"ca": "gone.pem"},
    "tls.ca of the vendor file cannot be used: it is larger than 1024 KiB": {"ca": "huge.pem"},
    "tls.certificate of the vendor file cannot be used: it holds no certificate": {"certificate": "junk.pem"},
    "it holds no private key, and tls.key names no other file": {"certificate": "client.pem"},
    "tls.key of the vendor file cannot be used: it holds no private key": {"certificate": "both.pem", "key": "ca.pem"},
    "the key does not belong to the certificate": {"certificate": "client.pem", "key": "other.key"},
    "the key is locked, and tls.password is missing": {"certificate": "client.pem", "key": "locked.key"},
    "the private key is damaged": {"certificate": "client.pem", "key": "damaged.key"},
}


@pytest.mark.parametrize("says", WRONG)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(says: str, own: Certificates, tmp_path: Path) -> None:
    files: dict[str, Any] = {name: own.folder / file for name, file in WRONG[says].items()}
    tls = TlsSettings(**files)
    with pytest.raises(InputError) as refused:
        Workbench(tmp_path, "https://127.0.0.1:9", options={"transport": None, "tls": tls}).get("/x")

    assert says in str(refused.value)


def test_a_wrong_password_is_not_shown(own: Certificates, tmp_path: Path) -> None:
    tls = TlsSettings(None, own.folder / "client.pem", own.folder / "locked.key", secret("wr0ng-password"))
    with pytest.raises(InputError, match=r"does not open with tls\.password") as refused:
        Workbench(tmp_path, "https://127.0.0.1:9", options={"transport": None, "tls": tls}).get("/x")

    assert "wr0ng" not in str(refused.value) + repr(tls)
