"""Secrets: read from where the user allows, and never shown."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import traceback
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from cmms_audit.errors import InputError
from cmms_audit.secrets import LARGEST_SECRET_FILE, LITERAL, Secret, SecretSources, belongs_elsewhere, read_secret

HIDDEN = "hunter2-do-not-show"


def sources(folder: Path = Path("/nowhere"), *, offline: bool = False, **environ: str) -> SecretSources:
    return SecretSources(folder, environ, offline)


def read(raw: Any, where_from: SecretSources, **options: bool) -> Secret:
    return read_secret(raw, where_from, where="vendor.yaml:4", **options)


def refusal(raw: Any, where_from: SecretSources, **options: bool) -> str:
    with pytest.raises(InputError) as refused:
        read(raw, where_from, **options)
    return str(refused.value)


def test_a_whole_value_in_braces_is_read_from_the_environment() -> None:
    secret = read("${NW_KEY}", sources(NW_KEY=HIDDEN))

    assert secret.reveal() == HIDDEN
    assert secret.reference == "${NW_KEY}"
    assert not secret.literal


@pytest.mark.parametrize(
    "raw", ["${A}${B}", "Token ${NW_KEY}", "${NW_KEY} ", "${}", "${NW-KEY}", "${NW_KEY:-x}", "${NW_KEY"]
)
def test_a_reference_inside_a_longer_text_is_refused(raw: str) -> None:
    assert "must be the whole value" in refusal(raw, sources(NW_KEY=HIDDEN, A="a", B="b"))


def test_a_variable_that_is_not_set_is_named() -> None:
    assert "NW_KEY is not set" in refusal("${NW_KEY}", sources())


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "aws_secret_access_key",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "CI_JOB_TOKEN",
        "NPM_TOKEN",
        "SSH_AUTH_SOCK",
        "MY_SSH_KEY",
        "PGPASSWORD",
        "KUBECONFIG",
        "MY_DB_PASSWORD",
        "DATABASE_URL",
        "PROD_DATABASE_URL",
        "DJANGO_SETTINGS",
        "SECRET_KEY",
        "SECRET_KEY_BASE",
        "SENTRY_DSN",
        "LDAP_PASSWORD",
        "SNOWFLAKE_PASSWORD",
        "OP_SESSION",
        "JIRA_TOKEN",
        "MONGO_URL",
        "MONGODB_URI",
        "MYSQL_PWD",
        "REDIS_PASSWORD",
        "SLACK_TOKEN",
        "VAULT_TOKEN",
        "DOCKER_AUTH",
        "https_proxy",
        "PATH",
    ],
)
def test_a_variable_of_another_system_is_never_read(name: str) -> None:
    message = refusal(f"${{{name}}}", sources(**{name: HIDDEN}))

    assert "belongs to another system" in message
    assert HIDDEN not in message


@pytest.mark.parametrize(
    "name", ["NORTHWIND_KEY", "NW_CI_KEY", "MAXIMO_APIKEY", "CIRCLEX", "HOMEBASE_KEY", "NW_SECRET_KEY"]
)
def test_a_variable_with_a_name_of_its_own_may_be_read(name: str) -> None:
    assert not belongs_elsewhere(name)


def test_a_literal_is_taken_as_it_is_and_known_as_one() -> None:
    secret = read(HIDDEN, sources())

    assert secret.reveal() == HIDDEN
    assert secret.literal
    assert secret.reference == LITERAL


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "escape\x1b[31m", "nul\0"])
def test_a_value_that_no_request_could_carry_is_refused(value: str) -> None:
    message = refusal("${NW_KEY}", sources(NW_KEY=value))

    assert "${NW_KEY}" in message
    assert not value.strip() or value not in message


def test_only_ascii_travels_in_a_header() -> None:
    assert "outside ASCII" in refusal("${NW_KEY}", sources(NW_KEY="schlüssel"), ascii_only=True)
    assert read("${NW_KEY}", sources(NW_KEY="schlüssel")).reveal() == "schlüssel"


@pytest.mark.parametrize("raw", [{}, {"file": 1}, {"file": "a", "keyring": "b"}, {"fil": "a"}, 12345, None, ["a"]])
def test_anything_else_is_no_secret(raw: Any) -> None:
    message = refusal(raw, sources())

    assert "a secret must be text" in message
    assert "12345" not in message


# files


def test_a_file_beside_the_vendor_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "nw.txt").write_text(f"{HIDDEN}\r\n", newline="")

    secret = read({"file": "keys/nw.txt"}, sources(tmp_path))

    assert secret.reveal() == HIDDEN
    assert secret.reference == "{file: keys/nw.txt}"


def test_only_one_line_break_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "nw.txt").write_text(f"{HIDDEN}\n\n")

    assert "line break" in refusal({"file": "nw.txt"}, sources(tmp_path))


def test_a_file_outside_the_folder_is_refused_however_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "vendor"
    folder.mkdir()
    outside = tmp_path / "id_rsa"
    outside.write_text(HIDDEN)
    (folder / "link").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)

    for path in ("../id_rsa", str(outside), "link", "up/id_rsa", "sub/../../id_rsa", "up/../id_rsa"):
        message = refusal({"file": path}, sources(folder))
        assert HIDDEN not in message
        assert "leads out of the vendor file's folder" in message, path


@pytest.mark.parametrize("name", [".netrc", ".git-credentials", ".env", ".aws/credentials", "keys/.htpasswd"])
def test_a_hidden_file_is_not_read_nor_a_link_to_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(HIDDEN)
    (tmp_path / "link").symlink_to(name)

    for path in (name, "link"):
        message = refusal({"file": path}, sources(tmp_path))
        assert "hidden" in message
        assert HIDDEN not in message


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(HIDDEN)
    (tmp_path / "link").symlink_to("real")

    assert read({"file": "link"}, sources(tmp_path)).reveal() == HIDDEN


def test_a_file_that_is_no_ordinary_small_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (LARGEST_SECRET_FILE + 1))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xfa")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")

    assert "too large" in refusal({"file": "big"}, sources(tmp_path))
    assert "not text" in refusal({"file": "bytes"}, sources(tmp_path))
    for name in ("pipe", ".", "missing", "loop", "nul\0"):
        assert "vendor.yaml:4" in refusal({"file": name}, sources(tmp_path))


def test_a_message_cannot_be_made_to_steer_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in refusal({"file": "\x1b[31mx"}, sources(tmp_path))
    assert "\x1b" not in refusal({"keyring": "\x1b[31mx"}, sources(tmp_path))


# the keyring


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise ConnectionError("no bus")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    mine = MemoryKeyring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_what_is_stored_for_this_tool_is_read_from_the_keyring(memory_keyring: MemoryKeyring) -> None:
    memory_keyring.set_password("cmms-audit", "northwind/main", HIDDEN)

    assert read({"keyring": "cmms-audit/northwind/main"}, sources()).reveal() == HIDDEN


@pytest.mark.parametrize("entry", ["github/me", "cmms-audit", "cmms-audit/", "/me", "CMMS-AUDIT/me"])
def test_what_is_stored_for_another_service_is_not_read(memory_keyring: MemoryKeyring, entry: str) -> None:
    memory_keyring.set_password("github", "me", HIDDEN)

    assert "is not allowed" in refusal({"keyring": entry}, sources())


def test_a_keyring_without_the_entry_or_out_of_order_is_named(memory_keyring: MemoryKeyring) -> None:
    assert "keyring set cmms-audit nw" in refusal({"keyring": "cmms-audit/nw"}, sources())

    memory_keyring.broken = True

    assert "cannot be read" in refusal({"keyring": "cmms-audit/nw"}, sources())


# offline


def test_an_offline_run_reads_no_secret(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    (tmp_path / "nw.txt").write_text(HIDDEN)
    memory_keyring.broken = True
    offline = sources(tmp_path, offline=True, NW_KEY=HIDDEN)

    for raw in ("${NW_KEY}", "${NOT_SET}", {"file": "nw.txt"}, {"file": "missing"}, {"keyring": "cmms-audit/nw"}):
        secret = read(raw, offline)
        assert not secret.resolved
        with pytest.raises(RuntimeError, match="offline"):
            secret.reveal()


def test_an_offline_run_still_refuses_what_is_not_allowed(tmp_path: Path) -> None:
    offline = sources(tmp_path, offline=True)

    for raw in ("${AWS_KEY}", "a ${NW_KEY}", {"file": "../x"}, {"keyring": "github/me"}):
        refusal(raw, offline)


# never shown


def test_no_way_of_printing_shows_a_secret() -> None:
    secret = read("${NW_KEY}", sources(NW_KEY=HIDDEN))

    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", "%s" % secret, repr({"key": (secret,)})]  # noqa: UP031

    assert all("${NW_KEY}" in text and HIDDEN not in text for text in shown)
    assert not hasattr(secret, "__dict__")


def test_where_secrets_come_from_is_printed_without_the_environment() -> None:
    assert HIDDEN not in repr(sources(NW_KEY=HIDDEN))


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_cannot_be_written_out_or_copied(write: Any) -> None:
    with pytest.raises(TypeError, match="never copied"):
        write(read(HIDDEN, sources()))


def test_a_traceback_with_all_variables_shows_no_secret() -> None:
    credential = {"main": read("${NW_KEY}", sources(NW_KEY=HIDDEN))}
    try:
        raise ValueError(f"could not use {credential}")
    except ValueError as error:
        plain = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert "${NW_KEY}" in plain
        assert HIDDEN not in plain
        kind, value, trace = sys.exc_info()
        assert kind is not None
        assert value is not None
        output = StringIO()
        Console(file=output, width=200).print(Traceback.from_exception(kind, value, trace, show_locals=True))
        assert "${NW_KEY}" in output.getvalue()
        assert HIDDEN not in output.getvalue()


# any text at all


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[a ]?\$\{[A-Z_a-z0-9:-]{0,6}\}?[b ]?", fullmatch=True)))
def test_any_text_is_a_literal_one_variable_or_refused(raw: str) -> None:
    environ = {"A": HIDDEN, "_": HIDDEN, "a1": HIDDEN}
    if raw in ("${A}", "${_}", "${a1}"):
        assert read(raw, sources(**environ)).reveal() == HIDDEN
    elif "${" in raw:
        assert HIDDEN not in refusal(raw, sources(**environ))
    elif raw.strip() and raw.isprintable():
        assert read(raw, sources(**environ)).reveal() == raw
    else:
        read_or_refused(raw)


@given(st.dictionaries(st.sampled_from(["file", "keyring", "x"]), st.text(max_size=30), max_size=2))
def test_any_mapping_is_one_reference_or_refused(raw: dict[str, str]) -> None:
    secret = read_or_refused(raw)

    assert secret is None or (set(raw) in ({"file"}, {"keyring"}) and not secret.resolved)


def read_or_refused(raw: Any) -> Secret | None:
    """Nothing but InputError may come of a secret, whatever it looks like."""
    try:
        return read(raw, sources(offline=True))
    except InputError:
        return None
