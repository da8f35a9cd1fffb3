"""evidence.har: a HAR 1.2 archive that browsers' tools open, written in order and without holding what it writes."""

from __future__ import annotations

import json
import stat
import tempfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cmms_audit.errors import CannotAudit
from cmms_audit.model import Exchange, Purpose, Reason, Request, Response
from cmms_audit.wire.har import write_har
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import Workbench
from tests.wire.test_journal import EXCHANGES, an_exchange

SCHEMA = Draft202012Validator(json.loads(Path(__file__).with_name("har12.schema.json").read_text(encoding="utf-8")))
NAMES = st.sampled_from(("Set-Cookie", "Cookie", "Location", "Content-Type", "Content-Length", "Content-Encoding"))
VALUES = st.sampled_from(
    ("a=b; Path=/; HttpOnly", ";;=", "", "9" * 30, "gzip", "application/x-www-form-urlencoded", "\ud800", "-1")
)
TELLING = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple)


def archive(exchanges: Iterable[Exchange]) -> list[dict[str, Any]]:
    """The entries of an archive of these exchanges, which must be one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.har"
        write_har(path, exchanges, version="1.2.3")
        assert [each.name for each in path.parent.iterdir()] == ["evidence.har"]
        whole = json.loads(path.read_text("utf-8"))
    SCHEMA.validate(whole)
    entries = whole["log"]["entries"]
    for entry in entries:
        assert entry["time"] == sum(value for value in entry["timings"].values() if value != -1)
    return list(entries)


def entry_of(method: str = "GET", url: str = "https://cmms.example/api", **more: Any) -> dict[str, Any]:
    request = Request(method, url, tuple(more.pop("sent", ())), more.pop("body", None))
    return archive([an_exchange(request=request, **more)])[0]


def answer(status: int, *headers: tuple[str, str], body: str = "", size: int = 0, **more: Any) -> Response:
    return Response(status, headers, body, size, **more)


@given(st.lists(EXCHANGES, max_size=3), TELLING, TELLING)
@settings(max_examples=60, deadline=None)
def test_whatever_was_recorded_becomes_an_archive(exchanges: list[Exchange], sent: Any, received: Any) -> None:
    telling = an_exchange(
        request=Request("POST", "https://a.example/#x", sent, "a=b&c"), response=Response(301, received, "", 5)
    )

    assert len(archive([*exchanges, telling])) == len(exchanges) + 1


def test_the_archive_says_what_was_recorded() -> None:
    entry = archive([an_exchange()])[0]

    assert entry["request"]["queryString"] == [{"name": "page", "value": "1"}]
    assert entry["request"]["headers"] == [{"name": "X-Api-Key", "value": "«main.value»"}]
    assert entry["response"]["content"] == {"size": 9, "mimeType": "application/json", "text": '{"id": 1}'}
    assert (entry["time"], entry["timings"]["wait"], entry["response"]["statusText"]) == (250, 250, "OK")


def test_entries_stand_in_the_order_of_their_start() -> None:
    starts = {1: "12:00:01.000", 2: "12:00:00.500", 3: "12:00:00.499", 4: "12:00:00.500"}
    exchanges = [an_exchange(number, started=f"2026-11-22T{start}Z") for number, start in starts.items()]

    assert [entry["_id"] for entry in archive(exchanges)] == [3, 2, 4, 1]


def test_a_request_that_failed_looks_as_browsers_export_it() -> None:
    entry = entry_of(response=None, failure="cmms.example cannot be reached", reason=Reason.CONNECTIVITY)

    assert entry["response"] == {
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [], "redirectURL": "",
        "content": {"size": 0, "mimeType": "x-unknown"}, "headersSize": -1, "bodySize": -1,
        "_error": "cmms.example cannot be reached",
    }  # fmt: skip


def test_a_form_is_told_by_its_parameters_and_as_text() -> None:
    body = "grant_type=client_credentials&client_secret=«main.client_secret»"
    sent = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "70")]

    request = entry_of("POST", sent=sent, body=body, purpose=Purpose.TOKEN)["request"]

    assert request["postData"]["text"] == body
    assert request["postData"]["params"] == [
        {"name": "grant_type", "value": "client_credentials"},
        {"name": "client_secret", "value": "«main.client_secret»"},
    ]
    assert request["bodySize"] == 70


def test_the_query_is_told_as_it_reads_and_the_address_without_its_fragment() -> None:
    request = entry_of(url="https://cmms.example/a?q=caf%C3%A9+x&empty=&flag#part")["request"]

    assert request["url"] == "https://cmms.example/a?q=caf%C3%A9+x&empty=&flag"
    assert [tuple(each.values()) for each in request["queryString"]] == [("q", "café x"), ("empty", ""), ("flag", "")]


def test_cookies_are_told_on_both_sides() -> None:
    received = ("Set-Cookie", "sid=«cookie»; Path=/api; Secure; HttpOnly; Expires=Thu, 01 Jan 2026 00:00:00 GMT")

    entry = entry_of(sent=[("Cookie", "sid=«main.value»; theme=dark")], response=answer(200, received))

    assert entry["request"]["cookies"] == [{"name": "sid", "value": "«main.value»"}, {"name": "theme", "value": "dark"}]
    assert entry["response"]["cookies"] == [
        {"name": "sid", "value": "«cookie»", "path": "/api", "httpOnly": True, "secure": True}
    ]


@pytest.mark.parametrize(("status", "target"), [(302, "/login"), (201, "")])
def test_only_a_redirect_leads_anywhere(status: int, target: str) -> None:
    assert entry_of(response=answer(status, ("Location", "/login")))["response"]["redirectURL"] == target


@pytest.mark.parametrize(
    ("response", "size"),
    [
        (answer(200, body="{}", size=2), 2),
        (answer(200, ("Content-Encoding", "gzip"), ("Content-Length", "31"), body="{}", size=2), 31),
        (answer(200, ("Content-Encoding", "gzip"), body="{}", size=2), -1),
        (answer(200, body="{", size=1, truncated=True), -1),
        (answer(304), 0),
    ],
)
def test_sizes_are_told_where_they_are_known(response: Response, size: int) -> None:
    assert entry_of(response=response)["response"]["bodySize"] == size


def test_a_body_that_is_no_text_is_said_to_be_missing() -> None:
    entry = entry_of(response=answer(200, ("Content-Type", "image/png"), size=900), notes={"binary": True})

    content = entry["response"]["content"]
    assert (content["size"], content["mimeType"], "text" in content) == (900, "image/png", False)


def test_the_version_that_was_spoken_is_told_on_both_sides() -> None:
    entry = entry_of(response=answer(200, http_version="HTTP/2"))

    assert (entry["request"]["httpVersion"], entry["response"]["httpVersion"]) == ("HTTP/2", "HTTP/2")


def test_traffic_over_real_http_becomes_an_archive(tmp_path: Path) -> None:
    def serve(request: Seen) -> Answer:
        return (
            Answer(301, headers={"Location": "/b"})
            if request.path == "/a"
            else Answer(200, "{}", {"Set-Cookie": "s=1"})
        )

    with answering(serve) as server:
        bench = Workbench(tmp_path, server.url)
        bench.get("/a?x=1")
        bench.get("/nothing")
        entries = archive(bench.exchanges())

    assert [entry["response"]["status"] for entry in entries] == [301, 200, 200]
    assert entries[0]["response"]["redirectURL"] == "/b"


def test_the_archive_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "evidence.har"
    path.touch(mode=0o644)

    write_har(path, [], version="1")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text("utf-8"))["log"]["entries"] == []


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotAudit, match=r"evidence\.har cannot be written"):
        write_har(tmp_path / "missing" / "evidence.har", [], version="1")


def test_an_archive_of_much_is_written_in_little_memory(tmp_path: Path) -> None:
    def many() -> Iterable[Exchange]:
        for number in range(1, 201):
            yield an_exchange(number, response=answer(200, body="x" * 100_000, size=100_000))

    tracemalloc.start()
    try:
        write_har(tmp_path / "evidence.har", many(), version="1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (tmp_path / "evidence.har").stat().st_size > 20_000_000
    assert peak < 3_000_000
