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

from cmms_audit.cli.receiver import _MOST_SEARCHED
from cmms_audit.webhooks.delivery import delivery_from_json
from cmms_audit.webhooks.proof import Signed
from cmms_audit.webhooks.signatures import Way, sign
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
def running(folder: Path, *options: str, most_bytes: int | None = None, **environ: str) -> Iterator[Running]:
    """`most_bytes` is what the disk takes."""
    command = [sys.executable, "-m", "cmms_audit", "receiver", "--out", str(folder / "came.jsonl"), *options]
    if most_bytes is not None:
        limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes}))"
        command = [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])", *command]
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


def test_a_secret_that_is_sent_back_to_us_reaches_neither_the_file_nor_the_screen(tmp_path: Path) -> None:
    with running(tmp_path, "--secret-env", "HOOK_SECRET", HOOK_SECRET=SECRET) as at:
        at.post(b'{"id":"%s"}' % SECRET.encode(), {f"x-{SECRET}-signature": "a" * 64, "x-token": SECRET})
        at.post(SECRET.encode() + b"\xff", {"Authorization": "Bearer of-the-vendor"})
        at.stop(signal.SIGINT)

    first, second = map(delivery_from_json, lines(tmp_path))
    assert SECRET.lower() not in (at.said + (tmp_path / "came.jsonl").read_text(encoding="utf-8")).lower()
    assert first.body == '{"id":"«webhooks.secret»"}'.encode()
    assert "event «webhooks.secret»" in at.said
    assert (second.body, second.header("authorization")) == (b"", "Bearer of-the-vendor")


def test_searches_for_a_way_of_signing_end(tmp_path: Path) -> None:
    with running(tmp_path, "--secret-env", "HOOK_SECRET", HOOK_SECRET=SECRET) as at:
        for number in range(_MOST_SEARCHED + 1):
            at.post(b"%d" % number, {"x-signature": "a" * 64})
        at.stop(signal.SIGINT)

    assert at.said.count("its signature (x-signature) does not fit the secret") == _MOST_SEARCHED
    assert at.said.count("too many before it did not fit the secret") == 1


def test_a_secret_that_cannot_be_kept_out_of_the_file_is_refused(tmp_path: Path) -> None:
    options = ("receiver", "--out", "new.jsonl", "--secret-env", "HOOK_SECRET")
    done = cmms_audit(*options, cwd=tmp_path, environ={"HOOK_SECRET": "abc"})

    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "too short to be kept out of the file" in done.stderr


def test_a_full_disk_ends_it_with_whole_lines_and_no_thanks_to_the_sender(tmp_path: Path) -> None:
    with running(tmp_path, most_bytes=4_000) as at:
        answers = [at.post(b"x" * 1_500).status_code for _ in range(3)]
        at.said = at.process.communicate(timeout=10)[1]

    assert (answers, at.process.returncode) == ([200, 200, 500], 3)
    assert "came.jsonl cannot be written" in at.said
    assert "2 deliveries kept" in at.said
    assert len(lines(tmp_path)) == 2


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
