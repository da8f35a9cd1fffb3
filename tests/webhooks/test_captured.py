"""Files of captured requests: whatever tool wrote them, the same deliveries are read; and none of them does harm."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmms_audit.errors import InputError
from cmms_audit.webhooks import captured
from cmms_audit.webhooks.captured import read_captured
from cmms_audit.webhooks.delivery import Delivery, event_id
from cmms_audit.webhooks.proof import Signed
from cmms_audit.webhooks.signatures import found_way

CAPTURES = Path(__file__).parent / "captures"
EVERY = sorted(path.name for path in CAPTURES.iterdir())
WITH_ANSWERS = ("ngrok.json", "proxy.har", "receiver.jsonl")
API = "https://vendor.example/api/v1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REQUEST: dict[str, Any] = {
    "id": "1",
    "method": "POST",
    "url": "https://hooks.example/in",
    "headers": {"Content-Type": "application/json"},
    "body": '{"id":"evt_1"}',
    "created_at": "2026-03-02 08:00:01",
}


def written(folder: Path, content: Any, name: str = "captured") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def one(folder: Path, **members: Any) -> Delivery:
    (delivery,) = read_captured(written(folder, [REQUEST | members]))
    return delivery


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_captured(path)
    return str(error.value)


@pytest.mark.parametrize("name", EVERY)
def test_every_tool_tells_of_the_same_deliveries(name: str) -> None:
    came = read_captured(CAPTURES / name, not_to=API)

    assert [each.received for each in came] == [
        f"2026-03-02T{at}.000+00:00" for at in ("08:00:01", "08:00:31", "08:01:31", "08:02:01", "08:03:31")
    ]
    assert [event_id(each) for each in came] == ["msg_1", "msg_1", "msg_1", "msg_2", "msg_1"]
    assert [each.number for each in came] == [1, 2, 3, 4, 5]
    assert {each.address for each in came} == {"captured 1"}
    assert all(each.whole and each.method == "POST" for each in came)
    assert [each.treated for each in came] == (
        ["503", "503", "503", "200", "200"] if name in WITH_ANSWERS else [""] * 5
    )


@pytest.mark.parametrize("name", EVERY)
def test_a_signature_can_be_verified_from_what_was_captured(name: str) -> None:
    for each in read_captured(CAPTURES / name, not_to=API):
        assert found_way(Signed(each.headers, each.body), SECRET)
        assert each.sha256 == hashlib.sha256(each.body).hexdigest()


def test_traffic_to_another_place_is_left_out_where_the_receivers_address_is_known() -> None:
    assert len(read_captured(CAPTURES / "proxy.har")) == 6
    assert len(read_captured(CAPTURES / "proxy.har", sent_to="https://hooks.example/in")) == 5


def test_each_address_that_was_sent_to_has_a_name_of_its_own(tmp_path: Path) -> None:
    other = REQUEST | {
        "id": "2",
        "url": "https://hooks.example/other?token=s3cret",
        "created_at": "2026-03-02 08:00:02",
    }
    came = read_captured(written(tmp_path, [other, REQUEST]))

    assert [each.address for each in came] == ["captured 1", "captured 2"]
    assert came[1].query == "token=s3cret"


def test_pages_of_an_export_that_overlap_hold_no_delivery_twice(tmp_path: Path) -> None:
    page = json.dumps({"data": [REQUEST, REQUEST | {"id": "2"}]})

    assert len(read_captured(written(tmp_path, f"{page}\n{page}\n"))) == 2


def test_handshakes_and_looks_with_a_browser_are_no_deliveries(tmp_path: Path) -> None:
    asked = REQUEST | {"body": '{"type":"url_verification","challenge":"abc"}'}
    path = written(tmp_path, [asked, REQUEST | {"method": "GET"}, REQUEST | {"type": "email"}])

    assert "holds no delivery" in refusal(path)


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        ("2026-03-02T09:00:01+01:00", "08:00:01.000"),
        ("Mon, 02 Mar 2026 08:00:01 GMT", "08:00:01.000"),
        (1772438401, "08:00:01.000"),
        (1772438401.25, "08:00:01.250"),
        (1772438401250, "08:00:01.250"),
        ("1772438401250", "08:00:01.250"),
        (1772438401250000, "08:00:01.250"),
    ],
)
def test_moments_are_read_in_whatever_form(tmp_path: Path, moment: Any, read: str) -> None:
    assert one(tmp_path, created_at=moment).received == f"2026-03-02T{read}+00:00"


@pytest.mark.parametrize("moment", [None, "yesterday", 17, "0001-01-01", 10**40, True, {}, "9999-12-31T23:59:59-23:59"])
def test_a_request_without_a_moment_is_refused(tmp_path: Path, moment: Any) -> None:
    path = written(tmp_path, json.dumps([REQUEST, REQUEST | {"created_at": moment}], indent=1))

    assert f"{path}:12: nothing says when it came" in refusal(path)


def test_a_body_that_was_cut_off_or_only_understood_is_not_whole(tmp_path: Path) -> None:
    stated = {"content-length": "99"}

    assert not one(tmp_path, headers=stated).whole
    assert one(tmp_path, headers={}, body={"id": "evt_1"}).body == b'{"id":"evt_1"}'


def test_a_table_may_hold_headers_in_columns_of_their_own(tmp_path: Path) -> None:
    text = 'uuid,created_at,content,headers.webhook-id,status\n1,2026-03-02 08:00:01,"{""a"":\n1}",msg_1,503\n'
    (delivery,) = read_captured(written(tmp_path, text))

    assert (delivery.header("webhook-id"), delivery.treated, delivery.body) == ("msg_1", "503", b'{"a":\n1}')


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("", "", "is empty"),
        ("name,colour\npump,red\n", ":1", "not in a form"),
        ("uuid,headers,created_at\n1,{broken,2026-03-02 08:00:01\n", ":2", "no JSON"),
        ('uuid,headers\n1,"{}', ":2", "the table cannot be read"),
        ("<html><body>Sign in</body></html>", ":1", "not in a form"),
        ([], "", "holds no delivery"),
        ({"openapi": "3.1.0"}, ":1", "no headers"),
        ([REQUEST, 7], ":1", "not a captured request"),
        ([REQUEST | {"headers": "x"}], ":1", "no JSON"),
        ([REQUEST | {"headers": [["a", "b", "c"]]}], ":1", "headers cannot be read"),
        ([REQUEST | {"headers": {f"x-{n}": "1" for n in range(300)}}], ":1", "more than 200 headers"),
        ([REQUEST | {"method": "PO\x1b[31mST"}], ":1", "method"),
        ([REQUEST | {"isBase64Encoded": True}], ":1", "base64"),
        ({"log": {"entries": [{"startedDateTime": "soon", "request": {"headers": []}}]}}, ":1", "when it came"),
        ('{"kind":"delivery","number":"x"}\n{"kind":"check"}\n', ":1", "damaged"),
        ('{"kind":"check"}\n{"kind":"delivery",\n{"kind":"check"}\n', ":2", "JSON"),
        ('{"kind":"check"}\n{"kind":"check"}\nnonsense\n', ":3", "no JSON"),
        (b"PK\x03\x04rest", "", "ZIP archive"),
        (b'[{"a":"\xff"}]', ":1", "UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line(tmp_path: Path, content: Any, where: str, what: str) -> None:
    path = written(tmp_path, content)
    said = refusal(path)

    assert said.startswith(f"{path}{where}: ")
    assert what in said
    assert "\x1b" not in said


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    whole = (CAPTURES / "receiver.jsonl").read_text(encoding="utf-8")

    assert len(read_captured(written(tmp_path, whole + whole[:90]))) == 5


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "missing.json")
    assert "not an ordinary file" in refusal(tmp_path)


def test_what_is_too_large_too_deep_or_too_many_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nested" in refusal(written(tmp_path, "[" * 100_000 + "]" * 100_000))
    assert "nested" in refusal(written(tmp_path, '{"kind":"check"}\n{"a":' + "[" * 50_000 + "]" * 50_000 + "}\n"))
    monkeypatch.setattr(captured, "MOST_DELIVERIES", 3)
    assert "more than 3 deliveries" in refusal(written(tmp_path, [REQUEST] * 4))
    rows = "method,created_at,headers\n" + "POST,2026-03-02 08:00:01,{}\n" * 9
    assert "more than 3 deliveries" in refusal(written(tmp_path, rows))
    assert "more than 100,000 lines" in refusal(written(tmp_path, '{"kind":"check"}\n' * 100_001))
    (tmp_path / "large").touch()
    with (tmp_path / "large").open("r+b") as file:
        file.truncate(41_000_000)
    assert "larger than 40 MB" in refusal(tmp_path / "large")


def test_of_a_huge_body_a_part_is_kept(tmp_path: Path) -> None:
    delivery = one(tmp_path, body="x" * 3_000_000)

    assert (len(delivery.body), delivery.size, delivery.whole) == (1024 * 1024, 3_000_000, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SHAPES = [
    json.loads((CAPTURES / name).read_text(encoding="utf-8")) for name in EVERY if name.endswith((".json", ".har"))
]


@st.composite
def nearly_captured(draw: st.DrawFn) -> Any:
    """A capture of a known shape in which one value is something else."""
    whole = json.loads(json.dumps(draw(st.sampled_from(SHAPES))))
    at = whole
    for _ in range(draw(st.integers(0, 5))):
        inner = at[draw(st.sampled_from(sorted(at)))] if isinstance(at, dict) else at[0]
        if not isinstance(inner, dict | list) or not inner:
            break
        at = inner
    key = draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else 0
    at[key] = draw(JSON)
    return whole


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=nearly_captured() | st.binary(max_size=200) | st.text(max_size=200) | JSON)
def test_no_file_makes_it_fail_in_another_way(tmp_path: Path, content: Any) -> None:
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    came: tuple[Delivery, ...] = ()
    with suppress(InputError):
        came = read_captured(written(tmp_path, content))
    assert all(isinstance(each.body, bytes) and each.received.endswith("+00:00") for each in came)
