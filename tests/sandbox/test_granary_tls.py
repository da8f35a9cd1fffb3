"""Over TLS each switch changes what a client can see, as without."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cmms_audit.cli.vendors import embedded
from cmms_audit.sandbox import granary
from cmms_audit.sandbox.serve import running
from tests.live import OVER_TLS, encryption_in

PATH = "/api/v1/work-orders"


@contextmanager
def served(folder: Path, *switches: str) -> Iterator[str]:
    with running(granary.Granary(switches), encryption=encryption_in(folder, switches)) as origin:
        yield origin


def get(folder: Path, url: str) -> httpx.Response:
    return httpx.get(url, verify=ssl.create_default_context(cafile=folder / "ca.pem"), trust_env=False)


def takes_old_versions(origin: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    host, port = origin.removeprefix("https://").split(":")
    try:
        with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def answers_without_encryption(origin: str) -> bool:
    try:
        return httpx.get(origin.replace("https:", "http:") + PATH, trust_env=False).status_code == 401
    except httpx.HTTPError:
        return False


def test_a_vendor_that_is_served_over_tls_says_so_in_its_answers_and_documents(tmp_path: Path) -> None:
    with served(tmp_path) as origin:
        assert origin.startswith("https://")
        assert get(tmp_path, origin + PATH).status_code == 401
        assert f'"{origin}/oauth/token"' in get(tmp_path, f"{origin}/api/v1/openapi.json").text


@pytest.mark.parametrize("switch", [None, *OVER_TLS])
def test_a_switch_breaks_what_it_says_and_nothing_else(switch: str | None, tmp_path: Path) -> None:
    with served(tmp_path, *([switch] if switch else [])) as origin:
        strict = "Strict-Transport-Security" in get(tmp_path, origin + PATH).headers
        seen = {
            "old-tls": takes_old_versions(origin),
            "no-strict-transport": not strict,
            "plain-http-beside": answers_without_encryption(origin),
            "certificate-ending": granary.certificate_days([switch] if switch else []) < 30,
        }

    assert {name for name, broken in seen.items() if broken} == ({switch} if switch else set())


def test_the_command_serves_it_over_tls_with_a_certificate_of_the_users(tmp_path: Path) -> None:
    files = encryption_in(tmp_path)
    with embedded("granary").running(["no-strict-transport"], certificate=files.certificate, key=files.key) as origin:
        assert "Strict-Transport-Security" not in get(tmp_path, origin + PATH).headers


def test_without_tls_nothing_is_said_of_it() -> None:
    with running(granary.Granary()) as origin:
        assert "Strict-Transport-Security" not in httpx.get(origin + PATH, trust_env=False).headers
