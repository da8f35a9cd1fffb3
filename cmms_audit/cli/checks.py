"""`cmms-audit checks`: what the battery asks, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.battery.check import Check
from cmms_audit.cli.options import load_battery
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError
from cmms_audit.guide import Guide
from cmms_audit.model import Sends

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="List the checks, or show one in plain words.")

_Folders = Annotated[
    list[Path] | None, typer.Option("--checks", metavar="DIR", help="Add a folder of your own checks.")
]

_SENDS = {
    Sends.NOTHING: "nothing; it reads the vendor's documents",
    Sends.READS: "reading requests",
    Sends.WRITES: "requests that create, change and delete records (needs --allow writes)",
    Sends.BURST: "a short burst of requests (needs --allow burst)",
    Sends.WEBHOOKS: "webhook subscriptions (needs --allow webhooks)",
}


@app.command("list")
def list_checks(checks: _Folders = None) -> None:
    """List every check under its question."""
    guide, battery = load_battery(tuple(checks or ()))
    for group in guide.groups:
        typer.echo(f"{group.title}")
        for question in group.questions:
            typer.echo(f"  {question}  {guide.questions[question].title}")
            for each in battery:
                if each.question == question:
                    typer.echo(f"    {each.id:<38} {each.sends:<9} {'' if each.decisive else 'informs only'}".rstrip())


@app.command("show")
def show_check(
    check_id: Annotated[str, typer.Argument(metavar="ID", help="A check or question id.")],
    checks: _Folders = None,
) -> None:
    """Show one check, or a question with all its checks: why it matters, how it is tested, what good looks like."""
    guide, battery = load_battery(tuple(checks or ()))
    by_id = {each.id: each for each in battery}
    if check_id in by_id:
        _show_check(by_id[check_id], guide)
    elif check_id in guide.questions:
        _show_question(check_id, guide, battery)
    else:
        right = nearest(check_id, [*by_id, *guide.questions])
        raise InputError(
            f"there is no check or question {check_id!r}; "
            + (f"did you mean {right}?" if right else "see `cmms-audit checks list`")
        )


def _show_check(declared: Check, guide: Guide) -> None:
    text = guide.check_text(declared.id)
    typer.echo(declared.id)
    _paragraph("question", f"{declared.question}: {guide.questions[declared.question].question}")
    _paragraph("decides", declared.aspect if declared.decisive else "nothing; it informs")
    _paragraph("sends", _SENDS[declared.sends])
    if declared.flags:
        _paragraph("may raise", ", ".join(declared.flags))
    _paragraph("why", text.why if text else declared.explanation)
    if text:
        _paragraph("how", text.how)
        _paragraph("when it holds", text.passes)
        _paragraph("when it fails", text.fails)
        _paragraph("what to do", text.remedy)


def _show_question(question_id: str, guide: Guide, battery: tuple[Check, ...]) -> None:
    question = guide.questions[question_id]
    typer.echo(f"{question_id}: {question.title}")
    for label, words in (
        ("question", question.question),
        ("why", question.why),
        ("good", question.good),
        ("ask", question.ask),
        ("contract", question.clause),
        ("checks", ", ".join(each.id for each in battery if each.question == question_id)),
    ):
        _paragraph(label, words)


def _paragraph(label: str, words: str) -> None:
    typer.echo(f"\n{label}\n  {' '.join(words.split())}")
