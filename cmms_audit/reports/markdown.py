"""The report as Markdown, for a ticket, a wiki or a pull request. No evidence appendix: that is in report.html.

Vendor text is escaped so that it stays text in CommonMark and in GitHub's dialect: no markup, no links, no mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.reports import event_outline, outline, words
from cmms_audit.reports.permission_matrix import shown_matrix
from cmms_audit.reports.text import one_line, sentence, visible

Report = Mapping[str, Any]

_SPECIAL = pattern(r"[\\`*_\[\]|~$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_TICKS = pattern(r"`+")
_MOST_LINES = 40
_EVENT_HEADS = ("Address", "What it does", "Came", "First try after", "Tries", "Gaps")
_AT_THE_START = pattern(r"^([#+=:>-]|\d{1,9}(?=[.)]))")


def render_markdown(report: Report) -> str:
    """The report as Markdown text, ending in a line feed."""
    blocks = [
        *_head(report),
        *_verdict(report),
        *_coverage(report),
        *_scenarios(report),
        *_red_flags(report),
        *_questions(report),
        *_claims(report),
        *_capacity(report),
        *_events(report),
        *_mapping(report),
        *_field_coverage(report),
        *_permissions(report),
        *_waivers(report),
        *_lines(report),
        *_open_questions(report),
        *_traffic(report),
    ]
    return "\n\n".join(blocks) + "\n"


def escape(text: str, limit: int = 600) -> str:
    """Text on one line that no Markdown reader takes for markup, a link or a mention.

    Letters that could open a construct get a backslash or become an entity; an empty comment behind an at sign keeps
    platforms from notifying anyone.
    """
    line = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _SPECIAL.sub(r"\\\g<0>", line).replace("@", "@<!-- -->")
    return _AT_THE_START.sub(lambda match: match[0] + "\\" if match[0].isdigit() else "\\" + match[0], line)


def _told(text: str, limit: int = 1200) -> str:
    return escape(sentence(text, limit), limit)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are already Markdown."""
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _head(report: Report) -> list[str]:
    vendor = report["vendor"]
    product = f" ({escape(vendor['product'], 120)})" if vendor["product"] else ""
    where = escape(vendor["base_url"] or "documents only", 200)
    return [f"# API audit of {escape(vendor['name'], 120)}{product}", f"{where}, {words.moment(report['started_at'])}"]


def _verdict(report: Report) -> list[str]:
    score = report["score"]
    blocks = ["## Verdict"]
    if not report["complete"]:
        blocks.append(f"**This audit is not complete.** {_told(report['stopped'] or '')}".rstrip())
    if score["grade"]:
        blocks.append(f"**Grade {score['grade']}**: {words.GRADES[score['grade']]}. {_score_words(score)}")
    else:
        blocks.append(f"**No grade.** {_told(score['withheld'] or 'too little was seen')} {_score_words(score)}")
    if score["caps"]:
        titles = outline.titles(report)
        caps = (
            f"{cap['grade']} at best: {_told(titles.get(cap['flag'], cap['flag']))} {_told(cap['reason'])}"
            for cap in score["caps"]
        )
        blocks.append(f"Grade without red flags: {score['raw_grade'] or 'none'}. Held down by:\n\n{_bullets(caps)}")
    steps = outline.next_steps(report)
    if steps:
        blocks.append(
            "### What to do next\n\n" + "\n".join(f"{number}. {escape(step)}" for number, step in enumerate(steps, 1))
        )
    return blocks


def _score_words(score: Mapping[str, Any]) -> str:
    if score["low"] is None:
        return "Nothing that weighs could be judged."
    return f"Score {words.score_range(score['low'], score['high'])} of 100."


def _coverage(report: Report) -> list[str]:
    shares = report["coverage"]
    rows = [
        (words.BASES[name].capitalize(), words.percent(shares[name]), words.BASIS_MEANINGS[name])
        for name in words.BASES
    ]
    return ["## What was seen, and what was not", _table(("Stands on", "Share", "Meaning"), rows)]


def _scenarios(report: Report) -> list[str]:
    rows = []
    for each in report["scenarios"]:
        needs = [*outline.in_the_way(report, each), *outline.still_needed(report, each)]
        reasons = [escape(condition.title, 120) for condition in needs] or [escape(text) for text in each["remarks"]]
        score = "" if each["low"] is None else words.score_range(each["low"], each["high"])
        verdict = words.SCENARIO_VERDICTS[each["verdict"]]
        rows.append((escape(each["title"], 120), verdict, score, "; ".join(reasons) or "–"))
    return ["## Can the integrations be built?", _table(("Integration", "Verdict", "Score", "To settle"), rows)]


def _red_flags(report: Report) -> list[str]:
    raised, clear = outline.flags(report, "raised"), outline.flags(report, "clear")
    untested, idle = outline.flags(report, "not_tested"), outline.flags(report, "not_applicable")
    blocks = ["## Red flags"]
    if raised:
        blocks.append(_bullets(_raised(flag) for flag in raised))
    else:
        blocks.append("None was raised.")
    for name, some in (
        ("Looked for and not found", clear),
        ("Not tested, so they may be there", untested),
        ("Do not apply", idle),
    ):
        if some:
            blocks.append(f"**{name}:** " + "; ".join(escape(flag["title"], 160) for flag in some) + ".")
    return blocks


def _raised(flag: Mapping[str, Any]) -> str:
    title = f"**{words.SEVERITIES[flag['severity']]}: {escape(flag['title'], 160)}**"
    told = f"{_told(flag['summary'])} {_told(flag['remedy'])}".strip()
    return f"{title} ({words.BASES[flag['basis']]}). {told}"


def _questions(report: Report) -> list[str]:
    blocks = ["## Questions"]
    for group, questions in outline.questions_by_group(report):
        score = "not scored" if group["low"] is None else words.score_range(group["low"], group["high"])
        rows = [
            (escape(each["title"], 160), words.VERDICTS[each["verdict"]], _basis(each), escape(each["summary"]))
            for each in questions
        ]
        blocks.append(f"### {escape(group['title'], 160)} ({score})")
        blocks.append(_table(("Question", "Verdict", "Stands on", "What was found"), rows))
    return blocks


def _basis(question: Mapping[str, Any]) -> str:
    return "–" if question["basis"] == "none" else words.BASES[question["basis"]]


def _claims(report: Report) -> list[str]:
    if not report["claims"]:
        return []
    titles = outline.titles(report)
    rows = [
        (
            escape(titles.get(each["question"], each["question"]), 160),
            escape(each["claimed"]),
            escape(each["observed"]) if each["tested"] else "–",
            "not tested" if not each["tested"] else "contradicted" if each["contradicted"] else "holds",
        )
        for each in report["claims"]
    ]
    return [
        "## What the vendor says, against what was seen",
        _table(("Question", "The vendor says", "We found", "Result"), rows),
    ]


def _capacity(report: Report) -> list[str]:
    loads = outline.loads(report)
    if not loads:
        return []
    rows = [
        (escape(each.need), escape(", ".join(each.needed_by)), words.FITS[each.state], _told(each.because))
        for each in loads
    ]
    return [
        "## Does your volume fit?",
        _table(("Need", "For", "Fits", "Because"), rows),
        *(_reckoned(each) for each in loads if each.working),
    ]


def _reckoned(load: outline.Load) -> str:
    """The arithmetic of one volume, and what would make it fit."""
    lines = [*load.working, *filter(None, [outline.ways_out(load)])]
    return f"{escape(load.need)}:\n\n{_bullets(_told(line) or '–' for line in lines)}"


def _events(report: Report) -> list[str]:
    """Who got what of the events that were caused, the gaps of retries, and what an outage would lose."""
    events = report.get("events")
    if events is None:
        return []
    causes = "\n".join(f"{each['number']}. {_told(event_outline.cause_words(each))}" for each in events["causes"])
    came = [
        (escape(each.name), escape(each.does), escape(each.came), each.first_after, each.tries, each.gaps)
        for each in event_outline.rows(events)
    ]
    told = f"{_told(event_outline.retry_words(events))} {_told(event_outline.clock_words(events))}".rstrip()
    watched = _told(event_outline.watched_words(events))
    blocks = ["## What became of the events", causes, watched, _table(_EVENT_HEADS, came)]
    blocks += ["### How often, and for how long", told]
    if events["retries"]:
        heads = [escape(head, 60) for head in event_outline.gap_heads(events)]
        blocks.append(_table(heads, event_outline.gap_rows(events)))
    lost = [(each.length, each.lost, each.stands_on, _told(each.because)) for each in event_outline.outage_rows(events)]
    if lost:
        outages = _table(("Outage", "Lost", "Stands on", "Because"), lost)
        blocks += ["### What an outage of your receiver would lose", outages]
    return blocks


def _mapping(report: Report) -> list[str]:
    if not report["mapping"]:
        return []
    seen = {None: "not looked at", True: "seen", False: "not seen"}
    rows = [
        (
            escape(each["need"]),
            escape(each["found"] or "not found"),
            escape(each["type"] or "–"),
            seen[each["seen_live"]],
        )
        for each in report["mapping"]
    ]
    return ["## The fields you need", _table(("Need", "Found as", "Type", "In live records"), rows)]


def _field_coverage(report: Report) -> list[str]:
    rows = [
        (
            escape(each["resource"].replace("_", " ")),
            str(each["fields"]),
            str(each["typed"]),
            str(each["described"]),
            str(each["with_values"]),
            "–" if each["required_known"] is None else str(each["required_known"]),
            "–" if each["read_only_known"] is None else str(each["read_only_known"]),
            f"{each['moments_with_format']} of {each['moments']}" if each["moments"] else "–",
            f"{each['quantities_with_unit']} of {each['quantities']}" if each["quantities"] else "–",
        )
        for each in report.get("field_coverage", ())
    ]
    heads = ("Records", "Fields", "Type", "Meaning", "Values", "Must be sent", "May be sent", "Date format", "Unit")
    return ["## How fully the fields are described", _table(heads, rows)] if rows else []


def _permissions(report: Report) -> list[str]:
    matrix = shown_matrix(report)
    if matrix is None:
        return []
    rows = [(escape(group, 80), *(cell or "·" for cell in cells)) for group, cells in matrix.rows]
    heads = ("Operations", *(escape(head, 60) for head in matrix.heads))
    more = f"And {matrix.more_rows} more rows and {matrix.more_scopes} more permissions, in report.json."
    told = f"{matrix.told} R: may read. W: may create, change or delete."
    blocks = ["## Which permission opens what", told, _table(heads, rows)]
    return [*blocks, more] if matrix.more_rows or matrix.more_scopes else blocks


def _waivers(report: Report) -> list[str]:
    if not report["waivers"]:
        return []
    titles = outline.titles(report)
    rows = [
        (
            escape(titles.get(each["target"], each["target"])),
            escape(each["reason"]),
            each["until"],
            words.WAIVER_STATES[each["state"]],
        )
        for each in report["waivers"]
    ]
    return ["## Accepted for now", _table(("What", "Why", "Until", "State"), rows)]


def _lines(report: Report) -> list[str]:
    """How to see each gap again: a line for a shell in a block of code, once for all findings that rest on it."""
    titles: dict[str, list[str]] = {}
    for finding in report["findings"]:
        if finding["verdict"] in {"not_met", "partial"} and finding.get("reproduce"):
            titles.setdefault(finding["reproduce"], []).append(escape(finding["title"], 160))
    if not titles:
        return []
    blocks = [f"{'; '.join(dict.fromkeys(names))}:\n\n{_code(line)}" for line, names in titles.items()]
    told = "Each line repeats a request in a terminal. Put your own credentials into the `$VARIABLES` first."
    more = [f"And {len(blocks) - _MOST_LINES} more, in report.json."] if len(blocks) > _MOST_LINES else []
    return ["## See the gaps for yourself", told, *blocks[:_MOST_LINES], *more]


def _code(line: str) -> str:
    """A line as a block of code, in a fence that it cannot close."""
    longest = max((len(ticks) for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    told = visible(line.replace("\n", " "))
    return f"{fence}sh\n{told}\n{fence}"


def _open_questions(report: Report) -> list[str]:
    unanswered = outline.open_questions(report)
    if not unanswered:
        return []
    lines = (f"**{escape(each['title'], 160)}.** {_told(each['ask'] or each['question'])}" for each in unanswered)
    return ["## Questions to send the vendor", _bullets(lines)]


def _traffic(report: Report) -> list[str]:
    traffic = report["traffic"]
    told = (
        f"{words.counted(traffic['requests'], 'request')} in {words.number(traffic['seconds'])} s, "
        f"{traffic['writes']} of them writes; "
        f"{words.counted(traffic['created'], 'record')} created, {traffic['deleted']} deleted."
    )
    left = [f"Left behind: {escape(each)}" for each in traffic["left_behind"]]
    return ["## What the audit did to the vendor's system", told, *([_bullets(left)] if left else [])]
