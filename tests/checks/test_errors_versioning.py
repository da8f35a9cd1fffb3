"""errors.versioning: where the version is, and how long before a breaking change notice is given."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Basis, Claim, Reason, Verdict
from cmms_audit.spec.load import NotASpec
from tests.checks.toy import Toy, cleared, document, judged_live, raised
from tests.checks.writing import with_headers
from tests.support import judged
from tests.wire.servers import Answer

FLAG = "no-versioning-policy"
QUESTION = "errors.versioning"
BARE = "https://vendor.example/api"


def unversioned() -> dict[str, Any]:
    described = document()
    described["servers"] = [{"url": BARE}]
    return described


def saying(text: str) -> dict[str, Any]:
    described = document()
    described["info"]["description"] = text
    return described


@pytest.mark.parametrize(
    "server",
    [
        "https://v.example/v2",
        "https://v.example/api/2.0",
        "https://v.example/2010-04-01",
        "https://v.example/sap/api_order/0001",
        "https://v.example/sap/API_ORDER;v=0002",
    ],
)
def test_a_version_in_the_address_is_met_and_leaves_the_flag_to_the_notice(server: str) -> None:
    described = document()
    described["servers"] = [{"url": server}]
    (finding,) = judged("errors.version-in-address", described, base_url=BARE)
    assert finding.verdict is Verdict.MET
    assert not finding.flags


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "X-Api-Version", "in": "header"},
        {"name": "REST-Framework-Version", "in": "header"},
        {"name": "Stripe-Version", "in": "header"},
        {"name": "api-version", "in": "query"},
    ],
)
def test_a_version_in_a_header_or_parameter_is_met(parameter: dict[str, str]) -> None:
    described = unversioned()
    described["paths"]["/sites"]["get"]["parameters"].append({**parameter, "schema": {"type": "string"}})
    assert judged("errors.version-in-address", described, base_url=BARE)[0].verdict is Verdict.MET


def test_a_version_in_the_media_type_is_met() -> None:
    described = unversioned()
    answers = described["paths"]["/sites"]["get"]["responses"]
    answers["200"]["content"] = {"application/vnd.toy.v3+json": {}}
    assert judged("errors.version-in-address", described, base_url=BARE)[0].verdict is Verdict.MET


@pytest.mark.parametrize(("in_all", "verdict"), [(True, Verdict.MET), (False, Verdict.NOT_MET)])
def test_a_version_in_the_bodies_of_calls_is_met_where_most_carry_it(in_all: bool, verdict: Verdict) -> None:
    described = unversioned()
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path in described["paths"].values()
        for operation in path.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    for body in bodies if in_all else bodies[:1]:
        body.setdefault("properties", {})["clientVersion"] = {"type": "string"}
    assert judged("errors.version-in-address", described, base_url=BARE)[0].verdict is verdict


def test_no_version_that_a_call_could_name_raises_the_flag() -> None:
    (finding,) = judged("errors.version-in-address", unversioned(), base_url=BARE)
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {FLAG}


def test_a_client_version_is_no_version_of_the_api() -> None:
    described = unversioned()
    header = {"name": "X-Client-Version", "in": "header", "schema": {"type": "string"}}
    described["paths"]["/sites"]["get"]["parameters"].append(header)
    assert judged("errors.version-in-address", described, base_url=BARE)[0].verdict is Verdict.NOT_MET


def test_a_versioning_policy_in_words_is_partial_and_no_flag() -> None:
    described = unversioned()
    described["info"]["description"] = "Breaking changes are released as a new API version."
    (finding,) = judged("errors.version-in-address", described, base_url=BARE)
    assert finding.verdict is Verdict.PARTIAL
    assert not finding.flags


def test_a_claim_keeps_silence_about_versions_from_raising_the_flag() -> None:
    claims = {QUESTION: Claim(QUESTION, "yes")}
    (finding,) = judged("errors.version-in-address", unversioned(), base_url=BARE, claims=claims)
    assert finding.verdict is Verdict.UNKNOWN
    assert not finding.flags


@pytest.mark.parametrize(
    ("text", "verdict", "flag"),
    [
        ("Breaking changes are announced 12 months in advance.", Verdict.MET, False),
        ("Deprecated versions are supported for one year after the announcement.", Verdict.MET, False),
        ("We give at least 90 days' notice before we retire an endpoint.", Verdict.PARTIAL, False),
        ("An endpoint is sunset six months after its deprecation.", Verdict.PARTIAL, False),
        ("Breaking changes are announced two weeks ahead.", Verdict.NOT_MET, True),
        ("Endpoints may change at any time without prior notice.", Verdict.NOT_MET, True),
        ("Customers are notified of API changes at least 12 months ahead.", Verdict.MET, False),
        ("Breaking changes are announced at least 12 (twelve) months ahead.", Verdict.MET, False),
        ("Breaking changes are announced 12+ months ahead.", Verdict.MET, False),
        ("Breaking changes are announced 365 or more days ahead.", Verdict.MET, False),
        ("Old API versions are retired after twenty-four months.", Verdict.MET, False),
        ("Breaking changes are announced 6-12 months ahead.", Verdict.PARTIAL, False),  # six are promised
        ("Breaking changes are announced one to two months ahead.", Verdict.NOT_MET, True),
        ("Breaking changes are announced half a year ahead.", Verdict.PARTIAL, False),
        ("Changes, breaking and non-breaking, may be made without notice.", Verdict.NOT_MET, True),
        ("Breaking changes are announced a year ahead and reach the sandbox 60 days before.", Verdict.MET, False),
    ],
)
def test_a_stated_notice_is_judged_by_its_length(text: str, verdict: Verdict, flag: bool) -> None:
    (finding,) = judged("errors.notice-stated", saying(text))
    assert finding.verdict is verdict
    assert raised(finding) == ({FLAG} if flag else set())
    assert cleared(finding) == (set() if flag else {FLAG})


@pytest.mark.parametrize(
    "text",
    [
        "Tokens expire after 30 days; deprecated tokens are refused.",
        "Audit logs are kept for 30 days.",
        "Deprecated fields are marked as such.",
        "Breaking changes come with a new version.",
        "Planned maintenance is announced 7 days ahead of every release.",
        "Assets that were retired more than 30 days ago are archived.",
        "The last breaking change of the API was two years ago.",
        "An API version is kept until two major releases after its deprecation.",
        "Non-breaking changes may be made without notice.",
        "Additive changes to the API can come at any time without prior notice.",
        "Each release is deployed to the test environment two weeks in advance.",
        "Security patches are released within 7 days and announced by e-mail.",
        "Lists the changes of the last 7 days, with the notification of each.",
    ],
)
def test_other_periods_and_policies_without_one_are_no_notice(text: str) -> None:
    (finding,) = judged("errors.notice-stated", saying(text))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)
    assert not finding.flags


def test_the_longest_of_several_periods_counts() -> None:
    text = "Breaking changes are announced 12 months ahead. Preview endpoints may be retired after 30 days."
    assert judged("errors.notice-stated", saying(text))[0].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("claim", "verdict", "flag"),
    [
        (Claim(QUESTION, "yes", {"notice_days": 30}), Verdict.NOT_MET, True),
        (Claim(QUESTION, "no"), Verdict.NOT_MET, True),
        (Claim(QUESTION, "yes", {"notice_days": 365}), Verdict.UNKNOWN, False),
    ],
)
def test_a_claim_speaks_where_the_document_is_silent(claim: Claim, verdict: Verdict, flag: bool) -> None:
    (finding,) = judged("errors.notice-stated", document(), claims={QUESTION: claim})
    assert finding.verdict is verdict
    assert raised(finding) == ({FLAG} if flag else set())


def test_a_longer_notice_in_the_claim_than_in_the_document_is_contradicted() -> None:
    claim = Claim(QUESTION, "yes", {"notice_days": 365})
    described = saying("Breaking changes are announced 90 days ahead.")
    (finding,) = judged("errors.notice-stated", described, claims={QUESTION: claim})
    assert [test.contradicted for test in finding.claims] == [True]


WORDS = "<p>Our API lets you read work orders, assets and locations over HTTPS in JSON. " * 10


def documented(**pages: str) -> Toy:
    def answer(path: str) -> Answer | None:
        name = path.removeprefix("/docs").strip("/") or "index"
        return Answer(200, pages[name], {"Content-Type": "text/html"}) if name in pages else None

    return Toy(wrong=lambda seen: answer(seen.path) if seen.path.startswith("/docs") else None)


def test_notice_on_a_page_that_the_documentation_links_is_found() -> None:
    index = WORDS + '<a href="/docs/policy">Versions and lifecycle</a><a href="/docs/cats">Cats</a>'
    policy = "<h1>Policy</h1><p>Breaking changes are announced 365 days ahead, by e-mail.</p>"
    finding = judged_live("errors.notice-period", documented(index=index, policy=policy), docs="/docs")
    assert (finding.verdict, finding.basis) == (Verdict.MET, Basis.DOCUMENTED)
    assert cleared(finding) == {FLAG}


def test_documentation_that_names_no_notice_raises_the_flag() -> None:
    finding = judged_live("errors.notice-period", documented(index=WORDS), docs="/docs")
    assert (finding.verdict, finding.basis, finding.absence) == (Verdict.NOT_MET, Basis.DOCUMENTED, True)
    assert raised(finding) == {FLAG}


def test_a_period_that_may_be_about_something_else_is_no_notice_and_no_flag() -> None:
    index = WORDS + "<p>Deprecated keys are refused after 30 days.</p>"
    finding = judged_live("errors.notice-period", documented(index=index), docs="/docs")
    assert finding.verdict is Verdict.UNKNOWN
    assert not finding.flags


def test_documentation_that_shows_no_text_proves_nothing() -> None:
    drawn = '<html><div id="root"></div><script src="app.js"></script></html>'
    finding = judged_live("errors.notice-period", documented(index=drawn), docs="/docs")
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert not finding.flags


def test_documentation_that_is_silent_leaves_the_word_of_the_specification() -> None:
    described = saying("Breaking changes are announced 365 days ahead.")
    finding = judged_live("errors.notice-period", documented(index=WORDS), described, docs="/docs")
    assert finding.verdict is Verdict.NOT_APPLICABLE


def answering_with(**headers: str) -> Toy:
    """A vendor without a version in its addresses, whose answers carry these headers."""
    right = Toy(prefix="/api")
    return Toy(prefix="/api", wrong=lambda seen: with_headers(right.answer(seen), **headers))


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({"API-Version": "4.2"}, Verdict.PARTIAL),
        ({"X-Api-Version": "2026-05-05"}, Verdict.PARTIAL),
        ({"Server": "x/1.2"}, Verdict.NOT_APPLICABLE),
        ({"OData-Version": "4.0"}, Verdict.NOT_APPLICABLE),  # of the protocol
        ({"Content-Type": "application/vnd.toy.v3+json"}, Verdict.MET),
        ({"Content-Type": "application/json; version=3"}, Verdict.MET),
    ],
)
def test_a_version_that_only_a_header_of_answers_names_is_partial(headers: dict[str, str], verdict: Verdict) -> None:
    vendor = answering_with(**headers)
    assert judged_live("errors.version-seen", vendor, unversioned(), prefix="/api").verdict is verdict


@pytest.mark.parametrize("version", ["4.2", "2026-05-05"])
def test_a_version_that_answers_name_and_calls_choose_is_met(version: str) -> None:
    described = unversioned()
    header = {"name": "X-Api-Version", "in": "header", "schema": {"type": "string"}}
    described["paths"]["/sites"]["get"]["parameters"].append(header)

    vendor = answering_with(**{"X-Api-Version": version})

    assert judged_live("errors.version-seen", vendor, described, prefix="/api").verdict is Verdict.MET


def test_a_documented_header_of_answers_alone_is_partial_and_no_flag() -> None:
    described = unversioned()
    answer = described["paths"]["/work-orders"]["get"]["responses"]["200"]
    answer["headers"] = {"API-Version": {"schema": {"type": "string"}}}
    (finding,) = judged("errors.version-in-address", described, base_url=BARE)
    assert (finding.verdict, "API-Version" in finding.summary) == (Verdict.PARTIAL, True)
    assert not finding.flags


@pytest.mark.parametrize(
    ("told", "verdict"),
    [("Goes away on 2027-01-31.", Verdict.MET), ("Goes away in June 2027.", Verdict.MET), ("Old.", Verdict.PARTIAL)],
)
def test_what_is_marked_as_going_away_should_say_when(told: str, verdict: Verdict) -> None:
    described = document()
    described["paths"]["/sites"]["get"] |= {"deprecated": True, "description": told}
    assert judged("errors.deprecations-dated", described)[0].verdict is verdict


@pytest.mark.parametrize("described", [document(), NotASpec("login-page", "it is a login page")])
def test_where_nothing_is_marked_as_going_away_no_date_is_missed(described: Any) -> None:
    assert judged("errors.deprecations-dated", described)[0].verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("text", "verdict", "flag"),
    [
        ("Fields in beta may change at any time without notice.", Verdict.UNKNOWN, False),
        ("This API is in preview. It may change without notice.", Verdict.UNKNOWN, False),
        ("Deprecated fields may be removed without notice.", Verdict.UNKNOWN, False),
        ("Unlike stable endpoints, beta endpoints may change without notice.", Verdict.UNKNOWN, False),
        ("Beta endpoints exist.\n\nEndpoints may change without notice.", Verdict.NOT_MET, True),
        ("We may deprecate endpoints without notice.", Verdict.NOT_MET, True),
        ("Breaking changes are announced 12 months in advance, except for beta fields.", Verdict.MET, False),
        (
            "Beta fields may change without notice, but breaking changes are announced 12 months ahead.",
            Verdict.MET,
            False,
        ),
    ],
)
def test_what_is_said_of_a_part_that_is_not_finished_does_not_hold_for_the_api(
    text: str, verdict: Verdict, flag: bool
) -> None:
    described = document()
    described["info"]["description"] = text

    (finding,) = judged("errors.notice-stated", described)

    assert (finding.verdict, bool(raised(finding))) == (verdict, flag)


def test_what_is_said_of_one_operation_does_not_hold_for_the_api() -> None:
    described = document()
    described["paths"]["/sites"]["get"]["description"] = "This endpoint may change without notice."

    (finding,) = judged("errors.notice-stated", described)

    assert (finding.verdict, raised(finding)) == (Verdict.UNKNOWN, set())


@pytest.mark.parametrize(
    "text",
    [
        "We do not announce breaking changes to the API 12 months in advance.",
        "Old versions of the API are not supported for 365 days after a breaking change.",
        "Breaking changes to the API: we will not give 90 days of notice.",
    ],
)
def test_a_notice_that_is_denied_is_none(text: str) -> None:
    (finding,) = judged("errors.notice-stated", saying(text))

    assert finding.verdict is Verdict.UNKNOWN
    assert not cleared(finding)


@pytest.mark.parametrize("text", ["<!-- {} -->", "Be kind. <!-- {}"], ids=["closed", "left open"])
def test_a_notice_that_no_reader_sees_is_none(text: str) -> None:
    hidden = text.format("Breaking changes to the API are announced 12 months in advance.")

    (finding,) = judged("errors.notice-stated", saying(hidden))

    assert finding.verdict is Verdict.UNKNOWN
    assert not cleared(finding)
