"""Errors of every family that vendors of this field speak are read for their code, message and field at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.model import Exchange, Purpose, Request, Response
from tests.checks.toy import helper

shapes, leaking = helper("errors", "_shapes"), helper("errors", "_leaks")


def answer(
    body: Any, status: int = 400, media_type: str = "application/json", url: str = "https://v.example/x", **notes: Any
) -> Exchange:
    text = body if isinstance(body, str) else json.dumps(body)
    response = Response(status, (("Content-Type", media_type),), text, len(text))
    return Exchange(1, "test", Purpose.PROVOKED, "main", Request("GET", url), response, "", 0.1, notes=notes)


ASP_NET = {"type": "https://tools.ietf.org/html/rfc9110#section-15", "title": "Bad", "errors": {"Limit": ["no"]}}
ORACLE = {"title": "Bad", "o:errorDetails": [{"detail": "no", "o:errorCode": "27024", "o:errorPath": "q"}]}
MAXIMO = {"reasonCode": "BMXAA4153E", "errorattrname": "siteid", "message": "no"}
FAMILIES: dict[str, tuple[Any, str | None, str | None]] = {  # the body, its code, the field at fault
    "RFC 9457": ({"type": "https://v.example/no-asset", "title": "None"}, "https://v.example/no-asset", None),
    "RFC 9457, blank": ({"type": "about:blank", "title": "Not Found", "status": 404}, None, None),
    "ASP.NET": (ASP_NET, None, "Limit"),
    "JSON:API": ({"errors": [{"code": "E7", "title": "No", "source": {"pointer": "/data/x"}}]}, "E7", "/data/x"),
    "OData 4": ({"error": {"code": "0x80", "message": "no", "target": "top"}}, "0x80", "top"),
    "OData 2": ({"error": {"code": "SY/530", "message": {"lang": "en", "value": "no"}}}, "SY/530", None),
    "Google": ({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no"}}, "INVALID_ARGUMENT", None),
    "Oracle": (ORACLE, "27024", "q"),
    "Maximo": ({"Error": MAXIMO}, "BMXAA4153E", "siteid"),
    "Maximo, all at once": ({"attrerrors": [{"Error": MAXIMO}]}, "BMXAA4153E", "siteid"),
    "Maximo, namespaced": ({"oslc:Error": {"spi:reasonCode": "BMXAA1E", "oslc:message": "no"}}, "BMXAA1E", None),
    "ServiceNow": ({"error": {"message": "No Record", "detail": "none"}, "status": "failure"}, None, None),
    "Laravel": ({"message": "The data was invalid.", "errors": {"limit": ["must be a number"]}}, None, "limit"),
    "Django REST": ({"limit": ["A valid integer is required."]}, None, "limit"),
    "Django REST, other": ({"detail": "Not found."}, None, None),
    "FastAPI": ({"detail": [{"loc": ["query", "a"], "msg": "no", "type": "int_parsing"}]}, "int_parsing", "a"),
    "Spring": ({"timestamp": "x", "status": 404, "error": "Not Found", "path": "/x"}, None, None),
    "GLPI": (["ERROR_ITEM_NOT_FOUND", "Item not found"], "ERROR_ITEM_NOT_FOUND", None),
    "Frappe": ({"exc_type": "DoesNotExistError", "_server_messages": "[]"}, "DoesNotExistError", None),
    "OAuth": ({"error": "invalid_token", "error_description": "no"}, "invalid_token", None),
    "GitHub": ({"message": "no", "errors": [{"code": "missing", "field": "title"}]}, "missing", "title"),
    "Facilio": ({"success": False, "error": {"code": "BAD_FIELD", "message": "no"}}, "BAD_FIELD", None),
    "a status as code": ({"code": 400, "message": "no"}, None, None),
    "a phrase as code": ({"error": "Unauthorized"}, None, None),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_error_is_read_whatever_family_it_belongs_to(family: str) -> None:
    body, code, field = FAMILIES[family]
    read = shapes.read_error(answer(body))
    assert read is not None
    assert read.code == code
    assert read.fields == ((field,) if field else ())
    assert read.message


def test_errors_of_one_design_have_one_shape_and_others_another() -> None:
    problem = {"code": "a", "message": "b"}
    assert shapes.read_error(answer(problem)).shape == shapes.read_error(answer({**problem, "field": "x"})).shape
    assert shapes.read_error(answer(problem)).shape != shapes.read_error(answer({"error": problem})).shape


@pytest.mark.parametrize("body", ["", "null", "<html>", [], {}, 7, {"items": []}])
def test_what_says_nothing_of_an_error_is_none(body: Any) -> None:
    assert shapes.read_error(answer(body)) is None


@pytest.mark.parametrize(
    ("body", "hides"),
    [
        ({"status": "error", "messages": "Asset not found", "payload": None}, True),
        ({"jsonrpc": "2.0", "error": {"code": 200, "message": "Odoo Server Error"}}, True),
        ({"success": False, "error": {"code": "X"}}, True),
        ({"success": True, "data": []}, False),
        ({"id": 7, "status": "failed"}, False),
        ([], False),
    ],
)
def test_a_success_with_an_error_inside_is_told_from_a_record(body: Any, hides: bool) -> None:
    assert shapes.hides_an_error(answer(body, 200)) is hides


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"detail": 'Traceback (most recent call last):\n  File "/srv/app/x.py", line 7'}, "a stack trace"),
        ({"trace": "java.lang.NullPointerException\n\tat com.x.Y.z(Y.java:17)"}, "a stack trace"),
        ({"message": "oops\n    at Object.handle (/app/server.js:10:5)"}, "a stack trace"),
        ({"message": "System.NullReferenceException: Object reference"}, "a stack trace"),
        ({"error": {"stack": ["a", "b"]}}, "a stack trace"),
        ({"message": "SELECT * FROM work_orders WHERE id = 'x'"}, "a database statement or message"),
        ({"message": "SQLSTATE[42S22]: column not found"}, "a database statement or message"),
        ({"message": "cannot open /var/www/html/config.php"}, "a path on the vendor's server"),
        ({"message": "C:\\inetpub\\wwwroot\\api\\Web.config"}, "a path on the vendor's server"),
    ],
)
def test_the_inside_of_the_vendors_program_is_recognised(body: Any, what: str) -> None:
    assert what in leaking.leaks(answer(body, 500))


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Please select a value from the list", "instance": "/api/v1/work-orders"},
        {"message": "at most 100 records (see the documentation)"},
        {"message": "at least 1 (default 20)", "type": "https://v.example/srv/problems/not-found.html"},
        {"message": "there is no /apirest.php/Ticket", "instance": "/apirest.php/Ticket/7"},
        {"message": "update the site set for this asset; delete from the list what is not needed"},
        {"stack": None, "trace_id": "4bf92f"},
        "<html>404</html>",
    ],
)
def test_harmless_words_are_no_leak(body: Any) -> None:
    url = "https://v.example/apirest.php/Ticket/7"
    assert leaking.leaks(answer(body, 404, url=url)) == ()


def test_a_credential_that_comes_back_is_a_leak() -> None:
    assert leaking.leaks(answer({"message": "bad key"}, 401, echoes_credential=True)) == (
        "the credential that was sent",
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "code", "message", "detail", "status", "source", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(anything)
def test_whatever_a_vendor_answers_reading_it_never_fails(body: Any) -> None:
    exchange = answer(body, 200)
    shapes.read_error(exchange)
    shapes.correlation_id(exchange)
    shapes.hides_an_error(exchange)
    leaking.leaks(exchange)


@pytest.mark.parametrize(("body", "code"), [('{"code": "forbidden"}', "forbidden"), ('{"error": "Forbidden"}', None)])
def test_a_member_that_is_called_a_code_may_use_the_words_of_a_status(body: str, code: str | None) -> None:
    assert shapes.read_error(answer(body, 403)).code == code
