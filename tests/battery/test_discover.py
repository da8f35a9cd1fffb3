"""Discovery: the shipped battery and a user's own folder are found the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmms_audit.battery.discover import battery_sha256, discover
from cmms_audit.errors import InputError
from cmms_audit.folders import checks_folder
from tests.support import battery, guide

OWN_CHECK = '''
"""A user's own check."""
from cmms_audit.battery import Context, Finding, check, unknown
from ._words import SAYS

@check(question="{question}", id="{id}", aspect="own", sends="nothing")
def own(ctx: Context) -> Finding:
    """Says so."""
    return unknown(SAYS)
'''


def own_folder(root: Path, question: str = "auth.method", check_id: str = "auth.own") -> Path:
    group = root / "auth"
    group.mkdir(parents=True)
    (group / "_words.py").write_text('SAYS = "own words"\n')
    (group / "own.py").write_text(OWN_CHECK.format(question=question, id=check_id))
    return root


def test_a_users_own_folder_is_loaded_beside_the_shipped_one(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "mine")

    found = {each.id for each in discover([checks_folder(), folder], questions=guide().questions)}

    assert "auth.own" in found
    assert found > set(battery())


def test_an_unknown_question_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    folder = own_folder(tmp_path, question="auth.metod")

    with pytest.raises(InputError, match=r"own\.py.*auth\.metod.*auth\.method"):
        discover([folder], questions=guide().questions)


def test_an_id_that_is_taken_is_refused(tmp_path: Path) -> None:
    first, second = own_folder(tmp_path / "a"), own_folder(tmp_path / "b")

    with pytest.raises(InputError, match=r"auth\.own is already taken"):
        discover([first, second], questions=guide().questions)


def test_a_file_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    folder = own_folder(tmp_path)
    (folder / "auth" / "broken.py").write_text("import nothing_of_this_name\n")

    with pytest.raises(InputError, match=r"broken\.py.*nothing_of_this_name"):
        discover([folder], questions=guide().questions)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        discover([tmp_path / "absent"], questions=guide().questions)


def test_the_hash_changes_with_the_battery(tmp_path: Path) -> None:
    folder = own_folder(tmp_path)
    before = battery_sha256([folder])

    (folder / "auth" / "_words.py").write_text('SAYS = "other words"\n')

    assert battery_sha256([folder]) != before
