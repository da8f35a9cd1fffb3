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
    "Google, violations": (
        {
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": "no",
                "details": [{"fieldViolations": [{"field": "page_size", "description": "no"}]}],
            }
        },
        "INVALID_ARGUMENT",
        "page_size",
    ),
    "OData 4, details": (
        {"error": {"code": "BadRequest", "message": "no", "details": [{"code": "X1", "target": "top"}]}},
        "BadRequest",
        "top",
    ),
    "OData 2, details": (
        {
            "error": {
                "code": "SY/530",
                "message": {"lang": "en", "value": "no"},
                "innererror": {"errordetails": [{"code": "A/1", "propertyref": "Plant", "message": "no"}]},
            }
        },
        "SY/530",
        "Plant",
    ),
    "OData 3": ({"odata.error": {"code": "BadInput", "message": {"value": "no"}}}, "BadInput", None),
    "Spring, with binding": (
        {
            "status": 400,
            "error": "Bad Request",
            "path": "/x",
            "errors": [{"code": "NotNull", "field": "title", "defaultMessage": "no"}],
        },
        "NotNull",
        "title",
    ),
    "Django REST, of the whole": ({"non_field_errors": ["No."], "title": ["Required."]}, None, "title"),
    "Django REST, standardised": (
        {"type": "validation_error", "errors": [{"code": "required", "detail": "no", "attr": "title"}]},
        "required",
        "title",
    ),
    "Rails": ({"errors": {"title": ["can't be blank"], "base": ["no"]}}, None, "title"),
    "Jira": ({"errorMessages": ["No."], "errors": {"priority": "no such priority"}}, None, "priority"),
    "Snipe-IT": ({"status": "error", "messages": {"name": ["Required."]}, "payload": None}, None, "name"),
    "MaintainX": ({"errors": ["Not found"]}, None, None),
    "CMDBuild": ({"success": False, "messages": [{"level": "ERROR", "message": "NOTFOUND_ERROR"}]}, None, None),
    "Odoo": (
        {"jsonrpc": "2.0", "error": {"code": 200, "message": "No", "data": {"name": "odoo.exceptions.AccessError"}}},
        "odoo.exceptions.AccessError",
        None,
    ),
    "JSON-RPC": ({"jsonrpc": "2.0", "error": {"code": -32602, "message": "Invalid params"}}, "-32602", None),
    "Frappe, message": (
        {"exc_type": "ValidationError", "_server_messages": '["{\\"message\\": \\"Site is required\\"}"]'},
        "ValidationError",
        None,
    ),
    "a gateway": ({"fault": {"faultstring": "no", "detail": {"errorcode": "oauth.v2.X"}}}, "oauth.v2.X", None),
    "another gateway": ({"fault": {"code": 900901, "message": "no", "description": "no"}}, "900901", None),
    "a gateway in capitals": ({"Fault": {"FaultString": "no", "FaultCode": "Client.Auth"}}, "Client.Auth", None),
    "a third gateway": ({"httpCode": "401", "httpMessage": "Unauthorized", "moreInformation": "no"}, None, None),
    "errorMessage": ({"errorCode": "E17", "errorMessage": "no"}, "E17", None),
    "error_message": ({"error_code": "E17", "error_message": "no", "error_field": "x"}, "E17", "x"),
    "Okta": ({"errorCode": "E0000007", "errorSummary": "no", "errorCauses": []}, "E0000007", None),
    "Salesforce": (
        [{"message": "no", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Name"]}],
        "REQUIRED_FIELD_MISSING",
        "Name",
    ),
    "DigitalOcean": ({"id": "not_found", "message": "no"}, "not_found", None),
    "an id that is a number": ({"id": "4d9d8375", "message": "no"}, None, None),
    "invalid parameters": (
        {"title": "no", "type": "https://v.example/bad", "invalid-params": [{"name": "limit", "reason": "no good"}]},
        "https://v.example/bad",
        "limit",
    ),
    "express": ({"errors": [{"type": "field", "msg": "no", "path": "limit"}]}, None, "limit"),
    "numbers of their own": ({"errors": [{"code": 215, "message": "no", "field": "x"}]}, "215", "x"),
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


NO_TYPE = {"type": "about:blank", "title": "Not Found", "status": 404}


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ({"code": "a1", "message": "b"}, {"code": "a2", "message": "b", "field": "x"}, 1),
        ({"code": "a1", "message": "b"}, {"message": "c"}, 1),  # of the same design, though it lacks a code
        ({"code": "a1", "title": "b"}, {"code": "a1", "detail": "c"}, 1),
        (NO_TYPE, {"type": "https://v.example/x", "title": "Bad", "status": 400, "detail": "b", "code": "a1"}, 1),
        ({"code": "a1", "message": "b"}, {"error": {"code": "a1", "message": "b"}}, 2),
        ({"code": "a1", "message": "b"}, {"errorCode": "a1", "message": "b"}, 2),
        ({"detail": "b"}, {"limit": ["b"]}, 2),
        ({"detail": "b"}, {"detail": [{"loc": ["query", "x"], "msg": "b", "type": "int"}]}, 2),
        ({"code": "a1", "message": "b"}, {"fault": {"faultstring": "b", "detail": {"errorcode": "a1"}}}, 2),
    ],
)
def test_errors_of_one_design_have_one_shape_and_others_another(one: Any, other: Any, number: int) -> None:
    bodies = [shapes.read_error(answer(each)) for each in (one, other)]
    assert len(shapes.distinct(bodies)) == len(shapes.distinct(bodies[::-1])) == number


def test_a_problem_document_in_the_form_of_another_is_none() -> None:
    fault = {"fault": {"faultstring": "b", "detail": {"errorcode": "a1"}}}
    bodies = [shapes.read_error(answer(each, media_type="application/problem+json")) for each in (NO_TYPE, fault)]
    assert len(shapes.distinct(bodies)) == 2


@pytest.mark.parametrize("body", ["", "null", "<html>", [], {}, 7, {"items": []}])
def test_what_says_nothing_of_an_error_is_none(body: Any) -> None:
    assert shapes.read_error(answer(body)) is None


@pytest.mark.parametrize(
    ("body", "hides"),
    [
        ({"status": "error", "messages": "Asset not found", "payload": None}, True),
        ({"jsonrpc": "2.0", "error": {"code": 200, "message": "Odoo Server Error"}}, True),
        ({"success": False, "error": {"code": "X"}}, True),
        ({"status": "error", "messages": {"name": ["Required."]}, "payload": None}, True),
        ({"errors": [{"message": "no"}], "data": None}, True),
        ({"error": "Not found"}, True),
        ({"statusCode": 404, "message": "Not found"}, True),
        ({"fault": {"faultstring": "no"}}, True),
        ({"success": True, "data": []}, False),
        ({"id": 7, "status": "failed"}, False),
        ({"id": 7, "status": "failed", "title": "Pump test", "error": "leaks"}, False),  # a record
        ({"code": 404, "description": "Pump hall"}, False),
        ({"items": [{"id": 1}], "errors": []}, False),
        ({"calls": 12, "errors": 2}, False),
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
        ({"error": {"stack": ["a", "b"]}}, "a stack trace"),
        ({"message": "no", "trace": [{"file": "x", "line": 7}]}, "a stack trace"),
        ({"message": "app/models/order.rb:17:in `find'"}, "a stack trace"),
        ({"message": "no\nCaused by: com.acme.OrderException: no"}, "a stack trace"),
        ({"message": "violates foreign key constraint fk_asset"}, "a database statement or message"),
        ({"message": "Duplicate entry 'P-1' for key 'number'"}, "a database statement or message"),
        ({"message": "cannot reach jdbc:postgresql://db/cmms"}, "a database statement or message"),
        ({"message": "SELECT * FROM work_orders WHERE id = 'x'"}, "a database statement or message"),
        ({"message": "SQLSTATE[42S22]: column not found"}, "a database statement or message"),
        ({"message": "cannot open /var/www/html/config.php"}, "a path on the vendor's server"),
        ({"message": "no such table in /htdocs/api/orders.php on line 17"}, "a path on the vendor's server"),
        ({"file": "/app/handlers/orders.py"}, "a path on the vendor's server"),
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
        {"stack": None, "trace_id": "4bf92f", "trace": "4bf92f"},
        {"message": "this duplicates an entry; the constraint on the date is violated"},
        "<html>404</html>",
        '<html><script src="/static/js/app.js"></script><form action="/portal/login.aspx">404</form></html>',
        {"message": "no", "documentation_url": "/docs/errors/not-found.php", "stack": "eu-1"},
    ],
)
def test_harmless_words_are_no_leak(body: Any) -> None:
    url = "https://v.example/apirest.php/Ticket/7"
    assert leaking.leaks(answer(body, 404, url=url)) == ()


@pytest.mark.parametrize(
    "message",
    [
        "System.NullReferenceException: Object reference",
        "nested exception is java.lang.NumberFormatException: For input string",
        "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException",
    ],
)
def test_the_name_of_a_class_is_a_hint_and_no_leak(message: str) -> None:
    assert leaking.leaks(answer({"message": message})) == ()
    assert leaking.hints(answer({"message": message})) == ("names of classes of the vendor's program",)


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


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Content-Type": "text/html"}, "<html><form></form></html>"),
        (200, {}, " <!DOCTYPE html><p>Log in"),
        (302, {"Location": "https://v.example/login?back=1"}, ""),
        (404, {"Content-Type": "text/html; charset=utf-8"}, "none"),
    ],
)
def test_a_page_for_people_is_recognised(status: int, headers: dict[str, str], body: str) -> None:
    response = Response(status, tuple(headers.items()), body, len(body))
    asked = Request("GET", "https://v.example/x")
    assert shapes.is_page(Exchange(1, "test", Purpose.PROVOKED, "main", asked, response, "", 0.1))


def test_a_redirect_to_somewhere_else_is_no_page() -> None:
    response = Response(301, (("Location", "https://v.example/v2/x"),), "", 0)
    asked = Request("GET", "https://v.example/x")
    assert not shapes.is_page(Exchange(1, "test", Purpose.PROVOKED, "main", asked, response, "", 0.1))


@pytest.mark.parametrize(
    "body",
    [
        {"request_id": "r-1"},
        {"error": {"traceId": "r-1"}},
        {"meta": {"correlation_id": "r-1"}},
        {"type": "about:blank", "instance": "urn:uuid:4d9d8375"},
    ],
)
def test_an_id_to_report_an_error_by_is_found_in_its_body(body: Any) -> None:
    assert shapes.correlation_id(answer(body))


def test_the_address_that_was_called_is_no_id_to_report_an_error_by() -> None:
    assert shapes.correlation_id(answer({"instance": "/api/v1/assets/7", "path": "/api/v1/assets/7"})) is None
