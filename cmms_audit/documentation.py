"""The vendor's public documentation, as anybody can read it: the page at docs_url and those that it links by a name
about limits, versions, changes or webhooks. Reads only; what the words mean is for the checks.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.addresses import origin
from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Evidence, Exchange
from cmms_audit.patterns import pattern
from cmms_audit.webpage import links, page_text

MOST_LINKED_PAGES = 20
_LEAST_WORDS = 60
_TELLING = pattern(
    r"limit|throttl|quota|version|deprecat|sunset|chang|release|life.?cycle|migrat|polic|webhook|event|callback|notif",
    re.IGNORECASE,
)


class DocumentationPage(Struct, frozen=True):
    """A page that was asked for without credential, and the text that a reader of it sees."""

    exchange: Exchange
    text: str

    @property
    def evidence(self) -> Evidence:
        """The exchange that brought the page."""
        return self.exchange.evidence

    @property
    def url(self) -> str:
        """Where it was found in the end."""
        return self.exchange.request.url


class Documentation(Struct, frozen=True):
    """The page at docs_url, whatever came, and the linked pages that could be read."""

    front: DocumentationPage
    linked: tuple[DocumentationPage, ...]

    @property
    def pages(self) -> tuple[DocumentationPage, ...]:
        """Every page that could be read."""
        return ((self.front,) if self.front.exchange.ok else ()) + self.linked

    @property
    def readable(self) -> bool:
        """Whether there is text to read: not a refusal, and not a page that draws itself with a program."""
        return sum(len(page.text.split()) for page in self.pages) >= _LEAST_WORDS


async def read_documentation(api: Api, answer: Exchange) -> Documentation:
    """Read what docs_url was answered with, and at most 20 pages of its origin that it links by a telling name."""
    front = _page(answer)
    linked = []
    for url in _telling_links(front):
        try:
            page = _page(await api.document(url))
        except CouldNotLook:
            continue
        if page.exchange.ok:
            linked.append(page)
    return Documentation(front, tuple(linked))


def _page(exchange: Exchange) -> DocumentationPage:
    return DocumentationPage(exchange, page_text(exchange.text) if exchange.ok else "")


def _telling_links(front: DocumentationPage) -> list[str]:
    if not front.exchange.ok:
        return []
    home = origin(front.url)
    found = {
        link.url: None
        for link in links(front.exchange.text, front.url)
        if link.url != front.url
        and _same_origin(link.url, home)
        and _TELLING.search(f"{link.label} {urlsplit(link.url).path}")
    }
    return list(found)[:MOST_LINKED_PAGES]


def _same_origin(url: str, home: str) -> bool:
    try:
        return origin(url) == home
    except ValueError:
        return False
