"""The words and links of a web page."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.webpage import Link, links, page_text

PAGE = """<html><head><style>p {color: red}</style><script>var x = "<p>not text</p>";</script></head>
<body><h1>Limits &amp; versions</h1><p>100 calls
per minute</p><table><tr><td>hour</td><td>1,000</td></tr></table>
<a class="x" href="/docs/limits#top">Rate <b>limits</b></a> <a href='https://other.example/'>Elsewhere</a></body></html>"""


def test_the_text_is_what_a_reader_sees_a_line_for_each_paragraph_or_row() -> None:
    lines = page_text(PAGE).split("\n")
    assert "Limits & versions" in lines
    assert "100 calls" in lines[1]
    assert "hour | 1,000 |" in lines
    assert "not text" not in page_text(PAGE)
    assert "red" not in page_text(PAGE)


def test_links_are_full_addresses_without_fragments() -> None:
    assert list(links(PAGE, "https://docs.example/start")) == [
        Link("rate limits", "https://docs.example/docs/limits"),
        Link("elsewhere", "https://other.example/"),
    ]


def test_links_of_markdown_are_read_too() -> None:
    assert list(links("See [Limits](limits.md).", "https://d.example/a/")) == [
        Link("Limits", "https://d.example/a/limits.md")
    ]


@given(st.text(alphabet="<>/a \n\"'=hrefscipt[]()", max_size=300))
def test_any_text_is_read_without_failing(page: str) -> None:
    page_text(page)
    list(links(page, "https://d.example/"))


def test_a_hostile_page_takes_no_longer_than_its_length_deserves() -> None:
    started = time.perf_counter()
    for piece in ("<", "<a ", "<script", "<a href=", "[", "<!--", "<p", "</"):
        page = piece * (400_000 // len(piece))
        page_text(page)
        list(links(page, "https://d.example/"))
    assert time.perf_counter() - started < 5
