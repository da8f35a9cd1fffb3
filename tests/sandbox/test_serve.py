from __future__ import annotations

import socket
import time

import httpx
import pytest

from cmms_audit.sandbox.granary import Granary
from cmms_audit.sandbox.serve import running


def test_a_vendor_answers_within_a_second_and_is_gone_afterwards() -> None:
    began = time.monotonic()
    with running(Granary()) as origin:
        assert httpx.get(f"{origin}/api/v1/health", trust_env=False).json()["status"] == "ok"
        assert time.monotonic() - began < 3  # one second on an idle machine
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{origin}/api/v1/health", trust_env=False)


def test_answers_are_not_held_back_by_the_socket() -> None:
    # Headers and body leave in two writes: with Nagle's algorithm on, each answer would take 40 ms.
    with running(Granary()) as origin, httpx.Client(base_url=origin, trust_env=False) as client:
        client.get("/api/v1/health")
        times = sorted(client.get("/api/v1/health").elapsed.total_seconds() for _ in range(9))
    assert times[4] < 0.03


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = running(Granary(), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            server.__enter__()


def test_an_application_that_does_not_start_is_an_error() -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="did not start"), running(broken):
        pass
