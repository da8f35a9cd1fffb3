"""What an audit may do beyond reading: the vendor file asks, the user grants.

Nothing that a vendor file asks for takes effect by itself, for a vendor may have written it. Holding each
request against what was granted is the wire's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from msgspec import Struct

from cmms_audit.addresses import is_loopback_host, origin, parse_bind
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError, Problem
from cmms_audit.model import Sends
from cmms_audit.vendor import Vendor

_MOST_REMEMBERED = 500


class Permission(StrEnum):
    """What can be granted with --allow."""

    WRITES = "writes"
    BURST = "burst"
    WEBHOOKS = "webhooks"


class Permissions(Struct, frozen=True):
    """What this run may send. Reads are always allowed, except offline, where nothing is sent."""

    writes: bool = False
    burst: bool = False
    webhooks: bool = False
    offline: bool = False

    def allows(self, sends: Sends) -> bool:
        """Whether a check that sends this may run."""
        match sends:
            case Sends.NOTHING:
                return True
            case Sends.READS:
                return not self.offline
            case Sends.WRITES:
                return self.writes
            case Sends.BURST:
                return self.burst
            case Sends.WEBHOOKS:
                return self.webhooks
            case _:
                assert_never(sends)


def grant(
    vendor: Vendor,
    allow: Collection[str] | None,
    *,
    offline: bool,
    ask: Callable[[str], bool] | None,
    remembered: Path,
) -> Permissions:
    """Decide what this run may do.

    `allow` is what the user gave with --allow (words, or words joined by commas), None where there is none.
    `ask` puts a question to the user in a terminal and is None where there is none; its answer is kept in the
    file `remembered` under the vendor file's SHA-256, so that a changed file is asked about again.
    Raises InputError where --allow holds an unknown word, grants what the file does not ask for, or meets a
    file that does not name a sandbox.
    """
    asked = _asked(vendor)
    if allow:
        granted = _given(vendor, allow, asked)
    elif offline or ask is None or not asked or vendor.environment != "sandbox":
        granted = frozenset()
    else:
        granted = asked if _agreed(vendor, asked, ask, remembered) else frozenset()
    if offline:
        return Permissions(offline=True)
    return Permissions(**{permission.value: permission in granted for permission in Permission})


def listening_address(vendor: Vendor, bind: str | None) -> str:
    """The "host:port" on which the webhook receiver listens.

    `bind` is what the user gave with --bind; without it the file's own wish counts only on this machine's
    loopback. Raises InputError where --bind is malformed, or the file asks for more and there is no --bind.
    """
    if bind is not None:
        try:
            parse_bind(bind)
        except ValueError as error:
            raise InputError(Problem("--bind", f"{bind!r} cannot be listened on: {error}")) from None
        return bind
    wish = vendor.webhooks.bind
    if not is_loopback_host(parse_bind(wish)[0]):
        problem = f"webhooks.bind asks to listen on {wish}, where other machines can reach it"
        raise InputError(Problem(vendor.where("webhooks"), problem, f"agree to it with --bind {wish}"))
    return wish


def remember_grant(remembered: Path, run_id: str, permissions: Permissions) -> None:
    """Keep what the user granted to a run, so that going on with it needs no second word of his."""
    granted = granted_words(permissions)
    if granted:
        answers = _read_answers(remembered)
        answers[_grant_key(run_id, granted)] = True
        _write_answers(remembered, dict(list(answers.items())[-_MOST_REMEMBERED:]))


def is_granted(remembered: Path, run_id: str, granted: Collection[str]) -> bool:
    """Whether this user granted this run just these permissions."""
    return _read_answers(remembered).get(_grant_key(run_id, granted), False)


def granted_words(permissions: Permissions) -> list[str]:
    """The words of what a run may do beyond reading."""
    return [permission.value for permission in Permission if getattr(permissions, permission.value)]


def remembered_answers(environ: Mapping[str, str]) -> Path:
    """The user's own file of answers: in XDG_STATE_HOME, by default ~/.local/state."""
    state = environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return folder / "cmms-audit" / "permissions.json"


def _grant_key(run_id: str, granted: Collection[str]) -> str:
    return f"run {run_id}: {','.join(sorted(granted))}"


def _asked(vendor: Vendor) -> frozenset[Permission]:
    return frozenset(permission for permission in Permission if getattr(vendor.allow, permission.value))


def _given(vendor: Vendor, allow: Collection[str], asked: frozenset[Permission]) -> frozenset[Permission]:
    """What --allow names, once it is held against the file."""
    words = [word.strip() for part in allow for word in part.split(",") if word.strip()]
    unknown = [word for word in words if word not in list(Permission)]
    if unknown:
        raise InputError(*(_unknown_word(word) for word in unknown))
    given = frozenset(Permission(word) for word in words)
    problems = []
    if given and vendor.environment != "sandbox":
        problems.append(_no_sandbox(vendor))
    if given - asked:
        problems.append(_not_asked_for(vendor, given, asked))
    if problems:
        raise InputError(*problems)
    return given


def _unknown_word(word: str) -> Problem:
    near = nearest(word, [permission.value for permission in Permission])
    advice = f"did you mean '{near}'?" if near else f"possible here: {', '.join(Permission)}"
    return Problem("--allow", f"{word!r} is nothing that can be allowed", advice)


def _no_sandbox(vendor: Vendor) -> Problem:
    problem = "--allow needs a sandbox, and this file does not say that it is one"
    return Problem(vendor.where("environment"), problem, "if it is one, the file needs the line: environment: sandbox")


def _not_asked_for(vendor: Vendor, given: frozenset[Permission], asked: frozenset[Permission]) -> Problem:
    missing = ", ".join(permission for permission in Permission if permission in given - asked)
    wanted = ", ".join(f"{permission}: true" for permission in Permission if permission in given | asked)
    problem = f"--allow grants {missing}, which the file does not ask for"
    return Problem(vendor.where("allow"), problem, f"if you agree, the file needs the line: allow: {{{wanted}}}")


def _agreed(vendor: Vendor, asked: frozenset[Permission], ask: Callable[[str], bool], remembered: Path) -> bool:
    answers = _read_answers(remembered)
    if vendor.sha256 not in answers:
        answers[vendor.sha256] = ask(_question(vendor, asked))
        _write_answers(remembered, answers)
    return answers[vendor.sha256]


def _question(vendor: Vendor, asked: frozenset[Permission]) -> str:
    wishes = {
        Permission.WRITES: "create, change and delete records",
        Permission.BURST: f"send a burst of up to {vendor.budget.burst_requests} calls",
        Permission.WEBHOOKS: "subscribe to events and wait for them",
    }
    listed = "; ".join(wish for permission, wish in wishes.items() if permission in asked)
    return f"{vendor.path.name} calls {origin(vendor.base_url)} a sandbox and asks to: {listed}. Allow it?"


def _read_answers(path: Path) -> dict[str, bool]:
    """The answers given so far; none where the file is missing or not ours."""
    try:
        answers = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(answers, dict):
        return {}
    return {digest: answer for digest, answer in answers.items() if isinstance(answer, bool)}


def _write_answers(path: Path, answers: Mapping[str, bool]) -> None:
    """Keep the answers for this user alone. Where that cannot be done, the user is asked again next time."""
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_text(json.dumps(answers, indent=1), encoding="utf-8")
        beside.chmod(0o600)
        beside.replace(path)
    except OSError:
        return
