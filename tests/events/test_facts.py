"""Which delivery belongs to which cause is known by the record that it names, whatever its form."""

from __future__ import annotations

from msgspec.structs import replace

from tests.events.trials import cause, delivery, trial, tries


def test_tries_of_an_event_are_put_together_and_measured_from_their_cause() -> None:
    seen = trial({"failing": [*tries("failing", 1, [1.0, 2.0]), *tries("failing", 2, [], first=0.3)]}).events("failing")

    assert [(each.cause.number, len(each.tries)) for each in seen] == [(1, 3), (2, 1)]
    assert seen[0].gaps == (1.0, 2.0)
    assert round(seen[0].latency, 3) == 0.1


def test_what_others_caused_is_left_out_and_what_is_missing_is_named() -> None:
    at = trial({"steady": [delivery("steady", 1, 0.1), delivery("steady", 99, 0.2)]})

    assert [each.cause.number for each in at.events("steady")] == [1]
    assert [each.number for each in at.missing("steady")] == [2]


def test_a_second_cause_at_the_same_record_is_told_by_its_time() -> None:
    created, changed = cause(1), replace(cause(2, at=5.0, what="status changed"), record_id="WO-1")
    came = [delivery("steady", 1, 0.1, event="a"), delivery("steady", 1, 5.1, event="b")]

    seen = trial({"steady": came}, causes=(created, changed)).events("steady")

    assert [(each.key, each.cause.number) for each in seen] == [("a", 1), ("b", 2)]


def test_an_event_that_came_before_anything_was_caused_belongs_to_nothing() -> None:
    assert trial({"steady": [delivery("steady", 1, -1.0)]}).events("steady") == ()
