"""No vendor, however hostile, can steal the credential, hang the audit, fill the memory or leave a secret behind."""

from __future__ import annotations

import socket
import stat
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from cmms_audit.documents import load_schema
from tests.hostile.desk import trap
from tests.hostile.echoes import SPELLINGS
from tests.hostile.misbehaviours import MISBEHAVIOURS
from tests.hostile.plant import Plant
from tests.hostile.runs import MARGIN, SECONDS, Ended, audited, found_in, hostile
from tests.hostile.switches import Misbehaviour

MOST_MEMORY = 400 * 1024 * 1024


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS, ids=lambda each: each.name)
def test_a_hostile_vendor_gets_nothing_and_stops_nothing(misbehaviour: Misbehaviour, tmp_path: Path) -> None:
    with hostile(misbehaviour) as plant:
        ended = audited(plant, tmp_path, requests=100 if misbehaviour.sends is None else 300)

    assert ended.code in (0, 1, 3), ended.stderr.decode("utf-8", "replace")[-2000:]
    assert ended.seconds < SECONDS + MARGIN
    assert ended.memory < MOST_MEMORY
    assert plant.far.connections == 0
    assert plant.near.connections == 0 or misbehaviour.near_trap_may_be_visited
    assert not found_in(bytes(plant.near.heard), plant.secrets)
    _leaves_no_secret_behind(ended, plant.secrets)
    _keeps_to_itself(ended)
    _reports_properly(ended, misbehaviour)
    if misbehaviour.sends is not None:
        _subscribed_and_left_nothing(ended, plant)


def test_a_plant_that_behaves_is_audited_well(tmp_path: Path) -> None:
    with hostile(Misbehaviour("none", "it behaves", lambda plant, asked: None)) as plant:
        ended = audited(plant, tmp_path, seconds=60, requests=400)

    report = ended.report
    told = {each["id"]: (each["verdict"], each["summary"]) for each in report["questions"]}
    assert ended.code == 0
    for question in ("auth.method", "limits.bulk", "errors.structure"):
        assert told[question][0] in ("met", "partial"), told[question]
    assert report["traffic"]["requests"] > 40
    assert plant.secrets[1:], "tokens were issued, so there was something to steal"


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_secret_that_was_left_behind_would_be_found(name: str) -> None:
    secret = "s3cr3t/of-the+plant=0123456789"

    assert found_in(f"before {SPELLINGS[name](secret)} after".encode(), [secret, "another-secret"]) == [secret]


def test_a_trap_writes_down_what_reaches_it() -> None:
    with trap("127.0.0.2") as laid, socket.create_connection(laid.host.split(":")) as connection:
        connection.sendall(b"GET /?key=s3cr3t HTTP/1.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"

    assert laid.connections == 1
    assert found_in(bytes(laid.heard), ["s3cr3t"]) == ["s3cr3t"]


def _keeps_to_itself(ended: Ended) -> None:
    """Whatever the process may do by its umask, which here lets everybody in."""
    assert stat.S_IMODE(ended.out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in ended.out.iterdir()} == {0o600}


def _leaves_no_secret_behind(ended: Ended, secrets: list[str]) -> None:
    leaks = {name: found for name, data in ended.everything().items() if (found := found_in(data, secrets))}
    assert not leaks
    assert b"\x1b" not in ended.stdout + ended.stderr
    assert b"Traceback" not in ended.stdout + ended.stderr


def _subscribed_and_left_nothing(ended: Ended, plant: Plant) -> None:
    assert plant.subscribed
    assert b'{"kind":"delivery"' in ended.everything()["evidence.jsonl"]
    assert (plant.records["webhooks"], ended.report["traffic"]["left_behind"], plant.astray) == ({}, [], [])
    assert not [each for each in ended.report["findings"] if each["reason"] == "defect"]


def _reports_properly(ended: Ended, misbehaviour: Misbehaviour) -> None:
    report = ended.report
    assert not list(_schema().iter_errors(report))
    if misbehaviour.proves_nothing:
        observed = [
            each["id"] for each in report["questions"] if (each["verdict"], each["basis"]) == ("met", "observed")
        ]
        assert not observed


@cache
def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(load_schema("report"))
