"""Captured deliveries that were made to cost much, or to carry something past the redactor."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from cmms_audit.errors import InputError
from cmms_audit.webhooks import keeping
from cmms_audit.webhooks.captured import MOST_COLUMNS, read_captured
from cmms_audit.webhooks.delivery import DELIVERY
from cmms_audit.webhooks.inspectors import LONGEST_HEADER
from cmms_audit.webhooks.keeping import keep
from cmms_audit.webhooks.proof import Signed
from cmms_audit.webhooks.signatures import Way, found_way, sign
from cmms_audit.webhooks.written import LONGEST_NAME
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FIRST = "uuid,method,url,headers,content,created_at"
ROW = '1,POST,https://hooks.example/in,"{""content-type"":""text/plain""}","{content}",2026-03-02 08:00:01'


def line(**members: object) -> str:
    usual = {"kind": DELIVERY, "number": 1, "address": "receiver", "received": "2026-03-02T08:00:01+00:00",
             "method": "POST", "query": "", "headers": [], "body": "{}", "treated": "200"}  # fmt: skip
    return json.dumps(usual | members)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (FIRST + "," * MOST_COLUMNS, ":1"),
        (FIRST + "\n" + ROW + "\n" + "," * 1_000_000, ":3"),
        (FIRST + '\n"in\nside",' + "," * MOST_COLUMNS, ":3"),
        (FIRST + '\nnot"quoted' + "," * MOST_COLUMNS, ":2"),
        (FIRST + '\n""' + "," * MOST_COLUMNS, ":2"),
    ],
)
def test_a_table_with_a_row_of_thousands_of_cells_is_refused_before_it_is_read(
    tmp_path: Path, text: str, where: str
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=f"more than {MOST_COLUMNS} columns") as error:
        read_captured(path)

    assert f"{path}{where}" in str(error.value)


def test_and_takes_no_more_room_than_its_text(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(FIRST + "\n" + "," * 16_000_000, encoding="utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read_captured(path)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_commas_in_a_cell_are_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    row = ROW.replace("{content}", 'a,""b"",\n' * 5_000)
    path.write_text(f"{FIRST}\n{row}\n", encoding="utf-8")

    (one,) = read_captured(path)

    assert one.body == b'a,"b",\n' * 5_000


def test_the_name_of_a_header_is_short_where_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "came.jsonl"
    path.write_text(line(headers=[["x-" + "n" * 4_900_000, "1"]]), encoding="utf-8")

    came = read_captured(path)
    journal = Journal(tmp_path / "evidence.jsonl")
    (kept,) = keep(came, journal, Redactor(), None)
    journal.close()

    assert len(came[0].headers[0][0]) == LONGEST_HEADER
    assert len(kept.delivery.headers[0][0]) == LONGEST_NAME


@pytest.mark.parametrize(
    ("said", "treated"),
    [
        ("503", "503"),
        ("503:retry-after=5", "503:retry-after=5"),
        (f"my secret is {SECRET}", ""),
        (f"503:retry-after={SECRET}", "503:retry-after=«webhooks.secret»"),
        ("200, " * 100_000, "200, " * 40),
    ],
)
def test_how_a_captured_delivery_was_treated_is_said_in_our_words_only(tmp_path: Path, said: str, treated: str) -> None:
    path, redactor = tmp_path / "came.jsonl", Redactor()
    redactor.add("webhooks.secret", SECRET)
    path.write_text(line(treated=said), encoding="utf-8")
    journal = Journal(tmp_path / "evidence.jsonl")

    (kept,) = keep(read_captured(path), journal, redactor, SECRET)
    journal.close()

    assert kept.delivery.treated == treated


def test_searches_are_counted_whether_or_not_they_find_a_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each delivery is signed in a way of its own, so that none helps to verify another."""
    found: list[Way | None] = []

    def counted(delivery: Signed, *secrets: str) -> Way | None:
        found.append(found_way(delivery, *secrets))
        return found[-1]

    monkeypatch.setattr("cmms_audit.webhooks.verifier.found_way", counted)
    lines = []
    for number in range(3 * keeping._MOST_SEARCHED):
        body = json.dumps({"id": number})
        way = Way(f"x-{number}-signature", "sha256", "hex", "text", ("{body}",))
        right = sign(Signed((), body.encode()), way, SECRET)
        lines.append(line(number=number + 1, headers=[[way.header, right]], body=body))
    path = tmp_path / "came.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    journal = Journal(tmp_path / "evidence.jsonl")

    kept = keep(read_captured(path), journal, Redactor(), SECRET)
    journal.close()

    assert len(found) == keeping._MOST_SEARCHED
    assert all(found)
    assert sum(each.signature.way is not None for each in kept) == keeping._MOST_SEARCHED
