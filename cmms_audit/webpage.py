"""The words and links of a web page, read without running it and in time that grows only with its length.

No tree is built: what is wanted is the text a person would read and where the links lead. A page that draws itself
with a program shows little text here, and whoever asks has to say so.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urljoin

from msgspec import Struct

from cmms_audit.patterns import pattern

_LONGEST_PAGE = 1_000_000
_UNSEEN = ("script", "style", "svg", "noscript", "template")
_BREAK = pattern(r"<(?:/?(?:p|div|li|tr|h[1-6]|table|section|article|ul|ol)|br)\b[^<>]{0,2000}>", re.IGNORECASE)
_CELL = pattern(r"</t[dh]\s{0,20}>", re.IGNORECASE)
_TAG = pattern(r"<[^<>]{1,4000}>")
_ANCHOR = pattern(r"<a\s([^<>]{1,4000})>", re.IGNORECASE)
_HREF = pattern(r"\bhref\s{0,5}=\s{0,5}(?:\"([^\"]{0,2000})\"|'([^']{0,2000})'|([^\s\"'>]{1,2000}))", re.IGNORECASE)
_MARKDOWN_LINK = pattern(r"\[([^\[\]]{1,200})\]\(([^()\s]{1,2000})\)")
_LONGEST_LABEL = 600


class Link(Struct, frozen=True):
    """A link of a page: the words that it shows, and its full address."""

    label: str
    url: str


def page_text(page: str) -> str:
    """The text that a reader of the page sees, a line for each paragraph, heading, list entry or table row."""
    text = _BREAK.sub("\n", _CELL.sub(" | ", _without_unseen(page[:_LONGEST_PAGE])))
    text = html.unescape(_TAG.sub(" ", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def links(page: str, address: str) -> Iterator[Link]:
    """The links of a page (HTML or Markdown) that is served at `address`, in order, each with its full address."""
    seen = _without_unseen(page[:_LONGEST_PAGE])
    for match in _ANCHOR.finditer(seen):
        target = _HREF.search(match[1])
        if target:
            label = seen[match.end() : match.end() + _LONGEST_LABEL]
            yield from _link(label.lower().partition("</a")[0], target[1] or target[2] or target[3] or "", address)
    for label, to in _MARKDOWN_LINK.findall(seen):
        yield from _link(label, to, address)


def _link(label: str, target: str, address: str) -> Iterator[Link]:
    try:
        url = urljoin(address, html.unescape(target).strip())
    except ValueError:
        return
    yield Link(" ".join(html.unescape(_TAG.sub(" ", label)).split()), url.partition("#")[0])


def _without_unseen(page: str) -> str:
    """The page without what a browser does not show: programs, style sheets, drawings."""
    for name in _UNSEEN:
        page = "".join(_between(page, name))
    return page


def _between(page: str, name: str) -> Iterator[str]:
    lower = page.lower()
    at = 0
    while (start := lower.find(f"<{name}", at)) >= 0:
        yield page[at:start]
        end = lower.find(f"</{name}", start)
        if end < 0:
            return
        at = end + len(name) + 3
    yield page[at:]
