"""A proxy is used where the user asks for it, and never because the environment happens to name one."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from cmms_audit.addresses import parse_address
from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Reason
from cmms_audit.wire.proxies import Proxy, proxies_of
from cmms_audit.wire.transport import Incoming, Outgoing, Transport
from tests.wire.servers import Answer, answering, by_hand
from tests.wire.sessions import TRUST, Workbench

ENTRY = "pr0xy-user:pr0xy%2Fpassword@"


@contextmanager
def proxy(*, refuses: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A forward proxy that sends everything to the named port of this machine. Yields its address and what it read."""
    heads: list[str] = []

    def handle(connection: socket.socket, over: threading.Event) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        heads.append(head.decode())
        method, target, _ = head.decode().split(" ", 2)
        if refuses:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        where = target if method == "CONNECT" else target.split("/")[2]
        with socket.create_connection(("127.0.0.1", int(where.rpartition(":")[2]))) as onward:
            if method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 Go ahead\r\n\r\n")
            else:
                onward.sendall(head)
            there = threading.Thread(target=pump, args=(connection, onward), daemon=True)
            there.start()
            pump(onward, connection)
            there.join(2)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with by_hand(handle) as url:
        yield url, heads


def fetched(transport: Transport, url: str) -> Incoming:
    async def work() -> Incoming:
        incoming = Incoming()
        await transport.exchange(Outgoing("GET", url, (), None, 1000, 5), incoming, lambda size: True)
        await transport.close()
        return incoming

    return asyncio.run(work())


def with_entry(url: str) -> str:
    return url.replace("http://", f"http://{ENTRY}")


def test_an_encrypted_request_goes_through_the_proxy_unread() -> None:
    authority = trustme.CA()
    trust, tls = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(trust)
    authority.issue_cert("vendor.example").configure_cert(tls)
    with answering(lambda request: Answer(200, "hello"), tls=tls) as served, proxy() as (address, heads):
        url = f"https://vendor.example:{served.url.rpartition(':')[2]}/things"
        came = fetched(Transport(trust, proxies=proxies_of({"HTTPS_PROXY": with_entry(address)})), url)

    assert bytes(came.body) == b"hello"
    assert heads[0].startswith("CONNECT vendor.example:")
    assert "Proxy-Authorization: Basic cHIweHktdXNlcjpwcjB4eS9wYXNzd29yZA==" in heads[0]
    assert all("proxy" not in name.lower() for name, _ in came.sent_headers)
    assert "proxy-authorization" not in served.seen[0].headers


def test_a_document_that_is_not_encrypted_goes_by_the_other_one() -> None:
    with answering(lambda request: Answer(200, "hello")) as served, proxy() as (address, heads):
        url = f"http://docs.example:{served.url.rpartition(':')[2]}/limits"
        proxies = proxies_of({"http_proxy": address, "HTTPS_PROXY": "http://127.0.0.1:9"})
        came = fetched(Transport(TRUST, proxies=proxies), url)

    assert bytes(came.body) == b"hello"
    assert heads[0].startswith(f"GET {url} HTTP/1.1")


def test_a_proxy_that_lets_nothing_through_says_so() -> None:
    with proxy(refuses=True) as (address, _):
        came = fetched(Transport(TRUST, proxies=proxies_of({"https_proxy": address})), "https://vendor.example/")

    assert (came.reason, came.failure) == (
        Reason.CONNECTIVITY,
        "the proxy does not let through what goes to vendor.example",
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:9", "the proxy 127.0.0.1 refuses connections"),
        ("http://proxy.invalid:3128", "the name of the proxy proxy.invalid is not known"),
    ],
)
def test_a_proxy_that_is_not_there_is_not_taken_for_the_vendor(url: str, says: str) -> None:
    came = fetched(Transport(TRUST, proxies=proxies_of({"https_proxy": url})), "https://vendor.example/")

    assert came.failure == says


def test_the_environment_alone_sends_nothing_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda request: Answer(418)) as trap, answering(lambda request: Answer(200)) as vendor:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, trap.url)
        bench = Workbench(tmp_path, vendor.url, options={"transport": None})
        assert bench.get().status == 200

    assert trap.seen == []


def test_what_is_on_this_machine_is_reached_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda request: Answer(418)) as trap, answering(lambda request: Answer(200)) as vendor:
        monkeypatch.setenv("HTTP_PROXY", trap.url)
        bench = Workbench(tmp_path, vendor.url, options={"transport": None, "use_proxy": True})
        assert bench.get().status == 200

    assert trap.seen == []


def test_the_secrets_of_a_proxy_are_never_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    echo = answering(lambda request: Answer(200, "pr0xy/password and pr0xy-user"))
    with echo as vendor, proxy() as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", with_entry(address))
        bench = Workbench(tmp_path, vendor.url, options={"transport": None, "use_proxy": True})
        exchange = bench.get()

    assert exchange.text == "«proxy.password» and «proxy.username»"
    assert "pr0xy" not in bench.evidence.read_text()
    assert "pr0xy" not in repr(proxies_of({"HTTPS_PROXY": with_entry(address)}))


def test_a_name_that_only_the_proxy_knows_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda request: Answer(200, "limits")) as served, proxy() as (address, heads):
        monkeypatch.setenv("HTTP_PROXY", address)
        bench = Workbench(tmp_path, "http://127.0.0.1:9", options={"transport": None, "use_proxy": True})
        url = f"http://docs.invalid:{served.url.rpartition(':')[2]}/"
        came = bench.run(lambda session: session.fetch_document(url, owner="test"))
        private = f"http://10.0.0.1:{served.url.rpartition(':')[2]}/"
        with pytest.raises(CouldNotLook, match="inside a private network"):
            bench.run(lambda session: session.fetch_document(private, owner="test"))

    assert came.text == "limits"
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("exempt", "url", "carried"),
    [
        ("", "https://vendor.example/", True),
        ("vendor.example", "https://vendor.example/", False),
        ("VENDOR.example", "https://vendor.example/", False),
        (".example", "https://vendor.example/", False),
        ("*.example", "https://api.vendor.example/", False),
        ("dor.example", "https://vendor.example/", True),
        ("other, vendor.example:443", "https://vendor.example/", False),
        ("vendor.example:8443", "https://vendor.example/", True),
        ("*", "https://vendor.example/", False),
        ("", "https://127.0.0.1/", False),
        ("", "https://localhost/", False),
        ("", "http://vendor.example/", False),
    ],
)
def test_no_proxy_names_what_is_reached_directly(exempt: str, url: str, carried: bool) -> None:
    proxies = proxies_of({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": exempt})

    assert (proxies.carrier(parse_address(url)) == Proxy("http://proxy.example:3128")) is carried


@pytest.mark.parametrize("value", ["socks5://proxy.example", "http://", "http://proxy.example/path", "http://a b"])
def test_an_address_that_is_no_proxys_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(InputError, match="what HTTPS_PROXY holds is no address") as refusal:
        proxies_of({"HTTPS_PROXY": value.replace("://", "://user:s3cret@")})

    assert "s3cret" not in str(refusal.value)


def test_where_no_proxy_is_named_there_is_none_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="neither HTTPS_PROXY nor HTTP_PROXY is set"):
        Workbench(tmp_path, "http://127.0.0.1:9", options={"transport": None, "use_proxy": True}).get()
