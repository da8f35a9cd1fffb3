"""A whole audit with each kind of credential that needs more than a header: let in, and nothing of it left behind."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import cmms_audit, vendor_file
from tests.wire.servers import Answer, Seen, answering

JSON = {"Content-Type": "application/json"}
SECRETS = {"DOOR_USER": "planner-7@plant.example", "DOOR_PASS": "0pen-the/door+please", "DOOR_KEY": "k3y-of-the-door"}
RECORDS = [{"id": f"W{number}", "title": "Pump leaks", "status": "open"} for number in range(3)]
SIGNING = """\
dialect: own
title: Own
extends: rest
signing:
  parameters: {user: "{username}", app: "{client_id}", at: "{seconds}"}
  text: url-without-scheme
  digest: sha256
  encoding: hex
  header: X-Signature
"""


class Guarded:
    """A small vendor that lets in by a session, by a signature, or by two keys, and echoes what it was sent."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.handed_out: set[str] = set()

    def __call__(self, request: Seen) -> Answer:
        if request.path == "/login":
            sent = json.loads(request.body)
            good = (sent["user"], sent["pass"]) == (SECRETS["DOOR_USER"], SECRETS["DOOR_PASS"])
            session = f"s3ssion-number-{len(self.handed_out)}-of-the-door"
            self.handed_out.add(session)
            return Answer(200 if good else 403, json.dumps({"data": {"session": session}}), JSON)
        if not self.is_let_in(request):
            return Answer(401, '{"error": "who are you?"}', {**JSON, "WWW-Authenticate": "Own"})
        return Answer(200, json.dumps(RECORDS), {**JSON, "X-Echo": json.dumps(request.headers)})

    def is_let_in(self, request: Seen) -> bool:
        match self.kind:
            case "login":
                return request.headers.get("cookie", "").removeprefix("door=") in self.handed_out
            case "signed":
                text = (request.headers["host"] + request.target).encode()
                made = hmac.new(SECRETS["DOOR_PASS"].encode(), text, hashlib.sha256).hexdigest()
                self.handed_out.add(made)
                return request.headers.get("x-signature") == made
            case _:
                keys = request.headers.get("x-user"), request.headers.get("x-key")
                return keys == (SECRETS["DOOR_USER"], SECRETS["DOOR_KEY"])


def credential(kind: str, url: str) -> Mapping[str, Any]:
    user, password, key = "${DOOR_USER}", "${DOOR_PASS}", "${DOOR_KEY}"
    match kind:
        case "login":
            names, where = {"username": "user", "password": "pass"}, {"in": "cookie", "name": "door"}
            place = {"url": f"{url}/login", "take": {"json": "data.session"}, "use": where, "fields": names}
            return {"type": "login", "username": user, "password": password, **place}
        case "signed":
            return {"type": "signed", "client_id": key, "username": user, "client_secret": password}
        case _:
            also = [{"in": "header", "name": "X-Key", "value": key}]
            return {"type": "api-key", "in": "header", "name": "X-User", "value": user, "also": also}


@pytest.mark.parametrize("kind", ["login", "signed", "two keys"])
def test_an_audit_is_let_in_and_leaves_nothing_of_the_credential(kind: str, tmp_path: Path) -> None:
    door = Guarded(kind)
    (tmp_path / "own.yaml").write_text(SIGNING)
    with answering(door) as vendor:
        credentials = {"main": credential(kind, vendor.url)}
        file = vendor_file(tmp_path, base_url=f"{vendor.url}/api/v1", credentials=credentials, dialect="./own.yaml")
        done = cmms_audit("run", file, "--out", "out", cwd=tmp_path, environ=SECRETS)

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["complete"]
    assert any(each["check"] == "auth.refuses-anonymous" and each["verdict"] == "met" for each in report["findings"])
    assert door.handed_out or kind == "two keys"
    left = {path.name: path.read_text("utf-8") for path in (tmp_path / "out").iterdir()}
    for place, text in {**left, "stdout": done.stdout, "stderr": done.stderr}.items():
        for hidden in (*SECRETS.values(), *door.handed_out):
            assert hidden not in text, place
