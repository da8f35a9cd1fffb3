"""The vendor's public documentation: one page, and the pages that it links by a telling name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cmms_audit.documentation import Documentation, read_documentation
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason, Request, Response

HOME = "https://docs.example/start"


class Site:
    """Answers for a web site: pages by address."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def document(self, url: str) -> Exchange:
        self.asked.append(url)
        if url.endswith("/down"):
            raise CouldNotLook(Reason.CONNECTIVITY, "it is down")
        body = self.pages.get(url)
        response = Response(200 if body is not None else 404, (), body or "", len(body or ""))
        return Exchange(1, "test", Purpose.DOCUMENT, None, Request("GET", url), response, "", 0.1)


def read(front: str, **pages: str) -> tuple[Documentation, Site]:
    site = Site({HOME: front, **{f"https://docs.example/{name}": text for name, text in pages.items()}})

    async def look() -> Documentation:
        return await read_documentation(site, await site.document(HOME))  # type: ignore[arg-type]

    return asyncio.run(look()), site


def test_only_pages_of_the_same_origin_with_a_telling_name_are_read() -> None:
    front = """<a href="/limits">Rate limits</a> <a href="/team">Team</a> <a href="/down">Versions</a>
    <a href="https://elsewhere.example/limits">Limits</a> <a href="/gone">Changelog</a>
    <a href="javascript:x">Limits</a> <a href="http://[x/limits">Limits</a>"""
    documentation, site = read(front, limits="100 calls per minute")
    assert [page.text for page in documentation.linked] == ["100 calls per minute"]
    assert site.asked == [HOME, *(f"https://docs.example/{name}" for name in ("limits", "down", "gone"))]


def test_no_more_than_twenty_linked_pages_are_read() -> None:
    front = "".join(f'<a href="/changes/{number}">Changes</a>' for number in range(50))
    _, site = read(front)
    assert len(site.asked) == 21


def test_a_page_without_text_is_not_readable() -> None:
    assert not read("<div id=app></div>")[0].readable
    assert read("word " * 100)[0].readable
