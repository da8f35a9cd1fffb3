"""Rate limits read from sentences and tables, and headers that leave their window open."""

from __future__ import annotations

import time

import pytest

from cmms_audit.model import Claim, Verdict
from cmms_audit.spec.limits import stated_limits
from tests.checks.small import Json, Small, described, flags, looked_at, only

THREE = {60: 60, 3600: 1000, 86400: 20000}
MARKDOWN = "Rate limits\n\n| window | requests |\n|---|---|\n| minute | 60 |\n| hour | 1,000 |\n| day | 20000 |\n"
TURNED = "Throttling\n\n| 60 requests | per minute |\n| 1000 | hour |\n| 20,000 calls | Requests per day |\n"
FROM_HTML = "Rate limits\nWindow | Calls |\nminute | 60 |\nhour | 1000 |\nday | 20000 |"
SENTENCE = "You may make 60 requests per minute, 1,000 per hour and 20000 per day."


@pytest.mark.parametrize("text", [MARKDOWN, TURNED, FROM_HTML, SENTENCE], ids=["table", "turned", "html", "sentence"])
def test_limits_are_read_from_tables_and_from_lists_in_a_sentence(text: str) -> None:
    assert {each.window: each.count for each in stated_limits(text)} == THREE


@pytest.mark.parametrize(
    "text",
    [
        "Opening times\n\n| day | 5 |\n| hour | 9 |",
        MARKDOWN.splitlines()[0] + "\n" + "Something else. " * 100 + "\n| day | 5 |",
        "Rate limits\n\n| Plan | 60 |\n| minutes saved | 1000 |",
    ],
    ids=["no limits", "far from the words", "other cells"],
)
def test_a_table_about_something_else_states_no_limit(text: str) -> None:
    assert list(stated_limits(text)) == []


def test_a_hostile_row_is_passed_over_in_no_time() -> None:
    began = time.monotonic()

    assert list(stated_limits("rate limit |" + "1|day|" * 20_000)) == []
    assert time.monotonic() - began < 2


# -- headers without a window ---------------------------------------------------------------------------------

HEADERS = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": "60"}
PROMISED = described(text="Rate limits: 600 requests per minute, 1,000 per hour and 20,000 per day.")
CLAIM = Claim("limits.documented", None, {"per_minute": 600})


@pytest.mark.parametrize("document", [PROMISED, described()], ids=["published", "claimed only"])
def test_a_lower_number_without_a_window_puts_the_promise_in_doubt(document: Json) -> None:
    finding = only(looked_at("limits.headers-agree", Small(headers=HEADERS), document, claim=CLAIM))

    assert (finding.verdict, finding.claims) == (Verdict.PARTIAL, ())
    assert "60 calls without saying in what time" in finding.summary


def test_a_lower_number_without_a_window_does_not_bear_out_what_is_published() -> None:
    finding = only(looked_at("limits.numbers-seen", Small(headers=HEADERS), PROMISED))

    assert finding.basis.value == "documented"


@pytest.mark.parametrize("limit", ["600", "1000", "5000"])
def test_a_promised_or_greater_number_without_a_window_is_no_doubt(limit: str) -> None:
    vendor = Small(headers={**HEADERS, "X-RateLimit-Limit": limit})

    assert only(looked_at("limits.headers-agree", vendor, PROMISED)).verdict is Verdict.NOT_APPLICABLE


# -- nothing was read -----------------------------------------------------------------------------------------


def test_limits_count_as_unpublished_only_where_a_document_was_read_whole() -> None:
    torn = described(paths={"/more": {"$ref": "elsewhere.yaml"}})

    whole = only(looked_at("limits.numbers-seen", Small()))
    unread = only(looked_at("limits.numbers-seen", Small(), torn))

    assert (whole.verdict, flags(whole)) == (Verdict.NOT_MET, {"no-published-rate-limits": True})
    assert (unread.verdict, flags(unread)) == (Verdict.UNKNOWN, {})
