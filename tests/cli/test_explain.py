"""What is said of a check, a question and a red flag, for whoever does not know what a bearer token is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmms_audit.cli.explain import _LABELS, Explanation, explained
from cmms_audit.errors import InputError
from cmms_audit.guide import Guide
from tests.cli.process import cmms_audit
from tests.support import REPOSITORY, battery, guide

ALWAYS_SAID = ("why", "how", "good", "ask", "clause")
ABOUT_CLAIMS_ONLY = "claim-contradicted"  # belongs to no question, so there is nothing of its own to ask or to sign

OWN_CHECK = '''
from cmms_audit.battery import Context, check

@check(id="own.check", question="auth.method", aspect="method", sends="nothing")
def own_check(ctx: Context):
    """Looks at what only we care for."""
    return ctx.met("as it should be")
'''


def of(name: str) -> Explanation:
    return explained(name, guide(), tuple(battery().values()))


def words(part: object) -> str:
    return part if isinstance(part, str) else "".join(part)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*battery(), *guide().questions])
def test_every_check_and_question_says_all_five_things(name: str) -> None:
    told = of(name)
    for part in ALWAYS_SAID:
        assert words(told.parts[part]).strip(), part
    assert told.parts["sends"]
    assert told.parts["weights"] == {
        scenario.title: scenario.weights[battery()[name].question if name in battery() else name]
        for scenario in guide().scenarios.values()
    }


@pytest.mark.parametrize("name", guide().flags)
def test_every_red_flag_says_what_raises_it_and_what_it_costs(name: str) -> None:
    told = of(name)
    said = ("why", "how", "remedy") if name == ABOUT_CLAIMS_ONLY else (*ALWAYS_SAID, "remedy")
    for part in said:
        assert words(told.parts[part]).strip(), part
    flag, scenarios = guide().flags[name], guide().scenarios.values()
    assert told.parts["severities"] == {each.title: flag.severity_in(each.id).value for each in scenarios}
    assert [name for each in battery().values() if name in each.flags and each.id not in words(told.parts["how"])] == []


def test_every_part_has_a_label_and_every_label_a_part() -> None:
    used = {part for name in (*battery(), *guide().questions, *guide().flags) for part in of(name).parts}
    assert used == set(_LABELS)


def test_it_is_printed_in_whole_and_comes_as_json_too(tmp_path: Path) -> None:
    shown = cmms_audit("explain", "auth.refuses-anonymous", cwd=tmp_path)
    told = json.loads(cmms_audit("explain", "auth.refuses-anonymous", "--json", cwd=tmp_path).stdout)

    assert shown.returncode == 0, shown.stderr
    printed = " ".join(shown.stdout.split())
    for part in ALWAYS_SAID:
        assert _LABELS[part] in printed
        assert " ".join(told[part].split()) in printed
    assert told["kind"] == "check"
    assert told["weights"]["ERP synchronisation"] == guide().scenarios["erp-sync"].weights["auth.method"]
    assert max(map(len, shown.stdout.splitlines())) <= 110


def test_a_check_of_ones_own_inherits_from_its_question(tmp_path: Path) -> None:
    (tmp_path / "own" / "auth").mkdir(parents=True)
    (tmp_path / "own" / "auth" / "own.py").write_text(OWN_CHECK, encoding="utf-8")

    done = cmms_audit("explain", "own.check", "--checks", "own", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    told, question = json.loads(done.stdout), guide().questions["auth.method"]
    assert told["how"] == "Looks at what only we care for."
    assert (told["why"], told["good"], told["clause"]) == (question.why, question.good, question.clause)


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("auth.metod", "auth.method"),
        ("silent-throtling", "silent-throttling"),
        ("Auth.Refuses_Anonymous", "auth.refuses-anonymous"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_right_id(slip: str, right: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"did you mean {right}?")):
        of(slip)


def test_explaining_needs_no_network_and_nothing_else_that_is_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cmms_audit", "explain", "no-webhook-retry"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    heavy = {"httpcore", "cmms_audit.wire.session", "jinja2", "starlette", "uvicorn", "jsonschema", "rich.console"}
    assert not heavy & imported


def test_ids_of_checks_questions_and_red_flags_are_never_the_same() -> None:
    known: Guide = guide()
    names = [*battery(), *known.questions, *known.flags]
    assert len(names) == len(set(names))
