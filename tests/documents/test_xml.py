"""XML is read into elements that know their lines; what could grow without end or fetch anything is refused."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.documents import Limits
from cmms_audit.documents.xml_text import XmlElement, parse_xml
from cmms_audit.errors import InputError

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def test_elements_know_their_names_attributes_text_and_lines() -> None:
    root = parse_xml(
        '\n<?xml version="1.0"?>\n<a:list xmlns:a="u">\n <item a:n="1" n="2"\n  x="é"> hello </item>\n</a:list>', "x"
    )

    item = root.first("item")
    assert isinstance(item, XmlElement)
    assert (root.name, root.line, item.line) == ("list", 3, 4)
    assert (item.get("n"), item.get("x"), item.get("none"), item.text) == ("2", "é", "", "hello")
    assert (list(root.all("item")), root.first("other")) == ([item], None)


def test_an_attribute_that_has_a_prefix_is_found_by_its_own_name() -> None:
    assert parse_xml('<a m:HttpMethod="POST"/>', "x").get("HttpMethod") == "POST"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>\n<a>&l9;</a>', "x:1: has a document type"),
        ('<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<a/>', "x:2: has a document type"),
        ('\n<!DOCTYPE a [<!ENTITY e SYSTEM "http://evil.example/">]><a>&e;</a>', "x:2: has a document type"),
        ("<a>\n<b>&unknown;</b></a>", "x:2: is not well-formed XML: undefined entity"),
        ("<a>\n<b></a>", "x:2: is not well-formed XML: mismatched tag"),
        ("<a>" * 100_000, "x:1: nested more than 200 levels deep"),
        ("\n".join(["<a>"] * 300), "x:201: nested more than 200 levels deep"),
        (f'<a b="{"x" * 2_000_000}"/>', "an attribute of more than 1,000,000 characters"),
        ("<a b='1' b='2'/>", "duplicate attribute"),
        ("<a>\x01</a>", "not well-formed"),
        ("<a>\ud800</a>", "half characters"),
        ("<", "x:1: is not well-formed"),
    ],
    ids=lambda value: value[:30],
)
def test_hostile_and_broken_xml_is_refused_at_once(text: str, says: str) -> None:
    started = time.process_time()

    with pytest.raises(InputError) as caught:
        parse_xml(text, "x")

    assert says in str(caught.value)
    assert time.process_time() - started < 1


def test_elements_and_attributes_are_counted() -> None:
    with pytest.raises(InputError, match="more than 10 values"):
        parse_xml("<a>" + "<b c='1'/>" * 6 + "</a>", "x", limits=Limits(nodes=10))


def test_many_elements_are_read_in_good_time() -> None:
    started = time.process_time()

    root = parse_xml("<a>" + "<b c='1'>text</b>" * 100_000 + "</a>", "x")

    assert len(root.children) == 100_000
    assert time.process_time() - started < 2


@given(st.text(alphabet="<>/ab=\"'&;![]-?x \n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert parse_xml(text, "x").name
