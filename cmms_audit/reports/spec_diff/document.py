"""spec-diff.json as a dictionary, which every other format is made from, and the order in which a reader meets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from cmms_audit.model import Evidence
from cmms_audit.reports.words import counted
from cmms_audit.spec_diff import Change, Level, Side, SpecDiff

SCHEMA_VERSION = 1

LEVELS = {"breaking": "Breaks integrations", "risky": "May break integrations", "compatible": "Breaks nothing"}

Report = Mapping[str, Any]


def build(diff: SpecDiff, *, tool_version: str) -> dict[str, Any]:
    """The comparison as the published format has it (schemas/spec-diff.schema.json)."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "cmms-audit", "version": tool_version},
        "old": _side(diff.old),
        "new": _side(diff.new),
        "same_version": diff.same_version,
        "breaks_silently": diff.breaks_silently,
        "summary": _summary(diff),
        "counts": {level.value: count for level, count in diff.counts.items()},
        "left_out": diff.left_out,
        "unseen": diff.unseen,
        "changes": [_change(change, diff) for change in diff.changes],
    }


def by_group(report: Report, level: str) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The changes of a level under the operation or schema that they belong to."""
    changes = sorted((each for each in report["changes"] if each["level"] == level), key=lambda each: each["group"])
    return [(group, list(some)) for group, some in groupby(changes, key=lambda each: each["group"])]


def place_words(place: Mapping[str, Any] | None) -> str:
    """A place as "file:line"; empty where there is none."""
    if place is None:
        return ""
    return place["file"] if place["line"] is None else f"{place['file']}:{place['line']}"


def users_words(change: Mapping[str, Any]) -> str:
    """Which operations a change of something shared touches, in words; empty where that is the operation itself."""
    names: Sequence[str] = change["operations"]
    if not names:
        return ""
    more = change["touches"] - len(names)
    return f"touches {', '.join(names)}" + (f" and {more:,} more" if more else "")


def version_words(report: Report) -> str:
    """The two versions side by side."""
    old, new = (report[side]["version"] for side in ("old", "new"))
    if old == new:
        return f"version {old}, unchanged" if old else "neither document has a version"
    return f"version {old or 'none'} → {new or 'none'}"


def left_out_words(report: Report) -> str:
    """What is not listed, or was not compared; empty where nothing is missing."""
    listed, seen = report["left_out"], report["unseen"]
    words = (
        [counted(listed, "further change is", "further changes are") + " left out: too many to list"] if listed else []
    )
    if seen:
        words.append(f"{counted(seen, 'place was', 'places were')} not compared: the documents hold too much")
    return "; ".join(words)


def where_words(change: Mapping[str, Any]) -> str:
    """Where a change is to be seen, as "file:line" of either document."""
    return " → ".join(words for words in (place_words(change["old"]), place_words(change["new"])) if words)


def _side(side: Side) -> dict[str, Any]:
    return {
        "source": side.source,
        "title": side.title,
        "version": side.version,
        "path_version": side.path_version,
        "language": side.language,
        "sha256": side.sha256,
    }


def _change(change: Change, diff: SpecDiff) -> dict[str, Any]:
    return {
        "fingerprint": change.fingerprint,
        "kind": change.kind,
        "level": change.level.value,
        "group": change.group,
        "subject": change.subject,
        "says": change.says,
        "consequence": change.consequence,
        "direction": change.direction,
        "announced": change.announced,
        "operations": list(change.operations),
        "touches": change.touches,
        "old": _place(change.old, diff.old),
        "new": _place(change.new, diff.new),
    }


def _place(evidence: Evidence | None, side: Side) -> dict[str, Any] | None:
    """A place with its file."""
    if evidence is None:
        return None
    file, pointer = side.file_of(evidence)
    return {"file": file, "line": evidence.line, "pointer": pointer}


def _summary(diff: SpecDiff) -> str:
    """What the comparison comes to, in a sentence or two."""
    breaking, risky = diff.counts[Level.BREAKING], diff.counts[Level.RISKY]
    if diff.unseen and not breaking:
        return "Only part of the two documents could be compared; nothing that was compared breaks an integration."
    if not diff.changes:
        return "The two documents describe the same API."
    if not breaking:
        may = f", but {counted(risky, 'change')} may" if risky else ""
        return f"Nothing breaks an integration that works today{may}."
    what = counted(breaking, "change breaks", "changes break") + " integrations that work today"
    if diff.same_version:
        known = f"both documents call themselves version {diff.new.version}" if diff.new.version else "neither has one"
        return f"{what}, and no new version says so: {known}."
    if diff.new_address:
        return f"{what}. The version in the address is a new one; ask how long the old one stays."
    return f"{what}. The version is a new one, but the address is the same: running integrations meet the changes."
