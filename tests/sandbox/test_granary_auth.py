from __future__ import annotations

import base64
import json

import pytest

from cmms_audit.sandbox.granary import (
    MAIN,
    MAIN_KEY,
    NEIGHBOUR_KEY,
    READ_ONLY,
    READ_ONLY_KEY,
    REVOKED_KEY,
    ROTATED_KEY,
)
from tests.sandbox.conftest import Open

LIST = "/api/v1/work-orders?limit=1"


def test_strangers_are_refused_everywhere_but_at_the_health_check(granary: Open) -> None:
    client = granary()
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    client.headers.pop("X-Api-Key")
    for path, operations in paths.items():
        for method in operations:
            answer = client.request(method, "/api/v1" + path.replace("{", "").replace("}", ""))
            assert answer.status_code == (200 if path == "/health" else 401), (method, path)


def test_a_refusal_says_which_credential_is_needed(granary: Open) -> None:
    client = granary()
    assert client.get(LIST, headers={"X-Api-Key": ""}).headers["WWW-Authenticate"] == 'Bearer realm="granary"'
    wrong = client.get(LIST, headers={"X-Api-Key": "wrong"})
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    assert wrong.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer", "Basic", "Basic %%%", "Digest x", "Bearer \xff"])
def test_forged_credentials_are_refused(granary: Open, value: str) -> None:
    headers = {"X-Api-Key": "", "Authorization": value.encode("latin-1")}
    assert granary().get(LIST, headers=headers).status_code == 401


def test_basic_is_never_accepted(granary: Open) -> None:
    client = granary()
    client.headers.pop("X-Api-Key")
    assert client.get(LIST, auth=(MAIN.id, MAIN.secret)).status_code == 401


def test_a_key_in_the_address_is_refused(granary: Open) -> None:
    client = granary()
    client.headers.pop("X-Api-Key")
    assert client.get(f"{LIST}&api_key={MAIN_KEY.value}").status_code == 401


def test_a_token_opens_the_api_until_it_expires(granary: Open) -> None:
    client = granary()
    answer = client.token(MAIN)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] == 900
    headers = {"X-Api-Key": "", "Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get(LIST, headers=headers).status_code == 200
    client.clock.time += 900
    assert client.get(LIST, headers=headers).status_code == 401


def test_the_client_may_authenticate_by_form(granary: Open) -> None:
    form = {"grant_type": "client_credentials", "client_id": MAIN.id, "client_secret": MAIN.secret}
    assert granary().post("/oauth/token", data=form).json()["token_type"] == "Bearer"


def test_scopes_can_be_narrowed_but_not_widened(granary: Open) -> None:
    client = granary()
    narrow = client.token(MAIN, scope="assets:read").json()
    assert narrow["scope"] == "assets:read"
    headers = {"X-Api-Key": "", "Authorization": f"Bearer {narrow['access_token']}"}
    assert client.get("/api/v1/assets", headers=headers).status_code == 200
    assert client.get("/api/v1/work-orders", headers=headers).status_code == 403
    wide = client.token(READ_ONLY, scope="workorders:write")
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    assert client.token(MAIN, scope="no:such").json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, 400, "invalid_request"),
    ],
)
def test_token_errors_follow_the_standard(granary: Open, form: dict[str, str], status: int, error: str) -> None:
    answer = granary().post("/oauth/token", data=form, auth=(MAIN.id, MAIN.secret))
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_unknown_client_gets_401(granary: Open) -> None:
    answer = granary().post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(MAIN.id, "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_token_request_must_be_a_form(granary: Open) -> None:
    answer = granary().post("/oauth/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert granary().get("/oauth/token").status_code == 405


def test_a_revoked_token_dies_and_others_live(granary: Open) -> None:
    client = granary()
    first, second = (client.token(MAIN).json()["access_token"] for _ in range(2))
    stranger = client.post("/oauth/revoke", data={"token": first}, auth=(READ_ONLY.id, READ_ONLY.secret))
    assert stranger.status_code == 200
    headers = {"X-Api-Key": "", "Authorization": f"Bearer {first}"}
    assert client.get(LIST, headers=headers).status_code == 200
    assert client.post("/oauth/revoke", data={"token": first}, auth=(MAIN.id, MAIN.secret)).status_code == 200
    assert client.get(LIST, headers=headers).status_code == 401
    assert client.get(LIST, headers=headers | {"Authorization": f"Bearer {second}"}).status_code == 200


def test_revoking_an_unknown_token_is_no_error(granary: Open) -> None:
    answer = granary().post("/oauth/revoke", data={"token": "unknown"}, auth=(MAIN.id, MAIN.secret))
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
def test_discovery_names_the_endpoints(granary: Open, name: str) -> None:
    client = granary()
    found = client.get(f"/.well-known/{name}", headers={"X-Api-Key": ""}).json()
    assert found["issuer"] == str(client.base_url).rstrip("/")
    assert found["token_endpoint"] == f"{found['issuer']}/oauth/token"
    assert "workorders:write" in found["scopes_supported"]


def test_the_new_key_works_beside_the_old_and_the_revoked_one_does_not(granary: Open) -> None:
    client = granary()
    statuses = [
        client.get(LIST, headers={"X-Api-Key": key.value}).status_code for key in (MAIN_KEY, ROTATED_KEY, REVOKED_KEY)
    ]
    assert statuses == [200, 200, 401]


def test_a_read_only_credential_may_read_everything_and_write_nothing(granary: Open) -> None:
    client = granary()
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    client.headers["X-Api-Key"] = READ_ONLY_KEY.value
    for path, operations in paths.items():
        for method in operations:
            answer = client.request(method, "/api/v1" + path.replace("{", "").replace("}", ""))
            if method == "get":
                assert answer.status_code in {200, 404}, path
            else:
                assert answer.status_code == 403, (method, path)
                assert 'error="insufficient_scope", scope="' in answer.headers["WWW-Authenticate"]


def test_a_token_is_signed_says_when_it_ends_and_is_refused_once_it_was_changed(granary: Open) -> None:
    client = granary()
    token = client.token(MAIN).json()["access_token"]
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    unsigned = base64.urlsafe_b64encode(b'{"alg": "none"}').decode().rstrip("=")

    assert (claims["sub"], claims["exp"] - claims["iat"]) == (MAIN.id, 900)
    assert client.get(LIST, headers={"X-Api-Key": "", "Authorization": f"Bearer {token}"}).status_code == 200
    for changed in (f"{header}.{payload}.", f"{unsigned}.{payload}.", f"{header}.{payload}.{signature[::-1]}", "a.b.c"):
        headers = {"X-Api-Key": "", "Authorization": f"Bearer {changed}"}
        assert client.get(LIST, headers=headers).status_code == 401


def test_each_customer_has_records_of_its_own_under_the_same_ids(granary: Open) -> None:
    client, neighbour = granary(), {"X-Api-Key": NEIGHBOUR_KEY.value}
    made = client.make(title="Only ours")

    ours, theirs = client.get(LIST).json(), client.get(LIST, headers=neighbour).json()
    assert ours["items"][0]["id"] == theirs["items"][0]["id"]
    assert ours["items"] != theirs["items"]
    assert client.get(f"/api/v1/work-orders/{made['id']}", headers=neighbour).status_code == 404
    assert client.get(f"/api/v1/work-orders/{made['id']}").status_code == 200
