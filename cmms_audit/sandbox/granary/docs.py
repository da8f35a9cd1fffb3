"""The public documentation pages, as plain HTML: what a developer reads before any sales call."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cmms_audit.sandbox.granary import auth, catalogue, limits, problems, texts, webhooks
from cmms_audit.sandbox.granary.calls import NO_VERSIONING, api_prefix
from cmms_audit.sandbox.granary.limits import Limit
from cmms_audit.sandbox.switch import Broken, Switch

DOCS_BEHIND_LOGIN = Switch(
    "docs-behind-login",
    "documentation and document are shown to customers only",
    questions=("data.documented",),
    flags=("docs-behind-sales-call",),
)
SWITCHES = (DOCS_BEHIND_LOGIN,)

LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in</title></head><body>
<h1>Sign in to read the documentation</h1>
<form method="post" action="/login"><label>E-mail <input name="email" type="email"></label>
<label>Password <input name="password" type="password"></label><button>Sign in</button></form>
<p>Not a customer yet? Talk to sales to request access.</p>
</body></html>"""


def routes(broken: Broken, published: Sequence[Limit]) -> list[Route]:
    """The index and its pages."""

    async def page(request: Request) -> Response:
        if DOCS_BEHIND_LOGIN in broken:
            return Response(LOGIN_PAGE, 401, media_type="text/html")
        name = request.path_params.get("name", "")
        shown = pages(broken, published)
        if name not in shown:
            return Response(_page("Not found", "<p>There is no such page.</p>"), 404, media_type="text/html")
        return Response(shown[name], media_type="text/html")

    return [Route("/docs", page), Route("/docs/{name}", page)]


def pages(broken: Broken, published: Sequence[Limit]) -> dict[str, str]:
    """Every page by the last part of its address; the index under the empty name."""
    chapters = {
        "authentication": ("Authentication", _paragraph(texts.authentication(broken))),
        "rotation": ("Rotation of credentials", _paragraph(texts.rotation(broken))),
        "limits": ("Rate limits", _limits(broken, published)),
        "webhooks": ("Webhooks", _paragraph(texts.events(broken))),
        "errors": ("Error codes", _errors(broken)),
        "versioning": ("Versions and deprecation policy", _paragraph(texts.versioning(broken))),
        **_changes(broken),
        "scopes": ("Scopes: permission matrix", _scopes(broken)),
    }
    if webhooks.NO_WEBHOOKS in broken:
        del chapters["webhooks"]
    if broken & {auth.NO_SCOPES, auth.BASIC_ONLY}:
        del chapters["scopes"]
    links = "".join(f'<li><a href="/docs/{name}">{title}</a></li>' for name, (title, _) in chapters.items())
    address = f"{api_prefix(broken)}/openapi.json"
    index = f'<p><a href="{address}">OpenAPI document</a></p><ul>{links}</ul>'
    found = {name: _page(title, body) for name, (title, body) in chapters.items()}
    return {"": _page("Granary developer documentation", index), **found}


def _page(title: str, body: str) -> str:
    title = html.escape(title)
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    return f'<!DOCTYPE html>\n<html lang="en">{head}<body><h1>{title}</h1>{body}</body></html>'


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = ("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{''.join(lines)}</table>"


def _limits(broken: Broken, published: Sequence[Limit]) -> str:
    text = _paragraph(texts.rate_limits(published, broken))
    if limits.NO_PUBLISHED_LIMITS in broken:
        return text
    return text + _table(("Per", "Calls"), ((each.name, f"{each.calls:,}") for each in published))


def _errors(broken: Broken) -> str:
    if problems.GENERIC_ERRORS in broken:
        return _paragraph("If something went wrong, repeat the call later.")
    rows = "".join(
        f'<tr id="{code.name}"><td>{code.name}</td><td>{code.status}</td><td>{code.title}</td>'
        f"<td>{code.advice}</td></tr>"
        for code in problems.CODES.values()
    )
    head = "<tr><th>Code</th><th>Status</th><th>Meaning</th><th>What to do</th></tr>"
    return f"{_paragraph(texts.errors(broken))}<table>{head}{rows}</table>"


def _changes(broken: Broken) -> dict[str, tuple[str, str]]:
    name, title = (
        ("release-notes", "Release notes") if texts.RELEASE_NOTES_ONLY in broken else ("changelog", "Changelog")
    )
    return {name: (title, _changelog(broken))}


def _changelog(broken: Broken) -> str:
    entries = (
        ("2025-11-04", "Meter readings can be listed by read_since."),
        ("2025-09-16", "Bulk update of work orders."),
        ("2025-06-03", "Webhook subscriptions can be filtered by asset class."),
    )
    if NO_VERSIONING in broken:
        return _table(("Date", "Change"), entries)
    return _table(("Date", "Release", "Change"), ((d, f"1.{14 - n}.0", c) for n, (d, c) in enumerate(entries)))


def _scopes(broken: Broken) -> str:
    operations = catalogue.operations(catalogue.resources(broken), broken)
    rows = ((f"{each.method} {each.path}", " ".join(each.scopes) or "open") for each in operations)
    return _table(("Operation", "Scope"), rows)
