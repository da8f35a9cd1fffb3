"""Public documents: fetched as anybody would, and never from the user's own network on a stranger's word."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.wire.public import is_public
from cmms_audit.wire.transport import Incoming, Outgoing, Transport
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import KEY, TRUST, Workbench

PAGE = Answer(200, "<html>limits</html>", {"Content-Type": "text/html"})


def fetch(bench: Workbench, url: str, **more: Any) -> Exchange:
    exchange: Exchange = bench.run(lambda session: session.fetch_document(url, owner="test", **more))
    return exchange


def test_a_document_is_fetched_without_credential(tmp_path: Path) -> None:
    with answering(lambda request: PAGE) as vendor:
        exchange = fetch(Workbench(tmp_path, vendor.url + "/api"), vendor.url + "/docs")

    [request] = vendor.seen
    assert KEY not in str(request)
    assert (exchange.text, exchange.role, exchange.purpose) == ("<html>limits</html>", None, Purpose.DOCUMENT)


def closed(request: Seen) -> Answer:
    """A vendor that shows its documents to customers only."""
    return PAGE if request.headers.get("x-api-key") == KEY else Answer(401)


def test_on_the_origin_of_the_api_a_refused_document_is_fetched_with_main(tmp_path: Path) -> None:
    with answering(closed) as vendor:
        bench = Workbench(tmp_path, vendor.url + "/api")
        exchange = fetch(bench, vendor.url + "/openapi.json")

    assert (exchange.status, exchange.role) == (200, "main")
    assert exchange.notes["refused_without_credential"] == 1
    assert [each.status for each in bench.exchanges()] == [401, 200]


def test_unless_the_anonymous_answer_is_what_is_wanted(tmp_path: Path) -> None:
    with answering(closed) as vendor:
        exchange = fetch(Workbench(tmp_path, vendor.url), vendor.url + "/docs", with_main_if_refused=False)

    assert exchange.status == 401
    assert len(vendor.seen) == 1


def test_on_any_other_origin_it_is_fetched_without(tmp_path: Path) -> None:
    with answering(closed) as vendor, answering(closed) as elsewhere:
        exchange = fetch(Workbench(tmp_path, vendor.url), elsewhere.url + "/docs")

    assert exchange.status == 401
    assert [KEY in str(request) for request in elsewhere.seen] == [False]


def test_the_credential_does_not_follow_a_document_to_another_origin(tmp_path: Path) -> None:
    with answering(lambda request: PAGE) as trap:

        def respond(request: Seen) -> Answer:
            return Answer(302, "", {"Location": trap.url}) if "x-api-key" in request.headers else Answer(403)

        with answering(respond) as vendor:
            exchange = fetch(Workbench(tmp_path, vendor.url), vendor.url + "/docs")

    assert exchange.status == 302
    assert trap.seen == []


def test_redirects_are_followed_to_other_hosts_and_the_fourth_is_too_many(tmp_path: Path) -> None:
    moved: list[str] = []
    moving = answering(lambda request: Answer(301, "", {"Location": moved[0]}))
    with answering(lambda request: PAGE) as elsewhere, moving as vendor:
        moved.append(elsewhere.url + "/docs")
        assert fetch(Workbench(tmp_path, vendor.url), vendor.url + "/docs").text == "<html>limits</html>"
    circling = answering(lambda request: Answer(301, "", {"Location": "/docs"}))
    with circling as circle, pytest.raises(CouldNotLook, match="more than 3"):
        fetch(Workbench(tmp_path / "b", circle.url), circle.url + "/docs")

    assert len(circle.seen) == 4


@pytest.fixture
def private() -> Any:
    """A server inside the user's network: another loopback host than that of base_url."""
    with answering(lambda request: PAGE, host="127.0.0.2") as served:
        yield served


def test_a_document_inside_a_private_network_is_refused(tmp_path: Path, private: Served) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        fetch(Workbench(tmp_path, "http://127.0.0.1:9"), private.url + "/latest/meta-data")

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert "--allow-host 127.0.0.2" in refusal.value.summary
    assert private.seen == []


@pytest.mark.parametrize("spelled", ["127.0.0.2", "127.2", "0x7f000002", "2130706434", "0177.0.0.2", "[::ffff:7f00:2]"])
def test_however_its_address_is_spelled_and_wherever_it_is_hidden(
    spelled: str, tmp_path: Path, private: Served
) -> None:
    target = private.url.replace("127.0.0.2", spelled)
    luring = answering(lambda request: Answer(302, "", {"Location": target}))
    with luring as vendor, pytest.raises(CouldNotLook) as refusal:
        fetch(Workbench(tmp_path, vendor.url), vendor.url + "/docs")

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert private.seen == []


def test_unless_the_user_allows_the_host(tmp_path: Path, private: Served) -> None:
    bench = Workbench(tmp_path, "http://127.0.0.1:9", options={"allow_hosts": frozenset({"127.0.0.2"})})

    assert fetch(bench, private.url).ok


def test_an_unknown_name_is_no_connection(tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        fetch(Workbench(tmp_path, "http://127.0.0.1:9"), "https://no-such-host.invalid/docs")

    assert refusal.value.reason is Reason.CONNECTIVITY


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://docs.example/", "https://user:word@docs.example/", "docs"]
)
def test_what_is_no_plain_web_address_is_not_fetched(url: str, tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        fetch(Workbench(tmp_path, "http://127.0.0.1:9"), url)

    assert refusal.value.reason is Reason.NOT_PERMITTED


class Redirected(Transport):
    """A network in which every name is public, and every answer is a redirect."""

    def __init__(self, location: str) -> None:
        super().__init__(TRUST)
        self.location = location
        self.asked: list[Outgoing] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        return ("93.184.216.34", "2606:2800:220:1::1")

    async def exchange(self, outgoing: Outgoing, incoming: Incoming, may_read: Any) -> None:
        self.asked.append(outgoing)
        incoming.status, incoming.headers = 302, (("Location", self.location),)


def test_a_document_is_never_fetched_unencrypted_once_it_was_encrypted(tmp_path: Path) -> None:
    transport = Redirected("http://docs.example/")
    exchange = fetch(
        Workbench(tmp_path, "https://api.example", options={"transport": transport}), "https://docs.example/"
    )

    assert exchange.status == 302
    assert len(transport.asked) == 1


@pytest.mark.parametrize(
    "ip",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "64:ff9b:1::a00:1", "::ffff:0:10.0.0.1", "fec0::1",
     "2002:a00:1::", "::7f00:1", "2001:db8::1", "localhost", ""],
)  # fmt: skip
def test_what_is_not_the_public_internet_is_known(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_and_what_is(ip: str) -> None:
    assert is_public(ip)


@given(ip=st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="192.168.0.0/16"))
def test_no_notation_makes_a_private_number_public(ip: ipaddress.IPv4Address) -> None:
    number = int(ip)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))

    assert not any(is_public(str(each)) for each in (ip, mapped, sixtofour))
