"""Lines of curl: they repeat the request, put variables where secrets were, and no vendor can make a shell obey."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.model import Exchange, Purpose, Request
from cmms_audit.reports.curl import LONGEST, curl_line
from cmms_audit.reports.html import render_html
from cmms_audit.reports.markdown import render_markdown
from tests.reports import fixture
from tests.reports.pages import parsed

API = fixture.SANDBOX
HOSTILE = (
    "'",
    '"',
    "`",
    "$",
    "\\",
    ";",
    "&",
    "|",
    "\n",
    "\x1b",
    "\u202e",
    "(",
    ")",
    "!",
    "{",
    "}",
    "«",
    "»",
    "-",
    " ",
    "é",
    "\ud800",
)
hostile_text = st.one_of(
    st.text(min_size=1, max_size=40),
    st.lists(
        st.sampled_from((*HOSTILE, "touch pwned", "$(touch pwned)", "`touch pwned`", "a", "@/etc/passwd")), max_size=9
    ).map("".join),
)


def exchange(method: str = "GET", url: str = f"{API}/work-orders", **more: Any) -> Exchange:
    headers, body = more.pop("headers", ()), more.pop("body", None)
    values = {"role": "main", "purpose": Purpose.API} | more
    return fixture.exchange(1, method, "", 200, "{}", request=Request(method, url, tuple(headers), body), **values)


class Shell:
    """A POSIX shell in an empty folder, with a curl on its path that writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "here"
        self._calls = folder / "calls"
        programs = folder / "programs"
        programs.mkdir()
        self.folder.mkdir()
        curl = programs / "curl"
        curl.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > "{self._calls}"\n', encoding="utf-8")
        curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
        self._environment = {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run(self, line: str, **variables: str) -> list[str]:
        """The arguments that curl gets. Fails where the shell says anything, or leaves anything behind."""
        self._calls.unlink(missing_ok=True)
        command = ["bash", "-c", line]
        done = subprocess.run(
            command, env=self._environment | variables, cwd=self.folder, capture_output=True, timeout=10, check=True
        )
        assert (done.stdout, done.stderr, list(self.folder.iterdir())) == (b"", b"", [])
        return os.fsdecode(self._calls.read_bytes()).split("\0")[:-1]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


def line_of(it: Exchange, **options: Any) -> str:
    line = curl_line(it, **options)
    assert line is not None
    return line


def test_method_address_headers_and_body_come_as_they_were_sent(shell: Shell) -> None:
    headers = [
        ("Host", "x"),
        ("User-Agent", "cmms-audit"),
        ("Accept", "application/json"),
        ("Content-Length", "13"),
        ("Content-Type", "application/json"),
    ]
    it = exchange("PUT", f"{API}/work-orders/7?q=it's", headers=headers, body='{"a": "it\'s"}')

    assert shell.run(line_of(it)) == [
        "-i", "-X", "PUT", f"{API}/work-orders/7?q=it's", "-H", "Accept: application/json",
        "-H", "Content-Type: application/json", "--data-raw", '{"a": "it\'s"}',
    ]  # fmt: skip


def test_secrets_become_variables_that_the_shell_fills_in(shell: Shell) -> None:
    headers = [("Authorization", "Bearer «main.access_token»"), ("X-Key", "a«main.value»b")]
    line = line_of(exchange(headers=headers, role="main"))

    assert line.endswith("""-H 'Authorization: Bearer '"$MAIN_ACCESS_TOKEN" -H 'X-Key: a'"$MAIN_VALUE"b""")
    arguments = shell.run(line, MAIN_ACCESS_TOKEN="it's $(touch x) *", MAIN_VALUE="v w")
    assert arguments[3:] == ["Authorization: Bearer it's $(touch x) *", "-H", "X-Key: av wb"]


@pytest.mark.parametrize("pair", ["«read_only.pair»", "dTpw«read_only.password»", "«read_only.username»Og==«x»"])
def test_user_name_and_password_are_joined_by_curl(shell: Shell, pair: str) -> None:
    it = exchange(headers=[("Authorization", f"Basic {pair}")], role="read_only")

    arguments = shell.run(line_of(it), READ_ONLY_USERNAME="u", READ_ONLY_PASSWORD="p")
    assert arguments[-2:] == ["-u", "u:p"]


def test_a_client_signs_in_with_its_id_and_secret(shell: Shell) -> None:
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Basic «main.pair»")]
    it = exchange("POST", f"{API}/token", headers=headers, body="grant_type=client_credentials", purpose=Purpose.TOKEN)

    arguments = shell.run(line_of(it), MAIN_CLIENT_ID="i", MAIN_CLIENT_SECRET="s")
    assert arguments[-4:] == ["-u", "i:s", "--data-raw", "grant_type=client_credentials"]


def test_a_secret_in_a_form_is_spelled_for_it_by_curl(shell: Shell) -> None:
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    body = "grant_type=x&client_secret=«main.client_secret»&scope=a+b"
    it = exchange("POST", f"{API}/token", headers=headers, body=body, purpose=Purpose.TOKEN)

    arguments = shell.run(line_of(it), MAIN_CLIENT_SECRET="a&b+c")
    assert arguments[-6:] == [
        "--data-raw", "grant_type=x", "--data-urlencode", "client_secret=a&b+c", "--data-raw", "scope=a+b",
    ]  # fmt: skip


def test_a_key_in_an_address_is_spelled_for_it_by_curl(shell: Shell) -> None:
    arguments = shell.run(line_of(exchange(url=f"{API}/assets?limit=1&key=«main.value»")), MAIN_VALUE="a+b/c=")

    assert arguments == ["-i", "-G", "--data-urlencode", "key=a+b/c=", f"{API}/assets?limit=1"]


@pytest.mark.parametrize(
    ("url", "option"),
    [(f"{API}/a?filter[status]=1", "--globoff"), (f"{API}/a/../b", "--path-as-is")],
)
def test_curl_takes_an_address_as_it_stands(shell: Shell, url: str, option: str) -> None:
    assert shell.run(line_of(exchange(url=url))) == ["-i", option, url]


@pytest.mark.parametrize(
    "it",
    [
        exchange("POST", body="«withheld: a secret in a form that cannot be cut out»"),
        exchange("POST", body="«17 bytes that are not text»"),
        exchange(headers=[("X-Token", "«masked»")]),
        exchange(url=f"{API}/a?x=«an answer that may hold a token»"),
        exchange("POST", body="line\nbreak"),
        exchange(headers=[("X", "a\x1b[2J")]),
        exchange(headers=[("X", "a\u202eb")]),
        exchange(headers=[("@/etc/passwd", "")]),
        exchange("GET /x HTTP/1.1\r\nX: "),
        exchange(url="file:///etc/passwd"),
        exchange(url="-o/etc/passwd"),
        exchange("POST", body="x" * (LONGEST + 1)),
    ],
)
def test_what_no_line_can_repeat_has_none(it: Exchange) -> None:
    assert curl_line(it) is None


@pytest.mark.parametrize(
    "it",
    [
        exchange(url="https://evil.example/?x=«main.value»", role=None, purpose=Purpose.DOCUMENT),
        exchange(url=f"{API}/a?x=«read_only.value»"),
        exchange(url=f"{API}/a?cursor=«main.client_secret»"),
        exchange(url=f"{API}/a?cursor=«main.password»"),
        exchange(headers=[("Authorization", "Basic «revoked.pair»")]),
    ],
)
def test_a_mark_that_a_vendor_wrote_into_an_address_fetches_no_secret(it: Exchange) -> None:
    assert curl_line(it) is None


def test_personal_values_are_masked_unless_they_are_to_be_shown() -> None:
    sent = '{"email":"maria@plant.example", "note":"caf\\u00e9", "assignee":{"name":"Maria"}, "n":1.50}'
    it = exchange("POST", f"{API}/a?assignee=Maria", headers=[("Content-Type", "application/json")], body=sent)

    assert curl_line(it, show_values=True) == (
        f"curl -i '{API}/a?assignee=Maria' -H 'Content-Type: application/json' --data-raw '{sent}'"
    )
    masked = line_of(it)
    assert "aria" not in masked.replace("assignee=", "")
    assert '"note":"caf\\u00e9"' in masked
    assert '"n":1.50' in masked


@given(hostile_text)
@settings(max_examples=150, deadline=None)
def test_no_address_makes_a_shell_obey(shell: Shell, text: str) -> None:
    line = curl_line(exchange(url=f"{API}/{text}"), show_values=True)

    if line is not None:
        arguments = shell.run(line)
        assert line.isprintable()
        assert arguments[0] == "-i"
        before = f"{API}/{text}".partition("#")[0].encode("utf-8", "surrogatepass")
        assert unquote(arguments[-1]) == unquote(before.decode("utf-8", "replace")) or "\ud800" in text


@given(hostile_text, hostile_text)
@settings(max_examples=150, deadline=None)
def test_no_header_and_no_body_makes_a_shell_obey(shell: Shell, value: str, body: str) -> None:
    it = exchange("POST", headers=[("X-Sent", value), ("Content-Type", "text/plain")], body=body)
    line = curl_line(it, show_values=True)

    if line is not None:
        assert line.isprintable()
        header = f"X-Sent: {value.strip()}" if value.strip() else "X-Sent;"
        assert shell.run(line) == [
            "-i", f"{API}/work-orders", "-H", header, "-H", "Content-Type: text/plain", "--data-raw", body,
        ]  # fmt: skip


def test_the_page_shows_the_line_as_text_to_copy() -> None:
    report = fixture.report()
    lines = {each["reproduce"] for each in report["findings"] if each["reproduce"]}

    page = parsed(render_html(report, fixture.exchanges()))

    assert len(lines) > 3
    assert all(line in page.text for line in lines)
    assert "put your own credentials into its $VARIABLES first" in page.text


def test_a_report_of_an_earlier_version_has_no_lines_and_is_shown_all_the_same() -> None:
    report = fixture.report()
    for finding in report["findings"]:
        del finding["reproduce"]

    assert "$VARIABLES" not in render_html(report) + render_markdown(report)


def test_markdown_shows_a_line_in_a_block_of_code_that_it_cannot_leave() -> None:
    report = fixture.report()
    for finding in report["findings"]:
        finding |= {"reproduce": "curl -i 'https://cmms.example/```'\n```\n# Heading", "verdict": "not_met"}

    markdown = render_markdown(report)

    assert "\n````sh\ncurl -i 'https://cmms.example/```' ``` # Heading\n````\n" in markdown
    assert markdown.count("curl -i") == 1
