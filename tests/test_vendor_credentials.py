"""Credentials and certificates of the vendor file: what they may say, and every way in which they may not."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmms_audit.credentials import ApiKey, Key, Login, OAuth2, Oidc, Signed, Taken, Used
from cmms_audit.tls import TlsSettings
from cmms_audit.vendor import own_origins, secret_receivers
from tests.cli.process import cmms_audit
from tests.test_vendor import ENVIRONMENT, HIDDEN, load, load_or_refuse, mutated, only_refusal, refusals

HEAD = """\
vendor: Northwind CMMS
spec: none
base_url: https://sandbox.northwind.example/api/v1
"""
LOGIN = 'type: login, url: "https://login.northwind.example/session", username: "${NW_ID}", password: "${NW_SECRET}"'
CLIENT = 'client_id: "${NW_ID}", client_secret: "${NW_SECRET}"'

WHOLE = f"""\
{HEAD}credentials:
  main:
    {{type: api-key, in: header, name: Authorization, value: "${{NW_KEY}}",
     also: [{{in: header, name: Account-Token, value: "${{NW_ID}}"}},
            {{in: cookie, name: site, value: {{file: key.txt}}}}]}}
  read_only:
    {{{LOGIN}, send: form,
     fields: {{username: userName, password: passWord}}, with: {{tenant: acme, keep: true}}, take: {{json: data.token}},
     use: {{in: header, name: Session-Token, prefix: "Token "}}, lifetime_seconds: 1800}}
  rotated:
    {{type: oidc, issuer: "https://id.northwind.example", {CLIENT}, scopes: [read], audience: plant,
     resource: ["https://api.northwind.example", "urn:plant"], client_auth: post}}
  revoked: {{type: signed, username: "${{NW_KEY}}", {CLIENT}}}
tls: {{ca: certs/ca.pem, certificate: client.pem, key: client.key, password: "${{NW_HOOK}}"}}
"""


@pytest.fixture(scope="session")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the whole vendor file names."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "certs").mkdir()
    (folder / "key.txt").write_text(HIDDEN)
    authority = trustme.CA()
    client = authority.issue_cert("auditor@plant.example")
    authority.cert_pem.write_to_path(folder / "certs" / "ca.pem")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    return folder


def with_main(credential: str, more: str = "") -> str:
    return f"{HEAD}credentials:\n  main: {{{credential}}}\n{more}"


# what a file says


def test_several_keys_are_read(whole_folder: Path) -> None:
    main = load(whole_folder, WHOLE).credentials["main"]

    assert isinstance(main, ApiKey)
    assert [(key.where, key.name, key.value.reveal()) for key in main.keys] == [
        ("header", "Authorization", HIDDEN),
        ("header", "Account-Token", HIDDEN),
        ("cookie", "site", HIDDEN),
    ]
    assert isinstance(main.also[0], Key)


def test_a_login_is_read(whole_folder: Path) -> None:
    login = load(whole_folder, WHOLE).credentials["read_only"]

    assert isinstance(login, Login)
    assert (login.url, login.send) == ("https://login.northwind.example/session", "form")
    assert (login.username_field, login.password_field) == ("userName", "passWord")
    assert login.beside == {"tenant": "acme", "keep": True}
    assert (login.taken, login.used) == (Taken("json", "data.token"), Used("header", "Session-Token", "Token "))
    assert login.lifetime_seconds == 1800


@pytest.mark.parametrize(
    ("take", "use", "used"),
    [
        ("header: X-Auth-Token", None, Used("header", "X-Auth-Token")),
        ("header: Authorization", None, Used("header", "Authorization", "Bearer ")),
        ("cookie: JSESSIONID", None, Used("cookie", "JSESSIONID")),
        ("json: token", None, Used("header", "Authorization", "Bearer ")),
        ("json: token", "prefix: 'Basic '", Used("header", "Authorization", "Basic ")),
        ("json: token", "name: Session-Token", Used("header", "Session-Token")),
        ("json: token", "in: cookie, name: SID", Used("cookie", "SID")),
        ("cookie: SID", "in: header, name: X-Session", Used("header", "X-Session")),
    ],
)
def test_a_session_travels_as_it_came_unless_the_file_says_otherwise(
    take: str, use: str | None, used: Used, tmp_path: Path
) -> None:
    login = load(tmp_path, with_main(f"{LOGIN}, take: {{{take}}}" + (f", use: {{{use}}}" if use else "")))

    main = login.credentials["main"]
    assert isinstance(main, Login)
    assert main.used == used
    assert (main.send, main.username_field, main.password_field) == ("json", "username", "password")


def test_a_client_may_name_what_its_tokens_are_for(whole_folder: Path, tmp_path: Path) -> None:
    rotated = load(whole_folder, WHOLE).credentials["rotated"]
    one = f'type: oauth2, token_url: "https://a.example/t", {CLIENT}, resource: "https://api.example"'
    main = load(tmp_path, with_main(one)).credentials["main"]

    assert isinstance(rotated, Oidc)
    assert rotated.resources == ("https://api.northwind.example", "urn:plant")
    assert (rotated.scopes, rotated.audience, rotated.client_auth) == (("read",), "plant", "post")
    assert isinstance(main, OAuth2)
    assert main.resources == ("https://api.example",)


def test_a_plants_certificates_are_read(whole_folder: Path) -> None:
    vendor = load(whole_folder, WHOLE)

    assert isinstance(vendor.credentials["revoked"], Signed)
    assert vendor.tls is not None
    files = (vendor.tls.ca, vendor.tls.certificate, vendor.tls.key)
    assert files == tuple(whole_folder / name for name in ("certs/ca.pem", "client.pem", "client.key"))
    assert HIDDEN not in repr(vendor)


def test_each_secret_is_listed_beside_the_origin_that_receives_it(whole_folder: Path) -> None:
    api, login, issuer = (f"https://{host}.northwind.example:443" for host in ("sandbox", "login", "id"))
    vendor = load(whole_folder, WHOLE)

    assert secret_receivers(vendor) == [
        ("${NW_KEY}", "main.value", api),
        ("${NW_ID}", "main.also.1.value", api),
        ("{file: key.txt}", "main.also.2.value", api),
        ("${NW_ID}", "read_only.username", login),
        ("${NW_SECRET}", "read_only.password", login),
        ("${NW_ID}", "rotated.client_id", issuer),
        ("${NW_SECRET}", "rotated.client_secret", issuer),
        ("${NW_ID}", "revoked.client_id", api),
        ("${NW_KEY}", "revoked.username", api),
        ("${NW_SECRET}", "revoked.client_secret", "nobody: it signs here"),
        ("{file: client.pem}", "tls.certificate", f"{api}, {login}, {issuer}"),
        ("{file: client.key}", "tls.key", "nobody: it signs here"),
        ("${NW_HOOK}", "tls.password", "nobody: it opens the key here"),
    ]
    assert own_origins(vendor) == (api, login, issuer)


def test_plan_shows_where_each_secret_goes(whole_folder: Path) -> None:
    vendor = load(whole_folder, WHOLE)
    shown = cmms_audit("plan", "vendor.yaml", cwd=whole_folder, environ=ENVIRONMENT)

    assert shown.returncode == 0, shown.stderr
    lines = [re.split(r"\s{2,}", line.strip()) for line in shown.stdout.splitlines()]
    for reference, label, receiver in secret_receivers(vendor):
        assert [reference, label, receiver] in lines
    assert HIDDEN not in shown.stdout


def test_an_offline_audit_opens_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "client.pem").write_text("nothing of the kind")
    tls = 'tls: {certificate: client.pem, key: client.key, password: "${NOT_SET}"}\n'

    vendor = load(tmp_path, with_main("type: none", tls), offline=True)

    assert isinstance(vendor.tls, TlsSettings)


# what it may not say


@pytest.mark.parametrize(
    ("credential", "reason"),
    [
        ("also: []", "'also' is empty"),
        ("also: {in: header, name: B, value: c}", "'also' should be a list"),
        ("also: [{in: header, name: B}]", "'value' is missing"),
        ("also: [{in: heder, name: B, value: x}]", "did you mean 'header'?"),
        ("also: [{in: header, nme: B, name: B, value: x}]", "did you mean 'name'?"),
        ("also: [{in: header, name: B C, value: x}]", "is no name for a header"),
        ("also: [{in: header, name: X-HTTP-Method-Override, value: x}]", "cannot travel as X-HTTP-Method-Override"),
        ("also: [{in: query, name: action, value: x}]", "cannot travel as action"),
        ("also: [{in: header, name: Cookie, value: x}]", "cannot travel as Cookie"),
        ("also: [{in: header, name: AUTHORIZATION, value: x}]", "the header 'authorization' is given twice"),
        ("also: [{in: query, name: k, value: x}, {in: query, name: k, value: y}]", "the query 'k' is given twice"),
        ("also: [{in: header, name: B, value: '${NOT_SET}'}]", "NOT_SET is not set"),
        ("also: [{in: header, name: B, value: '${AWS_KEY}'}]", "belongs to another system"),
        ("also: [{in: header, name: B, value: {file: ../key}}]", "leads out of the vendor file's folder"),
        ("also: [{in: header, name: '${NW_KEY}', value: x}]", "${...} is read only in credential fields"),
    ],
)
def test_a_further_key_that_cannot_be_is_named_with_its_line(credential: str, reason: str, tmp_path: Path) -> None:
    text = with_main(f'type: api-key, in: header, name: Authorization, value: "${{NW_KEY}}", \n    {credential}')

    problems = [each for each in refusals(tmp_path, text) if reason in each]
    assert problems
    assert problems[0].startswith("vendor.yaml:6: ")


def test_five_further_keys_are_too_many(tmp_path: Path) -> None:
    keys = ", ".join(f"{{in: header, name: K{number}, value: x}}" for number in range(5))

    assert "at most four" in only_refusal(
        tmp_path, with_main(f"type: api-key, in: header, name: K, value: x, also: [{keys}]")
    )


def test_the_same_name_may_stand_in_two_places(tmp_path: Path) -> None:
    also = (
        "also: [{in: query, name: Key, value: x}, {in: query, name: key, value: y}, {in: cookie, name: Key, value: z}]"
    )

    assert load(tmp_path, with_main(f"type: api-key, in: header, name: Key, value: x, {also}")).credentials


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ("take: {heder: X}", "did you mean 'header'?"),
        ("take: {header: X, cookie: Y}", "write one of {header: NAME}"),
        ("take: {}", "write one of {header: NAME}"),
        ("take: X-Auth-Token", "'take' should be a mapping"),
        ("take: {header: X Y}", "is no name for a header or cookie"),
        ("take: {header: X-HTTP-Method}", "cannot travel as X-HTTP-Method"),
        ("take: {header: Cookie}", "cannot travel as Cookie"),
        ("take: {json: token}, use: {in: cookie}", "add name: to use"),
        ("take: {cookie: SID}, use: {in: header}", "add name: to use"),
        ("take: {json: token}, use: {name: Host}", "cannot travel as Host"),
        ("take: {json: token}, use: {nam: X}", "did you mean 'name'?"),
        ("take: {json: token}, use: {in: query}", "'in' cannot be"),
        ("take: {cookie: SID}, use: {prefix: x}", "a cookie has no prefix"),
        ('take: {json: token}, use: {prefix: "a\\r\\nb"}', "control character"),
        ("take: {json: token}, use: {prefix: 'ä '}", "plain letters, with one space at most"),
        ("take: {json: token}, send: xml", "'send' cannot be"),
        ("take: {json: token}, fields: {user: x}", "'user' is not a key that belongs here"),
        ("take: {json: token}, fields: {username: password}", "cannot both be sent as 'password'"),
        ("take: {json: token}, fields: {username: _method}", "cannot send '_method'"),
        ("take: {json: token}, with: {_method: DELETE}", "cannot send '_method'"),
        ("take: {json: token}, with: {action: delete}", "cannot send 'action'"),
        ("take: {json: token}, with: {password: x}", "'password' is sent twice"),
        ("take: {json: token}, with: {a: {b: c}}", "should be a text or a whole number or true or false"),
        ("take: {json: token}, with: {tenant: '${NW_KEY}'}", "${...} is read only in credential fields"),
        ("take: {json: token}, lifetime_seconds: 0", "too small"),
        ("take: {json: token}, lifetime: 1800", "did you mean 'lifetime_seconds'?"),
    ],
)
def test_a_login_that_cannot_be_is_named_with_its_line(changed: str, reason: str, tmp_path: Path) -> None:
    problems = [each for each in refusals(tmp_path, with_main(f"{LOGIN},\n    {changed}")) if reason in each]

    assert problems
    assert problems[0].startswith("vendor.yaml:6: ")


@pytest.mark.parametrize("missing", ["url", "username", "password", "take"])
def test_a_login_needs_all_of_its_parts(missing: str, tmp_path: Path) -> None:
    parts = {"url": "https://a.example", "username": "x", "password": "${NW_SECRET}", "take": {"json": "token"}}
    main = {"type": "login", **{name: part for name, part in parts.items() if name != missing}}

    assert f"'{missing}' is missing" in only_refusal(tmp_path, with_main(json.dumps(main)[1:-1]))


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("https://login.northwind.example/session", "login.northwind.example", "url cannot be used"),
        ("https://login.northwind.example/session", "https://me:pw@a.example/x", "user name or password"),
        ("example/session", "example/x?_method=DELETE", "url asks the server for something else than a login"),
        ("example/session", "example/x?a=1;action=delete", "url asks the server for something else than a login"),
    ],
)
def test_the_address_of_a_login_asks_for_a_login_only(right: str, wrong: str, reason: str, tmp_path: Path) -> None:
    assert reason in only_refusal(tmp_path, with_main(f"{LOGIN}, take: {{json: t}}".replace(right, wrong)))


def test_so_does_that_of_a_token(tmp_path: Path) -> None:
    client = f'type: oauth2, token_url: "https://a.example/t?X-HTTP-Method=PUT", {CLIENT}'

    assert "token_url asks the server for something else" in only_refusal(tmp_path, with_main(client))


def test_a_mistyped_kind_of_credential_is_named_with_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'login'?" in only_refusal(tmp_path, with_main("type: logon"))
    assert "did you mean 'signed'?" in only_refusal(tmp_path, with_main("type: sign"))


@pytest.mark.parametrize("resource", ["plant", "https://api.example/#part", "'https://api.example/a b'", "[]", "[3]"])
def test_a_resource_is_a_full_address(resource: str, tmp_path: Path) -> None:
    client = f'type: oauth2, token_url: "https://a.example/t", {CLIENT}, resource: {resource}'

    assert "resource" in only_refusal(tmp_path, with_main(client))


def test_what_looks_like_a_secret_beside_the_password_is_warned_about(tmp_path: Path) -> None:
    login = f"{LOGIN}, take: {{json: t}}, with: {{apiKey: {HIDDEN}, tenant: acme, pass_code: 1}}"

    first, second = load(tmp_path, with_main(login)).warnings
    assert "'apiKey' looks like a secret" in first
    assert "'pass_code' looks like a secret" in second
    assert HIDDEN not in first


def test_no_message_repeats_what_stands_in_a_credential(tmp_path: Path) -> None:
    for credential in (
        f"type: api-key, in: header, name: K, value: x, also: [{HIDDEN}]",
        f"type: api-key, in: header, name: K, value: x, also: {HIDDEN}",
        f"type: login, url: 'https://a.example', username: x, password: [{HIDDEN}], take: {{json: t}}",
        f"type: signed, client_id: x, username: y, client_secret: {{is: {HIDDEN}}}",
    ):
        assert refusals(tmp_path, with_main(credential))


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ("tls: {}", "'tls' is empty"),
        ("tls: plant.pem", "'tls' should be a mapping"),
        ("tls: {certifikate: client.pem}", "did you mean 'certificate'?"),
        ("tls: {ca: gone.pem}", "there is no such file"),
        ("tls: {ca: junk.pem}", "tls.ca cannot be used: it holds no certificate"),
        ("tls: {ca: ../ca.pem}", "leads out of the vendor file's folder"),
        ("tls: {ca: /etc/ssl/cert.pem}", "leads out of the vendor file's folder"),
        ("tls: {ca: link.pem}", "leads out of the vendor file's folder"),
        ("tls: {ca: .hidden/ca.pem}", "hidden folder"),
        ("tls: {certificate: client.pem}", "it holds no private key"),
        ("tls: {key: client.key}", "tls.key is of no use without tls.certificate"),
        ("tls: {ca: ca.pem, password: '${NW_KEY}'}", "tls.password is of no use without tls.certificate"),
        ("tls: {certificate: '${NW_KEY}'}", "${...} is read only in credential fields"),
        ("tls: {certificate: client.pem, key: client.key, password: '${NOT_SET}'}", "NOT_SET is not set"),
        ("tls: {certificate: client.pem, key: client.key, password: 'x ${NW_KEY}'}", "must be the whole value"),
    ],
)
def test_certificates_that_cannot_be_are_named_with_their_line(
    tls: str, reason: str, tmp_path: Path, whole_folder: Path
) -> None:
    folder = tmp_path / "vendor"
    folder.mkdir()
    (tmp_path / "ca.pem").write_bytes((whole_folder / "certs" / "ca.pem").read_bytes())
    for name, source in (("ca.pem", "certs/ca.pem"), ("client.pem", "client.pem"), ("client.key", "client.key")):
        (folder / name).write_bytes((whole_folder / source).read_bytes())
    (folder / "junk.pem").write_text("nothing of the kind")
    (folder / "link.pem").symlink_to(tmp_path / "ca.pem")

    problems = [each for each in refusals(folder, with_main("type: none", tls + "\n")) if reason in each]
    assert problems
    assert problems[0].startswith("vendor.yaml:6: ")


def test_a_literal_password_of_a_key_is_warned_about(whole_folder: Path) -> None:
    (warning,) = load(whole_folder, WHOLE.replace('"${NW_HOOK}"', HIDDEN)).warnings

    assert "tls.password stands in the file itself" in warning
    assert HIDDEN not in warning


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=mutated(WHOLE), offline=st.booleans())
def test_any_file_is_a_vendor_or_a_list_of_problems(whole_folder: Path, document: Any, offline: bool) -> None:
    load_or_refuse(whole_folder, yaml.safe_dump(document, allow_unicode=True), offline=offline)


def test_names_cannot_be_chosen_so_that_reading_the_file_takes_long(tmp_path: Path) -> None:
    began = time.monotonic()
    refusals(tmp_path, with_main(f"{LOGIN}, take: {{header: {'a-' * 40_000}}}, with: {{{'pass' * 20_000}: x}}"))

    assert time.monotonic() - began < 5
