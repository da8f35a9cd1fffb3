"""`cmms-audit receiver` alone, as a process: what it keeps, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cmms_audit.webhooks.delivery import delivery_from_json
from cmms_audit.webhooks.signatures import Signed, Way, sign
from tests.cli.process import cmms_audit, environment

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"work_order.created","id":"evt-\x1b[31m1"}'


class Running:
    """A receiver that listens, and what it has said when it was stopped."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url, self.said = process, url, ""

    def post(self, content: bytes = BODY, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return httpx.post(self.url, content=content, headers=headers, trust_env=False)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.said = self.process.communicate(timeout=10)[1]
        return self.process.returncode


@contextmanager
def running(folder: Path, *options: str, **environ: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "cmms_audit", "receiver", "--out", str(folder / "came.jsonl"), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**environment(folder), **environ}
    ) as process:
        assert process.stdout
        try:
            yield Running(process, process.stdout.readline().strip())
        finally:
            process.kill()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "came.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_deliveries_are_kept_line_by_line_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--answer", "503:retry-after=1, 200") as at:
        answers = [at.post().status_code for _ in range(2)]
        kept = lines(tmp_path)
        code = at.stop(number)

    assert (answers, code) == ([503, 200], 0)
    assert [delivery_from_json(line).body for line in kept] == [BODY, BODY]
    assert [line["treated"] for line in kept] == ["503:retry-after=1", "200"]
    assert (tmp_path / "came.jsonl").stat().st_mode & 0o777 == 0o600
    assert "2 deliveries kept" in at.said
    assert "\x1b" not in at.said


def test_a_signature_is_verified_and_the_secret_is_not_kept(tmp_path: Path) -> None:
    way = Way("webhook-signature", "sha256", "base64", "base64", ("{id}", ".", "{time}", ".", "{body}"),
              "webhook-timestamp", "webhook-id")  # fmt: skip
    beside = {"webhook-id": "msg_1", "webhook-timestamp": "1760000000"}
    right = "v1," + sign(Signed(tuple(beside.items()), BODY), way, SECRET)
    with running(tmp_path, "--secret-env", "HOOK_SECRET", HOOK_SECRET=SECRET) as at:
        at.post(BODY, {**beside, "webhook-signature": right})
        at.post(b"tampered", {**beside, "webhook-signature": right})
        at.post()
        at.stop(signal.SIGINT)

    assert "signature right (webhook-signature; covers content and time)" in at.said
    assert "its signature (webhook-signature) does not fit the secret" in at.said
    assert "not signed" in at.said
    assert SECRET not in at.said + (tmp_path / "came.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--out", "here.jsonl"), "here.jsonl is there already"),
        (("--out", "no/folder.jsonl"), "cannot be written"),
        (("--out", "new.jsonl", "--answer", "teapot"), "'teapot' is no way"),
        (("--out", "new.jsonl", "--bind", "everywhere"), "cannot be listened on"),
        (("--out", "new.jsonl", "--bind", "192.0.2.1:0"), "cannot be listened on"),
        (("--out", "new.jsonl", "--secret-env", "NOT_SET"), "NOT_SET is not set"),
        (("--out", "new.jsonl", "--certificate", "here.jsonl"), "holds no certificate"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_kept(
    tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    (tmp_path / "here.jsonl").write_text("mine", encoding="utf-8")

    done = cmms_audit("receiver", *options, cwd=tmp_path)

    assert done.returncode == 2
    assert says in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["here.jsonl"]
    assert (tmp_path / "here.jsonl").read_text(encoding="utf-8") == "mine"
