"""errors.versioning: whether the vendor's last release kept what worked, or broke it under a version that stayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cmms_audit.battery import Context, Finding, check, met, not_applicable, not_met, partial, unknown
from cmms_audit.model import Evidence

from ._versions import documented_carrier

if TYPE_CHECKING:
    from cmms_audit.battery import Change, SpecDiff

FLAG = "no-versioning-policy"
QUESTION = "errors.versioning"

_ONE_FAMILY = {"openapi", "swagger"}
_LISTED = 20
_CITED = 5


@check(question=QUESTION, id="errors.no-breaking-changes", aspect="stability", sends="nothing", flags=(FLAG,))
def no_breaking_changes(ctx: Context) -> Finding:
    """Compares the specification with that of the last release (previous_spec): what breaks, and how it came."""
    if not ctx.has_previous_spec:
        return not_applicable("the vendor file names no description of the last release (previous_spec)")
    diff = ctx.spec_changes()
    kinds = {side.language.split(" ")[0] for side in (diff.old, diff.new)}
    if len(kinds) > 1 and not kinds <= _ONE_FAMILY:
        says = "the two documents are of different kinds, and cannot be held against each other fairly"
        return unknown(says, ctx.spec.evidence_at(""))
    breaking = diff.breaking
    if not diff.changes and not diff.unseen:
        return not_applicable("previous_spec describes the same API, so nothing is learnt of how releases come")
    if not diff.old.calls:
        return not_applicable("previous_spec describes no call, so nothing is learnt of how releases come")
    if diff.unseen and not breaking:
        says = "the documents hold too much to be compared whole, and nothing that was compared breaks"
        return unknown(says, ctx.spec.evidence_at(""))
    if not breaking:
        return met(f"nothing that worked with the last release breaks{_risks(diff)}", *_places(ctx, ())).clears(FLAG)
    if not ctx.spec.tells(QUESTION):
        says = f"{_counted(breaking)} since the last release, in a kind of document that carries no version"
        return unknown(says, *_places(ctx, breaking), detail=_listing(diff, breaking))
    if diff.same_version:
        return _under_the_same_version(ctx, diff, breaking)
    return _under_a_new_version(ctx, diff, breaking)


def _under_the_same_version(ctx: Context, diff: SpecDiff, breaking: Sequence[Change]) -> Finding:
    version = f"the version is still {diff.new.version}" if diff.new.version else "neither document has a version"
    detail, places = _listing(diff, breaking), _places(ctx, breaking)
    if all(change.announced for change in breaking):
        says = f"{_counted(breaking)} since the last release; all were marked as going away, but {version}"
        return partial(says, *places, detail=detail)
    return not_met(f"{_counted(breaking)} since the last release, and {version}", *places, detail=detail).raises(FLAG)


def _under_a_new_version(ctx: Context, diff: SpecDiff, breaking: Sequence[Change]) -> Finding:
    carrier = documented_carrier(ctx, ctx.spec.operations)
    kept = diff.new_address or (carrier is not None and carrier.chosen)
    detail, places = _listing(diff, breaking), _places(ctx, breaking)
    if kept or all(change.announced for change in breaking):
        how = "which each call names" if kept else "and all were marked as going away"
        return met(f"{_counted(breaking)}, under a new version, {how}", *places, detail=detail).clears(FLAG)
    breaks = _counted(breaking)
    versions = f"{diff.old.version or 'none'}, now {diff.new.version or 'none'}"
    says = f"{breaks} under a new version ({versions}), but at the same address: integrations that run meet them"
    return partial(says, *places, detail=detail)


def _counted(changes: Sequence[Change]) -> str:
    count = len(changes)
    return "1 change breaks integrations" if count == 1 else f"{count:,} changes break integrations"


def _risks(diff: SpecDiff) -> str:
    count = len(diff.risky)
    return f", though {count:,} change{'' if count == 1 else 's'} may" if count else ""


def _places(ctx: Context, changes: Sequence[Change]) -> list[Evidence]:
    """Where the specification shows them; the document itself where what is meant is no longer in it."""
    found = [change.new for change in changes if change.new is not None]
    return found[:_CITED] or [ctx.spec.evidence_at("")]


def _listing(diff: SpecDiff, changes: Sequence[Change]) -> str:
    """The first changes, one a line, with their lines in both documents."""
    lines = [f"{change.subject}: {change.says} ({_lines(change, diff)})" for change in changes[:_LISTED]]
    if len(changes) > _LISTED:
        lines.append(f"and {len(changes) - _LISTED:,} more; `cmms-audit spec-diff` lists all")
    return "\n".join([f"Compared with {diff.old.source}:", *lines])


def _lines(change: Change, diff: SpecDiff) -> str:
    """The place in either document as "file:line"."""
    sides = (("old", diff.old, change.old), ("new", diff.new, change.new))
    told = [
        f"{name} {side.file_of(place)[0].removeprefix(_folder(side.source))}:{place.line}"
        for name, side, place in sides
        if place is not None and place.line
    ]
    return ", ".join(told) or "no line"


def _folder(source: str) -> str:
    return source[: source.rfind("/") + 1]
