"""An event trial written down and read back: the same events, whatever else stands in the recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cmms_audit.errors import InputError
from cmms_audit.events.causes import Cause
from cmms_audit.events.facts import EventTrial
from cmms_audit.events.recorded import TRIAL, RecordedTrial, recorded_trial, trial_to_json
from cmms_audit.webhooks.delivery import DELIVERY, delivery_to_json
from cmms_audit.webhooks.received import Received
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.recording import Recording
from tests.events.trials import START, cause, delivery, trial, tries

CAUSES = (cause(1), cause(2, at=0.5, differs="site"))


def numbered(came: Mapping[str, Sequence[Received]]) -> dict[str, Sequence[Received]]:
    """The same deliveries, each with a number of its own."""
    numbers = iter(range(1, 1000))
    return {
        name: [replace(each, delivery=replace(each.delivery, number=next(numbers))) for each in some]
        for name, some in came.items()
    }


def recorded(path: Path, made: EventTrial, *, watched: bool, beside: Sequence[Received] = ()) -> Recording:
    """A recording of a trial, with deliveries that came beside those of the watch."""
    journal = Journal(path / "evidence.jsonl")
    for each in made.causes:
        journal.record(each.exchange)
    came = [each for corner in made.corners.values() for each in corner.came]
    for one in (*came, *beside):
        journal.write(DELIVERY, delivery_to_json(one.delivery))
    journal.write(TRIAL, trial_to_json(made, watched=watched))
    journal.close()
    return Recording(path / "evidence.jsonl")


def read(path: Path, made: EventTrial, **more: Any) -> RecordedTrial:
    found = recorded_trial(recorded(path, made, **more))
    assert found is not None
    return found


def failing() -> EventTrial:
    came = {"steady": [delivery("steady", 1, 0.2)], "failing": tries("failing", 1, (1, 2))}
    return trial(numbered(came), causes=CAUSES)


def test_what_is_read_back_is_what_was_seen(tmp_path: Path) -> None:
    made = failing()

    found = read(tmp_path, made, watched=True)

    assert found.watched == 120
    assert found.causes == made.causes
    assert [each.name for each in found.addresses] == list(made.corners)
    assert [each.script for each in found.addresses] == [each.script for each in made.corners.values()]
    for each in found.addresses:
        assert [event.gaps for event in each.events] == [event.gaps for event in made.events(each.name)]


def test_what_came_after_the_watch_is_left_out(tmp_path: Path) -> None:
    late = replace(delivery("failing", 1, 130), delivery=replace(delivery("failing", 1, 130).delivery, number=900))

    found = read(tmp_path, failing(), watched=True, beside=[late])

    assert [len(each.tries) for each in found.addresses[1].events] == [3]


def test_of_a_watch_that_was_cut_short_everything_since_the_first_cause_is_told(tmp_path: Path) -> None:
    early = delivery("failing", 1, -5)

    found = read(tmp_path, failing(), watched=False, beside=[early])

    assert found.watched is None
    assert [len(each.tries) for each in found.addresses[1].events] == [3]


def test_what_tells_of_no_record_of_ours_is_only_counted(tmp_path: Path) -> None:
    made = trial(numbered({"steady": [delivery("steady", 1, 0.2), delivery("steady", 77, 0.3)]}), causes=CAUSES)

    steady = read(tmp_path, made, watched=True).addresses[0]

    assert (len(steady.events), steady.other) == (1, 1)


def test_the_last_trial_counts_where_a_run_was_resumed(tmp_path: Path) -> None:
    recorded(tmp_path, trial({}, causes=(cause(7),)), watched=False)

    found = read(tmp_path, failing(), watched=True)

    assert [each.number for each in found.causes] == [1, 2]


def test_a_run_without_a_trial_has_none(tmp_path: Path) -> None:
    Journal(tmp_path / "evidence.jsonl").close()

    assert recorded_trial(Recording(tmp_path / "evidence.jsonl")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"causes": "none"},
        {"causes": [{"number": 1}]},
        {"seconds": -1},
        {"seconds": 1e300},
        {"addresses": [{"name": "a", "script": "nonsense", "refused": "", "narrowed": [], "deliveries": []}]},
        {"addresses": [{"name": "a", "script": "200", "refused": "", "narrowed": [], "deliveries": ["x"]}]},
    ],
)
def test_a_line_that_is_not_ours_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    journal = Journal(tmp_path / "evidence.jsonl")
    journal.write(TRIAL, {**trial_to_json(trial({}, causes=()), watched=True), "causes": [], **change})
    journal.close()

    with pytest.raises(InputError):
        recorded_trial(Recording(tmp_path / "evidence.jsonl"))


def test_a_cause_whose_call_is_not_recorded_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "evidence.jsonl")
    missing: Cause = replace(cause(9), at=START + timedelta(seconds=1))
    journal.write(TRIAL, trial_to_json(trial({}, causes=(missing,)), watched=True))
    journal.close()

    with pytest.raises(InputError, match="no exchange"):
        recorded_trial(Recording(tmp_path / "evidence.jsonl"))


def test_an_address_that_was_flooded_says_so_when_it_is_read_back(tmp_path: Path) -> None:
    made = failing()
    silent = replace(made.corners["silent"], flooded="so many messages came")

    found = read(tmp_path, replace(made, corners={**made.corners, "silent": silent}), watched=True)

    assert {each.name: each.flooded for each in found.addresses if each.flooded} == {"silent": "so many messages came"}
