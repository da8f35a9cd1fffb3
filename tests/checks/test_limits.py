"""How many calls are allowed, as published and as seen; and how large a page may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cmms_audit.capacity import measure
from cmms_audit.model import Basis, Claim, Verdict
from cmms_audit.wire.clock import Clock
from tests.checks.small import RECORD, Json, Small, as_json, described, flags, looked_at, only, operation, query, read
from tests.wire.servers import Answer, Seen

PUBLISHED = "Rate limits: 60 requests per minute, 1,000 requests per hour and 20,000 requests per day."
CLAIM = Claim("limits.documented", None, {"per_hour": 1000})


# -- numbers in documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (PUBLISHED, Verdict.MET),
        ("You may make 100 calls per minute. No other limit applies.", Verdict.MET),
        ("You may make 100 calls per minute.", Verdict.PARTIAL),
        ("There is no rate limit at present.", Verdict.PARTIAL),
        ("We have generous limits.", Verdict.NOT_MET),
    ],
)
def test_limits_are_published_as_numbers_for_every_window(text: str, verdict: Verdict) -> None:
    finding = read("limits.numbers-published", described(text=text))

    assert finding.verdict is verdict
    assert flags(finding).get("no-published-rate-limits", False) is (verdict is Verdict.NOT_MET)


def test_published_numbers_are_given_to_the_capacity_model() -> None:
    finding = read("limits.numbers-published", described(text=PUBLISHED))

    assert finding.facts == {"limit_per_minute": 60, "limit_per_hour": 1000, "limit_per_day": 20000}


def test_a_limit_of_one_operation_is_not_the_limit_of_the_api() -> None:
    reports = {"/reports": {"get": operation(RECORD, description="Limited to 5 requests per minute.")}}

    finding = read("limits.numbers-published", described(paths=reports))

    assert (finding.verdict, finding.facts, flags(finding)) == (Verdict.PARTIAL, {}, {})


def test_silence_is_not_held_against_a_vendor_whose_other_pages_were_not_read() -> None:
    finding = read("limits.numbers-published", described(), docs_url="https://vendor.example/docs")

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})


@pytest.mark.parametrize(("claimed", "contradicted"), [(1000, False), (500, False), (5000, True)])
def test_a_claim_of_more_than_is_published_is_contradicted(claimed: int, contradicted: bool) -> None:
    claim = Claim("limits.documented", None, {"per_hour": claimed})

    finding = read("limits.numbers-published", described(text=PUBLISHED), claim=claim)

    assert [test.contradicted for test in finding.claims] == [contradicted]


# -- numbers in live answers ----------------------------------------------------------------------------------


def stating(limit: int, window: int = 60) -> Small:
    """A vendor whose headers state one limit, and which counts the calls."""
    calls = 0

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        state = f'"w";r={limit - calls};t={window - 1}'
        return as_json([{"id": "W-1"}], RateLimit=state, RateLimit_Policy=f'"w";q={limit};w={window}')

    return Small(wrong=answer)


def test_headers_without_a_published_number_are_half_an_answer() -> None:
    finding = only(looked_at("limits.numbers-seen", stating(60)))

    assert (finding.verdict, finding.basis, flags(finding)) == (Verdict.PARTIAL, Basis.OBSERVED, {})
    assert finding.facts == {"limit_per_minute": 60}


def test_published_numbers_that_headers_repeat_were_seen() -> None:
    finding = only(looked_at("limits.numbers-seen", stating(60), described(text=PUBLISHED)))

    assert (finding.verdict, finding.basis) == (Verdict.MET, Basis.OBSERVED)


def docs_page(text: str, status: int = 200) -> Callable[[Seen], Answer | None]:
    page = Answer(status, f"<html><body><p>{text}</p></body></html>", {"Content-Type": "text/html"})
    return lambda seen: page if seen.path == "/docs" else None


LONG = "The interface gives programs access to work orders, assets and stock. " * 8


@pytest.mark.parametrize(
    ("page", "verdict", "raised"),
    [
        (docs_page(LONG + PUBLISHED), Verdict.MET, False),
        (docs_page(LONG + "Limits are generous."), Verdict.NOT_MET, True),
        (docs_page("", status=403), Verdict.NOT_MET, True),
        (docs_page("<script src='app.js'></script>"), Verdict.UNKNOWN, False),
    ],
    ids=["stated", "not stated", "closed", "drawn by a program"],
)
def test_documentation_pages_are_read_before_limits_count_as_unpublished(
    page: Callable[[Seen], Answer | None], verdict: Verdict, raised: bool
) -> None:
    finding = only(looked_at("limits.numbers-seen", Small(wrong=page), docs="/docs"))

    assert finding.verdict is verdict
    assert flags(finding).get("no-published-rate-limits", False) is raised


def test_headers_that_agree_with_the_document_and_count_are_true() -> None:
    finding = only(looked_at("limits.headers-agree", stating(60), described(text=PUBLISHED)))

    assert finding.verdict is Verdict.MET


def test_headers_that_agree_do_not_complete_what_the_document_leaves_out() -> None:
    document = described(text="You may make 60 calls per minute.")

    finding = only(looked_at("limits.headers-agree", stating(60), document))

    assert (finding.verdict, finding.basis) == (Verdict.PARTIAL, Basis.OBSERVED)


def test_headers_alone_have_nothing_to_agree_with() -> None:
    assert only(looked_at("limits.headers-agree", stating(60))).verdict is Verdict.NOT_APPLICABLE


def test_headers_that_allow_more_than_the_document_are_a_limitation() -> None:
    assert only(looked_at("limits.headers-agree", stating(90), described(text=PUBLISHED))).verdict is Verdict.PARTIAL


TIERS = "Rate limits: Basic 100 requests per minute, Pro 500 requests per minute, for writing POST 700 requests/minute."


@pytest.mark.parametrize(
    ("live", "verdict", "says"),
    [
        (100, Verdict.PARTIAL, "live answers state the same"),
        (500, Verdict.PARTIAL, "live answers state 500 calls a minute, as published"),
        (300, Verdict.PARTIAL, "the documents only 100 calls a minute"),
        (700, Verdict.PARTIAL, "the documents only 100 calls a minute"),
        (50, Verdict.NOT_MET, "the documents promise 100 calls a minute"),
    ],
    ids=["the cheapest", "a dearer one", "none of them", "that of writing", "less than any"],
)
def test_headers_may_state_the_number_of_any_plan(live: int, verdict: Verdict, says: str) -> None:
    finding = only(looked_at("limits.headers-agree", stating(live), described(text=TIERS)))

    assert (finding.verdict, finding.facts["limit_per_minute"]) == (verdict, live)
    assert says in finding.summary


def test_a_limit_on_computing_time_is_told_beside_that_on_calls() -> None:
    text = "Service protection limits: 6,000 requests and 1,200 seconds of combined execution time within 5 minutes."

    finding = read("limits.numbers-published", described(text=text))

    assert finding.verdict is Verdict.PARTIAL
    assert (finding.facts, flags(finding)) == ({"limit_per_300_seconds": 6000}, {"no-published-rate-limits": False})
    assert "The time that answers take to compute is limited besides." in finding.detail


def test_headers_that_allow_less_than_the_document_contradict_it() -> None:
    claim = Claim("limits.documented", None, {"per_minute": 60})

    finding = only(looked_at("limits.headers-agree", stating(30), described(text=PUBLISHED), claim=claim))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {"undocumented-behaviour": True})
    assert [test.contradicted for test in finding.claims] == [True]


def test_a_vendor_without_limit_headers_has_nothing_to_be_held_against() -> None:
    assert only(looked_at("limits.headers-agree", Small(), described(text=PUBLISHED))).verdict is Verdict.NOT_APPLICABLE


# -- pages ----------------------------------------------------------------------------------------------------


def paged(maximum: int | None = None, description: str = "") -> Json:
    limit = query("limit", description, **({"maximum": maximum} if maximum else {}))
    return described(list_parameters=[limit, query("offset")])


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (paged(1000), Verdict.MET),
        (paged(description="At most 2,000 records."), Verdict.MET),
        (paged(200), Verdict.PARTIAL),
        (paged(description="Between 1 and 100."), Verdict.PARTIAL),
        (paged(), Verdict.PARTIAL),
        (paged(1), Verdict.NOT_MET),
        (described(list_parameters=[query("offset")]), Verdict.PARTIAL),
        (described(), Verdict.UNKNOWN),
    ],
)
def test_the_documented_page_size_is_measured_against_a_thousand(document: Json, verdict: Verdict) -> None:
    assert read("limits.page-size-documented", document).verdict is verdict


def test_a_claimed_page_size_is_held_against_the_document() -> None:
    claim = Claim("limits.bulk", None, {"max_page_size": 1000})

    finding = read("limits.page-size-documented", paged(200), claim=claim)

    assert [(test.contradicted, test.claimed) for test in finding.claims] == [(True, "1,000 records a page")]


@dataclass
class Paging:
    """A vendor of `total` records; `size` says how many come for how many asked, None refuses."""

    size: Callable[[int], int | None]
    total: int = 5000

    def __call__(self, seen: Seen) -> Answer:
        given = dict(seen.query)
        count = self.size(int(given.get("limit", 20)))
        if count is None:
            return as_json({"code": "too-large"}, 400)
        records = [{"id": f"W-{n}"} for n in range(min(count, self.total))]
        return as_json({"items": records, "total": self.total})


@pytest.mark.parametrize(
    ("document", "size", "verdict"),
    [
        (paged(1000), lambda asked: asked if asked <= 1000 else None, Verdict.MET),
        (paged(1000), lambda asked: min(asked, 1000), Verdict.PARTIAL),
        (paged(1000, "Larger values are capped."), lambda asked: min(asked, 1000), Verdict.MET),
        (paged(1000), lambda asked: asked if asked <= 1000 else 20, Verdict.NOT_MET),
        (paged(1000), lambda asked: min(asked, 25), Verdict.PARTIAL),
        (paged(1000), lambda asked: 20, Verdict.NOT_MET),
        (paged(1), lambda asked: 1, Verdict.NOT_MET),
        (paged(), lambda asked: asked if asked <= 200 else None, Verdict.PARTIAL),
        (described(list_parameters=[query("offset")]), lambda asked: 20, Verdict.PARTIAL),
        (described(list_parameters=[query("offset")]), lambda asked: 1000, Verdict.MET),
        (described(list_parameters=[query("offset")]), lambda asked: 5000, Verdict.PARTIAL),
    ],
    ids=[
        "refused above", "cut in silence", "cut as documented", "ignored above", "smaller than promised",
        "ignored", "one by one", "found by trying", "fixed", "fixed and large", "all at once",
    ],
)  # fmt: skip
def test_the_largest_page_is_what_really_comes(
    document: Json, size: Callable[[int], int | None], verdict: Verdict
) -> None:
    assert only(looked_at("limits.largest-page-served", Paging(size), document)).verdict is verdict


def test_the_page_that_came_is_given_to_the_capacity_model() -> None:
    vendor = Paging(lambda asked: min(asked, 400))

    finding = only(looked_at("limits.largest-page-served", vendor, paged(400), clock=Clock()))

    assert finding.facts["page_size_served"] == 400
    assert finding.facts["seconds_per_page"] > 0


def test_a_documented_size_that_is_refused_is_a_broken_promise() -> None:
    claim = Claim("limits.bulk", None, {"max_page_size": 1000})
    vendor = Paging(lambda asked: asked if asked <= 500 else None)

    finding = only(looked_at("limits.largest-page-served", vendor, paged(1000), claim=claim))

    assert finding.verdict is Verdict.PARTIAL
    assert finding.facts["page_size_served"] == 500
    assert flags(finding) == {"undocumented-behaviour": True}
    assert [test.contradicted for test in finding.claims] == [True]


def refusing_inside(largest: int) -> Callable[[Seen], Answer]:
    """A vendor who refuses larger pages with an error inside an answer that says success."""

    def vendor(seen: Seen) -> Answer:
        if int(dict(seen.query).get("limit", 20)) > largest:
            return as_json({"status": "error", "messages": {"limit": [f"At most {largest}."]}})
        return Paging(lambda asked: asked)(seen)

    return vendor


def test_a_size_that_is_refused_inside_a_success_is_refused() -> None:
    above = only(looked_at("limits.largest-page-served", refusing_inside(1000), paged(1000)))
    assert above.verdict is Verdict.PARTIAL
    assert "a larger size is refused, but inside an answer that says success" in above.summary

    broken = only(looked_at("limits.largest-page-served", refusing_inside(500), paged(1000)))
    assert (broken.facts["page_size_served"], flags(broken)) == (500, {"undocumented-behaviour": True})
    assert "1,000 are not served (an error inside an answer that says success)" in broken.summary


@pytest.mark.parametrize(
    ("largest", "total", "verdict", "says"),
    [
        (5000, 5000, Verdict.MET, "a page of 1,000 records came"),
        (25, 5000, Verdict.PARTIAL, "1,000 records were asked for, 25 came, as the answer says"),
        (5000, 30, Verdict.PARTIAL, "all 30 records came in one page"),
    ],
)
def test_a_page_is_made_larger_by_its_range(largest: int, total: int, verdict: Verdict, says: str) -> None:
    def vendor(seen: Seen) -> Answer:
        first, _, last = dict(seen.query).get("range", "0-9").partition("-")
        end = min(int(last) + 1, int(first) + largest, total)
        records = [{"id": f"W-{n}"} for n in range(int(first), end)]
        status = 206 if end < total else 200
        return as_json(records, status, Content_Range=f"{first}-{end - 1}/{total}")

    document = described(list_parameters=[query("range", "First and last record, by default 0-9.")])
    finding = only(looked_at("limits.largest-page-served", vendor, document))
    assert finding.verdict is verdict
    assert says in finding.summary


def test_a_size_at_which_the_system_fails_is_told_and_raises_no_flag() -> None:
    def vendor(seen: Seen) -> Answer:
        failing = int(dict(seen.query).get("limit", 20)) > 500
        return as_json({}, 500) if failing else Paging(lambda asked: asked)(seen)

    finding = only(
        looked_at(
            "limits.largest-page-served", vendor, paged(1000), claim=Claim("limits.bulk", None, {"max_page_size": 900})
        )
    )

    assert (finding.verdict, flags(finding), finding.claims) == (Verdict.PARTIAL, {}, ())
    assert "900 are not served (status 500)" in finding.summary  # tried, because it is claimed


def test_a_documented_size_that_is_refused_with_few_records_there_says_nothing_of_the_page_that_came() -> None:
    vendor = Paging(lambda asked: asked if asked <= 500 else None, total=1)

    finding = only(looked_at("limits.largest-page-served", vendor, paged(1000)))

    assert (finding.verdict, finding.facts) == (Verdict.PARTIAL, {})


@pytest.mark.parametrize(
    ("documented", "largest", "claimed", "contradicted"),
    [
        (5000, 5000, 5000, None),  # 1,000 is the most that is asked for, so nobody knows
        (5000, 5000, 800, False),
        (200, 200, 1000, True),  # 201 are refused
        (None, 500, 1000, True),
        (None, 800, 800, False),  # asked for because it is claimed
        (1000, 1000, 1000, False),
        (1000, 1000, 2000, True),  # 1,001 are refused
    ],
)
def test_a_claimed_page_size_is_contradicted_only_where_less_was_seen(
    documented: int | None, largest: int, claimed: int, contradicted: bool | None
) -> None:
    claim = Claim("limits.bulk", None, {"max_page_size": claimed})
    vendor = Paging(lambda asked: asked if asked <= largest else None)

    finding = only(looked_at("limits.largest-page-served", vendor, paged(documented), claim=claim))

    assert [test.contradicted for test in finding.claims] == ([] if contradicted is None else [contradicted])


def test_more_than_the_documented_maximum_is_described_and_not_punished() -> None:
    finding = only(looked_at("limits.largest-page-served", Paging(lambda asked: asked), paged(1000)))

    assert finding.verdict is Verdict.MET
    assert "nobody has promised it" in finding.detail


def test_a_page_without_records_where_more_are_announced_breaks_nothing() -> None:
    assert only(looked_at("limits.largest-page-served", Paging(lambda asked: 0), paged(1000))).verdict is (
        Verdict.NOT_MET
    )


def test_a_size_parameter_by_a_name_of_its_own_is_used_as_it_is_documented() -> None:
    document = described(list_parameters=[query("numberOfRecords", maximum=400)])

    def vendor(seen: Seen) -> Answer:
        records = [{"id": f"W-{n}"} for n in range(int(dict(seen.query).get("numberOfRecords", 20)))]
        return as_json({"items": records, "total": 5000})

    assert only(looked_at("limits.largest-page-served", vendor, document)).facts["page_size_served"] == 400


def test_the_capacity_model_understands_what_these_checks_measure() -> None:
    many = {"type": "array", "maxItems": 50, "items": RECORD}
    document = described(
        text="Limited to 10,000 calls per month and 100 calls in 15 minutes.",
        paths={"/work-orders/bulk": {"post": operation(RECORD, body=many)}},
        list_parameters=[query("limit", maximum=20)],
    )
    page = only(looked_at("limits.largest-page-served", Paging(lambda asked: min(asked, 20)), document, clock=Clock()))
    stated = read("limits.numbers-published", document)
    bulk = read("limits.bulk-writes-documented", document)

    measured = measure([page, stated, bulk])

    assert [(each.calls, each.name) for each in measured.limits] == [(100, "15 minutes"), (10_000, "month")]
    assert measured.page_size
    assert measured.page_size.value == 20
    assert measured.bulk_size
    assert measured.bulk_size.value == 50
    assert measured.seconds_per_page
    assert measured.seconds_per_page.value > 0


def test_too_few_records_leave_the_word_to_the_document() -> None:
    finding = only(looked_at("limits.largest-page-served", Paging(lambda asked: asked, total=7), paged(1000)))

    assert (finding.verdict, finding.basis) == (Verdict.MET, Basis.DOCUMENTED)
    assert "page_size_served" not in finding.facts


def test_a_page_smaller_than_claimed_contradicts_the_claim() -> None:
    claim = Claim("limits.bulk", None, {"max_page_size": 1000})

    finding = only(
        looked_at("limits.largest-page-served", Paging(lambda asked: min(asked, 25)), paged(1000), claim=claim)
    )

    assert [test.contradicted for test in finding.claims] == [True]
    assert flags(finding) == {"undocumented-behaviour": True}


@dataclass
class Bare:
    """A vendor of `total` records who serves a bare list, cuts pages to `largest` and announces no total."""

    total: int
    largest: int = 100

    def __call__(self, seen: Seen) -> Answer:
        given = dict(seen.query)
        first = int(given.get("offset", 0))
        last = min(first + min(int(given.get("limit", 20)), self.largest), self.total)
        return as_json([{"id": f"W-{n}"} for n in range(first, last)])


def test_a_vendor_of_few_records_cuts_no_page() -> None:
    claim = Claim("limits.bulk", None, {"max_page_size": 100})

    finding = only(looked_at("limits.largest-page-served", Bare(5), paged(100), claim=claim))

    assert (finding.verdict, finding.basis, flags(finding), finding.claims) == (
        Verdict.PARTIAL, Basis.DOCUMENTED, {}, (),
    )  # fmt: skip
    assert "all 5 records came in one page" in finding.summary


def test_a_page_that_just_holds_every_record_says_nothing_of_greater_sizes() -> None:
    assert "without a word" not in only(looked_at("limits.largest-page-served", Bare(100), paged(100))).summary


def test_a_cut_page_is_told_by_the_records_on_the_next_one() -> None:
    finding = only(looked_at("limits.largest-page-served", Bare(250, largest=50), paged(100)))

    assert "100 records were asked for, 50 came" in finding.summary
    assert flags(finding) == {"undocumented-behaviour": True}


def test_bulk_writes_are_found_by_their_body_and_a_json_patch_is_none() -> None:
    many = {"type": "array", "maxItems": 100, "items": RECORD}
    steps = {"type": "array", "items": {"type": "object", "properties": {"op": {}, "path": {}, "value": {}}}}

    found = read("limits.bulk-writes-documented", described(paths={"/imports": {"post": operation(RECORD, body=many)}}))
    patch = read("limits.bulk-writes-documented", described(paths={"/things": {"post": operation(RECORD, body=steps)}}))

    assert (found.verdict, found.facts) == (Verdict.MET, {"bulk_write_size": 100})
    assert patch.verdict is Verdict.NOT_MET
