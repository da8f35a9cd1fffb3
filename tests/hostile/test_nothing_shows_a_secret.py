"""Neither what a program prints of a value, nor what it says when it fails, shows a secret."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.credentials import ApiKey, Basic, Bearer
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose
from cmms_audit.wire.call import Call
from cmms_audit.wire.credentials import place
from cmms_audit.wire.logins import Token
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.session import Session
from cmms_audit.wire.tokens import read_token
from cmms_audit.wire.transport import Incoming, Outgoing
from tests.hostile.runs import audited, found_in, hostile
from tests.hostile.switches import Misbehaviour
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import Workbench, api_key, basic, bearer, oauth2, secret

SECRET = "S3cr3t/of+the-plant"
TOKEN = "t0ken-of-the-plant.0123"


def placed(credential: ApiKey | Bearer | Basic) -> Call:
    return place(Call("GET", "http://127.0.0.1/api", "test", Purpose.API, "main"), credential)


def told_redactor() -> Redactor:
    redactor = Redactor()
    redactor.add("main.value", SECRET)
    return redactor


def outgoing(call: Call) -> Outgoing:
    return Outgoing(call.method, call.url, call.headers, SECRET.encode(), 1000, 5.0)


VALUES: dict[str, Any] = {
    "a secret": secret(SECRET),
    "a key": api_key(SECRET),
    "a bearer token": bearer(SECRET),
    "a password": basic("clerk", SECRET),
    "a client": oauth2("http://127.0.0.1/token", scopes=("a",)),
    "a call with a key in a header": placed(api_key(SECRET)),
    "a call with a key in the address": placed(api_key(SECRET, where="query")),
    "a call with a password": placed(basic("clerk", SECRET)),
    "a request": outgoing(placed(bearer(SECRET))),
    "an answer": Incoming(200, headers=(("Set-Cookie", SECRET),), body=bytearray(SECRET.encode())),
    "a token": Token(SECRET, None),
    "a token's answer": read_token(f'{{"access_token": "{SECRET}", "expires_in": 60}}'.encode()),
    "the redactor": told_redactor(),
    "what the redactor looks for": told_redactor()._needles,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_is_printed_shows_no_secret(name: str) -> None:
    value = VALUES[name]

    printed = f"{value!r} {value!s} {value!a} {value} {[value]} {(value,)} { {1: value} }"

    assert not found_in((printed + failure(value)).encode(), [SECRET, "cl1ent/secret+value"])


def failure(value: Any) -> str:
    """What a failure says that has the value at hand."""
    try:
        raise ValueError(value)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def login_or_answer(seen: Seen) -> Answer:
    if seen.path == "/token":
        return Answer(200, f'{{"access_token": "{TOKEN}", "token_type": "Bearer", "expires_in": 60}}')
    return Answer(200, "[]", {"Content-Type": "application/json"})


def test_a_session_at_work_shows_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(login_or_answer) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oauth2(vendor.url + "/token")})

        async def work(session: Session) -> str:
            await session.send("GET", vendor.url + "/things", owner="test")
            return f"{session!r} {session} {session._logins!r} {session._logins._tokens} {session._redactor!r}"

        printed = bench.run(work)

    assert vendor.seen[-1].headers["authorization"] == f"Bearer {TOKEN}"
    assert not found_in((printed + caplog.text).encode(), [TOKEN, "cl1ent/secret+value"])


def test_what_went_wrong_on_the_way_shows_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench = Workbench(tmp_path, "http://127.0.0.1:9", credentials={"main": api_key(SECRET, where="query")})

    with pytest.raises(CouldNotLook) as caught:
        bench.get("/things")

    said = "".join(traceback.format_exception(caught.value))
    assert not found_in((said + repr(caught.value) + caplog.text).encode(), [SECRET])


# A program that runs the tool with one part of it broken, at the moment when it has a secret in its hands.
BROKEN = """
import sys
from cmms_audit.cli.main import entry
import {module} as module

def broken(*arguments, **named):
    held = [vars(each) for each in arguments if hasattr(each, "__dict__")]
    raise RuntimeError("{part} was given", arguments, named, held)

{part} = broken
entry(sys.argv[1:])
"""
PARTS = {
    "the transport": ("cmms_audit.wire.transport", "module.Transport.exchange"),
    "the recorder": ("cmms_audit.wire.recorder", "module.Recorder.record"),
    "the placing of a token": ("cmms_audit.wire.logins", "module.place_token"),
    "the reading of tokens": ("cmms_audit.wire.logins", "module.read_token"),
    "the redactor": ("cmms_audit.wire.redact", "module.Redactor.text"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_program_that_fails_with_a_secret_in_its_hands_does_not_show_it(name: str, tmp_path: Path) -> None:
    module, part = PARTS[name]
    with hostile(Misbehaviour("none", "it behaves", lambda plant, asked: None)) as plant:
        ended = audited(plant, tmp_path, "-c", BROKEN.format(module=module, part=part))

    assert ended.code == 3
    assert b"Traceback" not in ended.stderr
    assert not any(found_in(data, plant.secrets) for data in ended.everything().values())
