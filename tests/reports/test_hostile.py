"""Whatever a vendor writes stays text: it becomes no element, no style, no link, no escape sequence, no markup."""

from __future__ import annotations

import re
import time
import unicodedata
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from cmms_audit.model import Evidence, Exchange, Request, Response
from cmms_audit.reports.document import build
from cmms_audit.reports.html import render_html
from cmms_audit.reports.markdown import render_markdown
from tests.reports import fixture
from tests.reports.pages import Page, parsed
from tests.reports.regenerate import terminal_text

ATTACKS = (
    "<script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "</title></head><body onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' style='position:fixed",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!-- --> -->",
    "&lt;b&gt;&#60;i&#62;",
    "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\x9b31m",
    "safe\u202egnp.exe\u2066\u200b\ufeff",
    "a" * 10_000,
    "Z" + "\u0301" * 500,
    "[bold red]rich[/] :boom:",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "# heading",
    "1. list",
    "- item | cell | `code` **bold** _under_ ~~gone~~ $x$",
    "www.evil.example https://evil.example @everyone user@evil.example",
    "<https://evil.example>",
    "line\nbreak\r\n\n    code\n```\nfence\n---",
    "\ud800 lone \U000e0041",
)

hostile_text = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(min_size=1, max_size=39),
    st.text("<>&\"'`*_[]()#|\\!-+.:/@~$\n\x1b\u202e a1", min_size=1, max_size=39),
)


def poisoned(text: str) -> dict[str, Any]:
    """The report with this text wherever a vendor's words can come to stand."""
    report = fixture.report()
    report["vendor"] |= dict.fromkeys(("name", "product", "base_url", "docs_url", "spec", "spec_version"), text)
    report["stopped"] = text
    report["warnings"] = [text]
    for finding in report["findings"]:
        finding |= dict.fromkeys(("title", "summary", "detail", "remedy", "subject", "reproduce"), text)
        for evidence in finding["evidence"]:
            evidence |= {"pointer": text} if evidence["kind"] == "spec" else {}
    for each in (*report["questions"], *report["red_flags"]):
        each["summary"] = text
    for claim in report["claims"]:
        claim |= {"claimed": text, "observed": text, "evidence_url": text}
    for resource in report["resources"]:
        resource |= {"kind": text, "path": text, "because": text}
    for field in report["mapping"]:
        field |= {"need": text, "found": text, "type": text}
    for waiver in report["waivers"]:
        waiver |= {"target": text, "reason": text, "approved_by": text}
    for each in report["capacity"]:
        each |= {"need": text, "because": text, "estimate": text, "working": [text], "would_fit": [text]}
    poison_events(report["events"], text)
    report["traffic"]["left_behind"] = [text]
    return report


def poison_events(events: dict[str, Any], text: str) -> None:
    for cause in events["causes"]:
        cause["differs"] = text
    for address in events["addresses"]:
        address |= dict.fromkeys(("name", "does", "script"), text) | {"narrowed": [text]}
        address["refused"] = address["refused"] and text
        for tried in (one for event in address["events"] for one in event["tries"]):
            tried["treated"] = text
    events["retries"]["shape"] = text
    for outage in events["outages"]:
        outage["because"] = text
    for reference in events["references"]:
        reference["name"] = text


def poisoned_exchange(text: str) -> Exchange:
    request = Request("GET", f"{fixture.SANDBOX}/{text}", ((text, text),), text)
    return replace(fixture.exchanges()[2], request=request, response=Response(200, ((text, text),), text, 1))


def steering(text: str) -> set[str]:
    """The characters of a text that could steer a terminal or reorder a line."""
    return {letter for letter in set(text) if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"}} - {"\n", "\t"}


def short(text: str) -> str:
    """The attacks as they are, but no body so long that the page adds its note about a cut."""
    return text[:300]


@cache
def harmless_page() -> Page:
    return parsed(render_html(poisoned("x"), [poisoned_exchange("x")]))


def markdown_outline(markdown: str) -> list[str]:
    """The blocks and inline constructs that a reader sees; the empty comments behind at signs are ours."""
    pieces = []
    for block in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        inline = [each for each in block.children or [] if each.content != "<!-- -->"]
        pieces += [block.type, *(each.type for each in inline if each.type != "text")]
    return pieces


@given(hostile_text)
@settings(max_examples=30, deadline=None)
def test_no_text_of_a_vendor_becomes_an_element_or_an_attribute_of_the_page(text: str) -> None:
    page = parsed(render_html(poisoned(short(text)), [poisoned_exchange(short(text))]))

    assert page.outline == harmless_page().outline
    assert steering(page.text) == set()


@given(hostile_text)
@settings(max_examples=30, deadline=None)
def test_no_text_of_a_vendor_steers_the_terminal(text: str) -> None:
    assert steering(terminal_text(poisoned(text))) == set()


@given(hostile_text)
@settings(max_examples=30, deadline=None)
def test_no_text_of_a_vendor_becomes_markdown(text: str) -> None:
    markdown = render_markdown(poisoned(text))

    assert markdown_outline(markdown) == markdown_outline(render_markdown(poisoned("x")))
    assert steering(markdown) == set()


@pytest.mark.parametrize("bait", ["https://evil.example", "www.evil.example", "someone@evil.example", "@everyone"])
def test_markdown_gives_a_platform_nothing_to_link_or_notify(bait: str) -> None:
    markdown = render_markdown(poisoned(f"see {bait} now"))

    linked = re.sub(r"^(`{3,})sh\n.*\n\1$", "", markdown, flags=re.MULTILINE)  # nothing is linked in a block of code
    assert re.search(r"(?<!\\)://(?!developers)|www\.|@(?!<!-- -->)", linked) is None


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/path",
        "https://northwind.example@evil.example/",
        "https:\\\\evil.example",
        "https://еvil.example/",
        "https://evil.example/a b",
        "https://[::1",
        "https://evil.example:99999/",
        "ftp://evil.example/",
        "https://",
        "https://evil.example/" + "a" * 3000,
    ],
)
def test_only_plain_web_addresses_can_be_clicked(address: str) -> None:
    report = fixture.report()
    report["vendor"]["docs_url"] = address
    report["claims"] = []

    targets = [attrs["href"] or "" for attrs in parsed(render_html(report)).all("a")]

    assert all(target.startswith("#") for target in targets)


def test_a_pile_of_accents_is_taken_down() -> None:
    html = render_html(poisoned("Z" + "\u0301" * 500))

    assert "Z" + "\u0301" * 3 in html
    assert "\u0301" * 4 not in html


def test_a_thousand_findings_and_three_hundred_exchanges_are_rendered_within_a_second() -> None:
    some = fixture.findings()
    findings = [
        replace(some[number % len(some)], subject=f"field {number}", evidence=(Evidence("exchange", id=number % 300),))
        for number in range(1000)
    ]
    body = '{"data":[' + ",".join([fixture.WORK_ORDER] * 500) + "]}"
    exchanges = [fixture.exchange(number, "GET", f"/work-orders?page={number}", 200, body) for number in range(300)]
    render_html(fixture.report())  # compiles the templates

    started = time.process_time()
    report = build(fixture.run_facts(), fixture.scorecard(), findings, fixture.guide())
    html = render_html(report, exchanges)

    assert time.process_time() - started < 1
    assert html.count('class="finding"') == 1000
    assert html.count('id="exchange-') == 300
