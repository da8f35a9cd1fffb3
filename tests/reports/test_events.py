"""The events in the report: who got what when, the gaps beside reference schedules, and what an outage would lose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from cmms_audit.documents import load_schema
from cmms_audit.events.causes import Tries
from cmms_audit.events.recorded import RecordedTrial
from cmms_audit.model import Basis, Finding, Verdict
from cmms_audit.reports import event_outline
from cmms_audit.reports.document import build
from cmms_audit.reports.event_delivery import MOST_EVENTS, MOST_TRIES, treatment
from cmms_audit.reports.html import render_html
from cmms_audit.reports.html.timeline import MOST_LANES, schedules, timeline
from cmms_audit.reports.json import render_json
from cmms_audit.reports.markdown import render_markdown
from cmms_audit.webhooks.behaviour import read_script
from tests.reports import fixture
from tests.reports.pages import parsed
from tests.reports.regenerate import terminal_text

SCHEMA = Draft202012Validator(load_schema("report"))


def report(trial: RecordedTrial | None, **facts: float) -> dict[str, Any]:
    """The report with this trial, and a finding that states these facts of the documents."""
    stated = Finding(
        check="webhooks.x", question="webhooks.delivery", verdict=Verdict.MET, basis=Basis.DOCUMENTED, summary="x",
        facts=facts,
    )  # fmt: skip
    made = build(
        replace(fixture.run_facts(), events=trial), fixture.scorecard(), [*fixture.findings(), stated], fixture.guide()
    )
    SCHEMA.validate(made)
    return made


def events(trial: RecordedTrial | None = None, **facts: float) -> Any:
    return report(trial or fixture.event_trial(), **facts)["events"]


def only(trial: RecordedTrial, *names: str) -> RecordedTrial:
    return replace(trial, addresses=tuple(each for each in trial.addresses if each.name in names))


def with_gaps(*gaps: float) -> RecordedTrial:
    """The trial in which the refused event came with these gaps."""
    trial = fixture.event_trial()
    moments = [0.4]
    for gap in gaps:
        moments.append(moments[-1] + gap)
    at = [fixture.came(trial.causes[0].at + timedelta(seconds=each), "503") for each in moments]
    failing = replace(trial.addresses[1], events=(Tries("e", trial.causes[0], tuple(at)),))
    return replace(trial, addresses=(trial.addresses[0], failing, *trial.addresses[2:]))


def test_each_address_tells_what_came_when_and_what_is_missing() -> None:
    told = {each["name"]: each for each in events()["addresses"]}

    assert told["steady"]["missing"] == []
    assert told["failing"]["missing"] == [2]
    assert [one["at"] for one in told["failing"]["events"][0]["tries"]] == [0.4, 5.4, 15.4, 35.4]
    assert told["failing"]["events"][0]["gaps"] == [5, 10, 20]
    assert [one["taken"] for one in told["broken"]["events"][0]["tries"]] == [False, True]
    assert "422" in told["gone"]["refused"]


def test_an_event_that_a_narrowed_subscription_leaves_out_is_not_missing() -> None:
    narrow = next(each for each in events()["addresses"] if each["name"] == "narrow")

    assert (narrow["due"], narrow["missing"]) == (1, [])


def test_a_sender_who_gave_up_loses_what_happened_before_his_last_tries() -> None:
    outages = events()["outages"]

    assert [each["outcome"] for each in outages] == ["kept", "partly", "partly", "partly"]
    assert outages[1]["lost_seconds"] == 85
    assert "came 4 times in 35 s, and then no more in 4.5 min." in outages[1]["because"]


def test_what_the_documents_promise_beyond_the_watch_is_named_as_that() -> None:
    eight_hours = events(with_gaps(5, 10, 20, 40, 80), retry_window_hours=72)["outages"][3]

    assert (eight_hours["outcome"], eight_hours["stands_on"]) == ("kept", "documented")
    assert "The documents promise 72 h; that was not waited for." in eight_hours["because"]
    assert "(extrapolated from the gaps)" in eight_hours["because"]


def test_whatever_was_not_seen_and_not_promised_says_that_it_is_extrapolated() -> None:
    for each in events(with_gaps(5, 10, 20, 40, 80), retries=8)["outages"][2:]:
        assert (each["stands_on"], "extrapolated" in each["because"]) == ("extrapolated", True)


def test_a_first_try_that_may_still_come_is_not_called_a_loss() -> None:
    for each in events(with_gaps())["outages"]:
        assert each["outcome"] == "open"
        assert each["stands_on"] == "none"
        assert "not documented. To see it, watch longer." in each["because"]


def test_a_denial_of_the_documents_counts() -> None:
    assert {each["outcome"] for each in events(with_gaps(), retries=0)["outages"]} == {"lost"}


def test_a_broken_connection_that_nobody_tries_again_loses_everything() -> None:
    trial = fixture.event_trial()
    broken = trial.addresses[2]
    once = replace(broken, events=(replace(broken.events[0], tries=broken.events[0].tries[:1]),))
    trial = replace(trial, addresses=(*trial.addresses[:2], once, *trial.addresses[3:]))

    assert {each["outcome"] for each in events(trial)["outages"]} == {"lost"}


def test_without_an_address_that_refuses_nothing_is_said_of_retries_and_outages() -> None:
    made = report(only(fixture.event_trial(), "steady"))

    assert (made["events"]["retries"], made["events"]["outages"]) == (None, [])
    assert "nothing is known of retries" in parsed(render_html(made)).text
    assert "nothing is known of retries" in render_markdown(made)
    assert "nothing is known of retries" in " ".join(terminal_text(made).split())


def test_a_watch_that_was_cut_short_says_so() -> None:
    made = report(replace(with_gaps(), watched=None))

    assert made["events"]["watch_ends"] is None
    assert "The watch was cut short" in parsed(render_html(made)).text


def test_a_broken_connection_is_no_loss_where_a_second_try_was_not_due_yet() -> None:
    trial = with_gaps(200)
    broken = trial.addresses[2]
    once = replace(broken, events=(replace(broken.events[0], tries=broken.events[0].tries[:1]),))
    trial = replace(trial, addresses=(*trial.addresses[:2], once, *trial.addresses[3:]))

    assert "lost" not in {each["outcome"] for each in events(trial)["outages"]}


def test_no_more_tries_is_told_as_that_and_not_as_an_intention() -> None:
    told = events()

    assert event_outline.retry_words(told).endswith(", and then no more in 4.5 min.")


def test_addresses_are_named_by_what_they_stand_for() -> None:
    names = [each.name for each in event_outline.rows(events())]

    assert names[:3] == ["A receiver in order", "A receiver that refuses", "A receiver that breaks down"]


def test_a_sandbox_whose_clock_runs_faster_is_told_by_the_documents_one() -> None:
    told = events(retry_clock_speed=60.0)

    assert told["retries"]["gaps"] == [300, 600, 1200]
    assert "60 times as fast; times here are multiplied by that" in event_outline.clock_words(told)
    hour = told["outages"][2]
    assert (hour["stands_on"], "a clock that runs 60 times as fast" in hour["because"]) == ("documented", True)
    assert event_outline.gap_heads(told)[:3] == ["Gap", "Seen", "In the sandbox"]
    assert event_outline.gap_rows(told)[0] == ["before try 2", "5 min", "5 s", "5 s", "growing"]


def test_the_gaps_stand_beside_the_reference_schedules() -> None:
    *rows, total = event_outline.gap_rows(events())

    assert rows[0] == ["before try 2", "5 s", "5 s", "growing"]
    assert rows[3] == ["before try 5", "–", "2 h", "growing"]
    assert total == ["in all", "35 s", "75.6 h", "72 h"]


def test_a_vendor_who_sends_without_end_does_not_fill_the_report() -> None:
    trial = fixture.event_trial()
    steady, first = trial.addresses[0], trial.causes[0]
    again = tuple(fixture.came(first.at + timedelta(seconds=0.01 * at), "200") for at in range(5_000))
    flood = tuple(Tries(str(number), first, again) for number in range(50))
    refused = tuple(fixture.came(first.at + timedelta(seconds=0.01 * at), "503") for at in range(5_000))
    failing = replace(trial.addresses[1], events=(Tries("e", first, refused),))
    addresses = (replace(steady, events=flood), failing, *trial.addresses[2:])
    made = report(replace(trial, addresses=addresses))

    told = made["events"]["addresses"][0]
    assert (len(told["events"]), told["more_events"]) == (MOST_EVENTS, 50 - MOST_EVENTS)
    assert {len(each["tries"]) for each in told["events"]} == {MOST_TRIES}
    assert {each["more_tries"] for each in told["events"]} == {5_000 - MOST_TRIES}
    assert len(timeline(made["events"]).strips[0].lanes) == MOST_LANES
    assert f"And {50 - MOST_LANES} events more." in parsed(render_html(made)).text
    assert len(made["events"]["retries"]["gaps"]) < 500
    assert not made["events"]["retries"]["given_up"]
    assert len(render_json(made)) < 500_000


def test_every_mark_of_the_pictures_stands_inside_them() -> None:
    told = events(with_gaps(0.01, 3, 100, 4000, 90_000, 900_000))
    picture = timeline(told)

    marks = [mark.x for strip in picture.strips for lane in strip.lanes for mark in lane.marks]
    marks += [mark.x for row in schedules(told) for mark in row.marks]
    marks += [tick.x for tick in picture.ticks]
    assert all(0 <= each <= 100 for each in marks)
    assert 2 <= len(picture.ticks) <= 20


def test_the_timeline_has_a_mark_for_every_try_and_needs_no_script() -> None:
    page = parsed(render_html(report(fixture.event_trial())))

    titles = [
        name for name, attrs in page.elements if name == "circle" and (attrs.get("class") or "").startswith("try-")
    ]
    assert len(titles) > 10
    assert page.all("script") == []
    assert not any("style" in attrs for _, attrs in page.elements)


@pytest.mark.parametrize("older", [True, False])
def test_a_report_without_events_says_nothing_of_them(older: bool) -> None:
    made = report(None)
    if older:
        del made["events"]

    assert "became of the events" not in render_html(made)
    assert "became of the events" not in render_markdown(made)
    assert "outage of your receiver" not in terminal_text(made)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("200", "takes everything"),
        ("503", "refuses (503), every time; takes every other event"),
        ("503:retry-after=2, 200", "refuses (503) and asks to wait 2 s, then takes it; takes every other event"),
        ("silent:4, 200", "does not answer for 4 s, then takes it; takes every other event"),
        ("reset, away:2, 200", "breaks the connection, then is away for 2 s, then takes it; takes every other event"),
        ("410", "says that it is gone for good (410), every time; takes every other event"),
        (
            "slow:3, redirect, error-inside",
            "takes 3 s to answer, then points elsewhere, then says 200 with an error inside; takes every other event",
        ),
    ],
)
def test_what_an_address_does_is_told_in_plain_words(script: str, told: str) -> None:
    assert treatment(read_script(script)) == told
