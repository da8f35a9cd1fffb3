"""What sentences of vendors' documents say of sending a failed event again: promised, denied, or neither; in numbers.

A promise takes the red flag of lost events away, a denial raises it, and anything else leaves it to what is seen.
"""

from __future__ import annotations

import json

import pytest

from cmms_audit.model import Finding, Verdict
from cmms_audit.spec.load import parse_spec
from tests.checks.small import flags, read
from tests.checks.test_webhooks import subscription
from tests.checks.toy import helper

MINUTE, HOUR = 60.0, 3600.0


def said(text: str) -> Finding:
    return read("webhooks.retry-documented", subscription(text=text))


def told(retries: int | None = None, hours: float | None = None, first: float | None = None) -> dict[str, float]:
    """The facts of a promise."""
    numbers = {"retries": retries, "retry_window_hours": hours, "retry_first_gap": first}
    return {name: float(number) for name, number in numbers.items() if number is not None}


def speed(text: str) -> float:
    """How much faster the clock of retries runs, as documents of this text say."""
    spec = parse_spec(json.dumps(subscription(text=text)), "vendor.json")
    return float(helper("webhooks", "_sped_up").speed_of(spec))


PROMISED: list[tuple[str, dict[str, float]]] = [
    # when the second try comes, and how long a receiver has for its answer
    ("If the first attempt times out (10 seconds), the delivery is retried after 10 minutes.", told(first=10 * MINUTE)),
    ("Deliveries are retried if the first attempt is not answered within 5 seconds.", told()),
    ("The webhook is retried when the first call gets no response in 30 seconds.", told()),
    ("We wait 15 seconds for your answer; the webhook is retried up to 4 times.", told(4)),
    ("Failed webhooks are retried, first after 10 minutes, over 3 days.", told(hours=72, first=10 * MINUTE)),
    ("Failed webhooks are retried after 10 minutes.", told(first=10 * MINUTE)),
    ("The webhook is retried in 5 minutes if your endpoint is down.", told(first=5 * MINUTE)),
    ("If delivery fails, the event is sent again after 5 minutes.", told(first=5 * MINUTE)),
    ("If the webhook fails, another attempt will be made after 5 minutes.", told(first=5 * MINUTE)),
    ("The first webhook retry happens 3 seconds after the failure, the second after 9.", told(first=3)),
    ("Our webhook sender waits 20 seconds and then tries again.", told(first=20)),
    ("Webhook retries have an initial delay of 5 seconds and go on for 24 hours.", told(hours=24, first=5)),
    ("A failed delivery is retried up to four times: first after 10 seconds, then after a further 30 seconds.",
     told(4, first=10)),
    ("Deliveries are retried with backoff, starting at 1 minute, up to 50 times.", told(50, first=MINUTE)),
    ("Webhook retry 1: after 3 minutes.", told(first=3 * MINUTE)),
    ("Failed webhooks are retried after 30s, 5m and 1h.", told(first=30)),
    ("Failed webhooks are retried after 10 min, 1 hour and 4 hours, then the subscription is disabled.",
     told(first=10 * MINUTE)),
    ("Timeouts of webhooks are retried after 10 seconds; server errors are retried after 10 minutes.",
     told(first=10 * MINUTE)),
    ("Each webhook is retried within 5 seconds.", told()),
    # every so often
    ("Webhook deliveries are retried every hour for 72 hours.", told(hours=72, first=HOUR)),
    ("Webhook deliveries are retried every 30 minutes for a week.", told(hours=168, first=30 * MINUTE)),
    ("Failed webhooks are retried hourly for 24 hours.", told(hours=24, first=HOUR)),
    ("Failed webhooks are retried daily.", told(first=24 * HOUR)),
    ("Webhooks are retried 5 times at 30-second intervals.", told(5, first=30)),
    ("Webhooks are retried 3 times with 60 seconds between attempts.", told(3, first=MINUTE)),
    ("Until it is taken, the delivery is retried every few hours.", told(first=5 * HOUR)),
    # from so long to so long: the longer one counts, and is no window
    ("Failed webhooks are retried with a delay of 1 to 5 minutes.", told(first=5 * MINUTE)),
    ("Failed webhooks are retried with delays of 1 minute to 1 hour.", told(first=HOUR)),
    ("Failed webhooks are retried 5 times, with gaps of 1-2 hours.", told(5, first=2 * HOUR)),
    ("Failed webhooks are retried after 1 to 5 minutes.", told(first=5 * MINUTE)),
    ("Failed webhooks are retried every 5 to 10 minutes for 24 hours.", told(hours=24, first=10 * MINUTE)),
    ("Each webhook is attempted up to 3 times at intervals of 10 to 20 minutes, for 24 hours.",
     told(3, hours=24, first=20 * MINUTE)),
    ("Failed webhooks are retried for 1 to 3 days.", told(hours=72)),
    ("Webhooks are attempted up to 3 times in 10 seconds intervals.", told(3, first=10)),
    ("Failed webhooks are retried up to 3 times with an interval of 2 hours.", told(3, first=2 * HOUR)),
    # for how long
    ("We will retry the event around 15 times over a period of about 8 hours.", told(15, hours=8)),
    ("Failed webhooks are retried 9 more times over a 24-hour period.", told(9, hours=24)),
    ("A 72-hour retry window applies to failed webhooks.", told(hours=72)),
    ("Failed webhooks are retried 5 times, 72 hours in total.", told(5, hours=72)),
    ("Failed webhooks are retried 5 times in 24 hours.", told(5, hours=24)),
    ("Failed webhooks are retried during the first 24 hours.", told(hours=24)),
    ("We try to deliver webhooks for up to three days.", told(hours=72)),
    ("We keep trying to deliver the webhook for 24 hours.", told(hours=24)),
    ("Webhook retries stop after 24 hours.", told(hours=24)),
    ("Webhooks must be answered within 2 minutes, otherwise they are retried for 3 days.", told(hours=72)),
    ("Failed webhooks are retried if no answer arrives within 1 hour.", told()),
    ("The delay between webhook retries is at most 12 hours.", told()),
    ("Webhook retries come with growing gaps: after 5 seconds, 5 minutes, 2 hours and 10 hours.", told(first=5)),
    ("Delivery logs are kept for 30 days, and webhooks are retried for 3 days.", told(hours=72)),
    # how often
    ("A failed event is redelivered up to 8 times.", told(8)),
    ("Each webhook is attempted up to 8 times.", told(8)),
    ("Failed webhooks are retried at most once.", told(1)),
    ("Up to 12 additional attempts are made to send the webhook.", told(12)),
    ("Failed deliveries can be retried up to 5 times.", told(5)),
    ("Webhooks are not retried more than 5 times.", told(5)),
    ("After 5 failed retries the event is dropped.", told(5)),
    ("If webhooks fail 20 times in a row, retries are paused.", told()),
    # yes, whatever else is said
    ("We do not retry webhooks immediately, but with backoff over 24 hours.", told(hours=24)),
    ("There is no retry limit for webhooks: each is retried until it is taken.", told()),
    ("So that no webhook is lost, failed deliveries are retried for 24 hours.", told(hours=24)),
    ("When there are no retries left, the webhook delivery is marked as failed.", told()),
    ("If all webhook attempts fail, no further retries are made.", told()),
    ("Failed deliveries are retried, but events older than 3 days are dropped.", told()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "facts"), PROMISED)
def test_a_promise_takes_the_flag_away_and_is_read_in_numbers(text: str, facts: dict[str, float]) -> None:
    finding = said(text)

    assert flags(finding) == {"no-webhook-retry": False}
    assert finding.facts == facts


@pytest.mark.parametrize(
    "text",
    [
        "Webhooks do not support retries.",
        "Webhooks do not offer automatic redelivery.",
        "The platform does not currently provide a retry mechanism for webhooks.",
        "At this point we don’t have any retry logic for webhooks.",
        "Our webhooks lack automatic retries.",
        "Webhook retries are not supported.",
        "Webhook retries: none.",
        "There is no retry mechanism for webhooks.",
        "Webhooks have no retry: if you miss an event, poll for it.",
        "We do not automatically redeliver failed webhook deliveries.",
        "We do not automatically redeliver failed deliveries, but you can resend them by hand.",
        "We won't attempt to redeliver failed events.",
        "Webhooks will never be resent.",
        "Failed webhooks are **not** retried.",
        "Failed webhooks are <b>not</b> retried.",
        "Failed webhooks aren’t retried.",
        "Webhooks that fail are neither retried nor stored.",
        "Webhook delivery is not retried or resent.",
        "Events that are not acknowledged are not resent.",
        "If a webhook delivery fails, no further attempts are made.",
        # to come, so not here yet
        "Webhook retries are planned for a future release.",
        "Webhook retries are on our roadmap.",
        "Webhook retries are coming soon.",
        "Retries for webhooks are not yet available.",
        "We plan to add automatic retries for webhooks next year.",
        "In a future version, failed webhooks will be retried up to 10 times.",
        # one try, and then gone
        "Webhook deliveries that fail are dropped.",
        "If your endpoint returns an error, the webhook event is discarded.",
        "Webhook events are lost if the endpoint is not reachable.",
        "Events that occur while your endpoint is down are lost.",
        "Missed events are lost and must be fetched by polling.",
        "Each webhook delivery is attempted exactly once.",
        "Webhooks are delivered at most once.",
        "Each event is sent once.",
        "Only one delivery attempt is made for each event.",
        "Our service makes a single attempt to deliver a webhook.",
        "For webhooks we try once and do not guarantee receipt.",
    ],
)
def test_a_denial_raises_the_flag(text: str) -> None:
    assert flags(said(text)) == {"no-webhook-retry": True}


@pytest.mark.parametrize(
    "text",
    [
        # only some cases, or other cases
        "By default, webhooks are not retried.",
        "Webhook retries are not available on the free plan.",
        "Redirect responses to webhooks are not retried.",
        "If your endpoint answers 406, the webhook counts as received and is not retried.",
        "If your endpoint answers 410, the event is discarded and the webhook is disabled.",
        "Webhook events that were acknowledged are not resent.",
        "A successfully delivered event is not sent again.",
        "Answer with 200 and we will not retry the webhook.",
        "Respond within 10 seconds so that we do not retry the webhook.",
        "Manual retries of webhook deliveries are not supported.",
        "A webhook in delivery cannot be redelivered until its attempt has ended.",
        "Test deliveries cannot be redelivered.",
        # of the receiver, and by hand
        "Do not retry creating a webhook after a 409.",
        "You should not retry the webhook registration.",
        "You can manually redeliver failed webhook deliveries.",
        "Failed deliveries can be retried from the dashboard.",
        "Use this endpoint to resend a webhook event.",
        "Redeliver a delivery of a webhook.",
        "Retry a failed webhook delivery.",
        "Resends the specified webhook event.",
        "Whether the delivery is a redelivery.",
        # no loss of a failed event
        "Duplicate webhook events are discarded.",
        "Events that fail schema validation are dropped before a webhook is called.",
        "Failed deliveries are discarded from the log after 30 days.",
        "Webhook events are delivered exactly once.",
        "Each event is delivered only once, so duplicates cannot occur.",
        "Webhooks are delivered at least once.",
        "Webhooks are sent at most once per minute.",
        "The event is sent once the work order is closed.",
        "A webhook is delivered once the approval has come in.",
        # nothing that could be relied on
        "Are webhooks retried when they cannot be delivered?",
        "# Webhook retries",
        "Webhook retry policy",
        "Configurable retry schedules for webhooks are planned for a future release.",
        "Longer webhook retries are under consideration.",
        "We do not guarantee that failed webhooks are retried.",
        "After 10 consecutive failures the webhook is disabled.",
        "Webhook calls answer 429 with Retry-After.",
    ],
)
def test_what_is_neither_leaves_the_flag_alone(text: str) -> None:
    assert flags(said(text)) == {}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Failed webhooks are retried for 72 hours with exponential backoff.", Verdict.MET),
        ("Failed webhooks are retried for 72 hours, the gap doubling each time.", Verdict.MET),
        ("Failed webhooks are retried every minute for 72 hours, without backoff.", Verdict.PARTIAL),
        ("Failed webhooks are retried for 72 hours with no exponential backoff.", Verdict.PARTIAL),
    ],
)
def test_gaps_grow_only_where_it_is_said(text: str, verdict: Verdict) -> None:
    assert said(text).verdict is verdict


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("In this sandbox the clock of deliveries runs 1,000 times as fast.", 1000),
        ("In test mode, retry delays are sped up by a factor of 60.", 60),
        ("Sandbox retries are 60x faster than in production.", 60),
        ("In the sandbox, failed deliveries are retried 60 times faster than documented here.", 60),
        ("Webhooks are up to 100 times faster than polling.", 1),
        ("Webhooks are delivered 10 times faster.", 1),
        ("Failed webhooks are retried. With the sandbox, webhooks arrive 10 times faster than by polling.", 1),
        ("In the sandbox, deliveries are up to 50 times faster, and are retried.", 1),
        ("In the sandbox, retries are sped up by 20 %.", 1),
        ("In the sandbox, retries are 1.5 times as fast.", 1),
        ("In the sandbox, retries are 0 times as fast.", 1),
        ("The sandbox answers 20 times as fast.", 1),
    ],
)
def test_only_a_sandbox_that_says_so_has_a_faster_clock_of_retries(text: str, factor: float) -> None:
    assert speed(text) == factor


def test_repeats_that_came_true_are_no_longer_denied() -> None:
    finding = said("Webhook retries are on our roadmap. Failed webhooks are retried 5 times.")

    assert flags(finding) == {"no-webhook-retry": False}


def test_a_faster_channel_does_not_bring_a_repeat_forward() -> None:
    text = "Failed webhooks are retried, first after 10 minutes. Webhooks are up to 100 times faster than polling."

    assert said(text).facts == told(first=10 * MINUTE)
    assert speed(text) == 1
