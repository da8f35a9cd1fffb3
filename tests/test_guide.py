"""The guide's files: what is shipped, what a user may add, and what is refused with which words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cmms_audit.errors import InputError
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import Absence, Guide, load_guide
from cmms_audit.model import Severity
from tests.support import battery

QUESTIONS = [
    "auth.method", "auth.scopes", "auth.audit-log", "auth.rotation",
    "limits.documented", "limits.bulk", "limits.at-limit",
    "webhooks.supported", "webhooks.delivery", "webhooks.filtering",
    "data.documented", "data.custom-fields", "data.hierarchy",
    "errors.structure", "errors.monitoring", "errors.versioning",
    "operations.pagination", "operations.query", "operations.delta-sync", "operations.concurrency",
    "operations.safe-retries", "operations.bulk-writes", "operations.actions", "operations.attachments",
    "operations.status-codes",
]  # fmt: skip
SCENARIOS = ["erp-sync", "bi-reporting", "iot-triggers", "hr-labor"]
NEEDED_MOST = {
    "erp-sync": {
        "auth.scopes", "data.hierarchy", "operations.safe-retries", "operations.concurrency",
        "errors.structure", "errors.monitoring", "errors.versioning",
    },
    "bi-reporting": {
        "limits.documented", "limits.bulk", "limits.at-limit", "operations.pagination", "operations.delta-sync",
        "data.documented",
    },
    "iot-triggers": {
        "webhooks.supported", "webhooks.delivery", "webhooks.filtering", "limits.at-limit",
        "operations.safe-retries", "auth.scopes",
    },
    "hr-labor": {
        "data.documented", "operations.delta-sync", "auth.audit-log",
        "errors.structure", "errors.monitoring", "errors.versioning",
    },
}  # fmt: skip
CRITICAL, SERIOUS, MINOR = Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR
SEVERITIES = {
    "no-published-rate-limits": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "api-keys-only": [CRITICAL, MINOR, CRITICAL, MINOR],
    "no-webhook-retry": [SERIOUS, MINOR, CRITICAL, MINOR],
    "generic-errors": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "no-versioning-policy": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "docs-behind-sales-call": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "anonymous-access": [CRITICAL, CRITICAL, CRITICAL, CRITICAL],
    "basic-auth-only": [CRITICAL, CRITICAL, CRITICAL, CRITICAL],
    "scopes-not-enforced": [CRITICAL, MINOR, CRITICAL, MINOR],
    "plain-http-credentials": [CRITICAL, CRITICAL, CRITICAL, CRITICAL],
    "records-lost-in-pagination": [CRITICAL, CRITICAL, SERIOUS, CRITICAL],
    "silent-throttling": [CRITICAL, CRITICAL, SERIOUS, CRITICAL],
    "duplicate-on-retry": [CRITICAL, MINOR, CRITICAL, MINOR],
    "lost-update": [CRITICAL, MINOR, CRITICAL, MINOR],
    "undocumented-behaviour": [MINOR, MINOR, MINOR, MINOR],
    "claim-contradicted": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "stack-trace-leak": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
    "legacy-protocol": [SERIOUS, SERIOUS, SERIOUS, SERIOUS],
}


@pytest.fixture(scope="module")
def guide() -> Guide:
    return load_guide(checks_folder(), profiles_folder())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the guide's files that a test may spoil."""
    for group in checks_folder().glob("*/group.yaml"):
        (tmp_path / "checks" / group.parent.name).mkdir(parents=True)
        shutil.copy(group, tmp_path / "checks" / group.parent.name)
    shutil.copy(checks_folder() / "red-flags.yaml", tmp_path / "checks")
    shutil.copytree(profiles_folder() / "scenarios", tmp_path / "profiles" / "scenarios")
    return tmp_path


def load(folder: Path, **more: list[Path]) -> Guide:
    return load_guide(folder / "checks", folder / "profiles", **more)


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path, **more: list[Path]) -> str:
    with pytest.raises(InputError) as raised:
        load(folder, **more)
    return str(raised.value)


def test_all_questions_are_asked_in_order(guide: Guide) -> None:
    assert list(guide.questions) == QUESTIONS
    assert [name for group in guide.groups for name in group.questions] == QUESTIONS


def test_all_scenarios_are_there_in_order(guide: Guide) -> None:
    assert list(guide.scenarios) == SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_a_scenario_needs_most_weighs_most(guide: Guide, scenario: str) -> None:
    weights = guide.scenarios[scenario].weights
    assert {name for name, weight in weights.items() if weight == 5} == NEEDED_MOST[scenario]


def test_all_red_flags_cost_what_the_table_says(guide: Guide) -> None:
    assert {name: [flag.severity_in(each) for each in SCENARIOS] for name, flag in guide.flags.items()} == SEVERITIES


def test_special_rules_of_red_flags_are_data(guide: Guide) -> None:
    assert guide.flags["no-published-rate-limits"].if_over_capacity is CRITICAL
    assert guide.flags["no-webhook-retry"].if_absent == "webhooks.supported"
    assert [name for name, flag in guide.flags.items() if flag.from_claims] == ["claim-contradicted"]


def test_silence_means_absence_only_for_features_of_the_api(guide: Guide) -> None:
    for name in ("auth.audit-log", "auth.rotation", "errors.monitoring"):
        assert guide.questions[name].absence is Absence.OUTSIDE
    for name in (
        "limits.bulk", "webhooks.supported", "operations.attachments", "errors.versioning", "operations.delta-sync",
        "operations.concurrency", "operations.safe-retries", "data.custom-fields", "data.hierarchy",
    ):  # fmt: skip
        assert guide.questions[name].absence is Absence.FEATURE


def test_delivery_and_filtering_hang_on_webhooks(guide: Guide) -> None:
    children = {name for name, question in guide.questions.items() if question.parent == "webhooks.supported"}
    assert children == {"webhooks.delivery", "webhooks.filtering"}


def test_every_clause_binds_the_supplier_and_every_ask_asks(guide: Guide) -> None:
    for question in guide.questions.values():
        assert "shall" in question.clause, question.id
        assert question.ask.endswith("?"), question.id
        assert question.question.endswith("?"), question.id


def test_the_text_of_a_check_is_found_by_its_id(guide: Guide) -> None:
    text = guide.check_text("auth.refuses-anonymous")
    assert text
    assert text.passes != text.fails
    assert guide.check_text("nobody.wrote-this") is None


def test_every_check_of_the_battery_is_described_and_nothing_else(guide: Guide) -> None:
    described = {name for question in guide.questions.values() for name in question.checks}
    assert described == set(battery())


def test_a_check_is_described_under_its_own_question_and_aspect(guide: Guide) -> None:
    for check in battery().values():
        question = guide.questions[check.question]
        assert check.id in question.checks, check.id
        assert check.aspect in question.aspects, check.id


def test_every_aspect_has_a_check_that_looks_at_it(guide: Guide) -> None:
    looked_at = {(check.question, check.aspect) for check in battery().values()}
    named = {(question.id, aspect) for question in guide.questions.values() for aspect in question.aspects}
    assert named <= looked_at


def test_a_red_flag_names_every_question_whose_checks_look_for_it(guide: Guide) -> None:
    for check in battery().values():
        for flag in check.flags:
            assert check.question in guide.flags[flag].questions, (check.id, flag)


def test_the_hash_follows_the_content_and_not_the_comments(copy: Path) -> None:
    before = load(copy).sha256
    scenario = copy / "profiles" / "scenarios" / "erp-sync.yaml"
    scenario.write_text("# a comment\r\n" + scenario.read_text(encoding="utf-8"), encoding="utf-8")
    assert load(copy).sha256 == before
    replace_in(scenario, "auth.method: 4", "auth.method: 3")
    assert load(copy).sha256 != before


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("checks/auth/group.yaml", "protects_against:", "protect_against:", "protects_against"),
        ("checks/auth/group.yaml", "  auth.scopes:", "  limits.scopes:", "limits.scopes is in the group auth"),
        (
            "checks/limits/group.yaml",
            "      limits.burst:",
            "      auth.encrypted:",
            "auth.encrypted is described twice",
        ),
        ("checks/webhooks/group.yaml", "parent: webhooks.supported", "parent: webhooks.suported", "webhooks.supported"),
        ("checks/webhooks/group.yaml", "absence: feature", "absence: featur", "feature"),
        ("checks/red-flags.yaml", "questions: [auth.scopes]", "questions: [auth.scope]", "auth.scopes"),
        ("checks/red-flags.yaml", "erp-sync: critical", "erp-snyc: critical", "did you mean erp-sync?"),
        ("checks/red-flags.yaml", "otherwise: serious", "otherwise: grave", "serious"),
        ("profiles/scenarios/erp-sync.yaml", "auth.scopes: 5", "auth.scops: 5", "did you mean auth.scopes?"),
        ("profiles/scenarios/erp-sync.yaml", "  auth.scopes: 5\n", "", "no weight is given for auth.scopes"),
        ("profiles/scenarios/erp-sync.yaml", "auth.scopes: 5", "auth.scopes: 6", "5"),
        ("profiles/scenarios/erp-sync.yaml", "[pull, writes]", "[pull, reads]", "pull"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_the_right_word(
    copy: Path, file: str, old: str, new: str, expected: str
) -> None:
    replace_in(copy / file, old, new)
    message = problems_of(copy)
    assert f"{copy / file}:" in message
    assert expected in message


def test_all_mistakes_of_a_kind_are_named_together(copy: Path) -> None:
    replace_in(copy / "profiles/scenarios/erp-sync.yaml", "auth.scopes: 5", "auth.scops: 5")
    replace_in(copy / "profiles/scenarios/hr-labor.yaml", "auth.method: 4", "auth.methode: 4")
    message = problems_of(copy)
    assert "auth.scops" in message
    assert "auth.methode" in message


ADDITION = """
questions:
  auth.method:
    checks:
      plant.badge-reader:
        passes: Badges are checked
        fails: Badges are not checked
        why: The gate must not open for everybody.
        how: Reads the badge list and looks for ours.
        remedy: Ask the vendor to check the badges.
"""


def test_a_users_own_folder_may_describe_its_own_checks(copy: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "plant"
    own.mkdir(parents=True)
    (own / "group.yaml").write_text(ADDITION, encoding="utf-8")
    extended = load(copy, more_checks=[own.parent])
    text = extended.check_text("plant.badge-reader")
    assert text
    assert text.passes == "Badges are checked"
    assert extended.check_text("auth.encrypted")
    assert extended.sha256 != load(copy).sha256


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("auth.method", "auth.metod", "did you mean auth.method?"),
        ("plant.badge-reader", "auth.encrypted", "described twice"),
        ("remedy:", "cure:", "remedy"),
    ],
)
def test_a_users_mistake_is_named_too(copy: Path, tmp_path: Path, old: str, new: str, expected: str) -> None:
    own = tmp_path / "own" / "plant"
    own.mkdir(parents=True)
    (own / "group.yaml").write_text(ADDITION.replace(old, new), encoding="utf-8")
    message = problems_of(copy, more_checks=[own.parent])
    assert f"{own / 'group.yaml'}:" in message
    assert expected in message


def test_a_users_scenario_takes_the_place_of_the_shipped_one(copy: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "scenarios"
    own.mkdir(parents=True)
    text = (copy / "profiles/scenarios/erp-sync.yaml").read_text(encoding="utf-8")
    (own / "erp.yaml").write_text(text.replace("auth.method: 4", "auth.method: 1"), encoding="utf-8")
    (own / "mine.yaml").write_text(text.replace("id: erp-sync", "id: my-own"), encoding="utf-8")
    extended = load(copy, more_profiles=[own.parent])
    assert extended.scenarios["erp-sync"].weights["auth.method"] == 1
    assert list(extended.scenarios) == [*SCENARIOS, "my-own"]
