"""A host name means the same for a whole run: connections go to the numbers that it stood for when it was judged."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.wire.names import Names
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Incoming, Outgoing, Transport
from tests.wire.servers import Answer, Served, answering
from tests.wire.sessions import TRUST, Workbench

DEAD, OTHER = "127.0.0.3", "127.0.0.2"


class Resolver:
    """Says of every name what it is told to, one answer after the other, the last one for ever."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def page(text: str) -> Any:
    return answering(lambda request: Answer(200, text))


@pytest.fixture
def served() -> Iterator[Served]:
    with page("the vendor") as served:
        yield served


def port(served: Served) -> str:
    return served.url.rpartition(":")[2]


def exchanged(transport: Transport, *urls: str) -> list[Incoming]:
    """Fetch one after the other."""

    async def work() -> list[Incoming]:
        came = [Incoming() for _ in urls]
        for url, incoming in zip(urls, came, strict=True):
            await transport.exchange(Outgoing("GET", url, (), None, 1000, 5), incoming, lambda size: True)
        await transport.close()
        return came

    return asyncio.run(work())


def test_a_name_that_changes_its_mind_is_not_asked_again(served: Served) -> None:
    resolver = Resolver(("127.0.0.1",), (OTHER,))
    with answering(lambda request: Answer(200, "the trap"), host=OTHER, port=int(port(served))) as trap:
        url = f"http://vendor.example:{port(served)}/"
        transport = Transport(TRUST, look_up=resolver)
        closing = answering(lambda request: Answer(200, "the other port"))
        with closing as second:  # another port is another connection
            came = exchanged(transport, url, url.replace(port(served), port(second)), url)

    assert [bytes(each.body) for each in came] == [b"the vendor", b"the other port", b"the vendor"]
    assert resolver.asked == ["vendor.example"]
    assert trap.seen == []


def test_the_api_is_pinned_too(served: Served, tmp_path: Path) -> None:
    """A name that is this machine's own at first, and somebody else's when the connection is made again."""
    resolver = Resolver(("127.0.0.1",), (OTHER,))

    async def work(session: Session) -> list[int]:
        url = f"http://localhost:{port(served)}/x"
        first = await session.send("GET", url, owner="test")
        await session.fetch_document(url, owner="test")
        await session._transport.close()  # as if the server had hung up
        return [first.status, (await session.send("GET", url, owner="test")).status]

    with answering(lambda request: Answer(418), host=OTHER, port=int(port(served))) as trap:
        transport = Transport(TRUST, look_up=resolver)
        bench = Workbench(tmp_path, f"http://localhost:{port(served)}", options={"transport": transport})
        assert bench.run(work) == [200, 200]

    assert resolver.asked == ["localhost"]
    assert trap.seen == []


def test_what_was_judged_public_cannot_become_private(served: Served, tmp_path: Path) -> None:
    """The classic rebinding: a public number for the judge, one of the inner network for the connection."""
    resolver = Resolver(("192.0.2.1", "93.184.216.34"), ("127.0.0.1",))
    transport = Transport(TRUST, look_up=resolver)
    bench = Workbench(tmp_path, "http://127.0.0.1:9", options={"transport": transport})

    url = f"http://rebinding.example:{port(served)}/"

    for _ in range(2):  # 192.0.2.1 is no public number, whatever stands beside it
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(lambda session: session.fetch_document(url, owner="test"))
        assert refusal.value.reason is Reason.NOT_PERMITTED

    assert served.seen == []
    assert len(resolver.asked) == 1


def test_the_next_number_is_tried_where_one_refuses_and_the_good_one_is_remembered(served: Served) -> None:
    names = Names(Resolver(("::1", DEAD, "127.0.0.1")))
    transport = Transport(TRUST)
    transport._network._names = transport._names = names

    [came] = exchanged(transport, f"http://vendor.example:{port(served)}/")

    assert came.status == 200
    assert asyncio.run(names.numbers("vendor.example")) == ("127.0.0.1", DEAD, "::1")


def test_a_host_that_refuses_on_all_its_numbers_refuses(served: Served) -> None:
    transport = Transport(TRUST, look_up=Resolver((DEAD, OTHER)))

    [came] = exchanged(transport, f"http://vendor.example:{port(served)}/")

    assert (came.reason, came.failure) == (Reason.CONNECTIVITY, "vendor.example refuses connections")


def test_a_look_up_that_failed_is_tried_again(served: Served) -> None:
    resolver = Resolver((), ("127.0.0.1",))
    first, second = exchanged(Transport(TRUST, look_up=resolver), *[f"http://vendor.example:{port(served)}/"] * 2)

    assert (first.reason, first.failure) == (Reason.CONNECTIVITY, "the name vendor.example is not known")
    assert second.status == 200


def test_many_who_ask_at_once_make_one_look_up() -> None:
    resolver = Resolver(("127.0.0.1",), (OTHER,))
    names = Names(resolver)

    async def work() -> list[Any]:
        asked: list[Coroutine[Any, Any, Any]] = [names.numbers("vendor.example") for _ in range(20)]
        return await asyncio.gather(*asked)

    assert set(asyncio.run(work())) == {("127.0.0.1",)}
    assert resolver.asked == ["vendor.example"]


def test_a_number_is_not_looked_up() -> None:
    resolver = Resolver((OTHER,))

    assert asyncio.run(Names(resolver).numbers("127.0.0.1")) == ("127.0.0.1",)
    assert asyncio.run(Names(resolver).numbers("::1")) == ("::1",)
    assert resolver.asked == []


def test_a_connection_made_for_one_name_never_serves_another(served: Served) -> None:
    both = Transport(TRUST, look_up=Resolver(("127.0.0.1",)))
    connections: list[tuple[str, int]] = []
    connect = both._network.connect_tcp

    async def counted(host: str, port: int, **more: Any) -> Any:
        connections.append((host, port))
        return await connect(host, port, **more)

    both._network.connect_tcp = counted  # type: ignore[method-assign]
    one, other = (f"http://{name}.example:{port(served)}/" for name in ("one", "other"))
    exchanged(both, one, one, other, one)

    assert connections == [("one.example", int(port(served))), ("other.example", int(port(served)))]
    assert [each.headers["host"].partition(":")[0] for each in served.seen] == [
        "one.example", "one.example", "other.example", "one.example",
    ]  # fmt: skip


def server_tls(name: str, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_pinned_connection_keeps_name_and_certificate_of_the_address() -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    tls = server_tls("docs.example", authority)
    with answering(lambda request: Answer(200, "limits"), tls=tls) as served:
        transport = Transport(trust, look_up=Resolver(("127.0.0.1",)))
        right, wrong = exchanged(
            transport, *(f"https://{name}.example:{port(served)}/limits" for name in ("docs", "other"))
        )

    assert (right.status, bytes(right.body)) == (200, b"limits")
    assert [request.headers["host"] for request in served.seen] == [f"docs.example:{port(served)}"]
    assert wrong.reason is Reason.CONNECTIVITY
    assert "certificate of other.example" in (wrong.failure or "")


def test_a_clients_certificate_is_shown_to_our_own_hosts_only() -> None:
    """The client's certificate and the private authority count for the hosts that the vendor file names them for."""
    authority = trustme.CA()
    demanding = server_tls("own.example", authority)
    demanding.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(demanding)
    own_tls = ssl.create_default_context()
    authority.configure_trust(own_tls)
    authority.issue_cert("plant.example").configure_cert(own_tls)
    with answering(lambda request: Answer(200), tls=demanding) as served:
        own = frozenset({("own.example", int(port(served)))})
        transport = Transport(TRUST, own_tls=own_tls, own_hosts=own, look_up=Resolver(("127.0.0.1",)))
        mine, foreign = exchanged(
            transport, *(f"https://{name}.example:{port(served)}/" for name in ("own", "foreign"))
        )

    assert mine.status == 200
    assert (foreign.status, len(served.seen)) == (0, 1)
