"""`cmms-audit explain`: a check, a question or a red flag in plain words, for whoever has to decide about a vendor."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from cmms_audit.battery.check import Check
from cmms_audit.cli.options import load_battery
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError
from cmms_audit.guide import Guide, Question, RedFlag
from cmms_audit.model import Sends

app = typer.Typer(rich_markup_mode=None)

Part = str | tuple[str, ...] | Mapping[str, str | int]

_WIDTH = 100
_NOBODY_LOOKS = "No check looks for it; it is open until you ask the vendor."
_SENDS = {
    Sends.NOTHING: "nothing; it reads the vendor's documents",
    Sends.READS: "reading requests",
    Sends.WRITES: "requests that create, change and delete records (needs --allow writes)",
    Sends.BURST: "a short burst of requests (needs --allow burst)",
    Sends.WEBHOOKS: "webhook subscriptions (needs --allow webhooks)",
}
_LABELS = {
    "question": "The question",
    "why": "Why it matters",
    "how": "How it is tested",
    "passes": "When it holds",
    "fails": "When it fails",
    "good": "What good looks like",
    "remedy": "What to do",
    "ask": "What to ask the vendor",
    "clause": "What to write into the contract",
    "aspects": "What the answer is made of",
    "sends": "What it sends",
    "decides": "What it decides",
    "weights": "How much it weighs, 0 to 5",
    "severities": "What it costs",
    "flags": "Red flags",
    "questions": "Questions",
    "see_also": "See also",
}


class Explanation(Struct, frozen=True):
    """What there is to say of one id. `parts` are in the order of reading, by the names in `_LABELS`; none is empty."""

    id: str
    kind: str
    title: str
    parts: Mapping[str, Part]


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a check, a question or a red flag.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    checks: Annotated[
        list[Path] | None, typer.Option("--checks", metavar="DIR", help="Add a folder of your own checks.")
    ] = None,
) -> None:
    """Explain a check, a question or a red flag: why it matters, how it is tested, what to ask and what to sign."""
    guide, battery = load_battery(tuple(checks or ()))
    told = explained(name, guide, battery)
    if as_json:
        members = {"id": told.id, "kind": told.kind, "title": told.title, **told.parts}
        typer.echo(json.dumps(members, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_lines(told)))


def explained(name: str, guide: Guide, battery: Sequence[Check]) -> Explanation:
    """What there is to say of an id. Raises InputError, naming the nearest right one, where there is no such id."""
    by_id = {each.id: each for each in battery}
    if name in by_id:
        return _check(by_id[name], guide, battery)
    if name in guide.questions:
        return _question(guide.questions[name], guide, battery)
    if name in guide.flags:
        return _flag(guide.flags[name], guide, battery)
    right = nearest(name, [*by_id, *guide.questions, *guide.flags])
    hint = f"did you mean {right}?" if right else "see `cmms-audit checks list`"
    raise InputError(f"there is no check, question or red flag {name!r}; {hint}")


def _check(declared: Check, guide: Guide, battery: Sequence[Check]) -> Explanation:
    """A check says itself why and how; what is good, asked and signed is its question's."""
    text, question = guide.check_text(declared.id), guide.questions[declared.question]
    informs = "nothing by itself; it informs, and may raise red flags"
    parts: dict[str, Part] = {
        "question": f"{question.id}: {question.question}",
        "why": text.why if text else question.why,
        "how": text.how if text else declared.explanation or "Whoever wrote this check did not say.",
        "passes": text.passes if text else "",
        "fails": text.fails if text else "",
        "good": question.good,
        "remedy": text.remedy if text else "",
        "ask": question.ask,
        "clause": question.clause,
        "sends": _SENDS[declared.sends],
        "decides": question.aspects.get(declared.aspect, declared.aspect) if declared.decisive else informs,
        "weights": _weights(question, guide),
        "flags": _titled(declared.flags, guide),
        "see_also": tuple(each.id for each in battery if each.question == question.id and each is not declared),
    }
    return Explanation(declared.id, "check", text.passes if text else question.title, _filled(parts))


def _question(question: Question, guide: Guide, battery: Sequence[Check]) -> Explanation:
    asking = [each for each in battery if each.question == question.id]
    flags = [flag.id for flag in guide.flags.values() if question.id in (*flag.questions, flag.if_absent)]
    parts: dict[str, Part] = {
        "question": question.question,
        "why": question.why,
        "how": tuple(_says(each, guide) for each in asking) or _NOBODY_LOOKS,
        "good": question.good,
        "ask": question.ask,
        "clause": question.clause,
        "aspects": tuple(question.aspects.values()),
        "sends": tuple(_SENDS[sends] for sends in Sends if any(each.sends is sends for each in asking)),
        "weights": _weights(question, guide),
        "flags": _titled(flags, guide),
        "see_also": (question.parent,) if question.parent else (),
    }
    return Explanation(question.id, "question", question.title, _filled(parts))


def _flag(flag: RedFlag, guide: Guide, battery: Sequence[Check]) -> Explanation:
    """A red flag says what to do; what is good, asked and signed is that of its questions."""
    looking = [each for each in battery if flag.id in each.flags]
    questions = [guide.questions[name] for name in flag.questions]
    parts: dict[str, Part] = {
        "why": flag.why,
        "how": (*(_says(each, guide) for each in looking), *_besides(flag, guide)) or _NOBODY_LOOKS,
        "good": tuple(each.good for each in questions),
        "remedy": flag.remedy,
        "ask": tuple(each.ask for each in questions),
        "clause": tuple(each.clause for each in questions),
        "sends": tuple(_SENDS[sends] for sends in Sends if any(each.sends is sends for each in looking)),
        "severities": {each.title: flag.severity_in(each.id).value for each in guide.scenarios.values()},
        "questions": tuple(f"{each.title} ({each.id})" for each in questions),
    }
    return Explanation(flag.id, "red flag", flag.title, _filled(parts))


def _besides(flag: RedFlag, guide: Guide) -> Iterable[str]:
    """What raises a flag without a check of its own."""
    if flag.if_absent:
        title = guide.questions[flag.if_absent].title
        yield f"Raised as well where an integration needs it and the vendor has nothing of the kind: {title}"
    if flag.if_over_capacity:
        yield f"Costs {flag.if_over_capacity.value} where your volumes do not fit into the vendor's limits"
    if flag.from_claims:
        yield "Raised where documents or answers contradict what the vendor claims in the vendor file"


def _says(declared: Check, guide: Guide) -> str:
    text = guide.check_text(declared.id)
    return f"{text.passes} ({declared.id})" if text else declared.id


def _weights(question: Question, guide: Guide) -> Mapping[str, int]:
    return {each.title: each.weights[question.id] for each in guide.scenarios.values()}


def _titled(flags: Iterable[str], guide: Guide) -> tuple[str, ...]:
    return tuple(f"{guide.flags[name].title} ({name})" if name in guide.flags else name for name in flags)


def _filled(parts: Mapping[str, Part]) -> dict[str, Part]:
    return {name: part for name, part in parts.items() if part}


def _lines(told: Explanation) -> Iterable[str]:
    yield f"{told.id} ({told.kind}): {told.title}"
    for name, part in told.parts.items():
        yield f"\n{_LABELS[name]}"
        if isinstance(part, Mapping):
            yield from (f"  {key}: {value}" for key, value in part.items())
        elif isinstance(part, str):
            yield _wrapped(part)
        else:
            yield from (_wrapped(each, "- ") for each in part)


def _wrapped(words: str, mark: str = "") -> str:
    """Words in lines that are easy to read; a single blank stands between two words, wherever the file broke them."""
    indent = "  " + " " * len(mark)
    return textwrap.fill(
        " ".join(words.split()),
        _WIDTH,
        initial_indent=f"  {mark}",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
