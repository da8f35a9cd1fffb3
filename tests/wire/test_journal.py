"""The evidence: written as it happens, for its owner alone, and read back as it was."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.errors import CannotAudit, InputError
from cmms_audit.model import Exchange, Purpose, Reason, Request, Response
from cmms_audit.wire.har import write_har
from cmms_audit.wire.journal import Journal, exchange_to_json
from cmms_audit.wire.recording import Recording, exchange_from_json

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)  # half surrogate pairs and controls included
HEADERS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
EXCHANGES = st.builds(
    Exchange,
    id=st.integers(1, 1000),
    owner=TEXT,
    purpose=st.sampled_from(Purpose),
    role=st.none() | TEXT,
    request=st.builds(Request, TEXT, TEXT, HEADERS, st.none() | TEXT),
    response=st.none()
    | st.builds(Response, st.integers(100, 599), HEADERS, TEXT, st.integers(0), st.booleans(), st.just("HTTP/1.1")),
    started=st.just("2026-11-22T12:00:00.000Z"),
    elapsed=st.floats(0, 100),
    failure=st.none() | TEXT,
    reason=st.none() | st.sampled_from(Reason),
    notes=st.dictionaries(TEXT, st.booleans() | st.integers() | TEXT, max_size=2),
)


def an_exchange(number: int = 1, **more: Any) -> Exchange:
    facts: dict[str, Any] = {
        "id": number,
        "owner": "auth.refuses-anonymous",
        "purpose": Purpose.API,
        "role": "main",
        "request": Request("GET", "https://cmms.example/api/assets?page=1", (("X-Api-Key", "«main.value»"),)),
        "response": Response(200, (("Content-Type", "application/json"),), '{"id": 1}', 9),
        "started": "2026-11-22T12:00:00.000Z",
        "elapsed": 0.25,
    }
    return Exchange(**{**facts, **more})


@given(exchange=EXCHANGES)
def test_an_exchange_comes_back_as_it_was(exchange: Exchange) -> None:
    through_json = json.loads(json.dumps(exchange_to_json(exchange)))

    assert exchange_from_json(through_json) == exchange


@settings(deadline=None)
@given(exchange=EXCHANGES)
def test_an_exchange_comes_back_from_the_file_as_it_was(
    exchange: Exchange, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "evidence.jsonl"
    journal = Journal(path)
    journal.record(exchange)
    journal.close()

    assert list(Recording(path).exchanges()) == [exchange]
    assert path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("sign", ["\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ud800"])
def test_what_cannot_be_seen_is_escaped_in_the_evidence_and_the_archive(sign: str, tmp_path: Path) -> None:
    exchange = an_exchange(response=Response(200, (("X-Note", sign),), f"a{sign}b", 3))
    journal = Journal(tmp_path / "evidence.jsonl")
    journal.record(exchange)
    journal.close()
    write_har(tmp_path / "evidence.har", [exchange], version="1")

    for name in ("evidence.jsonl", "evidence.har"):
        text = (tmp_path / name).read_text("utf-8")
        assert sign not in text
        assert f"a{json.dumps(sign)[1:-1]}b".replace("\x7f", "\\u007f") in text
    assert list(Recording(tmp_path / "evidence.jsonl").exchanges()) == [exchange]


def test_the_file_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o755)
    (tmp_path / "out" / "evidence.jsonl").touch(mode=0o644)

    Journal(tmp_path / "out" / "evidence.jsonl").close()

    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out" / "evidence.jsonl").stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_evidence_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "evidence.jsonl").symlink_to(tmp_path / "precious")

    with pytest.raises(CannotAudit):
        Journal(tmp_path / "out" / "evidence.jsonl")

    assert (tmp_path / "precious").read_text() == "precious"


def test_every_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "evidence.jsonl")
    journal.write("check", {"id": "auth.refuses-anonymous", "verdict": "met"})
    journal.record(an_exchange())

    recording = Recording(tmp_path / "evidence.jsonl")
    assert ([line["kind"] for line in recording.lines], len(recording)) == (["check"], 1)
    journal.close()


def test_a_journal_that_was_cut_off_is_continued_where_it_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    journal = Journal(path)
    journal.record(an_exchange(journal.next_exchange_id()))
    journal.record(an_exchange(journal.next_exchange_id()))
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"kind":"exchange","id":3,"own')

    again = Journal(path)
    again.record(an_exchange(again.next_exchange_id()))
    again.close()

    assert [exchange.id for exchange in Recording(path).exchanges()] == [1, 2, 3]


def test_a_cut_off_last_line_is_left_out_when_read(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b'{"kind":"run"}\n{"kind":"exch')

    assert Recording(path).lines == [{"kind": "run"}]


@pytest.mark.parametrize(
    "line", [b"nonsense", b"[]", b"{}", b'{"kind": 5}', b'{"kind": "exchange"}', b"\xff", b"[" * 100_000]
)
def test_a_line_that_is_not_ours_is_named(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b'{"kind":"run"}\n' + line + b"\n")

    with pytest.raises(InputError, match=r"evidence\.jsonl:2"):
        Recording(path)


def test_an_exchange_that_lacks_something_is_a_wrong_file_and_not_a_crash() -> None:
    with pytest.raises(InputError):
        exchange_from_json({**exchange_to_json(an_exchange()), "purpose": "mischief"})
