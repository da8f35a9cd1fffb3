"""Permissions: the file asks, the user grants, and nothing happens by itself."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cmms_audit.errors import InputError
from cmms_audit.model import Sends
from cmms_audit.permissions import Permissions, grant, listening_address, remembered_answers
from cmms_audit.vendor import Allow, Vendor, WebhookSettings

SANDBOX = Vendor(
    name="Northwind",
    spec="none",
    base_url="https://sandbox.northwind.example/api/v1",
    path=Path("northwind.yaml"),
    sha256="aa11",
    credentials={},
    scenarios=("erp-sync",),
    environment="sandbox",
    allow=Allow(writes=True, webhooks=True),
    lines={"environment": 5, "allow": 9},
)
ALL_IT_ASKS = Permissions(writes=True, webhooks=True)


class User:
    """Someone at a terminal who gives one answer, and what was asked."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.questions: list[str] = []

    def __call__(self, question: str) -> bool:
        self.questions.append(question)
        return self.answer


def granted(
    vendor: Vendor,
    *allow: str,
    ask: Callable[[str], bool] | None = None,
    offline: bool = False,
    remembered: Path | None = None,
) -> Permissions:
    """What is granted; without a file of answers, they cannot be kept."""
    nowhere = Path(__file__) / "answers.json"
    return grant(vendor, allow or None, offline=offline, ask=ask, remembered=remembered or nowhere)


def refusal(vendor: Vendor, *allow: str) -> str:
    with pytest.raises(InputError) as refused:
        granted(vendor, *allow)
    return str(refused.value)


# without a terminal


def test_without_a_terminal_nothing_takes_effect_by_itself() -> None:
    assert granted(SANDBOX) == Permissions()


def test_what_the_user_allows_takes_effect_and_no_more() -> None:
    assert granted(SANDBOX, "writes,webhooks") == ALL_IT_ASKS
    assert granted(SANDBOX, "webhooks", "writes") == ALL_IT_ASKS
    assert granted(SANDBOX, "webhooks") == Permissions(webhooks=True)


def test_allowing_what_the_file_does_not_ask_for_names_the_line_to_add() -> None:
    message = refusal(SANDBOX, "burst")

    assert "northwind.yaml:9" in message
    assert "grants burst" in message
    assert "allow: {writes: true, burst: true, webhooks: true}" in message


def test_nothing_can_be_allowed_in_production() -> None:
    message = refusal(replace(SANDBOX, environment="production"), "writes")

    assert "northwind.yaml:5" in message
    assert "environment: sandbox" in message


def test_every_problem_with_a_grant_is_reported_at_once() -> None:
    message = refusal(replace(SANDBOX, environment="production"), "burst")

    assert "environment: sandbox" in message
    assert "burst: true" in message


def test_an_unknown_word_is_answered_with_the_nearest_right_one() -> None:
    assert "did you mean 'writes'?" in refusal(SANDBOX, "write")
    assert "writes, burst, webhooks" in refusal(SANDBOX, "everything")


# in a terminal


def test_the_user_is_asked_once_for_each_content_of_the_file(tmp_path: Path) -> None:
    user, answers = User(True), tmp_path / "state" / "answers.json"

    first = granted(SANDBOX, ask=user, remembered=answers)
    second = granted(SANDBOX, ask=user, remembered=answers)
    assert first == second == ALL_IT_ASKS
    assert len(user.questions) == 1

    granted(replace(SANDBOX, sha256="bb22"), ask=user, remembered=answers)
    assert len(user.questions) == 2


def test_a_no_is_remembered_too(tmp_path: Path) -> None:
    no, answers = User(False), tmp_path / "answers.json"

    assert granted(SANDBOX, ask=no, remembered=answers) == Permissions()
    assert granted(SANDBOX, ask=no, remembered=answers) == Permissions()
    assert len(no.questions) == 1


def test_the_question_says_what_is_asked_and_where() -> None:
    user = User(False)

    granted(SANDBOX, ask=user)

    assert "northwind.yaml" in user.questions[0]
    assert "https://sandbox.northwind.example:443" in user.questions[0]
    assert "create, change and delete records" in user.questions[0]
    assert "events" in user.questions[0]
    assert "burst" not in user.questions[0]


@pytest.mark.parametrize(
    "vendor",
    [replace(SANDBOX, allow=Allow()), replace(SANDBOX, environment="production")],
    ids=["no wish", "production"],
)
def test_no_one_is_asked_where_nothing_could_be_granted(vendor: Vendor) -> None:
    user = User(True)

    assert granted(vendor, ask=user) == Permissions()
    assert user.questions == []


def test_an_answer_on_the_command_line_is_not_asked_for_again() -> None:
    user = User(False)

    assert granted(SANDBOX, "writes", ask=user) == Permissions(writes=True)
    assert user.questions == []


def test_an_empty_list_on_the_command_line_is_no_answer(tmp_path: Path) -> None:
    user = User(True)

    assert grant(SANDBOX, [], offline=False, ask=user, remembered=tmp_path / "answers.json") == ALL_IT_ASKS
    assert len(user.questions) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"aa11": "yes"}', "[" * 100_000, "\udcff"])
def test_answers_that_cannot_be_read_are_asked_for_again(tmp_path: Path, content: str) -> None:
    answers = tmp_path / "answers.json"
    answers.write_bytes(content.encode("utf-8", "surrogateescape"))
    user = User(True)

    assert granted(SANDBOX, ask=user, remembered=answers) == ALL_IT_ASKS
    assert len(user.questions) == 1


def test_answers_that_cannot_be_kept_hold_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    user, answers = User(True), tmp_path / "a file" / "answers.json"

    assert granted(SANDBOX, ask=user, remembered=answers) == ALL_IT_ASKS
    assert granted(SANDBOX, ask=user, remembered=answers) == ALL_IT_ASKS
    assert len(user.questions) == 2


def test_the_answers_are_for_the_user_alone(tmp_path: Path) -> None:
    answers = tmp_path / "state" / "answers.json"

    granted(SANDBOX, ask=User(True), remembered=answers)

    assert stat.S_IMODE(answers.stat().st_mode) == 0o600
    assert stat.S_IMODE(answers.parent.stat().st_mode) == 0o700
    assert list(answers.parent.iterdir()) == [answers]


def test_answers_are_kept_in_the_users_own_state_folder(tmp_path: Path) -> None:
    assert remembered_answers({"XDG_STATE_HOME": str(tmp_path)}).is_relative_to(tmp_path)
    assert remembered_answers({"XDG_STATE_HOME": "relative"}).is_relative_to(Path.home())
    assert remembered_answers({}).is_relative_to(Path.home())


# offline


def test_an_offline_run_sends_nothing_and_asks_nothing() -> None:
    user = User(True)

    assert granted(SANDBOX, ask=user, offline=True) == Permissions(offline=True)
    assert granted(SANDBOX, "writes", offline=True) == Permissions(offline=True)
    assert user.questions == []


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        (Permissions(offline=True), {Sends.NOTHING}),
        (Permissions(), {Sends.NOTHING, Sends.READS}),
        (Permissions(writes=True), {Sends.NOTHING, Sends.READS, Sends.WRITES}),
        (Permissions(burst=True), {Sends.NOTHING, Sends.READS, Sends.BURST}),
        (Permissions(webhooks=True), {Sends.NOTHING, Sends.READS, Sends.WEBHOOKS}),
    ],
)
def test_a_check_runs_only_where_what_it_sends_is_permitted(permissions: Permissions, allowed: set[Sends]) -> None:
    assert {sends for sends in Sends if permissions.allows(sends)} == allowed


# where the receiver listens


def listening(bind: str) -> Vendor:
    return replace(SANDBOX, webhooks=WebhookSettings(bind=bind), lines={"webhooks": 12})


def test_a_receiver_on_this_machine_alone_needs_no_further_word() -> None:
    assert listening_address(listening("127.0.0.1:8080"), None) == "127.0.0.1:8080"


def test_a_receiver_that_others_can_reach_needs_the_users_word() -> None:
    with pytest.raises(InputError, match=r"northwind.yaml:12: .*--bind 0\.0\.0\.0:80"):
        listening_address(listening("0.0.0.0:80"), None)

    assert listening_address(listening("0.0.0.0:80"), "0.0.0.0:80") == "0.0.0.0:80"


def test_a_malformed_bind_on_the_command_line_is_refused() -> None:
    with pytest.raises(InputError, match="--bind"):
        listening_address(SANDBOX, "everywhere")
